"""Zip files, including hostile ones."""

import gzip
import logging
import pickle
import random
import stat
import warnings
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

import replay
from odd_files import ODD_FILES
from replay import Backend
from replay.testing import BackendContract
from replay_backends.files.file_access import open_regular
from replay_backends.remote import ZipBackend
from replay_backends.remote.archives import Archive
from replay_backends.remote.locations import Item
from zip_files import FILES, document, encrypted, write_zip

GZIP = gzip.compress(b"")[:10]


def archive(path: Path, inside: str = "") -> Archive:
    found = Archive(partial(open_regular, path, path.name), path.name, inside)
    found.probe()
    return found


def paths(path: Path, inside: str = "") -> list[str]:
    return [item.path for item in archive(path, inside).items()]


def open_descriptors() -> list[str]:
    return sorted(each.name for each in Path("/proc/self/fd").iterdir())


def content(found: Archive, path: str) -> bytes:
    with found.opener(Item(path, 0))() as file:
        return file.read()


def test_members_come_by_the_bytes_of_their_paths(tmp_path: Path) -> None:
    names = ["b", "a/c", "a-", "\u00e9", "\U0001f600", "\uffff", "a/"]
    path = write_zip(tmp_path / "a.zip", dict.fromkeys(names, b""))
    assert paths(path) == ["a-", "a/c", "b", "\u00e9", "\uffff", "\U0001f600"]


def test_a_directory_in_it_is_what_is_below(tmp_path: Path) -> None:
    names = ["sub/x", "sub/sub/y", "subway/z", "sub/"]
    path = write_zip(tmp_path / "a.zip", {name: name.encode() for name in names})
    assert paths(path, "sub") == ["sub/y", "x"]
    found = archive(path, "sub")
    assert not found.is_single
    assert found.source_of("x") == "a.zip/sub/x"
    assert content(found, "sub/y") == b"sub/sub/y"


def test_a_large_member_is_read_from_the_zip_file_each_time(tmp_path: Path) -> None:
    data = random.Random(0).randbytes(9 << 20)  # noqa: S311 - any bytes will do
    path = write_zip(tmp_path / "a.zip", {"x": data})
    found = archive(path)
    sent: Archive = pickle.loads(pickle.dumps(found))  # noqa: S301 - our own
    for each in (found, sent):
        open_file = each.opener(Item("x", 0))
        assert open_file().read() == data
        assert open_file().read(3) == data[:3]


def test_closed_it_serves_who_still_reads_and_is_opened_anew(tmp_path: Path) -> None:
    data = random.Random(0).randbytes(9 << 20)  # noqa: S311 - as above
    path = write_zip(tmp_path / "a.zip", {"x": data})
    found = archive(path)
    with found.opener(Item("x", 0))() as file:
        assert file.read(3) == data[:3]
        found.close()
        found.close()
        assert file.read() == data[3:]
    assert [*found.items()] == [Item("x", len(data))]


def test_nothing_stays_open_in_the_end(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", {"x": b"abc"})
    before = open_descriptors()
    found = archive(path)
    content(found, "x")
    found.close()
    (tmp_path / "b.zip").write_bytes(path.read_bytes()[:-1])
    with pytest.raises(replay.DecodeError):
        archive(tmp_path / "b.zip")
    assert open_descriptors() == before


def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path) -> None:
    names = ["../x", "/x", "a/../x", "./x", "a//x", "a\\x", "c:x"]
    path = write_zip(tmp_path / "a.zip", {**dict.fromkeys(names, b"abc"), "y": b"def"})
    found = archive(path)
    assert sorted(paths(path)) == sorted([*names, "y"])
    for name in names:
        with pytest.raises(replay.BackendError) as caught:
            found.opener(Item(name, 0))
        assert str(caught.value) == (
            f"a.zip/{name}: its name leads out of the zip file "
            "(unpack it first, or pack it anew)"
        )
    assert content(found, "y") == b"def"


def zip_of(path: Path, *members: str | zipfile.ZipInfo, packing: int = 0) -> Path:
    with zipfile.ZipFile(path, "w", packing) as file, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of a name that is there twice
        for each in members:
            file.writestr(each, b"abc")
    return path


def test_members_that_cannot_be_read_safely_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    link = zipfile.ZipInfo("x")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    refused = {
        "several members have that name": zip_of(path, "x", "x").read_bytes(),
        "it is a symbolic link": zip_of(path, link).read_bytes(),
        "it is encrypted": encrypted(zip_of(path, "x").read_bytes()),
    }
    for packing in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):  # unpacked in one go
        data = zip_of(path, "x", packing=packing).read_bytes()
        refused["it is packed, but not with" + " " * packing] = data
    for told, data in refused.items():
        path.write_bytes(data)
        assert paths(path) == ["x"]
        with pytest.raises(replay.BackendError, match=f"a.zip/x: {told.rstrip()}"):
            archive(path).opener(Item("x", 0))
    with pytest.raises(replay.BackendError, match=r"a.zip/y: there is no such member"):
        archive(path).opener(Item("y", 0))
    with pytest.raises(replay.BackendError, match=r"a.zip: it has nothing called 'su'"):
        archive(path, "su")


def test_a_bomb_is_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", {"x": bytes(20 << 20)})
    with pytest.raises(
        replay.LimitExceededError, match=r"a.zip/x: zip data: grow to more"
    ):
        archive(path).opener(Item("x", 0))


def test_a_bomb_in_two_layers_is_refused(tmp_path: Path) -> None:
    noise = random.Random(0).randbytes(10_000)  # noqa: S311 - any bytes will do
    blanks = noise + b" " * (2 << 20)
    path = write_zip(tmp_path / "a.zip", {"x.gz": GZIP + blanks, "y": blanks})
    found = archive(path)
    with pytest.raises(
        replay.LimitExceededError, match=r"x.gz: zip data: hold packed data"
    ):
        found.opener(Item("x.gz", 0))
    assert content(found, "y") == blanks


def test_members_that_overlap_are_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", {"x": bytes(range(200)), "y": b""})
    with zipfile.ZipFile(path, "a") as file:
        file.filelist.extend([file.getinfo("x")] * 3)
        file.writestr("z", b"")
    with pytest.raises(replay.DecodeError) as caught:
        archive(path)
    assert str(caught.value) == "a.zip: zip data: its members overlap"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda data: data[:-1], "cut short or corrupt: File is not a zip file"),
        (lambda data: data[: len(data) // 2], "File is not a zip file"),
        (lambda _: b"", "File is not a zip file"),
        (lambda data: data.replace(b"PK\1\2", b"PK\1\3"), "Bad magic number"),
        (lambda data: data.replace(b"\xc3\xa9", b"\xc3\xff"), "'utf-8' codec can't"),
    ],
)
def test_what_is_no_zip_file_is_refused(
    tmp_path: Path, change: Callable[[bytes], bytes], told: str
) -> None:
    path = write_zip(tmp_path / "a.zip", {"\u00e9": b"abc"})
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(replay.DecodeError, match=told) as caught:
        archive(path)
    assert caught.value.source == "a.zip"


def test_a_member_that_is_corrupt_is_refused_alone(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", {"x": b"abcabcabc", "y": b"def"}, packed=False)
    path.write_bytes(path.read_bytes().replace(b"abcabcabc", b"abcabcabd"))
    found = archive(path)
    with pytest.raises(replay.DecodeError, match=r"a.zip/x: zip data: .*Bad CRC-32"):
        found.opener(Item("x", 0))
    assert content(found, "y") == b"def"


def test_whatever_a_zip_file_holds_only_our_errors_are_raised(tmp_path: Path) -> None:
    files = {"a.json": document("a"), "b.json.gz": gzip.compress(document("b"))}
    whole = write_zip(tmp_path / "a.zip", files).read_bytes()
    chance = random.Random(0)  # noqa: S311 - any bytes will do
    for _ in range(300):
        data = bytearray(whole)
        for _ in range(chance.choice([1, 1, 1, 2, 5])):
            data[chance.randrange(len(data))] = chance.randrange(256)
        (tmp_path / "b.zip").write_bytes(data[: chance.choice([None, len(data) - 3])])
        try:
            backend = ZipBackend(str(tmp_path / "b.zip"))
            list(backend.sessions())
        except replay.ReplayError as error:
            assert "b.zip" in str(error)  # noqa: PT017 - where there is one


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
    told = "ZipBackend cannot write sessions"
    with (
        replay.open(location) as source,
        pytest.raises(replay.UnsupportedError, match=told),
    ):
        source.write(replay.Session("a"))
    with pytest.raises(replay.BackendError, match="a local file takes no option anon"):
        replay.open(location, anon=True)
    assert ids(f"zip://sub::{path}") == ["a"]
    assert ids(f"zip://b.json::{path}") == ["b"]
    assert ids(f"zip://{path}", pattern="a*") == ["a"]


def test_a_link_to_a_zip_file_is_followed_and_a_pipe_not_waited_for(
    tmp_path: Path,
) -> None:
    write_zip(tmp_path / "it", {"a.json": document("a")})
    (tmp_path / "it.zip").symlink_to("it")
    assert ids(tmp_path / "it.zip") == ["a"]
    ODD_FILES["a pipe"](tmp_path / "odd.zip")
    with pytest.raises(replay.BackendError, match=r"odd.zip: a pipe, not a file"):
        replay.open(tmp_path / "odd.zip")


def test_a_directory_of_that_name_is_one_of_fixtures(tmp_path: Path) -> None:
    (tmp_path / "it.zip").mkdir()
    (tmp_path / "it.zip" / "a.json").write_bytes(document("a"))
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


def test_a_zip_file_within_is_passed_over(tmp_path: Path) -> None:
    inner = write_zip(tmp_path / "inner.zip", FILES).read_bytes()
    path = write_zip(tmp_path / "it.zip", {"inner.zip": inner, "a.json": b"[]"})
    assert ids(path) == ["a"]
    with pytest.raises(replay.SessionNotFoundError, match="there is no session"):
        replay.load(write_zip(tmp_path / "b.zip", {"inner.zip": inner}))
    with pytest.raises(replay.DecodeError, match=r"it.zip/inner.zip: "):
        replay.load(f"zip://inner.zip::{path}")


def test_names_that_are_not_utf_8_are_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "it.zip", "w") as file:
        file.writestr("xx.json", b"[]")
    data = (tmp_path / "it.zip").read_bytes().replace(b"xx.json", b"\x81\xfe.json")
    (tmp_path / "it.zip").write_bytes(data)
    assert ids(tmp_path / "it.zip") == ["\u00fc\u25a0"]  # as the format says: CP 437


def outcome(path: Path) -> list[str] | type[Exception]:
    """Return the ids of a zip file's sessions, or the error that it ends in."""
    try:
        with replay.open(path) as source:
            return [each.session_id for each in source]
    except replay.ReplayError as error:
        return type(error)


def test_a_session_whose_name_is_damaged_is_an_error(tmp_path: Path) -> None:
    files = {"a.json": document("a"), "b.json": document("b"), "readme": b"Read me."}
    path = write_zip(tmp_path / "a.zip", files)
    damaged = (
        path.read_bytes().replace(b"b.json", b"b.jsoo").replace(b"b.jsoo", b"b.json", 1)
    )
    path.write_bytes(damaged)
    with replay.open(path) as source:
        sessions = source.sessions()
        assert next(sessions).session_id == "a"
        with pytest.raises(replay.DecodeError, match=r"b\.jsoo: zip data: .* differ"):
            next(sessions)
        (_, portion) = source.portions()
        with pytest.raises(replay.DecodeError, match="differ"):
            next(source.stored(portion))


@pytest.mark.slow
def test_no_flipped_bit_of_the_directory_hides_a_session(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    files = {"a.json": document("a"), "b.json.gz": gzip.compress(document("b"))}
    data = write_zip(path, files).read_bytes()
    assert outcome(path) == ["a", "b"]
    hidden = []
    for bit in range(data.index(b"PK\1\2") * 8, len(data) * 8):
        damaged = bytearray(data)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        found = outcome(path)
        if isinstance(found, list) and found != ["a", "b"]:
            hidden.append(bit)
    assert hidden == []


def test_an_entry_that_swallows_others_is_found_by_the_count(tmp_path: Path) -> None:
    names = [f"{number}.json" for number in range(3)]
    path = write_zip(tmp_path / "a.zip", {name: document(name) for name in names})
    data = bytearray(path.read_bytes())
    first = data.index(b"PK\1\2")
    second = data.index(b"PK\1\2", first + 1)
    data[first + 32] = second - first  # the length of its comment
    path.write_bytes(data)
    with pytest.raises(replay.DecodeError, match="should have 3 members in 156 bytes"):
        archive(path)


def test_an_archive_of_many_members_is_counted_in_the_larger_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 1)
    path = write_zip(tmp_path / "a.zip", {"x": b"", "y": b""})
    assert b"PK\6\6" in path.read_bytes()
    assert paths(path) == ["x", "y"]


def test_a_comment_or_bytes_after_the_end_do_not_matter(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", {"x": b"", "\u00e9": b""})
    with zipfile.ZipFile(path, "a") as file:
        file.comment = b"a comment"
    assert paths(path) == ["x", "\u00e9"]


def test_an_encrypted_member_of_another_kind_is_skipped(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", {"readme": b"Read me."})
    path.write_bytes(encrypted(path.read_bytes()))
    assert outcome(path) == []


def test_members_that_hold_no_session_are_named_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    others = {"package.json": b"{}", "notes.txt": b"Dear diary"}
    stream = b'data: {"type": "text", "content": "x"}\n\n'
    files = {"a.json": document("a"), **others, "c.txt": stream}
    path = write_zip(tmp_path / "it.zip", files)
    with replay.open(path) as source:
        for found in (source, source.summaries(), source):
            assert [each.session_id for each in found] == ["a", "c.txt"]
        assert source.session("c.txt").format == "llamacloud-sse"
    note = f"{path}: 2 files hold no session: notes.txt, package.json"
    assert caplog.messages == [note]
    assert replay.replay_many(path, ["usage"]).sessions == 2
    assert caplog.messages == [note, note]
    with pytest.raises(replay.UnrecognizedError, match="it looks like text"):
        replay.load(f"zip://notes.txt::{path}")
