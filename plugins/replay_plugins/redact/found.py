"""Where a secret is in a text."""

import attrs

from replay_plugins.redact.kinds import Rule


@attrs.frozen
class Found:
    """A stretch of a text that is secret."""

    start: int
    end: int
    rule: Rule
    value: str  #: what is the same for every spelling of the secret
