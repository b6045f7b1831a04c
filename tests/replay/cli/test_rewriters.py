"""Sessions rewritten, by ``--redact`` or another plugin, when copied or recorded."""

import json
import resource
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

import replay
from chat_api import STOP, ChatAPI, delta, document, for_prompts, frame, user_input
from fake_secrets import SECRETS
from http_server import Handler, Request, Server, head
from replay_command import Run

Serve = Callable[[Handler], Server]
SessionFile = Callable[..., Path]
(SECRET,) = SECRETS["llamacloud-key"]
UPPER = """
import attrs, replay
from collections.abc import Sequence
class Upper:
    def __init__(self, word: str = "", fails: bool = False):
        self.word, self.fails = word, fails
    def replay_rewrite(self, session):
        events = [
            attrs.evolve(each, content=each.content.upper() + self.word)
            if isinstance(each, replay.TextDelta | replay.Text) else each
            for each in session.events
        ]
        return attrs.evolve(session, events=events)
    def replay_text(self):
        raise AssertionError("is not called")
    def replay_close(self, report):
        print("closed", report.sessions)
        if self.fails:
            raise OSError("no")
class Lazy(Upper):
    def replay_rewrite(self, session):
        return attrs.evolve(session, events=Lazily(session.events))
class Lazily(Sequence):
    def __init__(self, events): self.events = events
    def __len__(self): return len(self.events)
    def __getitem__(self, index): return [*self][index]
    def __iter__(self):
        for each in self.events:
            yield replay.TextDelta("X") if each.type == "text_delta" else each
class Same(Upper):
    def replay_rewrite(self, session):
        return replay.Session("same", events=session.events)
class Fails(Upper):
    def replay_rewrite(self, session): raise ValueError("no")
class Nothing(Upper):
    def replay_rewrite(self, session): pass
class Misspelt(Upper):
    def replay_txt(self): pass
"""
ASK = ("--session", "ses-1", "--prompt", f"Is it {SECRET}?", "--index", "idx-1")
TURN: list[object] = [
    delta("It is " + SECRET[:9]),
    delta(SECRET[9:] + "."),
    {"type": "text", "content": f"It is {SECRET}."},
    {"type": "tool_call", "call_id": "c", "name": "n", "arguments": {SECRET: SECRET}},
    STOP,
]


def service(*turn: object) -> ChatAPI:
    """Return a service that answers a prompt with a turn."""
    api = ChatAPI([document("ses-1", user_input(f"Is it {SECRET}?"), *turn)])
    api.turn = [frame(event) for event in turn]
    return api


def told(folder: Path) -> str:
    """Return what is said when a session was copied."""
    return f"replay: 1 session copied to {folder}\n"


def written(folder: Path) -> bytes:
    """Return everything in a directory, names included."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return b"".join(path.name.encode() + b"\n" + path.read_bytes() for path in files)


def test_a_copy_holds_no_secret(
    run: Run, session_file: SessionFile, tmp_path: Path
) -> None:
    path = session_file(user_input(SECRET), *TURN, generated_title=SECRET)
    done = run("copy", path, tmp_path / "copy", "--redact")
    assert (done.returncode, done.stderr) == (0, told(tmp_path / "copy"))
    assert SECRET not in done.stdout
    assert "<LLAMACLOUD_KEY_1>  52      $.generated_title" in done.stdout
    assert SECRET.encode() not in written(tmp_path / "copy")
    (session,) = replay.open(tmp_path / "copy")
    assert replay.transcript(session).turns[0].answer == "It is <LLAMACLOUD_KEY_1>."
    texts = [e.content for e in session.events if isinstance(e, replay.TextDelta)]
    assert texts == ["It is <LLAMACLOUD_KEY_1>", "."]
    assert run("check", tmp_path / "copy").returncode == 0


@pytest.mark.parametrize("command", ["copy", "record"])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--redact-option", "json=true"), "--redact-option needs --redact"),
        (("--redact", "--redact-option", "jsn=true"), "no option 'jsn'"),
        (("--redact", "--redact-option", "json=a"), "must be true or false"),
        (("--redact", "--redact-option", "without=x"), "there is no rule 'x'"),
    ],
)
def test_wrong_options_write_nothing(  # noqa: PLR0913, PLR0917 - what it is tried with
    run: Run,
    session_file: SessionFile,
    tmp_path: Path,
    command: str,
    options: tuple[str, ...],
    message: str,
) -> None:
    path = session_file({"type": "text", "content": SECRET})
    done = run(command, path, tmp_path / "copy", *options)
    assert done.returncode == 2
    assert message in done.stderr
    assert not (tmp_path / "copy").exists()


@pytest.fixture
def upper(tmp_path: Path) -> str:
    """Return the path of a file of plugins that convert text to capitals."""
    path = tmp_path / "upper.py"
    path.write_text(UPPER, encoding="utf-8")
    return str(path)


def test_any_plugins_rewrite_a_copy_in_order_after_redact(
    run: Run, session_file: SessionFile, tmp_path: Path, upper: str
) -> None:
    path = session_file({"type": "text", "content": f"b@example.org {SECRET}"})
    plugins = ("--plugin", f"{upper}::Upper:word=one", "--plugin", f"{upper}::Upper")
    options = ("--redact-option", "without=email", "--redact-option", "json=true")
    done = run("copy", path, tmp_path / "copy", *plugins, "--redact", *options)
    assert (done.returncode, done.stderr) == (0, told(tmp_path / "copy"))
    (event,) = replay.load(tmp_path / "copy").events
    assert event == replay.Text("B@EXAMPLE.ORG <LLAMACLOUD_KEY_1>ONE")
    report, closed = done.stdout.split("]}\n")
    assert json.loads(f"{report}]}}")["replaced"][0]["rule"] == "llamacloud-key"
    assert closed == "closed 0\nclosed 0\n"


def test_ids_that_a_plugin_makes_equal_overwrite_nothing(
    run: Run, tmp_path: Path, upper: str
) -> None:
    lines = '{"session_id": "a", "events": []}\n{"session_id": "b", "events": []}'
    plugin = ("--plugin", f"{upper}::Same")
    done = run("copy", "-", tmp_path / "copy", *plugin, stdin=lines)
    problem = "replay: error: not copied: another session with id 'same'\n"
    assert (done.returncode, done.stderr) == (1, problem + told(tmp_path / "copy"))


def test_a_plugin_rewrites_a_live_turn(
    run: Run, serve: Serve, tmp_path: Path, upper: str
) -> None:
    url = serve(service(delta("It "), delta("rose."), STOP)).url
    done = run("record", url, tmp_path / "new", *ASK, "--plugin", f"{upper}::Lazy")
    told = f"replay: 4 events recorded in {tmp_path / 'new'}\n"
    assert (done.returncode, done.stdout, done.stderr) == (0, "XX\nclosed 0\n", told)
    (session,) = replay.open(tmp_path / "new")
    assert [*session.events[1:3]] == [replay.TextDelta("X"), replay.TextDelta("X")]


def test_a_plugin_that_cannot_wait_for_events_sends_no_prompt(
    run: Run, serve: Serve, tmp_path: Path, upper: str
) -> None:
    api = service(*TURN)
    plugin = f"{upper}::Upper"
    done = run("record", serve(api).url, tmp_path / "new", *ASK, "--plugin", plugin)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"replay: error: plugin '{plugin}': cannot rewrite a live turn: it reads all "
        "events before it returns any (rewrite each event when it is read)\n"
    )
    assert not api.prompts
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("plugin", "message"),
    [
        ("usage", "'usage' has no hook replay_rewrite, so it cannot change what is"),
        (
            "{}",
            "has several plugin classes: Upper, Lazy, Same, Fails, Nothing, Misspelt",
        ),
        ("{}::Fails", "Fails': cannot rewrite a session: ValueError: no (/"),
        ("{}::Nothing", "replay_rewrite returned NoneType, not a Session"),
        ("{}::Misspelt", "there is no hook 'replay_txt'"),
    ],
)
def test_a_plugin_that_cannot_rewrite_writes_nothing(  # noqa: PLR0913, PLR0917 - what it is tried with
    run: Run,
    session_file: SessionFile,
    tmp_path: Path,
    upper: str,
    plugin: str,
    message: str,
) -> None:
    path = session_file({"type": "text", "content": SECRET})
    done = run("copy", path, tmp_path / "copy", "--plugin", plugin.format(upper))
    assert done.returncode == 2
    assert message in done.stderr
    assert not (tmp_path / "copy").exists()


def test_a_plugin_that_cannot_report_is_an_error_after_the_copy(
    run: Run, session_file: SessionFile, tmp_path: Path, upper: str
) -> None:
    path = session_file({"type": "text", "content": "x"})
    plugin = ("--plugin", f"{upper}::Upper:fails=true")
    done = run("copy", path, tmp_path / "copy", *plugin)
    assert done.returncode == 2
    place = f"{upper}, line 19"
    assert done.stderr == f"replay: error: plugin 'Upper': OSError: no ({place})\n"
    assert (tmp_path / "copy").exists()


@pytest.mark.parametrize("traceback", [(), ("--traceback",)])
@pytest.mark.parametrize("command", ["copy", "run", "rewriting", "gone"])
def test_an_error_tells_no_secret_of_a_document_or_its_name(
    run: Run, tmp_path: Path, command: str, traceback: tuple[str, ...]
) -> None:
    (tmp_path / "given").mkdir()
    path = tmp_path / "given" / f"{SECRET} {SECRET}.json"
    path.write_text(f'[{{"type": "x", "{SECRET}": 1e999}}]', "utf-8")
    options = {
        "copy": ("copy", path.parent, tmp_path / "copy", "--redact"),
        "run": ("run", path.parent, "--plugin", "usage", "--plugin", "redact"),
        "rewriting": ("run", path.parent, "--plugin", "redact:json=true"),
        "gone": ("copy", path / "gone", tmp_path / "copy", "--redact"),
    }[command]
    place = "" if command == "gone" else ": $[0]['<LLAMACLOUD_KEY_1>']: a number too"
    done = run(*traceback, *options)
    assert done.returncode == 2
    assert f"<LLAMACLOUD_KEY_1> <LLAMACLOUD_KEY_1>.json{place}" in done.stderr
    assert SECRET not in done.stderr + done.stdout
    assert not (tmp_path / "copy").exists()


RAISES = """
import replay
PASSWORD = "Hunter77x"
class Text:
    def replay_text(self): raise ValueError("cannot log in, password=" + PASSWORD)
class Rewrite:
    def replay_rewrite(self, session): raise ValueError("password=" + PASSWORD)
class Stop:
    def replay_text(self): raise replay.MustStopError("password=" + PASSWORD)
"""


@pytest.mark.parametrize("traceback", [(), ("--traceback",)])
@pytest.mark.parametrize("option", ["raise", "isolate"])
@pytest.mark.parametrize(("plugin", "code"), [("Text", 1), ("Rewrite", 1), ("Stop", 2)])
def test_what_a_plugin_raises_is_told_without_its_secrets(  # noqa: PLR0913, PLR0917 - what it is tried with
    run: Run,
    session_file: SessionFile,
    tmp_path: Path,
    traceback: tuple[str, ...],
    option: str,
    plugin: str,
    code: int,
) -> None:
    path = tmp_path / "raises.py"
    path.write_text(RAISES, encoding="utf-8")
    plugins = ("--plugin", "redact", "--plugin", f"{path}::{plugin}")
    session = session_file({"type": "text", "content": "x"})
    done = run(*traceback, "run", session, *plugins, "--on-plugin-error", option)
    assert done.returncode == code
    assert "password=<PASSWORD_1>" in done.stderr
    assert "Hunter77x" not in done.stderr
    in_traceback = f'{path}", line ' in done.stderr
    assert in_traceback == bool(traceback and option == "raise" and code == 1)
    done = run("run", session, *plugins[2:])
    assert (done.returncode, "Hunter77x" in done.stderr) == (code, True)


def test_a_plugins_error_that_cannot_be_rewritten_is_not_shown(
    run: Run, session_file: SessionFile, tmp_path: Path
) -> None:
    path = tmp_path / "needs_events.py"
    path.write_text(
        "class Both:\n"
        "    def replay_rewrite(self, session):\n"
        "        return session if session.events else 1 / 0\n"
        "    def replay_text(self): raise ValueError('password=Hunter77x')\n",
        encoding="utf-8",
    )
    session = session_file({"type": "text", "content": "x"})
    done = run("--traceback", "run", session, "--plugin", path)
    assert done.returncode == 2
    assert "cannot rewrite a session: ZeroDivisionError" in done.stderr
    assert "Hunter77x" not in done.stderr


@pytest.mark.slow
def test_what_comes_from_a_pipe_is_kept_in_memory(tmp_path: Path) -> None:
    blanks = " " * (9 << 20)
    text = f'{{"session_id": "s",{blanks}"events": []}}'
    for option, code in ((), 2), (("--redact",), 0):
        done = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-m", "replay", "copy", "-", tmp_path / "new", *option],
            input=text.encode(),
            capture_output=True,
            check=False,
            preexec_fn=_write_little,
        )
        assert done.returncode == code, done.stderr


def _write_little() -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))


def test_what_a_service_has_is_recorded_without_secrets(
    run: Run, serve: Serve, tmp_path: Path
) -> None:
    url = serve(service(*TURN)).url
    for session in ((), ("--session", "ses-1")):
        done = run("record", url, tmp_path / "new", "--redact", *session)
        assert (done.returncode, done.stderr) == (0, told(tmp_path / "new"))
        assert SECRET.encode() not in written(tmp_path / "new")
        assert b"LLAMACLOUD_KEY_1" in written(tmp_path / "new")


def test_a_live_turn_is_recorded_without_secrets(
    run: Run, serve: Serve, tmp_path: Path
) -> None:
    api = service(*TURN)
    done = run("record", serve(api).url, tmp_path / "new", *ASK, "--redact")
    told = f"replay: 6 events recorded in {tmp_path / 'new'}\n"
    assert (done.returncode, done.stderr) == (0, told)
    assert done.stdout.startswith("It is <LLAMACLOUD_KEY_1>.\npseudonym")
    assert SECRET not in done.stdout
    assert SECRET.encode() not in written(tmp_path / "new")
    (session,) = replay.open(tmp_path / "new")
    assert len(session.events) == 1 + len(TURN)
    assert session.events[0] == replay.UserInput("Is it <LLAMACLOUD_KEY_1>?")
    arrivals = (tmp_path / "new" / "ses-1.arrivals").read_text().splitlines()
    assert len([float(each) for each in arrivals]) == 1 + len(TURN)
    assert api.prompts == [{"prompt": ASK[3], "index_ids": ["idx-1"]}]


def test_the_rest_of_a_turn_that_broke_off_is_recorded_without_secrets(
    run: Run, serve: Serve, tmp_path: Path
) -> None:
    api = service()
    api.turn = [frame(TURN[0])]
    api.kept = [user_input(f"Is it {SECRET}?"), *TURN]
    done = run("record", serve(api).url, tmp_path / "new", *ASK, "--redact")
    assert done.returncode == 0
    assert SECRET.encode() not in written(tmp_path / "new")
    (session,) = replay.open(tmp_path / "new")
    kinds = ["user_input", "text_delta", "text_delta", "text", "tool_call", "stop"]
    assert [each.type for each in session.events] == kinds


def test_what_a_killed_recorder_leaves_holds_no_secret(
    serve: Serve, tmp_path: Path
) -> None:
    folder, may_end = tmp_path / "new", threading.Event()

    def handler(_: Request, connection: socket.socket) -> None:
        connection.sendall(head(200, "Content-Type: text/event-stream"))
        for event in (*TURN[:4], delta("And " + SECRET)):
            connection.sendall(frame(event))
        may_end.wait(30)

    url = serve(for_prompts(handler)).url
    command = [sys.executable, "-m", "replay", "record", url, str(folder), *ASK]
    with subprocess.Popen([*command, "--redact"], stdout=subprocess.PIPE) as process:  # noqa: S603 - our own command
        assert process.stdout is not None
        shown = process.stdout.readline()
        process.kill()
    may_end.set()
    assert shown == b"It is <LLAMACLOUD_KEY_1>.\n"
    assert SECRET.encode() not in written(folder)
    assert SECRET[9:].encode() not in written(folder)
    (session,) = replay.open(folder)
    assert session.events[1] == replay.TextDelta("It is <LLAMACLOUD_KEY_1>")
