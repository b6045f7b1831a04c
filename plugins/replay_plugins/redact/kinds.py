"""What a kind of secret is."""

import re
from collections.abc import Callable, Iterable
from typing import Final, TypeAlias

import attrs

from replay_plugins.redact.outlines import Outline

#: Tells which parts of a match are secrets; none: it was a false alarm.
Check: TypeAlias = Callable[[str], Iterable[tuple[int, int]]]
#: No letter or digit before it, but for what stands for a character in a quoted text.
ALONE: Final = r"(?:(?<![A-Za-z0-9])|(?<=\\[nrt])|(?<=%[0-9A-Fa-f]{2}))"
#: No letter or digit after it.
ENDS: Final = r"(?![A-Za-z0-9])"


@attrs.frozen(kw_only=True)
class Rule:
    """One kind of secret.

    A pattern takes linear time on any text: its repetitions are possessive, or have an
    upper bound.
    """

    name: str  #: as reports have it; in capitals, it begins the pseudonym
    pattern: re.Pattern[str]  #: its group ``secret``, or all of it, is the secret
    #: words of which each such secret holds one
    keywords: tuple[str, ...] = ()
    outline: Outline | None = None  #: what each such secret holds, too
    check: Check | None = None  #: None: whatever matches is one
    #: True: what of a match is no secret may hold another; it has an upper bound
    is_short: bool = False
    #: what is the same for every spelling of a secret; None: there is one spelling
    normal: Callable[[str], str] | None = None

    @property
    def label(self) -> str:
        """Return what a pseudonym of this kind begins with."""
        return re.sub(r"[^A-Z0-9]+", "_", self.name.upper())


def rule(  # noqa: PLR0913 - the columns of the table
    name: str,
    pattern: str,
    *keywords: str,
    outline: Outline | None = None,
    check: Check | None = None,
    is_short: bool = False,
    normal: Callable[[str], str] | None = None,
) -> Rule:
    """Return a row of the table; its pattern knows ASCII only."""
    return Rule(
        name=name,
        pattern=re.compile(pattern, re.ASCII),
        keywords=keywords,
        outline=outline,
        check=check,
        is_short=is_short,
        normal=normal,
    )
