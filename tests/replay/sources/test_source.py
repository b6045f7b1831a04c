"""Sources, and how they are opened."""

import io
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import cast

import pytest

import replay
from in_memory import InMemory
from registering import register
from replay import (
    ImageAttachment,
    LiveStream,
    Portion,
    Session,
    Source,
    Stored,
    Text,
)
from replay.errors import BackendError, SessionNotFoundError, UnsupportedError

IMAGE = ImageAttachment("dfl-1", "page_7.jpg")


class Bulk(InMemory):
    """One that knows a quicker way to all of its sessions."""

    def sessions(self) -> Iterator[Session]:
        yield from self.kept


class Writable(InMemory):
    """One that can be written to."""

    def write(self, session: Session) -> None:
        self.kept.append(session)


class Portioned(InMemory):
    """One that knows portions."""

    def portions(self) -> Iterator[Portion]:
        return (Portion((number,), 1) for number in range(len(self.kept)))

    def stored(self, portion: Portion) -> Iterator[Stored]:
        (number,) = portion.key
        assert isinstance(number, int)
        yield Stored(f"number {number}", bytes(16), lambda: self.kept[number])


class Live(InMemory):
    """One that takes part in a chat."""

    def stream(
        self,
        session_id: str,
        prompt: str,
        index_ids: Sequence[str],
        *,
        require_all_indexes: bool = False,
        record_to: str | os.PathLike[str] | None = None,
    ) -> LiveStream:
        return cast(
            "LiveStream",
            (session_id, prompt, index_ids, require_all_indexes, record_to),
        )

    def attachment(self, image: ImageAttachment) -> bytes:
        return image.attachment_name.encode()


def session(session_id: str, answer: str = "Yes.") -> Session:
    return Session(session_id, events=[Text(answer)])


def document(session_id: str) -> str:
    return json.dumps({"session_id": session_id, "events": []})


def test_a_source_yields_what_its_backend_has() -> None:
    one, two = session("one"), session("two")
    source = Source(InMemory([one, two]), "memory")
    assert list(source.summaries()) == [one.summary(), two.summary()]
    assert list(source.sessions()) == [one, two]
    assert source.session("two") is two


def test_iterating_a_source_yields_every_session() -> None:
    source = Source(InMemory([session("one")]), "memory")
    assert list(source) == list(source) == [session("one")]


def test_a_backend_of_many_sessions_is_asked_for_all_at_once() -> None:
    same, other = session("same"), session("same", "No.")
    assert list(Source(Bulk([same, other]), "memory")) == [same, other]


def test_a_repeated_id_is_marked_in_all_but_the_first() -> None:
    ids = ["\ud800", "a", "\ud800", "\ud800"]
    found = list(Source(Bulk([session(each) for each in ids]), "memory"))
    codes = [[each.code for each in one.diagnostics] for one in found]
    assert codes == [[], [], ["repeated-session-id"], ["repeated-session-id"]]


def test_a_mark_comes_after_what_the_session_said_before() -> None:
    odd = replay.loads(b"\xef\xbb\xbf" + document("a").encode())
    *_, last = Source(Bulk([odd, odd]), "memory")
    codes = [each.code for each in last.diagnostics]
    assert codes == ["byte-order-mark", "repeated-session-id"]


def test_a_source_is_closed_at_the_end_of_with() -> None:
    backend = InMemory([])
    with Source(backend, "memory") as source:
        assert source.location == "memory"
        assert not backend.is_closed
    assert backend.is_closed


def test_what_is_written_goes_to_the_backend() -> None:
    backend = Writable([])
    Source(backend, "memory").write(session("one"))
    assert backend.kept == [session("one")]


def test_portions_are_those_that_the_backend_knows() -> None:
    source = Source(Portioned([session("one"), session("two")]), "memory")
    found = [each for portion in source.portions() for each in source.stored(portion)]
    assert [each.name for each in found] == ["number 0", "number 1"]
    assert [each.read() for each in found] == list(source)


def test_where_the_backend_knows_none_each_session_is_a_portion() -> None:
    source = Source(InMemory([session("one"), session("two")]), "memory")
    found = [each for portion in source.portions() for each in source.stored(portion)]
    assert [each.read() for each in found] == list(source)


def test_a_turn_is_sent_through_the_backend() -> None:
    source = Source(Live([]), "memory")
    asked = ("one", "Why?", ["idx"])
    told: list[object] = [
        source.stream(*asked),
        source.stream(*asked, require_all_indexes=True, record_to="there"),
    ]
    assert told == [(*asked, False, None), (*asked, True, "there")]


def test_a_page_image_comes_from_the_backend() -> None:
    assert Source(Live([]), "memory").attachment(IMAGE) == b"page_7.jpg"


@pytest.mark.parametrize(
    ("ask", "told"),
    [
        (lambda source: source.write(session("one")), "write sessions"),
        (lambda source: source.stream("one", "Why?", ["idx"]), "send a turn"),
        (lambda source: source.attachment(IMAGE), "give page"),
    ],
)
def test_what_a_backend_cannot_do_is_refused_in_its_name(
    ask: Callable[[Source], object], told: str
) -> None:
    with pytest.raises(UnsupportedError, match=f"memory: InMemory cannot {told}"):
        ask(Source(InMemory([]), "memory"))


def test_a_source_is_opened_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(document("one"))
    with replay.open(path) as source:
        assert source.location == str(path)
        assert [each.session_id for each in source] == ["one"]


def test_options_go_to_the_backend(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(document("one"))
    (tmp_path / "a.txt").write_text(document("two"))
    with replay.open(tmp_path, pattern="*.txt") as source:
        assert [each.session_id for each in source] == ["two"]


def test_a_source_keeps_its_options_and_does_not_show_them(tmp_path: Path) -> None:
    with replay.open(tmp_path, pattern="*.secret") as source:
        assert source.options == {"pattern": "*.secret"}
        assert "options" not in repr(source)
    assert Source(InMemory([]), "memory").options == {}


def test_what_is_no_backend_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    register(monkeypatch, tmp_path, "other", "mine = list", backend="mine")
    with pytest.raises(BackendError, match="list lacks a method"):
        replay.open("mine:abc")


def test_the_one_session_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(document("one"))
    assert replay.load(tmp_path) == Session("one")


def test_no_session_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SessionNotFoundError, match="there is no session"):
        replay.load(tmp_path)


@pytest.mark.parametrize(
    ("count", "told"),
    [
        (2, "several sessions: 's0', 's1' (read"),
        (3, "several sessions: 's0', 's1', 's2' (read"),
        (9, "several sessions: 's0', 's1', 's2', … (read"),
    ],
)
def test_of_several_sessions_the_first_three_are_named(
    tmp_path: Path, count: int, told: str
) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(document(f"s{number}") for number in range(count)))
    with pytest.raises(BackendError) as caught:
        replay.load(path)
    assert told in str(caught.value)


def test_standard_input_is_a_source(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.TextIOWrapper(io.BytesIO(b"[]"))
    monkeypatch.setattr(sys, "stdin", stream)
    assert replay.load("-").session_id == "stdin"
