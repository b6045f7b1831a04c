"""The chain of records: the text of each record, and its link to the previous one."""

import json
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated, Final, TypeAlias

import attrs
import msgspec

from replay_plugins.audit_log.format.merkle import Frontier, leaf_hash

SCHEMA: Final = "chat-replay.audit/1"
_KIND_BY: Final = 250  #: bytes at a line's beginning that include its kind
#: The fields of a record, or their JSON text.
Fields: TypeAlias = Mapping[str, object] | bytes
_encode: Final = json.JSONEncoder(allow_nan=False, separators=(",", ":")).encode
NO_PREVIOUS_HASH: Final = "0" * 64  #: the "previous hash" of the first record


@attrs.define(eq=False)
class Chain:
    """The state of a log's chain: the few hashes that the next record needs.

    Args:
        log_id: The log's id, 32 hexadecimal digits.
    """

    log_id: str
    head: str = NO_PREVIOUS_HASH  #: the hash of the last record, in hex
    last_time: str = ""  #: the last record's time; empty: there is none
    frontier: Frontier = attrs.field(factory=Frontier)
    _opened: int = attrs.field(factory=time.monotonic_ns, init=False)

    @property
    def origin(self) -> str:
        """Return the log's name in checkpoints."""
        return f"chat-replay/{self.log_id}"

    @property
    def size(self) -> int:
        """Return the number of records, which is the next record's number."""
        return self.frontier.size

    def line(self, kind: str, actor: str, fields: Fields) -> bytes:
        """Return the next record as its line in the file.

        Raises:
            TypeError, ValueError, RecursionError: A field isn't a JSON value.
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
        """Add a line, including its line feed, after it was written."""
        leaf = leaf_hash(line[:-1])
        self.head, self.last_time = leaf.hex(), time_of(line)
        self.frontier.append(leaf)


_TIME: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?Z"
)


def is_time(text: str) -> bool:
    """Tell whether a text is a date and time as :func:`timestamp` writes them."""
    with suppress(ValueError):  # such as February 30
        return bool(_TIME.fullmatch(text) and datetime.fromisoformat(text))
    return False


def timestamp() -> str:
    """Return the date and time in UTC, by the wall clock."""
    now = datetime.now(UTC).isoformat(timespec="microseconds")
    return now.replace("+00:00", "Z")


def beginning(seq: int, head: str) -> bytes:
    """Return the beginning of a record's line, up to its time.

    Args:
        seq: The record's number.
        head: The hash of the previous record, in hex.
    """
    return f'{{"schema":"{SCHEMA}","seq":{seq},"prev":"{head}","time":"'.encode()


def kind_of(line: bytes) -> bytes:
    """Return a record's kind, from a line that begins as it should."""
    _, _, rest = line[:_KIND_BY].partition(b'","kind":"')
    return rest.partition(b'"')[0]


def time_of(line: bytes) -> str:
    """Return a record's time, from a line that begins as it should."""
    _, _, rest = line.partition(b'"time":"')
    return rest.partition(b'"')[0].decode("ascii", "replace")


def json_bytes(value: object) -> bytes:
    """Return a value as JSON in ASCII without blanks, as in every record.

    Raises:
        TypeError, ValueError, RecursionError: It isn't a JSON value.
    """
    return _encode(value).encode()


class Head(msgspec.Struct):
    """The fields of a record that verification needs."""

    seq: Annotated[int, msgspec.Meta(ge=0, lt=10**18)]
    prev: str
    time: str
    kind: str
    actor: str
    clock_step: bool = False
    log: str = ""  # of log_opened
    content_policy: str = ""  # of log_opened
    unsigned: Annotated[int, msgspec.Meta(ge=0)] | None = None  # of log_opened
    signed: bool = False  # of log_opened and checkpoint
    note: str = ""  # of checkpoint
    file: str = ""  # of recovered
    bytes: int = 0  # of recovered
    sha256: str = ""  # of recovered


_REFUSALS: Final = (ValueError, RecursionError, msgspec.MsgspecError)
_DECODE: Final = msgspec.json.Decoder(Head).decode


@attrs.frozen
class ChainProblem:
    """The reason why a record does not fit in its place."""

    reason: str
    is_before: bool = False  #: whether it is the record before it that was altered


def head_of(record: bytes) -> Head | None:
    """Return a record's head; None: it isn't a record."""
    if not record.isascii():
        return None
    with suppress(*_REFUSALS):
        return _DECODE(record)
    with suppress(*_REFUSALS):  # half a character, or a large integer
        return msgspec.convert(json.loads(record), Head)
    return None


def committed_fields(record: bytes) -> Iterator[tuple[str, str]]:
    """Yield the committed fields of a record with a head, and their commitments."""
    found: dict[str, object] = {}
    if b'"commitment":"' in record:
        with suppress(RecursionError):  # msgspec reads deeper
            found = json.loads(record)
    for name, value in found.items():
        if isinstance(value, dict) and value.keys() == {"length", "commitment"}:
            yield name, str(value["commitment"])


def chain_problem(
    record: bytes, head: Head | None, expected: int, follows: str
) -> ChainProblem | None:
    """Return the reason why a record does not fit in its place; None: it fits.

    Args:
        record: Its line, without the line feed.
        head: Its head; None: it isn't a record.
        expected: The number that it should have.
        follows: The hash of the previous record, in hex.
    """
    if head is None:
        return ChainProblem(
            "it isn't a record: not the JSON that the log is written in"
        )
    if record.startswith(beginning(expected, follows)):
        return None
    if head.seq > expected:
        reason = f"records {expected} to {head.seq - 1} are missing before it"
    elif head.seq < expected:
        reason = f"it stands where record {expected} should be"
    elif head.prev != follows and not expected:
        reason = "it is the first record, and names one before it"
    elif head.prev != follows:
        altered = f"record {expected - 1} was altered"
        reason = f"{altered}: record {expected} holds a different hash for it"
        return ChainProblem(reason, is_before=True)
    elif not record.startswith(f'{{"schema":"{SCHEMA}",'.encode()):
        reason = f"its schema isn't {SCHEMA}"
    else:
        reason = "it is not written as the log writes records"
    return ChainProblem(reason)
