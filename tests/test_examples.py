"""The examples, as the docs describe them."""

import io
import json
from functools import partial
from pathlib import Path

import attrs
import pytest

import replay
from replay import (
    Message,
    ReplayEngine,
    Session,
    ToolCall,
    ToolResult,
    UnknownEvent,
    load_plugin,
    loads,
    transcript,
)
from replay.codec.reader import read_sessions
from replay.codec.stored_history import SourceText
from replay.model.events import EVENT_CLASSES

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
FILES = sorted(path.name for path in EXAMPLES.glob("*.json*"))


def sessions(name: str) -> list[Session]:
    text = SourceText(partial(io.FileIO, EXAMPLES / name))
    return list(read_sessions(text, session_id="unnamed"))


def session(name: str) -> Session:
    return loads((EXAMPLES / name).read_bytes())


def types(name: str) -> list[str]:
    return [event.type for event in session(name).events]


@pytest.mark.parametrize("name", FILES)
def test_nothing_of_an_example_is_lost(name: str) -> None:
    text = (EXAMPLES / name).read_text(encoding="utf-8")
    documents = text.splitlines() if name.endswith("l") else [text]
    written = [json.loads(replay.dumps(each)) for each in sessions(name)]
    assert written == [json.loads(document) for document in documents]


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith(".json")])
def test_an_event_stands_on_a_line_of_its_own(name: str) -> None:
    lines = (EXAMPLES / name).read_text(encoding="utf-8").splitlines()
    events = [json.loads(line.rstrip(",")) for line in lines if '{"type"' in line]
    assert events == [event.as_object() for event in session(name).events]


@pytest.mark.parametrize(
    "name", sorted({*FILES} - {"mixed.json", "unknown_event.json"})
)
def test_nothing_is_odd_about_them(name: str) -> None:
    assert not [d for each in sessions(name) for d in transcript(each).diagnostics]


@pytest.mark.parametrize("name", FILES)
def test_the_header_tells_of_the_last_run(name: str) -> None:
    for each in sessions(name):
        stop, job = transcript(each).turns[-1].stop, each.job_metadata
        assert stop is not None
        assert job is not None
        for field in attrs.fields_dict(replay.Usage):
            if not field.startswith("_"):
                assert getattr(job, field) == getattr(stop.usage, field)
        assert (job.is_error, job.error) == (stop.is_error, stop.error)


def test_no_two_have_the_same_id_and_one_file_holds_three() -> None:
    ids = [each.session_id for name in FILES for each in sessions(name)]
    assert len(set(ids)) == len(ids) == len(FILES) + 2
    assert len(sessions("several.jsonl")) == 3


def test_the_normal_one_has_all_that_a_normal_session_has() -> None:
    events = session("two_turns.json").events
    told = transcript(session("two_turns.json"))
    assert [turn.status for turn in told.turns] == ["complete", "complete"]
    assert {event.type for event in events} == {*EVENT_CLASSES}
    assert [e for e in events if isinstance(e, ToolResult) and e.image_attachment]


def test_the_normal_one_has_parallel_calls_answered_in_another_order() -> None:
    events = session("two_turns.json").events
    calls = [event.call_id for event in events if isinstance(event, ToolCall)]
    results = [event.call_id for event in events if isinstance(event, ToolResult)]
    assert (calls, sorted(results)) == (sorted(calls), calls)
    assert results != calls


def test_deltas_alone_and_finals_alone_say_the_same() -> None:
    assert not {"text", "thinking"} & set(types("deltas_only.json"))
    assert not {"text_delta", "thinking_delta"} & set(types("finals_only.json"))
    one, other = (
        [
            (step.kind, step.content) if isinstance(step, Message) else type(step)
            for turn in transcript(session(name)).turns
            for step in turn.steps
        ]
        for name in ("deltas_only.json", "finals_only.json")
    )
    assert one == other


def test_the_error_leaves_what_was_said_until_then() -> None:
    (turn,) = transcript(session("error_stop.json")).turns
    assert turn.status == "error"
    assert turn.answer.endswith("Birch gra")


def test_the_unknown_event_stands_within_an_answer() -> None:
    told = transcript(session("unknown_event.json"))
    assert [type(step) for step in told.turns[0].steps[1:]] == [Message, UnknownEvent]
    assert [each.code for each in told.diagnostics] == ["unknown-type"]


def test_the_plugin_counts_the_words_of_each_answer(
    capsys: pytest.CaptureFixture[str],
) -> None:
    plugin = load_plugin(str(EXAMPLES / "plugins" / "word_count.py"))
    ReplayEngine([plugin]).replay(session("two_turns.json"))
    assert capsys.readouterr().out == "turn 0: 29 words\nturn 1: 10 words\n"


@pytest.mark.parametrize("name", ["pages.py", "pages.py::Pages"])
def test_the_class_in_a_file_prints_each_turns_images(
    capsys: pytest.CaptureFixture[str], name: str
) -> None:
    plugin = load_plugin(str(EXAMPLES / "plugins" / name), width="3")
    ReplayEngine([plugin]).replay(session("two_turns.json"))
    assert capsys.readouterr().out == "Wha ['screenshots/page_7.jpg']\nHow []\n"
