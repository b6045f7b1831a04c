"""The sub-commands of ``replay``, one module each."""
