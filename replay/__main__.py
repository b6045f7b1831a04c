"""``python -m replay`` is the command."""

from replay.cli import main

main()
