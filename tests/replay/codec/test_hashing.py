"""The hash of a session."""

from hashlib import sha256

import pytest

from replay import Session, UserInput, dumps
from replay.codec.writer import hash_session


@pytest.mark.parametrize("length", [3, 3_000_000])
def test_it_is_that_of_what_is_written(length: int) -> None:
    session = Session("s", events=[UserInput("é" * length)])
    found = sha256()
    hash_session(session, found)
    assert found.digest() == sha256(dumps(session)).digest()
