"""Replay of a session: its hooks, fired in order, and a report."""
