"""Captures of chat completions: the page's examples, samples, what is recognized."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Final

import pytest

import foreign
import replay
from chat_captures import chunk, completion, events, fates, read, read_text
from replay.errors import ReplayError
from replay_backends.json_file import JSONFileBackend
from shared_data import shared_folder

PAGE: Final = "openai-chat"
EXAMPLE: Final = (
    Path(__file__).resolve().parents[3] / "examples" / "formats" / "openai_chat.sse"
)
#: What the settled rules add to the page's examples: the end of a response that asks
#: for tools is a stop, too.
ADDED: Final[dict[int, list[dict[str, object]]]] = {
    0: [
        {
            "type": "stop",
            "usage": {
                "total_input_tokens": 9,
                "total_output_tokens": 4,
                "turns": 1,
            },
            "is_error": False,
            "error": None,
        }
    ]
}
THOUGHT: Final = {"type": "thinking", "thinking": "Hm"}
#: The samples that are chats, by their folders; the others there aren't.
SAMPLES: Final = {
    "openai-chat-stream": "",
    "swe-agent": "",
    "openhands": "litellm",
}


def samples() -> list[Path]:
    found = [
        path
        for folder, part in SAMPLES.items()
        for path in foreign.samples(folder)
        if part in path.name
    ]
    if not found:
        pytest.skip("the shared samples aren't there")
    return found


def read_bytes(path: Path, data: bytes, location: str = "{}") -> list[replay.Session]:
    path.write_bytes(data)
    with replay.open(location.format(path)) as source:
        return [*source]


def test_examples_of_the_page_give_its_events(tmp_path: Path) -> None:
    examples = [*foreign.examples(PAGE)]
    if not examples:
        pytest.skip("the shared pages aren't there")
    for number, example in enumerate(examples):
        suffix = {"txt": "sse", "json": "json"}[example.kind]
        session = read_text(tmp_path / f"example.{suffix}", example.text)
        assert foreign.plain(session) == example.events + ADDED.get(number, [])


def test_each_record_of_a_sample_is_mapped_kept_or_skipped() -> None:
    for path in samples():
        (session,) = foreign.converted(path)
        assert session.format == PAGE
        report = session.report
        assert report
        data = path.read_text("utf-8")
        expected = len(data.splitlines())
        if "chunks" not in path.name:
            document = json.loads(data)
            key = "history" if "history" in document else "messages"
            rest = {*document} - {key, "response"}
            expected = len(document[key]) + bool(rest) + ("response" in document)
        assert report.records == expected
        assert report.mapped > expected * 0.7
        assert replay.transcript(session)


def test_tokens_of_samples_are_those_of_the_last_usage() -> None:
    for path in samples():
        if "chunks" not in path.name:
            continue
        chunks = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        (usage,) = [each["usage"] for each in chunks if each.get("usage")]
        (session,) = foreign.converted(path)
        assert foreign.plain(session)[-1]["usage"] == {
            "total_input_tokens": usage["prompt_tokens"],
            "total_output_tokens": usage["completion_tokens"],
            "turns": 1,
        }


def test_samples_give_the_events_that_the_corpus_has_of_them() -> None:
    corpus = shared_folder() / "corpus" / "sessions"
    names = {
        "deepseek-tool-call": "vercel__deepseek__deepseek-tool-call",
        "azure-model-router.1": "vercel__openai__azure-model-router.1",
        "openai-text": "vercel__openai__openai-text",
    }
    for path in samples():
        name = path.name.removeprefix("vercel__").removesuffix(".chunks.txt")
        if name in names:
            (session,) = foreign.converted(path)
            expected = json.loads((corpus / f"{names[name]}.json").read_text("utf-8"))
            assert foreign.plain(session) == expected["events"]


@pytest.mark.slow
def test_a_document_without_its_end_is_an_error_or_a_session(tmp_path: Path) -> None:
    document = {
        "model": "m",
        "messages": [{"role": "user", "content": "Hi"}],
        "response": completion({"role": "assistant", "content": "Hello"}),
    }
    path, data = tmp_path / "a.json", json.dumps(document).encode()
    for size in range(len(data)):
        path.write_bytes(data[:size])
        for name in None, PAGE:
            with suppress(ReplayError):
                assert [*JSONFileBackend(str(path), format=name).sessions()]


def test_the_example_is_a_response_that_asks_for_a_tool() -> None:
    (session,) = foreign.converted(EXAMPLE)
    assert [each["type"] for each in events(session)] == [
        "text_delta", "text_delta", "tool_call", "stop"
    ]  # fmt: skip
    assert session.last_updated_at == "2026-01-01T00:00:01.000000"
    assert fates(session) == (7, {}, {"chunk": 1})


@pytest.mark.parametrize(
    "document",
    [
        completion({"content": "Hi"}),
        {"choices": [{"message": {"content": "Hi"}}]},
        [chunk({"content": "Hi"}), chunk({}, "stop")],
        [{"role": "user", "content": "Hi"}],
        [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}],
        [{"role": "user", "content": ["Hi", {"type": ["odd"]}]}, "odd"],
        {"messages": [{"role": "user", "content": "Hi"}], "tools": []},
        {"history": [{"role": "user", "content": "Hi"}]},
        # It is ours, since another API has no such member, or no such role.
        [{"role": "assistant", "content": [THOUGHT], "tool_calls": []}],
        [{"role": "developer", "content": [THOUGHT]}],
    ],
)
def test_a_chat_is_recognized(document: object, tmp_path: Path) -> None:
    assert read_text(tmp_path / "a.json", json.dumps(document)).events


@pytest.mark.parametrize(
    "document",
    [
        {"object": "response", "output": []},
        {"choices": [{"text": "Hi"}], "object": "text_completion"},
        {"choices": "none", "object": 1},
        [{"role": "user", "parts": [{"text": "Hi"}]}],
        [{"type": "message", "role": "user", "content": "Hi"}],
        [{"role": "user", "content": "Hi"}, {"type": "function_call"}],
        [{"role": "user", "content": [{"type": "tool_result"}]}],
        {"messages": [{"info": {"role": "user"}}]},
        {"messages": []},
        {"role": "user", "content": "Hi"},
        [{"role": "assistant", "content": "", "toolInvocations": []}],
        [{"role": "user", "name": "Ann"}, {"role": "admin", "content": "Bo"}],
    ],
)
def test_something_else_is_not(document: object, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(document))
    try:
        with replay.open(path) as source:
            formats = {each.format for each in source}
    except ReplayError:
        formats = set()
    assert PAGE not in formats


def test_a_line_with_a_list_of_messages_is_a_session(tmp_path: Path) -> None:
    lines = [
        json.dumps({"messages": [{"role": "user", "content": content}]})
        for content in ("One", "Two")
    ]
    sessions = read_bytes(tmp_path / "a.jsonl", "\n".join([*lines, "{broken"]).encode())
    assert [each.session_id for each in sessions] == ["a", "a-2", "a-3"]
    one, two, torn = sessions
    assert foreign.plain(one) == [{"type": "user_input", "content": "One"}]
    assert foreign.plain(two) == [{"type": "user_input", "content": "Two"}]
    assert foreign.plain(torn) == [{"type": "openai-chat/line", "record": "{broken"}]
    assert torn.report
    assert [each.code for each in torn.report.notes] == ["torn-line"]


def test_messages_may_stand_on_lines(tmp_path: Path) -> None:
    session = read(
        tmp_path,
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello"},
        chunk({"content": "More"}, "stop"),
        ["odd"],
        {"odd": True, "error": None},
    )
    assert foreign.plain(session) == [
        {"type": "user_input", "content": "Hi"},
        {"type": "text", "content": "Hello"},
        {"type": "text_delta", "content": "More"},
        {"type": "openai-chat/record", "record": ["odd"]},
        {"type": "openai-chat/record", "record": {"odd": True, "error": None}},
        {
            "type": "stop",
            "usage": {"turns": 1},
            "is_error": False,
            "error": None,
        },
    ]
    assert fates(session) == (3, {"record": 2}, {})


def test_the_format_can_be_said(tmp_path: Path) -> None:
    (session,) = read_bytes(
        tmp_path / "a.json", b'{\n"error": {"message": "no"}}', f"{PAGE}:{{}}"
    )
    assert events(session)[0]["error"] == "no"


def test_a_broken_line_is_kept_where_it_is(tmp_path: Path) -> None:
    first, last = (json.dumps(chunk({"content": each})) for each in "ab")
    session = read_text(tmp_path / "a.jsonl", f"{first}\nbroken\n{last}\n")
    assert foreign.plain(session) == [
        {"type": "text_delta", "content": "a"},
        {"type": "openai-chat/line", "record": "broken"},
        {"type": "text_delta", "content": "b"},
    ]
