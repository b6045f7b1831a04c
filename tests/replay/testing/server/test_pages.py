"""Pages and their tokens."""

from base64 import urlsafe_b64encode

import pytest

from replay.testing.server.chat import next_page
from replay.testing.server.validation import (
    PAGE,
    InvalidRequestError,
    validated_query,
)


def page(**query: str) -> tuple[int, int]:
    """Return the first entry that is asked for, and how many, 50 unless said."""
    asked = validated_query(PAGE, query)
    return asked.start, asked.size(50)


def encoded(text: str) -> str:
    """Return a token that was never given out."""
    return urlsafe_b64encode(text.encode()).decode()


def test_without_parameters_it_is_the_first_page() -> None:
    assert page() == (0, 50)


def test_an_empty_token_is_none() -> None:
    assert page(page_token="", page_size="3") == (0, 3)


def test_a_token_leads_to_the_next_page() -> None:
    token = str(next_page(7, "absent")["next_page_token"])
    assert page(page_token=token) == (7, 50)


@pytest.mark.parametrize(
    "query",
    [
        *({"page_token": token} for token in ("7", "x", "LTE=", "eA==", "ü")),
        *({"page_token": token} for token in (encoded("1_0"), encoded(" 7"))),
        *({"page_token": encoded("9" * count)} for count in (19, 30, 5000)),
        *({"page_size": size} for size in ("0", "-1", "x", "1.5", "", "-", "²")),
        {"page_size": "9" * 5000},
    ],
)
def test_what_is_wrong_is_refused(query: dict[str, str]) -> None:
    with pytest.raises(InvalidRequestError):
        page(**query)


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        ("absent", {}),
        ("null", {"next_page_token": None}),
        ("empty", {"next_page_token": ""}),
    ],
)
def test_the_end_is_told_in_three_ways(last: str, expected: object) -> None:
    assert next_page(None, last) == expected  # type: ignore[arg-type]  # one of the three


def test_a_page_is_never_larger_than_can_be_counted() -> None:
    assert page(page_size="9" * 30) == (0, 1_000_000)
