"""The log on disk: its writer, its recovery, and its private files."""
