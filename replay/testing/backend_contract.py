"""The contract of backends, as a suite of tests to subclass."""

import io
import pickle
from collections import Counter
from collections.abc import Iterator
from functools import partial
from itertools import chain, islice, zip_longest
from unittest import SkipTest

import attrs

from replay.codec.reader import read_sessions
from replay.codec.stored_history import SourceText
from replay.codec.writer import dumps
from replay.errors import SessionNotFoundError, UnsupportedError, words_of
from replay.model.events import Text
from replay.model.sessions import Session
from replay.sources.protocols import (
    Backend,
    BulkBackend,
    Portion,
    PortionedBackend,
    Stored,
    WritableBackend,
)
from replay.testing.histories import HOSTILE_IDS, odd_histories


def violation(session_id: str | None, fault: str, advice: str) -> AssertionError:
    """Return the error for a violation of a law: the session, the fault, and advice."""
    place = "" if session_id is None else f"session {session_id!a}: "
    return AssertionError(f"{place}{fault} ({advice})")


class BackendContract:
    """Tests that a backend returns its sessions whole, in order, and unchanged.

    Subclass it in your tests. The fixture ``backend`` returns an opened backend that
    holds at least one session::

        class TestMyBackend(BackendContract):
            @pytest.fixture
            def backend(self, tmp_path: Path) -> Backend:
                return MyBackend(...)

    ``sessions()``, ``write()`` and ``portions()`` are tested if the backend has them.
    """

    def reopen(self, backend: Backend) -> Backend:
        """Return a newly opened backend of the same place, with all that was written.

        Override it if the place outlives *backend*, which is returned by default.
        """
        return backend

    def test_its_summaries_are_the_same_each_time(self, backend: Backend) -> None:
        """Check that two walks, even at once, give the same order."""
        first = list(backend.summaries())
        if not first:
            raise violation(None, "there is no session", "give one, to try it on")
        at_once = list(zip_longest(backend.summaries(), backend.summaries()))
        if first != list(backend.summaries()) or at_once != [(s, s) for s in first]:
            fault = "two walks over summaries() differ"
            raise violation(None, fault, "sort them, and let walks share nothing")

    def test_a_session_is_what_its_summary_says(self, backend: Backend) -> None:
        """Check the header; if an id occurs twice, that of the first."""
        first = {each.session_id: each for each in reversed([*backend.summaries()])}
        for session_id, summary in first.items():
            if backend.session(session_id).summary() != summary:
                fault = "session() and summaries() differ"
                raise violation(session_id, fault, "make both of one header")

    def test_events_can_be_walked_again(self, backend: Backend) -> None:
        """Check that events are a sequence that can be iterated again."""
        for summary in backend.summaries():
            events = backend.session(summary.session_id).events
            first = list(events)
            if len(events) != len(first) or first != list(events):
                fault = "two walks over its events, or their length, differ"
                raise violation(summary.session_id, fault, "give a sequence")

    def test_a_session_survives_writing(self, backend: Backend) -> None:
        """Check that a session can be written and loaded again unchanged."""
        for summary in backend.summaries():
            session = backend.session(summary.session_id)
            if not _is_same(session, _written_and_read(session)):
                fault = "written and read, it is another"
                raise violation(summary.session_id, fault, "decode with replay.loads")

    def test_an_unknown_id_is_not_found(self, backend: Backend) -> None:
        """Check that every unknown id, however hostile, raises the right error."""
        known = {each.session_id for each in backend.summaries()}
        near = {f"{each} " for each in known} | {f"./{each}" for each in known}
        for session_id in sorted({*HOSTILE_IDS, *near} - known):
            try:
                backend.session(session_id)
            except SessionNotFoundError:
                continue
            except Exception as error:
                fault = f"session() raised {words_of(error)}"
                advice = "raise SessionNotFoundError"
                raise violation(session_id, fault, advice) from error
            fault = "session() returned what summaries() does not have"
            raise violation(session_id, fault, "raise SessionNotFoundError")

    def test_closing_twice_is_harmless(self, backend: Backend) -> None:
        """Check that ``close()`` can be called again."""
        backend.close()
        try:
            backend.close()
        except Exception as error:
            fault = f"the second close() raised {words_of(error)}"
            raise violation(
                None, fault, "do nothing if it is already closed"
            ) from error

    def test_sessions_are_those_of_the_summaries(self, backend: Backend) -> None:
        """Check ``sessions()``, if the backend has it."""
        if not isinstance(backend, BulkBackend):
            reason = "this backend has no sessions()"
            raise SkipTest(reason)
        pairs = zip_longest(backend.sessions(), backend.summaries())
        for number, (session, summary) in enumerate(pairs):
            if session is None or session.summary() != summary:
                fault = f"sessions() and summaries() differ at number {number}"
                raise violation(None, fault, "yield the same ones in the same order")

    def test_portions_hold_the_sessions(self, backend: Backend) -> None:
        """Check ``portions()`` and ``stored()``, if the backend has them.

        Portions are read in reverse order, by a newly opened backend.
        """
        portioned = _portioned(self.reopen(backend))
        sent = pickle.loads(pickle.dumps(_portions(backend)))  # noqa: S301 - just made
        read = [[each.read() for each in portioned.stored(one)] for one in sent[::-1]]
        found = [*chain(*reversed(read))]
        if [each.summary() for each in found] != [*backend.summaries()]:
            fault = "summaries() and what is stored in its portions differ"
            raise violation(None, fault, "yield the same ones in the same order")
        first = {each.session_id: each for each in reversed(found)}
        for session_id, session in first.items():
            if not _is_same(session, backend.session(session_id)):
                fault = "session() and what is stored differ"
                raise violation(session_id, fault, "decode both alike")

    def test_a_digest_stands_for_a_session(self, backend: Backend) -> None:
        """Check that name and digest identify a stored session."""
        stored, again = _stored(backend), _stored(backend)
        if [each.digest for each in stored] != [each.digest for each in again]:
            fault = "two walks over what is stored give other digests"
            raise violation(None, fault, "hash what is stored, and nothing else")
        known: dict[tuple[str, bytes], Session] = {}
        for each in stored:
            session = each.read()
            other = known.setdefault((each.name, each.digest), session)
            if len(each.digest) != each.digest_size or not _is_same(session, other):
                fault = "its digest is not its own, or not of 16 bytes"
                raise violation(
                    session.session_id, fault, "hash all that is stored of it"
                )

    def test_what_is_written_is_there(self, backend: Backend) -> None:
        """Check ``write()``, if there is one, with odd histories and hostile ids."""
        writable = _writable(backend)
        there = [each.session_id for each in backend.summaries()]
        expected = {each: backend.session(each) for each in there}
        for session in _odd_sessions():
            if session.session_id not in there:
                writable.write(session)
                expected[session.session_id] = session
        again = self.reopen(backend)
        for session_id, session in expected.items():
            if not _is_same(again.session(session_id), session):
                advice = "write with replay.dump, each id to a place of its own"
                raise violation(session_id, "it is not what was written", advice)
        listed = Counter(each.session_id for each in again.summaries())
        if listed != Counter(there) + Counter(expected.keys() - there):
            fault = "summaries() does not have what was written, each once"
            raise violation(None, fault, "list what was written")

    def test_writing_again_replaces(self, backend: Backend) -> None:
        """Check that the later of two sessions with one id replaces the first."""
        writable = _writable(backend)
        for session in islice(_odd_sessions(), 3):
            later = attrs.evolve(session, events=(*session.events, Text("Later.")))
            writable.write(session)
            writable.write(later)
            again = self.reopen(backend)
            ids = [each.session_id for each in again.summaries()]
            kept = again.session(session.session_id)
            if ids.count(session.session_id) != 1 or not _is_same(kept, later):
                fault = "written twice, it is not the later one, once"
                raise violation(
                    session.session_id, fault, "keep one session of each id"
                )


def _writable(backend: Backend) -> WritableBackend:
    if isinstance(backend, WritableBackend):
        return backend
    reason = "this backend cannot write"
    raise SkipTest(reason)


def _portioned(backend: Backend) -> PortionedBackend:
    if isinstance(backend, PortionedBackend):
        return backend
    reason = "this backend has no portions()"
    raise SkipTest(reason)


def _portions(backend: Backend) -> list[Portion]:
    try:
        return list(_portioned(backend).portions())
    except UnsupportedError as error:
        reason = f"this backend cannot be shared out: {error}"
        raise SkipTest(reason) from error


def _stored(backend: Backend) -> list[Stored]:
    portioned = _portioned(backend)
    return [each for one in _portions(backend) for each in portioned.stored(one)]


def _odd_sessions() -> Iterator[Session]:
    """Yield odd histories, then one of them with every hostile id."""
    histories = list(odd_histories(longest=200))
    yield from histories
    for session_id in HOSTILE_IDS:
        yield attrs.evolve(histories[-1], session_id=session_id)


def _written_and_read(session: Session) -> Session:
    text = SourceText(partial(io.BytesIO, dumps(session)))
    return next(read_sessions(text, session_id=session.session_id))


def _is_same(session: Session, other: Session) -> bool:
    return session == other and dumps(session) == dumps(other)
