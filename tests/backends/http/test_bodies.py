import io
import json

import pytest

from replay.codec.stored_history import KEPT, StoredEvents
from replay.errors import DecodeError
from replay.model.limits import Limits
from replay_backends.files.session_file import Reading
from replay_backends.http.session_list import session_of

READING = Reading(strict=False, limits=Limits())
DELTA = {"type": "text_delta", "content": "a" * 100}


def body(deltas: int) -> bytes:
    return json.dumps({"session_id": "ses-1", "events": [DELTA] * deltas}).encode()


@pytest.mark.parametrize("deltas", [3, KEPT // 100])
def test_a_session_can_be_walked_when_its_body_is_gone(deltas: int) -> None:
    with io.BytesIO(body(deltas)) as file:
        session = session_of(file, "the-url", "ses-1", READING)
    assert isinstance(session.events, StoredEvents) == (deltas > 3)
    assert len(list(session.events)) == deltas


@pytest.mark.parametrize("data", [b"[]", b'{"type": "text", "content": ""}'])
def test_what_is_no_document_is_refused(data: bytes) -> None:
    with pytest.raises(DecodeError, match="expected a session document"):
        session_of(io.BytesIO(data), "the-url", "ses-1", READING)


def test_what_is_malformed_names_where_it_came_from() -> None:
    with pytest.raises(DecodeError) as caught:
        session_of(io.BytesIO(b'{"events": ['), "the-url", "ses-1", READING)
    assert caught.value.source == "the-url"
