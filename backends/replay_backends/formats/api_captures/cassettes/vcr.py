"""Cassettes of VCR.py and Betamax: a session for each conversation in them.

Read on with ``cassette`` (the HTTP interactions, of ``safe_yaml`` or JSON), then
``conversations``, which converts bodies by the formats of their APIs and compares
histories by ``history_comparison``.
"""

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from replay import ConversionReport
from replay.errors import UnrecognizedError
from replay_backends.formats.api_captures.cassettes.cassette import (
    interactions_in,
    is_cassette,
)
from replay_backends.formats.conversion import Conversion
from replay_backends.formats.event_builder import EventBuilder
from replay_backends.formats.head import Head
from replay_backends.formats.recording import Fate, Record, Recording

if TYPE_CHECKING:
    from replay_backends.formats.api_captures.cassettes.conversations import (
        Conversation,
    )

_SUFFIXES = (".yaml", ".yml")


class VCRCassette:
    """Cassettes in YAML or JSON."""

    prefix: ClassVar = "vcrpy"

    def recognizes(self, head: Head) -> bool:
        """Tell whether a recording that begins so is of this format."""
        return is_cassette(head)

    def conversions(self, recording: Recording) -> Iterator[Conversion]:
        """Yield how each of its conversations is converted."""
        from replay_backends.formats.api_captures.cassettes.conversations import (  # noqa: PLC0415 - slow, seldom needed
            Conversations,
            Step,
        )

        conversations = Conversations(recording.limits)
        interactions = interactions_in(recording)
        others = [Step(each) for each in interactions if not conversations.add(each)]
        found = conversations.finished()
        if not found:
            where, reason = "$", "no calls of a model's API that is known are in it"
            hint = "known are chat completions, Responses and Anthropic's Messages"
            raise UnrecognizedError(where, reason, recording.text.source, hint)
        found[0].steps.extend(others)
        name = recording.session_id
        for suffix in _SUFFIXES:
            name = name.removesuffix(suffix)
        for number, conversation in enumerate(found, 1):
            yield Conversion(
                f"{name}--{number}" if number > 1 else name,
                partial(_records, conversation),
                partial(_Converter, conversation),
            )


def _records(
    conversation: "Conversation", report: ConversionReport
) -> Iterator[Record]:
    for note in conversation.report.notes:
        report.note(note.code, note.at, note.what, count=note.count)
    for step in conversation.steps:
        yield Record(step.interaction.at, step.interaction.shown)


class _Converter:
    """A converter of a conversation's interactions, whose events are known."""

    def __init__(self, conversation: "Conversation", build: EventBuilder) -> None:
        self._build = build
        self._steps = {each.interaction.at: each for each in conversation.steps}

    def record(self, record: Record) -> tuple[Fate, str]:
        """Convert the next record."""
        step = self._steps[record.at]
        self._build.see_time(step.interaction.time)
        if step.events is None:
            if not self._build.keeps_all:
                self._build.note("other-interaction", "dropped")
            return self._build.skip(record, "interaction")
        self._build.events += step.events
        return "mapped", "interaction"

    def end(self) -> None:
        """Add nothing: the ends of runs are known."""
