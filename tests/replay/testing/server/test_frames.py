"""Events as frames."""

import json

import pytest

import replay
from replay.testing.server.chat import altered, frame

EVENTS = replay.loads(
    json.dumps(
        [
            {"type": "thinking_delta", "content": "a\n\nb"},
            {"type": "text", "content": "\u2028\u0085\ud83d"},
            {"type": "text_delta", "content": None},
            [1, "two"],
        ]
    )
).events


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (0, 'event: delta\ndata: {"type":"thinking_delta","content":"a\\n\\nb"}\n\n'),
        (
            1,
            'event: message\ndata: {"type":"text","content":"\u2028\u0085\\ud83d"}\n\n',
        ),
        (2, 'event: delta\ndata: {"type":"text_delta","content":null}\n\n'),
        (3, 'event: message\ndata: [1,"two"]\n\n'),
    ],
)
def test_an_event_is_one_line_of_data(number: int, expected: str) -> None:
    assert frame(EVENTS[number]) == expected.encode()


@pytest.mark.parametrize(
    ("fault", "counts"),
    [(None, [1, 1, 1]), ("no-stop", [1, 1, 0]), ("duplicate-final", [1, 2, 2])],
)
def test_a_fault_changes_finals_and_stops_only(
    fault: str | None, counts: list[int]
) -> None:
    stop = replay.Stop(replay.Usage(), is_error=False)
    events = (replay.TextDelta("x"), replay.Text("x"), stop)
    assert [len([*altered(each, fault)]) for each in events] == counts
