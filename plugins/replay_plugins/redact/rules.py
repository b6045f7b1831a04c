"""What is taken for a secret: a table, a row for each kind."""

from typing import Final

from replay_plugins.redact import checks
from replay_plugins.redact.kinds import rule
from replay_plugins.redact.outlines import ACCOUNT, CARD, TOKEN
from replay_plugins.redact.secret_keys import IN_TEXTS
from replay_plugins.redact.services import SERVICES

#: Of the alphabets that people have addresses in, and that blanks part into words.
_LETTERS: Final = "A-Za-z\u00c0-\u024f\u0300-\u052f"
_FORMS: Final = (
    rule(
        "private-key",
        r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
        r"(?:[^-]|-(?!----))*+"
        r"(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----)?",
        "PRIVATE KEY",
    ),
    rule(
        "jwt",
        r"(?<![\w.-])[\w.-]{0,64}?"
        r"(?P<secret>ey[JA][\w-]{8,}+\.[\w-]{4,}+(?:\.[\w-]++){0,3})",
        *("eyJ", "eyA"),
        outline=TOKEN,
        check=checks.is_jwt,
    ),
    rule(
        "bearer-token",
        r"(?i:bearer)[ \t]{1,4}(?P<secret>[\w.~+/-]{16,}+={0,2})",
        *("bearer ", "Bearer ", "BEARER ", "bearer\t", "Bearer\t"),
        check=checks.has_digit,
    ),
    rule(
        "basic-auth",
        r"(?i:basic)[ \t]{1,4}(?P<secret>[A-Za-z0-9+/]{8,}+={0,2})",
        *("basic ", "Basic ", "BASIC "),
        check=checks.is_basic_auth,
    ),
    rule(
        "url-password",
        r"://[^\s/?#@:\"'<>]{0,128}:(?P<secret>[^\s/?#@\"'<>]{1,256}"
        r"(?:@[^\s/?#@\"'<>,;()]{1,256}){0,4})@",
        "://",
    ),
    rule(
        "signed-url",
        r"(?:X-(?:Amz|Goog)-(?:Signature|Security-Token|Credential)|[?&]sig)="
        r"(?P<secret>[\w%+/.~-]{16,}+={0,2})",
        *("X-Amz-", "X-Goog-", "sig="),
    ),
    rule(
        "password",
        r"(?i:pass(?:word|wd|phrase|code)|pwd|secret|credential|token"
        r"|(?:api|access|account|auth|private|encryption|signing)[_-]?key)"
        r"[\w-]{0,20}+[\\\"'`]{0,4}[ \t]{0,3}[=:][>=]?[ \t]{0,3}[\\\"'`]{0,4}"
        r"(?P<secret>[^\s\\\"'`<>,;&(){}\[\]]{6,512})",
        *("pass", "pwd", "secret", "credential", "token", "key"),
        *("Pass", "Pwd", "Secret", "Credential", "Token", "Key"),
        *("PASS", "PWD", "SECRET", "CREDENTIAL", "TOKEN", "KEY"),
        check=checks.looks_random,
        is_short=True,
    ),
)

_PERSONAL: Final = (
    rule(
        "email",
        rf"(?<![{_LETTERS}0-9._%+-])[{_LETTERS}0-9._%+-]++"
        rf"@(?:[{_LETTERS}0-9-]++\.)+(?:xn--[A-Za-z0-9-]{{2,60}}|[{_LETTERS}]{{2,24}})"
        rf"(?![{_LETTERS}0-9])",
        "@",
        check=checks.is_email,
        normal=str.casefold,
    ),
    rule(
        "phone",
        r"(?<![\w+])\+[1-9](?:[ \u00a0.()/-]{0,2}\d){6,14}(?![\d%])",
        "+",
        check=checks.is_phone,
        normal=checks.digits_of,
    ),
    rule(
        "card",
        r"(?<!\d)(?<!\d[.,])\d(?:[ -]?\d){11,}+",
        outline=CARD,
        check=checks.cards,
        normal=checks.digits_of,
    ),
    rule(
        "iban",
        r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,40}",
        outline=ACCOUNT,
        check=checks.ibans,
        is_short=True,
        normal=lambda text: text.replace(" ", ""),
    ),
)

#: Every kind; where two begin at the same place, the first one names it.
RULES: Final = (*SERVICES, *_FORMS, *IN_TEXTS, *_PERSONAL)
