"""A file that appears whole or not at all."""

import os
import re
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from replay.cli.output import output_to
from replay_command import Run


def fail_halfway(path: str) -> None:
    """Fail after a part has been written."""
    with output_to(path) as write:
        write("half")
        raise KeyError


def test_the_file_holds_what_was_written(tmp_path: Path) -> None:
    with output_to(str(tmp_path / "out.txt")) as write:
        write("Grüße\n")
        write("世界\n")
    assert (tmp_path / "out.txt").read_bytes() == "Grüße\n世界\n".encode()


def test_the_file_is_not_there_before_it_is_whole(tmp_path: Path) -> None:
    with output_to(str(tmp_path / "out.txt")) as write:
        write("half")
        assert not (tmp_path / "out.txt").exists()


def test_a_failure_leaves_what_the_file_held(tmp_path: Path) -> None:
    path = tmp_path / "out.txt"
    path.write_text("old", encoding="utf-8")
    with pytest.raises(KeyError):
        fail_halfway(str(path))
    assert path.read_text(encoding="utf-8") == "old"
    assert [*tmp_path.iterdir()] == [path]


def test_the_file_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "out.txt"
    path.touch(0o640)
    with output_to(str(path)) as write:
        write("new")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    link = tmp_path / "link.txt"
    link.symlink_to("target.txt")
    with output_to(str(link)) as write:
        write("new")
    assert link.is_symlink()
    assert (tmp_path / "target.txt").read_text(encoding="utf-8") == "new"


def test_a_pipe_is_written_to_as_it_is(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    received: list[str] = []
    reader = threading.Thread(target=lambda: received.append(fifo.read_text("utf-8")))
    reader.start()
    with output_to(str(fifo)) as write:
        write("new")
    reader.join()
    assert received == ["new"]


def test_a_failure_leaves_a_device_where_it_is() -> None:
    with pytest.raises(KeyError):
        fail_halfway(os.devnull)
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)


@pytest.mark.parametrize("path", ["missing/out.txt", ".", "x" * 300])
def test_a_file_that_cannot_be_written_is_named(path: str, tmp_path: Path) -> None:
    wanted = str(tmp_path / path)
    with pytest.raises(OSError, match=re.escape(wanted)) as caught, output_to(wanted):
        pass
    assert caught.value.filename == wanted


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_disk_is_named() -> None:
    with pytest.raises(OSError, match="/dev/full"), output_to("/dev/full") as write:
        write("new")


@pytest.mark.parametrize("path", [None, "-"])
def test_without_a_file_standard_output_is_written_to(
    path: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    with output_to(path) as write:
        write("new")
    assert capsys.readouterr().out == "new"


def test_a_file_that_cannot_be_written_exits_with_2(
    run: Run, session_file: Callable[..., Path], tmp_path: Path
) -> None:
    done = run("transcript", session_file(), "-o", tmp_path / "missing" / "out.txt")
    assert done.returncode == 2
    assert done.stderr.endswith("missing/out.txt: no such file or directory\n")
