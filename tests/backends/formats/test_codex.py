"""Rollouts of the Codex CLI."""

import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest

import foreign
import replay
from marked_records import lost_marks
from replay import Limits, Session
from replay.authoring import SourceText
from replay_backends.formats.agent_logs.codex import Codex
from replay_backends.formats.conversion import ConvertedText
from replay_backends.formats.head import Head
from replay_backends.formats.recording import ImportOptions, Recording
from replay_command import Run

PAGE = "codex-rollout"
EXAMPLES = [*foreign.examples(PAGE)]
SAMPLES = foreign.samples(PAGE)
MADE_UP = Path(__file__).parents[3] / "examples" / "formats" / "codex.jsonl"

TIME: Final = "2026-11-30T10:00:00.000Z"
PASSTHROUGH: Final = "internal_chat_message_metadata_passthrough"

needs_shared = pytest.mark.skipif(
    not SAMPLES, reason="the shared test data is not there"
)

Record = Mapping[str, Any]


def record(kind: str, **payload: object) -> dict[str, Any]:
    return {"timestamp": TIME, "type": kind, "payload": payload}


def meta(**members: object) -> dict[str, Any]:
    return record("session_meta", **{"id": "th", "cli_version": "0.9"} | members)


def item(kind: str, **members: object) -> dict[str, Any]:
    return record("response_item", type=kind, **members)


def shown(kind: str, **members: object) -> dict[str, Any]:
    return record("event_msg", type=kind, **members)


def said(text: str, role: str = "assistant", **members: object) -> dict[str, Any]:
    kind = "output_text" if role == "assistant" else "input_text"
    content = [{"type": kind, "text": text}]
    return item("message", role=role, content=content, **members)


def asked(text: str, **members: object) -> dict[str, Any]:
    return said(text, "user", **members)


def total(tokens_in: int, tokens_out: int, last: tuple[int, int]) -> dict[str, Any]:
    """Return a record of the session's tokens so far, and the last response's."""
    return shown(
        "token_count",
        info={
            "total_token_usage": usage(tokens_in, tokens_out),
            "last_token_usage": usage(*last),
        },
    )


def usage(tokens_in: int, tokens_out: int) -> dict[str, int]:
    return {"input_tokens": tokens_in, "output_tokens": tokens_out}


def tokens(response: str, turn: str, used: dict[str, int]) -> dict[str, Any]:
    ids = {"response_id": response, "turn_id": turn}
    return record("token_usage_record", **ids, usage=used)


def write(folder: Path, *records: object) -> Path:
    path = folder / "rollout.jsonl"
    lines = [each if isinstance(each, str) else json.dumps(each) for each in records]
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def read(folder: Path, *records: object, **options: object) -> Session:
    """Return the session of a rollout with the records."""
    (session,) = foreign.converted(write(folder, *records), **options)
    assert session.format == "codex"
    report = session.report
    assert report
    assert report.records == len(records)
    return session


def events(session: Session) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(replay.dumps(session))["events"]
    return found


def outcome(session: Session) -> list[tuple[str, object]]:
    """Return each event's type, and what it says."""
    return [
        (each["type"], each.get("content", each.get("error", each.get("name"))))
        for each in events(session)
    ]


def stops(session: Session) -> list[dict[str, Any]]:
    return [each["usage"] for each in events(session) if each["type"] == "stop"]


def kept(session: Session) -> Counter[str]:
    assert session.report
    return session.report.kept


def skipped(session: Session) -> Counter[str]:
    assert session.report
    return session.report.skipped


def notes(session: Session) -> list[tuple[str, str, int]]:
    assert session.report
    return [(each.code, each.at, each.count) for each in session.report.notes]


# The page's examples, and the samples


@needs_shared
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda each: each.name)
def test_examples_give_the_events_of_the_page(
    example: foreign.Example, tmp_path: Path
) -> None:
    session = read(tmp_path, *example.text.splitlines())
    assert foreign.plain(session) == example.events


@needs_shared
def test_the_rolled_back_prompt_of_the_page_is_reported(tmp_path: Path) -> None:
    session = read(tmp_path, *EXAMPLES[1].text.splitlines())
    assert session.report
    assert session.report.as_object()["items"] == [
        {"code": "dead-branch", "at": "line:11", "count": 1, "what": "dropped"}
    ]


@needs_shared
@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_samples_are_read(path: Path, run: Run) -> None:
    (session,) = foreign.converted(path)
    assert session.format == "codex"
    assert session.report
    assert session.report.records == len(path.read_text().splitlines())
    assert run("transcript", path).returncode in (0, 1)


@needs_shared
@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_tokens_of_samples_are_those_of_a_naive_count(path: Path) -> None:
    """No sample has a record a response; each growth of the sum is a response."""
    found = [json.loads(line)["payload"] for line in path.read_text().splitlines()]
    expected: Counter[str] = Counter()
    before: dict[str, int] | None = None
    for payload in found:
        info = payload.get("info") or {}
        if payload.get("type") != "token_count" or "total_token_usage" not in info:
            continue
        now = info["total_token_usage"]
        is_new = before is None or now["input_tokens"] < before["input_tokens"]
        for key in ("input_tokens", "output_tokens"):
            last = info["last_token_usage"][key]
            expected[key] += (
                last if before is None or is_new else now[key] - before[key]
            )
        before = now
    (session,) = foreign.converted(path)
    told: Counter[str] = Counter()
    for event in events(session):
        used = event.get("usage") or event.get("imported", {}).get("usage", {})
        told["input_tokens"] += used.get("total_input_tokens", 0)
        told["output_tokens"] += used.get("total_output_tokens", 0)
    if path.name == "jazzyalex__codex_053_rate_limit.jsonl":  # it says nothing else
        assert notes(session) == [("usage-without-stop", "line:2", 1)]
    else:
        assert told == expected


def converted(data: bytes) -> list[Mapping[str, object]]:
    """Return the events of a rollout's bytes, without a file."""
    text, limits = SourceText(partial(io.BytesIO, data)), Limits()
    head = Head(data, is_whole=True)
    recording = Recording(text, head, "rollout", limits, ImportOptions())
    (conversion,) = Codex().conversions(recording)
    made = ConvertedText("codex", conversion, "rollout")
    return foreign.plain(made.session(strict=False, limits=limits))


def assert_grows(data: bytes, ends: Iterable[int]) -> None:
    """Check that data cut there give a beginning of the whole one's events."""
    expected = converted(data)
    complete = 0
    for end in ends:
        found = converted(data[:end])
        if found and found[-1]["type"] == "codex/line":  # the one that is cut
            found.pop()
        assert found == expected[: len(found)]
        assert len(found) >= complete
        complete = len(found)


@needs_shared
@pytest.mark.slow
def test_a_growing_sample_gives_a_beginning_of_its_events() -> None:
    (path,) = (each for each in SAMPLES if each.name.startswith("es617"))
    data = path.read_bytes()
    assert_grows(data, range(len(data)))


def test_the_made_up_example_may_be_cut_anywhere() -> None:
    data = MADE_UP.read_bytes()
    assert_grows(data, range(0, len(data), 19))


def test_the_made_up_example_is_a_clean_session(run: Run) -> None:
    (session,) = foreign.converted(MADE_UP)
    assert outcome(session) == [
        ("codex/injected", None),
        ("user_input", "Does the test of the greeting pass?"),
        ("thinking", "I run it."),
        ("tool_call", "exec_command"),
        ("tool_result", "exec_command"),
        ("text", "Yes, it passes."),
        ("stop", None),
    ]
    assert stops(session) == [
        {
            "total_input_tokens": 655,
            "total_output_tokens": 31,
            "turns": 2,
            "duration_ms": 3100,
        }
    ]
    assert run("check", MADE_UP).returncode == 0


def changed(value: object) -> Iterator[object]:
    """Yield a JSON value with each part of it left out, or of another kind."""
    if isinstance(value, dict):
        for key in value:
            yield {k: v for k, v in value.items() if k != key}
            yield from ({**value, key: each} for each in changed(value[key]))
    elif isinstance(value, list):
        for place, item in enumerate(value):
            for each in changed(item):
                yield [*value[:place], each, *value[place + 1 :]]
    for other in (None, 1, "x", [], [1], {}, {"type": 1}):
        if type(other) is not type(value):
            yield other


def assert_nothing_raises(records: Sequence[object]) -> None:
    """Check that whatever is missing or wrong in a record, a session is read."""
    for place, whole in enumerate(records):
        for each in changed(whole):
            if isinstance(each, dict):
                lines = [*records[:place], each, *records[place + 1 :]]
                converted("".join(f"{json.dumps(line)}\n" for line in lines).encode())


def test_nothing_that_is_missing_raises() -> None:
    assert_nothing_raises(
        [
            meta(source={"subagent": {"thread_spawn": {"parent_thread_id": "p"}}}),
            asked("A", **provenance("user"), metadata={"compaction_output": False}),
            item("function_call", name="f", arguments="{}", call_id="c"),
            item(
                "function_call_output",
                call_id="c",
                output={"content": "", "success": 1},
            ),
            total(5, 1, (5, 1)),
            tokens("r", "t", usage(5, 1)),
            shown("item_completed", item={"type": "Plan", "content": [{"text": ""}]}),
            shown("task_complete", turn_id="t", duration_ms=1, error={"message": "E"}),
            record("compacted", message=""),
        ]
    )


@needs_shared
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda each: each.name)
def test_nothing_that_is_missing_in_an_example_raises(example: foreign.Example) -> None:
    assert_nothing_raises([json.loads(line) for line in example.text.splitlines()])


# How it is recognized


def recognizes(*records: object, data: bytes = b"") -> bool:
    data = data or b"".join(json.dumps(each).encode() + b"\n" for each in records)
    return Codex().recognizes(Head(data, is_whole=True))


def test_a_rollout_is_recognized_by_any_of_its_records() -> None:
    assert recognizes({"type": "new"}, meta())
    assert recognizes(meta())
    assert recognizes({"id": "a", "timestamp": TIME, "instructions": None})
    assert recognizes({"id": "a", "timestamp": TIME, "git": {}}, {"type": "message"})


def test_other_files_are_not_taken_for_rollouts() -> None:
    assert not recognizes({"type": "response_item"})
    assert not recognizes({"id": "a", "timestamp": TIME})
    assert not recognizes({"id": "a", "timestamp": TIME, "git": 1, "type": "x"})
    assert not recognizes(data=b'[{"type":"event_msg","payload":{}}]')
    assert not recognizes(data=b"data: {}")
    assert not recognizes({"type": "thread.started"})


def test_a_first_record_may_be_longer_than_what_is_looked_at(tmp_path: Path) -> None:
    long = meta(base_instructions={"text": "x" * 70_000})
    assert outcome(read(tmp_path, long, asked("Hi"))) == [("user_input", "Hi")]


def test_a_format_may_be_named(tmp_path: Path) -> None:
    path = write(tmp_path, asked("Hi"))
    with replay.open(f"codex:{path}") as source:
        (session,) = source
    assert session.session_id == "rollout"


# The header


def test_the_header_comes_from_the_first_header_and_the_events(tmp_path: Path) -> None:
    session = read(
        tmp_path,
        meta(id="first"),
        asked("Hi") | {"timestamp": "2026-11-30T12:00:00.5+01:00"},
        shown("thread_name_updated", thread_name="A greeting"),
        shown("thread_name_updated"),
    )
    assert session.session_id == "first"
    assert session.generated_title == "A greeting"
    assert str(session.last_updated_at) == "2026-11-30T11:00:00.500000"
    assert session.report
    assert session.report.version == "0.9"


def test_an_id_may_be_the_session_s_or_the_file_s(tmp_path: Path) -> None:
    assert read(tmp_path, meta(id=None, session_id="s")).session_id == "s"
    assert read(tmp_path, meta(id=7)).session_id == "rollout"


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"parent_thread_id": "p"}, {"session_id": "p", "as": "subagent"}),
        (
            {"source": {"subagent": {"thread_spawn": {"parent_thread_id": "p"}}}},
            {"session_id": "p", "as": "subagent"},
        ),
        ({"forked_from_id": "p"}, {"session_id": "p", "as": "fork"}),
    ],
)
def test_the_parent_stands_in_the_header(
    members: dict[str, object], expected: object, tmp_path: Path
) -> None:
    session = read(tmp_path, meta(**members), said("Done."))
    document = json.loads(replay.dumps(session))
    assert document["imported"] == {"parent": expected}
    assert notes(session) == [("copied-history-possible", "line:1", 1)]


def test_a_second_header_may_begin_a_copied_history(tmp_path: Path) -> None:
    session = read(tmp_path, meta(), meta(id="p"), meta(id="q"), said("Done."))
    assert session.session_id == "th"
    assert notes(session) == [("copied-history-possible", "line:2", 1)]


def test_a_header_that_is_written_again_begins_no_copies(tmp_path: Path) -> None:
    session = read(tmp_path, meta(), said("Hi."), meta(), said("Done."))
    assert outcome(session) == [("text", "Hi."), ("text", "Done.")]
    assert notes(session) == []


@pytest.mark.parametrize(
    "members",
    [
        {"subagent_history_start_ordinal": 3},
        {"history_base": {"end_ordinal_exclusive": 3}},
    ],
)
def test_copied_records_are_left_out(
    members: dict[str, object], tmp_path: Path
) -> None:
    session = read(
        tmp_path,
        meta(**members) | {"ordinal": 0},
        meta(id="p") | {"ordinal": 1},
        total(900, 90, (900, 90)) | {"ordinal": 2},
        asked("Mine") | {"ordinal": 3},
        said("Done.") | {"ordinal": 4},
        total(910, 92, (10, 2)) | {"ordinal": 5},
        shown("task_complete") | {"ordinal": 6},
    )
    assert outcome(session) == [
        ("user_input", "Mine"),
        ("text", "Done."),
        ("stop", None),
    ]
    assert notes(session) == [("copied", "line:2", 2)]
    assert stops(session) == [
        {"total_input_tokens": 10, "total_output_tokens": 2, "turns": 1}
    ]


# What the user said


def provenance(*types: str | None) -> dict[str, object]:
    found = [{"provenance": {"type": each}} if each else None for each in types]
    return {PASSTHROUGH: {"content_item_metadata": found}}


def test_what_a_user_wrote_is_marked_in_newer_logs(tmp_path: Path) -> None:
    session = read(
        tmp_path,
        asked("<turn_context> is what I wrote", **provenance("user")),
        asked("Rules", **provenance("harness")),
        asked("Kind", **{PASSTHROUGH: {"content_item_kinds": ["user.text"]}}),
        asked("Rules", **{PASSTHROUGH: {"content_item_kinds": ["skills.all"]}}),
        asked("Unmarked", **provenance(None)),
        asked("Odd", **{PASSTHROUGH: {"content_item_metadata": 1}}),
        asked("Odder", **{PASSTHROUGH: 1}),
    )
    assert outcome(session) == [
        ("user_input", "<turn_context> is what I wrote"),
        ("codex/injected", None),
        ("user_input", "Kind"),
        ("codex/injected", None),
        ("user_input", "Unmarked"),
        ("user_input", "Odd"),
        ("user_input", "Odder"),
    ]


def test_what_codex_adds_to_a_prompt_is_kept_beside_it(tmp_path: Path) -> None:
    content = [{"type": "input_text", "text": text} for text in "abc"]
    session = read(
        tmp_path,
        item("message", role="user", content=content, **provenance("user", "tool")),
    )
    assert outcome(session) == [("user_input", "a\n\nc"), ("codex/injected", None)]
    assert events(session)[0]["imported"]["blocks"] == 2
    assert events(session)[1]["record"] == content[1]


def test_older_logs_tell_prompts_a_second_time(tmp_path: Path) -> None:
    session = read(
        tmp_path,
        asked("Warning: too many processes"),
        asked("Do  it\n"),
        shown("user_message", message="Do it"),
        asked("<turn_context> is mine"),
        shown("user_message", message="<turn_context> is mine"),
    )
    assert outcome(session) == [
        ("codex/injected", None),
        ("user_input", "Do  it\n"),
        ("user_input", "<turn_context> is mine"),
    ]
    assert skipped(session) == {"user_message": 2}


def test_events_do_not_count_if_most_prompts_have_none(tmp_path: Path) -> None:
    prompts = [asked(text) for text in ("One", "Two", "Three")]
    session = read(tmp_path, shown("user_message", message="One"), *prompts)
    assert [text for _, text in outcome(session)] == ["One", "Two", "Three"]


def test_an_event_is_a_prompt_only_if_no_message_is(tmp_path: Path) -> None:
    event = shown("user_message", message="Look", images=["data:,"], local_images=[])
    session = read(tmp_path, event, said("Nice."))
    assert outcome(session) == [
        ("user_input", "Look"),
        ("codex/image", None),
        ("text", "Nice."),
    ]
    assert events(session)[0]["imported"]["media"] == 1
    session = read(tmp_path, event, asked("<turn_aborted>"), said("Nice."))
    assert outcome(session) == [("codex/injected", None), ("text", "Nice.")]


def test_images_stand_behind_their_prompt(tmp_path: Path) -> None:
    image = {"type": "input_image", "image_url": "data:,"}
    tag = '<image name=[Image #1] path="a.png">'
    content = [
        {"type": "input_text", "text": tag},
        image,
        {"type": "input_text", "text": "</image>"},
        {"type": "input_text", "text": "What is it?"},
        7,
    ]
    session = read(tmp_path, item("message", role="user", content=content))
    assert outcome(session) == [
        ("user_input", "What is it?"),
        ("codex/input_image", None),
        ("codex/part", None),
    ]
    prompt, media, _ = events(session)
    assert prompt["imported"]["image_tags"] == [tag, "</image>"]
    assert prompt["imported"]["media"] == 2
    assert media["record"] == image


def test_a_prompt_may_be_an_image_alone(tmp_path: Path) -> None:
    image = {"type": "input_image", "image_url": "data:,"}
    session = read(
        tmp_path,
        item("message", role="user", content=[image]),
        item("message", role="user", content=[]),
    )
    assert outcome(session) == [
        ("user_input", ""),
        ("codex/input_image", None),
        ("codex/injected", None),
    ]


# What the model said


def test_each_part_of_an_answer_is_a_text(tmp_path: Path) -> None:
    image = {"type": "input_image", "image_url": None}
    parts: Sequence[object] = [
        {"type": "output_text", "text": "One.", "annotations": [1]},
        {"type": "output_text", "text": ""},
        image,
        {"type": "output_text", "text": "Two."},
    ]
    session = read(
        tmp_path,
        record("turn_context", model="gpt"),
        record("turn_context"),
        item("message", role="assistant", content=parts, phase="final_answer"),
    )
    first, picture, second = events(session)
    assert (first["content"], second["content"]) == ("One.", "Two.")
    assert first["imported"] == {
        "timestamp": TIME,
        "model": "gpt",
        "phase": "final_answer",
        "annotations": [1],
    }
    assert picture == {"type": "codex/input_image", "record": image}
    assert second["imported"] == {"timestamp": TIME, "model": "gpt"}


def test_messages_that_are_no_answers_are_kept(tmp_path: Path) -> None:
    session = read(
        tmp_path,
        said("Rules", "developer"),
        said(""),
        item("message", content="Hi"),
        item("agent_message", content=[]),
        item("compaction"),
        item("tool_call"),
        item(""),
    )
    assert [kind for kind, _ in outcome(session)] == [
        "codex/message.developer",
        "codex/message.assistant",
        "codex/message",
        "codex/agent_message",
        "codex/compaction",
        "codex/tool_call",
        "codex/response_item",
    ]


def test_reasoning_is_its_content_or_else_its_summary(tmp_path: Path) -> None:
    summary = [
        {"type": "summary_text", "text": "S1"},
        {"type": "summary_text", "text": "S2"},
        {"type": "summary_text", "text": ""},
    ]
    content = [{"type": "reasoning_text", "text": "C"}, {"type": "image"}, {"odd": 1}]
    session = read(
        tmp_path,
        item("reasoning", summary=summary, encrypted_content="g"),
        item("reasoning", summary=summary, content=content),
        item("reasoning", summary=[], content=None, encrypted_content="g"),
    )
    assert outcome(session) == [
        ("thinking", "S1"),
        ("thinking", "S2"),
        ("thinking", "C"),
        ("codex/image", None),
        ("codex/part", None),
        ("codex/reasoning", None),
    ]
    assert events(session)[0]["imported"]["encrypted_content"] == "g"
    assert "encrypted_content" not in events(session)[1]["imported"]
    assert events(session)[2]["imported"]["summary"] == summary


# Calls and results


def test_all_kinds_of_calls_are_calls(tmp_path: Path) -> None:
    action = {"type": "exec", "command": ["ls"]}
    session = read(
        tmp_path,
        item("function_call", name="f", arguments='{"x":1}', call_id="1"),
        item("function_call", name="f", arguments="[1]", call_id="2"),
        item("function_call", name="f", arguments=None, call_id="3"),
        item("custom_tool_call", name="apply_patch", input="*** Begin", call_id="4"),
        item("custom_tool_call", name="apply_patch", call_id="5"),
        item("local_shell_call", action=action, id="6", status="completed"),
        item("tool_search_call", arguments={"query": "q"}, call_id="7"),
        item("web_search_call", action={"type": "search"}),
        item("image_generation_call", id="9", revised_prompt="A cat", result="iVBO"),
        item("image_generation_call", id="10", status="failed"),
    )
    calls = [each for each in events(session) if each["type"] == "tool_call"]
    assert [(each["call_id"], each["name"], each["arguments"]) for each in calls] == [
        ("1", "f", {"x": 1}),
        ("2", "f", {"_raw": "[1]"}),
        ("3", "f", {}),
        ("4", "apply_patch", {"input": "*** Begin"}),
        ("5", "apply_patch", {}),
        ("6", "local_shell", action),
        ("7", "tool_search", {"query": "q"}),
        ("line:8", "web_search", {"type": "search"}),
        ("9", "image_generation", {"revised_prompt": "A cat"}),
        ("10", "image_generation", {}),
    ]
    (result,) = (each for each in events(session) if each["type"] == "tool_result")
    assert (result["call_id"], result["result"]) == ("9", "iVBO")
    assert calls[5]["imported"]["status"] == "completed"
    assert notes(session) == [("arguments-raw", "line:2", 1), ("id-made", "line:8", 1)]


def test_a_call_without_a_name_is_reported(tmp_path: Path) -> None:
    session = read(tmp_path, item("function_call", call_id="1"))
    assert outcome(session) == [("tool_call", "")]
    assert notes(session) == [("missing-field", "line:1", 1)]


def test_results_have_the_name_of_their_call(tmp_path: Path) -> None:
    texts = [{"type": "input_text", "text": "a"}]
    odd = {"output": "Success.", "metadata": {"exit_code": 0}}
    session = read(
        tmp_path,
        item("function_call", name="f", call_id="1"),
        item("function_call_output", call_id="1", output="plain"),
        item("function_call_output", call_id="1", output=texts * 2),
        item("custom_tool_call_output", call_id="1", output=texts, name="g"),
        item("tool_search_output", call_id="1", tools=[]),
        item(
            "function_call_output", call_id="1", output={"content": 1, "success": False}
        ),
        item("custom_tool_call_output", call_id="9", output=odd),
        item("function_call_output"),
    )
    results = events(session)[1:]
    assert [(each["name"], each["result"]) for each in results] == [
        ("f", "plain"),
        ("f", texts * 2),
        ("g", "a"),
        ("f", []),
        ("f", 1),
        ("", odd),
        ("", None),
    ]
    assert results[4]["imported"]["success"] is False
    assert results[5]["imported"]["exit_code"] == 0


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("Chunk ID: c2\nWall time: 0.1\nProcess exited with code -1\nOutput:\n", -1),
        ("Exit code: 2\nWall time: 1 seconds\nOutput:\n", 2),
        ('{"output":"","metadata":{"exit_code":3,"duration_seconds":0.1}}', 3),
        ('{"output":"","metadata":{"exit_code":"3"}}', None),
        ('{"output":"","metadata":{"exit_code":3', None),
        ('{"exit_code" \ud800', None),
        ("{}", None),
        ("1\n2\n3\n4\n5\nProcess exited with code 0\n", None),
        ([], None),
    ],
)
def test_a_command_s_exit_code_stands_beside_its_output(
    output: object, expected: int | None, tmp_path: Path
) -> None:
    session = read(tmp_path, item("function_call_output", call_id="1", output=output))
    (result,) = events(session)
    assert result["result"] == output
    assert result["imported"].get("exit_code") == expected


# Runs


def test_tokens_come_once_from_each_response(tmp_path: Path) -> None:
    session = read(
        tmp_path,
        asked("A"),
        shown("task_started", turn_id="t1"),
        total(5, 1, (5, 1)),
        tokens("r1", "t1", usage(5, 1) | {"cached_input_tokens": 4}),
        tokens("r1", "t1", usage(5, 1)),
        tokens("r2", "t1", usage(7, 2) | {"odd": True}),
        total(12, 3, (7, 2)),
        shown("task_complete", turn_id="t1", duration_ms=True),
        tokens("r3", "t1", usage(100, 10)),
        asked("B"),
        tokens("", "t2", usage(1, 1)),
        tokens("", "t2", usage(1, 1)),
        shown("turn_complete", turn_id="t2", duration_ms=1.5),
    )
    assert stops(session) == [
        {"total_input_tokens": 112, "total_output_tokens": 13, "turns": 3},
        {
            "total_input_tokens": 2,
            "total_output_tokens": 2,
            "turns": 2,
            "duration_ms": 1.5,
        },
    ]
    first = next(each for each in events(session) if each["type"] == "stop")
    assert first["imported"]["usage"]["cached_input_tokens"] == 4


def test_a_response_may_be_counted_after_the_end_of_its_turn(tmp_path: Path) -> None:
    session = read(
        tmp_path,
        asked("A"),
        total(5, 1, (5, 1)),
        shown("task_complete", turn_id="t", duration_ms=9),
        tokens("r", "t", usage(6, 2)),
    )
    assert stops(session) == [
        {
            "total_input_tokens": 6,
            "total_output_tokens": 2,
            "turns": 1,
            "duration_ms": 9,
        }
    ]


def test_else_tokens_are_the_growth_of_the_sum(tmp_path: Path) -> None:
    session = read(
        tmp_path,
        asked("A"),
        shown("token_count", info=None),
        shown("token_count", info={"total_token_usage": {}}),
        total(900, 90, (10, 1)),  # a fork's first: its parent's tokens are in it
        total(900, 90, (10, 1)),
        total(905, 92, (5, 2)),
        shown("task_complete"),
        asked("B"),
        total(905, 92, (5, 2)),
        total(4, 3, (4, 3)),  # it begins anew
        shown("task_complete"),
    )
    assert stops(session) == [
        {"total_input_tokens": 15, "total_output_tokens": 3, "turns": 2},
        {"total_input_tokens": 4, "total_output_tokens": 3, "turns": 1},
    ]


def test_a_turn_ends_once(tmp_path: Path) -> None:
    session = read(
        tmp_path,
        asked("A"),
        shown("turn_aborted", turn_id="t1", reason="interrupted"),
        shown("task_complete", turn_id="t1"),
        asked("B"),
        shown("turn_aborted"),
    )
    assert [error for kind, error in outcome(session) if kind == "stop"] == [
        "aborted: interrupted",
        "aborted",
    ]
    assert skipped(session) == {"task_complete": 1}


def test_an_error_is_told_by_the_stop_that_follows(tmp_path: Path) -> None:
    session = read(
        tmp_path,
        asked("A"),
        shown("error", message="No quota"),
        shown("task_complete", turn_id="t1"),
        asked("B"),
        shown("task_complete", error={"message": "Overloaded", "codex_error_info": 1}),
        asked("C"),
        shown("task_complete", error="Broken"),
        asked("D"),
        shown("task_complete", error={}),
        shown("error", message="Killed"),
        shown("error", error={"kind": "rate_limit"}),
    )
    assert outcome(session)[1::2][:4] == [
        ("stop", "No quota"),
        ("stop", "Overloaded"),
        ("stop", "Broken"),
        ("stop", "error"),
    ]
    assert kept(session) == {"error": 2}


def test_a_run_without_an_end_has_no_stop(tmp_path: Path) -> None:
    session = read(
        tmp_path,
        asked("A"),
        shown("task_started", turn_id="t1"),
        said("Well,"),
        tokens("r1", "t1", usage(5, 1)),
        asked("B"),
        shown("task_started", turn_id="t2"),
        tokens("r2", "t2", usage(3, 1)),
    )
    assert outcome(session) == [
        ("user_input", "A"),
        ("text", "Well,"),
        ("user_input", "B"),
    ]
    assert events(session)[1]["imported"]["usage"] == {
        "total_input_tokens": 5,
        "total_output_tokens": 1,
        "turns": 1,
    }
    assert notes(session) == [
        ("usage-without-stop", "line:3", 1),
        ("usage-without-stop", "line:7", 1),
    ]


# What the user took back


BACK: Final = (
    asked("A"),
    said("a"),
    asked("B"),
    said("b"),
    shown("task_complete", turn_id="b"),
    asked("C"),
    shown("thread_rolled_back", num_turns=2),
    asked("D"),
    shown("error", message="gone"),
    shown("task_complete", turn_id="d"),
    shown("thread_rolled_back", num_turns=1),
    shown("thread_rolled_back", num_turns="many"),
    asked("E"),
)


def test_prompts_that_were_taken_back_are_left_out(tmp_path: Path) -> None:
    session = read(tmp_path, *BACK)
    assert [text for _, text in outcome(session)] == ["A", "a", "E"]
    assert notes(session) == [("dead-branch", "line:3", 7)]


def test_what_was_taken_back_may_be_read_too(tmp_path: Path) -> None:
    session = read(tmp_path, *BACK, branches="all")
    assert "".join(str(text) for kind, text in outcome(session) if kind != "stop") == (
        "AaBbCDE"
    )
    main, first, second = foreign.converted(
        write(tmp_path, meta(), *BACK), branches="separate"
    )
    assert [text for _, text in outcome(main)] == ["A", "a", "E"]
    assert (first.session_id, second.session_id) == ("th~line:4", "th~line:9")
    assert [text for _, text in outcome(first)] == ["B", "b", None, "C"]
    assert outcome(second) == [("user_input", "D"), ("stop", "gone")]


# Compactions


def test_the_answer_to_codex_itself_is_hidden(tmp_path: Path) -> None:
    flag = {"compaction_output": True}
    session = read(
        tmp_path,
        item("reasoning", summary=[{"text": "Sum up"}]) | {"metadata": flag},
        said("The sum.", metadata=flag),
        record("compacted", message="", replacement_history=[{"type": "message"}]),
        said("Seen.", metadata={"compaction_output": False}),
    )
    assert [kind for kind, _ in outcome(session)] == [
        "codex/compaction-output",
        "codex/compaction-output",
        "codex/compacted",
        "text",
    ]


def test_in_older_logs_it_is_known_by_the_summary(tmp_path: Path) -> None:
    thought = item("reasoning", summary=[{"type": "summary_text", "text": "Hm"}])
    session = read(
        tmp_path,
        said("Before."),
        thought,
        said("The sum."),
        item("ghost_snapshot"),
        record("compacted", message="Summary: The sum. End."),
        said("Shown."),
        shown("agent_message", message="Shown."),
        record("compacted", message="Shown."),
        said("Shown, too."),
        shown(
            "item_completed", item={"type": "AgentMessage", "content": "Shown, too."}
        ),
        record("compacted", message="Shown, too."),
        said("Not in it."),
        record("compacted", message="Another."),
        thought,
        item("function_call", name="f", call_id="1"),
        record("compacted", message=""),
    )
    assert kept(session) == {"compaction-output": 2, "compacted": 5}
    assert [text for kind, text in outcome(session) if kind == "text"] == [
        "Before.",
        "Shown.",
        "Shown, too.",
        "Not in it.",
    ]


# The second view, and what nobody knows


def test_the_second_view_is_left_out(tmp_path: Path) -> None:
    session = read(
        tmp_path,
        item("function_call", name="f", call_id="c", id="i"),
        shown("agent_message", message="Hi"),
        shown("exec_command_end", call_id="c"),
        shown("new_tool_end", call_id="c"),
        shown("item_completed", item={"type": "CommandExecution"}),
        shown("item_completed", item={"type": "Extension", "id": "i"}),
        record("world_state"),
        {"type": "turn_context"},
    )
    assert outcome(session) == [("tool_call", "f")]


def test_what_only_the_second_view_says_is_kept(tmp_path: Path) -> None:
    session = read(
        tmp_path,
        item("function_call", name="f", call_id="c", id="i"),
        shown("item_completed", item={"type": "Plan", "id": "i"}),
        shown("item_completed", item={"type": "Sleep"}),
        shown("item_completed", item={"type": "Extension", "id": "x"}),
        shown("item_completed"),
        shown("entered_review_mode", id="i"),
        shown("new_tool_end", call_id="x"),
        shown(""),
    )
    assert kept(session) == {
        "item_completed.Plan": 1,
        "item_completed.Sleep": 1,
        "item_completed.Extension": 1,
        "item_completed": 1,
        "entered_review_mode": 1,
        "new_tool_end": 1,
        "event_msg": 1,
    }


def test_unknown_records_are_kept(tmp_path: Path) -> None:
    session = read(
        tmp_path,
        meta(),
        "not json",
        record("inter_agent_communication", text="Hi"),
        record("of_next_year"),
        {"payload": {}},
        {"type": "response_item"},
        {"type": "event_msg", "payload": 1},
        {"odd": True},
    )
    assert kept(session) == {
        "line": 1,
        "inter_agent_communication": 1,
        "of_next_year": 1,
        "untyped": 2,
        "response_item": 1,
        "event_msg": 1,
    }
    assert ("missing-field", "line:6", 2) in notes(session)


def test_bookkeeping_is_kept_if_asked_for(tmp_path: Path) -> None:
    session = read(tmp_path, meta(), item("other"), keep="all")
    assert kept(session) == {"session_meta": 1, "other": 1}


def test_nothing_is_lost_of_a_record(tmp_path: Path) -> None:
    call = item("function_call", name="f", call_id="c", namespace="n", arguments="{}")
    call |= {"ordinal": 7, "metadata": {"turn_id": "t"}}
    (event,) = events(read(tmp_path, call))
    assert event["imported"] == {
        "timestamp": TIME,
        "ordinal": 7,
        "metadata": {"turn_id": "t"},
        "namespace": "n",
    }


# Until mid-2025


def test_records_of_2025_have_no_envelope(tmp_path: Path) -> None:
    session = read(
        tmp_path,
        {"id": "old", "timestamp": TIME, "instructions": None},
        {"record_type": "state"},
        said("<environment_context>", "user")["payload"],
        asked("List it.")["payload"],
        item("function_call", name="shell", arguments="{}", call_id="c")["payload"],
        item("function_call_output", call_id="c", output="a.txt")["payload"],
        said("There is a.txt.")["payload"],
        {"type": "new", "x": 1},
    )
    assert session.session_id == "old"
    assert outcome(session) == [
        ("codex/injected", None),
        ("user_input", "List it."),
        ("tool_call", "shell"),
        ("tool_result", "shell"),
        ("text", "There is a.txt."),
        ("codex/new", None),
    ]
    assert skipped(session) == {"session_meta": 1, "state": 1}


# Runs that say nothing


def compaction(turn: str) -> list[dict[str, Any]]:
    """Return the records of a run that only compacts the session."""
    answer = said("The sum.", metadata={"compaction_output": True})
    return [
        shown("task_started", turn_id=turn),
        answer,
        tokens(turn, turn, usage(50, 5)),
        record("compacted", message=""),
        shown("error", message="Slow"),
        shown("task_complete", turn_id=turn, duration_ms=3),
    ]


def first_turn() -> list[dict[str, Any]]:
    end = shown("task_complete", turn_id="t", duration_ms=7)
    return [asked("A"), said("a"), tokens("r", "t", usage(100, 10)), end]


def test_the_tokens_of_a_run_that_only_compacts_are_the_turn_s_before(
    tmp_path: Path, run: Run
) -> None:
    session = read(tmp_path, *first_turn(), *compaction("c"), *compaction("d"))
    assert stops(session) == [
        {
            "total_input_tokens": 200,
            "total_output_tokens": 20,
            "turns": 3,
            "duration_ms": 7,
        }
    ]
    (stop,) = (each for each in events(session) if each["type"] == "stop")
    assert [each["error"] for each in stop["imported"]["further_runs"]] == ["Slow"] * 2
    result = run("run", tmp_path, "--plugin", "usage:json=true")
    assert json.loads(result.stdout)["total"]["total_input_tokens"] == 200
    assert run("check", tmp_path).returncode == 0


def test_a_stop_stands_where_its_run_ended(tmp_path: Path) -> None:
    session = read(tmp_path, *first_turn(), *compaction("c"), asked("B"))
    assert [kind for kind, _ in outcome(session)] == [
        "user_input",
        "text",
        "stop",
        "codex/compaction-output",
        "codex/compacted",
        "user_input",
    ]


def test_a_session_that_is_only_compacted_has_a_stop(tmp_path: Path) -> None:
    assert stops(read(tmp_path, *compaction("c"))) == [
        {
            "total_input_tokens": 50,
            "total_output_tokens": 5,
            "turns": 1,
            "duration_ms": 3,
        }
    ]


def test_a_run_that_was_taken_back_adds_no_tokens_to_others(tmp_path: Path) -> None:
    back = [asked("B"), tokens("s", "u", usage(9, 9))]
    back += [
        shown("task_complete", turn_id="u"),
        shown("thread_rolled_back", num_turns=1),
    ]
    session = read(tmp_path, *first_turn(), *back)
    assert [each["total_input_tokens"] for each in stops(session)] == [100]


# Whatever a record holds


def test_no_member_of_another_kind_than_expected_is_lost() -> None:
    records = [
        asked("A"),
        said("B", phase="final_answer"),
        item("reasoning", summary=[{"type": "summary_text", "text": "S"}]),
        item("function_call", name="f", arguments="{}", call_id="c"),
        item("function_call_output", call_id="c", output="x"),
        item("custom_tool_call", name="f", input="i", call_id="d"),
        item("local_shell_call", action={}, id="e", status="s"),
        item("image_generation_call", id="g", revised_prompt="A cat", result="iVBO"),
        shown("task_complete", turn_id="t", duration_ms=1, error={"message": "E"}),
    ]
    assert lost_marks(records, "codex", Codex(), meta()) == set()
