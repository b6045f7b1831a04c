"""Checks that tell secrets from text that only looks like one."""

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final

PSEUDONYM: Final = re.compile(r"<[A-Z0-9_]+(?:_[0-9a-f]+)?>")
_GROUP, _ROW = re.compile(r"\d+"), re.compile(r"[^\n]+")
_NEAR: Final = 64  # characters around a secret that tell whether it is one
#: A letter, a digit, or a hyphen and a word of hexadecimal digits.
_WORD_AFTER: Final = re.compile(r"[A-Za-z0-9]|-[0-9a-fA-F]+(?![A-Za-z0-9])")
_WORD_BEFORE: Final = re.compile(
    r"(?:[A-Za-z0-9]|(?<![A-Za-z0-9])[0-9a-fA-F]{1,64}-)\Z"
)
#: Accounts that a machine's host has.
_ACCOUNTS: Final = frozenset(
    "git hg svn root ubuntu ec2-user centos debian vagrant postgres www-data".split()  # noqa: SIM905 - one line
)
_IN_URL: Final = re.compile(r"://[^\s/?#\"'<>]*\Z")
_NEXT_AT: Final = re.compile(r"[^\s/?#\"'<>@]*@")
_PATH: Final = re.compile(r":[~/]")  # as in scp, and in a shell's prompt
_PATCH: Final = ("-", "@@")  # how the lines before and after begin
_SHORT_PHONE: Final = 10  # characters of +12345678 and of what is even shorter
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
_LONG_NUMBER: Final = re.compile(r"\d{15,40}")
_LONG_WORD, _STRONG, _COMMAND = 16, 16, 2000  # characters
_STRONG_DIGITS: Final = 3
_LEAST_COOKIE: Final = 4  # characters
_VARIABLE: Final = re.compile(
    r"[$%#]?\{{1,2}[\w.:\[\]-]*\}{1,2}|\$(?:[A-Z][A-Z0-9_]*|[a-z_]+)|\[.*"
)
_FETCHES: Final = re.compile(r"\b(?:curl|wget|https?ie?|xh)\b")
#: Of an alphabet with blanks between words.
_LETTER: Final = re.compile("[A-Za-z\u00c0-\u052f]")
_DIGIT: Final = re.compile(r"[0-9]")
_SIGN: Final = re.compile(r"[!#$%^*+~?|@]")
_NO_VALUE: Final = re.compile(
    r"[$%]\{?(?:[A-Z][A-Z0-9_]*|[a-z_.]+)\}?%?|[A-Z_]+|(.)\1*|(?:your|my|the|some|example|dummy|fake)[_-].*"
    r"|(?:process|os|env|self|this|config|settings|secrets?|vars?|args|options|params"
    r"|data|request|req|ctx|app)\..*|[a-z]+://.*|[\d.:,/%+-]{0,14}|\d\d\d\d-\d\d-.*|(?:\.{0,2}|~)/[a-z0-9_./-]*"
    r"|(?:change.?(?:me|it)|x{3,}.*|none|null|nil|true|false|undefined|redacted|example)\W*"
    r"|[*.]{3,}.*|.*(?:\.\.\.|\*\*\*|xxxx|XXXX)|<[A-Z0-9_]+>",
    re.DOTALL,
)
#: A name in a program, with the names of what it belongs to.
_NAMES: Final = re.compile(
    r"[A-Za-z_]+(?:\d{1,3}[A-Za-z_]*)?(?:\.[A-Za-z_]\w*)+|#[0-9a-f]{6}"
)
_ITEM: Final = re.compile(r"[^\s\\\"'`,]{6,}")
#: Words that say what a value is, instead of the value.
_SAYS: Final = re.compile(
    r"pass(?:word|wd|phrase)|secret|token|credential|auth|(?<![a-z])(?:pass|key)(?![a-z])",
    re.IGNORECASE,
)
_PHRASE: Final = re.compile(r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+){2,}")
_KIND: Final = re.compile(r"\bkind:[ \t]*[\"']?secret\b", re.IGNORECASE)


def has_digit(text: str) -> bool:
    """Tell whether a text holds a digit: words strung together have none."""
    return _DIGIT.search(text) is not None


def is_made(text: str) -> bool:
    """Tell whether a text has a digit or mixes cases: words strung together don't."""
    return has_digit(text) or not (text.islower() or text.isupper())


def is_no_pseudonym(text: str) -> bool:
    """Tell whether a text isn't what a secret was replaced with."""
    return not PSEUDONYM.fullmatch(text)


def is_no_placeholder(text: str) -> bool:
    """Tell whether a text is a value, and not a variable or a placeholder."""
    return not _NO_VALUE.fullmatch(text)


def is_no_variable(text: str) -> bool:
    """Tell whether a text isn't a variable of a program (``{password}``, ``$PW``)."""
    return not _VARIABLE.fullmatch(text)


def is_cookie(text: str) -> bool:
    """Tell whether one of the values in pairs could be a session's."""
    values = [pair.partition("=")[2] for pair in text.split(";")]
    return any(len(each) >= _LEAST_COOKIE and has_digit(each) for each in values)


def looks_random(text: str) -> bool:
    """Tell whether a text isn't a word, a number or a variable's name."""
    word = text.rstrip(".:!?")
    is_mixed = _LETTER.search(word) and (_DIGIT.search(word) or _SIGN.search(word))
    is_random = bool(is_mixed or _LONG_NUMBER.fullmatch(word))
    return is_random and is_no_placeholder(word) and not _NAMES.fullmatch(word)


def has_random_digits(text: str) -> bool:
    """Tell whether a text looks random, and not only for a sign (``@property``)."""
    return has_digit(text) and looks_random(text)


def is_argument(text: str) -> bool:
    """Tell whether an argument of a command is a secret, not the next word."""
    return looks_random(text) or text.isdigit() or is_passphrase(text)


def is_assigned(text: str) -> bool:
    """Tell whether what is certainly a secret's value is one, and doesn't say so."""
    return is_no_placeholder(text) and not _SAYS.search(text)


def is_passphrase(text: str) -> bool:
    """Tell whether a text is three words or more, with hyphens between them."""
    return _PHRASE.fullmatch(text) is not None and is_assigned(text)


def is_in_header(text: str) -> bool:
    """Tell whether the value of a header is a secret, not the next word."""
    return is_credential(text) or is_passphrase(text)


def random_words(text: str) -> Iterator[tuple[int, int]]:
    """Yield the places of secrets in a list of words."""
    for word in _ITEM.finditer(text):
        if looks_random(word[0]):
            yield word.span()


def is_credential(text: str) -> bool:
    """Tell whether a text is one word that isn't a word of a language."""
    return looks_random(text) or (
        len(text) >= _LONG_WORD
        and " " not in text
        and is_made(text)
        and is_no_placeholder(text)
    )


def is_strong(text: str) -> bool:
    """Tell whether a text has as many characters and digits as a key."""
    is_long = len(text) >= _STRONG and len(digits_of(text)) >= _STRONG_DIGITS
    return is_long and looks_random(text)


def is_no_call(text: str, _: int, end: int) -> bool:
    """Tell whether a value isn't the name of a function that is called."""
    return text[end : end + 1] != "("


def is_after_curl(text: str, start: int, _: int) -> bool:
    """Tell whether an argument belongs to a command that fetches a page."""
    return _FETCHES.search(text, max(0, start - _COMMAND), start) is not None


def is_in_kubernetes_secret(text: str, start: int, end: int) -> bool:
    """Tell whether a value stands in the data of a secret of Kubernetes."""
    around = text[max(0, start - _COMMAND) : end + _COMMAND]
    return "data:" in around and _KIND.search(around) is not None


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
    local = text.partition("@")[0].strip("._%+-").casefold()
    suffix = text.rpartition(".")[2].casefold()
    return local != "" and local not in _ACCOUNTS and suffix not in _FILES


def is_no_host(text: str, start: int, end: int) -> bool:
    """Tell whether an address isn't a host: of a URL, of a shell, or of a handle."""
    before, after = text[max(0, start - _NEAR) : start], text[end : end + _NEAR]
    is_url = _IN_URL.search(before) and not _NEXT_AT.match(after)
    return not (is_url or before.endswith("@") or _PATH.match(after))


def is_phone(text: str) -> bool:
    """Tell whether a text has a phone number's digits, and isn't a decimal."""
    return len(digits_of(text)) > 7 and text.count(".") != 1  # noqa: PLR2004 - the least, country included


def is_no_added_line(text: str, start: int, end: int) -> bool:
    """Tell whether a number isn't a line that a patch adds."""
    is_line = start == 0 or text[start - 1] == "\n"
    if not is_line or not text[start + 1 : end].isdigit():
        return True
    before = text.rfind("\n", 0, max(0, start - 1)) + 1
    after = text.find("\n", end) + 1 or end
    is_patch = text.startswith(_PATCH, before) or text.startswith(_PATCH, after)
    return end - start > _SHORT_PHONE and not is_patch


def digits_of(text: str) -> str:
    """Return the digits of a number."""
    return "".join(_DIGIT.findall(text))


def cards(text: str) -> Iterator[tuple[int, int]]:
    """Yield the places of card numbers among digits that may be in groups.

    Rows of groups that are mostly not cards are a table, and hold none.
    """
    rows = [*_ROW.finditer(text)]
    found = [[*_cards_in(text, *row.span())] for row in rows]
    if 2 * sum(map(bool, found)) >= len(rows):
        yield from chain.from_iterable(found)


def is_no_identifier(text: str, start: int, end: int) -> bool:
    """Tell whether digits aren't a part of a word, such as a UUID or a hash."""
    after = text[end : end + _NEAR]
    before = text[max(0, start - _NEAR) : start]
    return not (_WORD_AFTER.match(after) or _WORD_BEFORE.search(before))


def _cards_in(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    groups = [match.span() for match in _GROUP.finditer(text, start, end)]
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
