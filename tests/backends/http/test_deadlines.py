"""How long a call may take."""

import pytest

from replay.errors import DeadlineExceededError
from replay_backends.http.transport import Deadline


def test_the_time_that_is_left_shrinks() -> None:
    deadline = Deadline(100.0, "here")
    first = deadline.left()
    assert 0 < deadline.left() <= first <= 100
    assert deadline.remaining() <= first


def test_where_none_is_left_it_says_how_much_there_was() -> None:
    deadline = Deadline(0.0, "here")
    assert deadline.remaining() <= 0
    with pytest.raises(DeadlineExceededError, match="within 0 seconds"):
        deadline.left()
