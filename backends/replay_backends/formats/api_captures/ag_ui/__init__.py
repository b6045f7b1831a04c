"""AG-UI: what an agent's back end sends to its front end."""

from replay_backends.formats.api_captures.ag_ui.threads import AGUI as AGUI
