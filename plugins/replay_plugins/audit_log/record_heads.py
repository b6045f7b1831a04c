"""What verification reads of a record, and why a record does not fit in its place."""

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Annotated, Final, TypeAlias

import msgspec

from replay_plugins.audit_log.chain import SCHEMA, beginning

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
