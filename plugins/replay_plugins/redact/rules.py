"""What is taken for a secret: a table, a row for each kind."""

from typing import Final

from replay_plugins.redact import checks
from replay_plugins.redact.kinds import rule
from replay_plugins.redact.outlines import ACCOUNT, CARD, TOKEN
from replay_plugins.redact.services import SERVICES

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
        r"(?<![\w.-])ey[JA][\w-]{8,}+\.[\w-]{4,}+(?:\.[\w-]++){0,3}",
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
        r"://[^\s/?#@:\"'<>]{0,128}:(?P<secret>[^\s/?#@\"'<>]{1,256})@",
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
        r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]++"
        r"@(?:[A-Za-z0-9-]++\.)+[A-Za-z]{2,24}(?![A-Za-z0-9-])",
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
RULES: Final = (*SERVICES, *_FORMS, *_PERSONAL)
#: Keys of objects whose values are secrets, whatever these look like: in lower case,
#: without signs.
SECRET_KEYS: Final = frozenset(
    (
        *("password", "passwd", "passphrase", "passcode", "pwd", "secret", "apikey"),
        *("apisecret", "clientsecret", "secretkey", "accesstoken", "refreshtoken"),
        *("authtoken", "bearertoken", "sessiontoken", "privatekey", "accesskey"),
        *("secretaccesskey", "awssecretaccesskey", "accountkey", "encryptionkey"),
        *("signingkey", "authorization", "proxyauthorization", "xapikey", "cookie"),
        *("setcookie", "idtoken", "oauthtoken", "apitoken"),
    )
)
