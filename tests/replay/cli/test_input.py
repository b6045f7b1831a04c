"""Locations of which some files cannot be read."""

import json
from pathlib import Path

import pytest

import replay
from fake_secrets import SECRETS
from privileges import public_folder, unprivileged
from replay_command import Run

(SECRET,) = SECRETS["llamacloud-key"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a directory of two sessions and three files that hold none."""
    folder = tmp_path / "it"
    folder.mkdir()
    for name in ("b", "d"):
        document = {"session_id": name, "events": [{"type": "text", "content": "x"}]}
        (folder / f"{name}.json").write_text(json.dumps(document))
    (folder / "a.json").write_text('{"session_id": "a", "turns": []}')
    (folder / "c.json").write_text('[{"type": "text", "cont')
    (folder / "e.json").symlink_to("b.json")
    return folder


BROKEN = ["a.json", "c.json", "e.json"]


@pytest.mark.parametrize(
    "command", ["ls", "transcript", "transcript --format json", "run --plugin usage"]
)
def test_files_that_cannot_be_read_are_told_and_the_others_are_read(
    run: Run, folder: Path, command: str
) -> None:
    done = run(*command.split(), folder)
    assert done.returncode == 1
    assert "b" in done.stdout
    assert "d" in done.stdout
    told = done.stderr.splitlines()
    assert [line.split(": ")[2] for line in told] == [f"{folder}/{e}" for e in BROKEN]


def test_they_are_findings_of_check(run: Run, folder: Path) -> None:
    done = run("check", folder)
    assert (done.returncode, done.stderr) == (1, "")
    assert [line.split(": ")[:3] for line in done.stdout.splitlines()] == [
        [f"{folder}/a.json", "document", "decode-error"],
        [f"{folder}/c.json", "document", "decode-error"],
        [f"{folder}/e.json", "document", "backend-error"],
    ]
    done = run("check", folder / "a.json", "--json")
    assert (done.returncode, done.stderr) == (1, "")
    found = json.loads(done.stdout)
    detail = found.pop("detail")
    assert detail.startswith("$: not a session: the object has no list of events")
    source = f"{folder}/a.json"
    nothing = {"session_id": None, "index": None}
    assert found == {**nothing, "code": "decode-error", "source": source}


def test_a_copy_has_what_can_be_read(run: Run, folder: Path, tmp_path: Path) -> None:
    done = run("copy", folder, tmp_path / "copy")
    assert done.returncode == 1
    assert done.stderr.count("replay: error: ") == 3
    assert done.stderr.endswith(f"replay: 2 sessions copied to {tmp_path}/copy\n")
    assert [each.session_id for each in replay.open(tmp_path / "copy")] == ["b", "d"]


def test_what_cannot_be_copied_or_replayed_is_told_without_secrets(
    run: Run, folder: Path, tmp_path: Path
) -> None:
    (folder / f"{SECRET} x.json").write_text("[")
    (folder / f"{SECRET} y.json").write_text(f'["{SECRET}"]')  # which a note names
    for command in (
        ("copy", folder, tmp_path / "copy", "--redact"),
        ("run", folder, "--plugin", "redact"),
    ):
        done = run(*command)
        assert done.returncode == 1
        assert done.stderr.count("<LLAMACLOUD_KEY_1>") == 2
        assert SECRET[:8] not in done.stderr + done.stdout
        assert "KEY" not in done.stdout  # nothing of the kind was replayed


@pytest.mark.parametrize("command", ["ls", "transcript", "check", "run --plugin usage"])
def test_the_first_can_be_an_error(run: Run, folder: Path, command: str) -> None:
    done = run(*command.split(), folder, "--fail-fast")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith(f"replay: error: {folder}/a.json: $: not a session")


def test_stopping_and_going_on_at_once_is_refused(run: Run, folder: Path) -> None:
    done = run("run", folder, "--plugin", "usage", "--keep-going", "--fail-fast")
    assert done.returncode == 2
    assert "--fail-fast and --keep-going exclude each other" in done.stderr


def test_where_nothing_can_be_read_that_is_an_error(run: Run, tmp_path: Path) -> None:
    for number in range(2):
        (tmp_path / f"{number}.json").write_text('{"events": 1}')
        done = run("ls", tmp_path)
        assert (done.returncode, done.stdout) == (2, "")
        assert f"replay: error: {tmp_path}/0.json: $: not" in done.stderr
    *files, last = done.stderr.splitlines()
    assert len(files) == 2
    assert last.startswith(f"replay: error: {tmp_path}: holds no session")
    assert run("check", tmp_path).returncode == 1


def test_many_errors_of_one_reason_are_counted(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("[]")
    for number in range(1000):
        (tmp_path / f"{number}.json").write_text('{"events": 1}')
    (tmp_path / "b.json").write_text("[")
    told = run("ls", tmp_path).stderr.splitlines()
    assert len(told) == 12
    assert ["a session is {" in line for line in told[:3]] == [True, False, False]
    assert "b.json" in told[10]
    assert told[11] == (
        "replay: error: 990 more: not a session: the object has no list of events"
    )
    assert len(run("check", tmp_path).stdout.splitlines()) == 1001


def test_what_nothing_can_be_read_without_ends_the_command(run: Run) -> None:
    with public_folder() as folder:
        (folder / "a.json").write_text("[]")
        (folder / "b.json").write_text("[]")
        (folder / "a.json").chmod(0)
        assert run("ls", folder).stdout  # imports all that is needed
        with unprivileged():
            done = run("ls", folder)
    assert (done.returncode, done.stdout) == (1, "b\t\t\t\n")
    assert done.stderr == f"replay: error: {folder}/a.json: permission denied\n"


def test_the_backend_gets_its_options(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"events": [{"type": "unheard of"}]}')
    usage = ("--plugin", "usage")
    for command in (("check",), ("run", *usage), ("run", *usage, "--jobs", "1")):
        done = run(*command, path, "--option", "strict=true")
        assert "no event has the type 'unheard of'" in done.stdout + done.stderr
        assert done.returncode
    assert run("ls", path, "--option", "strict=false").returncode == 0


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["strict"], "'strict' has no ="),
        (["strict=1", "strict=0"], "'strict' is given twice"),
        (["strict=maybe"], "option 'strict' must be true or false, not 'maybe'"),
        (["stict=1"], "did you mean 'strict'?"),
        (["nan=nul"], "error: option 'nan': must be 'null', or left out, not 'nul'\n"),
        (["limits=5"], "error: option 'limits': expected replay.Limits, not str ("),
    ],
)
def test_wrong_options_of_the_backend_are_refused(
    run: Run, tmp_path: Path, options: list[str], told: str
) -> None:
    (tmp_path / "a.json").write_text("[]")
    given = [word for each in options for word in ("--option", each)]
    done = run("ls", tmp_path / "a.json", *given)
    assert done.returncode == 2
    assert told in done.stderr
