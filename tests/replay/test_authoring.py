"""``replay.authoring`` and its page."""

import re
from pathlib import Path

import pytest

import replay.authoring

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "authoring.md"


@pytest.mark.skipif(not PAGE.exists(), reason="the docs are not there")
def test_the_page_has_each_name_that_there_is() -> None:
    page = PAGE.read_text(encoding="utf-8").partition("## Commands")[0]
    told = {*re.findall(r"^\.\. [a-z:]+:: (\w+)$", page, re.MULTILINE)}
    there = {name for name in vars(replay.authoring) if not name.startswith("__")}
    assert told == there
