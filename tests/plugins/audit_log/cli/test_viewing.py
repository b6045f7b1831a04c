"""Records as people look at them."""

import pytest

from replay_plugins.audit_log.cli.record_table import Filter, moment, record_of, row_of


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("2026-11-26", "2026-11-26T00:00:00.000000Z"),
        ("2026-11-26T01:20", "2026-11-26T01:20:00.000000Z"),
        ("2026-11-26T01:20:00.5Z", "2026-11-26T01:20:00.500000Z"),
        ("2026-11-26T01:20:00+02:00", "2026-11-25T23:20:00.000000Z"),
    ],
)
def test_a_time_is_told_as_records_tell_it(text: str, told: str) -> None:
    assert moment(text) == told


@pytest.mark.parametrize("text", ["", "noon", "2026-13-01", "0001-01-01T00:00+14:00"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"isoformat|month|range"):
        moment(text)


def test_an_empty_filter_wants_everything() -> None:
    assert Filter().wants({})
    assert Filter().wants({"kind": ["odd"]})


def test_the_time_until_which_records_are_wanted_is_not_wanted() -> None:
    record: dict[str, object] = {"time": "2026-11-26T00:00:00.000000Z"}
    assert Filter(since="2026-11-26T00:00:00.000000Z").wants(record)
    assert not Filter(until="2026-11-26T00:00:00.000000Z").wants(record)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("text", "a=text"),
        (None, "a=null"),
        ({"length": 1, "width": 2}, 'a={"length": 1, "width": 2}'),
        ({"length": 1, "commitment": "ab"}, "a=[1 characters, committed]"),
        ("x" * 101, "a=" + "x" * 100 + "…"),
    ],
)
def test_a_field_is_told_in_a_few_words(value: object, shown: str) -> None:
    assert row_of({"seq": 1, "b.a": value}) == ["1", "", "", "", "", shown]


@pytest.mark.parametrize("line", [b"", b"[]", b"\xff", b"[" * 100_000])
def test_what_is_no_record_is_said_so(line: bytes) -> None:
    assert row_of(record_of(line)) == ["", "", "?", "", "", "what=no record"]
