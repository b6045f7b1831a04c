"""Session files: opened safely, decompressed, listed, cut, written."""
