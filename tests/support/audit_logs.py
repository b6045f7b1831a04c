"""Audit logs on disk, read and checked without the code that writes them."""

import gc
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

from replay_plugins.audit_log.log.log_writer import LogWriter, Policy
from replay_plugins.audit_log.log.private_files import LogFiles

Record = Mapping[str, Any]  # JSON of which a test knows the shape


def opened(path: Path, **policy: Any) -> LogWriter:  # noqa: ANN401 - any option
    """Open a log as an arbitrary actor."""
    return LogWriter(LogFiles(path), Policy(**{"actor": "tester", **policy}))


def lines_of(path: Path) -> list[bytes]:
    """Return the lines of a log from all its files, even if the last is missing."""
    older = sorted(path.parent.glob(f"{path.name}.0*"))
    files = [*older, *([path] if path.exists() else [])]
    return [line for each in files for line in each.read_bytes().splitlines()]


def records_of(path: Path) -> list[Record]:
    """Return the records of a log, after checking that they are one whole chain."""
    records: list[Record] = []
    head = "0" * 64
    for line in lines_of(path):
        record = json.loads(line)
        assert (record["seq"], record["prev"]) == (len(records), head)
        assert list(record)[:6] == ["schema", "seq", "prev", "time", "kind", "actor"]
        assert line == json.dumps(record, separators=(",", ":")).encode()
        records.append(record)
        head = sha256(b"\0" + line).hexdigest()
    return records


def kinds_of(path: Path) -> list[str]:
    """Return the kinds of a log's records, in order."""
    return [record["kind"] for record in records_of(path)]


@contextmanager
def no_descriptor_left() -> Iterator[None]:
    """Check that as many files are open after the block as before it."""
    gc.collect()  # or files of earlier tests might be closed meanwhile
    before = len([*Path("/proc/self/fd").iterdir()])
    yield
    assert len([*Path("/proc/self/fd").iterdir()]) == before
