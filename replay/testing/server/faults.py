"""The faults that the server can produce, by name."""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from math import isfinite
from types import MappingProxyType
from typing import Final, TypeAlias
from urllib.parse import urlsplit

import attrs

from replay.errors import UnknownNameError
from replay.registry import did_you_mean

#: The header with which a request asks for a fault.
FAULT_HEADER: Final = "x-replay-fault"

_FAULT: Final = re.compile(
    r"(?:([0-9]{1,9})x)?([a-z0-9-]+)(?:=(.+))?", re.DOTALL | re.ASCII
)
_STATUS: Final = re.compile(r"[45][0-9][0-9]")
_COUNT: Final = re.compile(r"[0-9]{1,18}")
_HEADER_VALUE: Final = re.compile(r"[!-~](?:[ -~]*[!-~])?")
_URL: Final = re.compile(r"[!-~]+")

#: Raises ValueError for a wrong value, with the reason unless it is obvious.
_Check: TypeAlias = Callable[[str], object]


@attrs.frozen
class Fault:
    """A fault that the server produces on purpose."""

    name: str
    value: str | None = None  #: None: the fault's default
    times: int | None = None  #: number of requests that fail; None: all

    @property
    def changes_events(self) -> bool:
        """Tell whether it changes a stream's events, not how they are sent."""
        return self.name in _STREAM_FAULTS

    @property
    def is_status(self) -> bool:
        """Tell whether it is an answer with an error status, which is its name.

        Its value is then the header ``Retry-After``.
        """
        return _STATUS.fullmatch(self.name) is not None


def _seconds(text: str) -> None:
    if not (isfinite(float(text)) and float(text) >= 0):
        raise ValueError


def _match(pattern: re.Pattern[str], text: str) -> None:
    if not pattern.fullmatch(text):
        raise ValueError


def _url(text: str) -> None:
    urlsplit(text)
    _match(_URL, text)


def _count_up_to(most: int) -> _Check:
    def check(text: str) -> None:
        _match(_COUNT, text)
        if int(text) > most:
            message = f"it takes {most} at most"
            raise ValueError(message)

    return check


#: Faults in a stream's events.
_STREAM_FAULTS: Final = ("duplicate-final", "no-stop")

#: Faults in an answer's bytes, each with the check of its value.
_TRANSPORT: Final[Mapping[str, _Check | None]] = MappingProxyType(
    {
        **dict.fromkeys(("bad-chunk", "captive-portal", "close", "garbage")),
        **dict.fromkeys(("drip", "drip-headers", "stall"), _seconds),
        **dict.fromkeys(("gzip", "reset", "truncate"), _count_up_to(1 << 40)),
        "encodings": _count_up_to(100),
        "large-header": _count_up_to(1 << 20),
        "many-headers": _count_up_to(10_000),
        "redirect": _url,
        "two-lengths": None,
        "wrong-length": _count_up_to(1 << 40),
    }
)

#: All names except statuses.
NAMES: Final = tuple(sorted([*_STREAM_FAULTS, *_TRANSPORT]))


def parse_fault(text: str) -> Fault:
    """Return the fault that ``[TIMESx]NAME[=VALUE]`` describes.

    Raises:
        UnknownNameError: There is no fault of that name.
        ValueError: The text has another form, or its value is wrong.

    >>> parse_fault("2x429=1.5")
    Fault(name='429', value='1.5', times=2)
    """
    match = _FAULT.fullmatch(text)
    if match is None:
        message = f"a fault is [TIMESx]NAME[=VALUE], not {text!a}"
        raise ValueError(message)
    times, name, value = match.groups()
    fault = Fault(name, value, None if times is None else int(times))
    if not fault.is_status and name not in NAMES:
        reason = f"there is no fault {name!a}"
        raise UnknownNameError(reason, did_you_mean(name, NAMES))
    if value is not None:
        _check_value(fault, value)
    elif name == "redirect":
        message = "the fault redirect needs a value"
        raise ValueError(message)
    return fault


def _check_value(fault: Fault, value: str) -> None:
    is_header = partial(_match, _HEADER_VALUE)
    check = is_header if fault.is_status else _TRANSPORT.get(fault.name)
    if check is None:
        message = f"the fault {fault.name} takes no value"
        raise ValueError(message)
    try:
        check(value)
    except ValueError as error:
        message = f"the fault {fault.name} cannot take {value[:50]!a}: {error}"
        raise ValueError(message.removesuffix(": ")) from None


class FaultQueue:
    """The faults still to come; each request takes one or none."""

    def __init__(self, lasting: Iterable[Fault]) -> None:
        self._lasting = [_Uses(each) for each in lasting]
        self._next: list[_Uses] = []

    def add(self, fault: Fault) -> None:
        """Queue *fault* before the lasting ones, and after those added earlier."""
        self._next.append(_Uses(fault))

    def take(self, *, is_stream: bool) -> Fault | None:
        """Return the fault for a request, or None, and count its use.

        Requests that don't ask for a stream skip the faults of streams.
        """
        for each in (*self._next, *self._lasting):
            is_left = each.fault.times is None or each.count < each.fault.times
            if is_left and (is_stream or not each.fault.changes_events):
                each.count += 1
                return each.fault
        return None


@attrs.define
class _Uses:
    """A fault, and the number of its uses."""

    fault: Fault
    count: int = 0
