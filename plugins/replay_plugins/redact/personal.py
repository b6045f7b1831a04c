"""What identifies a person: addresses, and numbers of phones, cards and accounts."""

from typing import Final

from replay_plugins.redact import secret_checks as checks
from replay_plugins.redact.rules import (
    Rule,
    grouped_capitals,
    grouped_digits,
    rare_signs,
)

#: Letters of alphabets with email addresses, and with blanks between words.
_LETTERS: Final = "A-Za-z\u00c0-\u024f\u0300-\u052f"
#: A row of a table, or the number of a card.
_ROW: Final = r"\d{4}(?: \d{4}){3,}+"

PERSONAL: Final = (
    Rule(
        "email",
        rf"(?<![{_LETTERS}0-9._%+-])[{_LETTERS}0-9._%+-]++"
        rf"@(?:[{_LETTERS}0-9-]++\.)+(?:xn--[A-Za-z0-9-]{{2,60}}|[{_LETTERS}]{{2,24}})"
        rf"(?![{_LETTERS}0-9])",
        "@",
        rare_signs,
        checks.is_email,
        suits=checks.is_no_host,
        normalize=str.casefold,
        sign="@",
    ),
    Rule(
        "phone",
        r"(?<![\w+])\+[1-9](?:[ \u00a0.()/-]{0,2}\d){6,14}(?![\d%])",
        "+",
        rare_signs,
        checks.is_phone,
        suits=checks.is_no_added_line,
        normalize=checks.digits_of,
    ),
    Rule(
        "card",
        rf"(?<![A-Za-z0-9])(?<!\d[.,])(?:{_ROW}(?:[ \t]*\r?\n[ \t]*{_ROW})++"
        r"|\d(?:[ -]?\d){11,}+)",
        "000000000000",
        grouped_digits,
        parts=checks.cards,
        suits=checks.is_no_identifier,
        normalize=checks.digits_of,
    ),
    Rule(
        "iban",
        r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,40}",
        "AAAAAAAAAAAAAAA",
        grouped_capitals,
        parts=checks.ibans,
        allows_overlap=True,
        normalize=lambda text: text.replace(" ", ""),
    ),
)
