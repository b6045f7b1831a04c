"""A number with each result, by which a damaged one is found out.

SQLite sees where its own structures are damaged, not where what they hold is.
"""

from zlib import crc32


def checksum(*columns: object) -> int | None:
    """Return the number that belongs to a result.

    Args:
        columns: The number of its plugins, key, session id, four counts, values. None
            is returned where one of them is of another type, or a number below zero.

    >>> checksum(1, b"key", b"ses-1", 3, 40, 9, 0, b"[1]")
    1554907110
    """
    plugins, key, session_id, *counts, values = columns
    numbers = (plugins, *counts)
    if not all(isinstance(each, int) and each >= 0 for each in numbers):
        return None
    start = crc32(repr(numbers).encode())
    try:
        return crc32(values, crc32(session_id, crc32(key, start)))  # type: ignore[arg-type]  # or a TypeError
    except TypeError:
        return None
