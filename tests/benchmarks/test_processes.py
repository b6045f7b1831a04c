import subprocess

import pytest

from benchmarks.processes import cost, cost_in_turn

ALLOCATE = "data = b'x' * 200_000_000"


def test_a_peak_holds_what_the_command_allocated() -> None:
    assert 200 < cost(["-c", ALLOCATE]).peak < 300


def test_a_peak_does_not_hold_what_this_process_has() -> None:
    ours = b"x" * 200_000_000
    assert cost(["-c", "pass"]).peak < 100
    del ours


def test_time_is_counted_with_and_without_waiting() -> None:
    taken = cost(["-c", "import select; select.select([], [], [], 0.5)"])
    assert taken.seconds > 0.5
    assert 0 < taken.cpu < taken.seconds


def test_output_is_thrown_away(capfd: pytest.CaptureFixture[str]) -> None:
    cost(["-c", "print('much')"])
    assert capfd.readouterr() == ("", "")


def test_a_command_that_fails_is_an_error_with_what_it_said() -> None:
    with pytest.raises(subprocess.CalledProcessError) as raised:
        cost(["-c", "import sys; sys.exit('no such file')"])
    assert raised.value.returncode == 1
    assert "no such file" in raised.value.__notes__[0]


@pytest.mark.slow
def test_commands_take_turns() -> None:
    small, large = cost_in_turn(
        ["-c", "pass"], ["-c", ALLOCATE], seconds=0.0, value=lambda cost: cost.peak
    )
    assert all(one.peak < other.peak for one, other in zip(small, large, strict=True))
