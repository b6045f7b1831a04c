"""Strict JSON: bytes to values and back.

msgspec is tried first, since it is twice as fast; anything it refuses is decided by the
standard library's ``json``, made strict.
"""

import json
import re
import sys
from collections import Counter
from math import isinf
from typing import Final

import attrs
import msgspec

from replay.errors import DecodeError, EncodeError, LimitExceededError

_CONTAINERS: Final = (dict, list)
_ENCODE: Final = msgspec.json.Encoder().encode
_MOST_DIGITS: Final = 4300  #: of an integer, which is also Python's own limit
_TOO_MANY_DIGITS: Final = re.compile(rb"[0-9]{%d}" % (_MOST_DIGITS + 1))
_ESCAPED_LETTER: Final = re.compile(rb"\\u00[67]")
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")
#: What isn't JSON: how it begins, what it is, and what to do.
_OTHERS: Final = (
    ((b"PK\3\4", b"PK\5\6"), "a zip file, not JSON", "read it by itself, or unpack it"),
    ((b"HTTP/",), "HTTP headers, not JSON", "save it without curl's option -i"),
)


@attrs.frozen
class Parsed:
    """A JSON value, and the oddities of its text."""

    value: object
    oddities: tuple[tuple[str, str], ...] = ()  #: (diagnostic code, detail)


@attrs.frozen
class _Refused:
    """A placeholder for a number that cannot be kept exactly."""

    reason: str
    hint: str = ""


_NAN_HINT: Final = (
    "write the file with json.dumps(..., allow_nan=False), or read NaN and Infinity as "
    'null: --option nan=null, or replay.open(..., nan="null")'
)


def parse_json(data: bytes) -> Parsed:
    """Return the JSON value in *data*.

    Args:
        data: UTF-8 text; a leading byte order mark is an oddity, not an error.

    Raises:
        DecodeError: It isn't JSON or UTF-8, holds a number that Python cannot keep, or
            gives ``events`` twice at its root.
        LimitExceededError: It is nested deeper than can be read.
    """
    if not (_may_repeat_events(data) or has_long_integer(data)):
        try:
            return Parsed(msgspec.json.decode(data))
        except (ValueError, RecursionError, msgspec.MsgspecError):
            pass  # the judge accepts it after all, or says why not
    return judge(data)


def judge(data: bytes) -> Parsed:
    """Return the JSON value in *data*, with all oddities of its text.

    Raises:
        DecodeError, LimitExceededError: As from :func:`parse_json`.
    """
    return _Judge().parse(data)


def _may_repeat_events(data: bytes) -> bool:
    return data.count(b'"events"') > 1 or _ESCAPED_LETTER.search(data) is not None


def has_long_integer(data: bytes) -> bool:
    """Tell whether a text may hold an integer that is refused, though Python takes it.

    Python's own limit may have been lifted, which must not let hostile text in.
    """
    if len(data) <= _MOST_DIGITS or 0 < sys.get_int_max_str_digits() <= _MOST_DIGITS:
        return False
    return _TOO_MANY_DIGITS.search(data) is not None


class _Judge:
    """A strict reader of one document, which notes oddities."""

    def __init__(self) -> None:
        self._oddities: list[tuple[str, str]] = []
        self._refusal: _Refused | None = None
        self._root: list[tuple[str, object]] = []

    def parse(self, data: bytes) -> Parsed:
        try:
            text = decode_text(data)
        except DecodeError as error:
            earlier = _earlier_error(data) if error.where else None
            raise earlier or error from None
        if text.startswith("\ufeff"):
            self._oddities.append(("byte-order-mark", "the document begins with one"))
            text = text[1:]
        try:
            value = self._value(text)
        except json.JSONDecodeError as error:
            raise _not_json(error) from None
        except RecursionError:
            reason = "nested deeper than can be read"
            raise LimitExceededError(where="$", reason=reason) from None
        if isinstance(value, dict) and sum(k == "events" for k, _ in self._root) > 1:
            hint = "keep one of them"
            raise DecodeError(where="$.events", reason="given twice", hint=hint)
        return Parsed(value, tuple(self._oddities))

    def _value(self, text: str) -> object:
        value: object = json.loads(
            text,
            object_pairs_hook=self._object,
            parse_int=self._int,
            parse_float=self._float,
            parse_constant=self._constant,
        )
        if self._refusal is not None:
            # If it isn't found, a second key with the same name replaced it.
            steps, found = _refused(value) or ([], self._refusal)
            where = "".join(["$", *reversed(steps)])
            raise DecodeError(where, found.reason, hint=found.hint)
        return value

    def _object(self, pairs: list[tuple[str, object]]) -> dict[str, object]:
        self._root = pairs
        value = dict(pairs)
        if len(value) < len(pairs):
            twice = Counter(key for key, _ in pairs).most_common(1)[0][0]
            self._oddities.append(("duplicate-key", f"the key {twice!a}"))
        return value

    def _int(self, digits: str) -> int | _Refused:
        most = min(sys.get_int_max_str_digits() or _MOST_DIGITS, _MOST_DIGITS)
        if len(digits) - digits.startswith("-") > most:
            return self._refuse(f"an integer of more than {most} digits")
        return int(digits)

    def _float(self, digits: str) -> float | _Refused:
        value = float(digits)
        if isinf(value):
            return self._refuse("a number too large for a float")
        return value

    def _constant(self, name: str) -> _Refused:
        return self._refuse(f"not JSON: {name}", _NAN_HINT)

    def _refuse(self, reason: str, hint: str = "") -> _Refused:
        self._refusal = _Refused(reason, hint)
        return self._refusal


def decode_text(data: bytes) -> str:
    """Return *data* as text.

    Raises:
        DecodeError: It is not UTF-8, begins with NUL bytes, or is plainly no JSON.
    """
    for beginnings, reason, hint in _OTHERS:
        if data.startswith(beginnings):
            raise DecodeError(where="", reason=reason, hint=hint)
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        at = error.start
    else:
        at = text.find("\0", 0, 4)
        if at < 0:
            return text
    reason, hint = "not UTF-8 text", "it may be damaged, or be no text at all"
    if data.startswith(_UTF_16) or 0 < data[:4].count(b"\0") < len(data[:4]):
        hint = "it looks like UTF-16 or UTF-32; convert it to UTF-8"
    elif data.startswith(b"\0"):
        reason = "it begins with NUL bytes"
        hint = "a full disk or a power cut leaves such files; fetch or copy it again"
    where = f"byte {at}"
    raise DecodeError(where, reason, hint=hint) from None


def _earlier_error(data: bytes) -> DecodeError | None:
    """Return the first error of a text in UTF-8 up to some byte, if it is before that.

    So the first error is the same whether all of a text is in memory or a part.
    """
    try:
        data.decode()
    except UnicodeDecodeError as wrong:
        try:
            json.loads(data[: wrong.start].decode("utf-8-sig"))
        except json.JSONDecodeError as error:
            found = _not_json(error)
            return None if found.reason == _TOO_SOON else found
    return None


_TOO_SOON: Final = "not JSON: the text ends too soon"


def _not_json(error: json.JSONDecodeError) -> DecodeError:
    where = f"line {error.lineno}, column {error.colno}"
    is_cut = error.msg.startswith("Unterminated string")
    if is_cut or not error.doc[error.pos :].strip():
        hint = "it may be cut off; fetch or copy it again"
        return DecodeError(where, _TOO_SOON, hint=hint)
    reason = f"not JSON: {error.msg[:1].lower()}{error.msg[1:]}"
    return DecodeError(where, reason)


def _refused(value: object) -> tuple[list[str], _Refused] | None:
    """Return the steps to a refused number, last step first, and the number."""
    if isinstance(value, _Refused):
        return [], value
    if not isinstance(value, _CONTAINERS):
        return None
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in items:
        if found := _refused(item):
            found[0].append(_step(key))
            return found
    return None


def _step(key: object) -> str:
    if isinstance(key, str) and key.isascii() and key.isidentifier():
        return f".{key}"
    return f"[{key!a}]"


def is_deeper(value: object, depth: int) -> bool:
    """Tell whether lists and dicts are nested deeper than *depth* in *value*."""
    level = [value]
    for _ in range(depth + 1):
        containers = [item for item in level if isinstance(item, _CONTAINERS)]
        if not containers:
            return False
        level = []
        for item in containers:
            level += item.values() if isinstance(item, dict) else item
    return True


def write_decoded(value: object) -> bytes:
    """Return a parsed value as JSON, as :func:`write_json` does, but faster."""
    try:
        return _ENCODE(value)
    except (TypeError, ValueError, OverflowError, RecursionError):
        # A lone half, a large integer, or text that is marked as broken.
        return write_json(value)


def write_json(value: object) -> bytes:
    r"""Return *value* as JSON in UTF-8; lone surrogate halves as ``\uXXXX``.

    Raises:
        EncodeError: It isn't a JSON value.
    """
    try:
        text = json.dumps(
            value, ensure_ascii=False, allow_nan=False, separators=(",", ":")
        )
    except (TypeError, ValueError, RecursionError) as error:
        reason = f"cannot be written as JSON: {error}"
        raise EncodeError(reason) from error
    return text.encode("utf-8", "backslashreplace")
