"""The file of a checkpoint: recognised or created, and held by one run alone."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from random import Random
from subprocess import PIPE

import pytest

from batch_values import KEY, done, found, problem, task, task_digests, task_result
from file_room import room_for
from forking import exit_code_of, forked
from odd_files import pipe, unix_socket
from privileges import public_folder, unprivileged
from replay.batch.checkpoint import Checkpoint
from replay.batch.checkpoint_file import (
    APPLICATION,
    VERSION,
    checkpoint_errors,
    checksum,
)
from replay.errors import CheckpointError

Opening = Callable[..., Checkpoint]

HOLD = """
import sys
from pathlib import Path
from replay.batch.checkpoint import Checkpoint
checkpoint = Checkpoint(Path(sys.argv[1]), b"key")
print("open", flush=True)
sys.stdin.read()
"""


#: A script that keeps more than stays in memory.
TEMPORARY = """
import os, sys
from pathlib import Path
from replay.batch.checkpoint import Checkpoint
from replay.batch.tasks import Counts, FoundSession, SessionResult, TaskResult
checkpoint = Checkpoint(None, b"key")
values = b"[%s]" % (b"1" * 30_000_000)
found = FoundSession((0, 0), "name", bytes(16))
checkpoint.save(TaskResult((SessionResult(found, "ses", Counts(), values),), ()))
links = [os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")[:-1]]
assert [link for link in links if link.startswith(sys.argv[1])], links
assert os.listdir(sys.argv[1]) == []
checkpoint.close()
"""


def refusal(path: Path) -> CheckpointError:
    with pytest.raises(CheckpointError) as caught:
        Checkpoint(path, KEY)
    assert caught.value.source == str(path)
    assert caught.value.hint
    return caught.value


def filled(path: Path, tasks: int = 3) -> Path:
    with closing(Checkpoint(path, KEY)) as checkpoint:
        checkpoint.begin()
        for start in range(0, tasks * 100, 100):
            checkpoint.save(task(start, start + 100))
        checkpoint.save(task_result(problem(9_999), done(9_998, errors=("no",))))
    return path


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - a count, not files


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Return the contents of a checkpoint's file."""
    return filled(tmp_path_factory.mktemp("whole") / "a").read_bytes()


def test_only_its_owner_may_read_it(checkpoint: Checkpoint, path: Path) -> None:
    checkpoint.save(task(0, 10))
    files = [*path.parent.iterdir()]
    assert path in files
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}


def test_a_temporary_one_has_no_name(tmp_path: Path) -> None:
    command = [sys.executable, "-c", TEMPORARY, str(tmp_path)]
    environment = {**os.environ, "SQLITE_TMPDIR": str(tmp_path)}
    subprocess.run(command, check=True, env=environment)  # noqa: S603 - our own


def test_an_empty_file_becomes_one(path: Path) -> None:
    path.touch(mode=0o600)
    assert filled(path).stat().st_size


@pytest.mark.parametrize(
    "name", ["a b", "a?mode=ro", "a#b", "a%41", "a%00", "a\udcff", "é", ":memory:"]
)
def test_any_name_is_that_files_name(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    filled(Path(name))
    assert os.listdir(tmp_path) == [name], "closed, it is one file"  # noqa: PTH208 - names
    with closing(Checkpoint(tmp_path / name, KEY)) as checkpoint:
        assert checkpoint.has_results


def test_a_link_leads_to_it(path: Path, tmp_path: Path) -> None:
    filled(path)
    (tmp_path / "link").symlink_to(path)
    with closing(Checkpoint(tmp_path / "link", KEY)) as checkpoint:
        assert checkpoint.has_results


class TestRefused:
    @pytest.mark.parametrize("make", [Path.mkdir, pipe, unix_socket])
    def test_what_is_not_a_file(self, path: Path, make: Callable[[Path], None]) -> None:
        make(path)
        assert refusal(path).reason == "it isn't a regular file"

    def test_a_name_that_leads_nowhere(self, tmp_path: Path) -> None:
        (tmp_path / "link").symlink_to("link")
        reason = "too many levels of symbolic links"
        assert refusal(tmp_path / "link").reason == reason
        assert refusal(tmp_path / "a" / "b").reason == "no such file or directory"
        assert "embedded null" in refusal(tmp_path / "a\0b").reason
        assert refusal(tmp_path / ("a" * 300)).reason == "file name too long"

    def test_what_is_no_database_and_it_is_left_alone(self, path: Path) -> None:
        path.write_text("a letter " * 1000, encoding="utf-8")
        assert refusal(path).reason == "it isn't a checkpoint"
        assert path.read_text(encoding="utf-8") == "a letter " * 1000

    @pytest.mark.parametrize(
        "statement", ["CREATE TABLE t (x)", "PRAGMA application_id = 77"]
    )
    def test_another_programs_database_and_it_is_left_alone(
        self, path: Path, statement: str
    ) -> None:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute(statement)
        before, open_before = path.read_bytes(), descriptors()
        assert "another program's database" in refusal(path).reason
        assert (path.read_bytes(), descriptors()) == (before, open_before)

    def test_one_of_a_later_version(self, path: Path) -> None:
        with closing(sqlite3.connect(filled(path))) as connection:
            connection.execute(f"PRAGMA user_version = {VERSION + 1}")
            assert connection.execute("PRAGMA application_id").fetchone() == (
                APPLICATION,
            )
        assert "its tables have version 2" in refusal(path).reason

    def test_one_that_may_only_be_read_or_not_even_that(self) -> None:
        with public_folder() as folder:
            filled(folder / "a").chmod(0o444)
            with unprivileged():
                assert refusal(folder / "a").reason == "it isn't writable"
            (folder / "a").chmod(0o000)
            with unprivileged():
                assert "cannot be opened" in refusal(folder / "a").reason

    def test_one_in_a_directory_that_may_only_be_read(self) -> None:
        with public_folder() as folder:
            filled(folder / "a").chmod(0o666)
            folder.chmod(0o555)
            with unprivileged():
                assert refusal(folder / "a").reason == "it isn't writable"
                assert refusal(folder / "b").reason == "permission denied"

    def test_a_new_one_on_a_full_disk(self, path: Path) -> None:
        with room_for(5_000):
            assert refusal(path).reason == "the disk is full or failing"
        filled(path)

    def test_or_opened_wherever_the_disk_is_full(self, tmp_path: Path) -> None:
        for room in range(0, 40_000, 2_000):
            path = filled(tmp_path / str(room))
            before = descriptors()
            with room_for(room), suppress(CheckpointError):
                Checkpoint(path, b"other plugins").close()
            assert descriptors() == before, f"{room} bytes of room"
            with closing(Checkpoint(path, KEY)) as checkpoint:
                assert len(checkpoint.results(0)) == 301, f"{room} bytes of room"


def with_damage(whole: bytes, seed: int) -> bytes:
    """Return a file with some bytes changed, most often at its beginning."""
    random = Random(seed)  # noqa: S311 - where to damage it is no secret
    data = bytearray(whole)
    for _ in range(random.choice([1, 2, 30])):
        place = random.randrange(random.choice([100, len(data)]))
        data[place] ^= random.randrange(1, 256)
    return bytes(data)


def with_flipped(whole: bytes, bit: int) -> bytes:
    """Return a file with one bit flipped."""
    data = bytearray(whole)
    data[bit // 8] ^= 1 << bit % 8
    return bytes(data)


class TestDamage:
    def test_in_a_value_is_found(self, path: Path) -> None:
        data = filled(path).read_bytes()
        assert data.count(b"[77]") == 1
        path.write_bytes(data.replace(b"[77]", b"[78]"))
        assert refusal(path).reason == "it is damaged: result 78 is not what was kept"

    def test_at_the_end_is_found(self, path: Path) -> None:
        data = filled(path).read_bytes()
        path.write_bytes(data[: len(data) // 2])
        assert refusal(path).reason.startswith("it is damaged")

    def test_in_a_name_is_found_when_it_is_read(
        self, checkpoint: Checkpoint, path: Path
    ) -> None:
        checkpoint.close()
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("INSERT INTO problems VALUES (1, 0, 0, X'FF', 0, 0, 0)")
            connection.commit()
        with (
            closing(Checkpoint(path, KEY)) as opened,
            pytest.raises(CheckpointError, match="it is damaged: 'utf-8'"),
        ):
            next(opened.problems())

    def test_in_the_tables_is_found_and_told_in_one_line(self, path: Path) -> None:
        with closing(sqlite3.connect(filled(path))) as connection:
            connection.execute("PRAGMA writable_schema = ON")
            connection.execute("DELETE FROM sqlite_master WHERE name = 'not_final'")
            connection.commit()
        reason = refusal(path).reason
        assert reason.startswith("it is damaged: *** in database main ***")
        assert "\n" not in reason

    def test_anywhere_is_an_error_or_no_loss(
        self, tmp_path: Path, whole: bytes
    ) -> None:
        for seed in range(100):
            path = tmp_path / str(seed)
            path.write_bytes(with_damage(whole, seed))
            with suppress(CheckpointError), closing(Checkpoint(path, KEY)) as opened:
                opened.begin()
                opened.place_known(task_digests(*map(found, range(300))))
                values = [result.value for result in opened.results(0)]
                numbers = [number for number in values if isinstance(number, int)]
                assert numbers == values == sorted(set(numbers)), f"seed {seed}"

    def test_in_any_bit_of_a_table_s_definition_is_an_error(
        self, path: Path, whole: bytes
    ) -> None:
        begin = whole.index(b"CREATE TABLE plugin_sets")
        for bit in range(begin * 8, (whole.index(b")", begin) + 1) * 8):
            path.write_bytes(with_flipped(whole, bit))
            refusal(path)

    @pytest.mark.slow
    def test_in_a_bit_of_any_byte_is_an_error_or_no_loss(self, path: Path) -> None:
        whole = filled(path, tasks=0).read_bytes()
        for number in (number for number, byte in enumerate(whole) if byte):
            path.write_bytes(with_flipped(whole, number * 8 + number % 8))
            with suppress(CheckpointError), closing(Checkpoint(path, KEY)) as opened:
                assert [*opened.problems()]
                opened.report()
                opened.begin()
                opened.save(task(0, 3))
                assert [result.value for result in opened.results(0)] == [0, 1, 2]


class TestLocking:
    def test_a_second_run_is_refused_and_does_not_let_others_in(
        self, checkpoint: Checkpoint, path: Path
    ) -> None:
        assert refusal(path).reason == "another run has it open"
        program = HOLD.replace("sys.stdin.read()", "")
        command = [sys.executable, "-c", program, str(path)]
        told = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 - our own
        assert "another run has it open" in told.stderr
        checkpoint.save(task(0, 1))

    def test_the_lock_goes_with_a_process_that_is_killed(self, path: Path) -> None:
        with subprocess.Popen(  # noqa: S603 - our own
            [sys.executable, "-c", HOLD, path], stdin=PIPE, stdout=PIPE, text=True
        ) as held:
            assert held.stdout
            assert held.stdout.readline() == "open\n"
            assert refusal(path).reason == "another run has it open"
            held.kill()
        filled(path)

    @pytest.mark.slow
    def test_of_several_that_open_it_at_once_one_gets_it(self, tmp_path: Path) -> None:
        for number in range(20):
            path = tmp_path / f"{number // 2}"  # made at first, and found then
            assert sorted(codes_of_racers(path, 3)) == [0, 7, 7]


def codes_of_racers(path: Path, racers: int) -> list[int]:
    """Open a checkpoint in several processes at once: 0 if one got it, 7 if not."""
    start, ready, end = os.pipe(), os.pipe(), os.pipe()

    def race() -> None:
        os.close(end[1])
        os.write(ready[1], b".")
        os.read(start[0], 1)
        try:
            checkpoint = Checkpoint(path, KEY)
        except CheckpointError:
            os.write(ready[1], b".")
            os._exit(7)
        os.write(ready[1], b".")
        os.read(end[0], 1)  # until all have tried
        checkpoint.close()

    children = [forked(race) for _ in range(racers)]
    read_all(ready[0], racers)
    os.write(start[1], b"." * racers)
    read_all(ready[0], racers)
    os.close(end[1])
    codes = [exit_code_of(child) for child in children]
    for descriptor in (*start, *ready, end[0]):
        os.close(descriptor)
    return codes


def read_all(pipe: int, size: int) -> None:
    while size:
        size -= len(os.read(pipe, size))


# Checksums

COLUMNS = (1, b"key", b"ses-1", 3, 40, 9, 0, b"[1]")


def test_every_column_counts_and_has_its_type() -> None:
    numbers = (0, 3, 4, 5, 6)
    for column in range(len(COLUMNS)):
        changed: list[object] = [*COLUMNS]
        changed[column] = 7 if column in numbers else b"?"
        assert checksum(*changed) not in (None, checksum(*COLUMNS))
        counts = (float("inf"), 40.0, "40", b"40", -1)
        for wrong in (None, *(counts if column in numbers else ())):
            changed[column] = wrong
            assert checksum(*changed) is None, (column, wrong)


# Errors


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (sqlite3.SQLITE_LOCKED, "another run has it open"),
        (sqlite3.SQLITE_FULL, "the disk is full"),
        (sqlite3.SQLITE_READONLY_DIRECTORY, "it isn't writable"),
        (sqlite3.SQLITE_ERROR, "what SQLite said"),
    ],
)
def test_what_sqlite_refuses_has_a_reason(code: int, reason: str) -> None:
    error = sqlite3.OperationalError("what SQLite said")
    error.sqlite_errorcode = code
    with pytest.raises(CheckpointError) as caught, checkpoint_errors("a.sqlite"):
        raise error
    assert (caught.value.source, caught.value.reason) == ("a.sqlite", reason)
    assert caught.value.__cause__ is error
