"""The entries of which odd histories are made."""

from random import Random

import pytest

from replay import UnknownEvent
from replay.codec.structure import decode_event
from replay.testing.histories import call, deltas, event, result, stop, text


def chance(seed: int = 0) -> Random:
    return Random(seed)  # noqa: S311 - chance, no secret


@pytest.mark.parametrize(
    "entry",
    [
        event("user_input", ""),
        *(event("thinking_delta", ""), event("thinking", "")),
        *(event("text_delta", ""), event("text", "")),
        *(call("c1"), result("c1"), stop(), stop("overloaded", turns=2)),
    ],
    ids=lambda entry: entry["type"],
)
def test_an_entry_is_a_known_event(entry: object) -> None:
    assert not isinstance(decode_event(entry), UnknownEvent)


def test_a_stop_with_an_error_is_one() -> None:
    assert (stop()["is_error"], stop("why")["is_error"]) == (False, True)


@pytest.mark.parametrize("seed", range(20))
def test_deltas_join_to_their_content(seed: int) -> None:
    content = "".join(text(chance(seed + n)) for n in range(3)) + "\ud83d"
    pieces = [decode_event(each) for each in deltas(chance(seed), "text", content)]
    joined = "".join(piece.content for piece in pieces)  # type: ignore[union-attr]  # deltas
    assert joined.encode("utf-16-le", "surrogatepass") == content.encode(
        "utf-16-le", "surrogatepass"
    )


def test_deltas_are_cut_inside_characters_too() -> None:
    cuts = [deltas(chance(seed), "text", "\U0001f600") for seed in range(20)]
    assert any(event("text_delta", "\ud83d") in pieces for pieces in cuts)


def test_a_call_with_arguments_of_no_object_keeps_them() -> None:
    assert call("c1", "{}")["arguments"] == "{}"
