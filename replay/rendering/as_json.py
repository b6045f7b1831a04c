"""A transcript as JSON, in a shape that programs can rely on."""

from collections.abc import Iterable, Iterator

from replay.coalescing.transcripts import LazyTranscript
from replay.model.diagnostics import Diagnostic
from replay.model.json_text import write_json
from replay.model.messages import Message, Step, ToolExchange, Transcript, Turn
from replay.security.sanitization import escape_json


def json_pieces(transcript: Transcript | LazyTranscript) -> Iterator[str]:
    r"""Yield *transcript* as one JSON object on one line, piece by piece.

    ::

        {"session_id": "…", "title": "…" or null, "turns": […], "diagnostics": […]}

    a turn::

        {"user_input": event or null, "steps": […], "stop": event or null,
         "status": "complete", "error" or "incomplete", "usage": {…} or null,
         "answer": "the text after the last tool exchange"}

    a step, one of::

        {"type": "message", "kind": "text" or "thinking", "content": "…", "index": 0,
         "source": "deltas", "full" or "both", "complete": true or false}
        {"type": "tool_exchange", "call": event or null, "results": [event, …],
         "status": "resolved", "unresolved", "orphan" or "late", "index": 0, "end": 1}
        {"type": "unknown_event", "raw": anything, "reason": "what is wrong with it"}

    and a diagnostic::

        {"code": "delta-gap", "index": 12 or null, "detail": "…"}

    ``event`` and ``usage`` are objects as they were recorded. Members may be added in
    later releases. Characters that could control a terminal are written as ``\uXXXX``.

    Raises:
        EncodeError: It was built by hand with a value that JSON cannot hold.
    """
    yield f'{{"session_id":{_text(transcript.session_id)}'
    yield f',"title":{_text(transcript.title)},"turns":['
    for number, turn in enumerate(transcript.turns):
        yield "," if number else ""
        yield from _turn(turn)
    yield '],"diagnostics":['
    yield from _list(map(_diagnostic, transcript.diagnostics))
    yield "]}\n"


def _list(values: Iterable[object]) -> Iterator[str]:
    for number, value in enumerate(values):
        yield f",{_text(value)}" if number else _text(value)


def _text(value: object) -> str:
    return escape_json(write_json(value).decode())


def _diagnostic(diagnostic: Diagnostic) -> dict[str, object]:
    return {
        "code": diagnostic.code,
        "index": diagnostic.index,
        "detail": diagnostic.detail,
    }


def _turn(turn: Turn) -> Iterator[str]:
    yield f'{{"user_input":{_text(turn.user_input and turn.user_input.as_object())}'
    yield ',"steps":['
    yield from _list(map(_step, turn.steps))
    rest = {
        "stop": turn.stop and turn.stop.as_object(),
        "status": turn.status,
        "usage": turn.usage and turn.usage.as_object(),
        "answer": turn.answer,
    }
    yield f"],{_text(rest)[1:]}"


def _step(step: Step) -> dict[str, object]:
    match step:
        case Message():
            return _message(step)
        case ToolExchange():
            return _exchange(step)
    return {
        "type": "unknown_event",
        "raw": step.as_object(),
        "reason": step.reason,
    }


def _message(message: Message) -> dict[str, object]:
    return {
        "type": "message",
        "kind": message.kind,
        "content": message.content,
        "index": message.index,
        "source": message.source,
        "complete": message.complete,
    }


def _exchange(exchange: ToolExchange) -> dict[str, object]:
    return {
        "type": "tool_exchange",
        "call": exchange.call and exchange.call.as_object(),
        "results": [result.as_object() for result in exchange.results],
        "status": exchange.status,
        "index": exchange.index,
        "end": exchange.end,
    }
