"""What a stretch of a history says, to be looked at before anything is cut."""

from collections.abc import Iterator, Sequence

from replay_plugins.redact.finding import Finder
from replay_plugins.redact.gathering import texts_in


class Overview:
    """Takes what a stretch consists of, in order.

    A secret may begin where a message or a run of deltas does, and run through several
    of them. So deltas are joined in each of these ways.
    """

    def __init__(self) -> None:
        self._whole: dict[str, list[str]] = {}
        self._messages: dict[str, list[str]] = {}
        self._runs: list[str] = []
        self._last = ""
        self._others: list[object] = []

    def deltas(self, kind: str, text: str) -> None:
        """Take deltas of one kind that follow each other."""
        self._whole.setdefault(kind, []).append(text)
        self._messages.setdefault(kind, []).append(text)
        if kind != self._last:
            self._runs.append("\n")
            self._last = kind
        self._runs.append(text)

    def end(self) -> None:
        """Take that messages end here, or that a full event comes."""
        self._last = ""
        for texts in self._messages.values():
            texts.append("\n")

    def other(self, value: object) -> None:
        """Take a JSON value by itself."""
        self._others.append(value)

    def may_hold_secrets(self, finder: Finder) -> bool:
        """Tell, quickly, whether there may be secrets in it all."""
        texts, has_secret_key = texts_in(self._others)
        texts += map("".join, self._whole.values())
        return has_secret_key or finder.may_hold(texts, self._again())

    def _again(self) -> Iterator[str]:
        yield from map("".join, self._messages.values())
        yield "".join(self._runs)


def may_hold_secrets(values: Sequence[object], finder: Finder) -> bool:
    """Tell, quickly, whether there may be secrets in JSON values by themselves."""
    overview = Overview()
    for value in values:
        overview.other(value)
    return overview.may_hold_secrets(finder)
