from collections.abc import Sequence

import attrs
import pytest

from benchmarks.figures import Figure, figure
from benchmarks.runs import Run
from benchmarks.table import columns, comparison, table


def made(*figures: Figure) -> Run:
    return Run(
        date="2026-04-22",
        cores=2,
        processor="Some model",
        system="Linux x86_64",
        python="CPython 3.11.7",
        packages={"orjson": "3.13.0", "pluggy": "1.7.0"},
        figures=figures,
    )


def row(ours: float = 0.003, *, case: str = "dumps") -> Figure:
    return figure(case, "orjson.dumps", [ours], [0.002], events=9_200, aim="at most 2")


def lines_of(run: Run) -> Sequence[str]:
    return table(run).splitlines()


def test_a_table_says_where_and_with_what_it_was_measured() -> None:
    head = lines_of(made(row()))[:4]
    assert head == [
        "2026-04-22, CPython 3.11.7, Linux x86_64",
        "2 cores, Some model",
        "orjson 3.13.0, pluggy 1.7.0",
        "garbage collector: on; collected before each timing",
    ]


def test_a_row_says_what_both_took_and_their_ratio() -> None:
    cells = lines_of(made(row()))[-1].split("  ")
    assert [cell.strip() for cell in cells if cell] == [
        *("dumps", "9,200", "3.00 ms", "2.00 ms", "orjson.dumps"),
        *("1.50", "1.50 to 1.50", "1", "at most 2"),
    ]


def test_a_note_is_told_once_below_the_table() -> None:
    noted = [attrs.evolve(row(case=case), note="A note.") for case in ("one", "two")]
    assert lines_of(made(*noted))[-2:] == ["", "A note."]
    assert table(made(*noted)).count("A note.") == 1


def test_memory_is_told_in_megabytes() -> None:
    memory = figure("large-file", "orjson.loads", [62.5], [1_000.0], unit="MB")
    assert "62.5 MB  1,000 MB" in table(made(memory))


def test_numbers_end_and_names_begin_below_each_other() -> None:
    assert columns(["case", "events"], [["a", "1"], ["longer", "1,000,000"]]) == (
        "case       events\n------  ---------\na               1\nlonger  1,000,000"
    )


@pytest.mark.parametrize(
    ("before", "after", "change"), [(4.0, 2.0, "-50%"), (2.0, 3.0, "+50%")]
)
def test_a_comparison_tells_how_a_ratio_changed(
    before: float, after: float, change: str
) -> None:
    compared = comparison(made(row(before)), made(row(after)))
    assert compared.splitlines()[-1].split()[-1] == change


def test_a_figure_that_only_one_run_has_is_listed_without_a_change() -> None:
    compared = comparison(made(row(case="old")), made(row(case="new")))
    assert [line.split() for line in compared.splitlines()[2:]] == [
        ["new", "9,200", "orjson.dumps", "1.50"],
        ["old", "9,200", "orjson.dumps", "1.50"],
    ]


def test_the_same_case_at_another_size_is_another_figure() -> None:
    compared = comparison(made(row()), made(attrs.evolve(row(), events=10)))
    assert "%" not in compared
