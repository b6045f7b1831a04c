"""Claude Code: its transcripts, its printed stream, and the form of its web pages."""

from replay_backends.formats.agent_logs.claude_code.log import ClaudeCode

__all__ = ["ClaudeCode"]
