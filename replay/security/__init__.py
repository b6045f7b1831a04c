"""Text, names, hosts and secrets made safe to show and to keep."""
