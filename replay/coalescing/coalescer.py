"""The coalescer: deltas and full events go in, messages come out, each once.

Every message is delivered where its first event is, however its deltas were cut.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Final, get_args

import attrs

from replay.coalescing.runs import (
    Run,
    Settled,
    beginning_in,
    beginnings_at_end,
    equal_but_for_space,
    first_difference,
    is_proper_beginning,
    tail_equal_to,
)
from replay.coalescing.surrogates import (
    cuts_a_pair,
    has_surrogates,
    join_surrogates,
    split_surrogates,
)
from replay.model.diagnostics import Diagnostic
from replay.model.events import FullEvent, Kind
from replay.model.messages import Message

_KINDS: Final[tuple[Kind, ...]] = get_args(Kind)


@attrs.frozen(eq=False)
class Composition:
    """The parts that a message was made from.

    If ``repeats`` or ``repeated_messages`` is set, it stands for what became no
    message: a run of deltas, or a full event, that only repeats others.
    """

    kind: Kind
    #: the part of each run that went into it: the run's first index, and the text
    runs: tuple[tuple[int, str], ...]
    full: int | None = None  #: the position of its full event; None: there is none
    matches: bool = True  #: False: the full event differs from the deltas
    #: how many of the latest messages, joined, the full event repeats
    repeated_messages: int = 0
    #: the position of the full event that it repeats all or the beginning of
    repeats: int | None = None


@attrs.define(eq=False)
class _Block:
    """The state of one kind of text."""

    pending: deque[Run] = attrs.field(factory=deque)  #: runs that wait to be settled
    apart: bool = False  #: whether they are compared with surrogate pairs taken apart
    recent: list[str] = attrs.field(factory=list)  #: latest texts, from deltas alone
    rest_end: int = -1  #: the index of the last run that a full event left a rest of


@attrs.define(eq=False)
class _Full:
    event: FullEvent
    content: str  #: with halves of surrogate pairs joined if that matters
    index: int


class Coalescer:
    """A coalescer, which settles runs of deltas by the full events that follow them.

    Args:
        compositions: Collects the composition of each message that isn't a full event
            alone; None: they are not collected.
    """

    def __init__(self, compositions: list[Composition] | None = None) -> None:
        self.diagnostics: list[Diagnostic] = []  #: new ones; the caller takes them out
        self._compositions = compositions
        self._queue: deque[Run] = deque()
        self._open: Run | None = None
        self._blocks: dict[Kind, _Block] = {kind: _Block() for kind in _KINDS}
        #: each kind's latest message from a full event since the last boundary
        self._latest: dict[Kind, Settled] = {}

    def delta(
        self, kind: Kind, content: str, index: int, *, may_have_surrogates: bool = True
    ) -> None:
        """Take a delta that isn't empty."""
        run = self._open
        if run is None or run.kind != kind:
            self._close()
            run = self._open = Run(kind, index)
            self._blocks[kind].pending.append(run)
            self._queue.append(run)
        run.pieces.append(content)
        run.may_have_surrogates = run.may_have_surrogates or may_have_surrogates

    def full(self, event: FullEvent, index: int) -> list[Message] | None:
        """Take a full event and return the messages that can now be delivered.

        Returns:
            None: the event repeats what was delivered before, and yields nothing.
        """
        self._close()
        kind = event.kind
        block = self._blocks[kind]
        is_alone = len(self._queue) == len(block.pending) == 1
        if is_alone and block.pending[0].text == event.content:  # nearly always
            run = self._queue.popleft()
            block.pending.clear()
            block.recent.clear()
            if self._compositions is not None:
                self._compose(kind, [run], index)
            message = Message(kind, run.text, run.index, "both", event=event)
            self._latest[kind] = message, index
            return [message]
        if not block.pending:
            full = _Full(event, join_surrogates(event.content), index)
            if self._is_late(kind, full) or self._is_repeated(kind, full):
                return None
            message = Message(kind, full.content, index, "full", event=event)
            self._latest[kind] = message, index
            self._queue.append(Run(kind, index, messages=[message], pending=False))
            block.recent.clear()
        elif event.content:
            self._settle(block, _Full(event, event.content, index))
            block.recent.clear()
        return self._delivered()

    def release(self, *, complete: bool) -> list[Message]:
        """Return all pending messages, since a boundary has come.

        Args:
            complete: False if the boundary cuts the messages off.
        """
        if not self._queue:
            self._latest.clear()
            return []
        self._close()
        if self._latest:
            self._look_ahead()
            self._latest.clear()
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

    def _look_ahead(self) -> None:
        """Tell each run which message a full event settled next after it."""
        settled: dict[Kind, Settled] = {}
        for run in reversed(self._queue):
            run.settled_next = settled.get(run.kind)
            if run.settled:
                settled[run.kind] = run.settled

    def _from_deltas(self, run: Run, *, complete: bool) -> None:
        run.pending = False
        is_rest = run.index <= self._blocks[run.kind].rest_end
        is_left = is_rest or run.settled_next is not None
        if is_left and self._is_no_message(run):
            return
        run.messages.append(
            Message(run.kind, run.text, run.index, "deltas", complete=complete)
        )
        self._compose(run.kind, [run])
        if is_left and not run.text.isspace():
            detail = f"{_characters(len(run.text))} more in the deltas"
            self._say("delta-surplus", run.index, detail)

    def _is_no_message(self, run: Run) -> bool:
        """Tell whether a run that full events left is a blank rest, or a repetition."""
        if run.text.isspace():
            return run.is_cut
        if run.settled_next is None:
            return False
        message, full = run.settled_next
        is_replayed = message.content.startswith(run.text)
        if is_replayed:
            detail = "the message after them begins with them"
            self._say("replayed-deltas", run.index, detail)
            self._compose(run.kind, [run], repeats=full)
        return is_replayed

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

    def _settle(self, block: _Block, full: _Full) -> None:
        runs = block.pending
        if count := tail_equal_to(full.content, (run.text for run in reversed(runs))):
            if block.apart:
                full = attrs.evolve(full, content=join_surrogates(full.content))
            self._merge(block, count, full)
            return
        full = attrs.evolve(full, content=join_surrogates(full.content))
        block.apart = block.apart or has_surrogates(full.content)
        self._settle_otherwise(block, full)

    def _settle_otherwise(self, block: _Block, full: _Full) -> None:
        runs, content = block.pending, full.content
        wanted = split_surrogates(content) if block.apart else content
        if count := tail_equal_to(wanted, _units(reversed(runs), block)):
            self._merge(block, count, full)
        elif cut := beginning_in(wanted, _units(runs, block)):
            self._split(block, *cut, full)
        elif equal_but_for_space(wanted, _units(runs, block)):
            self._merge(block, len(runs), full)
        elif is_proper_beginning(_units(runs, block), wanted):
            known = join_surrogates("".join(run.text for run in runs))
            more = len(content) - len(known)
            detail = f"{_characters(more)} more in the full event"
            self._say("delta-gap", full.index, detail)
            self._merge(block, len(runs), full)
        else:
            at = first_difference(runs[-1].text, content)
            detail = f"first difference at character {at}"
            self._say("delta-mismatch", full.index, detail)
            self._merge(block, 1, full, matches=False)

    def _merge(
        self, block: _Block, count: int, full: _Full, *, matches: bool = True
    ) -> None:
        """Settle the last *count* runs by *full*, as one message."""
        settled = [block.pending.pop() for _ in range(count)]
        for run in settled:
            run.pending = False
        self._deliver(settled[::-1], full, matches=matches)

    def _split(self, block: _Block, count: int, rest: str, full: _Full) -> None:
        """Settle the first *count* runs, and the next one except for its *rest*."""
        runs = block.pending
        if rest.isspace() and runs[-1].last_solid <= runs[count].index:
            self._merge(block, len(runs), full)
            return
        settled = [runs.popleft() for _ in range(count)]
        for run in settled:
            run.pending = False
        self._deliver([*settled, runs[0]], full, rest=rest)
        runs[0].keep(rest, apart=block.apart)
        block.rest_end = runs[-1].index

    def _deliver(
        self, runs: Sequence[Run], full: _Full, *, matches: bool = True, rest: str = ""
    ) -> None:
        first = runs[0]
        message = Message(
            first.kind, full.content, first.index, "both", event=full.event
        )
        first.messages.append(message)
        settled = self._latest[first.kind] = message, full.index
        first.settled = first.settled or settled
        self._compose(first.kind, runs, full.index, matches=matches, rest=rest)

    def _is_late(self, kind: Kind, full: _Full) -> bool:
        recent = self._blocks[kind].recent
        if not full.content or not recent:
            return False
        content, texts = full.content, recent
        if has_surrogates("".join((content, *texts))):
            content, texts = split_surrogates(content), [*map(split_surrogates, texts)]
        if count := tail_equal_to(content, reversed(texts)):
            self._say("late-full", full.index, "repeats what its deltas gave")
            self._compose(kind, (), full.index, repeated_messages=count)
            recent.clear()
        elif more := _growth(content, texts):
            detail = f"{_characters(more)} more than its deltas gave"
            self._say("late-full-differs", full.index, detail)
        return count > 0

    def _is_repeated(self, kind: Kind, full: _Full) -> bool:
        """Tell whether the event repeats one that settled the deltas of both."""
        latest, at = self._latest.get(kind, (None, None))
        if latest is None or latest.content != full.content:
            return False
        has_deltas = latest.source == "both"
        if has_deltas:
            detail = "its deltas came only once"
            self._compose(kind, (), full.index, repeats=at)
        else:
            detail = "no deltas tell how often it was said"
        self._say("repeated-full", full.index, detail)
        return has_deltas

    def _compose(  # noqa: PLR0913 - the fields of a composition
        self,
        kind: Kind,
        runs: Iterable[Run],
        full: int | None = None,
        *,
        matches: bool = True,
        rest: str = "",
        repeated_messages: int = 0,
        repeats: int | None = None,
    ) -> None:
        if self._compositions is None:
            return
        taken = [(run.index, run.text) for run in runs]
        if rest:
            index, text = taken[-1]
            taken[-1] = index, text[: -len(join_surrogates(rest))]
        self._compositions.append(
            Composition(kind, tuple(taken), full, matches, repeated_messages, repeats)
        )

    def _say(self, code: str, index: int, detail: str) -> None:
        self.diagnostics.append(Diagnostic(code, index, detail))


def _characters(count: int) -> str:
    return f"{count} character" if count == 1 else f"{count} characters"


def _units(runs: Iterable[Run], block: _Block) -> Iterator[str]:
    return (run.units(apart=block.apart) for run in runs)


def _growth(content: str, recent: Sequence[str]) -> int:
    """Return by how much *content* extends the latest of *recent*; 0: not at all."""
    ends = set(accumulate(map(len, reversed(recent))))
    for length in beginnings_at_end(content, "".join(recent)):
        if length in ends and not cuts_a_pair(content[:length], content[length:]):
            return len(join_surrogates(content[length:]))
    return 0
