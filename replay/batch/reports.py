"""What a batch came to."""

import attrs

from replay.batch.tasks import Problem


@attrs.frozen
class BatchReport:
    """What a batch came to: this run of it, and those before that it goes on from."""

    sessions: int  #: that count: replayed in this run, or known from an earlier one
    replayed: int  #: in this run
    known: int  #: from an earlier run, since neither they nor the plugins have changed
    failed: int  #: could not be replayed
    quarantined: int  #: took their worker down, and again when alone; not in *failed*
    turns: int
    events: int
    messages: int
    diagnostics: int
    seconds: float  #: that this run took
    problems: tuple[Problem, ...] = ()  #: the first 100, in the order of the sessions
