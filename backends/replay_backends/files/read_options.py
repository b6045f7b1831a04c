"""Options for reading files of sessions, wherever they are."""

from typing import Literal, TypeAlias, get_args

import attrs

from replay import Limits
from replay.errors import BackendError, UnsupportedError
from replay_backends.formats.recording import Branches, ImportOptions

#: What NaN and Infinity, which JSON does not have, are read as.
NaN: TypeAlias = Literal["null"]
Keep: TypeAlias = Literal["all"]


@attrs.frozen
class ReadOptions:
    """Options for reading files."""

    strict: bool  #: refuse unknown or malformed events
    limits: Limits
    nan: NaN | None = None  #: what NaN and Infinity are read as; None: refuse them
    format: str | None = None  #: the recordings' format; None: told by their content
    imports: ImportOptions = attrs.field(factory=ImportOptions)


def check_limits(_: object, __: object, value: object) -> None:
    """Raise UnsupportedError for an option ``limits`` that isn't Limits."""
    if not isinstance(value, Limits):
        reason = f"expected replay.Limits, not {type(value).__name__}"
        hint = "give it in Python: replay.open(…, limits=replay.Limits(depth=…))"
        source = "option 'limits'"
        raise UnsupportedError(source, reason, hint)


def _check_word(_: object, field: "attrs.Attribute[str]", value: object) -> None:
    """Raise BackendError for an option whose value isn't one of its words."""
    words = [*get_args(_WORDS[field.name])]
    if value is not field.default and value not in words:
        known = ", ".join(map(repr, words))
        source, reason = (
            f"option {field.name!r}",
            f"must be {known}, or left out, not {value!a}",
        )
        raise BackendError(source, reason)


_WORDS = {"nan": NaN, "keep": Keep, "branches": Branches}


@attrs.define(eq=False)
class FileReader:
    """A reader of files of sessions: the options of all such backends."""

    strict: bool = attrs.field(default=False, kw_only=True)
    limits: Limits = attrs.field(factory=Limits, kw_only=True, validator=check_limits)
    nan: NaN | None = attrs.field(default=None, kw_only=True, validator=_check_word)
    format: str | None = attrs.field(default=None, kw_only=True)
    keep: Keep | None = attrs.field(default=None, kw_only=True, validator=_check_word)
    branches: Branches = attrs.field(
        default="last", kw_only=True, validator=_check_word
    )

    @property
    def read_options(self) -> ReadOptions:
        """Return the options as files take them."""
        imports = ImportOptions(self.keep, self.branches)
        return ReadOptions(self.strict, self.limits, self.nan, self.format, imports)
