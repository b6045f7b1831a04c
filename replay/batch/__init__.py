"""Many sessions, on all cores or a cluster, each counted exactly once."""
