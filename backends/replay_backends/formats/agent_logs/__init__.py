"""The logs that agents write of their own sessions."""
