"""Small recordings, and functions that read them."""

import io
from functools import partial
from typing import Any

import pytest

from replay.codec.reader import read_sessions
from replay.codec.stored_history import SourceText
from replay.errors import DecodeError
from replay.model.sessions import Session

BOM = b"\xef\xbb\xbf"
TEXT = b'{"type": "text", "content": "a"}'
DOCUMENT = b'{"session_id": "ses-1", "events": [' + TEXT + b"]}"
UNNAMED = b'{"events": []}'
AROUND_RESULT = (
    b'{"events": [{"type": "tool_result", "call_id": "c", "name": "n", "result": ',
    b"}]}",
)


def read(data: bytes, **options: Any) -> list[Session]:  # noqa: ANN401 - of read_sessions
    text = SourceText(partial(io.BytesIO, data))
    return list(read_sessions(text, session_id="given", **options))


def refusal(data: bytes, **options: Any) -> DecodeError:  # noqa: ANN401 - of read_sessions
    with pytest.raises(DecodeError) as caught:
        read(data, **options)
    return caught.value
