"""Text to sessions and back, however large."""
