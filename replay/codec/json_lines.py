"""The JSON values on lines, and the rest of a broken line as text.

A killed program, a full disk or a power cut leaves a line that breaks off, two records
on one line, or a block of NUL bytes. A record is taken out of such a line only if it is
whole, and cannot be a part of the record that broke off.
"""

import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, Final

from replay.codec.json_scan import BLANKS, MARK, Form
from replay.codec.structure import BrokenText, TornText, decode_event
from replay.errors import DecodeError, LimitExceededError
from replay.model.events import UnknownEvent
from replay.model.json_text import Parsed, parse_json

_TRIES: Final = 32  # beginnings of records that are tried on a broken line
#: The beginning of an object; within a record, one of these characters precedes it.
_BEGINNING: Final = re.compile(r'([:,\[]?)[ \t]{0,99}+\{(?=[ \t]{0,99}+")')
_BLANK: Final = re.compile(r"[ \t\r]*+")
_DECODE: Final = json.JSONDecoder().raw_decode


def lines_of(text: bytes) -> list[bytes]:
    """Return the lines of a text that aren't blank, without their ends."""
    return [line for line in text.split(b"\n") if is_filled(line)]


def is_filled(line: bytes) -> bool:
    """Tell whether a line isn't blank; a byte order mark counts as blank."""
    return bool(line.removeprefix(MARK).strip(BLANKS))


def values_of(text: bytes, form: Form) -> Sequence[object]:
    """Return the JSON values of the events in a text that was decoded before."""
    if form == "lines":
        *ended, last = text.split(b"\n")
        lines = [line + b"\n" for line in ended] + [last]
        found = (records_on(line) for line in lines if is_filled(line))
        return [each.value for records in found for each in records]
    values: Any = parse_json(text).value
    return values  # type: ignore[no-any-return]  # an array gives a list


def records_on(
    line: bytes, is_record: Callable[[object], bool] | None = None
) -> list[Parsed]:
    """Return the JSON values on a line, usually one; the rest of it as text.

    Args:
        line: A line that isn't blank, with its end; only a text's last may have none.
        is_record: Tells whether an object is a record, and not a part of one that broke
            off before it. None: it is a known event.

    Raises:
        DecodeError: It holds a value that cannot be kept, such as NaN.
        LimitExceededError: It is nested deeper than can be read.
    """
    data = line.rstrip(b"\r\n")
    try:
        return [parse_json(data)]
    except LimitExceededError:
        raise
    except DecodeError as error:
        if error.where.startswith("$"):  # it is JSON but for that value
            raise
    text = data.decode("utf-8", "surrogateescape")
    is_ended = line.endswith(b"\n")
    return [*_pieces(text, is_record or _is_known, is_ended=is_ended)]


def _pieces(
    text: str, is_record: Callable[[object], bool], *, is_ended: bool
) -> Iterator[Parsed]:
    start = 0
    while start < len(text):
        records, end = _whole(text, start)
        yield from records
        start = _next_record(text, end, is_record, is_ended=is_ended)
        if _blank_end(text, end) < start:
            is_torn = start == len(text) and not is_ended
            yield Parsed((TornText if is_torn else BrokenText)(text[end:start]))


def _whole(text: str, start: int, most: int = sys.maxsize) -> tuple[list[Parsed], int]:
    """Return the whole objects from a place on, and where the last one ends."""
    found: list[Parsed] = []
    while len(found) < most and text.startswith("{", begin := _blank_end(text, start)):
        try:
            _, end = _DECODE(text, begin)
            found.append(parse_json(text[begin:end].encode("utf-8", "surrogateescape")))
        except (ValueError, RecursionError):
            break
        start = end
    return found, start


def _next_record(
    text: str, start: int, is_record: Callable[[object], bool], *, is_ended: bool
) -> int:
    """Return where the next whole record begins; if there is none, the line's end.

    Others may follow. An object at a value's place may
    be a part of a record that broke off before it. It is a record by itself if it, or
    what follows, ends the line, and the line has an end.
    """
    tried = islice(_BEGINNING.finditer(text, start), _TRIES)
    for found in sorted(tried, key=_is_at_value):
        begin = found.end() - 1
        records, end = _whole(text, begin, most=1)
        if not (records and is_record(records[0].value)):
            continue
        if not _is_at_value(found) or (is_ended and _whole(text, end)[1] == len(text)):
            return begin
    return len(text)


def _is_at_value(found: re.Match[str]) -> bool:
    return bool(found[1])


def _blank_end(text: str, start: int) -> int:
    blank = _BLANK.match(text, start)
    return blank.end() if blank else start


def _is_known(value: object) -> bool:
    return not isinstance(decode_event(value), UnknownEvent)
