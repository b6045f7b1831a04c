"""Rules that a user gives: a name and a regular expression each."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from replay_plugins.redact.kinds import Rule

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}")


def rules_of(patterns: Mapping[str, str] | Path | str | None) -> list[Rule]:
    """Return the rules that a user gives.

    Args:
        patterns: Regular expressions by name; or a file of lines ``name=expression``,
            where empty lines and those that begin with ``#`` do not count. None: none.

    Raises:
        ValueError: A line, a name or an expression is wrong.
        OSError: The file cannot be read.
    """
    if patterns is None:
        return []
    if isinstance(patterns, Mapping):
        return [_rule(name, pattern) for name, pattern in patterns.items()]
    lines = Path(patterns).read_text(encoding="utf-8").splitlines()
    return [_rule(name, pattern) for name, pattern in _members(lines)]


def _members(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        name, sign, pattern = line.partition("=")
        if not sign:
            message = f"patterns, line {number}: expected name=expression"
            raise ValueError(message)
        yield name.strip(), pattern.strip()


def _rule(name: str, pattern: str) -> Rule:
    if not _NAME.fullmatch(name):
        message = f"patterns: {name!a} is no name: letters, digits, - and _"
        raise ValueError(message)
    try:
        return Rule(name=name, pattern=re.compile(pattern))
    except re.error as error:
        message = f"patterns: {name}: {error}"
        raise ValueError(message) from error
