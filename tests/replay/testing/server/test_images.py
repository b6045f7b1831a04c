"""The attachment endpoints, and page images: from a folder, or made up."""

import json
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from asking import ask
from replay.testing.server.images import image_of, made_up_image, names_of
from serving_process import Serve

LIST = "/api/v1/beta/attachments"
NAMES = ["items/ü #1.png", "screenshots/page_7.jpg"]
NAME = NAMES[1]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a directory of one session whose tools returned three images."""
    result = {"type": "tool_result", "call_id": "c", "name": "read", "result": None}
    images = [{"source_id": "dfl/1", "attachment_name": each} for each in NAMES]
    images.append({"source_id": "dfl-2", "attachment_name": "other.png"})
    events = [{**result, "image_attachment": each} for each in images]
    path = tmp_path / "sessions"
    path.mkdir()
    (path / "s.json").write_text(json.dumps(events), encoding="utf-8")
    (tmp_path / "secret").write_bytes(b"secret")
    return path


@pytest.fixture
def image(folder: Path) -> Path:
    """Return an image in the folder."""
    path = folder / "attachments" / "dfl" / "1" / NAME
    path.parent.mkdir(parents=True)
    path.write_bytes(b"jpeg\n\n" * 3)
    return path


def fetched(url: str, found: dict[str, str]) -> tuple[int, str, bytes]:
    reply = ask(url, "GET", found["url"].removeprefix(url))
    return reply.status, reply.headers["content-type"], reply.body


@pytest.mark.parametrize("safe", ["", "/"])
@pytest.mark.parametrize("name", NAMES)
def test_an_image_has_a_url_that_serves_it(serve: Serve, name: str, safe: str) -> None:
    server = serve(api_key="llx-right")
    key = {"Authorization": "Bearer llx-right"}
    target = f"{LIST}/{quote(name, safe=safe)}?source_id=dfl%2F1"
    found = ask(server.url, "GET", target, headers=key).json
    assert found["form_fields"] is None
    assert found["expires_at"].endswith("Z")
    status, kind, data = fetched(server.url, found)
    assert (status, kind) == (200, "image/png")
    assert data.startswith(b"\x89PNG")


def test_an_image_of_the_folder_is_served_and_not_timed(
    serve: Serve, image: Path
) -> None:
    server = serve()
    items = ask(server.url, "GET", f"{LIST}?source_id=dfl%2F1").json["items"]
    assert items[1] == {"name": NAME, "size": 18}
    found = ask(server.url, "GET", f"{LIST}/{NAME}?source_id=dfl%2F1").json
    assert fetched(server.url, found) == (200, "image/jpeg", image.read_bytes())
    assert [each.sent_at for each in server.requests] == [(), (), ()]


def test_attachments_are_listed_in_pages(url: str) -> None:
    first = ask(url, "GET", f"{LIST}?source_id=dfl%2F1&page_size=1").json
    token = quote(first["next_page_token"])
    target = f"{LIST}?source_id=dfl%2F1&page_size=1&page_token={token}"
    second = ask(url, "GET", target).json
    assert [each["name"] for page in (first, second) for each in page["items"]] == NAMES
    assert (second["total_size"], "next_page_token" in second) == (2, False)


def test_an_image_that_nothing_names_is_404(url: str) -> None:
    reply = ask(url, "GET", f"{LIST}/other.png?source_id=dfl%2F1")
    assert (reply.status, reply.json) == (404, {"detail": "Attachment not found"})


def test_without_a_source_it_is_422(url: str) -> None:
    missing = {"type": "missing", "loc": ["query", "source_id"], "input": None}
    for target in (LIST, f"{LIST}/a.png"):
        reply = ask(url, "GET", target)
        assert reply.status == 422
        assert reply.json == {"detail": [{**missing, "msg": "Field required"}]}


def test_a_url_expires(serve: Serve) -> None:
    url = serve(attachment_seconds=-1.0).url
    found = ask(url, "GET", f"{LIST}/{NAME}?source_id=dfl%2F1").json
    assert fetched(url, found)[0] == 403


@pytest.mark.parametrize(
    "forge",
    [
        lambda url: url.partition("?")[0],
        lambda url: url.partition("&")[0],
        lambda url: url.replace("expires=", "expires=9"),
        lambda url: url.replace("expires=", "expires=x"),
        lambda url: url.replace("dfl%2F1", "dfl-2"),
        lambda url: url.replace(NAME, "other.png"),
        lambda url: url.replace("signature=", "signature=%C3%BC"),
    ],
)
def test_a_url_that_was_not_given_out_is_403(
    url: str, forge: Callable[[str], str]
) -> None:
    found = ask(url, "GET", f"{LIST}/{NAME}?source_id=dfl%2F1").json
    assert fetched(url, found)[0] == 200
    assert fetched(url, {"url": forge(found["url"])})[0] == 403


def test_another_server_has_another_secret(serve: Serve, url: str) -> None:
    found = ask(url, "GET", f"{LIST}/{NAME}?source_id=dfl%2F1").json
    other = serve().url
    assert ask(other, "GET", found["url"].removeprefix(url)).status == 403


def test_images_are_found_beside_a_file_and_through_a_link(
    folder: Path, image: Path, tmp_path: Path
) -> None:
    image.with_name("thing").write_bytes(b"x")
    (tmp_path / "link").symlink_to(folder)
    names = [NAME, "screenshots/thing"]
    for location in (folder, folder / "s.json", tmp_path / "link"):
        assert [*names_of(str(location), "dfl/1")] == names
        found = image_of(str(location), "dfl/1", "screenshots/thing")
        assert found == (b"x", "application/octet-stream")


@pytest.mark.parametrize(
    ("source_id", "name"),
    [
        ("dfl-2", NAME),
        ("dfl/1", "screenshots"),
        ("..", "s.json"),
        ("dfl/1", "../../../../secret"),
        ("dfl/1", "screenshots/link"),
        ("dfl/1", "screenshots/loop"),
        *(("dfl/1", name) for name in ("a\0b", "x" * 300)),
        *((each, NAME) for each in ("x" * 300, "x/" * 5000, "\ud800")),
        ("", ""),
    ],
)
def test_nothing_else_is_found(image: Path, source_id: str, name: str) -> None:
    image.with_name("link").symlink_to(image.parents[5] / "secret")
    image.with_name("loop").symlink_to("loop")
    location = str(image.parents[4])
    assert image_of(location, source_id, name) is None
    assert [*names_of(location, "dfl/1")] == [NAME]


def test_other_sources_have_no_images(folder: Path, image: Path) -> None:
    assert image.exists()
    for source_id in ("..", "dfl-9", "", "a\0b", "x" * 300, "x/" * 5000, "\ud800"):
        assert not [*names_of(str(folder), source_id)]
    assert not [*names_of("https://api.example", "dfl/1")]
    assert image_of("https://api.example", "dfl/1", NAME) is None


def test_a_folder_that_leads_elsewhere_has_no_images(tmp_path: Path) -> None:
    secrets = tmp_path / "elsewhere" / "dfl-1"
    secrets.mkdir(parents=True)
    (secrets / "key.png").write_bytes(b"secret")
    sessions = tmp_path / "sessions"
    sessions.mkdir()
    (sessions / "attachments").symlink_to(secrets.parent)
    assert image_of(str(sessions), "dfl-1", "key.png") is None
    assert not [*names_of(str(sessions), "dfl-1")]


def test_an_image_that_is_made_up_is_a_png_and_always_the_same() -> None:
    data, _ = made_up_image("dfl-1", NAME)
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    place, kinds = 8, []
    while place < len(data):
        (length,) = struct.unpack(">I", data[place : place + 4])
        chunk, end = data[place + 4 : place + 8 + length], place + 12 + length
        assert data[end - 4 : end] == struct.pack(">I", zlib.crc32(chunk))
        kinds.append(chunk[:4])
        place = end
    assert kinds == [b"IHDR", b"IDAT", b"IEND"]
    assert made_up_image("dfl-1", NAME) == made_up_image("dfl-1", NAME)
    assert made_up_image("dfl-1", NAME) != made_up_image("dfl-2", NAME)
