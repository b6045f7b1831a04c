"""The attachment endpoints."""

import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from asking import ask
from replay.testing.server.server import LlamaCloudServer

Serve = Callable[..., LlamaCloudServer]
LIST = "/api/v1/beta/attachments"
NAMES = ["items/ü #1.png", "screenshots/page_7.jpg"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a directory of one session, whose tools returned two images."""
    result = {"type": "tool_result", "call_id": "c", "name": "read", "result": None}
    images = [{"source_id": "dfl/1", "attachment_name": each} for each in NAMES]
    images.append({"source_id": "dfl-2", "attachment_name": "other.png"})
    events = [{**result, "image_attachment": each} for each in images]
    (tmp_path / "s.json").write_text(json.dumps(events), encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("safe", ["", "/"])
@pytest.mark.parametrize("name", NAMES)
def test_an_image_has_a_url_that_serves_it(serve: Serve, name: str, safe: str) -> None:
    server = serve(api_key="llx-right")
    key = {"Authorization": "Bearer llx-right"}
    target = f"{LIST}/{quote(name, safe=safe)}?source_id=dfl%2F1"
    found = ask(server.url, "GET", target, headers=key).json
    assert found["form_fields"] is None
    assert found["expires_at"].endswith("Z")
    image = ask(server.url, "GET", found["url"].removeprefix(server.url))
    assert (image.status, image.headers["content-type"]) == (200, "image/png")
    assert image.body.startswith(b"\x89PNG")


def test_attachments_are_listed_in_pages(url: str) -> None:
    first = ask(url, "GET", f"{LIST}?source_id=dfl%2F1&page_size=1").json
    token = quote(first["next_page_token"])
    target = f"{LIST}?source_id=dfl%2F1&page_size=1&page_token={token}"
    second = ask(url, "GET", target).json
    assert [each["name"] for page in (first, second) for each in page["items"]] == NAMES
    assert (second["total_size"], "next_page_token" in second) == (2, False)


def test_a_size_is_that_of_what_is_served(url: str, folder: Path) -> None:
    image = folder / "attachments" / "dfl/1" / NAMES[1]
    image.parent.mkdir(parents=True)
    image.write_bytes(b"jpeg")
    items = ask(url, "GET", f"{LIST}?source_id=dfl%2F1").json["items"]
    assert items[1] == {"name": NAMES[1], "size": 4}


def test_an_image_that_nothing_names_is_404(url: str) -> None:
    reply = ask(url, "GET", f"{LIST}/other.png?source_id=dfl%2F1")
    assert (reply.status, reply.json) == (404, {"detail": "Attachment not found"})


def test_without_a_source_it_is_422(url: str) -> None:
    for target in (LIST, f"{LIST}/a.png"):
        reply = ask(url, "GET", target)
        assert reply.status == 422
        assert reply.json["detail"][0]["loc"] == ["query", "source_id"]


def test_a_url_expires(serve: Serve) -> None:
    server = serve(attachment_seconds=-1.0)
    target = f"{LIST}/{NAMES[1]}?source_id=dfl%2F1"
    found = ask(server.url, "GET", target).json
    reply = ask(server.url, "GET", found["url"].removeprefix(server.url))
    assert reply.status == 403


@pytest.mark.parametrize(
    "query", ["", "?expires=99999999999", "?expires=x&signature=y"]
)
def test_a_url_that_was_not_given_out_is_403(url: str, query: str) -> None:
    reply = ask(url, "GET", f"/attachments/dfl%2F1/{NAMES[1]}{query}")
    assert reply.status == 403


def test_only_streams_are_watched_for_events(serve: Serve, folder: Path) -> None:
    image = folder / "attachments" / "dfl/1" / NAMES[1]
    image.parent.mkdir(parents=True)
    image.write_bytes(b"jpeg\n\n" * 3)
    server = serve()
    found = ask(server.url, "GET", f"{LIST}/{NAMES[1]}?source_id=dfl%2F1").json
    ask(server.url, "GET", found["url"].removeprefix(server.url))
    assert [each.sent_at for each in server.requests] == [(), ()]
