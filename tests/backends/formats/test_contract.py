"""Each format's example, read as the sessions of any backend are."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

import replay
from replay import Backend
from replay.testing import BackendContract
from replay_backends.formats.recognition import OWN_STREAM, known_formats

FOLDER: Final = Path(__file__).resolve().parents[3] / "examples" / "formats"
#: All but those of the format that the how-to page writes.
EXAMPLES: Final = [each for each in sorted(FOLDER.glob("*.*")) if each.stem != "diary"]


def test_each_format_has_one_example_which_is_told_by_its_content() -> None:
    found: list[str | None] = []
    for path in EXAMPLES:
        with replay.open(path) as source:
            found += {each.format for each in source}
    assert sorted(map(str, found)) == sorted({*known_formats()} - {OWN_STREAM})


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
class TestAgainstTheContract(BackendContract):
    @pytest.fixture
    def backend(self, path: Path) -> Iterator[Backend]:
        with replay.open(path) as source:
            yield source.backend
