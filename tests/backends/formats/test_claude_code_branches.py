"""The tree of Claude Code's transcripts: branches, copies, compactions, sub-agents."""

import json
import tracemalloc
from pathlib import Path

import pytest

import foreign
import replay
from claude_code_records import (
    Record,
    assistant,
    brief,
    call,
    chained,
    lines_of,
    notes,
    result,
    sessions,
    text,
    user,
)
from replay_backends.formats.agent_logs.claude_code.outline import Outline
from replay_backends.formats.agent_logs.claude_code.text_numbers import TextNumbers
from replay_backends.formats.recording import Record as LoggedRecord
from replay_command import Run

END = {"stop_reason": "end_turn"}


def rewound() -> list[Record]:
    """Return a conversation that went back to its first answer, twice."""
    return [
        user("u1", "Go"),
        assistant("a1", text("Gone."), parent="u1"),
        user("u2", "Left", "a1"),
        assistant("a2", call(), parent="u2"),
        user("u3", "Left, too", "a1"),
        result("r", "c", parentUuid="a2"),  # late, of the first branch
        user("u4", "Kept", "a1"),
        assistant("a4", text("Well."), parent="u4"),
    ]


def test_only_the_last_branch_is_read(tmp_path: Path) -> None:
    (session,) = sessions(tmp_path, rewound())
    assert brief(session) == [
        "user_input: Go",
        "text: Gone.",
        "user_input: Kept",
        "text: Well.",
    ]
    assert notes(session) == [("dead-branch", "line:3", 4)]
    assert session.report
    assert session.report.skipped == {"dead-branch": 4}


def test_a_prompt_below_a_dead_record_is_alive(tmp_path: Path) -> None:
    records = [*rewound(), user("u5", "Back", "u2"), assistant("a5", parent="u5")]
    (session,) = sessions(tmp_path, records)
    assert brief(session)[-2:] == ["text: Well.", "user_input: Back"]


def test_all_branches_can_be_read_in_the_order_of_the_file(tmp_path: Path) -> None:
    (session,) = sessions(tmp_path, rewound(), branches="all")
    assert brief(session) == [
        "user_input: Go",
        "text: Gone.",
        "user_input: Left",
        "tool_call: Read",
        "user_input: Left, too",
        "tool_result: done",
        "user_input: Kept",
        "text: Well.",
    ]
    assert not notes(session)


def test_each_branch_can_be_a_session(tmp_path: Path) -> None:
    records = [*rewound(), '{"type": "broken']
    found = sessions(tmp_path, records, branches="separate")
    assert {each.session_id: brief(each) for each in found} == {
        "s": [
            "user_input: Go",
            "text: Gone.",
            "user_input: Kept",
            "text: Well.",
            "claude-code/line",
        ],
        "s~u2": ["user_input: Left", "tool_call: Read", "tool_result: done"],
        "s~u3": ["user_input: Left, too"],
    }
    counts = [each.report.records for each in found if each.report]
    assert sum(counts) == len(records)
    assert not any(code == "dead-branch" for code, *_ in notes(found[0]))


def test_dead_branches_are_kept_with_everything_else(tmp_path: Path) -> None:
    (session,) = sessions(tmp_path, rewound(), keep="all")
    assert brief(session).count("claude-code/dead-branch") == 4
    assert not notes(session)


def test_parallel_results_are_no_branches(tmp_path: Path) -> None:
    records = [
        user("u", "Go"),
        assistant("a1", call("c1"), parent="u", message={"id": "m"}),
        assistant("a2", call("c2"), parent="a1", message={"id": "m"}),
        result("r2", "c2", parentUuid="a2"),
        result("r1", "c1", parentUuid="a1"),
        assistant("b", text("Both."), parent="r1"),
        user("v", "Thanks", "b"),
    ]
    (session,) = sessions(tmp_path, records)
    assert len(session.events) == 7
    assert not notes(session)


def test_a_prompt_below_only_bookkeeping_leaves_no_branch(tmp_path: Path) -> None:
    hooks = chained("h", "a", type="attachment", attachment={"type": "hook_success"})
    records = [user("u", "Go"), assistant("a", parent="u"), hooks, user("v", "On", "a")]
    (session,) = sessions(tmp_path, records)
    assert brief(session) == ["user_input: Go", "user_input: On"]


def test_a_compaction_leaves_no_branch_whatever_the_parents_say(
    tmp_path: Path,
) -> None:
    for link in ({"parentUuid": "a1"}, {"logicalParentUuid": "a1"}):
        boundary = chained("c", type="system", subtype="compact_boundary")
        records = [
            user("u1", "Go"),
            chained("x", "u1", type="attachment", attachment={"type": "file"}),
            assistant("a1", text("Gone."), parent="x"),
            {**boundary, **link},
            user("s", "Summary", "c", isCompactSummary=True),
            user("u2", "On", "s"),
            user("u3", "Wrong parent", "x"),
        ]
        (session,) = sessions(tmp_path, records)
        assert len(session.events) == 7
        assert notes(session) == [("parent-before-boundary", "line:7", 1)]


def test_a_record_that_is_there_twice_counts_once(tmp_path: Path) -> None:
    said = [user("u", "Go"), assistant("a", text("Gone."), parent="u", message=END)]
    (session,) = sessions(tmp_path, [*said, *said, user("v", "On", "a")])
    assert [each.partition(":")[0] for each in brief(session)] == [
        "user_input",
        "text",
        "stop",
        "user_input",
    ]
    assert session.report
    assert session.report.skipped == {"repeated": 2}
    assert notes(session) == [("copied", "line:3", 2)]
    (whole,) = sessions(tmp_path, [*said, *said], keep="all")
    assert brief(whole).count("claude-code/repeated") == 2
    assert not notes(whole)


def test_records_that_are_glued_on_one_line_are_told_apart(tmp_path: Path) -> None:
    line = "".join(json.dumps(each) for each in (user("u", "Go"), user("v", "On", "u")))
    (session,) = sessions(tmp_path, [user("u", "Go"), line])
    assert brief(session) == ["user_input: Go", "user_input: On"]
    assert notes(session)[-1] == ("copied", "line:2", 1)


def test_records_that_are_their_own_ancestors_are_read(tmp_path: Path) -> None:
    records = [user("u", "Go", "a"), assistant("a", text("Yes."), parent="u")]
    (session,) = sessions(tmp_path, [*records, user("v", "On", "u")])
    assert brief(session) == ["user_input: On"]


def test_texts_keep_their_numbers_however_many_there_are() -> None:
    numbers, known = TextNumbers(), dict[str, int]()
    for number in range(3000):
        key = str(number * number % 1999)
        if number % 2:
            numbers[key] = known[key] = number
        else:
            assert numbers.setdefault(key, number) == known.setdefault(key, number)
    assert {each: numbers.get(each) for each in known} == known
    assert numbers.get("none") == -1


def test_an_outline_needs_little_memory() -> None:
    def peak(count: int) -> int:
        tracemalloc.start()
        outline = Outline()
        for number in range(count):
            said = assistant(
                f"{number:036}",
                text("Yes."),
                parent=f"{number - 1:036}",
                message={"id": f"{number:028}"},
            )
            outline.see(LoggedRecord(f"line:{number}", said))
        try:
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert (peak(8000) - peak(1000)) / 7000 < 100  # bytes; a text of an id has 85


def test_going_back_many_times_takes_linear_time(tmp_path: Path) -> None:
    prompts = [user(f"u{number}", "Again", "a") for number in range(3000)]
    records = [user("u", "Go"), assistant("a", text("Hm."), parent="u"), *prompts]
    (session,) = sessions(tmp_path, records)
    assert notes(session) == [("dead-branch", "line:3", 2999)]


# --- sub-agents


def of_agent(**more: object) -> list[Record]:
    members: Record = {"isSidechain": True, "agentId": "x1", **more}
    return [
        user("u", "Find it", **members),
        assistant("a", text("Found."), parent="u", **members),
    ]


def parent_of(session: replay.Session) -> object:
    return json.loads(replay.dumps(session)).get("imported", {}).get("parent")


def test_a_sub_agent_s_log_is_a_session_below_its_parent_s(tmp_path: Path) -> None:
    (session,) = sessions(tmp_path, of_agent())
    assert session.session_id == "s/agent-x1"
    assert parent_of(session) == {"session_id": "s", "agent_id": "x1"}
    assert brief(session) == ["user_input: Find it", "text: Found."]


def test_the_file_beside_it_names_the_call(tmp_path: Path) -> None:
    known = {"session_id": "s", "agent_id": "x1"}
    for sidecar, told in (
        ('{"toolUseId": "c"}', {"call_id": "c"}),
        ('{"agentType": "x", "toolUseId": 3}', {"meta": {"agentType": "x"}}),
        ("[]", {}),
        ("{", {}),
        (f'{{"x": "{"y" * (64 << 10)}"}}', {}),
    ):
        folder = tmp_path / "agents" / "below"
        folder.mkdir(exist_ok=True, parents=True)
        (folder / "agent-x1.meta.json").write_text(sidecar, "utf-8")
        (session,) = sessions(folder, of_agent(), "agent-x1.jsonl")
        assert parent_of(session) == {**known, **told}
        with replay.open(folder.parent, pattern="*.jsonl") as source:
            assert [parent_of(each) for each in source] == [{**known, **told}]


def test_that_file_is_no_session_by_itself(tmp_path: Path) -> None:
    (tmp_path / "agent-x1.meta.json").write_text('{"agentType": "x"}', "utf-8")
    assert len(sessions(tmp_path, of_agent(), "agent-x1.jsonl")) == 1
    with replay.open(f"claude-code:{tmp_path}") as source:
        assert [each.session_id for each in source] == ["s/agent-x1"]


def test_no_link_beside_it_is_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere.json").write_text('{"toolUseId": "c"}', "utf-8")
    (tmp_path / "agent-x1.meta.json").symlink_to(tmp_path / "elsewhere.json")
    (session,) = sessions(tmp_path, of_agent(), "agent-x1.jsonl")
    assert parent_of(session) == {"session_id": "s", "agent_id": "x1"}


def test_a_log_on_standard_input_has_nothing_beside_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text(lines_of(of_agent()), "utf-8")
    with path.open(encoding="utf-8") as file:
        monkeypatch.setattr("sys.stdin", file)
        with replay.open("-") as source:
            (session,) = source
    assert parent_of(session) == {"session_id": "s", "agent_id": "x1"}


def test_a_sub_agent_with_a_session_id_of_its_own_has_no_parent(
    tmp_path: Path,
) -> None:
    (session,) = sessions(tmp_path, of_agent(sessionId="agent-x1"))
    assert session.session_id == "agent-x1"
    assert parent_of(session) is None


def test_a_sub_agent_of_a_sub_agent_has_that_as_its_parent(tmp_path: Path) -> None:
    sidecar = '{"toolUseId": "c", "parentAgentId": "x0", "spawnDepth": 2}'
    (tmp_path / "agent-x1.meta.json").write_text(sidecar, "utf-8")
    (session,) = sessions(tmp_path, of_agent(), "agent-x1.jsonl")
    assert parent_of(session) == {
        "session_id": "s/agent-x0",
        "agent_id": "x1",
        "call_id": "c",
        "meta": {"parentAgentId": "x0", "spawnDepth": 2},
    }


def test_a_sub_agent_whose_records_do_not_name_it_is_named_as_its_file(
    tmp_path: Path,
) -> None:
    for name, session_id in (("agent-x2", "s/agent-x2"), ("log", "s")):
        records = of_agent(agentId=None)
        (session,) = sessions(tmp_path, records, f"{name}.jsonl")
        assert session.session_id == session_id
        assert (parent_of(session) is None) == (name == "log")


def test_sub_agents_records_in_their_parent_s_log_are_a_session_of_their_own(
    tmp_path: Path,
) -> None:
    inside = [{**each, "uuid": f"x{each['uuid']}"} for each in of_agent()]
    main, side = sessions(tmp_path, [user("u", "Go"), *inside, user("v", "On", "u")])
    assert (main.session_id, brief(main)) == ("s", ["user_input: Go", "user_input: On"])
    assert brief(side) == ["user_input: Find it", "text: Found."]
    assert side.session_id == "s/sidechains"
    assert parent_of(side) == {"session_id": "s"}
    assert [each.report.records for each in (main, side) if each.report] == [2, 2]


def test_a_line_with_records_of_both_sides_is_read_for_each_session(
    tmp_path: Path,
) -> None:
    inside = [{**each, "uuid": f"x{each['uuid']}"} for each in of_agent()]
    records = [user("u", "Go"), inside[0], user("v", "On", "u"), *inside[1:]]
    first, second, *others = map(json.dumps, records)
    lines = [first + second, "", "broken", *others, ""]
    path = tmp_path / "log.jsonl"
    path.write_text("\n".join(lines))
    main, side = replay.open(path)
    assert brief(main) == ["user_input: Go", "claude-code/line", "user_input: On"]
    assert brief(side) == ["user_input: Find it", "text: Found."]
    assert [each.report.records for each in (main, side) if each.report] == [3, 2]


# --- a directory of logs


def counted(number: int, parent: str | None = None, **more: object) -> Record:
    """Return a response that cost ten to the power of its number."""
    usage = {"input_tokens": 10**number, "output_tokens": 1}
    message = {"id": f"m{number}", "usage": usage, **END}
    return assistant(f"a{number}", text("Yes."), parent=parent, message=message, **more)


def test_each_response_in_a_directory_counts_once(tmp_path: Path, run: Run) -> None:
    agents = tmp_path / "s" / "subagents"
    agents.mkdir(parents=True)
    of_main = [user("u", "Go"), counted(0, parent="u"), counted(1, parent="a0")]
    of_fork = [
        user("u", "Go", sessionId="fork"),
        counted(0, parent="u", sessionId="fork", requestSessionId="s"),
        user("v", "Another way", "a0", sessionId="fork"),
        counted(2, parent="v", sessionId="fork"),
    ]
    logs = {
        tmp_path / "s.jsonl": of_main,
        tmp_path / "fork.jsonl": of_fork,
        tmp_path / "agent-old.jsonl": [counted(3, isSidechain=True, agentId="old")],
        agents / "agent-x1.jsonl": [counted(4, isSidechain=True, agentId="x1")],
    }
    for path, records in logs.items():
        path.write_text(lines_of(records), "utf-8")
    done = run("run", tmp_path, "--plugin", "usage:json=true")
    printed = json.loads(done.stdout)
    told = {each["session_id"]: each for each in printed["sessions"]}
    assert {name: each["total_input_tokens"] for name, each in told.items()} == {
        "fork": 101,
        "s": 11,
        "s/agent-old": 1000,
        "s/agent-x1": 10000,
    }
    assert printed["total"]["total_input_tokens"] == 11111
    assert printed["total"]["round_trips"] == 5
    (fork,) = foreign.converted(tmp_path / "fork.jsonl")
    assert notes(fork) == [("copied", "line:2", 1)]
