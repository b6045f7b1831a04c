"""The backends that come with the library, each in a module of its own."""
