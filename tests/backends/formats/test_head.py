"""The beginning of a recording, as formats see it."""

import io

import pytest

from replay_backends.formats.head import SIZE, Head, Layout, holds_session


@pytest.mark.parametrize(
    ("text", "layout", "records", "members"),
    [
        (b'{"a": 1}\n{"b": 2}\n', "lines", [{"a": 1}, {"b": 2}], {}),
        (b'\n{"a": 1}\nnot JSON\n7\n{"b": 2}', "lines", [{"a": 1}, {"b": 2}], {}),
        (b'\xef\xbb\xbf{"a": 1}', "object", [], {"a": 1}),
        (b'{"a": [1, {"b": 2}],\n "c": {"d": 3}}', "object", [], None),
        (b'{"a": 1\n{"b": 2}\n', "lines", [{"b": 2}], {}),
        (b'[{"a": 1}, 7, {"b": 2}]', "list", [{"a": 1}, {"b": 2}], {}),
        *(
            (text, "other", [], {})
            for text in (b"", b"a: 1\n", b"\xff\xfe{", b"PK\3\4")
        ),
    ],
)
def test_a_whole_recording_has_a_layout(
    text: bytes,
    layout: Layout,
    records: list[object],
    members: dict[str, object] | None,
) -> None:
    head = Head(text, is_whole=True)
    assert (head.layout, [*head.records]) == (layout, records)
    assert members in (None, head.members)


def test_of_a_cut_recording_what_is_whole_is_there() -> None:
    lines = Head(b'{"a": 1}\n{"b": 2}\n{"c": ', is_whole=False)
    assert (lines.layout, [*lines.records]) == ("lines", [{"a": 1}, {"b": 2}])
    items = Head(b'[{"a": 1}, {"b"', is_whole=False)
    assert [*items.records] == [{"a": 1}]
    cut = Head(b'{"a": {"b": [1, 2', is_whole=False)
    assert (cut.layout, cut.members) == ("object", {"a": {"b": [1, 2]}})
    assert Head(b'{"a": 1, "b', is_whole=False).members == {"a": 1}
    assert Head(b'{"a": tru', is_whole=False).members == {}
    assert Head(b'{"a": 1}', is_whole=False).layout == "object"


def test_a_depth_that_cannot_be_read_is_no_record() -> None:
    deep = b"[" * 100_000
    assert [*Head(b'{"a": %b}\n{"b": 1}\n' % deep, is_whole=True).records] == [{"b": 1}]
    assert [*Head(deep, is_whole=True).records] == []


@pytest.mark.parametrize("first", [b"\0\0\0", b'{"a": tru', b"[1, ", b"[]", b"# Log"])
def test_lines_may_begin_with_a_broken_one(first: bytes) -> None:
    lines = Head(first + b'\n{"a": 1}\n{"b": 2}\n', is_whole=True)
    assert (lines.layout, [*lines.records]) == ("lines", [{"a": 1}, {"b": 2}])


@pytest.mark.parametrize(
    ("text", "layout"),
    [
        (b'{"a": [\n{"b": 1}\n]}', "object"),
        (b'{\n"a":\n{"b": 1}\n,\n"c":\n{"d": 1}\n}\n', "object"),
        (b'[\n{"b": 1}\n,\n{"c": 1}\n]\n', "list"),
        (b'{"a": 1}\n', "object"),
    ],
)
def test_one_value_on_many_lines_is_no_series_of_lines(
    text: bytes, layout: Layout
) -> None:
    assert Head(text, is_whole=True).layout == layout


@pytest.mark.parametrize(
    ("data", "size", "is_whole"),
    [
        (b"", 0, True),
        (b"a" * SIZE, SIZE, True),
        (b"a\n" * SIZE, SIZE, False),
        (b"a" * SIZE + b"\n" + b"b\n" * 20, SIZE + 1 + 2 * 9, False),
        (b"a" * SIZE * 80, SIZE * 64, False),
    ],
)
def test_long_lines_are_looked_at_too(
    data: bytes, size: int, *, is_whole: bool
) -> None:
    head = Head.read(io.BytesIO(data))
    assert (head.data, head.is_whole) == (data[:size], is_whole)


def test_at_most_a_thousand_records_are_looked_at() -> None:
    assert len(Head(b'{"a": 1}\n' * 5000, is_whole=True).records) == 1000


def test_a_broken_line_before_others_has_no_members_that_are_not_its_own() -> None:
    head = Head(b'{"a": 1, "b":\n{"c": 2}\n{"d": 3}\n', is_whole=True)
    assert head.members.keys() <= {"a", "b"}
    assert Head(b'{{"a": 1}', is_whole=True).members == {}


def test_an_object_whose_end_is_missing_is_no_session() -> None:
    assert not holds_session(Head(b'{"a": 1\n{"b": 2}\n', is_whole=True))
