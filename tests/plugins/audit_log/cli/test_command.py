"""The group ``replay audit``, found by its entry point like any other."""

import json
import os
import pty
import re
import stat
import subprocess
import sys
from pathlib import Path
from subprocess import CompletedProcess

import click
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from audit_logs import opened
from forged_logs import (
    KEYS,
    NAME,
    SIGNER,
    WrittenLog,
    edits,
    rebuilds,
    replaces,
    written,
)
from replay import ReplayEngine
from replay.registry import load
from replay_command import Run, run_here
from replay_plugins.audit_log import AuditLog
from replay_plugins.audit_log.cli.command import command
from replay_plugins.audit_log.cli.record_table import moment, row_of, show
from replay_plugins.audit_log.format.keys import Signer


def audit(*arguments: object) -> CompletedProcess[str]:
    """Run ``replay audit``, and return its exit code and output."""
    done = run_here("audit", *map(str, arguments))
    assert "Traceback" not in done.stderr
    return done


@pytest.fixture
def log(tmp_path: Path) -> WrittenLog:
    return written(tmp_path / "log")


def test_it_is_found_with_its_sub_commands(run: Run) -> None:
    assert load("command", "audit") is command
    assert "\n  audit " in run("--help").stdout
    listed = run("audit", "--help").stdout
    assert sorted(command.commands) == [
        *("check-proof", "consistency", "keygen", "prove", "public-key", "remove"),
        *("show", "verify"),
    ]
    assert "..." not in listed.partition("Commands:")[2]
    assert all(f"\n  {name} " in listed for name in command.commands)


def test_without_the_extra_only_keys_are_missed(log: WrittenLog) -> None:
    program = (
        "import sys; sys.modules['cryptography.exceptions'] = None\n"
        "from replay.cli.app import run\n"
        "for words in (['show'], ['verify'], ['verify', '--key', sys.argv[2]]):\n"
        "    print(run(['audit', words[0], sys.argv[1], *words[1:]]))"
    )
    done = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", program, str(log.log), str(KEYS[0])],
        capture_output=True,
        text=True,
        check=True,
    )
    assert [line for line in done.stdout.splitlines() if len(line) == 1] == [*"002"]
    assert done.stderr == (
        "replay: error: signatures: cryptography is needed, and cannot be imported "
        '(pip install "chat-replay[audit]")\n'
    )


ALTERED = "record 4 was altered: record 5 holds a different hash for it"
PUBLIC = str(SIGNER.verifier())


def test_an_honest_log_is_answered_for_and_exits_with_0(log: WrittenLog) -> None:
    done = audit("verify", log.log, "--key", PUBLIC, "--checkpoint", log.kept)
    assert (done.returncode, done.stderr) == (0, "")
    first, unaltered, complete, anchored = done.stdout.splitlines()
    assert first.endswith(": 22 records in 1 file")
    assert unaltered == (
        "unaltered: yes, each record matches the hash in the next one; "
        "matching checkpoints: 3"
    )
    assert complete == "complete: yes, from the first record to the last"
    assert anchored == (
        f"anchored: signed by {SIGNER.name}: records 0 to 20; "
        "covered by a kept checkpoint: records 0 to 21; "
        "records after the last checkpoint: 0"
    )


def test_a_log_alone_is_not_anchored(tmp_path: Path) -> None:
    log = written(tmp_path / "log", max_bytes=1500)
    done = audit("verify", log.log)
    assert done.returncode == 0
    first, _, complete, anchored = done.stdout.splitlines()
    assert first.endswith(f" in {len(log.files.parts()) + 1} files")
    assert complete == (
        "complete: the beginning is there; "
        "the end is unknown: no kept checkpoint was given"
    )
    assert anchored == (
        "anchored: no: the log agrees with itself, "
        "but anyone who can write its files can forge all of it"
    )


def test_a_kept_checkpoint_that_does_not_fit_is_not_said_to_be_missing(
    log: WrittenLog,
) -> None:
    other = written(log.folder / "other")
    done = audit("verify", other.log, "--checkpoint", log.kept)
    assert "the end is unknown: no kept checkpoint matches the log\n" in done.stdout


def test_a_log_alone_fails_where_an_anchor_is_required(log: WrittenLog) -> None:
    required = ("verify", log.log, "--require-anchor")
    done = audit(*required, "--key", PUBLIC)
    assert done.returncode == 1
    assert f"  {NAME}: no checkpoint kept elsewhere reaches the end\n" in done.stdout
    assert audit(*required, "--checkpoint", log.kept).returncode == 0
    log.replay("ses-3")
    old = audit(*required, "--checkpoint", log.kept)
    assert old.returncode == 1
    assert "the end is known up to record 21\n" in old.stdout


def test_problems_are_listed_below_their_answer_and_exit_with_1(
    log: WrittenLog,
) -> None:
    replaces(b"Acme", b"Evil")(log)
    done = audit("verify", log.log)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.splitlines()[1:4] == [
        "unaltered: NO, problems: 2",
        f"  {NAME}:5: {ALTERED}",
        f"  {NAME}.checkpoint: the first 22 records differ from those it covers",
    ]


@pytest.mark.parametrize("options", [(), ("--key", PUBLIC)])
def test_an_altered_log_is_not_said_to_agree_with_itself(
    log: WrittenLog, options: tuple[str, ...]
) -> None:
    replaces(b"chat-replay.audit/1", b"chat-replay.audit/2", 0)(log)
    said = audit("verify", log.log, *options).stdout
    assert "unaltered: NO" in said
    vouched = "anchored: no: no signature or kept checkpoint vouches for it as it is\n"
    assert vouched in said


def test_many_problems_are_counted(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b'{"schema":"chat-replay.audit/1"}\n' * 103)
    done = audit("verify", tmp_path / NAME)
    assert "unaltered: NO, problems: 103\n" in done.stdout
    assert "  … and 3 more\n" in done.stdout
    assert done.stdout.startswith("log ?: 103 records")


def test_openings_that_are_not_there_are_said_so(tmp_path: Path) -> None:
    log = written(tmp_path / "log", "committed")
    log.files.openings.unlink()
    done = audit("verify", log.log)
    assert done.stdout.endswith(
        "openings: the file is missing; fields without an opening: 10\n"
    )


def test_for_programs_the_answers_are_json(log: WrittenLog) -> None:
    edits(lambda lines: lines[:6])(log)
    done = audit("verify", log.log, "--json")
    assert done.returncode == 1
    found = json.loads(done.stdout)
    assert (found["good"], found["records"], found["files"]) == (False, 6, 1)
    assert found["unaltered"]["good"] is True
    assert found["complete"]["problems"] == [
        {
            "where": f"{NAME}.checkpoint",
            "seq": None,
            "reason": "it covers 22 records, but only 6 are here",
        }
    ]


def test_a_key_may_stand_in_a_file(log: WrittenLog) -> None:
    public = log.folder / "a+b+c"
    public.write_text(f"{PUBLIC}\n")
    assert audit("verify", log.log, "--key", public).returncode == 0


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("a+b+c", "key: no Ed25519 key"),
        ("missing", "missing: no such file or directory"),
        (SIGNER.private_text(), "key: this is the private key (give the public one; "),
        (SIGNER.private_text().removeprefix("PRIVATE+KEY+"), "key: "),
        ("-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA", "key: "),
        ("-----BEGIN PUBLIC KEY-----\nMC4CAQAwBQYD", "key: PEM without a public key ("),
    ],
    ids=["wrong", "missing", "private", "private-without-its-mark", "pem", "torn"],
)
def test_what_is_no_public_key_is_wrong_usage_and_not_shown(
    log: WrittenLog, key: str, told: str
) -> None:
    done = audit("verify", log.log, "--key", key)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"replay: error: {told}")
    assert told.startswith(key) or key[-9:] not in done.stderr


def test_a_file_with_the_private_key_is_named(log: WrittenLog) -> None:
    done = audit("verify", log.log, "--key", log.folder / "key")
    assert done.returncode == 2
    assert f"{log.folder / 'key'}: key: this is the private key (give" in done.stderr
    assert "replay audit public-key FILE prints it" in done.stderr


def test_a_file_that_holds_no_key_is_named(log: WrittenLog) -> None:
    done = audit("verify", log.log, "--key", log.kept)
    assert done.stderr.startswith(f"replay: error: {log.kept}: key: ")


def test_what_names_no_file_exits_with_2(tmp_path: Path) -> None:
    for path in (".", "/", "", "a/..", tmp_path / NAME):
        done = audit("verify", path)
        assert (done.returncode, done.stdout) == (2, "")
        told = "no such file or directory" if path == tmp_path / NAME else "is a dir"
        assert told in done.stderr


COMMANDS = [["verify"], ["show"], ["prove", "0"], ["remove", "0", "content"]]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda words: str(words[0]))
@pytest.mark.parametrize(
    "text",
    [
        "hello",
        "hello\n",
        '[\n{"type": "text"}\n]\n',
        '{"session_id": "a", "events": []}',
    ],
)
def test_another_file_is_told_to_be_no_audit_log(
    tmp_path: Path, text: str, command: list[str]
) -> None:
    path = tmp_path / "a"
    path.write_text(text, encoding="utf-8")
    done = audit(command[0], path, *command[1:])
    assert (done.returncode, done.stdout) == (2, "")
    told = (
        f"{path}: it isn't an audit log (name a file that the plugin audit_log wrote)"
    )
    assert done.stderr == f"replay: error: {told}\n"


@pytest.mark.parametrize("command", ["verify", "show"])
def test_a_directory_is_told_to_be_one(tmp_path: Path, command: str) -> None:
    done = audit(command, tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith(f"replay: error: {tmp_path}: it is a directory (name")


def test_what_is_left_of_a_log_is_verified(log: WrittenLog) -> None:
    log.log.write_bytes(b"scrawled over\n")  # but its checkpoint is still there
    assert audit("verify", log.log).returncode == 1
    log.files.checkpoint.unlink()
    for torn in (b"", b'{"sch'):
        log.log.write_bytes(torn)
        assert audit("verify", log.log).returncode == 1


def test_what_a_log_says_cannot_steer_the_terminal(log: WrittenLog) -> None:
    replaces(b'"log":"', b'"log":"\\u001b[31m', 0)(log)
    assert "\x1b" not in audit("verify", log.log).stdout


def test_a_pair_of_keys_signs_and_verifies(tmp_path: Path) -> None:
    file = tmp_path / "key"
    done = audit("keygen", "--name", "example.com/log", file)
    assert (done.returncode, done.stderr) == (0, "")
    signer = Signer.from_text(file.read_text())
    assert done.stdout == f"{signer.verifier()}\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    log = written(tmp_path / "log", signer=signer)
    assert audit("verify", log.log, "--key", done.stdout.strip()).returncode == 0


def test_a_key_in_pem_signs_and_verifies(tmp_path: Path) -> None:
    key, private, public = Ed25519PrivateKey.generate(), tmp_path / "a", tmp_path / "b"
    private.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    public.write_bytes(
        key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    done = audit("public-key", private)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("chat-replay+")
    with ReplayEngine([AuditLog(tmp_path / "log", key=private)]):
        pass
    for each in (public, public.read_text(), done.stdout.strip()):
        assert audit("verify", tmp_path / "log", "--key", each).returncode == 0
    another = X25519PrivateKey.generate().public_key()
    public.write_bytes(
        another.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    for each, told in (
        (private, "PEM without a public key: this is the private key (give the public"),
        (public, "not an Ed25519 key"),
    ):
        refused = audit("verify", tmp_path / "log", "--key", each)
        assert refused.returncode == 2
        assert told in refused.stderr


def test_the_public_key_of_what_holds_no_key_is_not_printed(log: WrittenLog) -> None:
    done = audit("public-key", log.kept)
    assert (done.returncode, done.stdout) == (2, "")
    assert "it holds no private key" in done.stderr
    key = log.folder / "key"
    assert audit("public-key", key).stdout == f"{PUBLIC}\n"


def test_a_private_key_in_place_of_its_file_is_not_shown(log: WrittenLog) -> None:
    pem = Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    named = SIGNER.private_text(), Signer.generate("a" * 300).private_text()
    secrets = {pem.decode(): pem.splitlines()[1].decode()}
    secrets |= {text: text[-40:] for text in named}
    for key, secret in secrets.items():
        for words in (("public-key",), ("verify", log.log, "--key")):
            done = audit(*words, key)
            assert (done.returncode, done.stdout) == (2, "")
            assert done.stderr.startswith("replay: error: key: ")
            assert secret not in done.stderr


def test_a_key_that_cannot_be_made_leaves_its_file_as_it_is(tmp_path: Path) -> None:
    file, new = tmp_path / "key", tmp_path / "new"
    file.write_text("mine")
    for name, place, told in (
        ("me", file, "file exists"),
        ("two words", new, "white space and + cannot stand in it"),
    ):
        done = audit("keygen", "--name", name, place)
        assert (done.returncode, done.stdout) == (2, "")
        assert told in done.stderr
    assert (file.read_text(), new.exists()) == ("mine", False)


# Proofs


def proof_of(log: WrittenLog, *arguments: object) -> Path:
    """Write a proof to a file, as to send it to somebody."""
    file = log.folder / "proof.json"
    done = audit(*arguments, "-o", file)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return file


def test_a_record_is_proved_without_the_log(tmp_path: Path) -> None:
    log = written(tmp_path / "log", max_bytes=1500)
    record = log.files.parts()[0].read_bytes().splitlines()[2].decode()
    proof = proof_of(log, "prove", log.log, 2)
    for file in [log.log, *log.files.parts()]:
        file.unlink()
    done = audit("check-proof", proof, "--key", PUBLIC)
    assert (done.returncode, done.stderr) == (0, "")
    first, shown = done.stdout.splitlines()
    assert first.startswith("record 2 is in chat-replay/")
    assert shown == record


def test_a_proof_without_a_key_says_what_it_does_not_prove(log: WrittenLog) -> None:
    proof = log.folder / "proof"
    proof.write_text(audit("prove", log.log, 2).stdout)
    assert "was not checked: give --key" in audit("check-proof", proof).stdout
    kept = audit("check-proof", proof, "--checkpoint", log.kept)
    assert kept.returncode == 0
    assert "not checked" not in kept.stdout


def test_a_proof_that_does_not_hold_is_refused(log: WrittenLog) -> None:
    log.replay("ses-3", signer=None)
    proof = proof_of(log, "prove", log.log, 4)

    def refused(*options: object) -> str:
        done = audit("check-proof", proof, *options)
        assert (done.returncode, done.stdout) == (1, "")
        return done.stderr

    assert f"{log.kept} is another checkpoint" in refused("--checkpoint", log.kept)
    assert "the checkpoint is not signed by the key" in refused("--key", PUBLIC)
    proof.write_text(proof.read_text().replace("4200.0", "9200.0"))
    assert "the hashes do not lead to the checkpoint" in refused()
    proof.write_text("{}")
    done = audit("check-proof", proof)
    assert done.returncode == 2
    assert done.stderr.startswith(f"replay: error: {proof}: $: not a proof: ")


def test_a_log_that_goes_on_is_shown_to(log: WrittenLog) -> None:
    log.replay("ses-3")
    proof = proof_of(log, "consistency", log.log, log.kept)
    done = audit("check-proof", proof, "--key", PUBLIC)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("the first 22 records are unaltered in chat-replay/")
    assert ", which had 34 records at 20" in done.stdout


def test_a_log_that_was_rebuilt_is_not_shown_to_go_on(log: WrittenLog) -> None:
    rebuilds(lambda records: [{**each, "actor": "bob"} for each in records], SIGNER)(
        log
    )
    log.replay("ses-3")
    done = audit("consistency", log.log, log.kept)
    assert (done.returncode, done.stdout) == (1, "")
    assert (
        done.stderr == f"replay: problem: {log.log}: it does not continue {log.kept}\n"
    )


def test_a_log_that_does_not_fit_its_checkpoints_proves_nothing(
    log: WrittenLog,
) -> None:
    replaces(b"Acme", b"Evil")(log)
    done = audit("consistency", log.log, log.kept)
    assert done.returncode == 2
    assert "the log does not fit this checkpoint" in done.stderr
    log.kept.write_text("no note")
    done = audit("consistency", log.log, log.kept)
    assert done.returncode == 2
    assert f"{log.kept}: note: " in done.stderr


def test_a_removed_value_is_gone_and_the_log_is_verified_still(tmp_path: Path) -> None:
    log = written(tmp_path / "log", "committed")
    assert b"Pay the invoice." in log.files.openings.read_bytes()
    for seq in (3, 13):
        done = audit("remove", log.log, seq, "content")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert b"Pay the invoice." not in log.files.openings.read_bytes()
    anchors = ("--key", SIGNER.verifier(), "--checkpoint", log.kept)
    done = audit("verify", log.log, *anchors)
    assert done.returncode == 0
    openings, digest, removed, *_ = done.stdout.splitlines()[-5:]
    assert openings == "openings: matching: 6; removed: 4"
    assert digest.startswith("  record 1: session.digest was removed at 20")
    assert removed.startswith("  record 3: content was removed at 20")


def test_the_log_goes_on_after_a_removal(tmp_path: Path) -> None:
    log = written(tmp_path / "log", "committed")
    writer = opened(log.log)
    while_written = audit("remove", log.log, 3, "content")
    writer.close()
    assert while_written.returncode == 2
    assert "another writer has it open" in while_written.stderr
    assert audit("remove", log.log, 3, "content").returncode == 0
    done = audit("remove", log.log, 2, "content")
    assert done.returncode == 2
    assert "record 2 has no opening of 'content'" in done.stderr
    log.replay("ses-3")
    assert "matching: 13; removed: 2\n" in audit("verify", log.log).stdout


# The table of records


def rows_of(*arguments: object) -> list[list[str]]:
    """Return the printed rows without their times."""
    done = audit("show", *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    return [[row[0], *row[2:]] for row in rows]


def test_a_record_is_a_line_in_a_pipe(log: WrittenLog) -> None:
    rows = rows_of(log.log)
    assert len(rows) == 22
    assert rows[4] == [
        *("4", "tool_call", "ses-1", "1"),
        'name=pay id=c1 arguments={"amount": 4200.0, "to": "Acme"}',
    ]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("digest", "content=[16 characters, digest only]"),
        ("committed", "content=[16 characters, committed]"),
        ("full", "content=Pay the invoice."),
    ],
)
def test_what_is_hidden_is_said_to_be(tmp_path: Path, content: str, told: str) -> None:
    log = written(tmp_path / "log", content)
    assert rows_of(log.log)[3][-1] == told


def test_records_are_filtered(log: WrittenLog) -> None:
    kinds = [row[1] for row in rows_of(log.log, "--session", "ses-2")]
    assert (kinds[0], kinds[-1], len(kinds)) == ("session_start", "session_end", 9)
    picked = rows_of(log.log, "--tool", "pay", "--session", "ses-1")
    assert [row[0] for row in picked] == ["4", "5"]
    picked = rows_of(log.log, "--kind", "log_opened", "--kind", "checkpoint")
    assert [row[0] for row in picked] == ["0", "10", "20", "21"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--kind", "stp", "--kind", "zzz"), "; 'stp': did you mean 'stop'?"),
        (("--session", "sse-1"), "; 'sse-1': did you mean 'ses-1'?"),
        (("--tool", "pya"), "; 'pya': did you mean 'pay'?"),
        (("--session", "nosuch"), ""),
        (("--session", "ses-1", "--tool", "pay", "--until", "1999-01-01"), ""),
    ],
)
def test_a_filter_that_nothing_passes_is_told(
    log: WrittenLog, options: tuple[str, ...], told: str
) -> None:
    for more in ((), ("--json",)):
        done = audit("show", log.log, *options, *more)
        assert (done.returncode, done.stdout) == (0, "")
        assert done.stderr == f"replay: note: no record matches{told}\n"


def test_what_is_no_record_is_shown_without_what_it_holds(log: WrittenLog) -> None:
    with log.log.open("ab") as file:
        file.write(b"\x1b[31mred\n")
    done = audit("show", log.log)
    assert done.returncode == 0
    assert "\x1b" not in done.stdout
    assert done.stdout.splitlines()[-1].endswith("what=no record")


def test_records_are_filtered_by_time(log: WrittenLog) -> None:
    time = audit("show", log.log).stdout.splitlines()[5].split("\t")[1]
    since, until = rows_of(log.log, "--since", time), rows_of(log.log, "--until", time)
    assert [row[0] for row in until + since] == [*map(str, range(22))]
    assert since[0][0] == "5"
    assert rows_of(log.log, "--since", "1999-01-01", "--until", "2000-01-01") == []
    assert rows_of(log.log, "--until", "1999-12-31T23:00:00+01:00") == []


def test_for_programs_records_are_as_they_stand(tmp_path: Path) -> None:
    log = written(tmp_path / "log", max_bytes=1500)
    done = audit("show", log.log, "--json")
    parts = [*log.files.parts(), log.log]
    assert done.stdout.encode() == b"".join(each.read_bytes() for each in parts)


def test_what_was_recorded_cannot_steer_the_terminal(log: WrittenLog) -> None:
    replaces(b"Pay", b"\\u001b[2J\\u202e\\tPay", 3)(log)
    row = rows_of(log.log)[3]
    assert len(row) == 5
    assert "content=\u241b[2J\\u{202e}\u2409Pay" in row[-1]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("2026-11-26", "2026-11-26T00:00:00.000000Z"),
        ("2026-11-26T01:20", "2026-11-26T01:20:00.000000Z"),
        ("2026-11-26T01:20:00.5Z", "2026-11-26T01:20:00.500000Z"),
        ("2026-11-26T01:20:00+02:00", "2026-11-25T23:20:00.000000Z"),
    ],
)
def test_a_time_is_told_as_records_tell_it(text: str, told: str) -> None:
    assert moment(click.Context(show), click.Option(["--since"]), text) == told


def test_what_is_no_time_is_refused(log: WrittenLog) -> None:
    for text in ("", "noon", "2026-13-01", "0001-01-01T00:00+14:00"):
        done = audit("show", log.log, "--since", text)
        assert done.returncode == 2
        assert "isn't a date or time in ISO 8601" in done.stderr


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("text", "a=text"),
        (None, "a=null"),
        ({"length": 1, "width": 2}, 'a={"length": 1, "width": 2}'),
        ({"length": 1, "commitment": "ab"}, "a=[1 characters, committed]"),
        ("x" * 101, "a=" + "x" * 100 + "…"),
    ],
)
def test_a_field_is_told_in_a_few_words(value: object, shown: str) -> None:
    assert row_of({"seq": 1, "b.a": value}) == ["1", "", "", "", "", shown]


def test_on_a_terminal_80_columns_wide_a_row_is_a_few_lines(
    log: WrittenLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = pty.openpty()
    for name, value in (("COLUMNS", "80"), ("NO_COLOR", "1"), ("TERM", "xterm")):
        monkeypatch.setenv(name, value)
    with open(theirs, "w", encoding="utf-8") as terminal:  # noqa: PTH123 - no path
        monkeypatch.setattr(sys, "stdout", terminal)
        command.main(["show", str(log.log), "--tool", "pay"], standalone_mode=False)
        terminal.flush()
        monkeypatch.undo()
        shown = os.read(ours, 1 << 16).decode()
    os.close(ours)
    titles, *rows = shown.splitlines()
    assert titles.split() == ["SEQ", "TIME", "KIND", "WHAT"]
    assert len(rows) <= 3 * 4
    assert max(map(len, rows)) <= 80
    assert re.match(
        r"4    \d{4}-\d\d-\d\d \d\d:\d\d:\d\d  tool_call    session=ses-1 ev", rows[0]
    )


def test_what_is_no_record_is_said_so(tmp_path: Path) -> None:
    lines = [b"", b"[]", b"\xff", b"[" * 100_000]
    (tmp_path / NAME).write_bytes(b"".join(line + b"\n" for line in lines))
    (tmp_path / f"{NAME}.checkpoint").touch()
    assert rows_of(tmp_path / NAME) == [["", "?", "", "", "what=no record"]] * 4
