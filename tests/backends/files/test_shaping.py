"""Which shape a session keeps in a file of its own."""

import io
from collections.abc import Sequence
from functools import partial

import attrs
import pytest

from replay import Event, Session, Text, UnknownEvent
from replay.codec.reader import read_sessions
from replay.codec.stored_history import SourceText
from replay.codec.writer import dumps
from replay.model.sessions import Shape
from replay_backends.files.session_file import shape_to_keep

ODD: list[Sequence[Event]] = [
    [],
    [Text("a")],
    [Text("a"), Text("b")],
    [UnknownEvent({"type": "unheard of"})],
    [UnknownEvent({"type": []})],
    [UnknownEvent({"type": []}), Text("a")],
    [UnknownEvent({"events": []})],
    [UnknownEvent({"events": []}), Text("a")],
    [UnknownEvent({"events": [], "type": "text"}), UnknownEvent(7)],
    [UnknownEvent([])],
    [UnknownEvent([]), Text("a")],
    [UnknownEvent("text")],
    [UnknownEvent(None), UnknownEvent({})],
    [Text("a"), UnknownEvent({"events": []})],
]


@pytest.mark.parametrize("events", ODD)
@pytest.mark.parametrize("shape", ["document", "list", "lines"])
def test_what_is_written_is_read_back_as_it_was(
    events: Sequence[Event], shape: Shape
) -> None:
    session = Session("a", events=events, shape=shape)
    kept = attrs.evolve(session, shape=shape_to_keep(session, is_named=True))
    text = SourceText(partial(io.BytesIO, dumps(kept)))
    (again,) = read_sessions(text, session_id="a")
    assert again == session
    assert again.shape == kept.shape


@pytest.mark.parametrize("shape", ["document", "list", "lines"])
def test_the_shape_is_kept_where_that_will_do(shape: Shape) -> None:
    session = Session("a", events=[Text("a"), Text("b")], shape=shape)
    assert shape_to_keep(session, is_named=True) == shape


@pytest.mark.parametrize("shape", ["list", "lines"])
def test_a_session_whose_file_does_not_bear_its_id_is_a_document(shape: Shape) -> None:
    session = Session("a", events=[Text("a"), Text("b")], shape=shape)
    assert shape_to_keep(session, is_named=False) == "document"


def test_a_session_with_a_title_is_a_document() -> None:
    session = Session("a", generated_title="Revenue", shape="list")
    assert shape_to_keep(session, is_named=True) == "document"
