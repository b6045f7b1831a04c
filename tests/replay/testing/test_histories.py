"""Odd histories: the same for the same seed, and odd in every way."""

import json
import unicodedata
from collections.abc import Iterator
from random import Random

import pytest

from replay import Transcript, UnknownEvent, dumps, loads, transcript
from replay.codec.structure import decode_event
from replay.model.diagnostics import DIAGNOSTIC_CODES
from replay.testing import odd_histories
from replay.testing.histories import (
    HOSTILE_IDS,
    ODDITIES,
    call,
    cut_anew,
    deltas,
    event,
    large_numbers,
    result,
    stop,
    text,
)

SHORT = tuple(odd_histories(longest=200))

#: Diagnostics that only a document, a source or a stream can have, not a history.
NOT_OF_HISTORIES = {"byte-order-mark", "duplicate-key", "repeated-session-id"}
NOT_OF_HISTORIES |= {"bad-frame", "bad-line", "bad-utf-8", "frame-name-differs"}
NOT_OF_HISTORIES |= {"nan-as-null", "torn-frame", "torn-line"}


def chance(seed: int = 0) -> Random:
    return Random(seed)  # noqa: S311 - chance, no secret


def unknown_among(entries: list[object]) -> list[bool]:
    return [isinstance(decode_event(each), UnknownEvent) for each in entries]


def test_an_entry_is_a_known_event() -> None:
    kinds = ("user_input", "thinking_delta", "thinking", "text_delta", "text")
    entries = [*(event(kind, "") for kind in kinds), call("c1"), result("c1")]
    stops = [stop(), stop("overloaded", turns=2)]
    assert not any(unknown_among([*entries, *stops]))
    assert [each["is_error"] for each in stops] == [False, True]
    assert call("c1", "{}")["arguments"] == "{}"


def test_deltas_join_to_their_content_cut_inside_characters_too() -> None:
    for seed in range(20):
        content = "".join(text(chance(seed + n)) for n in range(3)) + "\ud83d"
        pieces = map(decode_event, deltas(chance(seed), "text", content))
        joined = "".join(piece.content for piece in pieces)  # type: ignore[union-attr]  # deltas
        assert joined.encode("utf-16-le", "surrogatepass") == content.encode(
            "utf-16-le", "surrogatepass"
        )
    cuts = [deltas(chance(seed), "text", "\U0001f600") for seed in range(20)]
    assert any(event("text_delta", "\ud83d") in pieces for pieces in cuts)


def test_an_oddity_is_json_and_the_same_by_the_same_chance() -> None:
    for name, oddity in ODDITIES.items():
        entries = oddity(chance(7))
        assert json.loads(json.dumps(entries)) == entries, name
        assert oddity(chance(7)) == entries, name


def test_only_malformed_and_unknown_events_are_unknown() -> None:
    for name in ODDITIES.keys() - {"unknown_events"}:
        unknown = unknown_among(ODDITIES[name](chance()))
        assert set(unknown) <= {name == "malformed_events"}, name


def written(seed: int = 0, count: int = 40) -> Iterator[bytes]:
    return map(dumps, odd_histories(seed, count, longest=200))


def test_the_seed_decides_over_the_sessions() -> None:
    assert [dumps(one) for one in SHORT] == [*written()] != [*written(1)]


def test_there_are_as_many_as_asked_for_and_no_two_have_the_same_id() -> None:
    for count in (0, 3, 60):
        assert len([*written(count=count)]) == count
    assert len({session.session_id for session in SHORT}) == len(SHORT)


def test_the_first_ones_bear_the_names_of_oddities_and_one_is_very_long() -> None:
    named = zip(ODDITIES, SHORT, strict=False)
    assert all(f"{name}-" in session.session_id for name, session in named)
    assert max(len(session.events) for session in odd_histories()) == 100_001


def test_every_diagnostic_of_a_history_is_among_them() -> None:
    found = {each.code for one in SHORT for each in transcript(one).diagnostics}
    assert found == set(DIAGNOSTIC_CODES) - NOT_OF_HISTORIES


def test_an_odd_history_is_as_it_would_be_loaded() -> None:
    for session in SHORT:
        assert loads(dumps(session)) == session


def test_ids_are_dangerous_as_names_of_files() -> None:
    dangerous = [each for each in HOSTILE_IDS if "/" in each or "\\" in each]
    ids = [session.session_id for session in SHORT]
    assert any(each.startswith(prefix) for each in ids for prefix in dangerous)
    assert json.loads(json.dumps(HOSTILE_IDS)) == list(HOSTILE_IDS)


def test_ids_differ_though_some_do_in_case_or_form_only() -> None:
    count = len(HOSTILE_IDS)
    assert len(set(HOSTILE_IDS)) == count
    assert len({each.lower() for each in HOSTILE_IDS}) < count
    assert len({unicodedata.normalize("NFC", each) for each in HOSTILE_IDS}) < count


def as_messages(told: Transcript) -> object:
    """Return a transcript's messages, without their positions."""
    return [
        (turn.answer, turn.status, turn.usage, turn.user_input, len(turn.steps))
        for turn in told.turns
    ], [(each.code, each.detail) for each in told.diagnostics]


def test_cutting_anew_changes_no_message() -> None:
    for session in SHORT:
        anew = transcript(cut_anew(session))
        assert as_messages(anew) == as_messages(transcript(session))


@pytest.mark.parametrize("title", [None, "Rent"])
def test_cutting_anew_cuts_elsewhere_and_leaves_the_header(title: str | None) -> None:
    delta = event("text_delta", "The rent is 4,200 euros a month.")
    document = {"session_id": "s", "generated_title": title, "events": [delta]}
    session = loads(json.dumps(document))
    cuts = [cut_anew(session, seed) for seed in range(20)]
    assert len({len(each.events) for each in cuts}) > 1
    assert {each.summary() for each in cuts} == {session.summary()}


def test_numbers_are_larger_than_other_languages_keep_but_not_absurd() -> None:
    stops = [large_numbers(chance(seed))[0] for seed in range(20)]
    tokens = [each["usage"]["total_input_tokens"] for each in stops]  # type: ignore[index]  # objects
    assert {*tokens} == {2**53 + 1, 2**64, 10**40}
