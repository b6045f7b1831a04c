"""The index of a directory's sessions, which saves reading their files."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from in_cache import cached_index
from odd_files import ODD_FILES
from replay import JobMetadata, SessionSummary
from replay.errors import BackendError, DecodeError, SessionNotFoundError
from replay_backends.files import session_index as module
from replay_backends.files.directory_scan import scan
from replay_backends.files.file_access import open_folder
from replay_backends.files.session_index import FORMAT, IndexFile
from replay_backends.fixture_directory import FixtureDirectoryBackend

COUNT = 100


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(COUNT):
        (tmp_path / f"{number:03}.json").write_text(str(number))
    return tmp_path


@pytest.fixture(autouse=True)
def _eager(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Index even a few files, and trust that every change gets its own time."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache") / "it"))
    monkeypatch.setattr(module, "FEWEST", COUNT)
    monkeypatch.setattr(module, "TICK_NS", -1_000_000_000)


def summaries(name: str) -> list[SessionSummary]:
    """Return made-up summaries for a file."""
    return [SessionSummary(name, generated_title=f"The title of {name}")]


def look(folder: Path) -> list[str]:
    """Scan the files once; return the names of those that were read."""
    read = []
    with open_folder(folder, "it") as opened:
        index = IndexFile.read(folder)
        for found in scan(opened, lambda name: name.endswith(".json")):
            known = index.known(found)
            if known is None:
                read.append(found.path)
                index.remember(found, summaries(found.path))
            else:
                assert known == summaries(found.path)
        index.write()
    return read


def known_paths(folder: Path) -> list[str]:
    path = cached_index(folder)
    return [*json.loads(path.read_text())["files"]] if path.exists() else []


def test_what_was_read_once_is_known(folder: Path) -> None:
    assert len(look(folder)) == COUNT
    path = cached_index(folder)
    kept, status = json.loads(path.read_text()), path.stat()
    assert (kept["format"], kept["directory"]) == (FORMAT, str(folder))
    assert (status.st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (
        0o600,
        0o700,
    )
    assert known_paths(folder) == [f"{number:03}.json" for number in range(COUNT)]
    assert look(folder) == []
    assert path.stat() == status  # nothing was written
    (folder / "new.json").touch()
    assert look(folder) == ["new.json"]
    (folder / "000.json").unlink()
    assert look(folder) == []
    assert "000.json" not in known_paths(folder)
    assert len([*folder.iterdir()]) == COUNT  # nothing is kept among the files


def test_few_files_get_no_index(folder: Path) -> None:
    (folder / "000.json").unlink()
    look(folder)
    assert not cached_index(folder).parent.exists()


def rewrite(path: Path) -> None:
    path.write_text("a longer text than before")


def replace(path: Path) -> None:
    """Replace the file by another of the same size and time."""
    before = path.stat()
    other = path.with_name("other")
    other.write_text(path.read_text()[::-1])
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.replace(path)


def touch(path: Path) -> None:
    os.utime(path, ns=(1, 1))


def test_a_file_that_has_changed_is_read_anew(folder: Path) -> None:
    look(folder)
    for change in (rewrite, replace, touch):
        change(folder / "042.json")
        assert look(folder) == ["042.json"]
        assert look(folder) == []


def test_what_changed_just_before_it_was_read_is_not_trusted(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TICK_NS", 2_000_000_000)
    old = folder / "000.json"
    look(folder)
    assert known_paths(folder) == []
    for path in folder.glob("*.json"):
        touch(path)  # to a time long past, but just now
    look(folder)
    assert known_paths(folder) == []
    monkeypatch.setattr(module, "TICK_NS", -1_000_000_000)
    os.utime(old, ns=(10**19, 9 * 10**18))  # a time to come
    look(folder)
    assert "000.json" not in known_paths(folder)
    assert look(folder) == ["000.json"]


def test_the_headers_are_kept_whole(folder: Path) -> None:
    summary = SessionSummary(
        "\ud800é",
        index_ids=("a", "b"),
        job_metadata=JobMetadata(total_input_tokens=7, duration_ms=1.5),
        recorded={"session_id": "\ud800é", "events": None, "more": [1, None]},
    )
    with open_folder(folder, "it") as opened:
        index = IndexFile.of(folder)
        for found in scan(opened, lambda name: name.endswith(".json")):
            index.known(found)
            index.remember(found, [summary, summary])
        index.write()
        again = IndexFile.read(folder)
        found = next(scan(opened, lambda name: name.endswith(".json")))
        known = again.known(found)
    assert known == [summary, summary]
    assert known[0].as_object() == summary.as_object()


def wrong_indexes(folder: Path) -> Iterator[bytes]:
    """Yield indexes that are invalid, or wrong about the first file."""
    right = json.loads(cached_index(folder).read_text())
    yield from (b"", b"{", b"[" * 100_000, b"9" * 5000, b"[]", b"\xff")
    yield json.dumps({**right, "format": "another-1"}).encode()
    yield json.dumps({**right, "files": []}).encode()
    yield json.dumps({**right, "directory": "/another"}).encode()
    (*stamp, known, _) = right["files"]["000.json"]
    for entry in (
        *(
            None,
            [],
            stamp,
            [*stamp, known],
            [*stamp, known, 7],
            [*stamp, known, None, 0],
        ),
        *([*stamp, [], None], [*stamp, None, None]),
        *([*stamp, [None], None], [*stamp, [{}], None]),
        [*stamp, [{"session_id": 7}], None],
        [*stamp, [{"session_id": "a", "generated_title": 7}], None],
        [*stamp[:3], "x", [{"session_id": "a"}], None],
    ):
        files = {**right["files"], "000.json": entry}
        yield json.dumps({**right, "files": files}).encode()


def test_an_index_that_is_none_is_made_anew(folder: Path) -> None:
    look(folder)
    path = cached_index(folder)
    right = path.read_bytes()
    for wrong in wrong_indexes(folder):
        path.write_bytes(wrong)
        assert "000.json" in look(folder)
        assert path.read_bytes() == right


@pytest.mark.parametrize("kind", ODD_FILES)
def test_an_index_that_is_no_file_is_not_opened(folder: Path, kind: str) -> None:
    path = cached_index(folder)
    path.parent.mkdir(parents=True)
    ODD_FILES[kind](path)
    assert len(look(folder)) == COUNT
    assert look(folder) == []
    outside = path.parent.parent / "outside.json"  # to which there may be a link
    assert not outside.exists() or b"outside" in outside.read_bytes()


def test_an_index_that_others_can_write_is_not_believed(folder: Path) -> None:
    look(folder)
    cached_index(folder).chmod(0o620)
    assert len(look(folder)) == COUNT
    assert look(folder) == []


@pytest.mark.parametrize("cache", ["/dev/null", "/proc/none", "relative", ""])
def test_without_a_cache_directory_all_files_are_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch, cache: str
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", cache)
    monkeypatch.setenv("HOME", "nowhere")  # for a relative one, which is ignored
    assert len(look(folder)) == len(look(folder)) == COUNT


def test_the_indexes_that_are_oldest_make_room(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST", 2)
    cache = cached_index(folder).parent
    cache.mkdir(parents=True)
    for age, name in enumerate(["b", "a"]):
        (cache / f"{name}.index.json").touch()
        os.utime(cache / f"{name}.index.json", (age, age))
    look(folder)
    kept = {cached_index(folder).name, "a.index.json"}
    assert {path.name for path in cache.iterdir()} == kept


def write(folder: Path, path: str, *ids: str, text: str = "Yes.") -> None:
    event = {"type": "text", "content": text}
    lines = [json.dumps({"session_id": each, "events": [event]}) for each in ids]
    (folder / path).parent.mkdir(exist_ok=True)
    (folder / path).write_text("\n".join(lines))


@pytest.fixture
def sessions(tmp_path: Path) -> Path:
    folder = tmp_path / "it"
    for number in range(COUNT):
        write(folder, f"z{number:03}.json", f"z{number:03}")
    return folder


def text_of(place: Path | FixtureDirectoryBackend, session_id: str) -> object:
    """Return the session's text, or None if there is no session."""
    backend = FixtureDirectoryBackend(str(place)) if isinstance(place, Path) else place
    try:
        (event,) = backend.session(session_id).events
    except SessionNotFoundError:
        return None
    return event.as_object()["content"]  # type: ignore[index]  # a text


def test_of_several_sessions_of_an_id_the_first_is_found(sessions: Path) -> None:
    write(sessions, "b.json", "a", text="second")
    write(sessions, "a/x.json", "b", "a", text="first")
    assert text_of(sessions, "a") == text_of(sessions, "b") == "first"
    list(FixtureDirectoryBackend(str(sessions)).summaries())  # now there is an index
    assert text_of(sessions, "a") == text_of(sessions, "b") == "first"
    write(sessions, "a/w.json", "a", text="new")  # it comes before
    assert text_of(sessions, "a") == "new"


def test_a_session_is_found_wherever_it_has_moved_meanwhile(sessions: Path) -> None:
    backend = FixtureDirectoryBackend(str(sessions))
    assert text_of(backend, "a") is None
    write(sessions, "a.json", "a", text="new")
    assert text_of(backend, "a") == "new"
    for instead in ("broken", '{"session_id": "b", "events": []}'):
        (sessions / "a.json").rename(sessions / "b.json")
        (sessions / "a.json").write_text(instead)
        assert text_of(backend, "a") == "new"
        (sessions / "b.json").rename(sessions / "a.json")
    (sessions / "a.json").unlink()
    assert text_of(backend, "a") is None


def test_a_known_session_is_found_without_looking_at_other_files(
    sessions: Path,
) -> None:
    list(FixtureDirectoryBackend(str(sessions)).summaries())
    for path in sessions.glob("z*.json"):
        if path.name != "z042.json":
            path.write_text("broken")
    assert text_of(sessions, "z042") == "Yes."


def lie(folder: Path, path: str, *ids: str) -> None:
    """Make the index say that a file holds other sessions."""
    kept = cached_index(folder)
    index = json.loads(kept.read_text())
    index["files"][path][-1] = [{"session_id": each} for each in ids]
    kept.write_text(json.dumps(index))


def test_an_index_never_leads_out_of_the_directory(sessions: Path) -> None:
    list(FixtureDirectoryBackend(str(sessions)).summaries())
    write(sessions, "../outside.json", "outside")
    lie(sessions, "z000.json", "outside")
    kept = cached_index(sessions)
    kept.write_text(kept.read_text().replace('"z000.json', '"../outside.json'))
    assert text_of(sessions, "outside") is None


def test_a_session_is_found_where_it_is_whatever_the_index_says(
    sessions: Path,
) -> None:
    write(sessions, "a.json", "a", text="first")
    write(sessions, "b.json", "b", "c")
    write(sessions, "d.json", "d", "a", text="second")
    for file, told, asked, text in (
        ("b.json", "a", "a", "first"),  # it isn't there
        ("d.json", "c", "c", "Yes."),
        ("a.json", "x", "x", None),
        ("b.json", "x", "b", "Yes."),  # it isn't where it should be
    ):
        list(FixtureDirectoryBackend(str(sessions)).summaries())
        lie(sessions, file, told)
        assert text_of(sessions, asked) == text


def test_a_broken_file_is_an_error_only_if_it_may_hold_the_session(
    tmp_path: Path,
) -> None:
    write(tmp_path, "b.json", "b", text="here")
    write(tmp_path, "a.json", "a", text="here")
    with (tmp_path / "a.json").open("a") as file:
        file.write("\nbroken")
    assert text_of(tmp_path, "a") == text_of(tmp_path, "b") == "here"
    with pytest.raises(DecodeError, match=r"/a\.json"):
        text_of(tmp_path, "c")
    (tmp_path / "a.json").unlink()
    (tmp_path / "a.json").symlink_to("b.json")
    assert text_of(tmp_path, "b") == "here"
    with pytest.raises(BackendError, match=r"/a\.json: a symbolic link"):
        text_of(tmp_path, "c")


def test_strictness_is_for_sessions_and_not_for_their_headers(tmp_path: Path) -> None:
    (tmp_path / "%41%2f.json").write_text('{"events": [{"type": "unheard of"}]}')
    backend = FixtureDirectoryBackend(str(tmp_path), strict=True)
    assert [each.session_id for each in backend.summaries()] == ["A/"]
    with pytest.raises(DecodeError, match="unheard of"):
        backend.session("A/")


def test_what_options_change_is_neither_kept_nor_looked_up(tmp_path: Path) -> None:
    for number in range(COUNT):
        (tmp_path / f"{number}.json").write_text('{"events": []}')
    for backend in (
        FixtureDirectoryBackend(str(tmp_path), branches="separate"),
        FixtureDirectoryBackend(str(tmp_path), nan="null"),
    ):
        assert len([*backend.summaries()]) == COUNT
        assert backend.session("0").session_id == "0"
    assert not cached_index(tmp_path).exists()
    assert len([*FixtureDirectoryBackend(str(tmp_path)).summaries()]) == COUNT
    assert cached_index(tmp_path).exists()
