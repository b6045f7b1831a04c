"""A made-up log of Claude Code: the same bytes each time.

In a turn, the agent is asked something, thinks, reads a file, runs tests, edits, asks a
sub-agent, whose records stand in the same file, and answers. Results have between a
line and 8 kB, like files and the output of commands.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count, cycle, islice
from pathlib import Path
from typing import Any, Final, TypeAlias

import attrs

from benchmarks.inputs import SENTENCES

Line: TypeAlias = dict[str, Any]

SESSION: Final = "00000000-0000-4000-8000-00000000be4c"
TURN: Final = 20  #: lines of a turn
SOURCE: Final = """\
def total(prices: Iterable[Decimal], rate: Decimal) -> Decimal:
    subtotal = sum(prices, start=Decimal(0))
    if rate < 0:
        raise ValueError(rate)
    return (subtotal * (1 + rate)).quantize(Decimal("0.01"))
"""
BEGIN: Final = 1_767_600_000  # seconds since 1970


def write(path: Path, lines: int) -> None:
    """Write a log of so many lines; its last turn may be cut off."""
    with path.open("w", encoding="utf-8") as file:
        for line in islice(_lines(), lines):
            text = json.dumps(line, ensure_ascii=False, separators=(",", ":"))
            file.write(f"{text}\n")


def _lines() -> Iterator[Line]:
    log = _Log()
    for number in count():
        yield from _turn(log, cycle(SENTENCES), number)


def _turn(log: "_Log", prose: Iterator[str], number: int) -> Iterator[Line]:
    def say(sentences: int) -> str:
        return " ".join(islice(prose, sentences))

    say(number % len(SENTENCES))  # so that turns differ
    source = SOURCE * (1 + number % 32)
    edit = {"file_path": "total.py", "old_string": say(2), "new_string": say(3)}
    yield log.state("queue-operation", operation="enqueue", content=say(3))
    yield log.asked(say(3))
    yield log.said({"type": "thinking", "thinking": say(8), "signature": "c2lnbmVk"})
    yield log.said({"type": "text", "text": say(2)})
    yield from log.used("Read", {"file_path": "total.py"}, source)
    yield from log.used("Bash", {"command": "pytest -q"}, say(16))
    yield from log.used("Edit", edit, "The file has been updated.")
    prompt = say(4)
    yield log.called("Task", {"prompt": prompt})
    yield log.asked(prompt, side=True)
    yield from log.used("Grep", {"pattern": "total"}, say(9), side=True)
    yield log.said({"type": "text", "text": say(6)}, side=True)
    yield log.returned("Task", say(6))
    yield log.said({"type": "thinking", "thinking": say(4), "signature": "c2lnbmVk"})
    yield log.said({"type": "text", "text": say(9)}, "end_turn")
    yield log.chained("system", subtype="turn_duration", durationMs=61_250)
    yield log.state("last-prompt", lastPrompt=say(3))


@attrs.define
class _Log:
    """Makes lines, each with an id and a time of its own, chained to the one before."""

    number: int = 0  #: of lines so far
    last: dict[bool, str] = attrs.field(factory=dict)  #: ids: the sub-agent's, others
    calls: dict[str, str] = attrs.field(factory=dict)  #: the last call of each tool

    def state(self, kind: str, **members: object) -> Line:
        """Return a line that is no part of the conversation."""
        self.number += 1
        time = datetime.fromtimestamp(BEGIN + 3 * self.number, UTC)
        written = time.strftime("%Y-%m-%dT%H:%M:%S.000Z")
        return {"type": kind, "sessionId": SESSION, "timestamp": written, **members}

    def chained(self, kind: str, *, side: bool = False, **members: object) -> Line:
        """Return a line of the conversation, or of the sub-agent's."""
        line = self.state(kind, **members)
        parent = self.last.get(side)
        self.last[side] = f"00000000-0000-4000-8000-{self.number:012}"
        return {
            **line,
            "parentUuid": parent,
            "isSidechain": side,
            "userType": "external",
            "cwd": "/home/me/shop",
            "version": "2.1.332",
            "gitBranch": "main",
            "uuid": self.last[side],
        }

    def asked(self, content: object, *, side: bool = False, **members: object) -> Line:
        """Return a line with the user's role."""
        message = {"role": "user", "content": content}
        return self.chained("user", side=side, message=message, **members)

    def said(
        self, block: Line, stop_reason: str = "tool_use", *, side: bool = False
    ) -> Line:
        """Return a line of a response with one block."""
        message = {
            "id": f"msg_{self.number:08}",
            "type": "message",
            "role": "assistant",
            "model": "claude-example",
            "content": [block],
            "stop_reason": stop_reason,
            "stop_sequence": None,
            "usage": {
                "input_tokens": 12,
                "cache_creation_input_tokens": 340,
                "cache_read_input_tokens": 21_000,
                "output_tokens": 85,
            },
        }
        request = f"req_{self.number:08}"
        return self.chained("assistant", side=side, message=message, requestId=request)

    def called(self, tool: str, arguments: Line, *, side: bool = False) -> Line:
        """Return a line with a call of a tool."""
        self.calls[tool] = f"toolu_{self.number:08}"
        block = {"type": "tool_use", "id": self.calls[tool], "name": tool}
        return self.said({**block, "input": arguments}, side=side)

    def returned(self, tool: str, content: str, *, side: bool = False) -> Line:
        """Return a line with the result of a tool's last call."""
        block = {"type": "tool_result", "tool_use_id": self.calls[tool]}
        told = {"stdout": content, "interrupted": False}
        return self.asked(
            [{**block, "content": content}], side=side, toolUseResult=told
        )

    def used(
        self, tool: str, arguments: Line, content: str, *, side: bool = False
    ) -> Iterator[Line]:
        """Yield a call and its result."""
        yield self.called(tool, arguments, side=side)
        yield self.returned(tool, content, side=side)
