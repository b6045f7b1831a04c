"""What a batch tells of its sessions, without their secrets."""

import attrs

from fake_secrets import SECRETS
from replay import BatchReport, Problem
from replay.cli.redaction import redactions_of, without_secrets

(SECRET,) = SECRETS["llamacloud-key"]
REPORT = BatchReport(
    *(1, 0, 0, 1, 0),
    *(0, 0, 0, 0),
    seconds=0.0,
    problems=(Problem((0, 0), f"of {SECRET}", "decode-error", f"not {SECRET}"),),
)


def test_only_plugins_that_rewrite_are_made() -> None:
    plugins = [("audit_log", {"path": "/nowhere/at/all"}), ("redact", {})]
    assert len(redactions_of(plugins)) == 1


def test_names_and_reasons_are_told_without_secrets() -> None:
    told = without_secrets(REPORT, redactions_of([("redact", {})]))
    assert SECRET in str(REPORT)
    assert SECRET not in str(told)
    assert told.problems[0].name.startswith("of ")


def test_without_redaction_a_report_stays_as_it_is() -> None:
    assert without_secrets(REPORT, []) == attrs.evolve(REPORT)
