"""Recordings of Gemini: the sessions of its CLI, and the API's responses."""

from replay_backends.formats.agent_logs.gemini.layouts import Gemini as Gemini
