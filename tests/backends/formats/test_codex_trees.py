"""Directories of Codex's rollouts, some of which begin with the history of others."""

import gzip
import json
import pickle
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any, Final

import pytest

import foreign
import replay
from replay import Session
from replay.authoring import KEPT_IN_MEMORY
from replay_command import Run

Record = Mapping[str, Any]

PARENT, FORK, FORK_OF_FORK, SUBAGENT = (
    f"0190aaaa-0000-7000-8000-{n:012}" for n in range(4)
)
LATER: Final = "2026-12-01T10:00:00.000Z"  # when a history is copied
_clock = count()


def record(kind: str, **payload: object) -> Record:
    time = f"2026-11-30T10:00:00.{next(_clock) % 1000:03}Z"
    return {"timestamp": time, "type": kind, "payload": payload}


def meta(session_id: str, **members: object) -> Record:
    return record("session_meta", id=session_id, **members)


def item(kind: str, **members: object) -> Record:
    return record("response_item", type=kind, **members)


def shown(kind: str, **members: object) -> Record:
    return record("event_msg", type=kind, **members)


def message(role: str, text: str) -> Record:
    content = [{"type": f"{'in' if role == 'user' else 'out'}put_text", "text": text}]
    return item("message", role=role, content=content)


def total(tokens: int, last: int) -> Record:
    counts = (("total_token_usage", tokens), ("last_token_usage", last))
    info = {key: {"input_tokens": n, "output_tokens": n} for key, n in counts}
    return shown("token_count", info=info)


def turn(name: str, before: int, tokens: int) -> list[Record]:
    """Return the records of a turn of one response, whose sum is told twice."""
    return [
        shown("task_started", turn_id=name),
        message("user", f"Ask {name}"),
        item("function_call", name="f", arguments="{}", call_id=f"call-{name}"),
        item("function_call_output", call_id=f"call-{name}", output="ok"),
        message("assistant", f"Answer {name}"),
        total(before + tokens, tokens),
        total(before + tokens, tokens),
        shown("task_complete", turn_id=name),
    ]


def copied(records: list[Record]) -> list[Record]:
    return [{**each, "timestamp": LATER} for each in records]


def of_subagent(records: list[Record]) -> list[Record]:
    """Return what is copied to a sub-agent's log: no calls, and no results."""
    return [
        each
        for each in records
        if each["type"] != "response_item" or each["payload"]["type"] == "message"
    ]


HISTORY: Final = [meta(PARENT), *turn("p1", 0, 100)]
LOGS: Final = {
    f"2026/11/30/rollout-2026-11-30T10-00-00-{PARENT}": [
        *HISTORY,
        *turn("p2", 100, 150),
    ],
    f"2026/12/01/rollout-2026-12-01T10-00-00-{FORK}": [
        meta(FORK, forked_from_id=PARENT),
        *copied(HISTORY),
        total(100, 100),  # the sum of the history, once more
        *turn("f1", 100, 60),
    ],
    f"2026/12/01/rollout-2026-12-01T10-00-01-{SUBAGENT}": [
        meta(SUBAGENT, parent_thread_id=PARENT),
        *copied(of_subagent([*HISTORY, *turn("p2", 100, 150)])),
        *turn("s1", 250, 7),
    ],
}
LOGS[f"2026/12/02/rollout-2026-12-02T10-00-00-{FORK_OF_FORK}"] = [
    meta(FORK_OF_FORK),  # only the header that is copied names its parent
    *copied(LOGS[f"2026/12/01/rollout-2026-12-01T10-00-00-{FORK}"]),
    *turn("g1", 0, 20),  # its sum begins anew
]


def write(path: Path, records: list[Record]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{json.dumps(each)}\n" for each in records))
    return path


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return the directory of a session, a fork, the fork's fork, and a sub-agent."""
    for name, records in LOGS.items():
        write(tmp_path / "sessions" / f"{name}.jsonl", records)
    return tmp_path / "sessions"


def by_id(tree: Path) -> dict[str, Session]:
    return {each.session_id: each for each in foreign.converted(tree)}


def said(session: Session) -> list[str]:
    """Return what the user and the model said."""
    return [
        str(each["content"]) for each in foreign.plain(session) if "content" in each
    ]


def codes(session: Session) -> dict[str, int]:
    assert session.report
    return {each.code: each.count for each in session.report.notes}


def parent_of(session: Session) -> object:
    return json.loads(replay.dumps(session)).get("imported", {}).get("parent")


def naive_tokens(tree: Path) -> int:
    """Return the tokens of all turns, each told by its id, wherever it is recorded."""
    last: dict[str, int] = {}
    for path in tree.rglob("*.jsonl"):
        name = ""
        for line in path.read_text().splitlines():
            payload = json.loads(line)["payload"]
            name = payload.get("turn_id", name)
            if payload.get("type") == "token_count":
                last.setdefault(
                    name, payload["info"]["last_token_usage"]["input_tokens"]
                )
    return sum(last.values())


def test_what_was_said_and_paid_once_is_counted_once(tree: Path, run: Run) -> None:
    result = run("run", tree, "--plugin", "usage:json=true")
    assert result.returncode == 0, result.stderr
    told = json.loads(result.stdout)
    assert told["total"]["total_input_tokens"] == naive_tokens(tree)
    assert {
        each["session_id"]: each["total_input_tokens"] for each in told["sessions"]
    } == {
        PARENT: 250,
        FORK: 60,
        SUBAGENT: 7,
        FORK_OF_FORK: 20,
    }


def test_each_session_has_only_what_is_its_own(tree: Path) -> None:
    sessions = by_id(tree)
    assert {name: said(each) for name, each in sessions.items()} == {
        PARENT: ["Ask p1", "Answer p1", "Ask p2", "Answer p2"],
        FORK: ["Ask f1", "Answer f1"],
        SUBAGENT: ["Ask s1", "Answer s1"],
        FORK_OF_FORK: ["Ask g1", "Answer g1"],
    }
    assert {name: codes(each) for name, each in sessions.items()} == {
        PARENT: {},
        FORK: {"copied": 9},
        SUBAGENT: {"copied": 13},
        FORK_OF_FORK: {"copied": 19},
    }


def test_each_session_names_the_one_that_it_comes_from(tree: Path) -> None:
    assert {name: parent_of(each) for name, each in by_id(tree).items()} == {
        PARENT: None,
        FORK: {"session_id": PARENT, "as": "fork"},
        SUBAGENT: {"session_id": PARENT, "as": "subagent"},
        FORK_OF_FORK: {"session_id": FORK, "as": "fork"},
    }


def test_copies_are_kept_if_all_is(tree: Path) -> None:
    (session,) = foreign.converted(next(tree.rglob(f"*{SUBAGENT}.jsonl")), keep="all")
    assert session.report
    assert session.report.kept["copied"] == 13


def test_one_file_of_the_tree_finds_its_parent_s(tree: Path) -> None:
    (session,) = foreign.converted(next(tree.rglob(f"*{FORK}.jsonl")))
    assert codes(session) == {"copied": 9}


def test_a_parent_may_be_packed_and_lie_beside(tmp_path: Path) -> None:
    parent, fork, *_ = LOGS.values()
    data = "".join(f"{json.dumps(each)}\n" for each in parent).encode()
    (tmp_path / f"rollout-{PARENT}.jsonl.gz").write_bytes(gzip.compress(data))
    (session,) = foreign.converted(write(tmp_path / "fork.jsonl", fork))
    assert codes(session) == {"copied": 9}


def test_without_the_parent_s_log_all_is_kept_and_told(tmp_path: Path) -> None:
    _, fork, *_ = LOGS.values()
    (session,) = foreign.converted(write(tmp_path / "fork.jsonl", fork))
    assert said(session)[:2] == ["Ask p1", "Answer p1"]
    assert codes(session) == {"copied-history-possible": 1}


@pytest.mark.parametrize(
    "log",
    [
        [],
        [meta("another")],
        ["{"],
        [{"type": "session_meta", "payload": {"id": PARENT, "x": "\0"}}, "[NaN]"],
    ],
)
def test_a_file_that_is_only_called_like_the_parent_s_changes_nothing(
    log: list[object], tmp_path: Path
) -> None:
    lines = [each if isinstance(each, str) else json.dumps(each) for each in log]
    (tmp_path / f"{PARENT}.jsonl").write_text("\n".join(lines))
    _, fork, *_ = LOGS.values()
    (session,) = foreign.converted(write(tmp_path / "fork.jsonl", fork))
    assert said(session)[:2] == ["Ask p1", "Answer p1"]
    assert "copied-history-possible" in codes(session)


def test_a_log_that_names_itself_as_its_parent_is_its_own(tmp_path: Path) -> None:
    records = [meta(PARENT, forked_from_id=PARENT), *turn("p", 0, 1)]
    (session,) = foreign.converted(write(tmp_path / f"{PARENT}.jsonl", records))
    assert said(session) == ["Ask p", "Answer p"]


def test_a_broken_line_among_the_copies_is_kept(tree: Path) -> None:
    path = next(tree.rglob(f"*{FORK}.jsonl"))
    first, second, *rest = path.read_text().splitlines(keepends=True)
    path.write_text("".join([first, second, "{broken\n", *rest]))
    (session,) = foreign.converted(path)
    assert said(session) == ["Ask f1", "Answer f1"]
    assert codes(session) == {"copied": 9, "bad-line": 1}


def test_a_response_that_is_copied_is_not_counted_again(tmp_path: Path) -> None:
    used = {"input_tokens": 5, "output_tokens": 1}
    paid = record("token_usage_record", response_id="r", turn_id="t", usage=used)
    new = record("token_usage_record", response_id="s", turn_id="u", usage=used)
    begun = [meta(PARENT), message("user", "Hi"), paid]
    write(tmp_path / f"{PARENT}.jsonl", begun)
    fork = [meta(FORK, forked_from_id=PARENT), *copied(begun), message("user", "And?")]
    fork += [paid, new, shown("task_complete", turn_id="u")]
    (session,) = foreign.converted(write(tmp_path / "fork.jsonl", fork))
    *_, stop = foreign.plain(session)
    assert stop["usage"] == {
        "total_input_tokens": 5,
        "total_output_tokens": 1,
        "turns": 1,
    }


def test_a_large_fork_may_be_handed_to_another_process(tmp_path: Path) -> None:
    """The parent goes on, so that its log isn't read to the end."""
    parent, fork, *_ = LOGS.values()
    write(tmp_path / f"{PARENT}.jsonl", parent)
    long = message("assistant", "x" * KEPT_IN_MEMORY)
    with replay.open(write(tmp_path / "fork.jsonl", [*fork, long])) as source:
        (session,) = source
    restored = pickle.loads(pickle.dumps(session))  # noqa: S301 - our own
    assert [*restored.events] == [*session.events]
