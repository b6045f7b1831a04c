"""The backend for directories of session files."""

import gc
import gzip
import json
import logging
import os
import random
import signal
import stat
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import replay
from in_cache import cached_index
from odd_files import ODD_FILES
from portions import all_stored, with_all_attributes
from privileges import public_folder, unprivileged
from replay import Backend, Portion, Session, Text
from replay.model.sessions import Shape
from replay.testing import BackendContract, odd_histories
from replay.testing.histories import HOSTILE_IDS
from replay_backends.fixture_directory import FixtureDirectoryBackend
from replay_backends.json_file import JSONFileBackend

EVENTS = [Text("Yes."), Text("No.")]


def write(path: Path, session_id: str, text: str = "Yes.") -> None:
    event = {"type": "text", "content": text}
    document = {"session_id": session_id, "events": [event]}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document))


def ids(folder: Path, **options: object) -> list[str]:
    with replay.open(f"fixture_directory:{folder}", **options) as source:
        found = [session.session_id for session in source]
        assert found == [summary.session_id for summary in source.summaries()]
        return found


class TestDirectory(BackendContract):
    @pytest.fixture
    def backend(self, tmp_path: Path) -> Backend:
        for number, session_id in enumerate(["c", "b", "a", "b"]):
            write(tmp_path / f"sub{number}" / "x.json", session_id, str(number))
        (tmp_path / "list.json").write_text('[{"type": "text", "content": "Yes."}]')
        return FixtureDirectoryBackend(str(tmp_path))

    def reopen(self, backend: Backend) -> Backend:
        assert isinstance(backend, FixtureDirectoryBackend)
        return FixtureDirectoryBackend(backend.location)


class TestIndexedDirectory(TestDirectory):
    @pytest.fixture
    def backend(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Backend:
        index = import_module("replay_backends.files.session_index")
        monkeypatch.setattr(index, "FEWEST", 10)
        monkeypatch.setattr(index, "TICK_NS", -1_000_000_000)
        for number in range(12):
            write(tmp_path / f"{number}.json", f"a{number % 10}", str(number))
        list(FixtureDirectoryBackend(str(tmp_path)).summaries())
        assert cached_index(tmp_path).exists()
        return FixtureDirectoryBackend(str(tmp_path))


def test_ids_come_from_what_the_files_hold(tmp_path: Path) -> None:
    write(tmp_path / "a.json", "x")
    write(tmp_path / "sub" / "b.JSON", "y")
    zstd = import_module(
        "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"
    )
    (tmp_path / "c.ndjson.zst").write_bytes(zstd.compress(b'{"type": "stop"}\n'))
    (tmp_path / "d.json.gz").write_bytes(gzip.compress(b"[]"))
    (tmp_path / "%45.jsonl").write_text('{"events": []}\n{"events": []}\n')
    assert ids(tmp_path) == ["E", "E-2", "x", "c", "d", "y"]


def test_a_pattern_says_what_files_of_sessions_are_called(tmp_path: Path) -> None:
    write(tmp_path / "it" / "a.json", "a")
    write(tmp_path / "it" / "sub" / "b.chat", "b")
    write(tmp_path / "it" / "c.CHAT", "c")
    (tmp_path / "link").symlink_to("it")
    assert ids(tmp_path / "link") == ["a"]
    assert ids(tmp_path / "it", pattern="*.txt") == []
    assert ids(tmp_path / "it", pattern="*.chat") == ["b"]
    with replay.open(tmp_path / "it", pattern="*.chat") as source:
        with pytest.raises(replay.SessionNotFoundError):
            source.session("a")
        assert source.session("b").session_id == "b"
        with pytest.raises(
            replay.BackendError, match=r"the pattern '\*\.chat' doesn't"
        ):
            source.write(Session("a"))


def test_an_unknown_id_names_the_directory(tmp_path: Path) -> None:
    with (
        replay.open(tmp_path) as source,
        pytest.raises(replay.SessionNotFoundError) as caught,
    ):
        source.session("\x1b[31m")
    assert str(caught.value) == f"{tmp_path}: there is no session '\\x1b[31m'"


def test_a_directory_is_the_same_wherever_the_program_goes_meanwhile(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write(tmp_path / "it" / "a.json", "a")
    monkeypatch.chdir(tmp_path)
    limits = replay.Limits(event_bytes=10)
    with replay.open("it") as source, replay.open("it", limits=limits) as limited:
        monkeypatch.chdir("/")
        assert source.session("a").session_id == "a"
        with pytest.raises(replay.LimitExceededError):
            limited.session("a")


def test_what_is_broken_or_no_file_is_named_where_it_is_met(tmp_path: Path) -> None:
    write(tmp_path / "a.json", "a")
    odd = tmp_path / "b.json"
    told = {f"{kind}, not a file": make for kind, make in ODD_FILES.items()}
    for reason, make in {**told, "unexpected end": Path.touch}.items():
        make(odd)
        with replay.open(tmp_path) as source:
            for walk in (source.summaries, source.sessions):
                found = walk()
                assert next(found).session_id == "a"
                with pytest.raises(replay.ReplayError, match=rf"^{odd}: ") as caught:
                    next(found)
                assert make is Path.touch or reason in str(caught.value)
        odd.unlink()


def test_what_is_no_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "dangling").symlink_to("nowhere")
    for name in ("missing", "file", "dangling"):
        with pytest.raises(replay.BackendError) as caught:
            FixtureDirectoryBackend(str(tmp_path / name))
        assert caught.value.source == str(tmp_path / name)


def test_a_directory_is_made_only_where_that_is_asked_for(tmp_path: Path) -> None:
    location = f"fixture_directory:{tmp_path}/a/b"
    with pytest.raises(replay.BackendError, match="no such file or directory"):
        replay.open(location)
    for _ in range(2):
        replay.open(location, create=True).close()
    assert (tmp_path / "a" / "b").is_dir()


def test_any_history_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    sessions = {each.session_id: each for each in odd_histories(longest=1000)}
    with replay.open(tmp_path) as source:
        for session in sessions.values():
            source.write(session)
    with replay.open(tmp_path) as source:
        assert {each.session_id: each for each in source} == sessions


@pytest.mark.parametrize("shape", ["document", "list", "lines"])
def test_a_shape_is_kept_wherever_the_file_can_tell_the_id(
    tmp_path: Path, shape: Shape
) -> None:
    with replay.open(tmp_path) as source:
        for session_id in ("É/", "", "x" * 200):
            source.write(Session(session_id, events=EVENTS, shape=shape))
        source.write(Session("a", generated_title="A", events=EVENTS, shape=shape))
        found = {each.session_id: each.shape for each in source}
    nameless = {"x" * 200: "document", "a": "document"}
    assert found == {"É/": shape, "": shape, **nameless}


def test_hostile_ids_never_leave_the_directory(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    with replay.open(f"fixture_directory:{folder}", create=True) as source:
        for session_id in HOSTILE_IDS:
            source.write(Session(session_id, events=EVENTS))
        assert {each.session_id for each in source} == set(HOSTILE_IDS)
    everything = {path for path in tmp_path.rglob("*") if path.is_file()}
    assert everything == set(folder.glob("*.json"))
    assert len(everything) == len(HOSTILE_IDS)


@settings(max_examples=30)
@given(st.text(st.characters(exclude_categories=())))
def test_any_id_survives_writing(
    tmp_path_factory: pytest.TempPathFactory, session_id: str
) -> None:
    backend = FixtureDirectoryBackend(str(tmp_path_factory.mktemp("any")))
    backend.write(Session(session_id, events=EVENTS, shape="list"))
    assert backend.session(session_id).events == EVENTS


def test_a_session_that_is_written_again_takes_the_old_one_s_place(
    tmp_path: Path,
) -> None:
    with replay.open(tmp_path) as source:
        for shape in ("lines", "list", "document", "lines"):
            session = Session("a", events=[Text(shape), Text("")], shape=shape)
            source.write(session)
            assert list(source) == [source.session("a")] == [session]


def test_a_strict_source_writes_what_it_would_not_read(tmp_path: Path) -> None:
    odd = Session("a", events=[replay.UnknownEvent({"type": "unheard of"})])
    with replay.open(tmp_path, strict=True) as source:
        for _ in range(2):
            source.write(odd)
    assert replay.load(tmp_path) == odd


def test_what_is_written_is_for_whom_the_umask_says(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        FixtureDirectoryBackend(str(tmp_path)).write(Session("a"))
    finally:
        os.umask(before)
    assert (tmp_path / "a.json").stat().st_mode & 0o777 == 0o644


def test_what_holds_anything_else_is_never_overwritten(tmp_path: Path) -> None:
    write(tmp_path / "a.json", "b")
    (tmp_path / "c.json").write_text("my notes")
    with replay.open(tmp_path) as source:
        with pytest.raises(replay.BackendError, match=r"a\.json: .* 'b' \(rename or"):
            source.write(Session("a"))
        with pytest.raises(replay.DecodeError, match=r"c\.json: .*\(rename or"):
            source.write(Session("c"))
        assert next(source.sessions()).session_id == "b"
    assert (tmp_path / "c.json").read_text() == "my notes"


def test_a_link_is_never_written_through(tmp_path: Path) -> None:
    write(tmp_path / "outside.json", "a")
    (tmp_path / "it").mkdir()
    (tmp_path / "it" / "a.json").symlink_to("../outside.json")
    with replay.open(tmp_path / "it") as source, pytest.raises(replay.BackendError):
        source.write(Session("a"))
    assert replay.load(tmp_path / "outside.json").events != []


def test_what_cannot_be_written_leaves_the_old_session(tmp_path: Path) -> None:
    old = Session("a", events=EVENTS)
    with replay.open(tmp_path) as source:
        source.write(old)
        new = attrs.evolve(old, events=[*EVENTS, replay.ToolResult("a", "b", object())])
        with pytest.raises(replay.EncodeError):
            source.write(new)
        assert list(source) == [old]
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


#: A script that writes the same sessions over and over, and reports each one.
WRITE_FOR_EVER = """
import itertools, sys, replay
with replay.open(sys.argv[1]) as source:
    for number in itertools.count():
        events = [replay.Text(sys.argv[2] * 10_000), replay.Text(str(number))]
        source.write(replay.Session(f"s{number % 5}", events=events))
        print(number, flush=True)
"""


def writer(folder: Path, text: str) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-c", WRITE_FOR_EVER, str(folder), text]
    return subprocess.Popen(command, stdout=subprocess.PIPE)  # noqa: S603 -- ours


def kill(process: "subprocess.Popen[bytes]") -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate()


@pytest.mark.slow
def test_a_writer_that_is_killed_leaves_only_whole_sessions(tmp_path: Path) -> None:
    for _ in range(5):
        process = writer(tmp_path, "x")
        assert process.stdout
        for _ in range(random.randrange(1, 40)):  # noqa: S311 -- any moment will do
            process.stdout.readline()
        kill(process)
        assert all(is_whole(session) for session in replay.open(tmp_path))
    assert ids(tmp_path) == ["s0", "s1", "s2", "s3", "s4"][: len(ids(tmp_path))]


def is_whole(session: Session) -> bool:
    text, _ = session.events
    return isinstance(text, Text) and text.content in ("x" * 10_000, "y" * 10_000)


def test_two_writers_at_once_do_not_harm_each_other(tmp_path: Path) -> None:
    processes = [writer(tmp_path, text) for text in "xy"]
    seen: set[object] = set()
    while len(seen) < 2:
        for session in replay.open(tmp_path):
            assert is_whole(session)
            seen.add(session.events[0])
    for process in processes:
        kill(process)
    assert ids(tmp_path) == [f"s{number}" for number in range(5)]


def open_files() -> list[int]:
    """Return the inodes of open files and directories, ignoring a server's sockets."""
    found = []
    for each in Path("/dev/fd").iterdir():
        with suppress(OSError):  # the one that listed them is closed again
            status = os.fstat(int(each.name))
            if stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode):
                found.append(status.st_ino)
    return sorted(found)


@pytest.fixture(autouse=True)
def _no_files_stay_open() -> Iterator[None]:
    before = Counter(open_files())
    yield
    if Counter(open_files()) - before:
        gc.collect()  # an iterator that raised may go on, so its directory stays open
    assert not Counter(open_files()) - before


def test_an_id_that_only_a_long_file_name_said_is_kept(tmp_path: Path) -> None:
    path = tmp_path / f"{'A' * 200}.json"
    path.write_text('{"events": []}')
    (session,) = JSONFileBackend(str(path)).sessions()
    backend = FixtureDirectoryBackend(str(tmp_path / "copy"), create=True)
    backend.write(session)
    assert [each.session_id for each in backend.summaries()] == ["A" * 200]


def test_its_portions_hold_its_sessions(tmp_path: Path) -> None:
    write(tmp_path / "sub" / "b.json", "x")
    (tmp_path / "%61.json").write_text("[]")
    line = b'{"events": []' + b" " * 10_000 + b"}\n"
    (tmp_path / "large.jsonl").write_bytes(line * 900)
    (tmp_path / "large.json").write_bytes(b"[" + b" " * (9 << 20) + b"]")
    (tmp_path / "few.jsonl").write_bytes(line * 3)
    (tmp_path / "packed.jsonl.gz").write_bytes(gzip.compress(line * 3))
    backend = FixtureDirectoryBackend(str(tmp_path))
    assert len(list(backend.portions())) == 8
    found = [with_all_attributes(each.read()) for each in all_stored(backend)]
    assert found == [with_all_attributes(each) for each in backend.sessions()]


def test_a_file_is_not_opened_to_list_it() -> None:
    with public_folder() as folder:
        write(folder / "a.json", "a")
        (folder / "a.json").chmod(0)
        backend = FixtureDirectoryBackend(str(folder))
        with unprivileged():
            (portion,) = backend.portions()
            with pytest.raises(
                replay.BackendError, match=r"a\.json: permission denied"
            ):
                list(backend.stored(portion))


def test_what_is_no_file_is_listed_and_refused_when_it_is_read(tmp_path: Path) -> None:
    write(tmp_path / "it" / "b.json", "b")
    backend = FixtureDirectoryBackend(str(tmp_path / "it"))
    for kind, make in ODD_FILES.items():
        make(tmp_path / "it" / "a.json")
        odd, good = backend.portions()
        with pytest.raises(replay.BackendError, match=f"a.json: {kind}, not a file"):
            list(backend.stored(odd))
        (found,) = backend.stored(good)
        assert found.read().session_id == "b"
        (tmp_path / "it" / "a.json").unlink()


def test_a_file_that_goes_while_it_is_listed_is_told_when_it_is_read(
    tmp_path: Path,
) -> None:
    for name in ("a.json", "b.json", "c.json"):
        write(tmp_path / name, name)
    backend = FixtureDirectoryBackend(str(tmp_path))
    portions = backend.portions()
    next(portions)
    (tmp_path / "b.json").unlink()
    gone, last = portions
    with pytest.raises(replay.BackendError, match=r"b\.json: no such file"):
        list(backend.stored(gone))
    assert [each.name for each in backend.stored(last)] == ["c"]


def test_a_key_that_leads_elsewhere_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    write(tmp_path / "outside.json", "outside")
    for name in ("a.txt", ".hidden.json", "sub/a.json"):
        write(folder / name, "x")
    (folder / "link").symlink_to(tmp_path)
    status = (tmp_path / "outside.json").stat()
    backend = FixtureDirectoryBackend(str(folder))
    for path in (
        *("../outside.json", "sub/../../outside.json", "/etc/passwd.json", "..", ""),
        *("sub//a.json", "sub/./a.json", "sub/a.json/", ".git/a.json", "a~/a.json"),
        *(".hidden.json", "a.txt", "sub\\..\\a.json", "C:a.json", "a\0.json"),
        *("link/outside.json", "link/", "/", "../", "sub/../", ".git/", "sub/"),
    ):
        portion = Portion((path, status.st_size, status.st_mtime_ns), 1)
        with pytest.raises(
            replay.BackendError, match=r"no portion|null|not a directory|it was listed"
        ):
            list(backend.stored(portion))


@pytest.fixture
def mixed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Path:
    """Return a directory of a session and files of other kinds; all is logged."""
    caplog.set_level(logging.INFO)
    write(tmp_path / "it" / "sub" / "a.json", "a")
    for name in ("a.py", "sub/b.py", "sub/notes.md", ".hidden.py"):
        (tmp_path / "it" / name).touch()
    return tmp_path / "it"


OTHERS = "3 files of other kinds were not read (2 .py, 1 .md)"


@pytest.mark.parametrize("walk", ["sessions", "summaries", "portions"])
def test_files_of_other_kinds_are_counted_in_one_line(
    mixed: Path, caplog: pytest.LogCaptureFixture, walk: str
) -> None:
    backend = FixtureDirectoryBackend(str(mixed))
    for _ in range(2):
        assert len(list(getattr(backend, walk)())) == 1
        assert caplog.record_tuples == [("replay", logging.INFO, f"{mixed}: {OTHERS}")]


def test_they_are_not_counted_if_nobody_asked_for_all_sessions(
    mixed: Path, caplog: pytest.LogCaptureFixture
) -> None:
    backend = FixtureDirectoryBackend(str(mixed))
    assert backend.session("a")
    next(backend.sessions())
    assert list(FixtureDirectoryBackend(str(mixed), pattern="*.json").sessions())
    assert not caplog.records


CHAT = 'data: {"type": "text", "content": "x"}\n\n'
CASSETTE = "interactions: []\nversion: 1\n"


@pytest.fixture
def tree(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Path:
    """Return a directory of recordings among files that are none; all is logged."""
    caplog.set_level(logging.INFO)
    write(tmp_path / "it" / "a.json", "a")
    files = {
        "package.json": '{"name": "x"}',
        "sub/agent-1.meta.json": '{"agentType": "x"}',
        "sub/b.txt": CHAT,
        "sub/begun.jsonl": "",
        "sub/c.log": CHAT,
        "sub/d.yaml": CASSETTE,
        "sub/e.YML": "a: 1",
        "sub/notes.txt": "Dear diary",
    }
    for name, text in files.items():
        (tmp_path / "it" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "it" / name).write_text(text)
    (tmp_path / "it" / "sub" / "c.log.gz").write_bytes(gzip.compress(CHAT.encode()))
    (tmp_path / "it" / "sub" / "f.txt.gz").write_bytes(b"\x1f\x8b\x08")
    (tmp_path / "it" / "sub" / "g.txt").symlink_to("b.txt")
    return tmp_path / "it"


WITHOUT = (
    "7 files hold no session: package.json, sub/agent-1.meta.json, sub/begun.jsonl, "
    "sub/d.yaml and 3 more"
)


@pytest.mark.parametrize("walk", ["sessions", "summaries"])
def test_files_that_hold_no_session_are_named_once_and_are_no_error(
    tree: Path, caplog: pytest.LogCaptureFixture, walk: str
) -> None:
    with replay.open(tree) as source:
        for _ in range(2):
            found = [each.session_id for each in getattr(source, walk)()]
            assert found == ["a", "b.txt", "c.log", "c.log"]
        assert source.session("b.txt").format == "llamacloud-sse"
        with pytest.raises(replay.SessionNotFoundError):
            source.session("notes.txt")
    assert caplog.messages == [f"{tree}: {WITHOUT}"]


@pytest.mark.parametrize("name", ["atif", "claude-code", "gemini", "otel", "vcr"])
def test_files_that_are_not_of_a_named_format_are_no_error(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    caplog.set_level(logging.INFO)
    (tmp_path / "package.json").write_text('{"name": "x"}')
    with replay.open(tmp_path, format=name) as source:
        assert list(source.sessions()) == []
    assert caplog.messages == [f"{tmp_path}: 1 file holds no session: package.json"]


def test_a_batch_names_them_too(tree: Path, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(2):
        report = replay.replay_many(
            tree, ["usage"], checkpoint=tree.with_name("checkpoint")
        )
        assert (report.sessions, report.failed) == (4, 0)
        assert caplog.messages == [f"{tree}: {WITHOUT}"]
        caplog.clear()


def test_a_shard_names_its_own(tree: Path, caplog: pytest.LogCaptureFixture) -> None:
    for number in (1, 2):
        replay.replay_many(tree, ["usage"], shard=(number, 2))
    first, second = caplog.messages
    assert first.startswith(f"{tree}: 4 files hold no session: sub/agent-1.meta.json, ")
    assert second.startswith(f"{tree}: 3 files hold no session: package.json, ")


def test_a_format_that_is_named_is_asked_about_what_has_any_name(tree: Path) -> None:
    with replay.open(f"llamacloud-sse:{tree / 'sub'}") as source:
        errors: list[replay.ReplayError] = []
        found = [each.session_id for each in source.sessions(unreadable=errors.append)]
    assert found == ["b.txt", "c.log", "c.log"]
    assert [str(each).rpartition("/")[2] for each in errors] == [
        "agent-1.meta.json: not a stream of server-sent events",
        "begun.jsonl: not a stream of server-sent events",
    ]


def test_a_pattern_says_that_files_are_sessions(tree: Path) -> None:
    with (
        replay.open(tree, pattern="*.gz") as source,
        pytest.raises(replay.DecodeError, match=r"f\.txt\.gz: gzip data: cut short"),
    ):
        assert [*source]


def test_a_directory_that_cannot_be_read_is_told_like_such_a_file() -> None:
    with public_folder() as folder:
        for name in ("a", "b", "c"):
            write(folder / name / "x.json", name)
        (folder / "b").chmod(0)
        backend = FixtureDirectoryBackend(str(folder))
        with unprivileged(), replay.open(folder) as source:
            for walk in (source.sessions, source.summaries):
                errors: list[replay.ReplayError] = []
                found = [each.session_id for each in walk(unreadable=errors.append)]
                assert found == ["a", "c"]
                assert [str(each) for each in errors] == [
                    f"{folder}/b: permission denied"
                ]
            _, unread, last = backend.portions()
            with pytest.raises(replay.BackendError, match="b: permission denied"):
                list(backend.stored(unread))
            assert [each.name for each in backend.stored(last)] == ["x"]
            assert backend.session("c").session_id == "c"
            with pytest.raises(replay.BackendError, match="b: permission denied"):
                backend.session("d")
