"""The log on disk: appended to, recovered, and kept private."""
