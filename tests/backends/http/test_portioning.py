"""Sessions of the service in portions."""

from collections.abc import Callable

import pytest

import replay
from chat_api import ChatAPI, delta, document
from http_server import Server
from replay import BackendError, SessionSummary
from replay.sources.protocols import Portion
from replay_backends.http.session_list import ids_in, portions_of

Serve = Callable[..., Server]
Open = Callable[..., replay.Source]


def test_some_dozens_are_a_portion() -> None:
    summaries = [SessionSummary(f"ses-{number}") for number in range(150)]
    portions = [*portions_of(summaries)]
    assert [portion.sessions for portion in portions] == [64, 64, 22]
    ids = [each for portion in portions for each in ids_in(portion, "here")]
    assert ids == [summary.session_id for summary in summaries]


@pytest.mark.parametrize("key", [(), ("a", 7)])
def test_a_portion_of_something_else_is_refused(key: tuple[str | int, ...]) -> None:
    with pytest.raises(BackendError, match="here: it has no portion"):
        ids_in(Portion(key, 1), "here")


def test_one_that_cannot_be_had_does_not_keep_the_others_away(
    serve: Serve, source_of: Open
) -> None:
    api = ChatAPI([document(f"ses-{each}", delta(each)) for each in "abc"])
    with source_of(serve(api)) as source:
        portion = Portion(("ses-a", "ses-gone", "ses-c"), 1, 3)
        first, gone, last = source.stored(portion)
        assert first.read().session_id == "ses-a"
        assert last.read().session_id == "ses-c"
        with pytest.raises(replay.SessionNotFoundError, match="ses-gone"):
            gone.read()


def test_a_session_that_has_changed_has_another_digest(
    serve: Serve, source_of: Open
) -> None:
    digests = set()
    for text in ("a", "a", "b"):
        with source_of(serve(ChatAPI([document("ses-a", delta(text))]))) as source:
            (portion,) = source.portions()
            (stored,) = source.stored(portion)
            digests.add(stored.digest)
    assert len(digests) == 2
