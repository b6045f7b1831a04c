import attrs
import pytest

import replay
from replay.model.diagnostics import Diagnostic
from replay.model.events import Text
from replay.model.sessions import JobMetadata, Session, SessionSummary

LOADED = replay.loads(
    b'{"x": [1], "session_id": "ses-1", "events": [], "shared_access": "query"}'
)


def test_events_of_any_iterable_are_kept_as_a_sequence() -> None:
    session = Session("a", events=(Text(each) for each in "ab"))
    assert len(session.events) == 2
    assert list(session.events) == list(session.events)


def test_a_list_of_events_is_kept_as_a_tuple() -> None:
    session = Session("a", events=[Text("a")])
    assert session.events == (Text("a"),)
    assert hash(session) == hash(Session("a", events=[Text("a")]))


def test_events_that_are_a_sequence_are_kept_as_they_are() -> None:
    events = (Text("a"),)
    assert Session("a", events=events).events is events


def test_sessions_are_equal_whatever_their_shape_and_what_was_odd() -> None:
    odd = Diagnostic("byte-order-mark", None, "")
    assert Session("a", shape="list", diagnostics=(odd,)) == Session("a")


def test_sessions_of_different_events_differ() -> None:
    assert Session("a", events=(Text("a"),)) != Session("a")


def test_a_summary_is_the_session_without_its_events() -> None:
    session = Session(
        "ses-1",
        last_updated_at="2026-04-22T12:34:41.342245",
        generated_title="What?",
        index_ids=("idx-1",),
        job_metadata=JobMetadata(1, 2, 3, 4.5, is_error=True, error="no"),
        shared_access="query",
        events=(Text("a"),),
    )
    assert session.summary() == SessionSummary(
        "ses-1",
        last_updated_at="2026-04-22T12:34:41.342245",
        generated_title="What?",
        index_ids=("idx-1",),
        job_metadata=JobMetadata(1, 2, 3, 4.5, is_error=True, error="no"),
        shared_access="query",
    )


def test_a_summary_of_what_was_made_by_hand_is_written_by_its_fields() -> None:
    assert Session("ses-1").summary().as_object() == {"session_id": "ses-1"}


def test_a_summary_keeps_the_extra_keys_and_knows_of_no_events() -> None:
    assert list(LOADED.summary().as_object().items()) == [
        ("x", [1]),
        ("session_id", "ses-1"),
        ("shared_access", "query"),
    ]


@pytest.mark.parametrize("header", [LOADED, LOADED.summary()])
def test_the_events_are_nothing_extra(header: SessionSummary) -> None:
    assert header.extra == {"x": [1]}


def test_the_extra_keys_of_a_session_are_read_only() -> None:
    with pytest.raises(TypeError):
        LOADED.extra["x"] = 2  # type: ignore[index]  # what the test is about


def test_a_session_shows_its_header_alone() -> None:
    session = Session("a", events=(Text("a"),), shape="list")
    assert repr(session) == "Session(session_id='a')"


def test_a_session_can_be_evolved() -> None:
    evolved = attrs.evolve(LOADED, session_id="ses-2")
    assert (evolved.session_id, evolved.extra) == ("ses-2", LOADED.extra)
