"""Cassettes of HTTP calls, in which APIs of models are looked for."""
