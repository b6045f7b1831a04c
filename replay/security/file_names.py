"""Session ids as file names, one to one, on any file system.

A name holds only ``a-z 0-9 . _ - % ~``, so no two are the same even if case and Unicode
forms are ignored, and none leads out of its directory.
"""

import re
from hashlib import sha256
from typing import Final

_LONGEST: Final = 180  # most file systems take 255 bytes; a suffix needs room
_OF_THE_EMPTY_ID: Final = "%"
_UNSAFE: Final = re.compile(rb"[^a-z0-9._-]|\A\.|\.\Z")
_RESERVED: Final = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(?=\.|\Z)")
_ESCAPES: Final = re.compile(r"(?:%[0-9a-f]{2})+")
_CUT_ESCAPE: Final = re.compile(r"%[0-9a-f]?\Z")


def file_name(session_id: str) -> str:
    """Return the name, without a suffix, of the file that holds a session.

    Every unsafe byte becomes ``%`` and two hexadecimal digits. A name longer than 180
    characters is cut, and ends in ``~`` and the id's SHA-256.

    >>> file_name("Köln/1")
    '%4b%c3%b6ln%2f1'
    """
    raw = session_id.encode("utf-8", "surrogatepass")
    name = _UNSAFE.sub(lambda unsafe: b"%%%02x" % unsafe[0][0], raw).decode("ascii")
    if _RESERVED.match(name):  # by Windows, whatever follows the first dot
        name = f"%{ord(name[0]):02x}{name[1:]}"
    if len(name) > _LONGEST:
        digest = f"~{sha256(raw).hexdigest()}"
        name = _CUT_ESCAPE.sub("", name[: _LONGEST - len(digest)]) + digest
    return name or _OF_THE_EMPTY_ID


def session_id_of(stem: str) -> str:
    """Return the session id that a file's name, without its suffix, stands for.

    A name that :func:`file_name` did not make stands for itself, except for any escapes
    in it.

    >>> session_id_of("%4b%c3%b6ln%2f1")
    'Köln/1'
    """
    if stem == _OF_THE_EMPTY_ID:
        return ""
    return _ESCAPES.sub(_unescaped, stem)


def _unescaped(escapes: re.Match[str]) -> str:
    raw = bytes.fromhex(escapes[0].replace("%", ""))
    try:
        return raw.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return escapes[0]
