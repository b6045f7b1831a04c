"""Other libraries' accumulators of deltas, fed with the same deltas.

Each takes the deltas of some messages and returns a function that joins them and
returns the messages. Each message is a response in the library's own typed events,
which are made beforehand.
"""

from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from typing import Final, TypeAlias

from benchmarks.peers import parts_manager

Messages: TypeAlias = Sequence[Sequence[str]]  # the deltas of each
Accumulate: TypeAlias = Callable[[], list[str]]


def pydantic_ai(messages: Messages) -> Accumulate:
    """Return pydantic-ai's accumulator, whose manager takes plain text."""
    manager_of = parts_manager()

    def message(deltas: Iterable[str]) -> str:
        manager = manager_of()
        for each in deltas:
            for _ in manager.handle_text_delta(vendor_part_id="0", content=each):
                pass
        return manager.get_parts()[0].content

    return lambda: [message(each) for each in messages]


def anthropic(messages: Messages) -> Accumulate:
    """Return the accumulator of the anthropic SDK's message streams."""
    types = import_module("anthropic.types")
    accumulate = import_module("anthropic.lib.streaming._messages").accumulate_event
    begin = _beginning_of_message()

    def event(text: str) -> object:
        delta = types.TextDelta(type="text_delta", text=text)
        made: object = types.RawContentBlockDeltaEvent(
            type="content_block_delta", index=0, delta=delta
        )
        return made

    def text(events: Iterable[object]) -> str:
        first, *others = events
        snapshot = accumulate(event=first, current_snapshot=None, json_bufs={})
        for each in others:
            snapshot = accumulate(event=each, current_snapshot=snapshot, json_bufs={})
        found: str = snapshot.content[0].text
        return found

    streams = [[*begin, *map(event, deltas)] for deltas in messages]
    return lambda: [text(each) for each in streams]


def _beginning_of_message() -> Sequence[object]:
    """Return the events that an anthropic stream sends before its first delta."""
    types = import_module("anthropic.types")
    message = {"id": "1", "type": "message", "role": "assistant", "content": []}
    usage = {"input_tokens": 0, "output_tokens": 0}
    return (
        types.RawMessageStartEvent(
            type="message_start",
            message={**message, "model": "", "stop_reason": None, "usage": usage},
        ),
        types.RawContentBlockStartEvent(
            type="content_block_start",
            index=0,
            content_block={"type": "text", "text": ""},
        ),
    )


def openai(messages: Messages) -> Accumulate:
    """Return the accumulator of the openai SDK's chat completion streams."""
    chunk_of = import_module("openai.types.chat").ChatCompletionChunk
    state_of = import_module("openai.lib.streaming.chat").ChatCompletionStreamState

    def chunk(text: str) -> object:
        choice = {"index": 0, "delta": {"content": text}, "finish_reason": None}
        made: object = chunk_of(
            id="1",
            object="chat.completion.chunk",
            created=0,
            model="",
            choices=[choice],
        )
        return made

    def text(chunks: Iterable[object]) -> str:
        state = state_of()
        for each in chunks:
            for _ in state.handle_chunk(each):
                pass
        completion = state.current_completion_snapshot
        found: str = completion.choices[0].message.content
        return found

    streams = [[chunk(each) for each in deltas] for deltas in messages]
    return lambda: [text(each) for each in streams]


ACCUMULATORS: Final = {
    "pydantic-ai parts manager": pydantic_ai,
    "anthropic accumulate_event": anthropic,
    "openai ChatCompletionStreamState": openai,
}
