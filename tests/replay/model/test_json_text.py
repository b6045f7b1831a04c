import json
from pathlib import Path

import pytest

from json_values import nested
from replay.errors import EncodeError
from replay.model.json_text import Parsed, decode_text, is_deeper, parse, write

BOM = b"\xef\xbb\xbf"  # msgspec refuses it, so the judge reads what follows


@pytest.mark.parametrize("start", [b"", BOM])
@pytest.mark.parametrize(
    "text",
    [
        "-0",
        "-0.0",
        "1e1",
        "1E400"[:4],
        "123456789012345678901234567890",
        "-9223372036854775809",
        "18446744073709551616",
        "1e-999",
        "5e-324",
        "1.7976931348623157e308",
        '"\\ud83d"',
        '"\\ude00\\ud83d"',
        '"\\ud83d\\ude00"',
        '{"\\ud83d": 1}',
        '"\\u0000"',
        '"\u2028\u2029\u0085\x7f"',
        " \t\r\n[ \t\r\n1 \t\r\n, 2 ] \t\r\n",
    ],
)
def test_a_value_is_read_exactly_by_both(text: str, start: bytes) -> None:
    value = parse(start + text.encode()).value
    assert repr(value) == repr(json.loads(text))


@pytest.mark.parametrize("start", [b"", BOM])
@pytest.mark.parametrize("sign", [b"", b"-"])
def test_an_integer_of_4300_digits_is_kept(start: bytes, sign: bytes) -> None:
    assert parse(start + sign + b"9" * 4300).value == int(sign + b"9" * 4300)


def test_a_byte_order_mark_is_odd_and_no_error() -> None:
    oddity = ("byte-order-mark", "the document begins with one")
    assert parse(BOM + b"[1]") == Parsed([1], (oddity,))


def test_the_last_of_two_keys_counts() -> None:
    assert parse(b'{"a": 1, "a": 2}').value == {"a": 2}


def test_a_key_given_twice_is_odd_where_the_judge_reads() -> None:
    parsed = parse(BOM + b'{"b": {"a": 1, "c": 0, "a": 2}}')
    assert ("duplicate-key", "the key 'a'") in parsed.oddities


def test_every_object_with_a_key_given_twice_is_noted() -> None:
    parsed = parse(BOM + b'[{"a": 1, "a": 2}, {"b": 1}, {"c": 1, "c": 2}]')
    assert [detail for _, detail in parsed.oddities[1:]] == [
        "the key 'a'",
        "the key 'c'",
    ]


def test_a_key_given_twice_among_many_is_found_in_linear_time() -> None:
    keys = [str(number) for number in range(200_000)]
    text = ",".join(f'"{key}":0' for key in [*keys, keys[-1]])
    parsed = parse(BOM + b"{" + text.encode() + b"}")
    assert ("duplicate-key", f"the key {keys[-1]!a}") in parsed.oddities


@pytest.mark.parametrize(
    "text",
    [
        b'{"events": [{"events": [], "x": "\\u0065"}]}',
        b'[{"events": []}, {"events": []}]',
        b'{"a": "\\"events\\"", "events": "events"}',
    ],
)
def test_the_word_may_stand_elsewhere(text: bytes) -> None:
    assert parse(text) == Parsed(json.loads(text))


@pytest.mark.parametrize(
    "text",
    [
        b'{"events": [{"events": 1, "events": 2}]}',
        b'[{"events": 1, "events": 2}]',
    ],
)
def test_two_lists_of_events_within_an_event_are_odd_and_no_error(text: bytes) -> None:
    parsed = parse(text)
    assert parsed.oddities == (("duplicate-key", "the key 'events'"),)


def test_utf_8_is_decoded() -> None:
    assert decode_text('{"é": "\0"}'.encode()) == '{"é": "\0"}'


@pytest.mark.parametrize(
    ("value", "depth"), [(1, 0), ([], 1), ({}, 1), ([{"a": [1]}, []], 3)]
)
def test_a_value_is_as_deep_as_its_lists_and_objects(value: object, depth: int) -> None:
    assert not is_deeper(value, depth)
    assert depth == 0 or is_deeper(value, depth - 1)


def test_depth_is_counted_without_recursion() -> None:
    assert is_deeper(nested(5_000), 4_999)
    assert not is_deeper(nested(5_000), 5_000)


def test_json_is_written_without_blanks_and_in_utf_8() -> None:
    assert write({"a": [1, "é", None]}) == '{"a":[1,"é",null]}'.encode()


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("\ud83d", rb'"\ud83d"'),
        ("\ude00\ud83d", rb'"\ude00\ud83d"'),
        ("a\\\udfff\\", rb'"a\\\udfff\\"'),
        ("\U0001f600", '"\U0001f600"'.encode()),
    ],
)
def test_a_lone_half_is_written_as_an_escape(text: str, written: bytes) -> None:
    assert write(text) == written


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        {1},
        b"a",
        Path(),
        pytest.param(10**4300, id="4301 digits"),
        pytest.param(nested(100_000), id="100,000 levels"),
    ],
)
def test_what_json_cannot_hold_is_not_written(value: object) -> None:
    with pytest.raises(EncodeError, match="cannot be written as JSON"):
        write(value)
