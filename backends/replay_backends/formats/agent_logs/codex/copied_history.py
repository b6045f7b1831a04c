"""The beginning of a log that is copied from the session that it continues."""

from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from typing import Any, Final, TypeAlias

import attrs

from replay.errors import ReplayError
from replay_backends.formats.agent_logs.codex.rollout_records import Parts
from replay_backends.formats.members import int_in, object_in, text_in

#: Returns the records of a session's log, its own header first; none: it isn't there.
ReadLog: TypeAlias = Callable[[str], Iterator[Parts]]

_PARENT: Final = "parent_thread_id"


@attrs.define
class CopiedHistory:
    """The records of a log that are copies, as its records are seen one after another.

    Newer versions number the records, and tell where a log's own ones begin. Otherwise,
    those are copies that its parent's log has, too, in the same order. The log of a
    sub-agent lacks most of what isn't a prompt.

    Args:
        read_log: Reads the parent's log.
    """

    _read_log: ReadLog
    session_id: str = ""  #: of the log's own header
    parent: dict[str, object] | None = None  #: the session that it comes from
    doubt: str = ""  #: a place after which there may be copies that nothing tells
    _own_from: int = 0  # the number of its first own record; 0: unknown
    _header: int | None = None  # the number of its own header
    _at: str = ""  # that header's place
    _end: int = 0  # the place after the copies
    _theirs: Iterator[Parts] | None = None  # what is left of the parent's records
    _is_aligned: bool = False  # whether a copy showed where in the parent's log it is

    def see_header(self, place: int, at: str, parts: Parts) -> None:
        """Take in a header that isn't a copy; the first one is the log's own."""
        meta = parts.payload
        if self._header is not None:
            if not self._own_from and _id_in(meta) != self.session_id:
                self.doubt = self.doubt or at
            return
        self._header, self._at, self.session_id = place, at, _id_in(meta)
        source = object_in(object_in(meta, "source"), "subagent")
        spawned = object_in(source, "thread_spawn")
        starter = text_in(meta, _PARENT) or text_in(spawned, _PARENT)
        origin = starter or text_in(meta, "forked_from_id")
        if origin:
            how = "subagent" if starter else "fork"
            self.parent = {"session_id": origin, "as": how}
        limits = (
            int_in(meta, "subagent_history_start_ordinal"),
            int_in(object_in(meta, "history_base"), "end_ordinal_exclusive"),
        )
        self._own_from = next(filter(None, limits), 0)
        self.doubt = at if origin and not self._own_from else ""

    def take(self, place: int, parts: Parts) -> bool:
        """Tell whether the next record is a copy."""
        if self._header is None or self._own_from:
            return self.holds(place, parts.envelope)
        if self._theirs is None:
            self._theirs = self._found(parts)
        if not self._follows(parts):
            return False
        self._end = place + 1
        return True

    def holds(self, place: int, envelope: Mapping[str, Any]) -> bool:
        """Tell whether a record that was seen is a copy."""
        if self._own_from:
            return 0 < (int_in(envelope, "ordinal") or 0) < self._own_from
        return self._header is not None and self._header < place < self._end

    def close(self) -> None:
        """Leave the parent's log, after the last record."""
        self._theirs = iter(())

    def _found(self, first: Parts) -> Iterator[Parts]:
        """Return the parent's records; the header that is copied first may name it."""
        origin = text_in(self.parent or {}, "session_id")
        if not origin and first.type == "session_meta":
            origin = _id_in(first.payload)
        if origin in ("", self.session_id):
            return iter(())
        theirs = self._read_log(origin)
        header = next(theirs, None)
        if header is None:
            return theirs
        self.doubt = ""
        self.parent = self.parent or {"session_id": origin, "as": "fork"}
        return chain([header], theirs)

    def _follows(self, parts: Parts) -> bool:
        """Tell whether a record is the next one of the parent's that was copied."""
        wanted = _key(parts)
        try:
            for each in self._theirs or ():
                if _key(each) == wanted:
                    self._is_aligned |= parts.type != "session_meta"
                    return True
                if self._is_aligned and each.payload.get("role") == "user":
                    break
        except ReplayError:  # the rest of the parent's log cannot be read
            self.doubt = self._at
        self._theirs = iter(())
        return False


def _id_in(meta: Mapping[str, Any]) -> str:
    return text_in(meta, "id") or text_in(meta, "session_id")


def _key(parts: Parts) -> tuple[str, object]:
    is_header = parts.type == "session_meta"
    return parts.type, _id_in(parts.payload) if is_header else parts.payload
