"""The beginning of a recording, as formats see it."""

import pytest

from replay_backends.formats.head import Head, Layout


@pytest.mark.parametrize(
    ("text", "layout", "records", "members"),
    [
        (b'{"a": 1}\n{"b": 2}\n', "lines", [{"a": 1}, {"b": 2}], {}),
        (b'\n{"a": 1}\nnot JSON\n7\n{"b": 2}', "lines", [{"a": 1}, {"b": 2}], {}),
        (b'\xef\xbb\xbf{"a": 1}', "object", [], {"a": 1}),
        (b'{"a": [1, {"b": 2}],\n "c": {"d": 3}}', "object", [], None),
        (b'{"a": 1\n{"b": 2}\n', "object", [], {"a": 1}),  # its end is missing
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
    assert Head(b'{"a": %b}\n{"b": 1}\n' % deep, is_whole=True).layout == "object"
    assert [*Head(deep, is_whole=True).records] == []


def test_at_most_a_thousand_records_are_looked_at() -> None:
    assert len(Head(b'{"a": 1}\n' * 5000, is_whole=True).records) == 1000
