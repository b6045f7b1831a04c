"""The public samples of other formats: recognised, counted, read by each command."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

import foreign
import replay
from replay_command import Run
from shared_data import shared_folder

#: What the samples of a folder are.
_FORMATS: Final = {
    "ag-ui": "ag-ui",
    "anthropic-sse": "anthropic",
    "anthropic-stream": "anthropic",
    "atif": "atif",
    "claude-code": "claude-code",
    "codex-rollout": "codex",
    "gemini-cli": "gemini",
    "inspect": "inspect",
    "openai-chat-stream": "openai-chat",
    "openai-responses-stream": "openai-responses",
    "openhands": "openai-chat",
    "swe-agent": "openai-chat",
    "vcr-cassette": "vcr",
}
#: Samples, by what is in their paths, that are none of the formats, and why.
_OTHERS: Final = {
    "agent-a0ad4f44468bdf20d.meta.json": "lies beside a log, and holds no session",
    "anthropic-managed-agents/": "events of a service that has no page",
    "expected.json": "what a test of another program expects",
    "expected_transcript.txt": "what a test of another program expects",
    "langsmith/": "trees of runs, which have no page",
    "openhands/All-Hands-AI__output": "an evaluation's results, with a history in them",
    "openhands/OpenHands__events": "events of its own, not a list of messages",
    "otel-genai/": "attributes of a span in a flat object, not OTLP",
    "other/": "other programs' sessions, which have no page",
    "sse_streams.txt": "begins with a heading; several streams in one file",
    "Step12_ParallelToolCalls": "the model's side, as another library recorded it",
    "test_agent_with_multiple_tools": "a cassette without calls of a known API",
    "test_bedrock_model": "a cassette of binary streams, which isn't read",
}


def _samples() -> Iterator[tuple[Path, str | None]]:
    folder = shared_folder() / "formats" / "samples"
    if not folder.is_dir():
        return
    with (folder / "MANIFEST.tsv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            name = f"{row['format']}/{row['file']}"
            is_other = any(part in name for part in _OTHERS)
            yield folder / name, None if is_other else _FORMATS[row["format"]]


_KNOWN: Final = [(path, known) for path, known in _samples() if known]
_UNKNOWN: Final = [path for path, known in _samples() if not known]
_EACH: Final = pytest.mark.parametrize(
    ("path", "known"), [pytest.param(*each, id=each[0].name[:40]) for each in _KNOWN]
)
_EACH_OTHER: Final = pytest.mark.parametrize(
    "path", [pytest.param(each, id=each.name[:40]) for each in _UNKNOWN]
)


def test_all_samples_are_there() -> None:
    if not _KNOWN:
        pytest.skip(f"{shared_folder()} has no samples")
    assert len(_KNOWN) == 60
    assert len(_UNKNOWN) == 24
    for part in _OTHERS:
        assert any(part in str(path) for path in _UNKNOWN), part


@_EACH
def test_a_sample_is_what_it_is_and_each_record_is_counted(
    path: Path, known: str
) -> None:
    sessions = foreign.converted(path)
    assert {each.format for each in sessions} == {known}
    for session in sessions:
        assert session.report
        counts = session.report.as_object()
        kept, skipped = session.report.kept.total(), session.report.skipped.total()
        assert counts["records"] == session.report.mapped + kept + skipped


@_EACH_OTHER
def test_a_file_of_another_kind_is_taken_for_no_format(path: Path) -> None:
    try:
        with replay.open(path) as source:
            assert {each.format for each in source} == {None}
    except replay.DecodeError as error:
        assert error.hint  # noqa: PT017 - it may be read, too


@pytest.mark.slow
@_EACH
def test_each_command_reads_a_sample(
    run: Run, path: Path, known: str, tmp_path: Path
) -> None:
    new, copy, report = (tmp_path / name for name in ("new", "copy", "report"))
    listed = run("ls", path)
    formats = [line.split("\t")[3] for line in listed.stdout.splitlines()]
    assert (listed.returncode, {*formats}) == (0, {known})
    for command in (
        ["transcript", path],
        ["transcript", path, "--all", "--format", "markdown"],
        ["run", "--plugin", "usage", path],
        ["copy", path, copy],
        ["convert", path, new, "--report", report],
        ["transcript", new],
    ):
        done = run(*command)
        assert done.returncode == 0, done.stderr
    checked = run("check", path)
    assert checked.stdout.count(": converted: ") == len(formats)
    reports = [*map(json.loads, report.read_bytes().splitlines())]
    assert len(reports) == len(formats)
    for each in reports:
        counted = sum(each["kept"].values()) + sum(each["skipped"].values())
        assert each["records"] == each["mapped"] + counted
    with replay.open(path) as there:
        recorded = {each.session_id: [*each.events] for each in there}
    for written in (new, copy):
        with replay.open(written) as here:
            assert {each.session_id: [*each.events] for each in here} == recorded


@pytest.mark.slow
@_EACH_OTHER
def test_no_command_fails_oddly_on_a_file_of_another_kind(
    run: Run, path: Path, tmp_path: Path
) -> None:
    for command in (
        *(["ls", path], ["check", path], ["transcript", path]),
        ["run", "--plugin", "usage", path],
        ["convert", path, tmp_path / "new"],
    ):
        done = run(*command)
        assert done.returncode in {0, 1, 2}
        assert "Traceback" not in done.stderr
        assert done.stdout or done.stderr.startswith("replay: ")
