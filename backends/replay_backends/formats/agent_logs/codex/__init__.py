"""Logs of the Codex CLI: its rollouts, old and new, and what it prints as JSON."""

from replay_backends.formats.agent_logs.codex.codex import Codex as Codex
