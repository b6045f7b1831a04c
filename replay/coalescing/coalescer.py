"""Deltas and full events go in, messages come out: each once, in order.

Every message is delivered at the place of its first event, however its deltas were
cut.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

import attrs

from replay.coalescing.texts import (
    Run,
    beginning_in,
    beginnings_at_end,
    cuts_a_pair,
    equal_but_for_space,
    first_difference,
    has_halves,
    is_proper_beginning,
    joined,
    tail_equal_to,
    taken_apart,
)
from replay.model.diagnostics import Diagnostic
from replay.model.events import Text, Thinking
from replay.model.messages import Kind, Message


@attrs.define(eq=False)
class _Block:
    """What is known of one kind."""

    pending: deque[Run] = attrs.field(factory=deque)  #: runs that wait to be settled
    apart: bool = False  #: whether they are compared with surrogate pairs taken apart
    recent: list[str] = attrs.field(factory=list)  #: the latest, if from deltas alone
    rest_end: int = -1  #: up to this run, a full event has left a rest


class Coalescer:
    """Settles runs of deltas by the full events that follow them."""

    def __init__(self) -> None:
        self.diagnostics: list[Diagnostic] = []  #: found since the caller emptied it
        self._queue: deque[Run] = deque()
        self._open: Run | None = None
        self._blocks: dict[Kind, _Block] = {"text": _Block(), "thinking": _Block()}

    def delta(
        self, kind: Kind, content: str, index: int, *, may_have_halves: bool = True
    ) -> None:
        """Take a delta that is not empty."""
        run = self._open
        if run is None or run.kind != kind:
            self._close()
            run = self._open = Run(kind, index)
            self._blocks[kind].pending.append(run)
            self._queue.append(run)
        run.pieces.append(content)
        run.may_have_halves = run.may_have_halves or may_have_halves

    def full(
        self, kind: Kind, event: Text | Thinking, index: int
    ) -> list[Message] | None:
        """Take a full event and return the messages that can now be delivered.

        Returns:
            None where the event repeats what was delivered before: nothing comes of it.
        """
        self._close()
        block = self._blocks[kind]
        is_alone = len(self._queue) == len(block.pending) == 1
        if is_alone and block.pending[0].text == event.content:  # as nearly always
            run = self._queue.popleft()
            block.pending.clear()
            block.recent.clear()
            return [Message(kind, run.text, run.index, "both", event=event)]
        if not block.pending:
            content = joined(event.content)
            if self._is_late(block, content, index):
                return None
            message = Message(kind, content, index, "full", event=event)
            self._queue.append(Run(kind, index, messages=[message], pending=False))
            block.recent.clear()
        elif event.content:
            self._settle(block, event, index)
            block.recent.clear()
        return self._delivered()

    def release(self, *, complete: bool) -> list[Message]:
        """Return all that is pending: a boundary has come.

        Args:
            complete: False where the boundary cuts the messages off.
        """
        if not self._queue:
            return []
        self._close()
        for run in self._queue:
            if run.pending:
                self._from_deltas(run, complete=complete)
        for block in self._blocks.values():
            block.pending.clear()
            block.apart = False
        return self._delivered()

    def forget(self) -> None:
        """Forget what was delivered: a user input begins a new history."""
        for block in self._blocks.values():
            block.recent.clear()

    def _close(self) -> None:
        run = self._open
        if run is None:
            return
        self._open = None
        block = self._blocks[run.kind]
        before = block.pending[-2].last_solid if len(block.pending) > 1 else -1
        block.apart = run.close(before) or block.apart

    def _from_deltas(self, run: Run, *, complete: bool) -> None:
        run.pending = False
        is_rest = run.index <= self._blocks[run.kind].rest_end
        if is_rest and run.text.isspace():
            return
        run.messages.append(
            Message(run.kind, run.text, run.index, "deltas", complete=complete)
        )
        if is_rest:
            detail = f"{_characters(len(run.text))} more in the deltas"
            self._say("delta-surplus", run.index, detail)

    def _delivered(self) -> list[Message]:
        messages: list[Message] = []
        queue = self._queue
        while queue and not queue[0].pending:
            messages += queue.popleft().messages
        if queue:
            messages += queue[0].messages
            queue[0].messages.clear()
        for message in messages:
            recent = self._blocks[message.kind].recent
            if message.source == "deltas":
                recent.append(message.content)
            else:
                recent.clear()
        return messages

    def _settle(self, block: _Block, event: Text | Thinking, index: int) -> None:
        runs, content = block.pending, event.content
        if count := tail_equal_to(content, (run.text for run in reversed(runs))):
            content = joined(content) if block.apart else content
            self._merge(block, count, event, content)
            return
        content = joined(content)
        block.apart = block.apart or has_halves(content)
        self._settle_otherwise(block, event, content, index)

    def _settle_otherwise(
        self, block: _Block, event: Text | Thinking, content: str, index: int
    ) -> None:
        runs = block.pending
        wanted = taken_apart(content) if block.apart else content
        if count := tail_equal_to(wanted, _units(reversed(runs), block)):
            self._merge(block, count, event, content)
        elif cut := beginning_in(wanted, _units(runs, block)):
            self._split(block, *cut, event, content)
        elif equal_but_for_space(wanted, _units(runs, block)):
            self._merge(block, len(runs), event, content)
        elif is_proper_beginning(_units(runs, block), wanted):
            more = len(content) - len(joined("".join(run.text for run in runs)))
            self._say("delta-gap", index, f"{_characters(more)} more in the full event")
            self._merge(block, len(runs), event, content)
        else:
            at = first_difference(runs[-1].text, content)
            self._say("delta-mismatch", index, f"first difference at character {at}")
            self._merge(block, 1, event, content)

    def _merge(
        self, block: _Block, count: int, event: Text | Thinking, content: str
    ) -> None:
        """Settle the last *count* runs by *event*, as one message."""
        settled = [block.pending.pop() for _ in range(count)]
        for run in settled:
            run.pending = False
        _deliver(settled[-1], event, content)

    def _split(
        self,
        block: _Block,
        count: int,
        rest: str,
        event: Text | Thinking,
        content: str,
    ) -> None:
        """Settle the first *count* runs and the next one but for its *rest*."""
        runs = block.pending
        if rest.isspace() and runs[-1].last_solid <= runs[count].index:
            self._merge(block, len(runs), event, content)
            return
        _deliver(runs[0], event, content)
        for _ in range(count):
            runs.popleft().pending = False
        runs[0].keep(rest, apart=block.apart)
        block.rest_end = runs[-1].index

    def _is_late(self, block: _Block, content: str, index: int) -> bool:
        more = _grown_by(content, block.recent)
        if more == 0:
            self._say("late-full", index, "repeats what its deltas gave")
            block.recent.clear()
            return True
        if more is not None:
            detail = f"{_characters(more)} more than its deltas gave"
            self._say("late-full-differs", index, detail)
        return False

    def _say(self, code: str, index: int, detail: str) -> None:
        self.diagnostics.append(Diagnostic(code, index, detail))


def _deliver(run: Run, event: Text | Thinking, content: str) -> None:
    run.messages.append(Message(run.kind, content, run.index, "both", event=event))


def _characters(count: int) -> str:
    return f"{count} character" if count == 1 else f"{count} characters"


def _units(runs: Iterable[Run], block: _Block) -> Iterator[str]:
    return (run.units(apart=block.apart) for run in runs)


def _grown_by(content: str, recent: Sequence[str]) -> int | None:
    """Return by how much *content* extends the latest of *recent*; None: not at all."""
    if not content or not recent:
        return None
    if has_halves("".join((content, *recent))):
        content, recent = taken_apart(content), list(map(taken_apart, recent))
    if tail_equal_to(content, reversed(recent)):
        return 0
    ends = set(accumulate(map(len, reversed(recent))))
    for length in beginnings_at_end(content, "".join(recent)):
        if length in ends and not cuts_a_pair(content[:length], content[length:]):
            return len(joined(content[length:]))
    return None
