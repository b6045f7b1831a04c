"""A run of the suite, and its JSON."""

import json
import os
import platform
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

import attrs
import cattrs

from benchmarks.figures import Figure

PACKAGES: Final = (
    *("chat-replay", "attrs", "cattrs", "msgspec", "pluggy"),
    *("agentpile", "anthropic", "claude-code-log", "llama-cloud", "openai", "orjson"),
    *("pydantic", "pydantic-ai-slim"),
)


@attrs.frozen
class Run:
    """The figures of a run, with its date and environment."""

    date: str  #: such as ``2026-04-22``, in UTC
    cores: int
    processor: str  #: its model
    system: str
    python: str  #: its version
    packages: Mapping[str, str]  #: the versions of those that are installed
    figures: tuple[Figure, ...]


def run(figures: Iterable[Figure]) -> Run:
    """Return *figures* as a run on this machine, today."""
    return Run(
        date=datetime.now(UTC).date().isoformat(),
        cores=os.cpu_count() or 1,
        processor=_processor(),
        system=f"{platform.system()} {platform.machine()}",
        python=f"{platform.python_implementation()} {platform.python_version()}",
        packages=_versions(),
        figures=tuple(figures),
    )


def write(path: Path, result: Run) -> None:
    """Write a run as JSON: an object with the fields of :class:`Run`."""
    text = json.dumps(cattrs.unstructure(result), indent=1, ensure_ascii=False)
    path.write_text(f"{text}\n", encoding="utf-8")


def read(path: Path) -> Run:
    """Return the run that :func:`write` wrote.

    Raises:
        OSError: The file cannot be read.
        ValueError: It isn't JSON.
        cattrs.BaseValidationError: Its JSON isn't a run.
    """
    return cattrs.structure(json.loads(path.read_text(encoding="utf-8")), Run)


def _processor() -> str:
    try:
        facts = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        facts = []
    models = (fact.partition(":")[2] for fact in facts if fact.startswith("model name"))
    return next(models, platform.processor()).strip() or "unknown"


def _versions() -> dict[str, str]:
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
