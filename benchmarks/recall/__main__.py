"""``python -m benchmarks.recall``, which prints what redaction finds, kind by kind."""

import argparse
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.recall import gitleaks, ordinary_text, secretlint
from benchmarks.recall.samples import Sample
from replay_plugins.redact import Redacted, Redactor
from replay_plugins.redact.kinds import RULES
from replay_plugins.redact.token_kinds import KINDS

_READERS: Final = {"gitleaks": gitleaks, "secretlint": secretlint}
_REPOSITORIES: Final = {
    "gitleaks": (
        "https://github.com/gitleaks/gitleaks",
        "b58d3f102cf3a2c84cb7f923d05c25c9b1aed84b",
    ),
    "secretlint": (
        "https://github.com/secretlint/secretlint",
        "18346ba31b8173d52060b971221ab38c1943def0",
    ),
}
_MISSED: Final = "missed"
_PERSONAL: Final = "email"  # the addresses in ordinary text are addresses


def main() -> None:
    """Print a table of the samples and of the false alarms."""
    parser = argparse.ArgumentParser("benchmarks.recall", description=main.__doc__)
    for name, (address, _) in _REPOSITORIES.items():
        explanation = f"a copy of {address}; without it, one is cloned"
        parser.add_argument(f"--{name}", type=Path, metavar="DIR", help=explanation)
    explanation = "Python sources without secrets; without it, the standard library"
    parser.add_argument(
        "--text",
        type=Path,
        metavar="DIR",
        default=ordinary_text.LIBRARY,
        help=explanation,
    )
    given = vars(parser.parse_args())
    columns: list[Counter[str]] = []
    for name, reader in _READERS.items():
        with TemporaryDirectory() as scratch:
            directory = given[name] or _clone(name, Path(scratch))
            columns.append(_found(reader.samples(directory)))
    size, alarms = _alarms(ordinary_text.texts(given["text"]))
    sys.stdout.writelines(_table([*columns, alarms]))
    for name, column in zip(_READERS, columns, strict=True):
        total = column.total()
        sys.stdout.write(f"{name}: {total - column[_MISSED]} of {total} samples\n")
    false = alarms.total() - alarms[_PERSONAL]
    sys.stdout.write(
        f"ordinary text: {false} false alarms in {size / 1e6:.1f} MB, "
        f"{alarms[_PERSONAL]} addresses\n"
    )


def _clone(name: str, directory: Path) -> Path:
    """Return a directory with a repository's files, as they were when last measured."""
    address, commit = _REPOSITORIES[name]
    for arguments in (
        ("init", "--quiet"),
        ("fetch", "--quiet", "--depth", "1", address, commit),
        ("checkout", "--quiet", "FETCH_HEAD"),
    ):
        subprocess.run(["git", "-C", directory, *arguments], check=True)  # noqa: S603, S607 - the user's git
    return directory


def _found(samples: Iterable[Sample]) -> Counter[str]:
    """Return how many different samples each rule found."""
    found: Counter[str] = Counter()
    for sample in dict.fromkeys(samples):
        redactor = Redactor()
        redactor.text(sample.text)
        found[_rule_for(sample, redactor.report) or _MISSED] += 1
    return found


def _rule_for(sample: Sample, report: Iterable[Redacted]) -> str | None:
    """Return the rule that replaced most of a sample's secret, if it was replaced."""
    start = sample.text.find(sample.secret)
    end = start + len(sample.secret)
    sizes: Counter[str] = Counter()
    for each in report:
        within = min(each.start + each.length, end) - max(each.start, start)
        sizes[each.rule] += max(0, within)
    enough = sizes.total() >= sample.least * len(sample.secret)
    return sizes.most_common(1)[0][0] if sizes.total() and enough else None


def _alarms(texts: Iterable[str]) -> tuple[int, Counter[str]]:
    """Return the size of texts in bytes, and how often each rule found something."""
    size = 0
    redactor = Redactor()
    for text in texts:
        size += len(text.encode("utf-8", "replace"))
        redactor.text(text)
    return size, Counter(each.rule for each in redactor.report)


def _table(columns: Iterable[Counter[str]]) -> Iterator[str]:
    sources: dict[str, str] = {}
    for name, *_, source in KINDS:
        sources.setdefault(name, source)
    names = dict.fromkeys([*(rule.name for rule in RULES), _MISSED])
    yield f"| Rule | Source | {' | '.join(_READERS)} | ordinary text |\n"
    yield "|---|---|---:|---:|---:|\n"
    for name in names:
        counts = " | ".join(str(column[name] or "") for column in columns)
        yield f"| `{name}` | {sources.get(name, '')} | {counts} |\n"


if __name__ == "__main__":
    main()
