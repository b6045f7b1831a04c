"""What sessions cost, as JSON and as a table."""

import json
from collections.abc import Iterator

import attrs

from replay_plugins.usage import SessionUsage, Sum, as_json, as_table

NOTHING = Sum().total()


def usages(count: int) -> Iterator[SessionUsage]:
    for number in range(count):
        yield attrs.evolve(NOTHING, session_id=f"s{number}", turns=number)


def test_json_comes_a_session_at_a_time() -> None:
    pieces = as_json(usages(10**9))
    begun = next(pieces) + next(pieces) + next(pieces)
    sessions = json.loads(begun + "]}")["sessions"]
    assert [each["session_id"] for each in sessions] == ["s0", "s1"]


def test_a_column_is_as_wide_as_its_widest() -> None:
    widest = [
        attrs.evolve(NOTHING, session_id="s", round_trips=n) for n in (5, -(10**20))
    ]
    lines = "".join(as_table(widest)).splitlines()
    assert len({line.rindex("  ") for line in lines}) == 1
    assert f" -{10**20} " in lines[2]


def test_the_total_may_be_the_widest() -> None:
    halves = [attrs.evolve(NOTHING, session_id="s", turns=6 * 10**9)] * 2
    heading, *_, total = "".join(as_table(halves)).splitlines()
    assert heading.startswith("      turns  ")
    assert total.startswith("12000000000  ")
