import json
from math import isfinite
from typing import NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay.errors import DecodeError
from replay.model.json_text import parse, write

BOM = b"\xef\xbb\xbf"  # msgspec refuses it, so the judge reads what follows
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=-(10**4300) + 1, max_value=10**4300 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters())
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters()), inner),
    max_leaves=12,
)
texts = st.builds(
    json.dumps,
    values,
    ensure_ascii=st.booleans(),
    indent=st.none() | st.integers(0, 2),
).map(lambda text: text.encode("utf-8", "backslashreplace"))


@st.composite
def mutated_texts(draw: st.DrawFn) -> bytes:
    data = bytearray(draw(texts))
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(data)))
        end = draw(st.integers(start, min(len(data), start + 3)))
        token = st.sampled_from(b'{}[],:"\\u 0-.eEnN\xff\xed\xa0\n\0').map(
            lambda byte: bytes([byte])
        )
        data[start:end] = draw(token | st.binary(max_size=3) | texts)
    return bytes(data)


def read(data: bytes) -> str | None:
    """Return what *data* is, exactly (1, 1.0 and true are three); None: refused."""
    try:
        return repr(parse(data).value)
    except DecodeError:
        return None


def standard(data: bytes) -> str | None:
    """Return what the standard library reads where it is strict; None: it refuses."""

    def refuse(_: str) -> NoReturn:
        raise ValueError

    def finite(digits: str) -> float:
        return float(digits) if isfinite(float(digits)) else refuse(digits)

    try:
        text = data.removeprefix(BOM).decode("utf-8")
        return repr(json.loads(text, parse_constant=refuse, parse_float=finite))
    except ValueError:
        return None


@given(texts)
def test_the_value_is_the_standard_librarys(data: bytes) -> None:
    assert repr(parse(data).value) == repr(json.loads(data))


@given(texts | mutated_texts())
def test_msgspec_and_the_judge_agree(data: bytes) -> None:
    assert read(data) == read(BOM + data) or data.startswith(BOM)


@given(mutated_texts())
def test_a_text_is_read_where_the_strict_standard_library_reads_it(data: bytes) -> None:
    assert read(data) == standard(data)


@given(st.binary())
def test_any_bytes_are_read_as_the_strict_standard_library_reads_them(
    data: bytes,
) -> None:
    assert read(data) == standard(data)


@given(values)
def test_what_is_written_is_read_back(value: object) -> None:
    joined = json.loads(json.dumps(value))  # halves that stand side by side
    assert read(write(value)) == repr(joined)


@given(texts, st.data())
def test_a_text_that_ends_too_soon_is_no_object(
    data: bytes, draw: st.DataObject
) -> None:
    whole = b'{"a": ' + data + b"}"
    part = whole[: draw.draw(st.integers(0, len(whole) - 1))]
    with pytest.raises(DecodeError):
        parse(part)
