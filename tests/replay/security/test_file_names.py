"""Session ids as file names."""

import unicodedata
from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from replay.security.file_names import file_name, session_id_of
from replay.testing.histories import HOSTILE_IDS

RESERVED = {
    *("con", "prn", "aux", "nul"),
    *(f"{port}{number}" for port in ("com", "lpt") for number in range(10)),
}
#: Pieces of names that trouble file systems, more often than at random.
PIECES = [
    *(
        "con",
        "nul",
        "NUL",
        "com1",
        ".",
        "..",
        "/",
        "\\",
        "%",
        "%41",
        "~",
        " ",
        ":",
        "\0",
    ),
    *("a", "A", "é", "e\u0301", "ﬁ", "K", "\u212a", "İ", "ß", "\ud83d", "\ude00", "\n"),
]
IDS = st.text(st.characters(exclude_categories=())) | st.lists(
    st.sampled_from(PIECES), max_size=12
).map("".join)


@given(IDS)
@example("")
@example("x" * 180)
def test_a_name_stands_for_its_id(session_id: str) -> None:
    name = file_name(session_id)
    assert "~" in name or session_id_of(name) == session_id


@given(IDS | st.sampled_from(["x" * 181, "É" * 100, "con." * 60]))
def test_a_name_is_safe_on_any_file_system(session_id: str) -> None:
    name = file_name(session_id)
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789.-_%~")
    assert 0 < len(name) <= 180
    assert not name.startswith(".")
    assert not name.endswith(".")
    assert name.split(".")[0] not in RESERVED
    assert PurePosixPath(name).name == PureWindowsPath(name).name == name


@given(IDS, IDS)
@example("a", "A")
@example("é", "e\u0301")
@example("ß", "ss")
@example("K", "\u212a")
@example("x" * 181, "x" * 182)
@example("\U0001f600", "\ud83d\ude00")
def test_no_two_ids_have_one_name_even_where_case_and_form_do_not_count(
    one: str, other: str
) -> None:
    names = {unicodedata.normalize("NFKC", file_name(each)) for each in (one, other)}
    folded = {name.casefold() for name in names}
    assert len(folded) == len({one, other})


def test_no_two_hostile_ids_have_one_name() -> None:
    assert len({file_name(each).casefold() for each in HOSTILE_IDS}) == len(HOSTILE_IDS)


@pytest.mark.parametrize(
    ("session_id", "name"),
    [
        ("", "%"),
        ("ses-0.1_a", "ses-0.1_a"),
        ("A", "%41"),
        (".", "%2e"),
        ("..", "%2e%2e"),
        (".a.", "%2ea%2e"),
        ("../a", "%2e.%2fa"),
        ("con", "%63on"),
        ("CON", "%43%4f%4e"),
        ("nul.json", "%6eul.json"),
        ("lpt9.a.b", "%6cpt9.a.b"),
        ("com10", "com10"),
        ("console", "console"),
        ("é", "%c3%a9"),
        ("\ud800", "%ed%a0%80"),
        ("%41", "%2541"),
        ("~", "%7e"),
    ],
)
def test_names_are_what_they_have_always_been(session_id: str, name: str) -> None:
    assert file_name(session_id) == name
    assert session_id_of(name) == session_id


def test_a_long_id_is_cut_and_told_from_others_by_its_hash() -> None:
    name = file_name("é" * 100)
    assert name == "%c3%a9" * 19 + (
        "~f42ec48e1e4b487e590e0b3d4e58437c8327efa855d769709f4942a4f73a7eb6"
    )


@pytest.mark.parametrize(
    ("stem", "session_id"),
    [
        ("My chat", "My chat"),
        ("100%", "100%"),
        ("%4G", "%4G"),
        ("%C3", "%C3"),
        ("%ff", "%ff"),
        ("%ff and %c3%a9", "%ff and é"),
        ("é%41", "éA"),
        ("\udcff", "\udcff"),
    ],
)
def test_a_name_that_was_given_by_hand_stands_for_itself(
    stem: str, session_id: str
) -> None:
    assert session_id_of(stem) == session_id
