"""What a batch came to."""

import attrs

from replay.batch.tasks import Problem


@attrs.frozen
class BatchReport:
    """What a batch came to: this run of it, and those before that it goes on from."""

    sessions: int  #: of the location, or the shard: the sum of the next four
    replayed: int  #: in this run
    known: int  #: from an earlier run, since neither they nor the plugins have changed
    failed: int  #: could not be replayed
    quarantined: int  #: took their worker down, and again when alone
    turns: int  #: of the sessions replayed or known, as the next three
    events: int
    messages: int
    diagnostics: int
    seconds: float  #: that this run took
    problems: tuple[Problem, ...] = ()  #: the first 100, in the order of the sessions
