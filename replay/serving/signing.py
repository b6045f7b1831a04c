"""URLs that are good for a while, and only as they were given out."""

import hmac
from hashlib import sha256
from urllib.parse import urlencode

import attrs


@attrs.frozen
class Signer:
    """Signs the names of attachments.

    Args:
        secret: What only the server knows.
    """

    secret: bytes = attrs.field(repr=False)

    def query(self, source_id: str, name: str, expires: int) -> str:
        """Return the query of a URL that is good until *expires*, in Unix time."""
        signature = self._signature(source_id, name, str(expires))
        return urlencode({"expires": expires, "signature": signature})

    def is_good(
        self, source_id: str, name: str, expires: str, signature: str, now: float
    ) -> bool:
        """Tell whether a URL was given out, and has not expired."""
        expected = self._signature(source_id, name, expires)
        is_ours = hmac.compare_digest(expected.encode(), signature.encode())
        return is_ours and now < int(expires)

    def _signature(self, source_id: str, name: str, expires: str) -> str:
        text = f"{source_id}\0{name}\0{expires}"
        message = text.encode("utf-8", "surrogatepass")
        return hmac.new(self.secret, message, sha256).hexdigest()
