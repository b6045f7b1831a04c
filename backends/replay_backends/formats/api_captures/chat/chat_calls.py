"""The tool calls of a chat, whole or in pieces."""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import attrs

from replay_backends.formats.api_captures.model_run import Run
from replay_backends.formats.event_builder import EventBuilder, arguments_of
from replay_backends.formats.members import int_in, left_of, object_in, text_in

#: The id of a call from the time when a message held only one, without an id.
ONLY_CALL: Final = "function_call"
#: The members that say what is called, and those of them with its arguments.
_CALLED: Final = {"function": "arguments", "custom": "input"}


class CallRecord(NamedTuple):
    """What a record of a tool call, or of a piece of one, says."""

    call_id: str
    name: str
    arguments: object
    rest: dict[str, Any]


def read_call(recorded: Mapping[str, Any]) -> CallRecord:
    """Return what a record of a tool call, or of a piece of one, says."""
    rest = left_of(recorded, index=int, id=str)
    rest = {key: value for key, value in rest.items() if value is not None}
    if rest.get("type") in ("", "function"):
        del rest["type"]
    called: dict[str, Any] = {}
    arguments = None
    for kind, key in _CALLED.items():
        if not called and (called := object_in(rest, kind)):
            del rest[kind]
            arguments = called.get(key)
            rest |= left_of(called, name=str, **{key: object})
    call_id, name = text_in(recorded, "id"), text_in(called, "name")
    return CallRecord(call_id, name, arguments, rest)


@attrs.define
class OpenCalls:
    """The calls that wait for a result; calls without an id get one."""

    _run: Run
    _made: int = 0
    _open: dict[str, None] = attrs.field(factory=dict)

    def add(self, call: CallRecord, imported: Mapping[str, Any]) -> None:
        """Add a call to the events."""
        call_id, kept = call.call_id, {**imported, **call.rest}
        if call_id in ("", ONLY_CALL):
            kept["id"] = "made"
        if not call_id:
            self._made += 1
            call_id = f"call-{self._made}"
        if not call.name:
            self._run.build.note("missing-field")
        self._open[call_id] = None
        self._run.settle()
        self._run.build.call(call_id, call.name, call.arguments, kept)

    def close(self, call_id: object) -> str:
        """Return the id of the call that a result answers; empty: none is sure."""
        if not isinstance(call_id, str) or not call_id:
            call_id = "".join(self._open) if len(self._open) == 1 else ""
            self._run.build.note("missing-field")
        self._open.pop(call_id, None)
        return call_id


@attrs.define
class _Call:
    """A call that arrives in pieces."""

    call_id: str
    name: str = ""
    pieces: list[str] = attrs.field(factory=list)
    value: object = None  #: arguments that came as JSON
    rest: dict[str, Any] = attrs.field(factory=dict)

    def add(self, piece: CallRecord) -> None:
        self.call_id = self.call_id or piece.call_id
        self.name = self.name or piece.name
        self.rest |= piece.rest
        if isinstance(piece.arguments, str):
            self.pieces += [piece.arguments] if piece.arguments else []
        elif piece.arguments is not None:
            self.value = piece.arguments

    def whole(self) -> CallRecord:
        """Return the call, as far as it came."""
        arguments = "".join(self.pieces) if self.value is None else self.value
        return CallRecord(self.call_id, self.name, arguments, self.rest)

    def as_object(self) -> dict[str, Any]:
        """Return the call as one that came whole would be."""
        whole = self.whole()
        function = {"name": whole.name, "arguments": whole.arguments}
        return {"id": whole.call_id, "function": function, **whole.rest}

    @property
    def is_complete(self) -> bool:
        """Tell whether its arguments are an object, so that nothing can be missing."""
        arguments = self.whole().arguments
        if isinstance(arguments, str) and not arguments.rstrip().endswith("}"):
            return False
        return not arguments_of(arguments)[1]


@attrs.define
class CallPieces:
    """The calls of a response, from pieces that servers number in several ways."""

    _calls: list[_Call] = attrs.field(factory=list)
    _by_index: dict[int, _Call] = attrs.field(factory=dict)
    _by_id: dict[str, _Call] = attrs.field(factory=dict)

    def add(self, recorded: Mapping[str, Any]) -> None:
        """Add a piece to its call."""
        piece, index = read_call(recorded), int_in(recorded, "index")
        call = self._known(piece, index)
        if call is None:
            call = _Call(piece.call_id)
            self._calls.append(call)
        call.add(piece)
        if index is not None:
            self._by_index[index] = call
        if piece.call_id:
            self._by_id[piece.call_id] = call

    def add_only(self, function: object) -> None:
        """Add a piece of the only call of a message."""
        self.add({"id": ONLY_CALL, "function": function})

    def end(
        self,
        calls: OpenCalls,
        build: EventBuilder,
        take_rest: Callable[[], Mapping[str, Any]],
        *,
        is_cut: bool,
    ) -> bool:
        """Add the calls to the events.

        Args:
            calls: Takes the calls.
            build: Takes those that broke off.
            take_rest: Gives what else the response holds, once, for a call to keep.
            is_cut: The response broke off, and so may have its calls.

        Returns:
            Whether there were any.
        """
        for call in self._calls:
            if is_cut and not call.is_complete:
                build.keep("incomplete-tool-call", call.as_object())
            else:
                calls.add(call.whole(), take_rest())
        return bool(self._calls)

    def _known(self, piece: CallRecord, index: int | None) -> _Call | None:
        """Return the call that a piece continues; None: it begins one."""
        last = self._calls[-1] if self._calls else None
        call = last if index is None else self._by_index.get(index)
        if call is None:  # the index is new
            if piece.name:
                return None
            return self._by_id.get(piece.call_id) if piece.call_id else last
        if piece.call_id and call.call_id:
            is_same = piece.call_id == call.call_id
            return call if is_same else self._by_id.get(piece.call_id)
        # Servers without ids may send each call in one piece.
        is_one_piece = len(call.pieces) == 1 or call.value is not None
        has_more = piece.name and piece.arguments
        return None if has_more and is_one_piece and call.is_complete else call
