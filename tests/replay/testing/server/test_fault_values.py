"""What values faults can take."""

import pytest

from replay.testing.server.faults import (
    Check,
    check_header,
    check_seconds,
    check_url,
    count_up_to,
)

SECONDS, HEADER, URL, COUNT = check_seconds, check_header, check_url, count_up_to(9)


@pytest.mark.parametrize(
    ("check", "text"),
    [
        *((SECONDS, text) for text in ("0", "1.5", "1e3")),
        *((HEADER, text) for text in ("1", "Thu, 26 Nov 2026 01:00:00 GMT")),
        *((URL, text) for text in ("http://a:1/b?c#d", "/b", "https://[::1]")),
        *((COUNT, text) for text in ("0", "9", "09")),
    ],
)
def test_what_is_right_is_taken(check: Check, text: str) -> None:
    check(text)


@pytest.mark.parametrize(
    ("check", "text"),
    [
        *((SECONDS, text) for text in ("", "-1", "nan", "inf", "9" * 5000)),
        *((HEADER, text) for text in ("", " ", "a ", "a\r\nb: c", "a\nb", "ü", "\0")),
        *((URL, text) for text in ("", "http://[", "a b", "a\r\nb: c", "ü")),
        *((COUNT, text) for text in ("", "-1", "1.0", "10", "1_0", "९", "9" * 5000)),
    ],
)
def test_what_is_wrong_is_refused(check: Check, text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the caller says what is wrong
        check(text)
