"""The conversations in the requests and responses of a model's API.

Each request repeats the history, which tells what it goes on with.
"""

import io
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import partial
from itertools import islice
from typing import Any, Final

import attrs

from replay import ConversionNote, ConversionReport, Limits
from replay.authoring import SourceText, parse_json, write_decoded
from replay.errors import BackendError, DecodeError
from replay_backends.formats.api_captures.cassettes.cassette import Interaction
from replay_backends.formats.api_captures.cassettes.history_comparison import History
from replay_backends.formats.event_builder import Event, EventBuilder
from replay_backends.formats.head import SIZE as HEAD_SIZE
from replay_backends.formats.head import Head
from replay_backends.formats.members import member
from replay_backends.formats.recognition import format_called, format_of
from replay_backends.formats.recording import ImportOptions, Recording
from replay_backends.sse import Decoder

_NAME: Final = "vcrpy"
_CHAT: Final = "openai-chat"
_RESPONSES: Final = "openai-responses"
_ANTHROPIC: Final = "anthropic"
_FORMATS: Final = (_CHAT, _RESPONSES, _ANTHROPIC)
_STREAM: Final = re.compile(rb"\s*(?::[^\n]*\n\s*)*(?:data|event|id|retry):")
_DONE: Final = re.compile(r"\s*\[[A-Z_]+\]\s*")
_RESPONSE_ID: Final = re.compile(rb'"id"\s*:\s*"(resp_[^"]*)"')
_SAID_BY_MODEL: Final = ("text", "thinking", "tool_call")
_ERROR_STATUS: Final = 400


@attrs.define
class Step:
    """An interaction, and what it adds to its conversation."""

    interaction: Interaction
    events: list[Event] | None = None  #: None: it isn't a call of a model


@attrs.define(eq=False)
class Conversation:
    """The interactions of a conversation, and what was said in them."""

    steps: list[Step] = attrs.field(factory=list)
    report: ConversionReport = attrs.field(factory=partial(ConversionReport, _NAME))
    said: History = attrs.field(factory=History)
    mark: int = 0  #: of all that was said
    _calls: list[str] = attrs.field(factory=list)  # ids
    _stop: Event | None = None  # the last response's, which may not be the run's
    _usage: dict[str, Any] = attrs.field(factory=dict)  # of the run before that
    _instructions: object = None

    def ask(
        self, interaction: Interaction, instructions: object, asked: list[Event]
    ) -> None:
        """Add what a request holds behind what is known."""
        self.steps.append(Step(interaction, []))
        is_same_run = any(each["type"] == "tool_result" for each in asked)
        if not is_same_run or (self._stop and self._stop["is_error"]):
            self.end_run()
        elif self._stop:
            self._usage, self._stop = self._stop["usage"], None
        if instructions not in (None, self._instructions):
            self._take([{"type": f"{_NAME}/system", "record": instructions}])
            self._instructions = instructions
        for each in asked:
            if each["type"] in _SAID_BY_MODEL:
                each.setdefault("imported", {})["from_request"] = True
        self._take(asked)

    def answer(self, events: Iterable[Event]) -> None:
        """Add a response; its stop is held back, for the run may go on."""
        stops: list[Event] = []
        said: list[Event] = []
        for each in events:
            (stops if each["type"] == "stop" else said).append(each)
        self._take(said)
        for stop in stops[-1:]:
            self._stop = {**stop, "usage": _sum(self._usage, stop["usage"])}
            self._usage = {}

    def end_run(self) -> None:
        """Add the end of the last run."""
        if self._stop:
            self._take([self._stop])
        elif self._usage:
            at = self.steps[-1].interaction.at
            self.report.note("usage-without-stop", at, "dropped")
        self._stop, self._usage = None, {}

    def renamed(self, known: Iterable[Event], asked: list[Event]) -> list[Event]:
        """Return what was asked, with calls' ids as in the responses.

        Args:
            known: The events of the request that are known already.
            asked: The others.
        """
        names = dict(zip(_calls_in(known), self._calls, strict=False))
        for each in asked:
            ours = names.get(each.get("call_id", ""))
            if each["type"] == "tool_result" and ours not in (None, each["call_id"]):
                each["call_id"] = ours
                at = self.steps[-1].interaction.at
                self.report.note("paired-by-position", at, "changed")
        return asked

    def _take(self, events: list[Event]) -> None:
        step = self.steps[-1]
        step.events = [*(step.events or ()), *events]
        self._calls += [
            each["call_id"] for each in events if each["type"] == "tool_call"
        ]
        self.said.add(events)


class Conversations:
    """The conversations of a cassette.

    Args:
        limits: Size limits.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._found: list[Conversation] = []
        # By all that was said; those that said the same, in their order.
        self._by_said: dict[int, list[Conversation]] = defaultdict(list)
        self._by_response: dict[str, Conversation] = {}

    def add(self, interaction: Interaction) -> bool:
        """Add an interaction; return whether it is a call of a model."""
        request = interaction.request
        if not isinstance(request, dict):
            return False
        lines = _lines(interaction.response, self._limits.event_bytes)
        failure = _failure(interaction)
        name = _api_of(request, lines) if failure else _format_of(lines)
        if name not in _FORMATS:
            return False
        messages = write_decoded(_messages_in(request))
        asked = [e for e in self._converted(name, messages)[0] if e["type"] != "stop"]
        answered, notes = ([failure], ()) if failure else self._converted(name, lines)
        conversation = self._asked(interaction, asked)
        conversation.answer(answered)
        for note in notes:
            conversation.report.note(note.code, interaction.at, note.what)
        conversation.mark = conversation.said.marks()[-1]
        self._by_said[conversation.mark].append(conversation)
        for found in _RESPONSE_ID.findall(lines)[:1]:
            self._by_response[found.decode("utf-8", "replace")] = conversation
        return True

    def finished(self) -> list[Conversation]:
        """Return the conversations, with the ends of their last runs."""
        for each in self._found:
            each.end_run()
        return self._found

    def _asked(self, interaction: Interaction, asked: list[Event]) -> Conversation:
        """Return the conversation that a request goes on with, or a new one."""
        request = interaction.request
        said = History()
        said.add(asked)
        count = 0
        found = self._by_response.get(str(request.get("previous_response_id")))
        if not found:
            marks = said.marks()
            known = [n for n, mark in enumerate(marks) if n and self._by_said.get(mark)]
            if known:
                count = known[-1]
                found = self._by_said[marks[count]][-1]
        if found:
            self._by_said[found.mark].remove(found)
        else:
            found = Conversation()
            self._found.append(found)
        end = said.end_of(count)
        instructions = request.get("instructions") or request.get("system")
        new = found.renamed(asked[:end], asked[end:]) if count else asked
        found.ask(interaction, instructions, new)
        return found

    def _converted(
        self, name: str, data: bytes
    ) -> tuple[list[Event], Iterable[ConversionNote]]:
        """Return the events of a request or a response, and the notes on them."""
        head = Head(data[:HEAD_SIZE], is_whole=len(data) <= HEAD_SIZE)
        text = SourceText(partial(io.BytesIO, data), _NAME)
        recording = Recording(text, head, _NAME, self._limits, ImportOptions())
        report = ConversionReport(_NAME)
        build = EventBuilder(report, limits=self._limits)
        for conversion in islice(format_called(name).conversions(recording), 1):
            converter = conversion.converter(build)
            for record in conversion.records(report):
                build.begin(record)
                converter.record(record)
            converter.end()
        return build.drain(), report.notes


def _calls_in(events: Iterable[Event]) -> list[str]:
    return [each["call_id"] for each in events if each["type"] == "tool_call"]


def _sum(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    return {key: first.get(key, 0) + second.get(key, 0) for key in {**first, **second}}


def _messages_in(request: Mapping[str, Any]) -> list[Any]:
    found = request.get("messages", request.get("input"))
    if isinstance(found, str):
        return [{"role": "user", "content": found}]
    return found if isinstance(found, list) else []


def _format_of(lines: bytes) -> str | None:
    """Return the format of a response; None: none is sure."""
    head = Head(lines[:HEAD_SIZE], is_whole=len(lines) <= HEAD_SIZE)
    try:
        return format_of(head, _NAME)
    except BackendError:
        return None


def _api_of(request: Mapping[str, Any], response: bytes) -> str | None:
    """Return the format of an API that failed."""
    if "messages" in request:
        is_anthropic = b'"type":"error"' in response.replace(b" ", b"")
        return _ANTHROPIC if is_anthropic else _CHAT
    return _RESPONSES if "input" in request else None


def _failure(interaction: Interaction) -> Event | None:
    """Return the end of a run that failed with an HTTP error; None: it didn't."""
    if interaction.status < _ERROR_STATUS:
        return None
    try:
        value = parse_json(interaction.response).value
    except DecodeError:
        return None
    error = member(value, "error")
    reason = member(error, "message") or error
    if not isinstance(reason, str):
        return None
    return {
        "type": "stop",
        "usage": {},
        "is_error": True,
        "error": reason,
        "imported": {"http_status": interaction.status},
    }


def _lines(data: bytes, longest: int) -> bytes:
    """Return a response; of a stream, the data on lines."""
    if not _STREAM.match(data):
        return data
    decoder = Decoder(longest)
    frames = [*decoder.feed(data), *decoder.feed(b"\n\n")]
    texts = (each.data for each in frames if not _DONE.fullmatch(each.data))
    return "".join(text.replace("\n", " ") + "\n" for text in texts).encode()
