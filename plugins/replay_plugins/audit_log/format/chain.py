"""The chain of records: what the next one follows, and what it looks like."""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated, Final, TypeAlias

import attrs
import msgspec

from replay_plugins.audit_log.format.merkle import Frontier, leaf_hash

SCHEMA: Final = "chat-replay.audit/1"
_KIND_BY: Final = 250  #: bytes from a line's beginning to past its kind
#: What a record says, or the JSON text of it.
Fields: TypeAlias = Mapping[str, object] | bytes
_encode: Final = json.JSONEncoder(allow_nan=False, separators=(",", ":")).encode
NOTHING: Final = "0" * 64  #: what the first record follows


@attrs.define(eq=False)
class Chain:
    """All records so far, as the few hashes that the next record needs.

    Args:
        log_id: What tells this log from all others: 32 hexadecimal digits.
    """

    log_id: str
    head: str = NOTHING  #: the hash of the last record, in hex
    last_time: str = ""  #: when that was written; empty: there is none
    frontier: Frontier = attrs.field(factory=Frontier)
    _opened: int = attrs.field(factory=time.monotonic_ns, init=False)

    @property
    def origin(self) -> str:
        """Return what checkpoints call the log."""
        return f"chat-replay/{self.log_id}"

    @property
    def size(self) -> int:
        """Return how many records there are; it is the number of the next one."""
        return self.frontier.size

    def line(self, kind: str, actor: str, fields: Fields) -> bytes:
        """Return the next record as the line that will stand in the file.

        Args:
            kind: What happened.
            actor: Who runs it.
            fields: All else.

        Raises:
            TypeError, ValueError, RecursionError: A field is no JSON value.
        """
        now = timestamp()
        head = {
            "schema": SCHEMA,
            "seq": self.size,
            "prev": self.head,
            "time": now,
            "kind": kind,
            "actor": actor,
            "monotonic_ns": time.monotonic_ns() - self._opened,
            **({"clock_step": True} if now < self.last_time else {}),
        }
        members = fields if isinstance(fields, bytes) else json_bytes(fields)
        comma = b"," if len(members) > len(b"{}") else b""
        return b"%b%b%b\n" % (json_bytes(head)[:-1], comma, members[1:])

    def advance(self, line: bytes) -> None:
        """Take note that a line was written, its line feed included."""
        leaf = leaf_hash(line[:-1])
        self.head, self.last_time = leaf.hex(), time_of(line)
        self.frontier.append(leaf)


def timestamp() -> str:
    """Return the time of day in UTC, as the wall clock has it."""
    now = datetime.now(UTC).isoformat(timespec="microseconds")
    return now.replace("+00:00", "Z")


def beginning(seq: int, head: str) -> bytes:
    """Return how the line of a record begins, which follows the one of that hash."""
    return f'{{"schema":"{SCHEMA}","seq":{seq},"prev":"{head}","time":"'.encode()


def kind_is(line: bytes, kind: str) -> bool:
    """Tell whether a record, whose line begins as it should, is of a kind."""
    _, _, rest = line[:_KIND_BY].partition(b'","kind":"')
    return rest.startswith(kind.encode() + b'"')


def time_of(line: bytes) -> str:
    """Return when a record was written, from a line that begins as it should."""
    _, _, rest = line.partition(b'"time":"')
    return rest.partition(b'"')[0].decode("ascii", "replace")


def json_bytes(value: object) -> bytes:
    """Return a value as JSON in ASCII without blanks, as it stands in every record.

    Raises:
        TypeError, ValueError, RecursionError: It is no JSON value.
    """
    return _encode(value).encode()


TIME_CHARACTERS: Final = len("2026-11-26T01:20:00.123456Z")


class Head(msgspec.Struct):
    """The fields of a record that verification needs; it holds the others as bytes."""

    seq: Annotated[int, msgspec.Meta(ge=0, lt=10**18)]
    prev: str
    time: str
    kind: str
    actor: str
    clock_step: bool = False
    log: str = ""  # of log_opened
    content_policy: str = ""  # of log_opened
    signed: bool = False  # of log_opened and checkpoint
    note: str = ""  # of checkpoint


_REFUSALS: Final = (ValueError, RecursionError, msgspec.MsgspecError)
_DECODE: Final = msgspec.json.Decoder(Head).decode
Misfit: TypeAlias = tuple[int | None, str]  # the number it bears, and what is wrong


def head_of(record: bytes) -> Head | None:
    """Return a record's head; None: it is no record."""
    if not record.isascii():
        return None
    with suppress(*_REFUSALS):
        return _DECODE(record)
    with suppress(*_REFUSALS):  # half a character, or a large integer
        return msgspec.convert(json.loads(record), Head)
    return None


def committed_fields(record: bytes) -> Iterator[tuple[str, str]]:
    """Yield the fields that a record is committed to, each with its commitment.

    Args:
        record: One that has a head.
    """
    found: dict[str, object] = {}
    if b'"commitment":"' in record:
        with suppress(RecursionError):  # msgspec reads deeper
            found = json.loads(record)
    for name, value in found.items():
        if isinstance(value, dict) and value.keys() == {"length", "commitment"}:
            yield name, str(value["commitment"])


def misfit(
    record: bytes, head: Head | None, expected: int, follows: str
) -> Misfit | None:
    """Return why a record does not fit in its place; None: it fits.

    Args:
        record: Its line, without the line feed.
        head: What it holds; None: it is no record.
        expected: The number that it should have.
        follows: The hash of the record before, in hex.
    """
    if head is None:
        return None, "it is no record: not the JSON that the log is written in"
    if record.startswith(beginning(expected, follows)):
        return None
    return head.seq, _reason(head, record, expected, follows)


def _reason(head: Head, record: bytes, expected: int, follows: str) -> str:
    if head.seq > expected:
        return f"records {expected} to {head.seq - 1} are not there before it"
    if head.seq < expected:
        return f"it stands where record {expected} should be"
    if head.prev != follows:
        return "the record before it is not the one that it follows"
    if not record.startswith(f'{{"schema":"{SCHEMA}",'.encode()):
        return f"it is not of the schema {SCHEMA}"
    return "it is not written as the log writes records"
