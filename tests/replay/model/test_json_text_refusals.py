import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from replay.errors import DecodeError
from replay.model.json_text import parse

BOM = b"\xef\xbb\xbf"  # msgspec refuses it, so the judge reads what follows


@pytest.mark.parametrize("start", [b"", BOM])
@pytest.mark.parametrize("sign", [b"", b"-"])
def test_an_integer_of_4301_digits_is_refused(start: bytes, sign: bytes) -> None:
    with pytest.raises(DecodeError, match="an integer of more than 4300 digits"):
        parse(start + sign + b"9" * 4301)


@contextmanager
def at_most_digits(limit: int) -> Iterator[None]:
    before = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(limit)
    try:
        yield
    finally:
        sys.set_int_max_str_digits(before)


@pytest.mark.parametrize("start", [b"", BOM])
def test_an_integer_past_what_this_python_reads_is_refused(start: bytes) -> None:
    with at_most_digits(640), pytest.raises(DecodeError, match="more than 640 digits"):
        parse(start + b"9" * 641)


@pytest.mark.parametrize("start", [b"", BOM])
@pytest.mark.parametrize("text", [b"1e999", b"-1e999", b"1" + b"0" * 400 + b".0"])
def test_a_float_that_overflows_is_refused(start: bytes, text: bytes) -> None:
    with pytest.raises(DecodeError, match="a number too large for a float"):
        parse(start + text)


@pytest.mark.parametrize("name", ["NaN", "Infinity", "-Infinity"])
def test_a_constant_that_json_does_not_know_is_refused(name: str) -> None:
    with pytest.raises(DecodeError, match=f"not JSON: {name}"):
        parse(name.encode())


@pytest.mark.parametrize("number", ["1e999", "NaN", "9" * 4301])
@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("%s", "$"),
        ('{"a": [0, {"b_1": %s}]}', "$.a[1].b_1"),
        ('[{}, [], {"c": 0}, %s]', "$[3]"),
        ('{"a b": %s}', "$['a b']"),
        ('{"": %s}', "$['']"),
        ('{"é": %s}', r"$['\xe9']"),
        (r'{"\u001b\ud83d": %s}', r"$['\x1b\ud83d']"),
        ('{"a": %s, "a": 1}', "$"),
    ],
)
def test_a_refused_number_is_found_by_its_path(
    number: str, text: str, where: str
) -> None:
    with pytest.raises(DecodeError) as caught:
        parse((text % number).encode())
    assert caught.value.where == where


@pytest.mark.parametrize("number", [b"1", b"1e999"])
@pytest.mark.parametrize("depth", [900, 2_000, 10_000, 100_000])
@pytest.mark.parametrize(("start", "end"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_nesting_never_crashes(
    start: bytes, end: bytes, depth: int, number: bytes
) -> None:
    try:
        parse(start * depth + number + end * depth)
    except DecodeError as error:
        refused = {"nested too deep to be read", "a number too large for a float"}
        assert error.reason in refused  # noqa: PT017 - it may also be read


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'[{"a":'])
def test_brackets_that_never_close_are_refused(opening: bytes) -> None:
    with pytest.raises(DecodeError):
        parse(opening * 100_000)


def test_a_second_byte_order_mark_is_an_error() -> None:
    with pytest.raises(DecodeError, match="line 1, column 1"):
        parse(BOM + BOM + b"[1]")


@pytest.mark.parametrize(
    "text",
    [
        b'{"events": [], "events": []}',
        rb'{"events": [], "\u0065vents": []}',
        rb'{"\u0065v\u0065nts": [], "event\u0073": []}',
        rb'{"events": [], "e\u0076ents": []}',
        rb'{"even\u0074s": [], "eve\u006Ets": []}',
        b'{"events": 1, "events": []}',
        b'{"events": [{"events": []}], "x": {}, "events": [1]}',
    ],
)
def test_two_lists_of_events_are_refused(text: bytes) -> None:
    with pytest.raises(DecodeError, match=r"\$\.events: given twice"):
        parse(text)


@pytest.mark.parametrize(
    "encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"]
)
def test_other_encodings_are_refused_by_name(encoding: str) -> None:
    texts = ["[]", '{"a": "é"}', "[1]", "\t[1]"]
    for text in ["\ufeff", *texts, *(f"\ufeff{text}" for text in texts)]:
        said = str(_error(text.encode(encoding)))
        assert "looks like UTF-16 or UTF-32; convert" in said, text


def _error(data: bytes) -> DecodeError:
    with pytest.raises(DecodeError) as caught:
        parse(data)
    return caught.value


@pytest.mark.parametrize(
    ("data", "where"),
    [
        (b'["\xff"]', "byte 2"),
        (b'["\xed\xa0\x80"]', "byte 2"),
        (b'["\xc0\xaf"]', "byte 2"),
        (b'["\xf4\x90\x80\x80"]', "byte 2"),
        (b'["a\xc3', "byte 3"),
        (b"\0\0\0\0\0\0", "byte 0"),
    ],
)
def test_what_is_not_utf_8_is_refused_at_its_byte(data: bytes, where: str) -> None:
    error = _error(data)
    assert (error.where, error.reason) == (where, "not UTF-8 text")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "line 1, column 1: not JSON: the text ends too soon"),
        (b'{"a": 1', "line 1, column 8: not JSON: the text ends too soon"),
        (b'{"a": 1,\n "b"}', "line 2, column 5: not JSON: expecting ':' delimiter"),
        (b"[1] x", "line 1, column 5: not JSON: extra data"),
    ],
)
def test_what_is_not_json_is_refused_at_its_line_and_column(
    data: bytes, said: str
) -> None:
    assert str(_error(data)).startswith(said)


def test_a_text_that_is_cut_within_a_string_was_cut_off() -> None:
    with pytest.raises(DecodeError, match="the text ends too soon") as caught:
        parse(b'{"events": [{"type": "te')
    assert "cut off" in caught.value.hint
