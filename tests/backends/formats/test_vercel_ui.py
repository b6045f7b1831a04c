"""The Vercel AI SDK's streams of UI messages, and stored UI messages."""

import json
from pathlib import Path
from typing import Any

import pytest

import foreign
import replay
from cut_recordings import beginning_of, cut_sessions, sessions_of
from replay.errors import DecodeError
from replay_backends.formats.api_captures.vercel_ui import VercelUI

EXAMPLE = Path(__file__).resolve().parents[3] / "examples/formats/vercel-ui-stream.sse"
NAME = "vercel-ui"
PAGE = "vercel-ui-stream"  # which the types of unknown events begin with
INPUT = {
    "type": "tool-input-available",
    "toolCallId": "c",
    "toolName": "f",
    "input": {"x": 1},
}
OUTPUT = {"type": "tool-output-available", "toolCallId": "c", "output": "ok"}
TOOL = {"toolCallId": "c", "state": "output-available"}
CLIENT_RUNS = {"type": "finish", "finishReason": "tool-calls"}


def session(folder: Path, *records: object, **options: object) -> replay.Session:
    path = folder / "capture.sse"
    frames = (f"data: {json.dumps(each)}\n\n" for each in records)
    path.write_text("".join(frames) + "data: [DONE]\n\n", "utf-8")
    (read,) = foreign.converted(path, format=NAME, **options)
    assert read.report
    assert read.report.records == len(records)
    return read


def stored(folder: Path, document: object) -> replay.Session:
    path = folder / "chat.json"
    path.write_text(json.dumps(document), "utf-8")
    (read,) = foreign.converted(path)
    assert read.format == NAME
    return read


def says(read: replay.Session) -> list[tuple[object, object]]:
    """Return each event's type, and what it says."""
    keys = ("content", "call_id", "record", "error")
    return [
        (each["type"], next((each[key] for key in keys if key in each), None))
        for each in foreign.plain(read)
    ]


def events(folder: Path, *records: object) -> list[tuple[object, object]]:
    return says(session(folder, *records))


def imported(read: replay.Session, index: int) -> Any:  # noqa: ANN401 - JSON
    event: Any = read.events[index].as_object()
    return event.get("imported")


def codes(read: replay.Session) -> list[tuple[str, str, str]]:
    assert read.report
    return [(each.code, each.at, each.detail) for each in read.report.notes]


def text(delta: str, block: str = "0", kind: str = "text") -> dict[str, str]:
    return {"type": f"{kind}-delta", "id": block, "delta": delta}


def kept(record: dict[str, Any]) -> tuple[str, object]:
    return f"{PAGE}/{record['type']}", record


# The page, and the example


def test_the_examples_of_the_page_give_its_events(tmp_path: Path) -> None:
    found = list(foreign.examples(PAGE))
    if not found:
        pytest.skip("the shared data isn't here")
    for example in found:
        path = tmp_path / "example.sse"
        path.write_text(example.text, "utf-8")
        (read,) = foreign.converted(path)
        assert (read.format, foreign.plain(read)) == (NAME, example.events)
        replay.transcript(read)


def test_the_example_is_recognized_as_a_stream_and_as_a_list(tmp_path: Path) -> None:
    (read,) = foreign.converted(EXAMPLE)
    assert (read.format, read.session_id) == (NAME, "answer-1")
    assert says(read) == [
        ("tool_call", "c1"),
        ("tool_result", "c1"),
        ("text_delta", "Yes, "),
        ("text_delta", "as ever."),
        ("stop", None),
    ]
    stop = read.events[-1]
    assert isinstance(stop, replay.Stop)
    assert stop.usage.turns == 2
    assert imported(read, -1) == {"finish_reason": "stop"}
    frames = EXAMPLE.read_text("utf-8").replace("data: [DONE]", "").splitlines()
    chunks = [line[6:] for line in frames if line.startswith("data: ")]
    as_list = stored(tmp_path, [json.loads(each) for each in chunks])
    assert foreign.plain(as_list) == foreign.plain(read)


def test_a_growing_stream_gives_the_beginning_of_its_events() -> None:
    (read,) = foreign.converted(EXAMPLE)
    whole = foreign.plain(read)
    made = ("stop", f"{PAGE}/line", f"{PAGE}/incomplete-tool-call")
    for each in cut_sessions(EXAMPLE.read_bytes(), NAME, VercelUI()):
        begun = beginning_of(each, made)
        assert begun == whole[: len(begun)]


@pytest.mark.parametrize(
    ("record", "is_known"),
    [
        ({"type": "start"}, True),
        ({"type": "start", "messageId": "m"}, True),
        ({"type": "start", "pid": 7}, False),
        ({"type": "error", "errorText": "no"}, True),
        ({"type": "error", "message": "no"}, False),
        ({"type": "start-step"}, True),
        ({"type": "message_start"}, False),
        ({"type": "response.created"}, False),
        ({"role": "user", "parts": [{"text": "Gemini's"}]}, False),
        ({"role": "user", "parts": [{"type": "text", "content": "OTel's"}]}, False),
        ({"role": "user", "parts": [{"type": "text", "text": "x"}]}, True),
        ({"role": "user", "parts": [{"type": "file", "url": "x"}]}, True),
        ({"role": "user", "parts": [{"type": "step-start"}, "x"]}, True),
        ({"role": "user", "parts": [{**TOOL, "type": "tool-find"}]}, True),
        ({"role": "user", "parts": [{**TOOL, "type": "dynamic-tool"}]}, True),
        ({"role": "user", "parts": [{**TOOL, "type": "tool_call"}]}, False),
        ({"role": "user", "content": "x"}, False),
    ],
)
def test_a_recording_is_recognized_by_its_content(
    record: object, *, is_known: bool, tmp_path: Path
) -> None:
    path = tmp_path / "some.json"
    path.write_text(json.dumps([record]), "utf-8")
    try:
        found = replay.load(path).format
    except replay.UnrecognizedError:
        found = None
    assert (found == NAME) is is_known


# Streams


def test_blocks_in_a_row_stay_joined_and_that_is_noted(tmp_path: Path) -> None:
    begin = {"type": "text-start", "id": "0"}
    read = session(
        tmp_path,
        *(begin, text("A"), {"type": "text-end", "id": "0"}),
        *(begin, text("B"), text("", "0"), text("Hm", "r", "reasoning")),
        *(begin, text("C")),
    )
    assert says(read) == [
        ("text_delta", "A"),
        ("text_delta", "B"),
        ("thinking_delta", "Hm"),
        ("text_delta", "C"),
    ]
    assert codes(read) == [("blocks-joined", "line:5", "")]


def test_another_message_right_after_the_first_is_kept_apart(tmp_path: Path) -> None:
    first, second = ({"type": "start", "messageId": each} for each in "ab")
    read = session(tmp_path, first, text("A"), second, text("B"))
    assert says(read)[1:] == [("text", "A"), ("text_delta", "B")]
    assert imported(read, 1) == {"made": True}
    assert ("final-made", "line:4", "") in codes(read)


def test_an_input_that_never_came_whole_is_kept(tmp_path: Path) -> None:
    begin = {"type": "tool-input-start", "toolCallId": "c", "toolName": "f"}
    more = {"type": "tool-input-delta", "toolCallId": "c", "inputTextDelta": '{"x"'}
    read = session(tmp_path, begin, more, {"type": "abort"})
    whole = {"toolCallId": "c", "toolName": "f", "inputText": '{"x"'}
    assert says(read) == [
        (f"{PAGE}/incomplete-tool-call", whole),
        ("stop", "aborted"),
    ]
    assert codes(read) == [("incomplete-block", "line:3", "")]


def test_an_input_that_comes_again_is_skipped_if_it_is_equal(tmp_path: Path) -> None:
    other = {**INPUT, "input": {"x": 2}}
    assert events(tmp_path, INPUT, INPUT, other) == [("tool_call", "c")] * 2


def test_a_wrong_input_is_a_call_with_a_result(tmp_path: Path) -> None:
    wrong = {"type": "tool-input-error", "toolCallId": "c", "toolName": "f"}
    read = session(tmp_path, {**wrong, "input": "no JSON", "errorText": "Not valid"})
    made, result = foreign.plain(read)
    assert (made["arguments"], result["result"]) == ({"_raw": "no JSON"}, "Not valid")
    assert imported(read, 0) == {"arguments": "raw"}
    assert imported(read, 1) == {"is_error": True}
    assert codes(read) == [("arguments-raw", "line:1", "")]


def test_a_denied_call_stays_unanswered(tmp_path: Path) -> None:
    request = {"type": "tool-approval-request", "approvalId": "a", "toolCallId": "c"}
    denied = {"type": "tool-output-denied", "toolCallId": "c"}
    found = events(tmp_path, INPUT, request, denied, CLIENT_RUNS)
    assert found == [("tool_call", "c"), kept(request), kept(denied), ("stop", None)]


def test_a_client_s_call_is_answered_in_the_next_stream(tmp_path: Path) -> None:
    """The page has no stop here; the settled rule has one where the file ends."""
    step, call = {"type": "start-step"}, ("tool_call", "c")
    alone = session(tmp_path, step, INPUT, CLIENT_RUNS)
    assert says(alone) == [call, ("stop", None)]
    assert imported(alone, -1) == {"finish_reason": "tool-calls"}
    more = [{"type": "start"}, step, text("A"), {"type": "finish"}]
    goes_on = session(tmp_path, step, INPUT, CLIENT_RUNS, *more)
    assert says(goes_on) == [call, ("text_delta", "A"), ("stop", None)]
    assert foreign.plain(goes_on)[-1]["usage"] == {"turns": 2}
    assert events(tmp_path, INPUT, CLIENT_RUNS, text("A")) == [
        *(call, ("stop", None), ("text_delta", "A"))
    ]
    provider = {**INPUT, "providerExecuted": True}
    cut = session(tmp_path, provider, CLIENT_RUNS, {"type": "start"}, text("A"))
    assert says(cut) == [call, ("stop", None), ("text_delta", "A")]


@pytest.mark.parametrize("reason", ["error", "content-filter"])
def test_a_run_that_failed_says_why(reason: str, tmp_path: Path) -> None:
    finish = {"type": "finish", "finishReason": reason, "messageMetadata": {"x": 1}}
    read = session(tmp_path, finish)
    assert says(read) == [("stop", reason)]
    assert imported(read, 0) == {"messageMetadata": {"x": 1}, "finish_reason": reason}


def test_a_finish_behind_an_error_is_skipped(tmp_path: Path) -> None:
    error, finish = {"type": "error", "errorText": "Down"}, {"type": "finish"}
    found = events(tmp_path, error, finish, {"type": "start"}, finish)
    assert found == [("stop", "Down"), ("stop", None)]


def test_what_is_no_event_is_kept_but_passing_data(tmp_path: Path) -> None:
    records: list[dict[str, Any]] = [
        {"type": "start", "messageMetadata": {"model": "m"}},
        {"type": "reasoning-start", "id": "0", "providerMetadata": {"a": {}}},
        {"type": "reasoning-end", "id": "0", "providerMetadata": {"a": {}}},
        {"type": "message-metadata", "messageMetadata": {"tokens": 3}},
        {"type": "data-weather", "data": 1},
        {"type": "steering-message", "x": 1},
        {"type": "reset-step"},
        {"type": "of-tomorrow"},
    ]
    passing: list[dict[str, Any]] = [
        {"type": "data-progress", "data": 1, "transient": True},
        {**OUTPUT, "preliminary": True},
        {"type": "reasoning-end", "id": "0"},
    ]
    read = session(tmp_path, *records, *passing)
    assert says(read) == [kept(each) for each in records]
    assert codes(read) == [("reset-step", "line:7", "")]
    everything = session(tmp_path, *records, *passing, keep="all")
    assert says(everything) == [kept(each) for each in (*records, *passing)]


def test_nothing_that_is_missing_raises(tmp_path: Path) -> None:
    bare = [
        *({"type": "text-delta"}, {"type": "tool-input-delta"}, {"x": 1}),
        *({"type": "tool-output-error"}, {"type": "tool-input-available"}),
        *({"type": "tool-input-available"}, {"type": "error"}, 7),
    ]
    read = session(tmp_path, *bare)
    assert read.session_id == "capture"
    assert says(read) == [
        (f"{PAGE}/text-delta", bare[0]),
        (f"{PAGE}/tool-input-delta", bare[1]),
        (f"{PAGE}/record", bare[2]),
        *(("tool_result", ""), ("tool_call", ""), ("tool_call", "")),
        *(("stop", "unknown error"), (f"{PAGE}/line", 7)),
    ]
    assert codes(read) == [("missing-field", "line:1", "delta")]
    assert imported(read, 3) == {"is_error": True}


# Stored messages

PARTS: list[Any] = [
    {"type": "step-start"},
    {"type": "reasoning", "text": "Hm", "state": "done"},
    {"type": "text", "text": ""},
    {"type": "text", "text": "A"},
    {
        "type": "tool-find",
        "toolCallId": "c",
        "state": "output-available",
        "input": {"q": 1},
        "output": [2],
        "providerExecuted": True,
    },
    {
        "type": "dynamic-tool",
        "toolName": "f",
        "toolCallId": "d",
        "state": "output-error",
        "rawInput": "odd",
        "errorText": "No",
    },
    {"type": "tool-pay", "state": "approval-requested", "input": {}},
    {"type": "tool-pay", "toolCallId": "e", "state": "input-streaming"},
    {"type": "source-url", "url": "https://example.invalid/"},
    "odd",
]


def test_stored_messages_give_calls_with_their_results(tmp_path: Path) -> None:
    image = {"type": "file", "mediaType": "image/png", "url": "data:,"}
    hello = {"type": "text", "text": "Hello"}
    system = {"id": "s", "role": "system", "parts": [hello]}
    user = {"id": "u", "role": "user", "parts": [hello, image, {**hello, "x": 1}]}
    answer = {"id": "m", "role": "assistant", "metadata": {"x": 1}, "parts": PARTS}
    silent = {"role": "assistant", "parts": [{"type": "step-start"}]}
    others = [{"role": "user", "parts": "odd"}, 7]
    messages = [system, user, answer, silent, *others]
    read = stored(tmp_path, {"id": "chat", "title": "Bergen", "messages": messages})
    assert (read.session_id, read.generated_title) == ("chat", "Bergen")
    assert says(read) == [
        (f"{PAGE}/system", system),
        ("user_input", "Hello\n\nHello"),
        (f"{PAGE}/file", image),
        ("thinking", "Hm"),
        ("text", "A"),
        *(("tool_call", "c"), ("tool_result", "c")),
        *(("tool_call", "d"), ("tool_result", "d")),
        ("tool_call", ""),
        (f"{PAGE}/tool-pay", PARTS[7]),
        (f"{PAGE}/source-url", PARTS[8]),
        (f"{PAGE}/part", "odd"),
        *((f"{PAGE}/message", each) for each in others),
    ]
    counts = {"blocks": 2, "media": 1, "beside_text": [{}, {"x": 1}]}
    assert imported(read, 1) == {"id": "u", **counts}
    assert imported(read, 3) == {"metadata": {"x": 1}, "messageId": "m"} | {
        "state": "done"
    }
    found = foreign.plain(read)
    assert (found[5]["name"], found[6]["result"]) == ("find", [2])
    assert (found[7]["arguments"], found[8]["result"]) == ({"_raw": "odd"}, "No")
    assert imported(read, 8) == {"is_error": True}
    assert read.report
    assert (read.report.mapped, read.report.skipped) == (2, {"assistant": 1})
    assert codes(read) == [
        ("arguments-raw", "/messages/2", ""),
        ("missing-field", "/messages/2", "toolCallId"),
    ]


def test_a_list_of_messages_has_the_name_of_its_file(tmp_path: Path) -> None:
    hello = {"role": "user", "parts": [{"type": "text", "text": "Hi"}]}
    read = stored(tmp_path, [hello])
    assert read.session_id == "chat"
    assert says(read) == [("user_input", "Hi")]


def test_a_document_that_breaks_off_is_refused() -> None:
    hello = {"role": "user", "parts": [{"type": "text", "text": "Hi"}]}
    whole = json.dumps({"messages": [hello]}).encode()
    for size in range(whole.index(b"{", 1), len(whole)):
        with pytest.raises(DecodeError, match="not JSON"):
            list(sessions_of(whole[:size], NAME, VercelUI()))
    (empty,) = sessions_of(b'{"messages": 1}', NAME, VercelUI())
    assert not empty.events


@pytest.mark.parametrize(
    "content",
    [
        'f:{"messageId":"m"}\n0:"Hi"\ne:{"finishReason":"stop"}\n',
        '0:"Hi"\n',
        '[{"role":"assistant","content":"","toolInvocations":[{"state":"result"}]}]',
    ],
)
def test_recordings_of_version_4_are_named_and_refused(
    content: str, tmp_path: Path
) -> None:
    path = tmp_path / "old.json"
    path.write_text(content, "utf-8")
    with (
        pytest.raises(DecodeError, match="of AI SDK 4 can't"),
        replay.open(path) as source,
    ):
        list(source)
