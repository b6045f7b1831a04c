"""Records before they have a place in the log."""

import json

import pytest

from replay.model.json_text import parse, write
from replay_plugins.audit_log.batch_worker import Draft, as_value, of_value, salt_id
from replay_plugins.audit_log.format.chain import json_bytes

SALT = b"s" * 32


@pytest.mark.parametrize(
    "value",
    ["\ud83d", "\ud83d" + "\ude00", "\U0001f600", 10**4000, 1e22, -0.0, {"events": 1}],
    ids=ascii,
)
def test_what_comes_through_json_is_what_the_log_would_hold(value: object) -> None:
    fields = {"events": value, "a": {"events": value}}
    draft = Draft("stop", json_bytes(fields))
    used, drafts = of_value(parse(write(as_value([draft], None))).value)
    assert (used, [*drafts]) == ("", [draft])


@pytest.mark.parametrize("kind", ["session_start", "session_end"])
def test_a_session_is_identified_where_it_begins_and_ends(kind: str) -> None:
    draft = Draft(kind, b'{"a":1}').identified("0f")
    assert json.loads(draft.fields) == {"a": 1, "batch_key": "0f"}
    assert json_bytes(json.loads(draft.fields)) == draft.fields


def test_nothing_else_says_which_session_it_is_of() -> None:
    draft = Draft("stop", b'{"a":1}')
    assert draft.identified("0f") is draft


def test_two_salts_are_told_apart_and_none_from_both() -> None:
    assert len({salt_id(None), salt_id(SALT), salt_id(SALT[::-1] + b"t")}) == 3
    assert SALT.hex()[:8] not in salt_id(SALT)
    assert as_value([], SALT) == [salt_id(SALT)]
