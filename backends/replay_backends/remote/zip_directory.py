"""A check of a zip file's directory, its list of members.

``zipfile`` takes whatever the directory seems to hold, so damage could hide members.

Source: PKWARE's APPNOTE 6.3.10, sections 4.3.12 and 4.3.14 to 4.3.16.
"""

import io
import struct
from collections.abc import Sequence
from typing import BinaryIO, Final
from zipfile import BadZipFile, ZipInfo

_ENTRY: Final = 46  # bytes of an entry besides its name, extra field and comment
_END: Final = struct.Struct("<4s4H2LH")
_END_64: Final = struct.Struct("<4sQ2H2L4Q")
_LOCATOR_SIZE: Final = 20  # bytes between the two
_LONGEST_COMMENT: Final = 0xFFFF
_IS_UTF_8: Final = 0x800


def check_directory(file: BinaryIO, members: Sequence[ZipInfo]) -> None:
    """Compare the members found with the end record's count and size of them.

    Args:
        file: The zip file.
        members: Its members, as ``zipfile`` found them.

    Raises:
        BadZipFile: They differ.
    """
    count, size, most = _counted(file)
    found = sum(map(_length, members))
    if (count - len(members)) % (most + 1) or size != found:
        message = (
            f"its directory should have {count} members in {size} bytes, "
            f"not {len(members)} in {found}"
        )
        raise BadZipFile(message)


def _counted(file: BinaryIO) -> tuple[int, int, int]:
    """Return the count and size in the end record, and the most it can count."""
    length = file.seek(0, io.SEEK_END)
    file.seek(max(0, length - _END.size - _LONGEST_COMMENT))
    tail = file.read()
    at = tail.rfind(b"PK\5\6", 0, len(tail) - _END.size + 4)
    *_, count, size, _, _ = _END.unpack_from(tail, at)
    larger = max(0, at - _LOCATOR_SIZE - _END_64.size)
    if tail.startswith(b"PK\6\6", larger, at):
        *_, count, size, _ = _END_64.unpack_from(tail, larger)
        return count, size, 0xFFFF_FFFF_FFFF_FFFF
    return count, size, 0xFFFF


def _length(member: ZipInfo) -> int:
    encoding = "utf-8" if member.flag_bits & _IS_UTF_8 else "cp437"
    name = member.orig_filename.encode(encoding)
    return _ENTRY + len(name) + len(member.extra) + len(member.comment)
