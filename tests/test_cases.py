"""Cases from public bug reports: what a user expected is what they get."""

import json
import unicodedata
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import pytest
from markdown_it import MarkdownIt

import replay
from replay import DELTA_FAMILY, Message, Session, ToolExchange, Turn
from replay.model.messages import Step
from replay_command import Run
from replay_plugins.redact import Redactor
from shared_data import shared_folder

FOLDER: Final = shared_folder() / "cases"
SUFFIX: Final = ".expected.json"
EXPECTED: Final[dict[str, dict[str, Any]]] = {
    path.name.removesuffix(SUFFIX): json.loads(path.read_bytes())
    for path in sorted(FOLDER.glob(f"*{SUFFIX}"))
}
#: The cases whose findings take rules that `replay check` does not have yet.
WAITING: Final = {
    "01-orphan-call-mid": "a call without a result, unanswered-call",
    "04-parallel-calls-empty-id": "two open calls with one id, repeated-call-id",
    "09-midstream-retry-deltas-only": "deltas that begin anew, restarted-deltas",
    "17-usage-on-every-block": "turns without a question, no-user-input",
    "18-fork-copies-history": "turns copied from another session, copied-history",
}
#: The code that a case's words for it stand for.
CODES: Final = {"the repeated final": "repeated-full", "the bad line": "bad-line"}
FORMS: Final = {
    *("turns", "check", "error", "cli", "markdown", "redacted"),
    "output_must_not_hold_controls",
}


def having(form: str) -> pytest.MarkDecorator:
    """Run a test with the name of each case that expects something in that form."""
    names = [
        pytest.param(name, marks=pytest.mark.xfail(reason=WAITING[name]))
        if form == "check" and name in WAITING
        else name
        for name, expected in EXPECTED.items()
        if form in expected
    ]
    return pytest.mark.parametrize("name", names or ["no case"])


@pytest.fixture
def path(name: str, shared: Path) -> Path:
    """Return the path of a case's file or folder."""
    index = json.loads((shared / "cases" / "INDEX.json").read_bytes())
    found: Path = FOLDER / index[name]["file"]
    if "utf16" in name and not found.read_bytes().startswith(
        (b"\xff\xfe", b"\xfe\xff")
    ):
        pytest.skip(f"{found.name} isn't in UTF-16 as its name says")
    return found


@pytest.fixture
def session(path: Path) -> Session:
    (only,) = replay.open(path)
    return only


def test_every_expectation_is_of_a_form_that_is_tried(shared: Path) -> None:
    assert (shared / "cases").samefile(FOLDER)
    assert EXPECTED
    for expected in EXPECTED.values():
        assert set(expected) - {"note", "hint"} <= FORMS
        assert set(expected) & FORMS


@having("turns")
def test_the_turns_are_what_was_expected(name: str, session: Session) -> None:
    turns, expected = replay.transcript(session).turns, EXPECTED[name]["turns"]
    assert [
        {key: ASPECTS[key](turn) for key in each}
        for turn, each in zip(turns, expected, strict=True)
    ] == expected


def _step(step: Step) -> list[object]:
    if isinstance(step, Message):
        return [step.kind, step.content]
    if isinstance(step, ToolExchange):
        call_id = (step.call or step.results[0]).call_id
        results = [each.result for each in step.results]
        return ["exchange", step.status, call_id, results]
    assert isinstance(step.raw, dict)
    return ["unknown", step.raw["type"]]


ASPECTS: Final[dict[str, Callable[[Turn], object]]] = {
    "status": lambda turn: turn.status,
    "user": lambda turn: turn.user_input and turn.user_input.content,
    "answer": lambda turn: turn.answer,
    "steps": lambda turn: [_step(step) for step in turn.steps],
}


@having("check")
def test_check_finds_what_was_expected(name: str, path: Path, run: Run) -> None:
    expected = EXPECTED[name]["check"]
    done = run("check", path, "--json")
    assert done.returncode == expected["exit"]
    codes = [json.loads(line)["code"] for line in done.stdout.splitlines()]
    if "codes" in expected:
        assert codes == expected["codes"]
    if "family" in expected:
        assert expected["family"] == "delta"
        assert DELTA_FAMILY.intersection(codes)
    if "any_code_about" in expected:
        assert CODES[expected["any_code_about"]] in codes


@having("error")
def test_what_cannot_be_read_is_refused_with_a_way_out(name: str, path: Path) -> None:
    assert EXPECTED[name]["error"] == "DecodeError"
    with pytest.raises(replay.DecodeError) as caught:
        [*replay.open(path)]
    told = f"{caught.value} {caught.value.hint}"
    for word in ("NaN", "nan=null"):
        assert word in EXPECTED[name]["hint"]
        assert word in told


@having("cli")
def test_a_command_ends_as_expected(name: str, path: Path, run: Run) -> None:
    for command, expected in EXPECTED[name]["cli"].items():
        done = run(command, path)
        assert done.returncode == expected["exit"]
        assert expected["stderr_says"] in done.stderr


@having("markdown")
def test_recorded_text_makes_no_heading(name: str, session: Session) -> None:
    told = replay.render(replay.transcript(session), format="markdown")
    tokens = MarkdownIt("commonmark").parse(told)
    headings = [
        inline.content
        for token, inline in pairwise(tokens)
        if token.type == "heading_open"
    ]
    recorded = {
        line.lstrip("# ") for text in _texts(session) for line in text.split("\n")
    }
    count = sum(each in recorded for each in headings)
    assert count == EXPECTED[name]["markdown"]["headings_from_recorded_text"]
    assert any(each.startswith("Turn 1") for each in headings)


def _texts(session: Session) -> list[str]:
    values = [each.as_object() for each in session.events]
    return [
        text
        for value in values
        if isinstance(value, dict)
        for text in value.values()
        if isinstance(text, str)
    ]


@having("redacted")
def test_no_piece_of_a_secret_is_left_after_redaction(
    name: str, session: Session
) -> None:
    secrets = EXPECTED[name]["redacted"]["must_not_hold"]
    redacted = Redactor().session(session)
    for given, is_clean in ((session, False), (redacted, True)):
        told = replay.render(replay.transcript(given), format="markdown")
        told += replay.dumps(given).decode() + "".join(_texts(given))
        for secret in secrets:
            assert (secret not in told) is is_clean


@having("output_must_not_hold_controls")
def test_control_characters_are_shown_and_kept_but_never_obeyed(
    name: str, path: Path, session: Session, run: Run
) -> None:
    assert EXPECTED[name]["output_must_not_hold_controls"] is True
    assert _controls("".join(_texts(session)))
    for form in ("text", "markdown"):
        assert not _controls(run("transcript", path, "--format", form).stdout)
    kept = json.loads(run("transcript", path, "--format", "json").stdout)
    assert _controls(kept["turns"][0]["answer"])


def _controls(text: str) -> set[str]:
    return {each for each in text if unicodedata.category(each) in ("Cc", "Cf")} - {
        "\n"
    }
