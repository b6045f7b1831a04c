"""JSON: one line, in the shape that is promised."""

import json
from functools import partial

import pytest

import replay
from replay.errors import EncodeError
from replay.model.messages import Transcript
from replay.rendering import render

EVENTS: list[object] = [
    {"type": "user_input", "content": "And Q4?", "extra": 1},
    {"type": "text_delta", "content": "Look."},
    {"type": "tool_call", "call_id": "c", "name": "find", "arguments": {"n": 10**40}},
    {"type": "tool_result", "call_id": "c", "name": "find", "result": None, "extra": 2},
    {"type": "video", "content": 3},
    {"type": "text", "content": "Up."},
    {
        "type": "stop",
        "usage": {"turns": 2, "extra": 4},
        "is_error": False,
        "error": None,
    },
]


render_json = partial(render, format="json")


def test_a_transcript_as_json_looks_like_this() -> None:
    document = {"session_id": "ses-1", "generated_title": "Q4", "events": EVENTS}
    session = replay.loads(json.dumps(document))
    assert json.loads(render_json(replay.transcript(session))) == {
        "session_id": "ses-1",
        "title": "Q4",
        "turns": [
            {
                "user_input": EVENTS[0],
                "steps": [
                    {
                        "type": "message",
                        "kind": "text",
                        "content": "Look.",
                        "index": 1,
                        "source": "deltas",
                        "complete": True,
                    },
                    {
                        "type": "tool_exchange",
                        "call": EVENTS[2],
                        "results": [EVENTS[3]],
                        "status": "resolved",
                        "index": 2,
                        "end": 3,
                    },
                    {
                        "type": "unknown_event",
                        "raw": EVENTS[4],
                        "reason": "no event has the type 'video'",
                    },
                    {
                        "type": "message",
                        "kind": "text",
                        "content": "Up.",
                        "index": 5,
                        "source": "full",
                        "complete": True,
                    },
                ],
                "stop": EVENTS[6],
                "status": "complete",
                "usage": {"turns": 2, "extra": 4},
                "answer": "Up.",
            }
        ],
        "diagnostics": [
            {
                "code": "unknown-type",
                "index": 4,
                "detail": "no event has the type 'video'",
            }
        ],
    }


def test_what_was_not_recorded_is_null() -> None:
    session = replay.loads(
        '[{"type": "tool_result", "call_id": "", "name": "", "result": 0}]'
    )
    document = json.loads(render_json(replay.transcript(session)))
    (turn,) = document["turns"]
    assert document["title"] is None
    assert turn["user_input"] is turn["stop"] is turn["usage"] is None
    assert turn["steps"][0]["call"] is None


def test_json_is_one_line_whatever_it_holds() -> None:
    text = render_json(Transcript("a\nb\u2028c", None, (), ()))
    assert text.splitlines() == [text.removesuffix("\n")]


def test_half_of_a_surrogate_pair_is_escaped() -> None:
    assert '"\\ud83d"' in render_json(Transcript("\ud83d", None, (), ()))


def test_other_scripts_are_not_escaped() -> None:
    assert '"世界"' in render_json(Transcript("世界", None, (), ()))


def test_a_value_that_is_no_json_is_refused() -> None:
    with pytest.raises(EncodeError):
        render_json(Transcript("ses-1", {1}, (), ()))  # type: ignore[arg-type]  # the very point
