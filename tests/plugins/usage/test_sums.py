"""What a session cost, and what many of them did."""

import json
from fractions import Fraction

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay import BatchResult
from replay.model.json_text import parse, write
from replay_plugins.usage import Merged, SessionUsage, Sum, as_value

ids = st.text(st.characters() | st.characters(categories=["Cs"]))
counts = st.integers() | st.integers(min_value=10**4299, max_value=10**4400)
times = st.floats(allow_nan=False, allow_infinity=False) | counts
usages = st.builds(
    SessionUsage,
    session_id=ids,
    turns=counts,
    round_trips=counts,
    total_input_tokens=st.none() | counts,
    total_output_tokens=st.none() | counts,
    duration_ms=times,
    errors=counts,
    complete=st.booleans(),
)


def through_json(usage: SessionUsage) -> SessionUsage:
    value = parse(write(as_value(usage))).value
    (found,) = Merged([BatchResult("00", "", value)])
    return found


@given(usages)
def test_what_a_session_cost_comes_through_json_as_it_is(usage: SessionUsage) -> None:
    assert through_json(usage) == usage


def test_halves_of_a_character_stay_halves() -> None:
    usage = attrs.evolve(Sum().total(), session_id="\ud83d" + "\ude00")
    assert through_json(usage) == usage


def test_what_is_merged_can_be_walked_again() -> None:
    usage = attrs.evolve(Sum().total(), session_id="s")
    merged = Merged([BatchResult("00", "", as_value(usage))])
    assert [*merged] == [*merged] == [usage]


def test_it_is_the_plugins_id_that_counts() -> None:
    usage = attrs.evolve(Sum().total(), session_id="<EMAIL_1>")
    (found,) = Merged([BatchResult("00", "jo@example.org", as_value(usage))])
    assert found.session_id == "<EMAIL_1>"


@given(st.lists(times))
def test_times_are_added_exactly(durations: list[float]) -> None:
    total = Sum()
    for duration in durations:
        total.add(attrs.evolve(Sum().total(), duration_ms=duration))
    exact = sum(map(Fraction, durations), Fraction())
    found = total.total().duration_ms
    assert found == (float(exact) if abs(exact) < 2**53 else round(exact))


@pytest.mark.parametrize("complete", [True, False])
def test_a_sum_is_complete_where_all_are(complete: bool) -> None:  # noqa: FBT001 - parametrized
    total = Sum()
    for each in (True, complete):
        total.add(attrs.evolve(Sum().total(), complete=each))
    assert total.total().complete == complete


def test_a_value_is_small() -> None:
    usage = SessionUsage("ses-0000001", 2, 4, 9204, 134, 8348.25, 0, complete=True)
    assert len(json.dumps(as_value(usage))) < 60
