"""Batch replay of many sessions, on all cores or a cluster, each counted once."""
