"""The Vercel AI SDK: streams of UI messages, and the messages that apps store."""

from replay_backends.formats.api_captures.vercel_ui.ui_recordings import (
    VercelUI as VercelUI,
)
