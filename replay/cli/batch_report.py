"""What a batch came to, for people and as JSON."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import attrs

from replay.cli.pace import rate_of
from replay.json_text import write
from replay.sanitizing import escape_json

if TYPE_CHECKING:
    from replay.batch.reports import BatchReport

_TIMED: Final = "seconds"
_MOST: Final = 100  # problems in a report; of isolated failures no number tells more


def summary_of(report: "BatchReport") -> str:
    """Return the numbers of a batch as one line."""
    told = report.replayed + report.known + report.failed + report.quarantined
    rate = report.replayed / report.seconds if report.seconds > 0 else 0.0
    return (
        f"{told:,} {'session' if told == 1 else 'sessions'}: "
        f"{report.replayed:,} replayed now, {report.known:,} known from before, "
        f"{report.failed:,} failed, {report.quarantined:,} quarantined; "
        f"{report.seconds:,.1f} s, {rate_of(rate)}"
    )


def problems_of(report: "BatchReport") -> Iterator[str]:
    """Yield a line for each problem that a report has, and one for those it has not."""
    for each in report.problems:
        fate = ", quarantined" if each.is_quarantined else ""
        yield f"{each.name}: {each.code}{fate}: {each.reason}"
    more = report.failed + report.quarantined - len(report.problems)
    if more > 0:
        yield f"{more:,} more"
    elif len(report.problems) >= _MOST:
        yield "there may be more"


def json_of(report: "BatchReport") -> str:
    """Return a report as a line of JSON.

    All but its last member, the times, is the same whoever did the work.
    """
    said = attrs.asdict(report, recurse=False)
    del said[_TIMED]
    said["problems"] = [
        {
            "session": each.name,
            "code": each.code,
            "reason": each.reason,
            "is_quarantined": each.is_quarantined,
        }
        for each in report.problems
    ]
    said["times"] = {_TIMED: report.seconds}
    return escape_json(write(said).decode()) + "\n"
