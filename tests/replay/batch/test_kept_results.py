"""What a plugin gave for each session, read from a checkpoint as it is walked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_values import done, task, worked
from json_values import exact
from replay.batch.checkpoint import Checkpoint
from replay.batch.checkpoint_rows import element, kept_text, read_text
from replay.engine.report import BatchResult
from replay.errors import CheckpointError, DecodeError
from replay.model.json_text import write, write_decoded

TEXT = st.text(st.characters(exclude_categories=()))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
    max_leaves=8,
).filter(lambda value: "inf" not in repr(value))


@given(st.lists(JSON, min_size=1), st.data())
def test_each_element_comes_back_exactly(
    values: list[object], data: st.DataObject
) -> None:
    number = data.draw(st.integers(0, len(values) - 1))
    for array in write(values), write_decoded(values):
        assert exact(element(array, number)) == exact(values[number])


@given(TEXT)
def test_each_text_comes_back_exactly(text: str) -> None:
    assert read_text(kept_text(text)) == text


@pytest.mark.parametrize(
    ("array", "value"),
    [
        (b"[0, 123456789012345678901234567890]", 123456789012345678901234567890),
        (rb'[0, "\ud83d"]', "\ud83d"),
        (rb'["\ud83d", 1.0]', 1.0),
        (b"[0, 1e-7]", 1e-7),
        (b'[0, {"events": [{"events": 1}]}]', {"events": [{"events": 1}]}),
    ],
)
def test_what_one_decoder_refuses_comes_right_too(array: bytes, value: object) -> None:
    assert exact(element(array, 1)) == exact(value)


@pytest.mark.parametrize("array", [b"[1", b"[1, {]"])
def test_what_is_no_json_is_refused(array: bytes) -> None:
    with pytest.raises(DecodeError):
        element(array, 1)


@pytest.mark.parametrize("array", [b"[0]", b"{}", b"1"])
def test_an_element_that_is_not_there_is_damage(
    checkpoint: Checkpoint, array: bytes
) -> None:
    checkpoint.keep(worked(done(0, values=array)))
    with pytest.raises(CheckpointError, match="it is damaged"):
        list(checkpoint.results(1))


def test_a_result_says_whose_it_is(checkpoint: Checkpoint) -> None:
    checkpoint.keep(worked(done(0, "a", b'[1, {"b": 2}]')))
    key = "28bea3cd0e88b943b4d1b7a4f2fca37c"
    assert list(checkpoint.results(1)) == [BatchResult(key, "a", {"b": 2})]


def test_keys_differ(checkpoint: Checkpoint) -> None:
    checkpoint.keep(task(0, 500))
    assert len({result.key for result in checkpoint.results(0)}) == 500


def test_results_can_be_walked_again_and_in_turns(checkpoint: Checkpoint) -> None:
    checkpoint.keep(task(0, 3))
    results = checkpoint.results(0)
    pairs = zip(results, results, strict=True)
    assert [(a.value, b.value) for a, b in pairs] == [(0, 0), (1, 1), (2, 2)]


def test_results_have_a_length(checkpoint: Checkpoint) -> None:
    results = checkpoint.results(0)
    assert len(results) == 0
    checkpoint.keep(task(0, 3))
    assert len(results) == 3
