"""The samples of gitleaks' rules, read from its Go sources.

Each rule of gitleaks is a Go function that lists texts in which the rule must find a
secret. Some are written out; others are made from an expression that describes the
secret, in 20 forms of assignment. They are made here with a fixed seed, so each run has
the same.
"""

import json
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from random import Random
from string import ascii_letters, digits
from typing import Any, Final, TypeAlias

from benchmarks.recall.samples import Sample

Value: TypeAlias = Any  # a text, or a list of texts

_CONFIG: Final = Path("cmd", "generate", "config")
_TOKEN: Final = re.compile(
    r"(?P<raw>`[^`]*`)|(?P<text>\"(?:\\.|[^\"\\\n])*\")|(?P<skip>\s+|//[^\n]*)"
    r"|(?P<name>[A-Za-z_]\w*(?:\.\w+)*)|(?P<sign>:=|\.\.\.|\[\]string|.)",
    re.DOTALL,
)
_FUNCTION: Final = re.compile(r"^func (\w+)\(.*?^}", re.MULTILINE | re.DOTALL)
_FORM: Final = re.compile(
    r"^\t\t\"[^\"]+\": +(`[^`]*`|\"(?:\\.|[^\"])*\"),", re.MULTILINE
)
_SIZED: Final = {
    "Numeric": "[0-9]",
    "Hex": "[a-f0-9]",
    "AlphaNumeric": "[a-z0-9]",
    "AlphaNumericExtendedShort": "[a-z0-9_-]",
    "AlphaNumericExtended": "[a-z0-9=_-]",
    "AlphaNumericExtendedLong": "[a-z0-9/=_+-]",
}
_WORD: Final = ascii_letters + digits + "_"  # what \\w stands for
_parser: Final = import_module("re._parser")  # of regular expressions
_UUID: Final = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


def samples(directory: Path) -> Iterator[Sample]:
    """Yield the texts in which gitleaks' rules find a secret.

    Args:
        directory: A copy of gitleaks' repository.
    """
    config = tomllib.loads((directory / "config" / "gitleaks.toml").read_text("utf-8"))
    rules = {each["id"]: each for each in config["rules"] if "regex" in each}
    utilities = (directory / _CONFIG / "utils" / "generate.go").read_text("utf-8")
    forms = [_literal(form) for form in _FORM.findall(utilities)]
    for path in sorted((directory / _CONFIG / "rules").glob("*.go")):
        for function in _FUNCTION.finditer(path.read_text("utf-8")):
            rule = re.search(r'RuleID: +"([^"]+)"', function[0])
            if rule and rule[1] in rules:
                texts = _Function(function[0], forms).true_positives()
                yield from _samples(rules[rule[1]], texts)


def _samples(rule: Mapping[str, Any], texts: Iterable[str]) -> Iterator[Sample]:
    pattern = _python(rule["regex"])
    for text in texts:
        if match := pattern.search(text):
            groups = match.groups()[rule.get("secretGroup", 1) - 1 :]
            secret = next(filter(None, groups), match[0])
            yield Sample(rule["id"], text, secret, least=0.5)


def _python(pattern: str) -> re.Pattern[str]:
    """Return an expression of Go, whose flags may change in its middle."""
    flags = re.IGNORECASE if "(?i)" in pattern else re.NOFLAG
    pattern = pattern.replace("(?i)", "").replace(r"\z", r"\Z")
    return re.compile(pattern.replace("[[:alnum:]]", "[A-Za-z0-9]"), flags)


def _literal(text: str) -> str:
    return text[1:-1] if text[0] == "`" else str(json.loads(text.replace("\n", "\\n")))


class _NotUnderstoodError(Exception):
    """An expression that isn't a text or a list of texts."""


class _Function:
    """The assignments in a Go function, as far as they are texts."""

    def __init__(self, source: str, forms: list[str]) -> None:
        self._forms = forms
        self._random = Random(source)  # noqa: S311 - the same each time
        self._tokens = [
            (each.lastgroup, each[0])
            for each in _TOKEN.finditer(source)
            if each.lastgroup != "skip"
        ]
        self._at = 0
        self._values: dict[str, Value] = {}
        self._calls: Mapping[str, Callable[..., Value]] = {
            "append": lambda given, *more: [*given, *more],
            "fmt.Sprintf": lambda form, *given: form % given,
            "newPlausibleSecret": self._secret,
            "secrets.NewSecret": self._secret,
            "utils.GenerateSampleSecret": '{}_api_token = "{}"'.format,
            "utils.GenerateSampleSecrets": self._in_forms,
            "utils.Hex8_4_4_4_12": lambda: _UUID,
            **{
                f"utils.{name}": (lambda size, sort=sort: f"{sort}{{{size}}}")
                for name, sort in _SIZED.items()
            },
        }

    def true_positives(self) -> list[str]:
        """Return the texts that the function calls true positives."""
        while self._at < len(self._tokens) - 2:
            (kind, name), (_, sign) = self._tokens[self._at : self._at + 2]
            if kind == "name" and sign in (":=", "="):
                self._at += 2
                try:
                    self._values[name] = self._sum()
                except _NotUnderstoodError:
                    continue
            else:
                self._at += 1
        found = self._values.get("tps", [])
        return [each for each in found if isinstance(each, str)]

    def _next(self, expected: str = "") -> tuple[str | None, str]:
        if self._at >= len(self._tokens):
            raise _NotUnderstoodError
        kind, text = self._tokens[self._at]
        if expected and text != expected:
            raise _NotUnderstoodError
        self._at += 1
        return kind, text

    def _is_next(self, *texts: str) -> bool:
        return self._at < len(self._tokens) and self._tokens[self._at][1] in texts

    def _sum(self) -> Value:
        value = self._term()
        while self._is_next("+"):
            self._next()
            value += self._term()
        return value

    def _term(self) -> Value:
        kind, text = self._next()
        if kind in ("raw", "text"):
            return _literal(text)
        if text == "[]string":
            return self._items("{", "}")
        if text == "map":
            for sign in ("[", "string", "]", "string"):
                self._next(sign)
            return self._items("{", "}")
        if self._is_next("("):
            given = self._items("(", ")")
            if text in self._calls:
                return self._calls[text](*given)
        if text in self._values:
            return self._values[text]
        raise _NotUnderstoodError

    def _items(self, begin: str, end: str) -> list[Value]:
        """Return a list's items, a call's arguments or a map's values."""
        self._next(begin)
        items: list[Value] = []
        while not self._is_next(end):
            item = self._sum()
            if self._is_next(":"):
                self._next()
                item = self._sum()
            if self._is_next("..."):
                self._next()
                items += item
            else:
                items.append(item)
            if not self._is_next(end):
                self._next(",")
        self._next(end)
        return items

    def _in_forms(self, name: str, secret: str) -> list[str]:
        return [
            form.replace("{i}", name)
            .replace("{I}", name.upper())
            .replace("{s}", secret)
            for form in self._forms
        ]

    def _secret(self, pattern: str) -> str:
        return "".join(self._matching(_parser.parse(pattern)))

    def _matching(self, parsed: Iterable[tuple[object, Any]]) -> Iterator[str]:
        """Yield the parts of a text that a parsed expression matches."""
        for code, value in parsed:
            match str(code):
                case "LITERAL":
                    yield chr(value)
                case "IN":
                    yield self._random.choice(_characters(value))
                case "MAX_REPEAT":
                    least, most, repeated = value
                    times = self._random.randint(least, min(most, least + 9))
                    for _ in range(times):
                        yield from self._matching(repeated)
                case "SUBPATTERN":
                    yield from self._matching(value[-1])
                case "BRANCH":
                    yield from self._matching(self._random.choice(value[1]))


def _characters(items: Iterable[tuple[object, Any]]) -> str:
    """Return the characters of a set."""
    found = ""
    for code, value in items:
        match str(code):
            case "LITERAL":
                found += chr(value)
            case "RANGE":
                found += "".join(map(chr, range(value[0], value[1] + 1)))
            case "CATEGORY":
                found += _WORD
    return found
