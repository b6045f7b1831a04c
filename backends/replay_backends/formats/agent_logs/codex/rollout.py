"""A rollout's records, turned into events."""

from collections.abc import Mapping
from typing import Any, Final

import attrs

from replay_backends.formats.agent_logs.codex.response_items import ItemConverter
from replay_backends.formats.agent_logs.codex.rollout_outline import Outline
from replay_backends.formats.agent_logs.codex.rollout_records import (
    ENDS,
    Parts,
    split_record,
)
from replay_backends.formats.agent_logs.codex.second_view import (
    is_second_view,
    kind_of_shown,
)
from replay_backends.formats.agent_logs.codex.turn_ends import Run
from replay_backends.formats.agent_logs.held_stop import HeldStop
from replay_backends.formats.event_builder import EventBuilder
from replay_backends.formats.members import text_in
from replay_backends.formats.recording import Fate, Record

_BOOKKEEPING: Final = frozenset(
    {"session_meta", "state", "token_usage_record", "turn_context", "world_state"}
)


@attrs.define
class RolloutConverter:
    """A converter of a rollout's records, in order.

    Args:
        outline: The outline of the same records.
        build: Takes the events.
        branch: The beginning of the branch to convert that the user took back; empty:
            what is left without such branches; None: everything.
    """

    outline: Outline
    _build: EventBuilder
    branch: str | None = ""
    _items: ItemConverter = attrs.field(init=False)
    _stops: HeldStop = attrs.field(init=False)
    _place: int = -1
    _current: str = ""  # the branch that the last record belongs to

    def __attrs_post_init__(self) -> None:
        build, outline = self._build, self.outline
        self._items, self._stops = ItemConverter(build), HeldStop(build)
        build.report.version = outline.version
        build.parent = outline.copies.parent
        if at := outline.copies.doubt:
            build.report.note("copied-history-possible", at, "changed")

    def record(self, record: Record) -> tuple[Fate, str]:
        """Convert the next record."""
        self._place += 1
        value, outline = record.value, self.outline
        if isinstance(value, dict):
            if outline.copies.holds(self._place, value):
                self._build.note("copied", "dropped")
                return self._build.skip(record, "copied")
            self._build.see_time(value.get("timestamp"))
        if self._place in outline.prompts:
            self._current = outline.dead.get(self._place, "")
        if self._is_left_out and self.branch:
            return "skipped", "other-branch"
        fate = self._convert(record)
        if self._is_left_out and fate[0] != "skipped":
            self._build.drain()
            self._build.note("dead-branch", "dropped")
            return "skipped", "dead-branch"
        if run := outline.runs.unfinished.get(self._place):
            usage = run.usage.as_object()
            self._build.events[-1].setdefault("imported", {})["usage"] = usage
            self._build.note("usage-without-stop", "moved")
        elif self._place in outline.runs.lost:
            self._build.note("usage-without-stop", "dropped")
        self._stops.hold()
        return fate

    def end(self) -> None:
        """Add the last stop."""
        self._stops.release()

    @property
    def _is_left_out(self) -> bool:
        """Tell whether the branch of the current record isn't to be read."""
        return self.branch is not None and self.branch != self._current

    def _convert(self, record: Record) -> tuple[Fate, str]:
        build = self._build
        if not isinstance(record.value, dict):
            return build.keep_whole(record, "line")
        parts = split_record(record.value)
        match parts:
            case Parts(type="turn_context"):
                self._items.model = text_in(parts.payload, "model") or self._items.model
                return build.skip(record, parts.type)
            case Parts(type=kind) if kind in _BOOKKEEPING:
                return build.skip(record, kind)
            case Parts(type="response_item", has_payload=True):
                return self._item(record, parts)
            case Parts(type="event_msg", has_payload=True):
                return self._event(record, parts)
        if not parts.has_payload:
            build.note("missing-field")
        return build.keep_whole(record, parts.type)

    def _item(self, record: Record, parts: Parts) -> tuple[Fate, str]:
        payload = parts.payload
        if self._place in self.outline.hidden:
            return self._build.keep_whole(record, "compaction-output")
        if parts.kind == "message" and payload.get("role") == "user":
            if self._place not in self.outline.prompts:
                return self._build.keep_whole(record, "injected")
            self._items.prompt(parts)
            return "mapped", parts.kind
        return self._items.convert(record, parts)

    def _event(self, record: Record, parts: Parts) -> tuple[Fate, str]:
        """Convert an event: what the screen showed, or how a run went."""
        build, payload, kind = self._build, parts.payload, parts.kind
        if kind in ENDS:
            if run := self.outline.runs.ends.get(self._place):
                self._stop(parts, run)
                return "mapped", kind
            return build.skip(record, kind)
        if kind == "error" and self._place in self.outline.runs.errors:
            return "mapped", kind
        if kind == "user_message" and self._place in self.outline.prompts:
            self._prompt(parts)
            return "mapped", kind
        if kind == "thread_rolled_back":
            self._current = ""
        elif kind == "thread_name_updated":
            build.title = text_in(payload, "thread_name") or build.title
        kind = kind_of_shown(parts)
        if is_second_view(parts) or self._place in self.outline.doubles:
            return build.skip(record, kind)
        return build.keep_whole(record, kind)

    def _prompt(self, parts: Parts) -> None:
        """Add a prompt that only an event tells."""
        payload = parts.payload
        images = payload.get("images")
        media = images if isinstance(images, list) else []
        kept = {
            **self._items.kept(parts, message=str, images=list),
            "model": None,
            "media": len(media) or None,
        }
        self._build.add("user_input", kept, content=text_in(payload, "message"))
        for image in media:
            self._build.keep("image", image)

    def _stop(self, parts: Parts, run: Run) -> None:
        if self._is_left_out:
            return
        payload = parts.payload
        error = _error_of(payload) or run.error
        kept = self._items.kept(parts)
        if run.usage.duration_ms is not None:
            del kept["duration_ms"]
        if parts.kind == "turn_aborted":
            reason = text_in(payload, "reason")
            error, kept["error"] = f"aborted: {reason}".removesuffix(": "), error
        kept["usage"] = dict(run.details) or None
        self._stops.stop(run.usage, error, kept)


def _error_of(payload: Mapping[str, Any]) -> str | None:
    """Return the error with which a run ended; None: it ended well."""
    match payload.get("error"):
        case None:
            return None
        case str(text) | {"message": str(text)}:
            return text
    return "error"
