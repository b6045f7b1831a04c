"""Passwords, which a name, a word or a command beside them tells."""

from collections.abc import Callable
from typing import Final

from replay_plugins.redact import secret_checks as checks
from replay_plugins.redact.rules import Rule, lower_case

#: What a text has, in lower case, that names a secret.
NAMES: Final = "pass pwd pw secret key token auth cookie string cred pin"
#: What names a secret, in any case; and what may, if the value looks like a key.
#: The first letter stands apart, as a search for it takes a fraction of the time.
_NAME: Final = (
    r"(?-i:[AaCcEePpSsTt])(?:(?<=p)(?:ass(?:word|wd|phrase|code)|wd)"
    r"|(?<=s)ecret|(?<=c)redential|(?<=t)oken"
    r"|(?:(?<=a)(?:pi|ccess|ccount|uth)|(?<=p)rivate|(?<=e)ncryption|(?<=s)igning)"
    r"[ _.-]?key|(?<![a-z].)(?:(?<=p)(?:ass|w)|(?<=c)reds?))"
)
_FOREIGN_NAME: Final = (
    r"(?:contrase(?:\u00f1|n\u0303|n)a|senha|wachtwoord|pass?wort|kennwort|mot de passe"
    r"|[\u041f\u043f]\u0430\u0440\u043e\u043b\u044c|\u5bc6[\u7801\u78bc]"
    r"|\u30d1\u30b9\u30ef\u30fc\u30c9|\ube44\ubc00\ubc88\ud638)"
)
#: Their sieve has ``?`` for what isn't ASCII.
_FOREIGN_NAMES: Final = (
    "contrase senha wachtwoord passwort paswort kennwort passe ??: ??= ??*"
)
#: What names nothing but a secret.
_CERTAIN_NAME: Final = (
    r"(?:password|passwd|passphrase|(?:api|client|app)[_-]?secret"
    r"|(?:api|access|private|secret|encryption|signing)[_-]?key"
    r"|(?:access|api|auth|bot|bearer|refresh|session)[_-]?token)"
)
_CERTAIN_NAMES: Final = "passw passp secret token _key -key ikey skey ekey gkey nkey"
_WEAK_NAME: Final = r"(?:key|auth(?!or)|creds?)"
QUOTES: Final = r"[\\\"'`]{0,4}"
_PART: Final = r"[^\s\\\"'`<>,;&(){}\[\]]"
_VALUE: Final = rf"{_PART}{{6,512}}(?<![.:!?])"
#: Also with commas: ``a1,b2``, but not ``a1, b2`` and ``a=1,b=2``.
_WITH_COMMAS: Final = (
    rf"(?:{_PART}{{6,512}}|{_PART}{{4,5}}(?=,))"
    rf"(?:,(?![\w.-]{{0,40}}[:=]){_PART}{{4,512}}){{0,9}}(?<![.:!?])"
)
_QUOTED: Final = r"[^\n\\\"'`<>$(){}]{6,256}"
_WHOLE_QUOTED: Final = rf"([\"'])(?P<secret>{_QUOTED})\1"
_PLURALS: Final = (
    "passwords passwds phrases passcodes pwds secrets tokens keys creds credentials"
)
_ITEM: Final = rf"(?![\w.-]{{0,40}}[:=]){_PART}{{4,512}}+"
_TAGS: Final = r"(?:</?[a-z]{1,10}>[ \t]{0,3}){0,3}"  # of HTML
#: What may stand between a name and its sign: "password for ada", ``**password**``.
_REST: Final = (
    r"[\w.-]{0,20}+(?:[ \t](?:for[ \t][\w.@ -]{1,40}?|\([\w.@ -]{1,40}\)))?"
    r"[\\\"'`\])*]{0,4}" + _TAGS
)
#: Perhaps after other options of one letter: -sSu
_USER_OPTION: Final = (
    r"[ \t\n](?:-[A-Za-z#]{0,9}?[uU]|--user|--proxy-user)(?:=|[ \t]{0,3})[\"']?"
)
_OPTION: Final = (
    r"(?<![\w-])--?(?i:(?:[a-z]{1,20}[_-]){0,3}?(?:api[_-]?key|token|password|passwd"
    r"|pass|passphrase|secret(?:[_-]?key)?|credentials?))"
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


def _assigned(
    name: str, keywords: str, check: Callable[[str], bool], value: str = _WITH_COMMAS
) -> Rule:
    """Return the row for a value that is assigned to a name."""
    return _password(
        rf"(?i:{name}){_REST}[ \t]{{0,3}}"
        r"(?:(?::[ \t]{0,2})?(?:string|str|String)[ \t]{0,2})?"
        r"(?:[:?.+|]{0,3}=[=>]?|:|(?<=[ \t])(?:->|\u2192)(?=[ \t]))"
        rf"(?:(?:\*{{1,3}}|__?)(?=[ \t]))?[ \t]{{0,3}}{_TAGS}"
        r"(?:!(?:![\w/]{2,20}|vault|unsafe)[ \t]{1,3})?+"  # a tag of YAML
        rf"{QUOTES}(?P<secret>{value})",
        keywords,
        check,
        checks.is_no_call,
    )


#: A value that stands beside a word for it.
PASSWORDS: Final = (
    _assigned(_NAME, NAMES, checks.looks_random),
    _assigned(_FOREIGN_NAME, _FOREIGN_NAMES, checks.looks_random),
    _assigned(_WEAK_NAME, NAMES, checks.is_strong, _VALUE),
    _password(  # a variable of a shell
        rf"(?<![a-z])(?:{_CERTAIN_NAME.upper()}|SECRET)="
        rf"(?:([\"'])(?={_QUOTED}\1))?(?P<secret>(?(1){_QUOTED}|{_VALUE}))",
        _CERTAIN_NAMES,
        checks.is_assigned,
        checks.is_no_call,
    ),
    _password(  # words in quotes
        rf"(?i:{_CERTAIN_NAME})[\"'`]?[ \t]{{0,3}}(?:=>?|:)[ \t]{{0,3}}{_WHOLE_QUOTED}",
        _CERTAIN_NAMES,
        checks.is_passphrase,
    ),
    Rule(  # a list
        "password",
        rf"(?i:{_NAME}s){_REST}[ \t]{{0,3}}[:=][ \t]{{0,3}}\[?{QUOTES}"
        rf"(?P<secret>{_ITEM}(?:{QUOTES}[ \t]?,[ \t]{{0,3}}{QUOTES}{_ITEM}){{1,50}})",
        _PLURALS,
        lower_case,
        parts=checks.random_words,
        allows_overlap=True,
    ),
    _password(  # a row of a table
        rf"(?m:^)[ \t]{{0,9}}\|[^|\n]{{0,40}}?(?i:{_NAME})[\w. *`-]{{0,20}}\|"
        rf"[ \t]{{0,40}}[*`]{{0,3}}(?P<secret>{_VALUE})(?=[*`]{{0,3}}[ \t]{{0,40}}\|)",
        NAMES,
        checks.looks_random,
    ),
    _password(  # the same in HTML
        rf"(?i:{_NAME})[\w. -]{{0,20}}(?:</?[a-z]{{1,10}}>\s{{0,20}}){{2,6}}"
        rf"(?P<secret>{_VALUE})(?=[ \t]{{0,3}}</)",
        "</",
        checks.looks_random,
    ),
    _password(  # on the next line
        rf"(?i:{_NAME}){_REST}(?:[ \t]is)?:\*{{0,3}}[ \t]{{0,3}}"
        r"(?:[|>][+-]?[ \t]{0,3})?\n{1,2}"
        r"(?:[ \t]{0,40}```\w{0,9}\n)?[ \t]{0,40}[*]{0,3}"
        rf"{QUOTES}(?P<secret>{_VALUE})(?=[\"'`*]{{0,4}}[ \t]{{0,9}}(?:\n|\Z))",
        NAMES,
        checks.has_random_digits,
    ),
    _password(  # the value of a field in a form
        r"(?i:<input(?=[^<>]{0,300}?\btype=[\"']?password)[^<>]{0,300}?\bvalue)="
        r"[\"'](?P<secret>[^\"'<>\n]{4,256})",
        "<input",
        checks.is_no_placeholder,
    ),
    _password(  # a command that sets a variable
        rf"\b(?:setx|ENV|ARG)[ \t]{{1,3}}\w{{0,40}}?(?i:{_NAME})\w{{0,20}}[ \t]{{1,3}}"
        rf"[\"']?(?P<secret>{_VALUE})",
        NAMES,
        checks.looks_random,
    ),
    _password(  # in quotes, in a sentence
        r"(?i:(?<![a-z])(?:password|passcode|passphrase|api[ _-]?key))[ \t]{1,3}"
        rf"([\"'`])(?P<secret>{_VALUE})\1",
        "passw passc passp api",
        checks.looks_random,
    ),
    _password(
        r"(?i:(?<![a-z])(?:new|old|current|temporary|initial|default|root|admin)[ \t]"
        rf"(?:password|passcode|passphrase))[ \t](?P<secret>{_VALUE})",
        "pass",
        checks.looks_random,
    ),
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
        rf"{_OPTION}(?:=|[ \t]{{1,3}})[\"']?(?P<secret>{_GIVEN})",
        "api pass token secret credential",
        checks.is_argument,
    ),
    _password(
        rf"{_OPTION}(?:=|[ \t]{{1,3}}){_WHOLE_QUOTED}",
        "api pass token secret credential",
        checks.is_assigned,
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
