"""The values: events, sessions, messages, diagnostics, limits."""
