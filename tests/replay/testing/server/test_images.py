"""Page images: from a folder, or made up."""

import struct
import zlib
from pathlib import Path

import pytest

from replay.testing.server.images import Images, made_up_image

NAME = "screenshots/page_7.jpg"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a directory of sessions, which has one image."""
    image = tmp_path / "sessions" / "attachments" / "dfl-1" / NAME
    image.parent.mkdir(parents=True)
    image.write_bytes(b"jpeg")
    (tmp_path / "secret").write_bytes(b"secret")
    return tmp_path / "sessions"


def test_an_image_is_found_by_its_names(folder: Path) -> None:
    image = Images(str(folder)).image("dfl-1", NAME)
    assert image is not None
    assert (image.data, image.media_type) == (b"jpeg", "image/jpeg")


def test_the_folder_may_be_beside_a_file(folder: Path) -> None:
    file = folder / "session.json"
    file.write_text("[]", encoding="utf-8")
    assert [*Images(str(file)).names("dfl-1")] == [NAME]


def test_what_has_no_known_suffix_is_bytes(folder: Path) -> None:
    (folder / "attachments" / "dfl-1" / "thing").write_bytes(b"x")
    image = Images(str(folder)).image("dfl-1", "thing")
    assert image is not None
    assert image.media_type == "application/octet-stream"


@pytest.mark.parametrize(
    ("source_id", "name"),
    [
        ("dfl-2", NAME),
        ("dfl-1", "screenshots"),
        ("..", "session.json"),
        ("dfl-1", "../../../secret"),
        ("dfl-1", "link"),
        ("dfl-1", "loop"),
        ("dfl-1", "a\0b"),
        ("dfl-1", "x" * 300),
        ("x" * 300, NAME),
        ("x/" * 5000, NAME),
        ("\ud800", NAME),
        ("", ""),
    ],
)
def test_nothing_else_is_found(folder: Path, source_id: str, name: str) -> None:
    (folder / "attachments" / "dfl-1" / "link").symlink_to(folder.parent / "secret")
    (folder / "attachments" / "dfl-1" / "loop").symlink_to("loop")
    assert Images(str(folder)).image(source_id, name) is None


def test_a_link_that_leads_out_is_not_listed(folder: Path) -> None:
    (folder / "attachments" / "dfl-1" / "link").symlink_to(folder.parent / "secret")
    assert [*Images(str(folder)).names("dfl-1")] == [NAME]


@pytest.mark.parametrize(
    "source_id", ["..", "dfl-9", "", "a\0b", "x" * 300, "x/" * 5000, "\ud800"]
)
def test_a_source_without_a_folder_has_no_names(folder: Path, source_id: str) -> None:
    assert not [*Images(str(folder)).names(source_id)]


def test_a_source_that_is_no_path_has_no_images() -> None:
    images = Images("https://api.example")
    assert images.image("dfl-1", NAME) is None
    assert not [*images.names("dfl-1")]


def test_an_image_that_is_made_up_is_a_png() -> None:
    data = made_up_image("dfl-1", NAME).data
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    place, kinds = 8, []
    while place < len(data):
        (length,) = struct.unpack(">I", data[place : place + 4])
        chunk = data[place + 4 : place + 8 + length]
        (checksum,) = struct.unpack(
            ">I", data[place + 8 + length : place + 12 + length]
        )
        assert zlib.crc32(chunk) == checksum
        kinds.append(chunk[:4])
        place += 12 + length
    assert kinds == [b"IHDR", b"IDAT", b"IEND"]


def test_an_image_that_is_made_up_is_always_the_same() -> None:
    assert made_up_image("dfl-1", NAME) == made_up_image("dfl-1", NAME)
    assert made_up_image("dfl-1", NAME) != made_up_image("dfl-2", NAME)


def test_a_folder_that_leads_elsewhere_has_no_images(tmp_path: Path) -> None:
    secrets = tmp_path / "elsewhere" / "dfl-1"
    secrets.mkdir(parents=True)
    (secrets / "key.png").write_bytes(b"secret")
    sessions = tmp_path / "sessions"
    sessions.mkdir()
    (sessions / "attachments").symlink_to(secrets.parent)
    images = Images(str(sessions))
    assert images.image("dfl-1", "key.png") is None
    assert not [*images.names("dfl-1")]


def test_sessions_may_be_reached_by_a_link(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder)
    assert [*Images(str(tmp_path / "link")).names("dfl-1")] == [NAME]
