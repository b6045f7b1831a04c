"""Our events as the streams of model APIs: what a provider would have sent."""

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

Event = Mapping[str, Any]
Records = Iterator[dict[str, Any]]

_OF_USER: Final = ("user_input", "tool_result", "stop")  # not sent, or said otherwise


def responses_in(events: Iterable[Event]) -> list[list[Event]]:
    """Return the events of each response: what is between what the user said."""
    groups = itertools.groupby(events, lambda each: each["type"] in _OF_USER)
    return [[*group] for is_of_user, group in groups if not is_of_user]


def as_openai_chat(events: Iterable[Event]) -> Records:
    """Yield the chunks of chat completions, which hold no finals."""
    for number, response in enumerate(responses_in(events)):
        known = {"id": f"chatcmpl-{number}", "object": "chat.completion.chunk"}
        calls = itertools.count()
        deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
        for each in response:
            match each:
                case {"type": "text_delta", "content": content}:
                    deltas.append({"content": content})
                case {"type": "thinking_delta", "content": content}:
                    deltas.append({"reasoning_content": content})
                case {"type": "tool_call", "call_id": call_id, "name": name}:
                    index, arguments = next(calls), json.dumps(each["arguments"])
                    deltas += [
                        {"tool_calls": [{"index": index, **piece}]}
                        for piece in (
                            {"id": call_id, "function": {"name": name}},
                            {"function": {"arguments": arguments[:3]}},
                            {"function": {"arguments": arguments[3:]}},
                        )
                    ]
        for delta in deltas:
            yield {**known, "choices": [{"delta": delta, "finish_reason": None}]}
        reason = "tool_calls" if next(calls) else "stop"
        yield {**known, "choices": [{"delta": {}, "finish_reason": reason}]}


def as_anthropic(events: Iterable[Event]) -> Records:
    """Yield the events of Anthropic's messages, which hold no finals."""
    for response in responses_in(events):
        yield {"type": "message_start", "message": {"content": [], "usage": {}}}
        sent = [each for each in response if each["type"] not in ("text", "thinking")]
        groups = itertools.groupby(sent, lambda each: each["type"])
        for index, (kind, group) in enumerate(groups):
            for block, deltas in _blocks(kind.removesuffix("_delta"), group):
                yield {
                    "type": "content_block_start",
                    "index": index,
                    "content_block": block,
                }
                for delta in deltas:
                    yield {
                        "type": "content_block_delta",
                        "index": index,
                        "delta": delta,
                    }
                yield {"type": "content_block_stop", "index": index}
        yield {"type": "message_delta", "delta": {"stop_reason": "end_turn"}}
        yield {"type": "message_stop"}


def _blocks(
    kind: str, group: Iterable[Event]
) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Yield blocks and their deltas: one of texts, or one for each call."""
    if kind != "tool_call":
        deltas = [{"type": f"{kind}_delta", kind: each["content"]} for each in group]
        yield {"type": kind, kind: ""}, deltas
        return
    for each in group:
        block = {"type": "tool_use", "id": each["call_id"], "name": each["name"]}
        text = json.dumps(each["arguments"])
        pieces = [text[:3], text[3:]]
        yield (
            {**block, "input": {}},
            [{"type": "input_json_delta", "partial_json": piece} for piece in pieces],
        )


def as_openai_responses(events: Iterable[Event]) -> Records:
    """Yield the events of OpenAI's Responses, which say each final three times."""
    for response in responses_in(events):
        yield {"type": "response.created", "response": {"object": "response"}}
        output: list[dict[str, Any]] = []
        for each in response:
            kind = each["type"].removesuffix("_delta")
            part, index = "output_text", "content_index"
            if kind == "thinking":
                part, index = "reasoning_summary_text", "summary_index"
            place = {"output_index": len(output), "item_id": "x", index: 0}
            if kind != each["type"]:
                named = {"type": f"response.{part}.delta", "delta": each["content"]}
                yield {**place, **named}
                continue
            if kind != "tool_call":
                final = {"type": f"response.{part}.done", "text": each["content"]}
                yield {**place, **final}
            output.append(_item(each))
            done = {"type": "response.output_item.done", "item": output[-1]}
            yield {**place, **done}
        yield {
            "type": "response.completed",
            "response": {"status": "completed", "output": output},
        }


def _item(event: Event) -> dict[str, Any]:
    match event:
        case {"type": "text", "content": content}:
            text = {"type": "output_text", "text": content, "annotations": []}
            return {"type": "message", "role": "assistant", "content": [text]}
        case {"type": "thinking", "content": content}:
            summary = {"type": "summary_text", "text": content}
            return {"type": "reasoning", "summary": [summary]}
    arguments = json.dumps(event["arguments"])
    known = {"call_id": event["call_id"], "name": event["name"]}
    return {"type": "function_call", **known, "arguments": arguments}
