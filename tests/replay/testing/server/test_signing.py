"""URLs that are good for a while."""

from urllib.parse import parse_qs

import pytest

from replay.testing.server.images import Signer

SIGNER = Signer(b"secret")
(SIGNATURE,) = parse_qs(SIGNER.query("dfl-1", "a.png", 100))["signature"]


def test_what_was_given_out_is_good_until_it_expires() -> None:
    assert SIGNER.is_good("dfl-1", "a.png", "100", SIGNATURE, now=99.9)
    assert not SIGNER.is_good("dfl-1", "a.png", "100", SIGNATURE, now=100.0)


@pytest.mark.parametrize(
    ("source_id", "name", "expires", "signature"),
    [
        ("dfl-2", "a.png", "100", SIGNATURE),
        ("dfl-1", "b.png", "100", SIGNATURE),
        ("dfl-1", "a.png", "101", SIGNATURE),
        ("dfl-1", "a.png", "100", ""),
        ("dfl-1", "a.png", "100", "ü"),
    ],
)
def test_nothing_else_is_good(
    source_id: str, name: str, expires: str, signature: str
) -> None:
    assert not SIGNER.is_good(source_id, name, expires, signature, now=0.0)


def test_another_server_has_another_secret() -> None:
    other = Signer(b"other")
    assert not other.is_good("dfl-1", "a.png", "100", SIGNATURE, now=0.0)


def test_the_secret_is_not_shown() -> None:
    assert "secret" not in repr(SIGNER).replace("secret=", "")
