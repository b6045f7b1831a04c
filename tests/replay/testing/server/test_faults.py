"""Faults: their names, values and order."""

import pytest

from replay import UnknownNameError
from replay.testing.server.faults import NAMES, Fault, FaultQueue, parse_fault

DATE = "Thu, 26 Nov 2026 01:00:00 GMT"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("429", Fault("429")),
        ("2x503=1.5", Fault("503", "1.5", 2)),
        ("no-stop", Fault("no-stop")),
        ("1xredirect=http://x:1/a=b#c", Fault("redirect", "http://x:1/a=b#c", 1)),
        ("redirect=/elsewhere", Fault("redirect", "/elsewhere")),
        ("redirect=https://[::1]", Fault("redirect", "https://[::1]")),
        ("gzip=10000000000", Fault("gzip", "10000000000")),
        ("reset=09", Fault("reset", "09")),
        ("stall=1e3", Fault("stall", "1e3")),
        (f"429={DATE}", Fault("429", DATE)),
    ],
)
def test_a_fault_is_read_from_its_text(text: str, fault: Fault) -> None:
    assert parse_fault(text) == fault


def test_each_name_is_a_fault() -> None:
    for name in NAMES:
        value = "=http://localhost" if name == "redirect" else ""
        assert parse_fault(name + value).name == name


@pytest.mark.parametrize(
    ("problem", "texts"),
    [
        (r"\[TIMESx\]NAME\[=VALUE\], not ''", [""]),
        ("not 'Stall'", ["Stall"]),
        ("not 'stall='", ["stall="]),
        ("TIMESx", ["\u0661x500"]),
        ("cannot take '-1'", ["stall=-1", "reset=-1", "gzip=-1"]),
        ("the fault stall cannot take", [f"stall={v}" for v in ("inf", "nan", "soon")]),
        ("cannot take", [f"reset={v}" for v in ("1.5", "\u0661", "1_0")]),
        ("cannot take", ["stall=" + "9" * 5000, "gzip=" + "9" * 5000]),
        ("cannot take '101': it takes 100 at most", ["encodings=101"]),
        ("at most", ["large-header=1048577", "many-headers=10001"]),
        ("at most", ["gzip=1099511627777"]),
        ("cannot take", [f"429={v}" for v in ("a\r\nX: y", "a\nb", " ", "a ", "\0")]),
        ("cannot take", ["503=ü"]),
        ("cannot take", [f"redirect={v}" for v in ("http://[", "a b", "a\r\nb", "ü")]),
        ("takes no value", ["close=1", "no-stop=1"]),
        ("needs a value", ["redirect"]),
    ],
)
def test_what_is_no_fault_is_refused(problem: str, texts: list[str]) -> None:
    for text in texts:
        with pytest.raises(ValueError, match=problem):
            parse_fault(text)


def test_an_unknown_name_is_told_the_nearest() -> None:
    for text in ("stal", "200", "429x", "600", "9999999999x500"):
        with pytest.raises(UnknownNameError, match="known: bad-chunk"):
            parse_fault(text)


def test_only_two_faults_change_the_events_of_a_stream() -> None:
    change_events = [name for name in NAMES if Fault(name).changes_events]
    assert change_events == ["duplicate-final", "no-stop"]


def taken(queue: FaultQueue, *, is_stream: bool = False) -> str | None:
    fault = queue.take(is_stream=is_stream)
    return None if fault is None else fault.name


def test_faults_come_one_after_another_and_what_is_added_first() -> None:
    queue = FaultQueue(map(parse_fault, ["2xclose", "1xstall", "500"]))
    queue.add(Fault("drip", times=1))
    queue.add(Fault("reset", times=1))
    names = ["drip", "reset", "close", "close", "stall", "500", "500"]
    assert [taken(queue) for _ in names] == names


def test_a_fault_of_streams_is_kept_for_a_stream() -> None:
    queue = FaultQueue([Fault("no-stop", times=1), Fault("close")])
    assert taken(queue) == "close"
    assert taken(queue, is_stream=True) == "no-stop"
    assert taken(queue, is_stream=True) == "close"
