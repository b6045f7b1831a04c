"""What was found."""

import pytest

from replay_plugins.audit_log.verify.findings import Findings


@pytest.mark.parametrize(
    ("kept", "since", "is_anchored"),
    [
        (0, 0, False),
        (8, 0, False),
        (9, 0, True),  # the tenth is the checkpoint's own record
        (10, 0, True),
        (9, 1, False),  # the tenth is another
        (10, 1, True),
    ],
)
def test_the_head_is_anchored_by_a_kept_checkpoint_of_all_but_itself(
    kept: int,
    since: int,
    is_anchored: bool,  # noqa: FBT001 - an expected value
) -> None:
    found = Findings(records=10, kept=kept, since_checkpoint=since)
    assert found.is_head_anchored is is_anchored


def test_a_log_is_good_until_a_problem_is_found() -> None:
    found = Findings()
    assert found.is_good
    found.add("complete", "file", "it is cut")
    assert not found.is_good
