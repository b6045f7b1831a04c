"""Passwords, which a name, a word or a command beside them tells."""

from collections.abc import Callable
from typing import Final

from replay_plugins.redact import secret_checks as checks
from replay_plugins.redact.rules import Rule, lower_case

#: What a text has, in lower case, that names a secret.
NAMES: Final = "pass pwd pw secret key token auth cookie string cred pin"
#: What names a secret, in any case; and what may, if the value looks like a key.
_NAME: Final = (
    r"(?:pass(?:word|wd|phrase|code)|pwd|secret|credential|token"
    r"|(?:api|access|account|auth|private|encryption|signing)[_.-]?key"
    r"|(?<![a-z])(?:pass|pw|creds?))"
)
_WEAK_NAME: Final = r"(?:key|auth(?!or)|creds?)"
QUOTES: Final = r"[\\\"'`]{0,4}"
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
        rf"(?:[:?.+|]{{0,3}}=[=>]?|:)[ \t]{{0,3}}{QUOTES}(?P<secret>{_VALUE})",
        NAMES,
        check,
        checks.is_no_call,
    )


#: A value that stands beside a word for it.
PASSWORDS: Final = (
    _assigned(_NAME, checks.looks_random),
    _assigned(_WEAK_NAME, checks.is_strong),
    _password(  # an argument of a function
        rf"(?i:{_NAME})[\w.-]{{0,20}}+[\\\"']{{1,2}},[ \t]{{0,3}}[\\\"'`]{{1,2}}"
        r"(?P<secret>[^\s\\\"'`<>,;&(){}\[\]]{10,512})[\\\"'`]",
        NAMES,
        checks.looks_random,
    ),
    _password(  # an element of XML
        rf"<[\w.:-]{{0,60}}?(?i:{_NAME})[\w.-]{{0,20}}>\s{{0,40}}"
        rf"(?P<secret>{_VALUE})\s{{0,40}}</",
        NAMES,
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
        checks.is_no_pseudonym,
    ),
)
