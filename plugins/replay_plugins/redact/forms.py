r"""Secrets that are known by what stands around them: a name, a command, a header.

A text may contain an object as JSON, within another text: ``{\"password\": …``.
"""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final

from replay_plugins.redact import secret_checks as checks
from replay_plugins.redact.rules import Rule, long_words, lower_case

PSEUDONYM: Final = re.compile(r"<[A-Z0-9_]+(?:_[0-9a-f]+)?>")
#: A whole value, if its key says that it is a secret.
FIELD: Final = Rule("secret-field", re.compile("(?s).+"))
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


def _is_no_pseudonym(text: str) -> bool:
    return not PSEUDONYM.fullmatch(text)


_NAMES: Final = "pass pwd pw secret key token auth cookie string cred pin"
_KEY: Final = rf"(?i:[\w. -]{{0,40}}?(?:{_spelt(_ENDINGS)})|{_spelt(_WHOLE)})"
_INNER: Final = "|".join(sorted(VALUE_KEYS))


def _in_text(quote: str, value: str) -> Iterable[Rule]:
    """Yield the rows for a member of an object in a text."""
    for key, check in (
        (_KEY, _is_no_pseudonym),
        (rf"(?i:{'|'.join(sorted(_MAYBE))})", checks.is_credential),
    ):
        yield Rule(
            FIELD.name,
            rf"(?<!\\){quote}{key}{quote}\s{{0,9}}:\s{{0,9}}"
            rf"(?:\{{[^{{}}]{{0,200}}?{quote}(?i:{_INNER}){quote}\s{{0,9}}:\s{{0,9}})?"
            rf"{quote}(?P<secret>(?:{value})++)",
            _NAMES,
            lower_case,
            check,
        )


#: JSON in a text, and JSON in a text in JSON in a text.
_IN_TEXTS: Final = (
    *_in_text('"', r'[^"\\]|\\.'),
    *_in_text(r'\\"', r'[^"\\]|\\\\(?:\\["\\]|[^"\\])'),
)

#: What names a secret, in any case; and what may, if the value looks like a key.
_NAME: Final = (
    r"(?:pass(?:word|wd|phrase|code)|pwd|secret|credential|token"
    r"|(?:api|access|account|auth|private|encryption|signing)[_.-]?key"
    r"|(?<![a-z])(?:pass|pw|creds?))"
)
_WEAK_NAME: Final = r"(?:key|auth(?!or)|creds?)"
_QUOTES: Final = r"[\\\"'`]{0,4}"
_VALUE: Final = r"[^\s\\\"'`<>,;&(){}\[\]]{6,512}(?<![.:!?])"
#: Perhaps after other options of one letter: -sSu
_USER_OPTION: Final = (
    r"[ \t\n](?:-[A-Za-z#]{0,9}?[uU]|--user|--proxy-user)(?:=|[ \t]{0,3})[\"']?"
)
_FETCHES: Final = "curl wget http xh"
_GIVEN: Final = r"[^\s\\\"'`<>|;&(){}]{4,256}(?<![.,:!?])"  # on a command line


def _password(
    pattern: str,
    keywords: str,
    check: Callable[[str], bool],
    suits: Callable[[str, int, int], bool] | None = None,
) -> Rule:
    """Return a row for a password; the rest of its match may hold another."""
    return Rule(
        "password",
        pattern,
        keywords,
        lower_case,
        check,
        suits=suits,
        allows_overlap=True,
    )


def _assigned(name: str, check: Callable[[str], bool]) -> Rule:
    """Return the row for a value that is assigned to a name."""
    return _password(
        rf"(?i:{name})[\w.-]{{0,20}}+[\\\"'`\])]{{0,4}}[ \t]{{0,3}}"
        r"(?:(?::[ \t]{0,2})?(?:string|str|String)[ \t]{0,2})?"
        rf"(?:[:?.+|]{{0,3}}=[=>]?|:)[ \t]{{0,3}}{_QUOTES}(?P<secret>{_VALUE})",
        _NAMES,
        check,
        checks.is_no_call,
    )


#: A value that stands beside a word for it.
_PASSWORDS: Final = (
    _assigned(_NAME, checks.looks_random),
    _assigned(_WEAK_NAME, checks.is_strong),
    _password(  # an argument of a function
        rf"(?i:{_NAME})[\w.-]{{0,20}}+[\\\"']{{1,2}},[ \t]{{0,3}}[\\\"'`]{{1,2}}"
        r"(?P<secret>[^\s\\\"'`<>,;&(){}\[\]]{10,512})[\\\"'`]",
        _NAMES,
        checks.looks_random,
    ),
    _password(  # an element of XML
        rf"<[\w.:-]{{0,60}}?(?i:{_NAME})[\w.-]{{0,20}}>\s{{0,40}}"
        rf"(?P<secret>{_VALUE})\s{{0,40}}</",
        _NAMES,
        checks.looks_random,
    ),
    _password(  # attributes of XML
        rf"(?i:key|name)=[\"'][\w.-]{{0,40}}?(?i:{_NAME})[\w.-]{{0,20}}[\"']"
        r"[ \t]{1,9}(?i:value)=[\"'](?P<secret>[^\"'\s<>]{4,512})",
        "value=",
        checks.is_no_placeholder,
    ),
    _password(  # an option of a command
        r"(?<![\w-])--?(?i:(?:[a-z]{1,20}[_-]){0,3}?(?:api[_-]?key|token|password|passwd"
        r"|pass|passphrase|secret(?:[_-]?key)?|credentials?))(?:=|[ \t]{1,3})"
        rf"[\"']?(?P<secret>{_GIVEN})",
        "api pass token secret credential",
        checks.is_argument,
    ),
    _password(  # a sentence
        r"(?i:(?<![a-z])(?:api|access|private|secret|license)[ _-]key|password|passcode"
        r"|passphrase|secret|token|(?<![a-z])pwd?)(?: for [\w.-]{1,30})?"
        rf"[ \t]{{1,3}}(?:is|was)[ \t:]{{1,3}}[\"'`*]{{0,3}}(?P<secret>{_VALUE})",
        "key pass secret token pw",
        checks.looks_random,
    ),
    _password(
        rf"{_USER_OPTION}[^\s:\"'<>|;]{{0,128}}[\"']?:"
        r"(?P<secret>[\"']?[^\s\"'<>|;]{3,256})",
        _FETCHES,
        checks.is_no_placeholder,
        checks.is_after_curl,
    ),
    _password(  # a key in place of a user's name
        rf"{_USER_OPTION}(?P<secret>[^\s:\"'<>|;]{{12,128}}):(?=[\"'\s])",
        _FETCHES,
        checks.looks_random,
        checks.is_after_curl,
    ),
    _password(
        r"\b(?:mysql\w{0,20}|mariadb[\w-]{0,20})\b[^\n|;]{0,200}?[ \t]-p"
        rf"[\"']?(?P<secret>{_GIVEN})",
        "mysql mariadb",
        checks.is_no_placeholder,
    ),
    _password(
        r"\b(?:sshpass[ \t]{1,3}-p|redis-cli[^\n|;]{0,200}?[ \t]-a"
        r"|docker[^\n|;]{0,200}?[ \t]login[^\n|;]{0,200}?[ \t]-p)[ \t]{0,3}[\"']?"
        rf"(?P<secret>{_GIVEN})",
        "sshpass redis-cli docker",
        checks.is_no_placeholder,
    ),
    _password(  # a line of .netrc
        r"\b(?:machine\s{1,9}[\w.:-]{1,128}|default)\s{1,9}"
        r"((?:(?:login|account)\s{1,9}\S{1,128}\s{1,9}){1,2})?"
        r"password\s{1,9}(?P<secret>\S{1,256})(?(1)|(?=\s{1,9}login\s))",
        "login",
        _is_no_pseudonym,
    ),
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
        rf"(?i:\bauthorization|\bx-[a-z-]{{0,20}}(?:key|token)){_QUOTES}[ \t]{{0,3}}"
        rf"[:=][ \t]{{0,5}}{_QUOTES}(?:[A-Za-z-]{{2,16}}[ \t]{{1,4}})?"
        r"(?:token=)?[\"']?(?P<secret>[\w.~+/=@:-]{8,2048})",
        "authorization x-",
        lower_case,
        checks.is_credential,
        suits=checks.is_no_call,
    ),
    Rule(
        "cookie",
        rf"(?i:\b(?:set-)?cookie{_QUOTES}[ \t]{{0,3}}[:=]|--cookie[ \t=])"
        rf"[ \t]{{0,3}}{_QUOTES}"
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
FORMS: Final = (*_FORMS, *_PASSWORDS, *_IN_TEXTS)
