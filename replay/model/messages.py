"""Whole messages, the turns they belong to, and transcripts."""

from typing import Literal, TypeAlias

import attrs

from replay.model.diagnostics import Diagnostic
from replay.model.events import (
    FullEvent,
    Kind,
    Stop,
    ToolCall,
    ToolResult,
    UnknownEvent,
    Usage,
    UserInput,
)

#: The kinds of events that a message was made from.
MessageSource: TypeAlias = Literal["deltas", "full", "both"]


@attrs.frozen
class Message:
    """One whole block of text or thinking, delivered once, however it was recorded."""

    kind: Kind
    content: str
    index: int  #: the position of its first event, from 0
    source: MessageSource
    complete: bool = True  #: False: the recording ended, or failed, in the middle of it
    event: FullEvent | None = None  #: the full event; None: there was none


@attrs.frozen
class ToolExchange:
    """A tool call and all of its results."""

    call: ToolCall | None  #: None: the results answer no known call
    results: tuple[ToolResult, ...]
    #: ``late``: these results answer a call of an earlier turn, unresolved in that turn
    status: Literal["resolved", "unresolved", "orphan", "late"]
    index: int  #: the position of its first event in this turn
    end: int  #: the position of its last event in this turn


Step: TypeAlias = Message | ToolExchange | UnknownEvent


@attrs.frozen
class Turn:
    """One turn of the chat: what was asked, done and answered."""

    user_input: UserInput | None  #: None: the recording holds none
    steps: tuple[Step, ...]  #: in the order of their first events
    stop: Stop | None  #: the last one; None: the recording holds none
    status: Literal["complete", "error", "incomplete"]
    usage: Usage | None  #: the last stop's; None: there was no stop

    @property
    def answer(self) -> str:
        """Return the text after the last tool exchange, joined unchanged.

        If that is blank, return the last message of text that isn't, if there is one.
        """
        after = max(
            (
                step.end
                for step in self.steps
                if isinstance(step, ToolExchange) and step.status != "late"
            ),
            default=-1,
        )
        texts = [
            step
            for step in self.steps
            if isinstance(step, Message) and step.kind == "text"
        ]
        said_last = "".join(each.content for each in texts if each.index > after)
        if said_last.strip():
            return said_last
        solid = (each.content for each in reversed(texts) if each.content.strip())
        return next(solid, said_last)


@attrs.frozen
class Transcript:
    """A whole session, turn by turn."""

    session_id: str
    title: str | None  #: None: the session has none
    turns: tuple[Turn, ...]
    diagnostics: tuple[Diagnostic, ...]  #: in the order they were found
