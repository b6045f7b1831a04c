"""The command ``replay audit``, a module for each of its sub-commands."""
