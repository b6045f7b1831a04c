"""Named Ed25519 keys, which sign notes and check their signatures.

Importing it needs the extra ``audit``; notes without signatures don't need it.

Source: C2SP, signed-note; the texts of keys are those of Go's
``golang.org/x/mod/sumdb/note``. A signature has its key's name and id, which is four
bytes of a hash of the name and the key.
"""

from base64 import b64encode
from hashlib import sha256
from typing import Final, Literal, TypeAlias

import attrs

from replay.errors import DecodeError, UnsupportedError
from replay_plugins.audit_log.format.checkpoints import (
    ID_BYTES,
    Note,
    Signature,
    decode_base64,
    is_name,
)

try:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )
    from cryptography.hazmat.primitives.serialization import (
        load_pem_private_key,
        load_pem_public_key,
    )
except ImportError as error:
    raise UnsupportedError(
        source="signatures",
        reason="cryptography is needed, and cannot be imported",
        hint='pip install "chat-replay[audit]"',
    ) from error

#: A key's signature of a note: valid; by somebody else in its name; or missing.
Signed: TypeAlias = Literal["valid", "invalid", "absent"]

_ED25519: Final = b"\1"
_KEY_BYTES: Final = 32
_PRIVATE: Final = "PRIVATE+KEY+"
_PEM: Final = "-----BEGIN "
_PRIVATE_PEM: Final = b"PRIVATE KEY-----"
_MAKE_KEYS: Final = "replay audit keygen makes a pair of keys"
_GIVE_PUBLIC: Final = "give the public one; replay audit public-key FILE prints it"
PEM_NAME: Final = "chat-replay"  #: of a key in PEM, which has no name of its own


@attrs.frozen
class Verifier:
    """A public key, which checks its owner's signatures."""

    name: str  #: not empty; neither white space nor a plus
    key: bytes  #: 32 bytes

    @classmethod
    def from_text(cls, text: str) -> "Verifier":
        """Return the key in a text such as ``name+c74f20a3+ARpc2Qc…``, or in PEM.

        Raises:
            DecodeError: It isn't such a text or an Ed25519 key, or its id isn't its
                own.
        """
        text = text.strip()
        if text.startswith(_PRIVATE):
            raise _bad_key(reason="this is the private key", hint=_GIVE_PUBLIC)
        if text.startswith(_PEM):
            return cls(PEM_NAME, _key_of_pem(text.encode()))
        name, key_id, key = _fields(text)
        verifier = cls(name, key)
        _check_id(verifier, key_id)
        return verifier

    @property
    def key_id(self) -> bytes:
        """Return the 4 bytes that identify the key in a signature."""
        named = f"{self.name}\n".encode() + _ED25519 + self.key
        return sha256(named).digest()[:ID_BYTES]

    def check(self, note: Note) -> Signed:
        """Return the state of this key's signature of a note.

        Only the first signature with a key's name and id counts, as in Go.
        """
        for each in note.signatures:
            if (each.name, each.key_id) == (self.name, self.key_id):
                public = Ed25519PublicKey.from_public_bytes(self.key)
                try:
                    public.verify(each.signature, note.text.encode())
                except InvalidSignature:
                    return "invalid"
                return "valid"
        return "absent"

    def __str__(self) -> str:
        return _text(self, self.key)


@attrs.frozen
class Signer:
    """A private key, and the name that it signs as."""

    name: str  #: not empty; neither white space nor a plus
    seed: bytes = attrs.field(repr=False)  #: 32 bytes, secret

    @classmethod
    def generate(cls, name: str) -> "Signer":
        """Return a new key.

        Raises:
            DecodeError: It cannot be a name.
        """
        _check_name(name)
        return cls(name, Ed25519PrivateKey.generate().private_bytes_raw())

    @classmethod
    def from_text(cls, text: str, name: str | None = None) -> "Signer":
        """Return the key in ``PRIVATE+KEY+name+…`` or PEM text.

        Args:
            text: The content of the key's file.
            name: The name for a key in PEM; the other form has its own.

        Raises:
            DecodeError: It isn't such a text or an Ed25519 key, or has no name.
        """
        text = text.strip()
        if text.startswith(_PEM):
            _check_name(name or "")
            return cls(name or "", _seed_of_pem(text.encode()))
        if not text.startswith(_PRIVATE):
            raise _bad_key(reason=f"neither {_PRIVATE}… nor PEM")
        signs_for, key_id, seed = _fields(text.removeprefix(_PRIVATE))
        signer = cls(signs_for, seed)
        _check_id(signer.verifier(), key_id)
        return signer

    def verifier(self) -> Verifier:
        """Return the public key that checks this one's signatures."""
        return Verifier(self.name, self._private().public_key().public_bytes_raw())

    def sign(self, text: str) -> Signature:
        """Return the signature of a note's text."""
        key_id, signed = self.verifier().key_id, self._private().sign(text.encode())
        return Signature(self.name, key_id, signed)

    def private_text(self) -> str:
        """Return the key's secret text, for :meth:`from_text`."""
        return _PRIVATE + _text(self.verifier(), self.seed)

    def _private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)


def _fields(text: str) -> tuple[str, str, bytes]:
    """Return the name, the id in hex, and the 32 bytes in a key's text."""
    name, _, rest = text.partition("+")
    key_id, _, encoded = rest.partition("+")
    _check_name(name)
    key = decode_base64(encoded)
    if not key.startswith(_ED25519) or len(key) != len(_ED25519) + _KEY_BYTES:
        raise _bad_key(reason="no Ed25519 key in base64")
    return name, key_id, key.removeprefix(_ED25519)


def _text(verifier: Verifier, key: bytes) -> str:
    encoded = b64encode(_ED25519 + key).decode()
    return f"{verifier.name}+{verifier.key_id.hex()}+{encoded}"


def _seed_of_pem(pem: bytes) -> bytes:
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _bad_key(reason="PEM that cannot be read without a password") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise _bad_key(reason="not an Ed25519 key")
    return key.private_bytes_raw()


def _key_of_pem(pem: bytes) -> bytes:
    try:
        key = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm) as error:
        reason = "PEM without a public key"
        if _PRIVATE_PEM in pem:
            reason, hint = f"{reason}: this is the private key", _GIVE_PUBLIC
            raise _bad_key(reason=reason, hint=hint) from error
        raise _bad_key(reason=reason) from error
    if not isinstance(key, Ed25519PublicKey):
        raise _bad_key(reason="not an Ed25519 key")
    return key.public_bytes_raw()


def _check_name(name: str) -> None:
    if not is_name(name):
        reason = "no name: white space and + cannot stand in it"
        raise _bad_key(reason=reason)  # the text itself may be a secret


def _check_id(verifier: Verifier, key_id: str) -> None:
    if verifier.key_id.hex() != key_id:
        raise _bad_key(reason="its id does not belong to its name and key")


def _bad_key(*, reason: str, hint: str = _MAKE_KEYS) -> DecodeError:
    return DecodeError("key", reason, hint=hint)
