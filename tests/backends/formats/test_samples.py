"""The public samples of other formats: recognised, counted, read by each command."""

import csv
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
    "swe-agent": "openai-chat",
    "vcr-cassette": "vcr",
}
#: In names of lists of messages with their responses.
_COMPLETION: Final = "OpenHands__litellm_proxy__"
#: Samples, by what is in their names, that are none of the formats.
_OTHERS: Final = (
    "expected.json",  # results of others' tests
    "meta.json",  # beside a log
    "sse_streams.txt",  # begins with a heading, several streams in one file
    "Step12_ParallelToolCalls",  # what a library of another vendor recorded
    "test_bedrock_model",  # a cassette of calls that no format knows
    "test_agent_with_multiple_tools",  # so is this one
)


def _samples() -> list[tuple[Path, str | None]]:
    folder = shared_folder() / "formats" / "samples"
    return [*_listed(folder)] if folder.is_dir() else []


def _listed(folder: Path) -> Iterator[tuple[Path, str | None]]:
    with (folder / "MANIFEST.tsv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            name = row["file"]
            known = _FORMATS.get(row["format"])
            if name.startswith(_COMPLETION):
                known = "openai-chat"
            if any(each in name for each in _OTHERS):
                known = None
            yield folder / row["format"] / name, known


@pytest.mark.parametrize(
    ("path", "known"), [pytest.param(p, n, id=p.name[:40]) for p, n in _samples()]
)
def test_a_sample_is_what_it_is(path: Path, known: str | None) -> None:
    if known is not None:
        sessions = foreign.converted(path)
        assert {each.format for each in sessions} == {known}
        for session in sessions:
            assert session.report
            counts = session.report.as_object()
            kept, skipped = session.report.kept.total(), session.report.skipped.total()
            assert counts["records"] == session.report.mapped + kept + skipped
        return
    try:
        with replay.open(path) as source:
            assert {each.format for each in source} == {None}
    except replay.DecodeError as error:
        assert error.hint  # noqa: PT017 - it may be read, too


@pytest.mark.slow
@pytest.mark.parametrize(
    "path", [pytest.param(p, id=p.name[:40]) for p, known in _samples() if known]
)
def test_each_command_reads_a_sample(run: Run, path: Path, tmp_path: Path) -> None:
    for command in (
        *(["ls", path], ["check", path], ["transcript", path]),
        ["transcript", path, "--all", "--format", "markdown"],
        ["run", "--plugin", "usage", path],
        ["convert", path, tmp_path / "new", "--report", tmp_path / "report"],
        ["transcript", tmp_path / "new"],
    ):
        done = run(*command)
        assert done.returncode in {0, 1}, done.stderr
        assert done.returncode == 0 or command[0] == "check", done.stderr
    with replay.open(path) as there, replay.open(tmp_path / "new") as here:
        recorded = {each.session_id: [*each.events] for each in there}
        assert {each.session_id: [*each.events] for each in here} == recorded
