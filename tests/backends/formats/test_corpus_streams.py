"""The corpus's sessions, sent again as APIs send them, say the same, and once."""

import json
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest

import foreign
import replay
from foreign_bytes import sessions_in
from provider_streams import (
    as_anthropic,
    as_openai_chat,
    as_openai_responses,
    responses_in,
)
from shared_data import shared_folder

#: They don't say all that their source says, as the corpus's README says.
FAULTY: Final = (
    "vercel__anthropic__anthropic-programmatic-tool-calling.1",
    "vercel__anthropic__anthropic-tool-search-regex.1",
    "vercel__anthropic__anthropic-tool-search-deferred-regex",
    "vercel__azure__azure-reasoning-encrypted-content.1",
    "vercel__openai__openai-reasoning-encrypted-content.1",
    "vercel__openai__openai-shell-tool.1",
)
FINALS: Final = ("text", "thinking")
Sent = Callable[[list[Any]], Iterator[dict[str, Any]]]


def corpus() -> Iterator[tuple[str, list[Any]]]:
    """Yield the corpus's sessions: their names and events."""
    for path in sorted((shared_folder() / "corpus" / "sessions").glob("*.json")):
        if path.stem not in FAULTY:
            yield path.stem, json.loads(path.read_bytes())["events"]


def captured(sent: Sent, events: list[Any]) -> replay.Session:
    """Return the session of a capture of what was sent."""
    frames = [f"data: {json.dumps(each)}\n\n" for each in sent(events)]
    (session,) = sessions_in("".join(frames).encode(), name="a.sse")
    return session


def said(events: list[Any]) -> dict[str, str]:
    """Return all that was said, each message once, by kind."""
    messages = [
        each
        for each in replay.coalesce(replay.Session.from_events(events).events)
        if isinstance(each, replay.Message)
    ]
    return {
        kind: "".join(each.content for each in messages if each.kind == kind)
        for kind in FINALS
    }


@pytest.mark.slow
@pytest.mark.usefixtures("shared")
def test_texts_that_a_provider_declared_final_come_out_once_word_for_word() -> None:
    expected = json.loads((shared_folder() / "corpus" / "expected.json").read_bytes())
    compared = 0
    for name, events in corpus():
        if not responses_in(events):
            continue
        session = captured(as_openai_responses, events)
        finals = [
            each["content"] for each in foreign.plain(session) if each["type"] in FINALS
        ]
        declared = [each["content"] for each in expected.get(name, ())]
        assert finals == [content for content in declared if content], name
        compared += len(finals)
    assert compared > 40


@pytest.mark.slow
@pytest.mark.usefixtures("shared")
@pytest.mark.parametrize("sent", [as_openai_chat, as_anthropic, as_openai_responses])
def test_what_was_streamed_comes_out_once_word_for_word(sent: Sent) -> None:
    for name, events in corpus():
        streamed = [
            each
            for each in events
            if sent is as_openai_responses or each["type"] not in FINALS
        ]
        if not responses_in(streamed):
            continue
        session = captured(sent, streamed)
        assert said(foreign.plain(session)) == said(streamed), name
        calls = [
            [
                (each["call_id"], each["name"], each["arguments"])
                for each in found
                if each["type"] == "tool_call"
            ]
            for found in (foreign.plain(session), streamed)
        ]
        assert calls[0] == calls[1], name
