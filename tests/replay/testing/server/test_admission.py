"""Who is let in."""

import pytest

from replay.testing.server.api import Admission, Refusal

PATH = "/api/v1/chat"
FOREIGN = Refusal(421, "This host is not served")


def test_without_a_key_everybody_is_let_in() -> None:
    assert Admission(None, is_local=True).refusal(PATH, "localhost", None) is None


@pytest.mark.parametrize("host", [None, "", "[", "a@b:c", "rebound.example:80"])
def test_only_own_names_are_let_in_on_this_machine(host: str | None) -> None:
    assert Admission(None, is_local=True).refusal(PATH, host, None) == FOREIGN
    assert Admission(None, is_local=False).refusal(PATH, host, None) is None


@pytest.mark.parametrize(
    ("key", "detail"),
    [
        (None, "Not authenticated"),
        ("Bearer", "Invalid authentication token"),
        ("Bearer \xff", "Invalid authentication token"),
        ("llx-ü", "Invalid authentication token"),
    ],
)
def test_only_the_right_key_is_let_in(key: str | None, detail: str) -> None:
    admission = Admission("llx-ü", is_local=True)
    assert admission.refusal(PATH, "localhost", key) == Refusal(401, detail)
    right = "Bearer llx-ü".encode().decode("latin-1")
    assert admission.refusal(PATH, "localhost", right) is None


def test_what_is_no_api_needs_no_key() -> None:
    admission = Admission("llx-right", is_local=True)
    assert admission.refusal("/attachments/a", "localhost", None) is None


def test_the_key_is_not_shown() -> None:
    assert "llx-secret" not in repr(Admission("llx-secret", is_local=True))
