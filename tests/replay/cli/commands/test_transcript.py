"""``replay transcript``."""

import gzip
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import replay
from replay.rendering import FORMATS, Format
from replay_command import Run

TEXT = {"type": "text", "content": "Up 12 %."}


@pytest.fixture
def several(tmp_path: Path) -> Path:
    """Return the path of a file of two sessions."""
    path = tmp_path / "sessions.jsonl"
    documents = [{"session_id": f"ses-{n}", "events": [TEXT]} for n in (1, 2)]
    path.write_text("\n".join(map(json.dumps, documents)), encoding="utf-8")
    return path


@pytest.mark.parametrize("format_", FORMATS)
def test_it_prints_what_render_returns(
    run: Run, session_file: Callable[..., Path], format_: Format
) -> None:
    path = session_file(TEXT)
    expected = replay.render(replay.transcript(replay.load(path)), format_)
    assert run("transcript", path, "--format", format_).stdout == expected


def test_it_prints_all_sessions_or_the_one_that_is_chosen(
    run: Run, several: Path
) -> None:
    printed = run("transcript", several).stdout
    assert printed.startswith("Session: ses-1\n")
    assert "\n\nSession: ses-2\n" in printed
    lines = run("transcript", several, "--format", "json").stdout.splitlines()
    assert [json.loads(line)["session_id"] for line in lines] == ["ses-1", "ses-2"]
    chosen = run("transcript", several, "--session", "ses-2").stdout
    assert chosen == printed[printed.index("Session: ses-2") :]
    done = run("transcript", several, "--session", "ses-9")
    assert (done.returncode, done.stdout) == (2, "")
    assert "'ses-9'" in done.stderr


def test_it_writes_to_a_file(run: Run, several: Path, tmp_path: Path) -> None:
    done = run("transcript", several, "-o", tmp_path / "out.txt")
    assert (done.returncode, done.stdout) == (0, "")
    expected = run("transcript", several).stdout
    assert (tmp_path / "out.txt").read_text(encoding="utf-8") == expected


@pytest.mark.parametrize(
    ("name", "format_"),
    [
        ("out.md", "markdown"),
        ("out.Markdown", "markdown"),
        ("out.json", "json"),
        ("out.jsonl", "json"),
        ("out.txt", "text"),
        ("md", "text"),
    ],
)
def test_the_suffix_of_the_file_chooses_the_format_unless_it_is_given(
    run: Run, several: Path, tmp_path: Path, name: str, format_: Format
) -> None:
    for given in ([], ["--format", "markdown"]):
        assert run("transcript", several, "-o", tmp_path / name, *given).stdout == ""
        chosen = given or ["--format", format_]
        expected = run("transcript", several, *chosen).stdout
        assert (tmp_path / name).read_text(encoding="utf-8") == expected


def test_it_reads_standard_input(run: Run, several: Path) -> None:
    done = run("transcript", "-", stdin=several.read_bytes())
    assert done.stdout == run("transcript", several).stdout


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_it_reads_process_substitution(run: Run, several: Path) -> None:
    packed = several.with_suffix(".gz")
    packed.write_bytes(gzip.compress(several.read_bytes()))
    line = '"$0" -m replay transcript <(gzip -cd "$1")'
    printed = subprocess.check_output(  # noqa: S603 - our own command
        ["bash", "-c", line, sys.executable, packed],  # noqa: S607 - whichever it is
        encoding="utf-8",
    )
    assert printed == run("transcript", several).stdout


def test_some_known_event_makes_it_a_transcript(run: Run, tmp_path: Path) -> None:
    events = [{"type": "odd"}, {"type": "text", "content": "x"}]
    for value in (events, {"events": events[:1]}):
        (tmp_path / "a.json").write_text(json.dumps(value), encoding="utf-8")
        done = run("transcript", tmp_path / "a.json")
        assert (done.returncode, done.stderr) == (0, "")
        assert "Unknown event" in done.stdout


_PEAK = """
import sys
from pathlib import Path
from replay.cli.app import run
run(sys.argv[1:])
status = Path("/proc/self/status").read_text()
print(status.partition("VmHWM:")[2].split()[0], file=sys.stderr)  # in kilobytes
"""
DEEP = b"[[],[],[]," * 190 + b"0" + b"]" * 190
SAID = b'{"type": "text", "content": "a"}'
BOMBS = {
    "list.json.gz": b"[" + b"{}," * 1_000_000 + SAID + b"]",
    "lines.jsonl.gz": b"{}\n" * 1_000_000 + SAID,
    "deep.json.gz": b"[" + b'{"type":"odd","x":%b},' % DEEP * 500 + SAID + b"]",
    "indented.json.gz": b"[%b," % SAID
    + b"[" * 99
    + b"0," * 1_000_000
    + b"0"
    + b"]" * 100,
    "foreign.jsonl.gz": b"{}\n" * 1_000_000,
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "format_"), [*((name, "text") for name in BOMBS), ("list.json.gz", "json")]
)
def test_a_few_kilobytes_of_gzip_never_take_200_megabytes(
    tmp_path: Path, name: str, format_: Format
) -> None:
    path = tmp_path / name
    path.write_bytes(gzip.compress(BOMBS[name], compresslevel=1))
    assert path.stat().st_size < 50_000
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", _PEAK, "transcript", path, "--format", format_],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert int(done.stderr.split()[-1]) < 200_000
