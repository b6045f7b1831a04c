"""The rules that turn deltas into messages and messages into turns, without I/O."""
