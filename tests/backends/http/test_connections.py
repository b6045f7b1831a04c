"""Connections whose time runs out."""

import pytest

from replay_backends.http.connections import TimedConnection


def test_a_connection_has_the_time_that_it_is_allowed() -> None:
    connection = TimedConnection("localhost")
    connection.allow(100)
    assert 0 < connection.left() <= 100


def test_a_connection_whose_time_is_over_waits_for_nothing() -> None:
    connection = TimedConnection("localhost")
    connection.allow(0)
    with pytest.raises(TimeoutError):
        connection.left()
