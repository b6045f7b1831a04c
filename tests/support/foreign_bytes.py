"""Recordings in other formats, as bytes; quicker than a file for each."""

import io
from functools import partial

import replay
from replay_backends.files.read_options import ReadOptions
from replay_backends.files.session_file import SessionFile


def sessions_in(
    data: bytes, format_name: str | None = None, name: str = "recording.json"
) -> list[replay.Session]:
    """Return the sessions of a recording.

    Raises:
        ReplayError: It cannot be read.
    """
    options = ReadOptions(strict=False, limits=replay.Limits(), format=format_name)
    opened = partial(io.BytesIO, data)
    return [*SessionFile(opened, name, "recording", name, options).sessions()]
