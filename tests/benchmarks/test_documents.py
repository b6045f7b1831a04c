import attrs

import replay
from benchmarks import inputs
from benchmarks.documents import join


@attrs.define
class Piece:
    """An event as the official SDK has it."""

    type: str
    content: str


def test_joining_by_hand_gives_the_messages() -> None:
    events = replay.loads(inputs.document(500)).events
    messages = [
        item.content
        for item in replay.coalesce(events)
        if isinstance(item, replay.Message)
    ]
    assert join([Piece(e.type, getattr(e, "content", "")) for e in events]) == messages


def test_a_text_ends_where_the_kind_changes() -> None:
    kinds = ("thinking_delta", "text_delta", "text_delta", "stop", "text_delta")
    pieces = [Piece(kind, letter) for kind, letter in zip(kinds, "abc.d", strict=True)]
    assert join(pieces) == ["a", "bc", "d"]
