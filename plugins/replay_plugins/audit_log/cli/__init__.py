"""The command ``replay audit``."""
