"""Turns that go on by the clock."""

import replay
from replay.testing.server.store import Run, new_session

STOP = replay.Stop(replay.Usage(turns=2, duration_ms=5.0), is_error=True, error="Oh.")
EVENTS = (replay.TextDelta("a"), replay.TextDelta("b"), STOP)


def run(*due: float, prompt: str = "Well?") -> Run:
    return Run(prompt, ("idx-1",), EVENTS, due, started=100.0, updated="2026-01-01")


def test_a_turn_that_does_not_wait_is_whole_at_once() -> None:
    assert run().events_at(100.0) == EVENTS


def test_a_turn_is_as_long_as_its_time() -> None:
    lengths = [len(run(0, 1, 2).events_at(100.0 + time)) for time in (0, 0.9, 1, 9)]
    assert lengths == [1, 1, 2, 3]


def test_a_turn_that_has_ended_is_the_latest_job() -> None:
    session = run(0, 1, 2).change_header(new_session(None, None), 102.0)
    job = session.job_metadata
    assert job is not None
    assert (job.turns, job.error, job.export_config_ids) == (2, "Oh.", ("idx-1",))
    assert job.as_object()["total_input_tokens"] is None


def test_a_turn_that_goes_on_is_not() -> None:
    session = run(0, 1, 2).change_header(new_session(None, None), 101.0)
    assert session.job_metadata is None
    assert (session.last_updated_at, session.index_ids) == ("2026-01-01", ("idx-1",))


def test_what_a_session_is_called_and_bound_to_stays() -> None:
    session = replay.Session("s", generated_title="Title", index_ids=("idx-0",))
    after = run().change_header(session, 100.0)
    assert (after.generated_title, after.index_ids) == ("Title", ("idx-0",))


def test_a_long_prompt_makes_a_short_title() -> None:
    session = run(prompt="x" * 60).change_header(new_session(None, None), 100.0)
    assert session.generated_title == "x" * 50 + "..."


def test_new_sessions_have_ids_of_their_own() -> None:
    ids = {new_session(None, None).session_id for _ in range(100)}
    assert len(ids) == 100
    assert all(each.startswith("ses-") for each in ids)
