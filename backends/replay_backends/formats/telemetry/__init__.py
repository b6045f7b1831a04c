"""Formats of programs that watch or measure agents: traces and evaluation logs."""
