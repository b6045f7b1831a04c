"""Captures of what model APIs sent, and of what was sent to them."""
