"""What a batch tells of its sessions, without their secrets."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import attrs

import replay
from replay.batch.plugin_specs import has_hook
from replay.cli.redacting import Redaction

_HOOK: Final = "replay_rewrite"


def redactions_of(plugins: Iterable[tuple[str, Mapping[str, str]]]) -> list[Redaction]:
    """Return those of a batch's plugins that rewrite sessions, made anew.

    Args:
        plugins: By name, with their options.

    Raises:
        UnknownNameError, PluginError: As from :func:`replay.load_plugin`.
    """
    return [
        Redaction(replay.load_plugin(name, **options))
        for name, options in plugins
        if has_hook(name, _HOOK)
    ]


def without_secrets(
    report: replay.BatchReport, redactions: Sequence[Redaction]
) -> replay.BatchReport:
    """Return a report whose problems name no secret.

    Args:
        report: What a batch came to.
        redactions: What replaces the secrets, in order.
    """
    problems = report.problems
    for redaction in redactions:
        problems = tuple(
            attrs.evolve(
                each, name=redaction.text(each.name), reason=redaction.text(each.reason)
            )
            for each in problems
        )
    return attrs.evolve(report, problems=problems)
