"""The backend for one file of sessions, or standard input."""

import gzip
import io
import json
import os
import pickle
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import replay
from privileges import public_folder, unprivileged
from replay import Backend, Limits, Portion
from replay.testing import BackendContract
from replay_backends.json_file import JSONFileBackend

#: A script that prints the ids of the sessions at a location, twice.
PRINT_IDS = """
import sys, replay
with replay.open(sys.argv[1]) as source:
    print(*[each.session_id for each in [*source, *source.summaries()]])
"""


def document(session_id: str, *contents: str) -> bytes:
    events = [{"type": "text", "content": each} for each in contents]
    return json.dumps({"session_id": session_id, "events": events}).encode() + b"\n"


def ids(location: str | Path) -> list[str]:
    with replay.open(location) as source:
        return [session.session_id for session in source]


class TestLines(BackendContract):
    @pytest.fixture
    def backend(self, tmp_path: Path) -> Backend:
        path = tmp_path / "a.jsonl"
        path.write_bytes(document("a", "Yes.") + document("b") + document("a", "No."))
        return JSONFileBackend(str(path))


class TestPipe(BackendContract):
    @pytest.fixture
    def backend(self, tmp_path: Path) -> Backend:
        path = tmp_path / "a"
        os.mkfifo(path)
        data = gzip.compress(document("a", "Yes.") * 2)
        writer = threading.Thread(target=path.write_bytes, args=(data,))
        writer.start()
        backend = JSONFileBackend(str(path))
        writer.join()
        return backend

    @pytest.fixture(autouse=True)
    def _close(self, backend: Backend) -> object:
        yield
        backend.close()


def test_an_id_is_the_recording_s_own_or_the_file_s_name(tmp_path: Path) -> None:
    event = b'{"type": "text", "content": "Yes."}\n'
    for name, data, session_id in [
        *(("a.json", document("b"), "b"), ("a.json", b"[]", "a")),
        *(("a.b.json.gz", b"[]", "a.b"), ("a.jsonl", event, "a")),
        ("%61.json", b"[]", "%61"),
    ]:
        (tmp_path / name).write_bytes(data)
        assert ids(tmp_path / name) == [session_id]


def test_an_unknown_id_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(document("a"))
    with pytest.raises(replay.SessionNotFoundError) as caught:
        JSONFileBackend(str(path)).session("b")
    assert str(caught.value) == f"{path}: there is no session 'b'"


def test_a_file_is_opened_anew_for_every_walk_wherever_the_program_goes_meanwhile(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.json").write_bytes(document("old"))
    with replay.open("a.json") as source:
        Path("a.json").write_bytes(document("new"))
        monkeypatch.chdir("/")
        assert [each.session_id for each in source] == ["new"]


def test_options_reach_the_reader(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b'{"events": [{"type": "unheard of", "a": [[[[]]]]}]}')
    with pytest.raises(replay.DecodeError, match="unheard of"):
        replay.load(path, strict=True)
    with pytest.raises(replay.LimitExceededError, match=f"^{path}: .*deeper than 2"):
        replay.load(path, limits=Limits(depth=2))


def test_what_is_no_session_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    for data in (b"", b"{}", b"[", b"null", b"\xff\xfe[\0]\0"):
        path.write_bytes(data)
        with pytest.raises(replay.DecodeError) as caught:
            replay.load(path)
        assert caught.value.source == str(path)


def test_a_file_that_cannot_be_read_any_more_is_named() -> None:
    with public_folder() as folder:
        path = folder / "a.json"
        path.write_bytes(document("a"))
        source = replay.open(path)
        path.chmod(0)
        with unprivileged(), pytest.raises(replay.BackendError) as caught:
            list(source)
    assert str(caught.value) == f"{path}: permission denied"


def run(*command: str, stdin: bytes = b"", folder: Path) -> str:
    done = subprocess.run(  # noqa: S603 -- our own command
        command, input=stdin, cwd=folder, capture_output=True, check=False, timeout=60
    )
    return (done.stdout + done.stderr).decode()


@pytest.mark.parametrize("location", ["-", "/dev/stdin"])
def test_standard_input_can_be_walked_again(tmp_path: Path, location: str) -> None:
    data = gzip.compress(document("a") + document("b"))
    command = (sys.executable, "-c", PRINT_IDS, location)
    assert run(*command, stdin=data, folder=tmp_path) == "a b a b\n"


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("bash"), reason="bash is not there")
def test_what_another_command_prints_is_a_file_like_any_other(tmp_path: Path) -> None:
    (tmp_path / "a.json.gz").write_bytes(gzip.compress(document("a") * 10_000))
    (tmp_path / "print_ids.py").write_text(PRINT_IDS)
    command = f"{sys.executable} print_ids.py <(gzip -dc a.json.gz) | wc -w"
    assert run("bash", "-c", command, folder=tmp_path).strip() == "20000"


def test_standard_input_that_is_a_device_or_missing_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = "standard input: a device, not a file or a pipe or a socket"
    for device in (os.devnull, "/dev/zero"):
        with Path(device).open(encoding="utf-8") as file:
            monkeypatch.setattr(sys, "stdin", file)
            with pytest.raises(replay.BackendError, match=told):
                replay.open("-")
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(replay.BackendError, match="there is no standard input"):
        replay.open("-")


def test_standard_input_may_be_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = os.openpty()
    os.write(ours, b"[]\n\x04\x04")
    with open(theirs, encoding="utf-8") as terminal:  # noqa: PTH123 - it has no name
        monkeypatch.setattr(sys, "stdin", terminal)
        assert ids("-") == ["stdin"]
    os.close(ours)


def test_a_large_session_of_a_pipe_outlives_its_source(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    delta = b'{"type": "text_delta", "content": "%b"}' % (b"a" * 1_000)
    data = b"[" + b",".join([delta] * 9_000) + b"]"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    session = replay.load("-")
    assert len(list(session.events)) == 9_000
    assert pickle.loads(pickle.dumps(session)) == session  # noqa: S301 - our own bytes


def test_what_was_kept_of_a_stream_is_gone_once_it_is_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(document("a"))))
    source = replay.open("-")
    assert [each.session_id for each in source] == ["a"]
    source.close()
    with pytest.raises(replay.BackendError, match="standard input: it has been closed"):
        list(source)


def test_only_the_same_file_opened_alike_reads_its_portions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.json", "b.json"):
        (tmp_path / name).write_bytes(document("a"))
    backend = JSONFileBackend(str(tmp_path / "b.json"))
    (portion,) = backend.portions()
    with pytest.raises(
        replay.BackendError, match=r"a.json: it has no portion \('b.json'"
    ):
        JSONFileBackend(str(tmp_path / "a.json")).stored(portion)
    monkeypatch.chdir(tmp_path)
    (found,) = JSONFileBackend("b.json").stored(portion)
    assert found.read().session_id == "a"
    (tmp_path / "b.json").unlink()
    with pytest.raises(replay.BackendError, match="no such file"):
        backend.portions()


def test_an_empty_file_is_told_without_a_place(tmp_path: Path) -> None:
    (tmp_path / "a.json").touch()
    with pytest.raises(replay.DecodeError, match=f"^{tmp_path}/a.json: empty \\(a"):
        replay.load(tmp_path / "a.json")


def test_a_pipe_cannot_be_shared_out(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.TextIOWrapper(io.BytesIO(document("a")))
    monkeypatch.setattr(sys, "stdin", stream)
    backend = JSONFileBackend("-")
    with pytest.raises(
        replay.UnsupportedError, match=r"input: it can be .* \(save it to a"
    ):
        backend.portions()
    with pytest.raises(replay.UnsupportedError):
        backend.stored(Portion(("stdin", 0, 0), 0))
    backend.close()
    with pytest.raises(replay.BackendError, match="it has been closed"):
        backend.portions()
