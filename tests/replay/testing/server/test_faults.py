"""The names of what can go wrong."""

import pytest

from replay import UnknownNameError
from replay.testing.server.faults import NAMES, Fault, FaultQueue, parse_fault


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("429", Fault("429")),
        ("2x503=1.5", Fault("503", "1.5", 2)),
        ("no-stop", Fault("no-stop")),
        ("1xredirect=http://x:1/a=b", Fault("redirect", "http://x:1/a=b", 1)),
        ("gzip=10000000000", Fault("gzip", "10000000000")),
        (
            "429=Thu, 26 Nov 2026 01:00:00 GMT",
            Fault("429", "Thu, 26 Nov 2026 01:00:00 GMT"),
        ),
        ("redirect=/elsewhere", Fault("redirect", "/elsewhere")),
    ],
)
def test_a_fault_is_read_from_its_text(text: str, fault: Fault) -> None:
    assert parse_fault(text) == fault


@pytest.mark.parametrize("name", NAMES)
def test_each_name_is_a_fault(name: str) -> None:
    value = "=http://localhost" if name == "redirect" else ""
    assert parse_fault(name + value).name == name


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", r"\[TIMESx\]NAME\[=VALUE\]"),
        ("Stall", "not 'Stall'"),
        ("stall=", "not 'stall='"),
        ("stall=-1", "cannot take '-1'"),
        ("stall=inf", "cannot take"),
        ("stall=soon", "cannot take"),
        ("reset=-1", "cannot take"),
        ("reset=1.5", "cannot take"),
        ("reset=\u0661", "cannot take"),
        ("reset=1_0", "cannot take"),
        ("encodings=101", "cannot take '101': it takes 100 at most"),
        ("large-header=1048577", "at most"),
        ("many-headers=10001", "at most"),
        ("gzip=1099511627777", "at most"),
        ("gzip=" + "9" * 5000, "cannot take"),
        ("429=a\r\nX: y", "cannot take"),
        ("429= ", "cannot take"),
        ("503=ü", "cannot take"),
        ("redirect=http://[", "cannot take"),
        ("redirect=http://a\r\nX: y", "cannot take"),
        ("redirect=http://a b", "cannot take"),
        ("\u0661x500", "TIMESx"),
        ("close=1", "takes no value"),
        ("no-stop=1", "takes no value"),
        ("redirect", "needs a value"),
    ],
)
def test_what_is_no_fault_is_refused(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        parse_fault(text)


@pytest.mark.parametrize("text", ["stal", "200", "429x", "600", "9999999999x500"])
def test_an_unknown_name_is_told_the_nearest(text: str) -> None:
    with pytest.raises(UnknownNameError, match="known: bad-chunk"):
        parse_fault(text)


def test_only_what_is_about_events_is_of_streams() -> None:
    of_streams = [name for name in NAMES if Fault(name).is_of_stream]
    assert of_streams == ["duplicate-final", "no-stop"]


def taken(queue: FaultQueue, *, is_stream: bool = False) -> str | None:
    fault = queue.take(is_stream=is_stream)
    return None if fault is None else fault.name


def test_faults_come_one_after_another() -> None:
    queue = FaultQueue(map(parse_fault, ["2xclose", "1xstall"]))
    assert [taken(queue) for _ in range(4)] == ["close", "close", "stall", None]


def test_a_lasting_fault_lasts() -> None:
    queue = FaultQueue([Fault("close")])
    assert [taken(queue) for _ in range(3)] == ["close"] * 3


def test_what_is_added_comes_first_in_its_order() -> None:
    queue = FaultQueue([Fault("close")])
    queue.add(Fault("stall", times=1))
    queue.add(Fault("drip", times=1))
    assert [taken(queue) for _ in range(3)] == ["stall", "drip", "close"]


def test_a_fault_of_streams_is_kept_for_a_stream() -> None:
    queue = FaultQueue([Fault("no-stop", times=1), Fault("close")])
    assert taken(queue) == "close"
    assert taken(queue, is_stream=True) == "no-stop"
    assert taken(queue, is_stream=True) == "close"
