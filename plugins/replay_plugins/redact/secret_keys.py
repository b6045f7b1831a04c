r"""Keys of objects whose values are secrets, whatever these look like.

An object may stand in a text, as JSON, and that in a text again: ``{\"password\": …``.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from replay_plugins.redact.checks import whole
from replay_plugins.redact.kinds import Rule, rule

PSEUDONYM: Final = re.compile(r"<[A-Z0-9_]+(?:_[0-9a-f]+)?>")
_NAME: Final = "secret-field"
_SIGNS: Final = dict.fromkeys(map(ord, "_-. "))
#: In lower case, without signs.
_WHOLE: Final = frozenset(
    (
        *("password", "passwd", "passphrase", "passcode", "pwd", "secret", "apikey"),
        *("apisecret", "clientsecret", "secretkey", "accesstoken", "refreshtoken"),
        *("authtoken", "bearertoken", "sessiontoken", "privatekey", "accesskey"),
        *("secretaccesskey", "awssecretaccesskey", "accountkey", "encryptionkey"),
        *("signingkey", "authorization", "proxyauthorization", "xapikey", "cookie"),
        *("setcookie", "idtoken", "oauthtoken", "apitoken"),
    )
)
#: How such keys end where a word before it says whose secret it is.
_ENDINGS: Final = (
    *("password", "passwd", "passphrase", "apikey", "secretkey", "privatekey"),
    *("clientsecret", "apisecret", "accesstoken", "refreshtoken", "authtoken"),
)

#: All of a value; the object that it is in says that it is one.
FIELD: Final = Rule(name=_NAME, pattern=re.compile("(?s).+"))


@lru_cache(maxsize=4096)
def is_secret_key(key: str) -> bool:
    """Tell whether an object's key says that its value is a secret."""
    word = key.casefold().translate(_SIGNS)
    return word in _WHOLE or word.endswith(_ENDINGS)


def _spelt(words: Iterable[str]) -> str:
    return "|".join("[_. -]?".join(word) for word in sorted(words))


def _in_text(quote: str, value: str) -> Rule:
    """Return the rule for a member of an object in a text."""
    key = rf"(?i:[\w. -]{{0,40}}?(?:{_spelt(_ENDINGS)})|{_spelt(_WHOLE)})"
    return rule(
        _NAME,
        rf"(?<!\\){quote}{key}{quote}\s{{0,9}}:\s{{0,9}}{quote}(?P<secret>(?:{value})++)",
        *("ass", "wd", "ecret", "ey", "oken", "uthor", "ookie"),
        *("ASS", "WD", "ECRET", "EY", "OKEN", "UTHOR", "OOKIE"),
        check=_is_open,
    )


def _is_open(text: str) -> Iterable[tuple[int, int]]:
    return whole(text, is_secret=PSEUDONYM.fullmatch(text) is None)


#: JSON in a text, and JSON in a text in JSON in a text.
IN_TEXTS: Final = (
    _in_text('"', r'[^"\\]|\\.'),
    _in_text(r'\\"', r'[^"\\]|\\\\(?:\\["\\]|[^"\\])'),
)
