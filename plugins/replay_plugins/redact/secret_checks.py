"""Checks that tell secrets from text that only looks like one."""

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator
from typing import Final

_GROUP: Final = re.compile(r"\d+")
_LEAST_GROUP: Final = 3  # digits; a card's are never fewer
#: The prefixes of card numbers, each with its lengths.
_ISSUERS: Final = re.compile(
    r"(?:4(?:\d{12}|\d{15}|\d{18})"
    r"|(?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}"
    r"|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11}"
    r"|(?:6011|65\d\d|64[4-9]\d)\d{12}|35(?:2[89]|[3-8]\d)\d{12}"
    r"|62\d{14,17})\Z"
)
#: The length of an account number in each country.
_LENGTHS: Final = {
    country: int(length)
    for country, length in re.findall(
        r"(\w\w)(\d\d)",
        "NO15 BE16 DK18 FI18 FK18 FO18 GL18 NL18 SD18 MK19 SI19 AT20 BA20 EE20 KZ20 "
        "LT20 LU20 MN20 XK20 CH21 HR21 LI21 LV21 BG22 BH22 CR22 DE22 GB22 GE22 IE22 "
        "ME22 RS22 VA22 AE23 GI23 IL23 IQ23 OM23 SO23 TL23 AD24 CZ24 ES24 MD24 PK24 "
        "RO24 SA24 SE24 SK24 TN24 VG24 LY25 PT25 ST25 IS26 TR26 BI27 DJ27 FR27 GR27 "
        "IT27 MC27 MR27 SM27 AL28 AZ28 BY28 CY28 DO28 GT28 HN28 HU28 LB28 NI28 PL28 "
        "SV28 BR29 EG29 PS29 QA29 UA29 JO30 KW30 MU30 YE30 MT31 SC31 LC32 RU33",
    )
}
#: File suffixes that aren't top-level domains.
_FILES: Final = frozenset(
    "avif css gif html jpeg jpg js json pdf png svg txt webp".split()  # noqa: SIM905 - one line
)
_LETTER, _DIGIT = re.compile("[A-Za-z]"), re.compile(r"[0-9]")
_SIGN: Final = re.compile(r"[!#$%^*+~?|@]")
_NO_VALUE: Final = re.compile(
    r"[$%]\{?[A-Z][A-Z0-9_]*\}?|[A-Z_]+|(.)\1*|(?:your|my|the|some)[_-].*|[\d.:,/%-]+"
    r"|(?:process|os|env|self|this|config|settings)\..*|https?://.*",
    re.DOTALL,
)


def has_digit(text: str) -> bool:
    """Tell whether a text holds a digit: words strung together have none."""
    return _DIGIT.search(text) is not None


def looks_random(text: str) -> bool:
    """Tell whether a text isn't a word, a number or a variable's name."""
    word = text.rstrip(".:!?")
    is_mixed = _LETTER.search(word) and (_DIGIT.search(word) or _SIGN.search(word))
    return bool(is_mixed) and not _NO_VALUE.fullmatch(word)


def is_jwt(text: str) -> bool:
    """Tell whether a text holds the header of a JSON Web Token."""
    return any(map(_is_header, text.split(".")))


def _is_header(text: str) -> bool:
    try:
        value = json.loads(_decoded(text))
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and "alg" in value


def is_basic_auth(text: str) -> bool:
    """Tell whether a text holds a user's name and a password."""
    return b":" in _decoded(text)


def is_discord_token(text: str) -> bool:
    """Tell whether a text begins with the number of a user."""
    return _decoded(text.partition(".")[0]).isdigit()


def is_email(text: str) -> bool:
    """Tell whether a text has a name before its @ and isn't a file (``a@2x.png``)."""
    local = text.partition("@")[0].strip("._%+-")
    return local != "" and text.rpartition(".")[2].casefold() not in _FILES


def is_phone(text: str) -> bool:
    """Tell whether a text has a phone number's digits, and isn't a decimal."""
    return len(digits_of(text)) > 7 and text.count(".") != 1  # noqa: PLR2004 - the least, country included


def digits_of(text: str) -> str:
    """Return the digits of a number."""
    return "".join(_DIGIT.findall(text))


def cards(text: str) -> Iterator[tuple[int, int]]:
    """Yield the places of card numbers among digits that may be in groups."""
    groups = [match.span() for match in _GROUP.finditer(text)]
    number = 0
    while number < len(groups):
        last = _last_group_of_card(text, groups, number)
        if last is None:
            number += 1
        else:
            yield groups[number][0], groups[last][1]
            number = last + 1


def _last_group_of_card(
    text: str, groups: list[tuple[int, int]], first: int
) -> int | None:
    digits = ""
    for number, (start, end) in enumerate(groups[first : first + 7], first):
        if end - start < _LEAST_GROUP:
            return None
        digits += text[start:end]
        if is_card(digits):
            return number
    return None


def is_card(digits: str) -> bool:
    """Tell whether digits are the number of a payment card, check digit included."""
    return _ISSUERS.match(digits) is not None and _luhn(digits)


def _luhn(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(map(int, reversed(digits))):
        double = digit * 2 if place % 2 else digit
        total += double - 9 if double > 9 else double  # noqa: PLR2004 - digits
    return total % 10 == 0


def ibans(text: str) -> Iterable[tuple[int, int]]:
    """Return the place of the IBAN at a text's beginning, if its checksum is right."""
    length = _LENGTHS.get(text[:2], 0)
    end = count = 0
    while count < length and end < len(text):
        count += text[end] != " "
        end += 1
    number = text[:end].replace(" ", "")
    is_whole = len(number) == length > 0 and not text[end : end + 1].isalnum()
    return [(0, end)] if is_whole and _mod_97(number) == 1 else []


def _mod_97(number: str) -> int:
    turned = number[4:] + number[:4]
    return int("".join(str(int(character, 36)) for character in turned)) % 97


def _decoded(text: str) -> bytes:
    """Return the data in Base64 of either alphabet; empty if it isn't Base64."""
    text = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""
