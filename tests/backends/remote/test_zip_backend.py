"""Sessions from zip files."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import replay
from odd_files import ODD_FILES
from portions import all_stored, shown
from replay import Backend
from replay.errors import BackendError, SessionNotFoundError, UnsupportedError
from replay.testing import BackendContract
from replay_backends.remote import ZipBackend
from zip_files import FILES, document, write_zip


class TestZip(BackendContract):
    @pytest.fixture
    def backend(self, tmp_path: Path) -> Iterator[Backend]:
        backend = ZipBackend(str(write_zip(tmp_path / "it.zip", FILES)))
        yield backend
        backend.close()


def ids(location: str | Path, **options: object) -> list[str]:
    with replay.open(location, **options) as source:
        return [session.session_id for session in source]


@pytest.mark.parametrize("name", ["it.zip", "it.ZIP"])
def test_a_zip_file_is_known_by_its_name(tmp_path: Path, name: str) -> None:
    assert ids(write_zip(tmp_path / name, FILES)) == ["list", "c", "b", "a", "b", "d"]


def test_a_zip_file_of_any_name_may_be_named(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "it", {"sub/a.json": document("a"), "b.json": b"[]"})
    for location in (f"zip:{path}", f"zip://{path}", f"zip://*::{path}"):
        assert ids(location) == ["b", "a"]
    assert ids(f"zip://sub::{path}") == ["a"]
    assert ids(f"zip://b.json::{path}") == ["b"]
    assert ids(f"zip://{path}", pattern="a*") == ["a"]


def test_a_directory_of_that_name_is_one_of_fixtures(tmp_path: Path) -> None:
    (tmp_path / "it.zip").mkdir()
    (tmp_path / "it.zip" / "a.json").write_bytes(document("a"))
    assert ids(tmp_path / "it.zip") == ["a"]


@pytest.mark.parametrize("told", ["a pipe", "a socket"])
def test_what_bears_that_name_and_is_no_file_is_not_waited_for(
    tmp_path: Path, told: str
) -> None:
    ODD_FILES[told](tmp_path / "it.zip")
    with pytest.raises(BackendError, match=f"it.zip: {told}, not a file"):
        replay.open(tmp_path / "it.zip")


def test_a_link_to_a_zip_file_is_followed(tmp_path: Path) -> None:
    write_zip(tmp_path / "it", {"a.json": document("a")})
    (tmp_path / "it.zip").symlink_to("it")
    assert ids(tmp_path / "it.zip") == ["a"]


def test_it_is_the_same_wherever_the_program_goes_meanwhile(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write_zip(tmp_path / "it.zip", {"a.json": document("a")})
    monkeypatch.chdir(tmp_path)
    with replay.open("it.zip") as source:
        source.close()
        monkeypatch.chdir("/")
        assert source.session("a").session_id == "a"


def test_it_cannot_be_written_to(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "it.zip", FILES)
    told = "ZipBackend cannot write sessions"
    with replay.open(path) as source, pytest.raises(UnsupportedError, match=told):
        source.write(replay.Session("a"))


def test_a_zip_file_within_is_passed_over(tmp_path: Path) -> None:
    inner = write_zip(tmp_path / "inner.zip", FILES).read_bytes()
    path = write_zip(tmp_path / "it.zip", {"inner.zip": inner, "a.json": b"[]"})
    assert ids(path) == ["a"]
    with pytest.raises(SessionNotFoundError, match="there is no session"):
        replay.load(write_zip(tmp_path / "b.zip", {"inner.zip": inner}))
    with pytest.raises(replay.DecodeError, match=r"it.zip/inner.zip: "):
        replay.load(f"zip://inner.zip::{path}")


def test_what_is_for_urls_is_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "it.zip", FILES)
    with pytest.raises(BackendError, match="a file of this machine has no anon"):
        replay.open(path, anon=True)


def test_portions_are_the_members_and_hold_what_is_read(tmp_path: Path) -> None:
    backend = ZipBackend(str(write_zip(tmp_path / "it.zip", FILES)))
    assert [portion.key for portion in backend.portions()] == [
        (path,) for path in sorted(FILES)
    ]
    assert [shown(each.read()) for each in all_stored(backend)] == [
        shown(each) for each in backend.sessions()
    ]


def test_names_that_are_not_utf_8_are_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "it.zip", "w") as file:
        file.writestr("xx.json", b"[]")
    data = (tmp_path / "it.zip").read_bytes().replace(b"xx.json", b"\x81\xfe.json")
    (tmp_path / "it.zip").write_bytes(data)
    assert ids(tmp_path / "it.zip") == ["\u00fc\u25a0"]  # as the format says: CP 437
