"""Sources of which some sessions cannot be read."""

import gzip
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO, cast

import pytest

import replay
from in_memory import InMemory
from replay import Session, Source
from replay.authoring import FilesWithoutSession, SourceText, read_sessions
from replay.sources.unreadable import ReadError, readable
from zip_files import write_zip

BROKEN = replay.DecodeError("$", "broken")


class Lacking(InMemory):
    """A backend that cannot read some of its sessions."""

    error: replay.ReplayError

    def session(self, session_id: str) -> Session:
        if session_id.startswith("x"):
            raise self.error
        return super().session(session_id)


def source_of(*ids: str, error: replay.ReplayError = BROKEN) -> Source:
    backend = Lacking([*map(Session, ids)])
    backend.error = error
    return Source(backend, "memory")


def ids_and_errors(
    walk: Callable[..., Iterator[replay.SessionSummary]],
) -> tuple[list[str], list[str]]:
    errors: list[str] = []
    found = walk(unreadable=lambda error: errors.append(str(error)))
    return [each.session_id for each in found], errors


def test_what_cannot_be_read_is_passed_on_and_the_others_are_yielded() -> None:
    found = ids_and_errors(source_of("x1", "a", "x2", "x3", "b", "a").sessions)
    assert found == (["a", "b", "a"], ["$: broken"] * 3)


def test_an_iterator_that_raises_for_ever_is_left() -> None:
    errors: list[ReadError] = []
    sessions = source_of(*(["x"] * 1000), "a", *(["x"] * 1002)).sessions(
        unreadable=errors.append
    )
    assert next(sessions).session_id == "a"
    with pytest.raises(replay.DecodeError, match="broken"):
        next(sessions)
    assert len(errors) == 2000


def test_a_later_session_is_marked_as_repeated_all_the_same() -> None:
    *_, last = source_of("a", "x", "a").sessions(unreadable=lambda _: None)
    assert last.repetition == 1


def test_without_a_function_the_error_is_raised_and_the_next_can_be_asked_for() -> None:
    sessions = source_of("x", "a").sessions()
    with pytest.raises(replay.DecodeError, match="broken"):
        next(sessions)
    assert next(sessions).session_id == "a"


@pytest.mark.parametrize(
    "error",
    [
        replay.AuthError("here", "no key"),
        replay.RateLimitedError("here", "too many"),
        replay.TLSError("here", "no certificate"),
        replay.UnsafeRedirectError("here", "elsewhere"),
        replay.PluginError("usage", "failed"),
    ],
)
def test_what_the_next_session_would_meet_too_is_raised(
    error: replay.ReplayError,
) -> None:
    sessions = source_of("a", "x", "b", error=error).sessions(unreadable=print)
    next(sessions)
    with pytest.raises(type(error)):
        next(sessions)


def test_a_generator_ends_at_its_first_error() -> None:
    def generated() -> Iterator[int]:
        yield 1
        raise BROKEN

    errors: list[ReadError] = []
    assert [*readable(generated(), errors.append)] == [1]
    assert len(errors) == 1


def test_every_file_of_a_directory_or_zip_file_is_read(tmp_path: Path) -> None:
    files = {
        "a.json": b'{"session_id": "a"}',
        "b.json": b"[]",
        "c.json": b"[",
        "d.json.gz": b"\x1f\x8b\x08",
        "e.json": b"[]",
    }
    folder = tmp_path / "it"
    folder.mkdir()
    for name, data in files.items():
        (folder / name).write_bytes(data)
    path = write_zip(tmp_path / "it.zip", files)
    for location in (folder, path):
        with replay.open(location) as source:
            for walk in (source.summaries, source.sessions, source.summaries):
                ids, errors = ids_and_errors(walk)
                assert ids == ["b", "e"]
                assert [each.split(": ")[0] for each in errors] == [
                    f"{location}/{name}" for name in ("a.json", "c.json", "d.json.gz")
                ]
            assert source.session("e").session_id == "e"


def test_packed_data_that_is_cut_short_is_told_of_the_text(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    packed = gzip.compress(b"[" + b" " * 99 + b"]")
    for data in (packed[:-9], packed[:12] + b"\xff" * 9 + packed[21:]):
        path.write_bytes(data)
        opener = cast("Callable[[], BinaryIO]", partial(gzip.open, path))
        with pytest.raises(replay.DecodeError, match="the-file: packed data: cut"):
            list(read_sessions(SourceText(opener, "the-file"), session_id="a"))


def test_what_holds_no_session_is_counted_and_named() -> None:
    without = FilesWithoutSession()
    empty: Iterator[int] = iter(())
    for name in "abcde":
        assert not [*without.noted(empty, name)]
        if name == "a":
            assert str(without) == "1 file holds no session: a"
    assert str(without) == "5 files hold no session: a, b, c, d and 1 more"
    assert len(without) == 5


def test_what_holds_something_or_is_broken_is_not_counted() -> None:
    without = FilesWithoutSession()
    assert [*without.noted(iter([1, 2]), "a")] == [1, 2]
    opened = without.noted(map(failing, [0]), "b")
    with pytest.raises(replay.DecodeError):
        next(opened)
    assert not [*opened]
    assert not without


def failing(_: object) -> int:
    raise BROKEN
