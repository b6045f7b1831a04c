"""Broken lines of JSON Lines: whole records in them, and the rest as text."""

import json
import pickle
from functools import partial
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay import (
    Diagnostic,
    Message,
    Session,
    Text,
    UnknownEvent,
    UserInput,
    dumps,
    loads,
    transcript,
)
from replay.codec.json_lines import records_on
from replay.codec.reader import read_sessions
from replay.codec.stored_history import SourceText

ASKED = b'{"type": "user_input", "content": "a"}'
SAID = b'{"type": "text", "content": "b"}'
RESULT = b'{"type": "tool_result", "call_id": "c", "name": "n", "result": [%b' % SAID
A, B = UserInput("a"), Text("b")


def session_of(data: bytes, *, kept: int = 1 << 20, block: int = 1 << 20) -> Session:
    text = SourceText(partial(BytesIO, data), kept=kept, block=block)
    (session,) = read_sessions(text, session_id="a", is_lines=True)
    return session


def found_in(*lines: bytes) -> list[object]:
    """Return the events on some lines, with broken text as a string."""
    events = session_of(b"\n".join(lines)).events
    return [e.raw if isinstance(e, UnknownEvent) else e for e in events]


def codes(data: bytes) -> list[str]:
    return [each.code for each in transcript(session_of(data)).diagnostics]


def test_a_torn_last_line_is_kept_as_text() -> None:
    torn = '{"type": "text", "cont'
    assert found_in(ASKED, SAID, torn.encode()) == [A, B, torn]
    assert codes(ASKED + b"\n" + SAID + b"\n" + torn.encode()) == ["torn-line"]
    assert codes(ASKED + b"\n" + SAID + b"\n" + torn.encode() + b"\n") == ["bad-line"]


def test_broken_text_is_no_step_of_a_turn() -> None:
    session = session_of(b"\n".join([ASKED, b'{"type": "te', SAID, b"{}", b"{"]))
    (turn,) = transcript(session).turns
    assert [step.index for step in turn.steps if isinstance(step, Message)] == [2]
    (unknown,) = (step for step in turn.steps if isinstance(step, UnknownEvent))
    assert unknown.raw == {}
    assert len(session.events) == 5


def test_a_block_of_nul_bytes_is_kept_as_text() -> None:
    nul = "\0" * 512
    for lines in ([ASKED, nul.encode(), SAID], [ASKED, nul.encode() + SAID, b""]):
        assert found_in(*lines) == [A, nul, B]
        assert codes(b"\n".join(lines)) == ["bad-line"]
    assert found_in(nul.encode() + ASKED, SAID) == [nul, A, B]


def test_records_glued_on_one_line_are_all_read() -> None:
    assert found_in(ASKED + SAID + b" " + SAID, SAID) == [A, B, B, B]
    glued = ASKED + SAID + b"\n" + ASKED
    assert codes(glued) == codes(ASKED + SAID + b"x\n") == ["bad-line"]
    for session in (session_of(glued), session_of(glued, kept=8, block=16)):
        (told,) = session.diagnostics
        assert told == Diagnostic("bad-line", None, "line 1 holds 2 records")
    assert found_in(SAID, ASKED + b'{"type": "te') == [B, A, '{"type": "te']
    assert found_in(SAID, ASKED + b" x " + SAID) == [B, A, " x ", B]


@pytest.mark.parametrize(
    "torn", [b'{"type": "text", "content": "Sec', b'{"type": "text", ', b'{"type":']
)
def test_a_record_after_one_that_broke_off_is_read(torn: bytes) -> None:
    assert found_in(SAID, torn + ASKED, SAID) == [B, torn.decode(), A, B]


def test_what_follows_such_a_record_is_read_whatever_its_type() -> None:
    odd = {"type": "odd"}
    glued = b"x" + SAID + json.dumps(odd).encode() + ASKED
    assert found_in(ASKED, glued, SAID) == [A, "x", B, odd, A, B]
    assert found_in(ASKED, RESULT + ASKED + json.dumps(odd).encode(), SAID) == [
        *(A, RESULT.decode(), A, odd, B)
    ]


def test_a_part_of_a_record_that_broke_off_is_not_taken_for_an_event() -> None:
    for torn in (RESULT, RESULT + b', {"type": "te', RESULT[:-1] + b'}, "na'):
        assert found_in(ASKED, torn) == [A, torn.decode()]
    assert found_in(ASKED, RESULT + ASKED, SAID) == [A, RESULT.decode(), A, B]
    unknown = b'x{"type": "odd"}'
    assert found_in(ASKED, unknown, SAID) == [A, unknown.decode(), B]


def test_bytes_that_are_no_text_come_back() -> None:
    torn = '{"type": "text", "content": "é'.encode()[:-1]
    (*_, event) = session_of(SAID + b"\n" + torn).events
    assert isinstance(event, UnknownEvent)
    assert str(event.raw).encode("utf-8", "surrogateescape") == torn
    assert event.reason == "30 bytes at the end aren't a complete line"


def test_what_is_written_of_a_broken_line_is_a_string_that_is_read_again() -> None:
    session = session_of(b"\n".join([ASKED, b"\0\0" + SAID, b'{"type": "te']))
    again = loads(dumps(session))
    assert [*again.events] == [*session.events]
    last = dumps(session).splitlines()[-1]
    assert json.loads(last) == '{"type": "te'
    copied = pickle.loads(pickle.dumps(session))  # noqa: S301 - just made
    assert [*copied.events] == [*session.events]


PIECES = st.sampled_from(
    [ASKED, SAID, RESULT, b'{"type": "te', b"\0", b" ", b"\n", b"x"]
)


@given(st.lists(PIECES, max_size=12).map(b"".join))
def test_nothing_is_lost_in_memory_or_out_of_it(data: bytes) -> None:
    whole = ASKED + b"\n" + data
    session = session_of(whole)
    large = session_of(whole, kept=8, block=16)
    assert [*large.events] == [*session.events]
    assert [*large.events] == [large.events[n] for n in range(len(large.events))]
    kept = b"".join(
        str(e.raw).encode()
        if isinstance(e, UnknownEvent)
        else dumps(Session("", events=[e], shape="lines"))
        for e in session.events
    )
    blank = {ord(c): None for c in " \n"}
    assert kept.decode().translate(blank) == whole.decode().translate(blank)


def test_a_line_of_many_beginnings_is_read_soon() -> None:
    for line in (
        *(b'x{"' * 100_000, b'x{"a": [' * 20_000, b'{"a":' * 100),
        b"x" + b'{"b":1}' * 500_000,
    ):
        (found,) = records_on(line + b"\n")
        assert found.value == line.decode()
