"""Sessions of Gemini's CLI, and the stream that it prints."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import foreign
import replay
from marked_records import lost_marks
from replay import Session
from replay_backends.formats.agent_logs.gemini import Gemini
from replay_backends.formats.head import Head
from replay_command import run_here

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "formats" / "gemini.jsonl"
HEAD = {"sessionId": "g-1", "projectHash": "h", "lastUpdated": "2026-11-30T10:00:00Z"}
TOKENS = {"input": 100, "output": 5, "cached": 90, "thoughts": 3, "tool": 2}
INIT = {"type": "init", "session_id": "p-1", "model": "m"}

Read = Callable[..., Session]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Return the first session of the records."""

    def first(*records: object, **options: object) -> Session:
        path = tmp_path / "file.jsonl"
        path.write_text("".join(json.dumps(each) + "\n" for each in records))
        return foreign.converted(path, **options)[0]

    return first


def user(content: object = "Go", name: str = "u", **members: object) -> dict[str, Any]:
    return {"id": name, "type": "user", "content": content, **members}


def model(content: object = "", name: str = "m", **members: object) -> dict[str, Any]:
    return {"id": name, "type": "gemini", "content": content, **members}


def call(result: object = None, **members: object) -> dict[str, object]:
    return {"id": "c", "name": "f", "args": {"x": 1}, "result": result, **members}


def answer(output: object, call_id: str | None = "c") -> dict[str, object]:
    response = {"id": call_id, "name": "f", "response": {"output": output}}
    return {"functionResponse": response}


def imported(session: Session, index: int) -> Any:  # noqa: ANN401 - JSON
    return json.loads(replay.dumps(session))["events"][index].get("imported")


def types(session: Session) -> list[object]:
    return [each["type"] for each in foreign.plain(session)]


def contents(session: Session) -> list[object]:
    return [each.get("content") for each in foreign.plain(session)]


def codes(session: Session) -> list[str]:
    assert session.report
    return [each.code for each in session.report.notes]


def skipped(session: Session) -> dict[str, int]:
    assert session.report
    return dict(session.report.skipped)


def test_every_sample_is_recognized_and_its_tokens_are_right() -> None:
    names = ("input", "fixture", "tool_calls_with")
    paths = [
        path
        for path in foreign.samples("gemini-cli")
        if any(name in path.name for name in names)
    ]
    if not paths:
        pytest.skip("the shared data isn't there")
    for path in paths:
        document = json.loads(path.read_bytes())
        (session,) = foreign.converted(path)
        assert (session.format, session.session_id) == ("gemini", document["sessionId"])
        assert session.report
        assert session.report.records == len(document["messages"]) + 1  # the head
        counts = [each.get("tokens", {}) for each in document["messages"]]
        expected = [
            sum(each.get(first, 0) + each.get(second, 0) for each in counts)
            for first, second in (("input", "tool"), ("output", "thoughts"))
        ]
        usages = [
            each.usage for each in session.events if isinstance(each, replay.Stop)
        ]
        assert expected == [
            sum(usage.total_input_tokens or 0 for usage in usages),
            sum(usage.total_output_tokens or 0 for usage in usages),
        ]
        assert run_here("transcript", path).returncode == 0


def test_the_example_file_has_two_turns() -> None:
    (session,) = foreign.converted(EXAMPLE)
    assert session.generated_title == "Bread"
    assert session.last_updated_at == "2026-11-30T10:00:09.000000"
    assert types(session) == [
        *("gemini/injected", "user_input", "thinking", "tool_call", "tool_result"),
        *("text", "stop", "user_input", "gemini/error", "stop"),
    ]


def test_the_last_copy_of_a_message_counts_at_the_place_of_the_first(
    read: Read,
) -> None:
    session = read(HEAD, model("A"), user("B"), model("C"))
    assert contents(session) == ["C", "B"]
    assert skipped(session) == {"session": 1, "rewritten": 1}


def test_a_rewind_drops_the_messages_after_it(read: Read) -> None:
    records = [HEAD, user("A"), model("B"), {"$rewindTo": "m"}, model("C", "n")]
    session = read(*records)
    assert contents(session) == ["A", "C"]
    assert codes(session) == ["dead-branch"]
    session = read(HEAD, user("A"), {"$rewindTo": "?"}, {"$rewindTo": 3}, user("B"))
    assert contents(session) == ["B"]
    assert contents(read(*records, branches="all")) == ["A", "B", "C"]


def test_each_branch_may_be_a_session(read: Read, tmp_path: Path) -> None:
    back = {"$rewindTo": "m"}
    read(HEAD, user("A"), model("B"), back, model("C"), back, model("D"))
    with replay.open(tmp_path / "file.jsonl", branches="separate") as source:
        sessions = [*source]
    assert [(each.session_id, contents(each)) for each in sessions] == [
        *(("g-1", ["A", "D"]), ("g-1~m", ["B"]), ("g-1~line:6", ["C"])),
    ]
    assert skipped(sessions[1])["other-branch"] == 3


def test_a_checkpoint_sets_the_list_and_keeps_what_was_known(read: Read) -> None:
    checkpoint = [
        *(user("Poorer", "u"), "odd"),
        *({"id": "m", "model": "x"}, user("New", "n")),
    ]
    session = read(
        *(HEAD, user("A"), model("B", tokens=TOKENS), model("Gone", "o")),
        {"$set": {"messages": checkpoint}},
        {"$set": {"messages": checkpoint, "summary": "Title"}},
    )
    assert contents(session) == ["A", "B", None, "New"]
    assert imported(session, 1)["model"] == "x"
    assert (session.generated_title, codes(session)) == ("Title", ["compacted"])
    assert session.report
    assert (session.report.mapped, skipped(session)["$set"]) == (3, 1)


def test_a_result_that_occurs_twice_is_mapped_once(read: Read) -> None:
    session = read(
        HEAD,
        user(),
        model(toolCalls=[call([answer("x")])]),
        user([answer("x")], "r"),
        user([answer("x"), answer("y", "d"), {"text": "hint"}], "s"),
    )
    assert types(session)[1:] == [
        *("tool_call", "tool_result", "tool_result", "gemini/text"),
    ]
    assert skipped(session)["repeated-result"] == 1


def test_a_checkpoint_without_a_repeated_result_drops_nothing(read: Read) -> None:
    said = model(toolCalls=[call([answer("x")])])
    session = read(HEAD, said, user([answer("x")]), {"$set": {"messages": [said]}})
    assert codes(session) == []


def test_bookkeeping_is_kept_on_request(read: Read) -> None:
    session = read(HEAD, model("A"), model("B"), model(name="n"), keep="all")
    assert types(session) == [
        *("gemini/session", "gemini/rewritten", "text", "gemini/empty"),
    ]


def test_a_prompt_is_one_event_with_its_media_after_it(read: Read) -> None:
    image = {"inlineData": {"mimeType": "image/png", "data": ""}}
    session = read(HEAD, user([{"text": "A"}, image, "B", 3], displayContent="AB"))
    assert types(session) == ["user_input", "gemini/inlineData", "gemini/value"]
    assert contents(session)[0] == "A\n\nB"
    kept = {"id": "u", "displayContent": "AB", "blocks": 2, "media": 2}
    assert imported(session, 0) == kept
    assert contents(read(HEAD, user({"text": "A"}))) == ["A"]
    assert contents(read(HEAD, user(""))) == [""]


def test_the_session_s_context_and_notices_are_kept(read: Read) -> None:
    context = user([{"text": "\n<session_context>\nLinux"}])
    notices = [{"id": n, "type": n, "content": "A"} for n in ("info", "warning", "new")]
    session = read(HEAD, context, *notices, {"no": "type"})
    assert types(session) == [
        *("gemini/injected", "gemini/info", "gemini/warning", "gemini/new"),
        "gemini/untyped",
    ]


def test_an_error_ends_a_run_that_is_going_on(read: Read) -> None:
    error = {"id": "e", "type": "error", "content": "quota"}
    session = read(HEAD, error, user(), error | {"id": "f"}, error | {"id": "g"})
    assert types(session) == [
        *("gemini/error", "user_input", "gemini/error", "stop", "gemini/error"),
    ]
    assert foreign.plain(session)[3]["error"] == "quota"


def test_thoughts_are_told_once(read: Read) -> None:
    thought = {"subject": "Plan", "description": "Read.", "timestamp": "t"}
    part = {"text": "Hm.", "thought": True, "thoughtSignature": "s"}
    session = read(HEAD, model([part, "A"], thoughts=[thought]))
    assert contents(session) == ["Plan\nRead.", "A"]
    assert imported(session, 0) == {"timestamp": "t", "id": "m"}
    session = read(HEAD, model([part, {"text": ""}], thoughts=[]))
    assert contents(session) == ["Hm."]
    assert imported(session, 0) == {"signature": "s", "id": "m"}


def test_calls_come_before_their_results(read: Read) -> None:
    calls = [
        call([answer("x", "other")], status="success", displayName="F"),
        call([{"functionResponse": {"response": {"error": "no"}}}], status="error"),
        call("bare", id="d"),
        call([{"inlineData": {}}], id="e"),
        call(id="g", status="cancelled"),
    ]
    session = read(HEAD, model(toolCalls=calls, timestamp="2026-11-30T11:00:00Z"))
    events = foreign.plain(session)
    assert types(session)[5:] == [*["tool_result"] * 3, "gemini/inlineData"]
    assert [each["result"] for each in events[5:8]] == ["x", {"error": "no"}, "bare"]
    assert events[5]["call_id"] == "c"
    assert imported(session, 0)["displayName"] == "F"
    assert imported(session, 4)["status"] == "cancelled"
    assert imported(session, 6)["is_error"] is True
    assert session.last_updated_at == "2026-11-30T11:00:00.000000"


def test_without_tool_calls_the_parts_are_paired(read: Read) -> None:
    asked = {"functionCall": {"name": "f", "args": {}}}
    session = read(
        HEAD,
        model([asked, asked, {"functionCall": {"name": "f", "id": "c"}}]),
        user([answer("one", None), answer("three"), answer("two", None)]),
        user([answer("orphan", None)], "v"),
        model([asked], "n", toolCalls=[call()]),
    )
    events = foreign.plain(session)
    assert [(each["call_id"], each["result"]) for each in events[3:7]] == [
        *(("call-1", "one"), ("c", "three"), ("call-2", "two"), ("call-4", "orphan")),
    ]
    assert (len(events), codes(session)) == (8, ["id-made"])


def test_an_answer_with_its_tokens_ends_the_run(read: Read) -> None:
    session = read(
        HEAD,
        user(),
        model("A", toolCalls=[call()], tokens=TOKENS),
        model("B", "n", tokens=TOKENS | {"input": "many"}),
        user("Go", "v"),
        model("C", "o"),
    )
    assert types(session)[4:] == ["stop", "user_input", "text"]
    usage = {"total_input_tokens": 104, "total_output_tokens": 16, "turns": 2}
    assert foreign.plain(session)[4]["usage"] == usage


def test_a_response_that_says_nothing_ends_the_run_all_the_same(read: Read) -> None:
    session = read(HEAD, user(), model(tokens=TOKENS, model="x"))
    assert types(session) == ["user_input", "stop"]
    assert imported(session, 1) == {"id": "m", "tokens": TOKENS, "model": "x"}


def test_a_run_that_breaks_off_after_calls_ends_before_the_next_prompt(
    read: Read,
) -> None:
    asks = model(toolCalls=[call()], tokens=TOKENS)
    session = read(HEAD, user(), asks, user("No.", "v"))
    assert types(session) == ["user_input", "tool_call", "stop", "user_input"]
    assert types(read(HEAD, user(), asks))[-1] == "stop"


def test_a_run_whose_last_response_has_no_tokens_has_no_end(read: Read) -> None:
    asks = model(toolCalls=[call()], tokens=TOKENS)
    session = read(HEAD, asks, model("A", "n"))
    assert (types(session), codes(session)) == (
        *(["tool_call", "text"], ["usage-without-stop"]),
    )


def test_an_older_document_is_read_as_the_list_that_it_is(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    for document, found in [
        ({**HEAD, "messages": [user("A"), "odd"]}, ["user_input", "gemini/line"]),
        ({"messages": [model("A")]}, ["text"]),
        ({**HEAD, "messages": 3}, []),
    ]:
        path.write_text(json.dumps(document))
        (session,) = foreign.converted(path)
        assert types(session) == found


def test_what_is_missing_does_not_raise(read: Read) -> None:
    session = read(
        *(HEAD, {"type": "user"}, {"type": "gemini"}, {"type": "gemini", "content": 3}),
        model(thoughts=[{}], toolCalls=[{}], tokens=3),
        {"$set": 3},
        {"$set": {"messages": 3}},
        {"type": "info", "timestamp": 7},
        user([answer("x", [])], "r", at=1, part=2),  # type: ignore[arg-type]
        model(name="o", toolCalls=[call([{}])]),
    )
    assert types(session) == [
        *("gemini/user", "gemini/value", "tool_call", "gemini/untyped", "gemini/info"),
        *("tool_result", "tool_call", "gemini/part"),
    ]
    assert codes(session) == ["missing-field", "id-made"]


def test_a_broken_line_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "file.jsonl"
    path.write_text(json.dumps(HEAD) + '\n{"id": \n' + json.dumps(user()) + "\n")
    (session,) = foreign.converted(path)
    assert (types(session), codes(session)) == (
        *(["gemini/line", "user_input"], ["bad-line"]),
    )


def test_a_printed_stream_tells_prompts_answers_and_calls(read: Read) -> None:
    used = {"type": "tool_use", "tool_name": "f", "tool_id": "c", "parameters": {}}
    said = {"type": "message", "role": "assistant", "delta": True}
    stats = {"total_tokens": 320, "input_tokens": 303, "output_tokens": 12}
    session = read(
        INIT | {"timestamp": "2026-11-30T10:00:00Z"},
        {"type": "message", "role": "user", "content": "Go"},
        *(said | {"content": "A", "timestamp": "t"}, said | {"content": ""}),
        *(used, {"type": "tool_result", "tool_id": "c", "status": "success"}),
        {"type": "tool_result", "tool_id": "c", "status": "error", "error": "no"},
        {"type": "message", "role": "assistant", "content": "B"},
        {"type": "error", "severity": "warning", "message": "slow"},
        {"type": "result", "status": "success", "stats": stats | {"duration_ms": 7}},
    )
    assert session.session_id == "p-1"
    events = foreign.plain(session)
    assert [each["type"] for each in events] == [
        *("user_input", "text_delta", "tool_call", "tool_result", "tool_result"),
        *("text", "gemini/error", "stop"),
    ]
    assert (events[3]["result"], events[4]["result"]) == (None, "no")
    assert imported(session, 4) == {"status": "error", "is_error": True}
    assert events[7]["usage"] == {
        "total_input_tokens": 303,
        "total_output_tokens": 17,
        "duration_ms": 7.0,
    }
    assert skipped(session) == {"init": 1, "empty": 1}


def test_a_printed_run_may_fail(read: Read) -> None:
    for error, told in [
        ({"type": "E", "message": "quota"}, "quota"),
        ("quota", "quota"),
        (None, "error"),
    ]:
        result = {"type": "result", "status": "error", "error": error}
        (event,) = foreign.plain(read(INIT, result))
        assert (event["is_error"], event["error"]) == (True, told)


def test_odd_records_of_a_printed_stream_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "file.jsonl"
    records = [INIT, {"type": "tool_use"}, {}, {"type": "result", "stats": 3}]
    path.write_text("\n".join(map(json.dumps, records)) + "\nodd\n")
    (session,) = foreign.converted(path)
    assert types(session) == [
        *("gemini/tool_use", "gemini/untyped", "stop", "gemini/line"),
    ]
    assert codes(session) == ["missing-field", "bad-line"]


def test_a_first_line_that_is_cut_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "file.jsonl"
    path.write_text('{"sessionId": "g')
    (session,) = foreign.converted(path, format="gemini")
    assert (types(session), codes(session)) == (["gemini/line"], ["torn-line"])


@pytest.mark.slow
def test_a_log_or_printed_stream_that_is_cut_is_a_beginning(tmp_path: Path) -> None:
    path = tmp_path / "file.jsonl"
    said = {"type": "message", "role": "assistant", "content": "A"}
    result = {"type": "result", "status": "success"}
    for records in (
        [HEAD, user(), model("A"), model("A", "n", tokens=TOKENS)],
        [INIT, said, result],
    ):
        data = "\n".join(map(json.dumps, records)).encode()
        path.write_bytes(data)
        whole = foreign.plain(foreign.converted(path)[0])
        for size in range(len(json.dumps(records[0])), len(data)):
            path.write_bytes(data[:size])
            with replay.open(str(path), format="gemini") as source:
                (session,) = source
            events = foreign.plain(session)
            found = [each for each in events if each["type"] != "gemini/line"]
            assert found == whole[: len(found)]
            assert len(events) - len(found) <= 1


def test_what_is_not_gemini_s_is_not_taken_for_it(tmp_path: Path) -> None:
    values: list[object] = [{"type": "init", "session_id": "s"}, [3], "text"]
    for value in [*values, [{"candidates": [{}]}]]:
        head = Head(json.dumps(value).encode(), is_whole=True)
        assert not Gemini().recognizes(head)
    path = tmp_path / "file.json"
    path.write_text('{"a": 1}')
    with pytest.raises(replay.DecodeError, match="isn't a recording of Gemini"):
        replay.open(str(path), format="gemini").session("file")


def test_tokens_of_a_response_that_says_nothing_are_the_turn_s_before(
    read: Read,
) -> None:
    answered = [user(), model("A", tokens=TOKENS), model("", "n", tokens=TOKENS)]
    session = read(HEAD, *answered)
    assert types(session) == ["user_input", "text", "stop"]
    usage = {"total_input_tokens": 204, "total_output_tokens": 16, "turns": 2}
    assert foreign.plain(session)[2]["usage"] == usage
    assert imported(session, 2)["further_runs"] == [{"id": "n", "tokens": TOKENS}]


def test_a_sub_agent_s_file_names_the_session_whose_folder_it_is_in(
    tmp_path: Path,
) -> None:
    """Each response of the tree is counted once, as a naive count by message id is."""
    head = {"projectHash": "h", "kind": "main"}
    logs = {
        "session-1.jsonl": [
            head | {"sessionId": "g-1"},
            user(),
            model("A", tokens=TOKENS),
        ],
        "g-1/one.jsonl": [
            head | {"sessionId": "one", "kind": "subagent"},
            *(
                user(name="v"),
                model("B", "n", tokens=TOKENS),
                model("B", "n", tokens=TOKENS),
            ),
        ],
        "g-1/two.jsonl": [
            head | {"sessionId": "g-1", "kind": "subagent"},
            model("C", "o"),
        ],
    }
    for name, records in logs.items():
        path = tmp_path / "chats" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(each) + "\n" for each in records))
    sessions = {each.session_id: each for each in foreign.converted(tmp_path / "chats")}
    headers = {name: json.loads(replay.dumps(each)) for name, each in sessions.items()}
    link = {"parent": {"session_id": "g-1", "as": "subagent"}}
    assert {name: each.get("imported") for name, each in headers.items()} == {
        "one": link,
        "g-1/two": link,
        "g-1": None,
    }
    told = [
        each["usage"]
        for name in sessions
        for each in headers[name]["events"]
        if each["type"] == "stop"
    ]
    naive = {
        each["id"]: each["tokens"]
        for log in logs.values()
        for each in log
        if "tokens" in each
    }
    assert sum(each["total_input_tokens"] for each in told) == sum(
        each["input"] + each["tool"] for each in naive.values()
    )


def test_what_is_of_another_kind_than_expected_is_not_lost(read: Read) -> None:
    odd: dict[str, Any] = {
        "thoughts": [{"subject": 5, "description": "D"}, "loose"],
        "toolCalls": {"a": 1},
    }
    session = read(HEAD, model("A", **odd))
    assert contents(session) == ["D", "A"]
    kept = {"subject": 5, "id": "m", "thoughts": ["loose"], "toolCalls": {"a": 1}}
    assert imported(session, 0) == kept


def test_a_checkpoint_may_hold_an_id_twice(read: Read) -> None:
    twice = {"$set": {"messages": [user("A"), user("B")]}}
    assert contents(read(HEAD, user("A"), twice)) == ["A", "B"]
    session = read(HEAD, user("A"), twice, {"$set": {"messages": [user("C", "v")]}})
    assert (contents(session), skipped(session)["$set"]) == (["C"], 1)


def test_no_member_of_another_kind_than_expected_is_lost() -> None:
    thought, asked = {"subject": "S", "description": "D"}, call([answer("x")])
    parts = [{"text": "T"}, {"functionCall": {"name": "h", "args": {}, "id": "j"}}]
    records = [
        user([{"text": "A"}]),
        model("B", "n", thoughts=[thought], toolCalls=[asked], tokens=TOKENS),
        model(parts, "o"),
        user([answer("y", "j")], "p"),
    ]
    # The id that a call's result repeats is the call's, whatever it is.
    repeated = "/1/toolCalls/0/result/0/functionResponse/id"
    assert lost_marks(records, "gemini", Gemini(), HEAD) == {repeated}


def test_no_odd_member_of_a_printed_stream_is_lost() -> None:
    records = [
        {"type": "message", "role": "user", "content": "Go"},
        {"type": "message", "role": "assistant", "content": "A", "delta": True},
        {"type": "tool_use", "tool_name": "f", "tool_id": "c", "parameters": {"a": 1}},
        {"type": "tool_result", "tool_id": "c", "status": "success", "output": "x"},
        {"type": "result", "status": "error", "stats": {"total_tokens": 3}},
    ]
    assert lost_marks(records, "gemini", Gemini(), INIT) == set()
