"""The count of files that a directory's walk passes over."""

import pytest

from replay_backends.files.other_files import OtherFiles


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["a.py"], "1 file of another kind was not read (1 .py)"),
        (["Makefile"], "1 file of another kind was not read"),
        (
            ["a.md", "b.py", "c.PY", "x.csv.gz", "d.md", "e.py"],
            "6 files of other kinds were not read (3 .py, 2 .md, 1 .csv.gz)",
        ),
        (
            ["log.1", "a.\x1b[2J", "b.aaaaaaaaaaaaaaaaaaaa", "c.d", "c.e"],
            "5 files of other kinds were not read (1 .d, 1 .e, 3 more)",
        ),
        (
            ["a", "b.b", "c.c", "d.d", "e.e", "e.e", *["f.f"] * 1000],
            (
                "1,006 files of other kinds were not read"
                " (1,000 .f, 2 .e, 1 .b, 1 .c, 2 more)"
            ),
        ),
    ],
)
def test_the_commonest_suffixes_are_named(names: list[str], said: str) -> None:
    others = OtherFiles()
    for name in names:
        others.add(name)
    assert str(others) == said


def test_the_times_of_a_recording_are_no_file_of_another_kind() -> None:
    others = OtherFiles()
    others.add("ses-1.arrivals")
    assert not others
