"""The sessions of a server, and the turns that answer prompts."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import replay
from replay.testing import odd_histories
from replay.testing.server.store import (
    RecordedTurn,
    RunningTurn,
    Store,
    choose,
    new_session,
    turns_of,
)

RESULT = {"type": "tool_result", "call_id": "c", "name": "read", "result": None}
IMAGE = {"source_id": "dfl-1", "attachment_name": "a.png", "more": 1}


class Clock:
    """A clock that stands still until it is moved."""

    time = 0.0

    def __call__(self) -> float:
        return self.time


def turn(prompt: str, answer: str) -> list[object]:
    usage = {"duration_ms": 1000.0}
    return [
        {"type": "user_input", "content": prompt},
        {"type": "text_delta", "content": answer},
        {"type": "text_delta", "content": answer},
        {"type": "stop", "usage": usage, "is_error": False, "error": None},
    ]


@pytest.fixture
def source(tmp_path: Path) -> Iterator[replay.Source]:
    """Return a source of two sessions; the first one's id is there twice."""
    sessions = {"a": turn("One?", "1") + turn("Two?", "2"), "b": turn("Three?", "3")}
    for name, session_id in [("a", "a"), ("b", "b"), ("c", "a")]:
        document = {"session_id": session_id, "events": sessions[session_id]}
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps(document), encoding="utf-8")
    with replay.open(tmp_path) as source:
        yield source


@pytest.fixture
def store(source: replay.Source) -> Store:
    return Store(source)


def answer(store: Store, session_id: str, prompt: str) -> str:
    replayed = store.replay_turn(session_id, prompt, ["idx"])
    assert replayed is not None
    first = replayed.events[0]
    assert isinstance(first, replay.TextDelta)
    return first.content


def listed(store: Store, start: int = 0, end: int = 9) -> tuple[list[str], bool]:
    found, is_more = store.page(start, end)
    return [each.session_id for each in found], is_more


def test_an_id_is_listed_once_on_pages_that_say_whether_more_come(store: Store) -> None:
    assert listed(store) == (["a", "b"], False)
    assert listed(store, 0, 1) == (["a"], True)
    assert listed(store, 1, 2) == (["b"], False)
    assert listed(store, 2, 3) == ([], False)


def test_a_session_replays_its_own_turns(store: Store) -> None:
    prompts = ["Two?", "Three?", "Three?", "Two?"]
    assert [answer(store, "a", each) for each in prompts] == ["2", "1", "1", "2"]


def test_each_created_session_replays_the_turns_of_all(store: Store) -> None:
    prompts = ["Three?", "Four?", "Four?", "Four?"]
    for _ in range(2):
        made = store.create(None, None).session_id
        assert [answer(store, made, each) for each in prompts] == ["3", "1", "2", "1"]


def test_a_turn_joins_the_session_and_its_summary(store: Store) -> None:
    store.replay_turn("b", "Why?", ["idx-9"])
    events = [*store.session("b").events]
    assert len(events) == 8
    assert events[4] == replay.UserInput("Why?")
    assert events[5:] == events[1:4]
    assert store.summary("b").index_ids == ("idx-9",)
    assert store.page(1, 2)[0] == [store.summary("b")]


def test_a_turn_goes_on_by_the_clock(source: replay.Source) -> None:
    clock = Clock()
    store = Store(source, speed=2.0, clock=clock)
    store.replay_turn("b", "Three?", ["idx"])
    lengths = []
    for clock.time in (0.0, 0.25, 0.5):
        lengths.append(len(store.session("b").events))
    assert lengths == [5, 6, 8]


def test_recorded_arrival_times_count(source: replay.Source) -> None:
    times = "0\n0.5\n8\n9\n" * 2
    Path(source.location, "a.arrivals").write_text(times, encoding="ascii")
    replayed = Store(source, speed=0.5).replay_turn("a", "Two?", ["idx"])
    assert replayed is not None
    assert list(replayed.due) == [1.0, 16.0, 18.0]


def test_a_created_session_is_listed_last_until_it_is_deleted(store: Store) -> None:
    made = store.create(["idx"], "query").session_id
    assert listed(store)[0] == ["a", "b", made]
    store.delete(made)
    assert listed(store)[0] == ["a", "b"]


@pytest.mark.parametrize("session_id", ["a", "none"])
def test_what_is_not_there_is_not_found(store: Store, session_id: str) -> None:
    store.delete("a")
    for use in (store.session, store.summary, store.delete):
        with pytest.raises(replay.SessionNotFoundError):
            use(session_id)
    with pytest.raises(replay.SessionNotFoundError):
        store.replay_turn(session_id, "One?", ["idx"])


def test_images_of_all_sessions_are_found_once(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    events = [RESULT, *[{**RESULT, "image_attachment": IMAGE}] * 2]
    lines = [{"session_id": each, "events": events} for each in "aba"]
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    with replay.open(path) as source:
        images = Store(source).images()
    assert images == (replay.ImageAttachment("dfl-1", "a.png"),)


STOP = replay.Stop(replay.Usage(turns=2, duration_ms=5.0), is_error=True, error="Oh.")
EVENTS = (replay.TextDelta("a"), replay.TextDelta("b"), STOP)


def replayed_turn(*due: float, prompt: str = "Well?") -> RunningTurn:
    return RunningTurn(
        prompt, ("idx-1",), EVENTS, due, started=100.0, updated="2026-01-01"
    )


def test_a_turn_is_as_long_as_its_time_or_whole_at_once() -> None:
    lengths = [
        len(replayed_turn(0, 1, 2).events_at(100.0 + time)) for time in (0, 0.9, 1, 9)
    ]
    assert lengths == [1, 1, 2, 3]
    assert replayed_turn().events_at(100.0) == EVENTS


def test_a_turn_is_the_latest_job_once_it_has_ended() -> None:
    empty = new_session(None, None)
    session = replayed_turn(0, 1, 2).change_header(empty, 101.0)
    assert session.job_metadata is None
    assert (session.last_updated_at, session.index_ids) == ("2026-01-01", ("idx-1",))
    job = replayed_turn(0, 1, 2).change_header(empty, 102.0).job_metadata
    assert job is not None
    assert (job.turns, job.error, job.export_config_ids) == (2, "Oh.", ("idx-1",))
    assert job.as_object()["total_input_tokens"] is None


def test_a_title_is_short_and_what_a_session_is_called_and_bound_to_stays() -> None:
    session = replayed_turn(prompt="x" * 60).change_header(
        new_session(None, None), 100.0
    )
    assert session.generated_title == "x" * 50 + "..."
    session = replay.Session("s", generated_title="Title", index_ids=("idx-0",))
    after = replayed_turn().change_header(session, 100.0)
    assert (after.generated_title, after.index_ids) == ("Title", ("idx-0",))


def test_new_sessions_have_ids_of_their_own() -> None:
    ids = {new_session(None, None).session_id for _ in range(100)}
    assert len(ids) == 100
    assert all(each.startswith("ses-") for each in ids)


ASK = {"type": "user_input", "content": "Well?"}
TEXT = {"type": "text", "content": "Yes."}
END = {"type": "stop", "usage": {}, "is_error": False, "error": None}
ODD = {"type": "citation"}


@pytest.mark.parametrize(
    ("events", "turns"),
    [
        ([], []),
        ([ASK, TEXT, END], [("Well?", 1, 3)]),
        ([ASK, ASK, TEXT], [("Well?", 1, 1), ("Well?", 2, 3)]),
        ([TEXT, END, ASK], [(None, 0, 2), ("Well?", 3, 3)]),
        ([ASK, TEXT, END, ODD, TEXT], [("Well?", 1, 4), (None, 4, 5)]),
        ([ODD, ODD], [(None, 0, 2)]),
        ([ODD, ASK, TEXT], [("Well?", 2, 3)]),
    ],
)
def test_a_turn_is_what_the_engine_takes_for_one(
    events: list[object], turns: list[tuple[str | None, int, int]]
) -> None:
    document = {"session_id": "s", "events": events}
    found = turns_of(replay.loads(json.dumps(document)))
    assert list(found) == [RecordedTurn("s", *each) for each in turns]


def test_no_turn_holds_a_user_input() -> None:
    for session in odd_histories(longest=100):
        for each in turns_of(session):
            events = session.events[each.start : each.stop]
            assert not [each for each in events if isinstance(each, replay.UserInput)]


@pytest.mark.parametrize(
    ("prompt", "replayed", "number"),
    [
        ("b", [], 1),
        ("b", [1], 1),
        ("a", [], 0),
        ("a", [0], 2),
        ("a", [0, 2], 0),
        ("c", [], 0),
        ("c", [0, 1], 2),
        ("c", [0, 1, 2], 0),
    ],
)
def test_the_turn_of_the_prompt_answers_or_else_the_next(
    prompt: str, replayed: list[int], number: int
) -> None:
    turns = [RecordedTurn("s", each, 0, 1) for each in "aba"]
    assert choose(turns, prompt, replayed) == number
    assert choose([], prompt, []) is None
