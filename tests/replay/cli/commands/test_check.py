"""``replay check``."""

import json
from collections.abc import Callable
from pathlib import Path

from replay.model.diagnostics import DELTA_FAMILY
from replay_command import Run

TEXT = {"type": "text", "content": "x"}
ODD = {"type": "video\nforged: event 1", "content": "x"}


def test_sessions_without_oddities_pass_in_silence(
    run: Run, session_file: Callable[..., Path]
) -> None:
    done = run("check", session_file(TEXT))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_an_oddity_is_a_line_and_exits_with_1(
    run: Run, session_file: Callable[..., Path]
) -> None:
    done = run("check", session_file(TEXT, ODD))
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout == (
        "ses-1: event 1: unknown-type: "
        "no event has the type 'video\\nforged: event 1'\n"
    )


def test_an_oddity_of_the_document_says_so(run: Run) -> None:
    done = run("check", "-", stdin=b"\xef\xbb\xbf[]")
    assert done.returncode == 1
    assert done.stdout.startswith("stdin: document: byte-order-mark: ")


def test_json_is_an_object_for_each_oddity(
    run: Run, session_file: Callable[..., Path]
) -> None:
    done = run("check", session_file(TEXT, ODD, ODD), "--json")
    assert done.returncode == 1
    first, second = map(json.loads, done.stdout.splitlines())
    assert (first["index"], second["index"]) == (1, 2)
    assert first == {
        "session_id": "ses-1",
        "code": "unknown-type",
        "index": 1,
        "detail": "no event has the type 'video\\nforged: event 1'",
    }


def test_deltas_that_differ_are_found_in_exactly_the_sessions_where_they_do(
    run: Run, shared: Path
) -> None:
    corpus = shared / "corpus"
    expected = json.loads((corpus / "expected.json").read_text(encoding="utf-8"))
    differing = {
        json.loads((corpus / "sessions" / f"{name}.json").read_bytes())["session_id"]
        for name, blocks in expected.items()
        if any(block["deltas_join_equal"] is False for block in blocks)
    }
    lines = run("check", corpus / "sessions", "--json").stdout.splitlines()
    found = {
        each["session_id"]
        for each in map(json.loads, lines)
        if each["code"] in DELTA_FAMILY
    }
    assert differing
    assert found == differing
