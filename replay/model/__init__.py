"""The data model: events, sessions, messages, diagnostics, limits."""
