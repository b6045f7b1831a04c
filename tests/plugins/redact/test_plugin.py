"""The plugin ``redact``, which hides secrets from all others, and reports them."""

import io
import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stdout
from pathlib import Path

import pytest

import replay
from replay import PluginError, ReplayEngine, Session, Text, UserInput, load_plugin
from replay.batch.plugin_specs import specs_of, workers_plugin
from replay.testing import PluginContract
from replay.testing.batch_contract import merge, worker_results
from replay_plugins.redact import Redact, Redacted
from replay_plugins.redact.plugin import RedactWorker, as_json, as_table
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


def replayed(
    plugin: object, *others: object, sessions: Sequence[Session] = (SESSION,)
) -> str:
    """Replay sessions, and return the output."""
    printed = io.StringIO()
    with redirect_stdout(printed), ReplayEngine([*others, plugin]) as engine:
        for session in sessions:
            engine.replay(session)
    return printed.getvalue()


def test_no_other_plugin_sees_a_secret() -> None:
    spy = Spy()
    replayed(Redact(), spy)
    assert "example.org" not in repr(spy.calls)
    assert spy.first_arguments("replay_event")[0] == Text("to <EMAIL_1> \x1b")


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


ONE = Redacted("s", "$.events[0].content", "email", 0, 5, "<EMAIL_1>")


def for_ever() -> Iterator[Redacted]:
    while True:
        yield ONE


def test_json_comes_one_by_one() -> None:
    pieces = as_json(for_ever())
    begun = [next(pieces) for _ in range(3)]
    assert begun[0] == '{"replaced": [\n'
    assert begun[2] == ",\n" + begun[1]


def test_where_nothing_was_replaced_that_is_told() -> None:
    assert "".join(as_json([])) == '{"replaced": [\n\n]}\n'
    assert "".join(as_table([])) == "nothing was replaced\n"


def test_the_columns_stand_below_each_other() -> None:
    longer = Redacted("s", "$.events[10].content", "email", 0, 5, "")
    heading, one, other = "".join(as_table([ONE, longer])).splitlines()
    assert heading.index("session") == one.index("s", 30) == other.rindex("s")
    assert other.startswith("-          5 ")


# In a batch: the same in any order

HALVES = Session("\ud83d" + "\ude00", events=[Text("jo@example.org")])
SESSIONS = [
    Session("a", events=[UserInput("Ask jo@example.org"), Text("Or ada@example.org")]),
    HALVES,
    Session("b", events=[Text("ada@example.org or jo@example.org")]),
    Session("c", events=[Text("Nobody")]),
]
SECRET_IDS = [Session(f"of {name}@example.org") for name in ("jo", "ada", "jo.b")]


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    (tmp_path / "key").write_bytes(b"0123456789abcdef")
    return tmp_path / "key"


def report_of_a_batch(sessions: list[Session], workers: int, **options: object) -> str:
    values: list[object] = [None] * len(sessions)
    for number in range(workers):
        worker = workers_plugin(specs_of([("redact", options)])[0])
        results = worker_results([worker], sessions[number::workers])
        values[number::workers] = [value for (value,) in results]
    printed = io.StringIO()
    with redirect_stdout(printed):
        merge(Redact(**options), values)  # type: ignore[arg-type]  # any option
    return printed.getvalue()


def report_of_a_replay(sessions: Sequence[Session], **options: object) -> str:
    return replayed(Redact(**options), sessions=sessions)  # type: ignore[arg-type]  # any option


def test_a_batch_says_what_a_plain_replay_says() -> None:
    for is_json in (True, False):
        plain = report_of_a_replay(SESSIONS, json=is_json)
        assert plain.count("<EMAIL_") == 5
        for workers in 1, 2, 3:
            assert report_of_a_batch(SESSIONS, workers, json=is_json) == plain


def test_with_a_key_ids_that_hold_secrets_are_the_same_in_any_worker(
    key_file: Path,
) -> None:
    plain = report_of_a_replay(SECRET_IDS, key_file=key_file)
    assert report_of_a_batch(SECRET_IDS, 1, key_file=key_file) == plain
    assert report_of_a_batch(SECRET_IDS, 3, key_file=key_file) == plain


def test_without_a_key_they_are_refused_and_nobody_sees_them() -> None:
    spy = Spy()
    with pytest.raises(PluginError, match="give a key_file") as caught:
        worker_results([RedactWorker(), spy], SECRET_IDS)
    assert "example.org" not in str(caught.value)
    assert not spy.first_arguments("replay_session_start")


def test_what_one_session_was_called_does_not_matter_to_the_next(
    key_file: Path,
) -> None:
    worker = RedactWorker(key_file=key_file)
    alone, again = worker_results([worker], [SECRET_IDS[0], SECRET_IDS[0]])
    assert alone == again


def test_a_worker_keeps_nothing_and_says_nothing() -> None:
    worker, printed = RedactWorker(), io.StringIO()
    worker.redactor.text("jo@example.org")  # as a failed replay leaves it
    with redirect_stdout(printed):
        assert worker_results([worker], SESSIONS[::-1])[0] == [[]]
    assert (worker.redactor.report, printed.getvalue()) == ([], "")
