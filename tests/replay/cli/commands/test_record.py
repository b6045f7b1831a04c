"""``replay record``."""

import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

import replay
from chat_api import (
    STOP,
    ChatAPI,
    chunk,
    delta,
    document,
    for_prompts,
    frame,
    stream_head,
    user_input,
)
from http_server import Handler, Request, Server, always, answer, head
from replay_command import Run

ASK = ("--session", "ses-1", "--prompt", "Why?", "--index", "idx-1")
TEXT = {"type": "text", "content": "It rose."}
DONE = "replay: 6 events recorded in {}\n"
TURN = [delta("Hm.", "thinking_delta"), delta("It "), delta("rose."), TEXT, STOP]
PLAIN = head(200, "Content-Type: text/event-stream")
Serve = Callable[[Handler], Server]


def service(*turn: object) -> ChatAPI:
    """Return a service that answers a prompt with a turn."""
    api = ChatAPI([document("ses-1"), document("ses-2", TEXT)])
    api.kept = [user_input("Why?"), *turn]
    api.turn = [frame(event) for event in turn]
    return api


def recorded(folder: Path, session_id: str = "ses-1") -> list[object]:
    """Return a session's events in a directory."""
    with replay.open(folder) as source:
        return [event.as_object() for event in source.session(session_id).events]


def test_all_sessions_are_recorded(run: Run, serve: Serve, tmp_path: Path) -> None:
    whole = document("ses-1", user_input("Why?"), *TURN)
    url = serve(ChatAPI([whole, document("ses-2", TEXT)])).url
    done = run("record", url, tmp_path / "new")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == f"replay: 2 sessions copied to {tmp_path}/new\n"
    names = sorted(path.name for path in (tmp_path / "new").iterdir())
    assert names == ["ses-1.json", "ses-2.json"]
    assert recorded(tmp_path / "new") == [user_input("Why?"), *TURN]


def test_one_session_is_recorded_or_nothing_created(
    run: Run, serve: Serve, tmp_path: Path
) -> None:
    url = serve(service(*TURN)).url
    done = run("record", url, tmp_path / "new", "--session", "other")
    assert done.returncode == 2
    assert "there is no session 'other'" in done.stderr
    assert not [*tmp_path.iterdir()]
    assert run("record", url, tmp_path, "--session", "ses-2").returncode == 0
    assert [path.name for path in tmp_path.iterdir()] == ["ses-2.json"]


def test_a_turn_is_recorded_and_its_text_printed(
    run: Run, serve: Serve, tmp_path: Path
) -> None:
    api = service(*TURN)
    done = run("record", serve(api).url, tmp_path, *ASK, "--index", "idx-2")
    told = DONE.format(tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "It rose.\n", told)
    assert recorded(tmp_path) == [user_input("Why?"), *TURN]
    assert api.prompts == [{"prompt": "Why?", "index_ids": ["idx-1", "idx-2"]}]


@pytest.mark.parametrize(
    ("turn", "printed"),
    [
        ([TEXT, STOP], "It rose.\n"),
        ([delta("It "), delta("rose."), STOP], "It rose.\n"),
        ([delta("It "), TEXT, STOP], "It rose.\n"),
        ([delta("It fell."), TEXT, STOP], "It fell.\nIt rose.\n"),
        (
            [delta("ab"), {**TEXT, "content": "a"}, {**TEXT, "content": "b"}, STOP],
            "ab\n\n",
        ),
        ([delta("\ud83d"), delta("\ude00"), STOP], "\ufffd\ufffd\n"),
        ([delta("\x1b[31m"), STOP], "␛[31m\n"),
    ],
)
def test_text_is_printed_once_and_safely(
    run: Run, serve: Serve, tmp_path: Path, turn: list[dict[str, object]], printed: str
) -> None:
    done = run("record", serve(service(*turn)).url, tmp_path, *ASK)
    assert (done.returncode, done.stdout) == (0, printed)


def test_text_is_printed_as_it_comes(serve: Serve, tmp_path: Path) -> None:
    goes_on = threading.Event()

    def handler(_: Request, connection: socket.socket) -> None:
        connection.sendall(PLAIN + frame(delta("It ")))
        assert goes_on.wait(10)
        connection.sendall(frame(delta("rose.")) + frame(STOP))

    command: list[str | Path] = [sys.executable, "-m", "replay", "record"]
    command += [serve(for_prompts(handler)).url, tmp_path]
    with subprocess.Popen([*command, *ASK], stdout=subprocess.PIPE) as process:  # noqa: S603 - our own command
        assert process.stdout
        assert process.stdout.read(3) == b"It "
        goes_on.set()
        assert process.stdout.read() == b"rose.\n"
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("error", "told"), [("no tokens", "no tokens"), (None, "no reason")]
)
def test_a_turn_that_failed_is_told(
    run: Run, serve: Serve, tmp_path: Path, error: str | None, told: str
) -> None:
    stop = {**STOP, "is_error": True, "error": error}
    done = run("record", serve(service(delta("It "), stop)).url, tmp_path, *ASK)
    assert done.returncode == 1
    assert done.stdout == "It \n"
    assert f"the turn failed: {told}" in done.stderr
    assert recorded(tmp_path) == [user_input("Why?"), delta("It "), stop]


def test_one_event_is_told_as_one(run: Run, serve: Serve, tmp_path: Path) -> None:
    api = ChatAPI([document("ses-1")])
    api.kept, api.turn = [user_input("Why?")], []
    done = run("record", serve(api).url, tmp_path, *ASK)
    assert done.stderr.endswith(f"replay: 1 event recorded in {tmp_path}\n")


def test_a_whole_session_is_not_recorded_beside_a_live_recording_of_it(
    run: Run, serve: Serve, tmp_path: Path
) -> None:
    url = serve(service(*TURN)).url
    assert run("record", url, tmp_path, *ASK).returncode == 0
    for name in ("ses-1.jsonl", "ses-1.jsonl.part"):
        done = run("record", url, tmp_path, "--session", "ses-1")
        assert (done.returncode, done.stdout) == (2, "")
        told = f"{tmp_path / name}: this is a live recording of the session"
        assert told in done.stderr
        assert recorded(tmp_path) == [user_input("Why?"), *TURN]
        assert {*tmp_path.iterdir()} == {tmp_path / "ses-1.arrivals", tmp_path / name}
        (tmp_path / name).rename(tmp_path / "ses-1.jsonl.part")
    assert run("record", url, tmp_path, "--session", "ses-2").returncode == 0


class BreaksOff(ChatAPI):
    """A service that breaks a turn off after its first events."""

    def _reply(self, connection: socket.socket) -> bool:
        connection.sendall(stream_head() + b"".join(map(chunk, self.turn[:2])))
        return False


@pytest.mark.parametrize("history", [TURN, [TEXT, STOP], [delta("It rose."), STOP]])
def test_a_turn_that_broke_off_is_completed_from_the_history(
    run: Run, serve: Serve, tmp_path: Path, history: list[dict[str, object]]
) -> None:
    api = BreaksOff([document("ses-1")])
    api.kept = [user_input("Why?"), *history]
    api.turn = [frame(event) for event in TURN]
    done = run("record", serve(api).url, tmp_path, *ASK)
    assert (done.returncode, done.stdout) == (0, "It rose.\n")
    assert done.stderr.startswith("replay: warning: ")
    assert "after 2 events" in done.stderr
    told = f"replay: {len(recorded(tmp_path))} events recorded in {tmp_path}\n"
    assert done.stderr.endswith(told)
    transcript = replay.transcript(replay.load(tmp_path / "ses-1.jsonl"))
    assert [turn.answer for turn in transcript.turns] == ["It rose."]
    assert [turn.status for turn in transcript.turns] == ["complete"]
    arrivals = (tmp_path / "ses-1.arrivals").read_text().splitlines()
    assert "null" in arrivals
    assert len(arrivals) == len(recorded(tmp_path))


def test_a_turn_whose_rest_is_not_there_is_kept_as_far_as_it_came(
    run: Run, serve: Serve, tmp_path: Path
) -> None:
    api = BreaksOff([document("ses-1", user_input("Why?"), *TURN)])  # an earlier one
    api.turn = [frame(event) for event in TURN]
    done = run("record", serve(api).url, tmp_path, *ASK)
    assert (done.returncode, done.stdout) == (2, "It ")
    assert "has no such turn" in done.stderr
    assert recorded(tmp_path) == [user_input("Why?"), *TURN[:2]]


class Refuses(ChatAPI):
    """A service that answers a prompt with an error status."""

    def _reply(self, connection: socket.socket) -> bool:
        connection.sendall(answer(b"", 503))
        return False


def test_an_earlier_answer_is_not_printed_for_a_prompt_that_was_refused(
    run: Run, serve: Serve, tmp_path: Path
) -> None:
    server = serve(Refuses([document("ses-1", user_input("Why?"), *TURN)]))
    done = run("record", server.url, tmp_path, *ASK)
    assert (done.returncode, done.stdout) == (2, "")
    assert "503 Service Unavailable" in done.stderr
    assert [each.method for each in server.requests] == ["GET", "POST"]
    assert recorded(tmp_path) == [user_input("Why?")]


def test_a_turn_that_has_not_ended_is_a_problem(
    run: Run, serve: Serve, tmp_path: Path
) -> None:
    api = BreaksOff([document("ses-1")])
    api.kept = [user_input("Why?"), *TURN[:3]]
    api.turn = [frame(event) for event in TURN]
    done = run("record", serve(api).url, tmp_path, *ASK)
    assert (done.returncode, done.stdout) == (1, "It rose.\n")


def test_a_prompt_that_is_refused_leaves_no_file(
    run: Run, serve: Serve, tmp_path: Path
) -> None:
    done = run(
        "record", serve(for_prompts(always(answer(b"", 429)))).url, tmp_path, *ASK
    )
    assert done.returncode == 2
    assert "429 Too Many Requests" in done.stderr
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (ASK[2:], "--prompt needs one --session"),
        ((*ASK, "--session", "ses-2"), "--prompt needs one --session"),
        ((*ASK[:2], *ASK[4:]), "--index needs --prompt"),
    ],
)
def test_a_prompt_needs_one_session_and_an_index_a_prompt(
    run: Run, serve: Serve, tmp_path: Path, arguments: tuple[str, ...], told: str
) -> None:
    server = serve(service())
    done = run("record", server.url, tmp_path, *arguments)
    assert done.returncode == 2
    assert told in done.stderr
    assert not server.requests


@pytest.mark.parametrize("given", ["ses-1", "s"])
def test_a_prompt_asks_the_sessions_own_indexes_unless_others_are_given(
    run: Run, serve: Serve, tmp_path: Path, given: str
) -> None:
    api = service(*TURN)
    del api.documents["ses-2"]
    api.documents["ses-1"] = document("ses-1", index_ids=["idx-7", "idx-8"])
    done = run("record", serve(api).url, tmp_path, "--session", given, *ASK[2:4])
    assert (done.returncode, done.stdout) == (0, "It rose.\n")
    assert api.prompts == [{"prompt": "Why?", "index_ids": ["idx-7", "idx-8"]}]
    assert recorded(tmp_path) == [user_input("Why?"), *TURN]


class Deletes(BreaksOff):
    """A service that breaks a turn off, and then has the session no more."""

    def _reply(self, connection: socket.socket) -> bool:
        self.documents["ses-12"] = self.documents.pop("ses-1")
        return super()._reply(connection)


def test_a_prompt_is_sent_once_even_if_its_session_vanishes(
    run: Run, serve: Serve, tmp_path: Path
) -> None:
    api = Deletes([document("ses-1")])
    api.turn = [frame(event) for event in TURN]
    done = run("record", serve(api).url, tmp_path, *ASK)
    assert (done.returncode, done.stdout) == (2, "It ")
    assert "there is no session 'ses-1'" in done.stderr
    assert len(api.prompts) == 1


def test_a_prompt_to_a_session_without_indexes_is_not_sent(
    run: Run, serve: Serve, tmp_path: Path
) -> None:
    api = service(*TURN)
    done = run("record", serve(api).url, tmp_path, *ASK[:4])
    assert done.returncode == 2
    assert "session 'ses-1' has no indexes of its own: give --index" in done.stderr
    assert not api.prompts
    assert not [*tmp_path.iterdir()]


def test_a_recording_is_no_place_to_send_a_prompt_to(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("[]")
    for arguments in (ASK, ASK[:4]):
        done = run("record", tmp_path / "a.json", tmp_path / "new", *arguments)
        assert done.returncode == 2
        assert "cannot send a turn" in done.stderr
