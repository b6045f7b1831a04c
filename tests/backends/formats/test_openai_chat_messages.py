"""Lists of messages, as they are sent for chat completions."""

from pathlib import Path

import foreign
from chat_captures import completion, events, fates, imported, notes, read_document

IMAGE = {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}


def user(content: object, **members: object) -> dict[str, object]:
    """Return a message of the user."""
    return {"role": "user", "content": content, **members}


def assistant(content: object = None, **members: object) -> dict[str, object]:
    """Return a message of the assistant."""
    return {"role": "assistant", "content": content, **members}


def tool_call(call_id: str | None, arguments: object = "{}") -> dict[str, object]:
    """Return a tool call."""
    function = {"name": "look", "arguments": arguments}
    return {"id": call_id, "type": "function", "function": function}


def test_texts_of_a_user_message_are_one_input(tmp_path: Path) -> None:
    texts = [{"type": "text", "text": "One"}, IMAGE, "Two"]
    session = read_document(tmp_path, [user(texts, name="Ann")])
    said, media = events(session)
    assert said["content"] == "One\n\nTwo"
    assert imported(said) == {"blocks": 2, "media": 1, "name": "Ann"}
    assert media == {"type": "openai-chat/image_url", "record": IMAGE}


def test_media_alone_are_an_empty_input(tmp_path: Path) -> None:
    session = read_document(tmp_path, [user([IMAGE])])
    assert [each.get("content") for each in events(session)] == ["", None]


def test_two_inputs_in_a_row_are_two_turns(tmp_path: Path) -> None:
    session = read_document(tmp_path, [user("One"), user("Two"), {"role": "user"}])
    assert [each["content"] for each in events(session)] == ["One", "Two", ""]
    assert notes(session) == [("missing-field", "/2")]


def test_instructions_are_kept_and_so_is_an_unknown_role(tmp_path: Path) -> None:
    messages = [
        {"role": role, "content": "Be short."}
        for role in ("system", "developer", "critic")
    ]
    session = read_document(tmp_path, messages)
    assert foreign.plain(session) == [
        {"type": f"openai-chat/{each['role']}", "record": each} for each in messages
    ]
    assert fates(session) == (0, {"system": 1, "developer": 1, "critic": 1}, {})


def test_an_answer_is_thinking_then_texts_then_calls(tmp_path: Path) -> None:
    texts = [
        {"type": "text", "text": "One"},
        {"type": "text", "text": "Two", "annotations": [1]},
        {"type": "refusal", "refusal": "No"},
    ]
    answer = assistant(
        texts, reasoning="Hm", tool_calls=[tool_call("a"), "odd"], name="bot"
    )
    session = read_document(tmp_path, [user("Hi"), answer])
    assert foreign.plain(session)[1:] == [
        {"type": "thinking", "content": "Hm"},
        {"type": "text", "content": "One"},
        {"type": "text", "content": "Two"},
        {"type": "openai-chat/refusal", "record": texts[2]},
        {"type": "tool_call", "call_id": "a", "name": "look", "arguments": {}},
        {"type": "openai-chat/tool_calls", "record": "odd"},
    ]
    assert imported(events(session)[1]) == {"name": "bot"}
    assert imported(events(session)[3]) == {"annotations": [1]}


def test_a_list_has_no_stop(tmp_path: Path) -> None:
    session = read_document(tmp_path, [user("Hi"), assistant("Hello")])
    assert [each["type"] for each in events(session)] == ["user_input", "text"]


def test_an_answer_with_nothing_in_it_is_skipped(tmp_path: Path) -> None:
    session = read_document(
        tmp_path,
        [
            assistant(""),
            assistant(None, refusal="I cannot."),
            assistant([], audio={"id": "a"}),
            assistant(None, name="bot"),
        ],
    )
    assert [each["type"] for each in events(session)] == [
        "openai-chat/refusal", "openai-chat/audio", "openai-chat/assistant"
    ]  # fmt: skip
    assert fates(session) == (0, {"assistant": 3}, {"assistant": 1})


def test_a_result_is_named_after_its_call(tmp_path: Path) -> None:
    parts = [{"type": "text", "text": "One"}, {"type": "text", "text": "Two"}]
    session = read_document(
        tmp_path,
        [
            assistant(tool_calls=[tool_call("a"), tool_call("b")]),
            {"role": "tool", "tool_call_id": "b", "content": parts[:1]},
            {"role": "tool", "tool_call_id": "a", "content": parts, "name": "other"},
            {"role": "tool", "tool_call_id": "c", "content": "orphan", "name": "mine"},
            {"role": "tool", "tool_call_id": "d", "content": None, "name": 1},
        ],
    )
    assert [
        (each["call_id"], each["name"], each["result"]) for each in events(session)[2:]
    ] == [
        ("b", "look", "One"),
        ("a", "look", parts),
        ("c", "mine", "orphan"),
        ("d", "", None),
    ]
    assert imported(events(session)[3]) == {"name": "other"}


def test_a_result_without_an_id_is_that_of_the_only_open_call(tmp_path: Path) -> None:
    result = {"role": "tool", "content": "a cat"}
    session = read_document(
        tmp_path,
        [
            assistant(tool_calls=[tool_call("a"), tool_call("b")]),
            result,
            {**result, "tool_call_id": "a"},
            result,
            {**result, "tool_call_ids": ["c"]},
        ],
    )
    assert [each["call_id"] for each in events(session)[2:]] == ["", "a", "b", "c"]
    assert notes(session) == [("missing-field", "/1")]


def test_calls_of_old_are_answered_by_functions(tmp_path: Path) -> None:
    session = read_document(
        tmp_path,
        [
            user("Hi"),
            assistant(function_call={"name": "look", "arguments": '{"x": 1}'}),
            {"role": "function", "name": "look", "content": "a cat"},
        ],
    )
    assert foreign.plain(session)[1:] == [
        {
            "type": "tool_call",
            "call_id": "function_call",
            "name": "look",
            "arguments": {"x": 1},
        },
        {
            "type": "tool_result",
            "call_id": "function_call",
            "name": "look",
            "result": "a cat",
        },
    ]


def test_calls_that_are_no_list_are_kept(tmp_path: Path) -> None:
    session = read_document(tmp_path, [assistant("Hi", tool_calls="[{...}]")])
    assert foreign.plain(session)[1:] == [
        {"type": "openai-chat/tool_calls", "record": "[{...}]"}
    ]


def test_times_of_messages_are_kept(tmp_path: Path) -> None:
    session = read_document(
        tmp_path,
        [user("Hi", timestamp=1767225600), assistant("Hello", timestamp="soon")],
    )
    said, answer = map(imported, events(session))
    assert said == {"timestamp": "2026-01-01T00:00:00+00:00"}
    assert answer == {"timestamp": "soon"}
    assert session.last_updated_at == "2026-01-01T00:00:00.000000"


def test_a_request_may_hold_its_response(tmp_path: Path) -> None:
    request = {
        "messages": [user("Hi"), 3],
        "tools": [],
        "timestamp": 1767225600.5,
        "response": completion(assistant("Hello"), usage={"prompt_tokens": 2}),
    }
    session = read_document(tmp_path, request)
    *_, answer, stop = events(session)
    assert (answer["content"], stop["usage"]) == (
        "Hello", {"total_input_tokens": 2, "turns": 1}
    )  # fmt: skip
    assert fates(session) == (2, {"record": 1}, {"request": 1})
    assert session.last_updated_at == "2026-01-01T00:00:00.500000"


def test_a_request_may_hold_something_else_as_its_response(tmp_path: Path) -> None:
    session = read_document(tmp_path, {"messages": [user("Hi")], "response": {"a": 1}})
    assert fates(session) == (1, {}, {"request": 1})


def test_a_response_after_a_list_ends_the_run(tmp_path: Path) -> None:
    calls = assistant(tool_calls=[tool_call("a")])
    result = {"role": "tool", "tool_call_id": "a", "content": "a cat"}
    session = read_document(
        tmp_path,
        [
            user("Hi"),
            completion(calls, "tool_calls"),
            result,
            completion(assistant("A cat.")),
        ],
    )
    assert [each["type"] for each in events(session)] == [
        "user_input", "tool_call", "tool_result", "text", "stop"
    ]  # fmt: skip
    assert events(session)[-1]["usage"] == {"turns": 2}


def test_an_input_after_a_response_that_asked_for_a_tool_ends_the_run(
    tmp_path: Path,
) -> None:
    calls = assistant(tool_calls=[tool_call("a")])
    session = read_document(tmp_path, [completion(calls, "tool_calls"), user("Stop")])
    assert [each["type"] for each in events(session)] == [
        "tool_call", "stop", "user_input"
    ]  # fmt: skip


def test_a_response_that_says_nothing_keeps_the_rest_with_its_stop(
    tmp_path: Path,
) -> None:
    session = read_document(tmp_path, completion({"content": None}, model="m"))
    (stop,) = events(session)
    assert imported(stop)["model"] == "m"


def test_the_first_choice_may_be_anywhere_and_anything(tmp_path: Path) -> None:
    other = {"index": 1, "message": {"content": "Other"}}
    session = read_document(tmp_path, {"choices": [other, {"index": 0, "message": 5}]})
    assert events(session) == []
    assert notes(session) == [("other-choice", "")]
