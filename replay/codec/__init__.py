"""Decoding of text to sessions, and back, however large."""
