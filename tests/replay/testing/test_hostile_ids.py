"""The ids that mean something to others."""

import json
import unicodedata

from replay.testing.histories import HOSTILE_IDS


def test_each_is_there_once() -> None:
    assert len(set(HOSTILE_IDS)) == len(HOSTILE_IDS)


def test_some_are_the_same_but_for_case() -> None:
    assert len({each.lower() for each in HOSTILE_IDS}) < len(HOSTILE_IDS)


def test_some_are_the_same_but_for_their_unicode_form() -> None:
    forms = {unicodedata.normalize("NFC", each) for each in HOSTILE_IDS}
    assert len(forms) < len(HOSTILE_IDS)


def test_all_can_be_written_as_json() -> None:
    assert json.loads(json.dumps(HOSTILE_IDS)) == list(HOSTILE_IDS)
