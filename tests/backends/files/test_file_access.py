"""Access to files and directories: finding, opening and refusing them."""

import os
import threading
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from odd_files import ODD_FILES, loop, unix_socket
from privileges import public_folder, unprivileged
from replay.errors import BackendError
from replay_backends.files.directory_scan import open_path, scan
from replay_backends.files.file_access import (
    is_pipe,
    open_folder,
    open_named,
    open_regular,
)

OPENERS = [open_named, open_regular]


@pytest.fixture(params=[True, False], ids=["descriptors", "paths"])
def system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Run the test on a system with open directories and on one without."""
    if not request.param:
        monkeypatch.setattr("replay_backends.files.file_access.HAS_DESCRIPTORS", False)
    return bool(request.param)


def test_a_file_or_a_link_that_is_named_is_opened(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    (tmp_path / "b").symlink_to("a")
    for open_file in OPENERS:
        for name in ("a", "b"):
            with open_file(tmp_path / name, name) as file:
                assert file.read() == b"abc"
                assert not is_pipe(file)
                assert not os.get_blocking(file.fileno())
                assert not os.get_inheritable(file.fileno())


def write_once_somebody_reads(path: Path, data: bytes) -> None:
    descriptor = None
    while descriptor is None:
        with suppress(OSError):  # nobody has opened it yet
            descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    os.set_blocking(descriptor, True)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)


@pytest.mark.parametrize("data", [b"abc" * 100_000, b""], ids=["data", "nothing"])
def test_a_pipe_waits_for_whoever_comes_later_to_write_to_it(
    tmp_path: Path, data: bytes
) -> None:
    path = tmp_path / "a"
    os.mkfifo(path)
    writer = threading.Thread(target=write_once_somebody_reads, args=(path, data))
    writer.start()
    with open_named(path, "a") as file:
        assert is_pipe(file)
        assert file.read() == data
    writer.join()


@pytest.mark.parametrize("data", [b"abc", b""])
def test_a_pipe_without_a_name_is_not_waited_for_when_its_writer_has_gone(
    data: bytes,
) -> None:
    reading, writing = os.pipe()
    os.write(writing, data)
    os.close(writing)
    with open_named(Path(f"/dev/fd/{reading}"), "a") as file:
        assert file.read() == data
    os.close(reading)


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/dev/zero", "a device"),
        ("/dev/null", "a device"),
        ("/", "a directory"),
        ("socket", "a socket"),
        ("loop", "too many levels of symbolic links"),
        ("missing", "no such file or directory"),
    ],
)
def test_what_is_neither_file_nor_pipe_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, path: str, told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    unix_socket(Path("socket").absolute())
    loop(Path("loop"))
    for open_file in OPENERS:
        with pytest.raises(BackendError, match=told) as caught:
            open_file(Path(path), "it")
        assert caught.value.source == "it"


@pytest.mark.usefixtures("system")
def test_only_files_are_opened_inside_a_directory(tmp_path: Path) -> None:
    with open_folder(tmp_path, "it") as folder:
        before = len(list(Path("/dev/fd").iterdir()))
        for told, make in ODD_FILES.items():
            make(tmp_path / "a.json")
            with pytest.raises(BackendError) as caught:
                folder.open("a.json")
            assert str(caught.value) == (
                f"it/a.json: {told}, not a file (put a file there, or move it away)"
            )
            (tmp_path / "a.json").unlink()
        assert len(list(Path("/dev/fd").iterdir())) == before


@pytest.mark.usefixtures("system")
def test_a_file_is_opened_in_a_directory_of_a_directory(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b").write_bytes(b"abc")
    (tmp_path / "link").symlink_to("a")
    with (
        open_folder(tmp_path, "it") as folder,
        folder.enter("a") as below,
        below.open("b") as file,
    ):
        assert file.read() == b"abc"
    with open_folder(tmp_path / "link", "it") as folder, folder.open("b") as file:
        assert file.read() == b"abc"


@pytest.mark.usefixtures("system")
def test_a_link_inside_or_a_file_is_not_taken_for_a_directory(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(".")
    (tmp_path / "a").touch()
    with ExitStack() as opened:
        folder = opened.enter_context(open_folder(tmp_path, "it"))
        refused = r"it/link: a symbolic link, not a directory"
        with pytest.raises(BackendError, match=refused):
            opened.enter_context(folder.enter("link"))
        with pytest.raises(BackendError, match="a: a file, not a directory"):
            opened.enter_context(open_folder(tmp_path / "a", "a"))


@pytest.mark.usefixtures("system")
def test_what_bears_a_name_is_there_whatever_it_is(tmp_path: Path) -> None:
    (tmp_path / "dangling").symlink_to("nowhere")
    with open_folder(tmp_path, "it") as folder:
        assert folder.has("dangling")
        assert not folder.has("nowhere")


def test_messages_name_a_file_as_the_user_would(tmp_path: Path) -> None:
    for source in ("it", "it/"):
        with open_folder(tmp_path, source) as folder:
            assert folder.source_of("a/b") == "it/a/b"
    with open_folder(tmp_path, "/") as folder:
        assert folder.source_of("a") == "/a"


def test_a_directory_is_the_same_when_another_takes_its_name(tmp_path: Path) -> None:
    old = tmp_path / "old"
    old.mkdir()
    (old / "a").touch()
    with open_folder(old, "it") as folder:
        old.rename(tmp_path / "elsewhere")
        old.mkdir()
        assert folder.has("a")


def make(folder: Path, *paths: str) -> None:
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(os.fsencode(path))


def paths(folder: Path, suffix: str = "") -> list[str]:
    with open_folder(folder, "it") as opened:
        return [found.path for found in scan(opened, lambda n: n.endswith(suffix))]


def refuse(folder: Path, path: str, reason: str) -> None:
    with (
        open_folder(folder, "it") as opened,
        pytest.raises(BackendError, match=reason),
    ):
        open_path(opened, path)


@pytest.mark.usefixtures("system")
def test_files_are_found_by_their_names_at_any_depth(tmp_path: Path) -> None:
    make(tmp_path, "a.json", "b/c.json", "b/d.json/e.json", "b/f.txt")
    assert paths(tmp_path, ".json") == ["a.json", "b/c.json", "b/d.json/e.json"]


@pytest.mark.usefixtures("system")
def test_they_come_in_the_order_of_the_bytes_of_their_paths(tmp_path: Path) -> None:
    names = ["a!", "a-b/x", "a/x", "a0", "B", "é", "e\u0301", "\uffff", "\U0001f600"]
    make(tmp_path, *names, "\udcff")
    assert paths(tmp_path) == sorted([*names, "\udcff"], key=os.fsencode)


@pytest.mark.usefixtures("system")
def test_hidden_files_and_what_editors_leave_are_passed_over(tmp_path: Path) -> None:
    make(tmp_path, ".a", ".git/a", "a~", "#a#", "a", "#b")
    assert paths(tmp_path) == ["#b", "a"]


@pytest.mark.usefixtures("system")
def test_a_link_to_a_directory_is_not_followed(tmp_path: Path) -> None:
    make(tmp_path, "a/b.json")
    (tmp_path / "c").symlink_to("a")
    (tmp_path / "a" / "up").symlink_to("..")
    assert paths(tmp_path, ".json") == ["a/b.json"]


@pytest.mark.usefixtures("system")
def test_a_directory_that_cannot_be_read_does_not_end_the_walk() -> None:
    with public_folder() as folder:
        make(folder, "a", "b/c/d", "b/c/e/f", "b/g")
        (folder / "b" / "c").chmod(0o300)
        with unprivileged():
            assert paths(folder) == ["a", "b/c/", "b/g"]
            refuse(folder, "b/c/", "it/b/c: permission denied")
        (folder / "b" / "c").chmod(0o700)
        refuse(folder, "b/c/", "it/b/c: it could not be read when it was listed")


@pytest.mark.usefixtures("system")
def test_directories_without_end_are_not_walked(tmp_path: Path) -> None:
    make(tmp_path, "d/" * 120 + "a", "e", "d/" * 99 + "f")
    deepest = "d/" * 100
    assert paths(tmp_path) == [deepest, "d/" * 99 + "f", "e"]
    refuse(tmp_path, deepest, "/d: nested deeper than 100 directories")


@pytest.mark.usefixtures("system")
def test_files_that_are_not_wanted_are_named(tmp_path: Path) -> None:
    make(tmp_path, "a.json", "b/c.py", "b/d.md", ".e", "f~", "g")
    (tmp_path / "link").symlink_to("b")
    unwanted: list[str] = []
    with open_folder(tmp_path, "it") as folder:
        list(scan(folder, lambda name: name.endswith(".json"), unwanted.append))
    assert unwanted == ["c.py", "d.md", "g"]
