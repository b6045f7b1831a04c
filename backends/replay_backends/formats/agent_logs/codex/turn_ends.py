"""The ends of a log's runs, and their tokens."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

import attrs

from replay_backends.formats.agent_logs.codex.rollout_records import (
    ENDS,
    SKIPPED_ITEMS,
    STARTS,
    Parts,
)
from replay_backends.formats.event_builder import RunUsage
from replay_backends.formats.members import number_in, object_in, text_in

_SUMS: Final = ("input_tokens", "output_tokens")  # what grows as a session goes on


@attrs.define
class Run:
    """What is known of a run at its end."""

    usage: RunUsage = attrs.field(factory=RunUsage)
    details: Counter[str] = attrs.field(factory=Counter)  #: sums as recorded
    error: str | None = None  #: what an event before the end said
    has_records: bool = False  #: its tokens come from one record a response
    counted_at: int = 0  #: the place of the last record of its tokens

    def add(self, place: int, counts: Mapping[str, int]) -> None:
        """Add the tokens of a response."""
        self.counted_at = place
        self.usage.add(counts.get("input_tokens"), counts.get("output_tokens"))
        self.details.update(counts)


@attrs.define
class Runs:
    """The runs of a log, as its records are seen one after another.

    Tokens come from the record of each response. Older versions have none: there, the
    sum of the session grows with each response, and may be recorded again without one.
    """

    ends: dict[int, Run] = attrs.field(factory=dict)  #: by the place of their end
    #: Runs without an end but with tokens, by the place of their last item.
    unfinished: dict[int, Run] = attrs.field(factory=dict)
    #: Where tokens are recorded of a run that has no end and no item.
    lost: set[int] = attrs.field(factory=set)
    errors: set[int] = attrs.field(factory=set)  #: places of errors that ends tell
    _run: Run = attrs.field(factory=Run)
    _last_item: int | None = None
    _waiting: list[int] = attrs.field(factory=list)  # errors of this run
    _ended: dict[str, Run] = attrs.field(factory=dict)  # by the id of their turn
    _responses: set[int] = attrs.field(factory=set)  # hashes of the ids of those seen
    _has_records: bool = False
    _total: dict[str, int] | None = None  # None: none was recorded yet
    _copied: dict[str, int] | None = None  # the last sum in a copied history

    def see_copy(self, parts: Parts) -> None:
        """Take in a record that is a copy: its tokens are another session's."""
        match parts.type, parts.kind:
            case "token_usage_record", _:
                self._responses.add(hash(text_in(parts.payload, "response_id")))
            case "event_msg", "token_count":
                info = object_in(parts.payload, "info")
                self._copied = _counts(object_in(info, "total_token_usage"))

    def see(self, place: int, parts: Parts) -> None:
        """Take in a record that isn't a copy."""
        payload = parts.payload
        match parts.type, parts.kind:
            case "response_item", kind if kind not in SKIPPED_ITEMS:
                is_prompt = payload.get("role", "assistant") != "assistant"
                if not is_prompt or self._last_item is None:
                    self._last_item = place
            case "token_usage_record", _:
                self._see_response(place, payload)
            case "event_msg", "token_count":
                self._see_total(place, object_in(payload, "info"))
            case "event_msg", "error" if text_in(payload, "message"):
                self._run.error = text_in(payload, "message")
                self._waiting.append(place)
            case "event_msg", kind if kind in STARTS or kind == "thread_rolled_back":
                self.close()
            case "event_msg", kind if kind in ENDS:
                self._end(place, payload)

    def close(self) -> None:
        """Leave the current run without an end."""
        if self._run.usage.responses:
            if self._last_item is None:
                self.lost.add(self._run.counted_at)
            else:
                self.unfinished[self._last_item] = self._run
        self._begin()

    def _end(self, place: int, payload: Mapping[str, Any]) -> None:
        turn_id = text_in(payload, "turn_id")
        if turn_id in self._ended:
            return
        self.ends[place] = self._run
        self._run.usage.duration_ms = number_in(payload, "duration_ms")
        self.errors.update(self._waiting)
        if turn_id:
            self._ended[turn_id] = self._run
        self._begin()

    def _begin(self) -> None:
        self._run, self._last_item, self._waiting = Run(), None, []

    def _see_response(self, place: int, payload: Mapping[str, Any]) -> None:
        response_id = text_in(payload, "response_id")
        if response_id and hash(response_id) in self._responses:
            return
        self._responses.add(hash(response_id))
        run = self._ended.get(text_in(payload, "turn_id"), self._run)
        if not run.has_records:  # what was counted before is the same once more
            run.usage = RunUsage(duration_ms=run.usage.duration_ms)
            run.details, run.has_records = Counter(), True
        self._has_records = True
        run.add(place, _counts(object_in(payload, "usage")))

    def _see_total(self, place: int, info: Mapping[str, Any]) -> None:
        total = _counts(object_in(info, "total_token_usage"))
        if not total:
            return
        before, self._total = self._total, total
        if before is None and total == self._copied:
            return  # the sum of the copied history, once more
        if before is None or any(
            total.get(key, 0) < before.get(key, 0) for key in _SUMS
        ):
            grown = _counts(object_in(info, "last_token_usage"))
        else:
            grown = {key: total[key] - before.get(key, 0) for key in total}
        if any(grown.values()) and not self._has_records:
            self._run.add(place, grown)


def _counts(usage: Mapping[str, Any]) -> dict[str, int]:
    return {
        key: count
        for key, count in usage.items()
        if isinstance(count, int) and not isinstance(count, bool)
    }
