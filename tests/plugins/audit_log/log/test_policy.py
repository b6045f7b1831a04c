"""How a log is written."""

import pytest

from replay_plugins.audit_log.log.log import Policy


@pytest.mark.parametrize(
    ("max_bytes", "max_age", "is_due"),
    [
        (None, None, False),
        (100, None, True),
        (101, None, False),
        (None, 10.0, False),
        (None, 9.9, True),
        (101, 9.9, True),
    ],
)
def test_a_file_is_full_by_its_size_or_its_age(
    max_bytes: int | None,
    max_age: float | None,
    is_due: bool,  # noqa: FBT001 - parametrized
) -> None:
    policy = Policy(actor="me", max_bytes=max_bytes, max_age=max_age)
    assert policy.is_due(100, 10.0) == is_due
