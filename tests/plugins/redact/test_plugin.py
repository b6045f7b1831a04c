"""The plugin that keeps secrets from all others, and says what it replaced."""

import io
import itertools
import json
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path

import pytest

import replay
from replay import ReplayEngine, Session, Text, load_plugin
from replay.testing import PluginContract
from replay_plugins.redact import Redact
from spying import Spy

SESSION = Session("s", events=[Text("to b@example.org \x1b"), Text("\x1b")])


class TestRedact(PluginContract):
    observes_deltas = True  # the report tells the events' places

    @pytest.fixture
    def plugin(self, tmp_path: Path) -> Callable[[], object]:
        numbers = itertools.count()
        return lambda: Redact(json=True, output=tmp_path / str(next(numbers)))

    def worker_of(self, plugin: Callable[[], object]) -> object:
        made = plugin()
        assert isinstance(made, Redact)
        return made.batch_worker()

    def result_of(self, plugin: object) -> object:
        assert isinstance(plugin, Redact)
        assert plugin.output
        return plugin.output.read_text("utf-8")


def replayed(plugin: object, *others: object) -> str:
    """Replay a session, and return what was printed."""
    printed = io.StringIO()
    with redirect_stdout(printed), ReplayEngine([*others, plugin]) as engine:
        engine.replay(SESSION)
    return printed.getvalue()


def test_no_other_plugin_sees_a_secret() -> None:
    spy = Spy()
    replayed(Redact(), spy)
    assert "example.org" not in repr(spy.calls)
    assert spy.told("replay_event")[0] == Text("to <EMAIL_1> \x1b")


def test_it_prints_what_it_replaced() -> None:
    assert replayed(Redact()) == (
        "pseudonym  length  path                 session\n"
        "<EMAIL_1>  13      $.events[0].content  s\n"
    )


def test_it_writes_json() -> None:
    assert json.loads(replayed(Redact(json=True))) == {
        "replaced": [
            {
                "session_id": "s",
                "path": "$.events[0].content",
                "rule": "email",
                "start": 3,
                "length": 13,
                "pseudonym": "<EMAIL_1>",
            }
        ]
    }


def test_it_writes_to_a_file(tmp_path: Path) -> None:
    assert replayed(Redact(output=tmp_path / "report")) == ""
    assert "<EMAIL_1>" in (tmp_path / "report").read_text("utf-8")


def test_it_can_be_closed_without_standard_output(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.stdout", None)
    Redact().replay_close()


def test_its_options_can_be_typed(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("0123456789abcdef\n", "utf-8")
    (tmp_path / "patterns").write_text("word=to\n", "utf-8")
    plugin = load_plugin(
        "redact",
        key_file=str(tmp_path / "key"),
        patterns=str(tmp_path / "patterns"),
        without="email phone",
        json="true",
    )
    assert isinstance(plugin, Redact)
    text = plugin.redactor.text("to b@example.org")
    assert text.startswith("<WORD_")
    assert text.endswith("> b@example.org")


@pytest.mark.parametrize("option", ["patterns", "key_file"])
def test_a_file_that_is_not_there_is_told(tmp_path: Path, option: str) -> None:
    with pytest.raises(replay.PluginError, match="No such file"):
        load_plugin("redact", **{option: str(tmp_path / "missing")})


def test_a_bad_session_id_does_no_harm_to_a_terminal() -> None:
    plugin = Redact()
    plugin.redactor.session(Session("\x1b[31m", generated_title="b@example.org"))
    printed = io.StringIO()
    with redirect_stdout(printed):
        plugin.replay_close()
    assert "\x1b" not in printed.getvalue()
