"""The chunks that a chat's response is streamed in."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

import attrs

from replay_backends.formats.api_captures.chat.chat_calls import CallPieces, OpenCalls
from replay_backends.formats.api_captures.chat.chat_messages import (
    SAID,
    parts_of,
    rest_of_message,
)
from replay_backends.formats.api_captures.chat.chat_response import (
    NOT_KEPT,
    NOT_OF_CHOICE,
    ResponseEnd,
    choice_of,
    origin_of,
    usage_of,
)
from replay_backends.formats.api_captures.model_run import Run
from replay_backends.formats.recording import Fate, Record

_MAPPED: Final = frozenset({*SAID, "call", "end"})  # what isn't kept as it is


@attrs.define
class _Response:
    """A response that arrives in chunks."""

    response_id: object
    origin: tuple[object, object] = (None, None)  #: id and time of the last chunk
    end: ResponseEnd = attrs.field(factory=ResponseEnd)
    refusals: list[str] = attrs.field(factory=list)
    calls: CallPieces = attrs.field(factory=CallPieces)
    kept: dict[str, Any] = attrs.field(factory=dict)  # with the events so far
    rest: dict[str, Any] = attrs.field(factory=dict)  # for the next event to keep

    def see(self, held: Mapping[str, Any], but: Collection[str] = ()) -> None:
        """Take in what a chunk holds, but for some keys and what the last one held."""
        kept = self.kept
        for key, value in held.items():
            if value and key not in but and kept.get(key) != value:
                kept[key] = self.rest[key] = value

    def take_rest(self) -> dict[str, Any]:
        rest, self.rest = self.rest, {}
        return rest

    def is_over(self, chunk: Mapping[str, Any], delta: Mapping[str, Any]) -> bool:
        """Tell whether a chunk with a choice begins another response.

        Some servers give each chunk an id of its own, others give all the same.
        """
        if self.end.finish_reason and any(delta[key] for key in delta if key != "role"):
            return True
        known = chunk.get("id")
        is_other = known and self.response_id not in (None, "", known)
        return bool(is_other and delta.get("role"))


@attrs.define
class ChunkConverter:
    """A converter of the chunks of responses, one response after another."""

    _run: Run
    _calls: OpenCalls
    _response: _Response | None = None

    def convert(self, record: Record) -> tuple[Fate, str]:
        """Convert a chunk."""
        chunk, run = record.value, self._run
        choice = choice_of(chunk, run)
        usage, error = usage_of(chunk, choice), chunk.get("error")
        if not (choice or usage or error):
            return run.build.skip(record, "chunk")
        delta = choice.get("delta", choice.get("message"))
        delta = delta if isinstance(delta, dict) else {}
        response = self._response_of(chunk, delta)
        response.see(chunk, NOT_KEPT)
        response.end.usage = usage or response.end.usage
        response.end.error = error or response.end.error
        if choice:
            kinds = [*self._choice(response, choice, delta)]
            if _MAPPED.isdisjoint(kinds) and not (usage or error):
                return ("kept", kinds[0]) if kinds else run.build.skip(record, "chunk")
        return "mapped", "chunk"

    def end(self) -> None:
        """End the response that arrived, if there is one."""
        response, self._response = self._response, None
        if not response:
            return
        run, end = self._run, response.end
        if response.refusals:
            run.build.keep("refusal", {"refusal": "".join(response.refusals)})
        is_cut = not (end.finish_reason or end.error)
        has_calls = response.calls.end(
            self._calls, run.build, response.take_rest, is_cut=is_cut
        )
        end.tell(run, response.take_rest(), has_calls=has_calls)

    def _response_of(
        self, chunk: Mapping[str, Any], delta: Mapping[str, Any]
    ) -> _Response:
        """Return the response that a chunk belongs to; it may begin one."""
        response, known = self._response, chunk.get("id")
        if response and response.is_over(chunk, delta):
            self.end()
            response = None
        if not response:
            self._run.begin()
            self._response = response = _Response(known)
        response.response_id = response.response_id or known
        if (origin := (known, chunk.get("created"))) != response.origin:
            response.origin = origin
            response.see(origin_of(chunk))
            self._run.build.see_time(origin[1])
        return response

    def _choice(
        self, response: _Response, choice: Mapping[str, Any], delta: Mapping[str, Any]
    ) -> Iterator[str]:
        """Add what a choice says; yield the kinds of what there is."""
        response.see(choice, NOT_OF_CHOICE)
        yield from self._delta(response, delta)
        if reason := choice.get("finish_reason"):
            response.end.finish_reason = reason
            yield "end"

    def _delta(self, response: _Response, delta: Mapping[str, Any]) -> Iterator[str]:
        run = self._run
        text = delta.get("content")
        if text and len(delta) == 1 and isinstance(text, str):  # as most are
            run.delta("text", text, response.take_rest())
            yield "text"
            return
        response.see(rest_of_message(delta))
        for kind, content, rest in parts_of(delta):
            if kind not in SAID:
                run.build.keep(kind, content)
            elif content:
                run.delta(kind, content, {**response.take_rest(), **rest})
            else:
                continue
            yield kind
        if isinstance(refusal := delta.get("refusal"), str) and refusal:
            response.refusals.append(refusal)
            yield "refusal"
        pieces = delta.get("tool_calls") or []
        for piece in pieces if isinstance(pieces, list) else [pieces]:
            if isinstance(piece, dict):
                response.calls.add(piece)
                yield "call"
            else:
                run.build.keep("tool_calls", piece)
                yield "tool_calls"
        if isinstance(function := delta.get("function_call"), dict):
            response.calls.add_only(function)
            yield "call"
