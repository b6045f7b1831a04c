"""What the library logs, as lines of the same form as errors."""

import logging

from replay.cli.failures import say


class LogOutput(logging.Handler):
    """Writes each record as one line to standard error, safe to look at."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record's message, without a traceback."""
        say(record.getMessage(), record.levelname.lower())
