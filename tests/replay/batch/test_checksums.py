"""A number with each result, by which a damaged one is found out."""

import pytest

from replay.batch.checkpoint_file import checksum

COLUMNS = (1, b"key", b"ses-1", 3, 40, 9, 0, b"[1]")


@pytest.mark.parametrize("column", range(len(COLUMNS)))
def test_every_column_counts(column: int) -> None:
    changed: list[int | bytes] = [*COLUMNS]
    changed[column] = 7 if column in (0, 3, 4, 5, 6) else b"?"
    assert checksum(*changed) not in (None, checksum(*COLUMNS))


@pytest.mark.parametrize("column", [1, 2, 7])
def test_what_is_of_another_type_has_none(column: int) -> None:
    changed: list[int | bytes | None] = [*COLUMNS]
    changed[column] = None
    assert checksum(*changed) is None


@pytest.mark.parametrize("count", [None, float("inf"), 40.0, "40", b"40", -1])
def test_a_count_that_is_none_has_none(count: object) -> None:
    for column in (0, 3, 4, 5, 6):
        changed: list[object] = [*COLUMNS]
        changed[column] = count
        assert checksum(*changed) is None, column
