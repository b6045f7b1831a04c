r"""Secrets that are known by what stands around them: a name, a command, a header.

A text may contain an object as JSON, within another text: ``{\"password\": …``.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final

from replay_plugins.redact import secret_checks as checks
from replay_plugins.redact.passwords import NAMES, PASSWORDS, QUOTES
from replay_plugins.redact.rules import Rule, long_words, lower_case

#: A whole value, if its key says that it is a secret.
FIELD: Final = Rule("secret-field", "(?s).+")
_SIGNS: Final = dict.fromkeys(map(ord, "_-. "))


def _words(words: str) -> tuple[str, ...]:
    return tuple(words.split())


#: In lower case, without signs.
_WHOLE: Final = frozenset(
    _words(
        "password passwd passphrase passcode pass pwd secret apikey apisecret "
        "clientsecret secretkey accesstoken refreshtoken authtoken bearertoken "
        "sessiontoken privatekey accesskey secretaccesskey awssecretaccesskey "
        "accountkey encryptionkey signingkey authorization proxyauthorization xapikey "
        "cookie setcookie idtoken oauthtoken apitoken bottoken connectionstring"
    )
)
#: Endings of such keys, after a word that says whose secret it is.
_ENDINGS: Final = _words(
    "password passwd passphrase apikey secretkey privatekey clientsecret apisecret "
    "accesstoken refreshtoken authtoken"
)
#: Keys of what may be a secret: a token may be a word of a language model, too.
_MAYBE: Final = frozenset(_words("token auth credential credentials"))
#: Keys of the value itself, in an object under a secret key.
VALUE_KEYS: Final = frozenset(_words("value secret text data content plaintext raw"))


@lru_cache(maxsize=4096)
def is_secret_key(key: str) -> bool:
    """Tell whether an object's key says that its value is a secret."""
    word = key.casefold().translate(_SIGNS)
    return word in _WHOLE or word.endswith(_ENDINGS)


def is_secret_member(key: str, value: object) -> bool:
    """Tell whether a key and its value say that the value is a secret."""
    if not may_be_secret_key(key):
        return False
    return is_secret_key(key) or (
        isinstance(value, str) and checks.is_credential(value)
    )


@lru_cache(maxsize=4096)
def may_be_secret_key(key: str) -> bool:
    """Tell whether an object's key says that its value may be a secret."""
    return is_secret_key(key) or key.casefold().translate(_SIGNS) in _MAYBE


def _spelt(words: Iterable[str]) -> str:
    return "|".join("[_. -]?".join(word) for word in sorted(words))


_KEY: Final = rf"(?i:[\w. -]{{0,40}}?(?:{_spelt(_ENDINGS)})|{_spelt(_WHOLE)})"
_INNER: Final = "|".join(sorted(VALUE_KEYS))


def _in_text(quote: str, value: str) -> Iterable[Rule]:
    """Yield the rows for a member of an object in a text."""
    for key, check in (
        (_KEY, checks.is_no_pseudonym),
        (rf"(?i:{'|'.join(sorted(_MAYBE))})", checks.is_credential),
    ):
        yield Rule(
            FIELD.name,
            rf"(?<!\\){quote}{key}{quote}\s{{0,9}}:\s{{0,9}}"
            rf"(?:\{{[^{{}}]{{0,200}}?{quote}(?i:{_INNER}){quote}\s{{0,9}}:\s{{0,9}})?"
            rf"{quote}(?P<secret>(?:{value})++)",
            NAMES,
            lower_case,
            check,
        )


#: JSON in a text, and JSON in a text in JSON in a text.
_IN_TEXTS: Final = (
    *_in_text('"', r'[^"\\]|\\.'),
    *_in_text(r'\\"', r'[^"\\]|\\\\(?:\\["\\]|[^"\\])'),
)


def _in_url(names: str, check: Callable[[str], bool]) -> Rule:
    """Return the row for the values of parameters in a URL."""
    return Rule(
        "url-token",
        rf"[?&#;](?i:{names})=(?P<secret>[\w%+/.~=-]{{8,2048}})",
        "token= key= secret= password= passwd= pwd= auth= code= signature= sid= id=",
        lower_case,
        check,
    )


_FORMS: Final = (
    Rule(
        "private-key",
        r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
        r"(?:[^-]|-(?!----))*+"
        r"(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----)?",
        "private",
        lower_case,
    ),
    Rule(
        "jwt",
        r"(?<![\w.-])[\w.-]{0,64}?"
        r"(?P<secret>ey[JA][\w-]{8,}+\.[\w-]{4,}+(?:\.[\w-]++){0,3})",
        "eyJ eyA",
        long_words,
        checks.is_jwt,
    ),
    Rule(
        "bearer-token",
        r"(?i:bearer)[ \t]{1,4}(?P<secret>[\w.~+/-]{16,}+={0,2})",
        "bearer",
        lower_case,
        checks.has_digit,
    ),
    Rule(
        "basic-auth",
        r"(?i:basic)[ \t]{1,4}(?P<secret>[A-Za-z0-9+/]{8,}+={0,2})",
        "basic",
        lower_case,
        checks.is_basic_auth,
    ),
    Rule(
        "auth-header",
        rf"(?i:\bauthorization|\bx-[a-z-]{{0,20}}(?:key|token)){QUOTES}[ \t]{{0,3}}"
        rf"[:=][ \t]{{0,5}}{QUOTES}(?:[A-Za-z-]{{2,16}}[ \t]{{1,4}})?"
        r"(?:token=)?[\"']?(?P<secret>[\w.~+/=@:-]{8,2048})",
        "authorization x-",
        lower_case,
        checks.is_in_header,
        suits=checks.is_no_call,
    ),
    Rule(
        "cookie",
        rf"(?i:\b(?:set-)?cookie{QUOTES}[ \t]{{0,3}}[:=]|--cookie[ \t=])"
        rf"[ \t]{{0,3}}{QUOTES}"
        r"(?P<secret>[\w.-]{1,99}=[^\s\\\"'<>,;]{0,4096}"
        r"(?:;[ ]?(?!(?i:path|domain|expires|max-age|samesite|secure|httponly)\b)"
        r"[\w.-]{1,99}=[^\s\\\"'<>,;]{0,4096}){0,50})",
        "cookie",
        lower_case,
        checks.is_cookie,
    ),
    Rule(
        "url-password",
        r"://[^\s/?#@:\"'<>]{0,128}:(?P<secret>[^\s/?#@\"'<>]{1,256}"
        r"(?:@[^\s/?#@\"'<>,;()]{1,256}){0,4})@",
        "://",
        lower_case,
        checks.is_no_variable,
    ),
    Rule(
        "url-password",
        r"://(?P<secret>[\w-]{20,256}+)(?::x-oauth-basic|:)?@",
        "://",
        lower_case,
        checks.has_digit,
    ),
    Rule(
        "signed-url",
        r"(?:X-(?:Amz|Goog)-(?:Signature|Security-Token|Credential)|[?&]sig)="
        r"(?P<secret>[\w%+/.~-]{16,}+={0,2})",
        "x-amz- x-goog- sig=",
        lower_case,
    ),
    _in_url(
        r"(?:access|refresh|id|auth|api|session|bearer|login|reset)[_-]?token"
        r"|(?:access|auth|api)[_-]?key|client[_-]?secret|password|passwd",
        checks.is_no_placeholder,
    ),
    _in_url(
        r"(?:refresh|id|session|bearer|login|reset)[_-]?key|secret|pwd|token"
        r"|key|auth|code|signature|session_?id|sid",
        checks.is_credential,
    ),
    Rule(
        "kubernetes-secret",
        r"(?m:^)[ \t]{1,20}[\w.-]{1,99}:[ \t]{0,9}(?:[|>][+-]?\s{1,40})?[\"']?"
        r"(?P<secret>[A-Za-z0-9+/]{10,}+={0,2})[\"']?[ \t]{0,9}(?m:$)",
        "kind:",
        lower_case,
        suits=checks.is_in_kubernetes_secret,
    ),
)
#: Every kind of secret that is known by what is around it.
FORMS: Final = (*_FORMS, *PASSWORDS, *_IN_TEXTS)
