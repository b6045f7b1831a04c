"""What can be opened, and what is refused without being waited for."""

import os
import stat
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from odd_files import ODD_FILES, loop, unix_socket
from privileges import public_folder, unprivileged
from replay.errors import BackendError
from replay_backends.files.file_access import (
    check_kind,
    is_pipe,
    open_directory,
    open_inside,
    open_named,
    open_regular,
)


def test_a_file_that_is_named_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    with open_named(path, "a") as file:
        assert file.read() == b"abc"
        assert not is_pipe(file)


def test_a_link_that_is_named_is_followed(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    (tmp_path / "b").symlink_to("a")
    with open_named(tmp_path / "b", "b") as file:
        assert file.read() == b"abc"


def write_once_somebody_reads(path: Path, data: bytes) -> None:
    descriptor = None
    while descriptor is None:
        with suppress(OSError):  # nobody has opened it yet
            descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    os.set_blocking(descriptor, True)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)


def test_a_pipe_waits_for_whoever_comes_later_to_write_to_it(tmp_path: Path) -> None:
    path, data = tmp_path / "a", b"abc" * 100_000
    os.mkfifo(path)
    writer = threading.Thread(target=write_once_somebody_reads, args=(path, data))
    writer.start()
    with open_named(path, "a") as file:
        assert is_pipe(file)
        assert file.read() == data
    writer.join()


def test_a_pipe_whose_writer_has_said_nothing_is_empty(tmp_path: Path) -> None:
    path = tmp_path / "a"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(b"",))
    writer.start()
    with open_named(path, "a") as file:
        assert file.read() == b""
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


def test_a_file_is_opened_as_if_it_might_block_and_must_not(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.touch()
    with open_inside(str(path), None, "a") as file:
        assert not os.get_blocking(file.fileno())


def test_what_is_opened_is_not_passed_to_other_programs(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.touch()
    with open_named(path, "a") as file:
        assert not os.get_inheritable(file.fileno())


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
    with pytest.raises(BackendError, match=told) as caught:
        open_named(Path(path), "it")
    assert caught.value.source == "it"


def test_a_file_without_the_right_to_read_it_is_refused() -> None:
    with public_folder() as folder:
        path = folder / "a"
        path.touch(mode=0)
        with unprivileged(), pytest.raises(BackendError, match="permission denied"):
            open_named(path, "a")


@pytest.mark.parametrize("told", ODD_FILES)
def test_only_files_are_opened_inside_a_directory(tmp_path: Path, told: str) -> None:
    ODD_FILES[told](tmp_path / "a.json")
    with pytest.raises(BackendError) as caught:
        open_inside(str(tmp_path / "a.json"), None, "a.json")
    assert str(caught.value) == (
        f"a.json: {told}, not a file (put a file there, or move it away)"
    )


def test_a_file_is_opened_from_its_directory(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    directory = open_directory(str(tmp_path), None, "it", follows=False)
    try:
        with open_inside("a", directory, "a") as file:
            assert file.read() == b"abc"
    finally:
        os.close(directory)


def test_a_link_to_a_directory_is_followed_only_where_that_is_asked_for(
    tmp_path: Path,
) -> None:
    (tmp_path / "a").symlink_to(".")
    os.close(open_directory(str(tmp_path / "a"), None, "a", follows=True))
    with pytest.raises(BackendError, match="a symbolic link, not a directory"):
        open_directory(str(tmp_path / "a"), None, "a", follows=False)


def test_a_file_is_no_directory(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    with pytest.raises(BackendError, match="a file, not a directory"):
        open_directory(str(tmp_path / "a"), None, "a", follows=True)


def test_what_has_no_name_is_refused_too() -> None:
    with pytest.raises(BackendError, match="something odd, not a file"):
        check_kind(0, "a", {stat.S_IFREG})


def test_nothing_that_is_refused_stays_open(tmp_path: Path) -> None:
    before = len(list(Path("/dev/fd").iterdir()))
    for make in ODD_FILES.values():
        make(tmp_path / "a.json")
        with pytest.raises(BackendError):
            open_inside(str(tmp_path / "a.json"), None, "a.json")
        (tmp_path / "a.json").unlink()
    assert len(list(Path("/dev/fd").iterdir())) == before


@pytest.mark.parametrize("told", ["a pipe", "a socket"])
def test_only_files_are_opened_where_a_file_must_be_read_anywhere(
    tmp_path: Path, told: str
) -> None:
    ODD_FILES[told](tmp_path / "odd")
    with pytest.raises(BackendError, match=f"odd: {told}, not a file"):
        open_regular(tmp_path / "odd", "odd")


def test_a_link_to_a_file_that_must_be_read_anywhere_is_followed(
    tmp_path: Path,
) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    (tmp_path / "b").symlink_to("a")
    with open_regular(tmp_path / "b", "b") as file:
        assert file.read() == b"abc"
