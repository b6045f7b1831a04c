"""Deltas to messages, messages to turns: the rules, without I/O."""
