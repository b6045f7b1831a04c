"""Who is let in."""

import anyio
import pytest

from replay.testing.server.api import Admission
from replay.testing.server.connections import ClientRequest

PATH = "/api/v1/chat"


def refusal(
    admission: Admission, host: str | None, key: str | None, path: str = PATH
) -> tuple[int, bytes] | None:
    """Return the status and the body of what a request is refused with."""
    given = {"host": host, "authorization": key}
    headers = [
        (name.encode(), value.encode("latin-1"))
        for name, value in given.items()
        if value is not None
    ]
    answer = admission.refusal(ClientRequest(b"GET", path.encode(), headers, b""))
    return None if answer is None else (answer.status, anyio.run(answer.whole_body))


def test_without_a_key_everybody_is_let_in() -> None:
    assert refusal(Admission(None, is_local=True), "localhost", None) is None


@pytest.mark.parametrize("host", [None, "", "[", "a@b:c", "rebound.example:80"])
def test_only_own_names_are_let_in_on_this_machine(host: str | None) -> None:
    foreign = (421, b'{"detail":"This host is not served"}')
    assert refusal(Admission(None, is_local=True), host, None) == foreign
    assert refusal(Admission(None, is_local=False), host, None) is None


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
    expected = (401, b'{"detail":"%s"}' % detail.encode())
    assert refusal(admission, "localhost", key) == expected
    right = "Bearer llx-ü".encode().decode("latin-1")
    assert refusal(admission, "localhost", right) is None


def test_what_is_no_api_needs_no_key() -> None:
    admission = Admission("llx-right", is_local=True)
    assert refusal(admission, "localhost", None, "/attachments/a") is None


def test_the_key_is_not_shown() -> None:
    assert "llx-secret" not in repr(Admission("llx-secret", is_local=True))
