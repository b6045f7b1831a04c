"""Sources: the backends that serve locations, and their sessions."""

import io
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn, cast

import pytest

import replay
from in_memory import InMemory
from registering import Install
from replay import (
    BackendError,
    Diagnostic,
    ImageAttachment,
    LiveStream,
    Portion,
    Session,
    SessionNotFoundError,
    SessionSummary,
    Source,
    Stored,
    Text,
    UnknownNameError,
    UnsupportedError,
)
from replay.sources.source import open_backend

IMAGE = ImageAttachment("dfl-1", "page_7.jpg")


class Bulk(InMemory):
    """A backend with a quicker way to all of its sessions."""

    def sessions(self) -> Iterator[Session]:
        yield from self.kept


class Writable(InMemory):
    """A backend that can be written to."""

    def write(self, session: Session) -> None:
        self.kept.append(session)


class Portioned(InMemory):
    """A backend with portions."""

    def portions(self) -> Iterator[Portion]:
        return (Portion((number,), 1) for number in range(len(self.kept)))

    def stored(self, portion: Portion) -> Iterator[Stored]:
        (number,) = portion.key
        assert isinstance(number, int)
        yield Stored(f"number {number}", bytes(16), lambda: self.kept[number])


class Live(InMemory):
    """A backend that can take part in a chat."""

    def stream(self, *asked: object, **options: object) -> LiveStream:
        return cast("LiveStream", (*asked, options))

    def attachment(self, image: ImageAttachment) -> bytes:
        return image.attachment_name.encode()


def session(session_id: str, answer: str = "Yes.") -> Session:
    return Session(session_id, events=[Text(answer)])


def document(session_id: str) -> str:
    return json.dumps({"session_id": session_id, "events": []})


def test_a_source_yields_what_its_backend_has_again_and_again() -> None:
    one, two = session("one"), session("two")
    source = Source(InMemory([one, two]), "memory")
    assert list(source.summaries()) == [one.summary(), two.summary()]
    assert list(source.sessions()) == list(source) == list(source) == [one, two]
    assert source.session("two") is two


def test_a_repeated_id_is_marked_in_all_but_the_first() -> None:
    odd = replay.loads(b"\xef\xbb\xbf" + document("a").encode())
    ids = ["a", "\ud83d", "\ude00", "a", "\ud83d"]
    found = [*Source(Bulk([*map(session, ids), odd]), "memory")]
    codes = [[each.code for each in one.diagnostics] for one in found]
    again = "repeated-session-id"
    assert codes == [[], [], [], [again], [again], ["byte-order-mark", again]]
    assert [each.repetition for each in found] == [0, 0, 0, 1, 1, 2]
    assert found[-1].diagnostics[-1] == Diagnostic(
        again, None, "an earlier session is called 'a'"
    )


def test_a_source_is_closed_at_the_end_of_with() -> None:
    backend = InMemory([])
    with Source(backend, "memory") as source:
        assert source.location == "memory"
        assert not backend.is_closed
    assert backend.is_closed


def test_what_is_written_goes_to_the_backend() -> None:
    backend = Writable([])
    Source(backend, "memory").write(session("one"))
    assert backend.kept == [session("one")]


@pytest.mark.parametrize(
    ("cls", "names"),
    [(Portioned, ["number 0", "number 1"]), (InMemory, ["one", "two"])],
)
def test_portions_are_those_that_the_backend_knows_or_a_session_each(
    cls: type[InMemory], names: list[str]
) -> None:
    source = Source(cls([session("one"), session("two")]), "memory")
    found = [each for portion in source.portions() for each in source.stored(portion)]
    assert [each.name for each in found] == names
    assert [each.read() for each in found] == list(source)


def test_a_turn_and_a_page_image_go_through_the_backend() -> None:
    source = Source(Live([]), "memory")
    asked = ("one", "Why?", ["idx"])
    told: list[object] = [
        source.stream(*asked),
        source.stream(*asked, require_all_indexes=True, record_to="there"),
    ]
    assert told == [
        (*asked, {"require_all_indexes": False, "record_to": None}),
        (*asked, {"require_all_indexes": True, "record_to": "there"}),
    ]
    assert source.attachment(IMAGE) == b"page_7.jpg"


@pytest.mark.parametrize(
    ("ask", "told"),
    [
        (lambda source: source.write(session("one")), "write sessions"),
        (lambda source: source.stream("one", "Why?", ["idx"]), "send a turn"),
        (lambda source: source.attachment(IMAGE), "serve page"),
    ],
)
def test_what_a_backend_cannot_do_is_refused_in_its_name(
    ask: Callable[[Source], object], told: str
) -> None:
    with pytest.raises(UnsupportedError, match=f"memory: InMemory cannot {told}"):
        ask(Source(InMemory([]), "memory"))


#: What a user may do with a source; each takes one step into the backend.
USES: dict[str, Callable[[Source], object]] = {
    "summaries": lambda source: next(source.summaries()),
    "session": lambda source: source.session("a"),
    "sessions": lambda source: next(iter(source)),
    "portions": lambda source: next(source.portions()),
    "stored": lambda source: next(source.stored(Portion((0,), 1))),
    "read": lambda source: next(source.stored(Portion((0,), 1))).read(),
    "write": lambda source: source.write(Session("b")),
    "stream": lambda source: source.stream("a", "hi", ["idx"]),
    "attachment": lambda source: source.attachment(IMAGE),
    "close": Source.close,
}


def failing_at(step: str, error: BaseException) -> Source:
    """Return a source whose backend raises at one step."""

    def fail(*_: object, **__: object) -> NoReturn:
        raise error

    class Everything(Bulk, Writable, Portioned, Live):
        def stored(self, portion: Portion) -> Iterator[Stored]:
            for each in super().stored(portion):
                yield Stored(
                    each.name, each.digest, fail if step == "read" else each.read
                )

    backend = Everything([Session("a")])
    if step != "read":
        setattr(backend, step, fail)
    return Source(backend, "https://me:secret@there")


@pytest.mark.parametrize("step", USES)
def test_a_backend_that_fails_is_named_whatever_it_was_asked_for(step: str) -> None:
    with pytest.raises(BackendError) as caught:
        USES[step](failing_at(step, KeyError("oh")))
    assert str(caught.value) == (
        "backend 'Everything': cannot serve https://***@there: KeyError: 'oh'"
    )
    for error in (KeyboardInterrupt(), SessionNotFoundError("a", "gone")):
        with pytest.raises(type(error)):
            USES[step](failing_at(step, error))


def test_a_backend_may_fail_in_the_middle() -> None:
    class Torn(InMemory):
        def summaries(self) -> Iterator[SessionSummary]:
            yield from super().summaries()
            raise OSError

    found = Source(Torn([Session("a")]), "x").summaries()
    assert next(found).session_id == "a"
    with pytest.raises(BackendError, match="backend 'Torn': cannot serve x: OSError"):
        next(found)


def test_a_source_is_opened_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(document("one"))
    with replay.open(path) as source:
        assert source.location == str(path)
        assert [each.session_id for each in source] == ["one"]


def test_what_else_is_given_goes_to_the_backend_and_is_not_shown(
    tmp_path: Path,
) -> None:
    for name in ("a.json", "b.txt"):
        (tmp_path / name).write_text(document(name))
    with replay.open(tmp_path, pattern="*.txt") as source:
        assert [each.session_id for each in source] == ["b.txt"]
        assert source.options == {"pattern": "*.txt"}
        assert "options={" not in repr(source)  # which the backend decides on
    assert Source(InMemory([]), "memory").options == {}


def test_what_is_no_backend_is_refused(install: Install) -> None:
    install("other", "mine = list", backend="mine")
    with pytest.raises(BackendError, match="list lacks a method"):
        replay.open("mine:abc")


def test_a_source_tells_what_became_of_a_session_that_it_converted(
    tmp_path: Path,
) -> None:
    (tmp_path / "a.json").write_text(document("ours"))
    (tmp_path / "b.jsonl").write_text('{"type": "thread.started", "thread_id": "t"}\n')
    with replay.open(tmp_path) as source:
        assert source.report("ours") is None
        report = source.report("t")
    assert report
    assert (report.format, report.records) == ("codex", 1)


def test_the_one_session_is_loaded(tmp_path: Path) -> None:
    with pytest.raises(SessionNotFoundError, match="there is no session"):
        replay.load(tmp_path)
    (tmp_path / "a.json").write_text(document("one"))
    assert replay.load(tmp_path) == Session("one")


def imported(session_id: str, parent: str, **more: str) -> str:
    """Return the document of a session that says which one it comes from."""
    header = {"parent": {"session_id": parent, **more}}
    return json.dumps({"session_id": session_id, "events": [], "imported": header})


@pytest.mark.parametrize(
    ("documents", "loaded"),
    [
        ([imported("a", "main"), document("main"), imported("b", "a")], "main"),
        ([imported("a", "elsewhere")], "a"),
        ([document("main"), imported("a", "elsewhere")], None),
        ([document("main"), imported("other", "main", **{"as": "fork"})], None),
        ([imported("a", "b"), imported("b", "a")], None),
        ([imported("a", "a")], "a"),
    ],
)
def test_sessions_of_sub_agents_do_not_keep_their_own_from_being_loaded(
    tmp_path: Path, documents: list[str], loaded: str | None
) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text("\n".join(documents))
    if loaded:
        assert replay.load(path).session_id == loaded
    else:
        with pytest.raises(BackendError, match="several sessions"):
            replay.load(path)


@pytest.mark.parametrize(
    ("count", "told"),
    [
        (2, "several sessions: 's0', 's1' (read"),
        (3, "several sessions: 's0', 's1', 's2' (read"),
        (9, "several sessions: 's0', 's1', 's2', … (read"),
    ],
)
def test_of_several_sessions_the_first_three_are_named(
    tmp_path: Path, count: int, told: str
) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(document(f"s{number}") for number in range(count)))
    with pytest.raises(BackendError) as caught:
        replay.load(path)
    assert told in str(caught.value)


def test_standard_input_is_a_source(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.TextIOWrapper(io.BytesIO(b"[]"))
    monkeypatch.setattr(sys, "stdin", stream)
    assert replay.load("-").session_id == "stdin"


#: A backend that keeps its arguments; the test decides which locations it claims.
KEEPS_ARGUMENTS = """
class mine:
    def __init__(self, location, **options):
        self.arguments = (location, options)

    claims = None
"""
CLAIMING = KEEPS_ARGUMENTS.replace(
    "None", "staticmethod(lambda path: path.endswith('.mine'))"
)
RAISING = KEEPS_ARGUMENTS.replace("None", "staticmethod(lambda path: 1 / 0)")


def kind_of(location: str | Path) -> str:
    """Return the name of the backend's class."""
    return type(open_backend(location, {})).__name__


def test_a_file_and_a_directory_have_backends_and_may_name_them(
    tmp_path: Path,
) -> None:
    assert kind_of(tmp_path) == "FixtureDirectoryBackend"
    path = tmp_path / "a.json"
    path.touch()
    assert kind_of(path) == kind_of(str(path)) == "JSONFileBackend"
    assert kind_of(f"fixture_directory:{tmp_path}") == "FixtureDirectoryBackend"
    with pytest.raises(BackendError, match="a directory, not a file or a pipe"):
        kind_of(f"json_file:{tmp_path}")


def test_a_named_backend_gets_the_rest_of_the_location_or_the_url(
    install: Install,
) -> None:
    install("other", KEEPS_ARGUMENTS, backend="mine")
    assert open_backend("mine:a:b", {"x": 1}).arguments == ("a:b", {"x": 1})
    assert open_backend("mine://a/b", {}).arguments == ("mine://a/b", {})


def test_a_backend_with_a_place_of_its_own_may_be_named_alone(install: Install) -> None:
    homely = KEEPS_ARGUMENTS.replace("self, location", "self, location='home'")
    install("other", homely, backend="mine")
    assert open_backend("mine:", {"x": 1}).arguments == ("", {"x": 1})


def test_a_path_object_names_no_backend_and_a_file_may_have_a_colon(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, install: Install
) -> None:
    install("other", KEEPS_ARGUMENTS, backend="mine")
    monkeypatch.chdir(tmp_path)
    for name in ("mine:a", "chat:1"):
        Path(name).touch()
    assert kind_of(Path("mine:a")) == kind_of("chat:1") == "JSONFileBackend"


def test_an_unknown_scheme_is_refused_with_the_backends_that_are_known() -> None:
    with pytest.raises(UnknownNameError) as caught:
        open_backend("jsn_file://a", {})
    assert "no backend 'jsn_file'" in caught.value.reason
    assert "did you mean 'json_file'?" in caught.value.hint
    assert "known: abfs, az, fixture_directory, gcs, gs, http" in caught.value.hint


def test_a_misspelt_format_of_a_location_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError) as caught:
        open_backend("claudecode:a", {})
    assert caught.value.hint == "did you mean 'claude-code'?"


def test_a_format_in_a_file_is_named_before_a_location() -> None:
    examples = Path(__file__).parents[3] / "examples"
    diary = examples / "formats" / "diary.py"
    with replay.open(f"{diary}::Diary:{diary.with_suffix('.jsonl')}") as source:
        assert source.session("diary").format == "Diary"


def test_a_password_in_a_location_that_nobody_serves_is_not_shown() -> None:
    with pytest.raises(UnknownNameError) as caught:
        open_backend("sftp://me:word@host/a", {})
    assert caught.value.reason.startswith("sftp://***@host/a: there is no such file")


def test_the_letter_of_a_drive_is_no_scheme(install: Install) -> None:
    install("other", "C = list", backend="C")
    with pytest.raises(BackendError, match="no such file or directory"):
        open_backend("C:\\sessions.json", {})


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("missing.json", "no such file or directory"),
        ("a.json/b", "not a directory"),
        ("", "a file name is needed"),
        ("a\0b", "embedded null"),
        ("\ud800", "surrogates not allowed"),
        ("x" * 300, "file name too long"),
        ("loop", "too many levels of symbolic links"),
        ("dangling", "no such file or directory"),
    ],
)
def test_what_is_not_there_is_refused_with_the_reason(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, location: str, reason: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.json").touch()
    Path("loop").symlink_to("loop")
    Path("dangling").symlink_to("nowhere")
    with pytest.raises(BackendError, match=reason):
        open_backend(location, {})


def test_another_package_can_claim_a_file_before_ours(
    install: Install, tmp_path: Path
) -> None:
    install("other", CLAIMING, backend="mine")
    for name in ("a.mine", "a.json"):
        (tmp_path / name).touch()
    assert kind_of(tmp_path / "a.mine") == "mine"
    assert kind_of(tmp_path / "a.json") == "JSONFileBackend"


@pytest.mark.parametrize("code", [KEEPS_ARGUMENTS, RAISING, "1 / 0"])
def test_a_backend_that_does_not_claim_or_fails_disturbs_nobody(
    install: Install, tmp_path: Path, code: str
) -> None:
    install("other", code, backend="mine")
    assert kind_of(tmp_path) == "FixtureDirectoryBackend"


def test_where_no_backend_reads_a_path_that_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("sys.path", [])  # nothing is installed
    with pytest.raises(UnknownNameError, match="no backend reads this"):
        open_backend(tmp_path, {})


def test_a_backend_without_a_location_is_refused() -> None:
    for location in "json_file:", "fixture_directory:":
        with pytest.raises(BackendError, match="a location is needed"):
            open_backend(location, {})
