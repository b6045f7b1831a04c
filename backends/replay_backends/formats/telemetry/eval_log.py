"""The files of Inspect's logs: a JSON document, or a zip file with one a sample."""

import json
import re
import struct
import sys
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any, BinaryIO, Final

import attrs

from replay import Limits
from replay.authoring import parse_json, write_decoded
from replay.errors import (
    DecodeError,
    LimitExceededError,
    ReplayError,
    UnrecognizedError,
)
from replay_backends.formats.recording import Recording, read_whole
from replay_backends.formats.telemetry.eval_sample import LoggedSample

_ZIP: Final = b"PK\3\4"
_FIRST: Final = re.compile(rb"PK\x03\x04.{26}(_journal/start|header)\.json", re.DOTALL)
_HEADERS: Final = ("header.json", "_journal/start.json")
_SAMPLE: Final = re.compile(r"samples/.*?(_epoch_(\d+))?\.json", re.DOTALL)
#: Python's own reads logs, which are packed with zstd, from 3.14 on.
_IS_BUILT_IN: Final = sys.version_info >= (3, 14)
_ZIP_MODULE: Final = "zipfile" if _IS_BUILT_IN else "backports.zstd.zipfile"
_ZSTD_MODULE: Final = "compression.zstd" if _IS_BUILT_IN else "backports.zstd"
_PACKINGS: Final = (0, 8, 93)  # stored, deflate, zstd: these are unpacked in pieces
_MOST_UNPACKED: Final = 1 << 30  # bytes
_HIGHEST_RATIO: Final = 200  # of unpacked to packed size
_UNCHECKED: Final = 1 << 20  # unpacked bytes up to which any ratio is allowed
_WHERE: Final = "zip data"
_NAN: Final = re.compile(rb"NaN|Infinity")


@attrs.frozen
class EvalLog:
    """A log of an evaluation."""

    header: Mapping[str, Any]  #: the log without its samples
    samples: Iterator[LoggedSample]  #: read one by one
    epochs: frozenset[int]  #: of the samples


def is_packed_log(data: bytes) -> bool:
    """Tell whether a file that begins so is a zip file of a log."""
    return data.startswith(_ZIP) and bool(_FIRST.search(data))


@contextmanager
def opened_log(recording: Recording) -> Iterator[EvalLog]:
    """Open a log while the block runs.

    Raises:
        DecodeError: It isn't one, or it is damaged.
        LimitExceededError: It is too large, unpacked.
    """
    with recording.text.opened() as file:
        if recording.head.data.startswith(_ZIP):
            yield _packed_log(file, recording.limits)
        else:
            yield _document(file, recording.limits)


def _document(file: BinaryIO, limits: Limits) -> EvalLog:
    log = _json(read_whole(file, limits))
    samples = log.get("samples") if isinstance(log, dict) else None
    if not isinstance(samples, list) or not samples:
        where, reason = "$.samples", "the log has no samples"
        raise UnrecognizedError(where, reason)
    header = {key: value for key, value in log.items() if key != "samples"}
    found = [LoggedSample(f"/samples/{n}", e, limits) for n, e in enumerate(samples)]
    return EvalLog(header, iter(found), frozenset(map(_epoch, samples)))


def _packed_log(file: BinaryIO, limits: Limits) -> EvalLog:
    with _zip_errors():
        archive = import_module(_ZIP_MODULE).ZipFile(file)
    _check_sizes(archive.infolist())
    names = archive.namelist()
    found = {name: match for name in names if (match := _SAMPLE.fullmatch(name))}
    header = next((name for name in _HEADERS if name in names), None)
    if not (header and found):
        raise UnrecognizedError(_WHERE, "no log with samples is in it")

    def read(name: str) -> object:
        with _zip_errors(), archive.open(name) as member:
            data = read_whole(member, limits, name)
        return _json(data)

    value = read(header)
    return EvalLog(
        value if isinstance(value, dict) else {},
        (LoggedSample(name, read(name), limits) for name in found),
        frozenset(int(match[2] or 1) for match in found.values()),
    )


def _check_sizes(members: list[Any]) -> None:
    total = 0
    for each in members:
        total += each.file_size
        allowed = max(_UNCHECKED, each.compress_size * _HIGHEST_RATIO)
        if each.file_size > allowed or total > _MOST_UNPACKED:
            reason = "grows too much when it is unpacked"
            hint = "if you trust it, run `inspect log convert --to json`"
            raise LimitExceededError(each.filename, reason, hint=hint)
        if each.compress_type not in _PACKINGS:
            raise DecodeError(each.filename, "packed in a way that logs are not")


@contextmanager
def _zip_errors() -> Iterator[None]:
    """Turn the errors of damaged zip files within the block into ours."""
    faults = (
        EOFError,
        LookupError,
        OSError,
        OverflowError,
        RuntimeError,  # it is encrypted
        ValueError,
        import_module(_ZIP_MODULE).BadZipFile,
        import_module(_ZSTD_MODULE).ZstdError,
        struct.error,
        zlib.error,
    )
    try:
        yield
    except ReplayError:
        raise
    except faults as error:
        raise DecodeError(_WHERE, f"cut short or corrupt: {error}") from error


def _json(data: bytes) -> Any:  # noqa: ANN401 - JSON
    """Return the JSON value; NaN and Infinity, as scores may be, become texts."""
    try:
        return parse_json(data).value
    except LimitExceededError:
        raise
    except DecodeError as error:
        if not _NAN.search(data):
            raise
        try:
            value = json.loads(data, parse_constant=str)
        except (ValueError, RecursionError):
            raise error from None
    return parse_json(write_decoded(value)).value


def _epoch(sample: object) -> int:
    epoch = sample.get("epoch") if isinstance(sample, dict) else None
    return epoch if isinstance(epoch, int) else 1
