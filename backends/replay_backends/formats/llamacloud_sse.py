"""The service's own stream of server-sent events, as curl saves it."""

from collections.abc import Iterator

from replay.errors import DecodeError
from replay_backends.formats.conversion import Conversion
from replay_backends.formats.head import Head, holds_session
from replay_backends.formats.recording import Recording


class LlamaCloudStream:
    """A stream whose data are our own events, which is read without a conversion."""

    def recognizes(self, head: Head) -> bool:
        """Tell whether a recording is a stream that begins with one of our events."""
        return head.is_stream and holds_session(head)

    def conversions(self, recording: Recording) -> Iterator[Conversion]:
        """Yield nothing; refuse what isn't a stream.

        Raises:
            DecodeError: It isn't one.
        """
        if not recording.head.is_stream:
            reason = "not a stream of server-sent events"
            raise DecodeError(where="", reason=reason, source=recording.text.source)
        return iter(())
