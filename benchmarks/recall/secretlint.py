"""The samples of secretlint's rules, as its own tests record them.

Each test is a text with the messages that a rule reports in it, in ``output.json``. A
message often shows all of a URL, or a whole line.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from benchmarks.recall.samples import Sample

#: Rules that find other things: files, paths of homes, and made-up words.
_OTHERS: Final = ("filter-comments", "no-", "pattern", "secret-alphabet", "example")


def samples(directory: Path) -> Iterator[Sample]:
    """Yield the texts in which secretlint's rules find a secret, one for each.

    Args:
        directory: A copy of secretlint's repository.
    """
    pattern = "packages/@secretlint/secretlint-rule-*/test/snapshots/*/output.json"
    for path in sorted(directory.glob(pattern)):
        output = json.loads(path.read_text("utf-8"))
        text = output.get("sourceContent")
        for message in output.get("messages", ()) if text else ():
            rule = message["ruleId"].rpartition("rule-")[2]
            if not rule.startswith(_OTHERS):
                secret = text[slice(*message["range"])]
                yield Sample(rule, text, secret, least=0)
