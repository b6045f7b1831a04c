"""The options that make ``replay run`` a batch."""

import math
import os
import re
from collections.abc import Callable
from typing import Any, Final, TypeVar

import attrs
import click

_Command = TypeVar("_Command", bound=Callable[..., object])
_SHARD: Final = re.compile(r"([0-9]{1,9})/([0-9]{1,9})", re.ASCII)
_SIZE: Final = re.compile(r"([0-9]{1,15})([KMGT]?)", re.ASCII)
_UNITS: Final = ("", "K", "M", "G", "T")


@attrs.frozen
class BatchOptions:
    """The options of a batch; without any of them, ``replay run`` isn't a batch."""

    jobs: int | None = None  #: processes here; None: only this one, or Dask's
    dask: str | None = None  #: address of the scheduler
    checkpoint: str | None = None
    gather: tuple[str, ...] = ()
    shard: tuple[int, int] | None = None
    keep_going: bool = False
    time_limit: float | None = None  #: seconds
    memory_limit: int | None = None  #: bytes
    report: str | None = None  #: a file's path, or ``-``

    def check(self) -> None:
        """Check that these options can be combined.

        Raises:
            click.UsageError: They can't.
        """
        if None not in (self.jobs, self.dask):
            message = "--jobs and --dask exclude each other"
            raise click.UsageError(message)
        limits = {"--time-limit": self.time_limit, "--memory-limit": self.memory_limit}
        for name, limit in limits.items():
            if limit is not None and (self.jobs, self.dask) == (None, None):
                message = f"{name} needs --jobs or --dask"
                raise click.UsageError(message)
        if self.report in (None, "-"):
            return
        for name, files in (("checkpoint", [self.checkpoint]), ("gather", self.gather)):
            if any(_is_one_file(self.report, each) for each in files):
                message = f"--report and --{name} name one file"
                raise click.UsageError(message)


def _is_one_file(one: str | None, other: str | None) -> bool:
    paths = [each and os.path.realpath(each) for each in (one, other)]
    return paths[0] == paths[1]


def batch_options(command: _Command) -> _Command:
    """Give a command the options of :class:`BatchOptions`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def _file(_: click.Context, __: click.Parameter, given: Any) -> Any:  # noqa: ANN401 - one path or several
    if given == "" or (isinstance(given, tuple) and "" in given):
        message = "the file name is empty"
        raise click.BadParameter(message)
    return given


def _address(text: str) -> str:
    if not text.strip():
        message = "the address is empty"
        raise click.BadParameter(message)
    return text


def _shard(text: str) -> tuple[int, int]:
    if match := _SHARD.fullmatch(text):
        number, count = int(match[1]), int(match[2])
        if 1 <= number <= count:
            return number, count
    message = f"{text!r} isn't i/n, such as 1/4 for the first of four"
    raise click.BadParameter(message)


def _seconds(
    _: click.Context, __: click.Parameter, seconds: float | None
) -> float | None:
    if seconds is None or (seconds > 0 and math.isfinite(seconds)):
        return seconds
    message = f"{seconds} isn't a time above zero"
    raise click.BadParameter(message)


def _size(text: str) -> int:
    if match := _SIZE.fullmatch(text.upper()):
        size = int(match[1]) << 10 * _UNITS.index(match[2])
        if size:
            return size
    message = f"{text!r} isn't a number of bytes, such as 512M or 2G"
    raise click.BadParameter(message)


_FILE: Final[dict[str, Any]] = {
    "metavar": "FILE",
    "type": click.Path(readable=False),
    "callback": _file,
}
_OPTIONS: Final = (
    click.option(
        "--jobs",
        metavar="N",
        type=click.IntRange(min=1),
        help="Number of worker processes.",
    ),
    click.option(
        "--dask",
        metavar="ADDRESS",
        type=_address,
        help="Replay on a Dask cluster; ADDRESS is its scheduler's.",
    ),
    click.option(
        "--checkpoint",
        **_FILE,
        help="Keep results in FILE; another run does only what is missing or changed.",
    ),
    click.option(
        "--gather",
        **_FILE,
        multiple=True,
        help="Take over another run's checkpoint. Repeatable.",
    ),
    click.option(
        "--shard",
        metavar="i/n",
        type=_shard,
        help="Replay only part i of n, counted from 1.",
    ),
    click.option(
        "--keep-going",
        is_flag=True,
        help="Skip sessions that cannot be replayed, and list them at the end.",
    ),
    click.option(
        "--time-limit",
        metavar="SECONDS",
        type=float,
        callback=_seconds,
        help="Longest time for a session; needs --jobs or --dask.",
    ),
    click.option(
        "--memory-limit",
        metavar="SIZE",
        type=_size,
        help="Memory for each worker, such as 512M; needs --jobs or --dask.",
    ),
    click.option(
        "--report",
        **_FILE,
        help="Write a report as JSON; - is standard output.",
    ),
)
