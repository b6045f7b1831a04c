"""The sessions of a server."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import replay
from replay.testing.server.store import Store


class Clock:
    """Stands still until it is moved."""

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


def answer(store: Store, session_id: str, prompt: str) -> str:
    run = store.run(session_id, prompt, ["idx"])
    assert run is not None
    first = run.events[0]
    assert isinstance(first, replay.TextDelta)
    return first.content


def test_an_id_is_listed_once(source: replay.Source) -> None:
    found, is_more = Store(source).page(0, 9)
    assert ([each.session_id for each in found], is_more) == (["a", "b"], False)


def test_a_page_tells_whether_more_come(source: replay.Source) -> None:
    store = Store(source)
    assert [store.page(start, start + 1)[1] for start in (0, 1, 2)] == [
        True,
        False,
        False,
    ]


def test_a_session_replays_its_own_turns(source: replay.Source) -> None:
    store = Store(source)
    prompts = ["Two?", "Three?", "Three?", "Two?"]
    assert [answer(store, "a", each) for each in prompts] == ["2", "1", "1", "2"]


def test_a_created_session_replays_the_turns_of_all(source: replay.Source) -> None:
    store = Store(source)
    made = store.create(None, None).session_id
    prompts = ["Three?", "Four?", "Four?", "Four?"]
    assert [answer(store, made, each) for each in prompts] == ["3", "1", "2", "1"]


def test_each_created_session_begins_anew(source: replay.Source) -> None:
    store = Store(source)
    made = [store.create(None, None).session_id for _ in range(2)]
    assert [answer(store, each, "Four?") for each in made] == ["1", "1"]


def test_a_turn_joins_the_session(source: replay.Source) -> None:
    store = Store(source)
    store.run("b", "Why?", ["idx-9"])
    events = [*store.session("b").events]
    assert len(events) == 8
    assert events[4] == replay.UserInput("Why?")
    assert events[5:] == events[1:4]


def test_a_turn_is_told_in_summaries_and_lists(source: replay.Source) -> None:
    store = Store(source)
    store.run("b", "Why?", ["idx-9"])
    assert store.summary("b").index_ids == ("idx-9",)
    assert store.page(1, 2)[0] == [store.summary("b")]


def test_a_turn_goes_on_by_the_clock(source: replay.Source) -> None:
    clock = Clock()
    store = Store(source, speed=2.0, clock=clock)
    store.run("b", "Three?", ["idx"])
    lengths = []
    for clock.time in (0.0, 0.25, 0.5):
        lengths.append(len(store.session("b").events))
    assert lengths == [5, 6, 8]


def test_a_created_session_is_listed_last_until_it_is_deleted(
    source: replay.Source,
) -> None:
    store = Store(source)
    made = store.create(["idx"], "query").session_id
    assert [each.session_id for each in store.page(0, 9)[0]] == ["a", "b", made]
    store.delete(made)
    assert [each.session_id for each in store.page(0, 9)[0]] == ["a", "b"]


@pytest.mark.parametrize("session_id", ["a", "none"])
def test_what_is_not_there_is_not_found(source: replay.Source, session_id: str) -> None:
    store = Store(source)
    store.delete("a")
    for use in (store.session, store.summary, store.delete):
        with pytest.raises(replay.SessionNotFoundError):
            use(session_id)
    with pytest.raises(replay.SessionNotFoundError):
        store.run(session_id, "One?", ["idx"])


def test_recorded_arrival_times_count(source: replay.Source) -> None:
    times = "0\n0.5\n8\n9\n" * 2
    Path(source.location, "a.arrivals").write_text(times, encoding="ascii")
    run = Store(source, speed=0.5).run("a", "Two?", ["idx"])
    assert run is not None
    assert list(run.due) == [1.0, 16.0, 18.0]
