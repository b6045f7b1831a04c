"""Session ids that mean something to a file system, a database or a terminal."""

from typing import Final

HOSTILE_IDS: Final = (
    *("", " ", ".", "..", "../x", "../../etc/passwd", "/etc/passwd", "~", "C:\\x"),
    *("CON", "nul.json", "a/b", "a\\b", "a\0b", "a\nb", "a.", ".a", "-a", "*", "?"),
    *("%", "%2e%2e", "%2E%2E", "'; DROP TABLE session; --", "$HOME", "{}", "\x1b[31m"),
    *("\ud800", "\udc80", "\u202e", "a", "A", "é", "e\u0301", "x" * 5000),
)
