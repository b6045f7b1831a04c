r"""A table of the kinds of secrets, with a row for each.

A text may contain an object as JSON, within another text: ``{\"password\": …``.

Source: the services' own documents, and the rules of gitleaks and secretlint.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from string import ascii_letters, ascii_uppercase, digits
from typing import Final

import attrs

from replay_plugins.redact import secret_checks as checks


@attrs.frozen(eq=False)
class Outline:
    """A run of characters of one sort.

    Args:
        sort: The characters.
        count: The least length of the run.
        between: Characters that may stand between them.
    """

    sort: str
    count: int
    between: str = ""
    _table: bytes = attrs.field(init=False, repr=False)

    @_table.default
    def _marked(self) -> bytes:
        return bytes(ord("x" if chr(code) in self.sort else " ") for code in range(256))

    def is_in(self, text: bytes) -> bool:
        """Tell whether a text, with ``?`` for all that isn't ASCII, holds it."""
        seen = text.translate(self._table, self.between.encode())
        return b"x" * self.count in seen


#: The outline of most keys and tokens.
TOKEN: Final = Outline(ascii_letters + digits + "_-+/", 16)
CARD: Final = Outline(digits, 12, " -")
ACCOUNT: Final = Outline(ascii_uppercase + digits, 15, " ")


def _compiled(pattern: str | re.Pattern[str]) -> re.Pattern[str]:
    return re.compile(pattern, re.ASCII) if isinstance(pattern, str) else pattern


def _words(words: str | Iterable[str]) -> tuple[str, ...]:
    return tuple(words.split() if isinstance(words, str) else words)


@attrs.frozen
class Rule:
    """One kind of secret.

    A pattern takes linear time on any text: its repetitions are possessive, or have an
    upper bound.
    """

    name: str  #: as in reports; in capitals, it begins the pseudonym
    #: its group ``secret``, or its whole match, is the secret; a str matches ASCII only
    pattern: re.Pattern[str] = attrs.field(converter=_compiled)
    #: each such secret holds one of these; a str has spaces between them
    keywords: tuple[str, ...] = attrs.field(default=(), converter=_words)
    outline: Outline | None = None  #: each such secret holds this, too
    #: tells whether a match is a secret, and not a false alarm; None: it is
    check: Callable[[str], bool] | None = None
    #: returns the parts of a match that are secrets; None: all of it is one
    parts: Callable[[str], Iterable[tuple[int, int]]] | None = None
    #: True: the rest of a match may hold another secret; a match has an upper bound
    allows_overlap: bool = False
    #: returns the same for every spelling of a secret; None: there is one spelling
    normalize: Callable[[str], str] | None = None

    @property
    def label(self) -> str:
        """Return the beginning of pseudonyms of this kind."""
        return re.sub(r"[^A-Z0-9]+", "_", self.name.upper())


#: No letter or digit before it, except in the escape of a character in quoted text.
_ALONE: Final = r"(?:(?<![A-Za-z0-9])|(?<=\\[nrt])|(?<=%[0-9A-Fa-f]{2}))"
#: No letter or digit after it.
_ENDS: Final = r"(?![A-Za-z0-9])"


def _token(
    name: str, pattern: str, keywords: str, check: Callable[[str], bool] | None = None
) -> Rule:
    return Rule(name, _ALONE + pattern, keywords, TOKEN, check)


def _within(name: str, pattern: str, keywords: str) -> Rule:
    """Return a row for a secret that only its surroundings identify."""
    return Rule(name, pattern, keywords, TOKEN, checks.has_digit)


_SERVICES: Final = (
    _token(
        "aws-access-key",
        rf"(?:A3T[A-Z0-9]|AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{{16}}{_ENDS}",
        "A3T AKIA ASIA ABIA ACCA",
    ),
    _token("aws-bedrock-key", r"ABSK[A-Za-z0-9+/]{100,400}={0,2}", "ABSK"),
    _token(
        "github-token", r"gh[oprsu]_[A-Za-z0-9]{36,255}", "gho_ ghp_ ghr_ ghs_ ghu_"
    ),
    _token("github-token", r"github_pat_\w{60,255}", "github_pat_"),
    _token(
        "gitlab-token",
        r"(?:gl(?:pat|dt|rt|ft|ptt|imt|soat|agent|ffct|oas|cbt)-|GR1348941)"
        r"[\w-]{20,300}(?:\.[0-9a-z]{9})?",
        "glpat- gldt- glrt- glft- glptt- glimt- glsoat- glagent- glffct- "
        "gloas- glcbt- GR1348941",
    ),
    _token("google-api-key", r"AIza[\w-]{35,}+", "AIza"),
    _token("google-token", r"ya29\.[\w.-]{19,}[\w-]", "ya29."),
    _token("google-secret", r"GOCSPX-[\w-]{28,}+", "GOCSPX-"),
    _token("slack-token", r"xox[abceoprs](?:\.xox[bp])?-[A-Za-z0-9-]{12,}+", "xox"),
    _token("slack-token", r"xapp-\d-[A-Za-z0-9-]{12,}+", "xapp-"),
    _within(
        "slack-webhook",
        r"hooks\.slack\.com/(?:services|workflows|triggers)/"
        r"(?P<secret>[A-Za-z0-9+/_-]{20,}+)",
        "hooks.slack.com",
    ),
    _token(
        "stripe-key",
        r"[rs]k_(?:test|live|prod)_[A-Za-z0-9]{10,}+",
        "k_test_ k_live_ k_prod_",
    ),
    _token("stripe-webhook-secret", r"whsec_[A-Za-z0-9+/=]{24,}+", "whsec_"),
    _token("anthropic-key", r"sk-ant-[a-z]{2,8}\d\d-[\w-]{20,}+", "sk-ant-"),
    _token(
        "openai-key",
        r"sk-(?:(?:proj|svcacct|admin|None)-[\w-]{20,}+|[A-Za-z0-9]{32,}+)",
        "sk-",
        check=checks.has_digit,
    ),
    _token("llamacloud-key", r"llx-[A-Za-z0-9_-]{16,}+", "llx-"),
    _token("huggingface-token", r"(?:hf|api_org)_[A-Za-z0-9]{30,}+", "hf_ api_org_"),
    _token("npm-token", r"npm_[A-Za-z0-9]{36,}+", "npm_"),
    _token("pypi-token", r"pypi-AgE[\w-]{50,}+", "pypi-AgE"),
    _token("sendgrid-key", r"SG\.[\w-]{16,64}\.[\w-]{16,}+", "SG."),
    _token("twilio-key", rf"SK[0-9a-fA-F]{{32}}{_ENDS}", "SK"),
    _token("digitalocean-token", r"do[opr]_v1_[a-f0-9]{64,}+", "_v1_"),
    Rule(
        "azure-storage-key",
        r"AccountKey=(?P<secret>[A-Za-z0-9+/]{40,}+={0,2})",
        "AccountKey=",
    ),
    _token("azure-secret", r"[\w~.]{3}\dQ~[\w~.-]{30,}[\w~-]", "Q~"),
    _token("cloudflare-key", r"v1\.0-[a-f0-9]{24}-[a-f0-9]{100,}+", "v1.0-"),
    _token("databricks-token", r"dapi[a-f0-9]{32}(?:-\d)?", "dapi"),
    _token("shopify-token", r"shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32,}+", "shp"),
    _token("telegram-token", r"\d{6,16}:A[\w-]{34}(?![\w-])", ":A"),
    Rule(
        "discord-token",
        r"[MNO](?:(?<![A-Za-z0-9].)|(?<=\\[nrt].))[\w-]{22,30}\.[\w-]{6}\.[\w-]{27,}+",
        outline=TOKEN,
        check=checks.is_discord_token,
    ),
    _within(
        "discord-webhook",
        r"discord(?:app)?\.com/api/webhooks/\d{10,25}/(?P<secret>[\w-]{40,}+)",
        "/api/webhooks/",
    ),
    _token("groq-key", r"gsk_[A-Za-z0-9]{40,}+", "gsk_"),
    _token("xai-key", r"xai-[A-Za-z0-9]{60,}+", "xai-"),
    _token("perplexity-key", r"pplx-[A-Za-z0-9]{40,}+", "pplx-"),
    _token("notion-token", r"ntn_[A-Za-z0-9]{40,}+", "ntn_"),
    _token("linear-key", r"lin_api_[A-Za-z0-9]{32,}+", "lin_api_"),
    _token("postman-key", r"PMAK-[a-fA-F0-9]{24}-[a-fA-F0-9]{34}", "PMAK-"),
    _token("docker-token", r"dckr_[a-z]{2,5}_[\w-]{20,}+", "dckr_"),
    _token("vault-token", r"hv[brs]\.[\w-]{24,}+", "hvs. hvb. hvr."),
    _token("grafana-token", r"gl(?:c|sa)_[A-Za-z0-9+/_=]{32,}+", "glc_ glsa_"),
    _token("new-relic-key", r"NRAK-[A-Z0-9]{27}", "NRAK-"),
    _token("atlassian-token", r"ATATT3[\w=-]{40,}+", "ATATT3"),
    _within(
        "service-key",
        r"(?i:datadog|dd[_-](?:api|app)|cloudflare|twilio|heroku|mailgun|algolia)"
        r"[\w .-]{0,30}[\\\"']{0,4}[ \t]{0,3}[=:]>?[ \t]{0,3}[\\\"'`]{0,4}"
        rf"(?P<secret>(?:key-)?[A-Za-z0-9_-]{{30,80}}){_ENDS}",
        "atadog ATADOG dd_a DD_A dd-a DD-A loudflare LOUDFLARE wilio "
        "WILIO eroku EROKU ailgun AILGUN lgolia LGOLIA",
    ),
)


PSEUDONYM: Final = re.compile(r"<[A-Z0-9_]+(?:_[0-9a-f]+)?>")
#: A whole value, if its key says that it is a secret.
FIELD: Final = Rule("secret-field", re.compile("(?s).+"))
_SIGNS: Final = dict.fromkeys(map(ord, "_-. "))
#: In lower case, without signs.
_WHOLE: Final = frozenset(
    _words(
        "password passwd passphrase passcode pwd secret apikey apisecret clientsecret "
        "secretkey accesstoken refreshtoken authtoken bearertoken sessiontoken "
        "privatekey accesskey secretaccesskey awssecretaccesskey accountkey "
        "encryptionkey signingkey authorization proxyauthorization xapikey cookie "
        "setcookie idtoken oauthtoken apitoken"
    )
)
#: Endings of such keys, after a word that says whose secret it is.
_ENDINGS: Final = _words(
    "password passwd passphrase apikey secretkey privatekey clientsecret apisecret "
    "accesstoken refreshtoken authtoken"
)


@lru_cache(maxsize=4096)
def is_secret_key(key: str) -> bool:
    """Tell whether an object's key says that its value is a secret."""
    word = key.casefold().translate(_SIGNS)
    return word in _WHOLE or word.endswith(_ENDINGS)


def _spelt(words: Iterable[str]) -> str:
    return "|".join("[_. -]?".join(word) for word in sorted(words))


def _in_text(quote: str, value: str) -> Rule:
    """Return the row for a member of an object in a text."""
    key = rf"(?i:[\w. -]{{0,40}}?(?:{_spelt(_ENDINGS)})|{_spelt(_WHOLE)})"
    return Rule(
        FIELD.name,
        rf"(?<!\\){quote}{key}{quote}\s{{0,9}}:\s{{0,9}}{quote}(?P<secret>(?:{value})++)",
        "ass wd ecret ey oken uthor ookie ASS WD ECRET EY OKEN UTHOR OOKIE",
        check=lambda value: not PSEUDONYM.fullmatch(value),
    )


#: JSON in a text, and JSON in a text in JSON in a text.
_IN_TEXTS: Final = (
    _in_text('"', r'[^"\\]|\\.'),
    _in_text(r'\\"', r'[^"\\]|\\\\(?:\\["\\]|[^"\\])'),
)

#: Letters of alphabets with email addresses, and with blanks between words.
_LETTERS: Final = "A-Za-z\u00c0-\u024f\u0300-\u052f"
_FORMS: Final = (
    Rule(
        "private-key",
        r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
        r"(?:[^-]|-(?!----))*+"
        r"(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----)?",
        ("PRIVATE KEY",),
    ),
    Rule(
        "jwt",
        r"(?<![\w.-])[\w.-]{0,64}?"
        r"(?P<secret>ey[JA][\w-]{8,}+\.[\w-]{4,}+(?:\.[\w-]++){0,3})",
        "eyJ eyA",
        outline=TOKEN,
        check=checks.is_jwt,
    ),
    Rule(
        "bearer-token",
        r"(?i:bearer)[ \t]{1,4}(?P<secret>[\w.~+/-]{16,}+={0,2})",
        ("bearer ", "Bearer ", "BEARER ", "bearer\t", "Bearer\t"),
        check=checks.has_digit,
    ),
    Rule(
        "basic-auth",
        r"(?i:basic)[ \t]{1,4}(?P<secret>[A-Za-z0-9+/]{8,}+={0,2})",
        ("basic ", "Basic ", "BASIC "),
        check=checks.is_basic_auth,
    ),
    Rule(
        "url-password",
        r"://[^\s/?#@:\"'<>]{0,128}:(?P<secret>[^\s/?#@\"'<>]{1,256}"
        r"(?:@[^\s/?#@\"'<>,;()]{1,256}){0,4})@",
        "://",
    ),
    Rule(
        "signed-url",
        r"(?:X-(?:Amz|Goog)-(?:Signature|Security-Token|Credential)|[?&]sig)="
        r"(?P<secret>[\w%+/.~-]{16,}+={0,2})",
        "X-Amz- X-Goog- sig=",
    ),
    Rule(
        "password",
        r"(?i:pass(?:word|wd|phrase|code)|pwd|secret|credential|token"
        r"|(?:api|access|account|auth|private|encryption|signing)[_-]?key)"
        r"[\w-]{0,20}+[\\\"'`]{0,4}[ \t]{0,3}[=:][>=]?[ \t]{0,3}[\\\"'`]{0,4}"
        r"(?P<secret>[^\s\\\"'`<>,;&(){}\[\]]{6,512})",
        "pass pwd secret credential token key Pass Pwd Secret Credential "
        "Token Key PASS PWD SECRET CREDENTIAL TOKEN KEY",
        check=checks.looks_random,
        allows_overlap=True,
    ),
)

_PERSONAL: Final = (
    Rule(
        "email",
        rf"(?<![{_LETTERS}0-9._%+-])[{_LETTERS}0-9._%+-]++"
        rf"@(?:[{_LETTERS}0-9-]++\.)+(?:xn--[A-Za-z0-9-]{{2,60}}|[{_LETTERS}]{{2,24}})"
        rf"(?![{_LETTERS}0-9])",
        "@",
        check=checks.is_email,
        normalize=str.casefold,
    ),
    Rule(
        "phone",
        r"(?<![\w+])\+[1-9](?:[ \u00a0.()/-]{0,2}\d){6,14}(?![\d%])",
        "+",
        check=checks.is_phone,
        normalize=checks.digits_of,
    ),
    Rule(
        "card",
        r"(?<!\d)(?<!\d[.,])\d(?:[ -]?\d){11,}+",
        outline=CARD,
        parts=checks.cards,
        normalize=checks.digits_of,
    ),
    Rule(
        "iban",
        r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,40}",
        outline=ACCOUNT,
        parts=checks.ibans,
        allows_overlap=True,
        normalize=lambda text: text.replace(" ", ""),
    ),
)

#: Every kind; if two begin at the same place, the first one names the secret.
RULES: Final = (*_SERVICES, *_FORMS, *_IN_TEXTS, *_PERSONAL)


_RULE_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}")


def rules_of(patterns: Mapping[str, str] | Path | str | None) -> list[Rule]:
    """Return the rules in a user's patterns.

    Args:
        patterns: Regular expressions by name; or a file of lines ``name=expression``,
            where empty lines and ``#`` comments are ignored. None: none.

    Raises:
        ValueError: A line, a name or an expression is wrong.
        OSError: The file cannot be read.
    """
    if patterns is None:
        return []
    if isinstance(patterns, Mapping):
        return [_rule(name, pattern) for name, pattern in patterns.items()]
    lines = Path(patterns).read_text(encoding="utf-8").splitlines()
    return [_rule(name, pattern) for name, pattern in _members(lines)]


def _members(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        name, sign, pattern = line.partition("=")
        if not sign:
            message = f"patterns, line {number}: expected name=expression"
            raise ValueError(message)
        yield name.strip(), pattern.strip()


def _rule(name: str, pattern: str) -> Rule:
    if not _RULE_NAME.fullmatch(name):
        message = f"patterns: {name!a} is not a name: use letters, digits, - and _"
        raise ValueError(message)
    try:
        return Rule(name, re.compile(pattern))
    except re.error as error:
        message = f"patterns: {name}: {error}"
        raise ValueError(message) from error
