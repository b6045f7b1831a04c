"""The law of growing captures: a stream that was cut anywhere is a beginning of it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

import foreign
from foreign_bytes import sessions_in
from replay_backends.files.event_stream import as_lines

EXAMPLES: Final = Path(__file__).resolve().parents[3] / "examples/formats"
FILES: Final = {
    "ag-ui": "ag-ui.sse",
    "anthropic": "anthropic.sse",
    "openai-chat": "openai_chat.sse",
    "openai-responses": "openai-responses.sse",
    "vercel-ui": "vercel-ui-stream.sse",
}
GEMINI: Final = [
    {"candidates": [{"content": {"parts": [part], "role": "model"}, **end}], **usage}
    for part, end, usage in (
        ({"text": "Let me see", "thought": True}, {}, {}),
        ({"text": "Hello you"}, {}, {"usageMetadata": {"promptTokenCount": 3}}),
        ({"functionCall": {"name": "f", "args": {"x": 1}}}, {}, {}),
        ({"text": ""}, {"finishReason": "STOP"}, {}),
    )
]
#: What tells that a recording broke off: the kinds of events at its end.
MADE: Final = (
    "stop",
    "line",
    "usage",
    "incomplete-block",
    "incomplete-item",
    "incomplete-tool-call",
    "incomplete-message",
)


def records(name: str) -> list[Any]:
    """Return the data of a stream, with characters of several bytes in its prose."""
    if name == "gemini":
        lines = [json.dumps(each) for each in GEMINI]
    else:
        with (EXAMPLES / FILES[name]).open("rb") as file:
            lines = as_lines(file, 1 << 20).read().decode().splitlines()
    return [json.loads(line, object_hook=with_accents) for line in lines]


def with_accents(value: dict[str, Any]) -> dict[str, Any]:
    return {
        key: each.replace(" ", " é😀 ")
        if isinstance(each, str) and "{" not in each
        else each
        for key, each in value.items()
    }


def forms(name: str) -> Iterator[tuple[str, bytes]]:
    """Yield the ways in which a stream may be saved, with the file's name."""
    lines = [json.dumps(each, ensure_ascii=False) for each in records(name)]
    yield "a.jsonl", "".join(f"{each}\n" for each in lines).encode()
    yield "a.jsonl", "".join(f"{each}\r\n" for each in lines).encode()
    frames = [f"event: x\ndata: {each}\n\n" for each in lines]
    yield "a.sse", ("".join(frames) + "data: [DONE]\n\n").encode()
    for number, each in enumerate(lines):
        data = each.replace(", ", ",\ndata:", 1)  # a frame's data may be on many lines
        frames[number] = f": ping\n\nretry: 3000\nid: {number}\ndata:{data}\n\n"
    for end in "\n", "\r\n", "\r":
        yield "a.sse", "".join(frames).replace("\n", end).encode()


def plain(data: bytes, name: str, file: str) -> list[Any]:
    (session,) = sessions_in(data, name, file)
    return [*foreign.plain(session)]


@pytest.mark.slow
@pytest.mark.parametrize("name", [*FILES, "gemini"])
def test_a_stream_that_was_cut_anywhere_is_a_beginning_of_it(name: str) -> None:
    expected = None
    for file, data in forms(name):
        whole = plain(data, name, file)
        assert whole == (expected := expected or whole)
        for size in range(len(data)):
            found = plain(data[:size], name, file)
            while found and str(found[-1]["type"]).rpartition("/")[2] in MADE:
                found.pop()
            assert found == whole[: len(found)], (file, size)


@pytest.mark.parametrize("name", [*FILES, "gemini"])
def test_a_stream_says_the_same_however_it_was_saved(name: str) -> None:
    (_, data), *others = forms(name)
    whole = plain(data, name, "a.jsonl")
    assert len(whole) > 2
    for file, other in others:
        assert plain(other, name, file) == whole
