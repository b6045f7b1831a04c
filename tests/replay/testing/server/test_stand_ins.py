"""Answers in the place of the application's."""

from collections.abc import Callable

import pytest

from asking import CHAT, PROMPT, ask
from replay.testing.server.server import LlamaCloudServer

Serve = Callable[..., LlamaCloudServer]
SESSION = f"{CHAT}/ses-hello"


@pytest.mark.parametrize(
    ("fault", "wait"), [("429", "1"), ("429=2.5", "2.5"), ("503=9", "9"), ("500", None)]
)
def test_a_status_may_tell_how_long_to_wait(
    serve: Serve, fault: str, wait: str | None
) -> None:
    reply = ask(serve(faults=fault).url, "GET", SESSION)
    assert (str(reply.status), reply.headers.get("retry-after")) == (fault[:3], wait)


def test_a_status_without_a_name_is_an_error_too(serve: Serve) -> None:
    reply = ask(serve(faults="599").url, "GET", SESSION)
    assert (reply.status, reply.json) == (599, {"detail": "Unknown"})


def test_a_prompt_that_is_refused_joins_no_history(serve: Serve) -> None:
    url = serve(faults="1x500").url
    before = ask(url, "POST", f"{SESSION}/messages/stream", PROMPT)
    assert before.status == 500
    assert len(ask(url, "GET", SESSION).json["events"]) == 8


def test_a_captive_portal_is_a_page_with_200(serve: Serve) -> None:
    reply = ask(serve(faults="captive-portal").url, "GET", SESSION)
    assert (reply.status, reply.headers["content-type"]) == (200, "text/html")
    assert b"<title>" in reply.body


@pytest.mark.parametrize(
    ("value", "location"),
    [
        ("http://localhost:9", f"http://localhost:9{SESSION}?page=1"),
        ("http://localhost:9/x", "http://localhost:9/x"),
    ],
)
def test_a_redirect_leads_where_is_said(
    serve: Serve, value: str, location: str
) -> None:
    reply = ask(serve(faults=f"redirect={value}").url, "GET", f"{SESSION}?page=1")
    assert (reply.status, reply.headers["location"]) == (307, location)
