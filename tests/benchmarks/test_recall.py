"""The readers of other scanners' samples, and the command that counts them."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from benchmarks.recall import gitleaks, secretlint

_TOKEN: Final = "ab" + "c_1234567890abcdef"
_FORMS: Final = """
\tsamples := map[string]string{
\t\t"ini": "{i}Token=\\"{s}\\"",
\t\t"make": `{I}_TOKEN := {s}`,
\t}
"""
_RULE: Final = """
func Abc() *config.Rule {
\tr := config.Rule{RuleID:      "abc", Regex: nothing(`x`)}
\tname := "ab" + fmt.Sprintf("%s", "c")
\ttps := utils.GenerateSampleSecrets(name, "abc_"+secrets.NewSecret(utils.Hex("16")))
\ttps = append(tps, // one more
\t\t`say abc_1234567890abcdef`, unknown.Call(name), )
\ttps = append(tps, secrets.NewSecret(`abc_(?:[\\w]{16}|[a-f]{16}){1}`))
\tfps := []string{"abc_"}
\treturn utils.Validate(r, tps, fps)
}
"""


@pytest.fixture
def copies(tmp_path: Path) -> Path:
    rules = tmp_path / "cmd" / "generate" / "config" / "rules"
    utilities = rules.parent / "utils"
    for directory in (rules, utilities, tmp_path / "config"):
        directory.mkdir(parents=True)
    (utilities / "generate.go").write_text(_FORMS)
    (rules / "abc.go").write_text(_RULE)
    (tmp_path / "config" / "gitleaks.toml").write_text(
        "[[rules]]\nid = 'abc'\nregex = '(?i)\\b(abc_\\w{16})\\b'\n"
    )
    test = tmp_path / "packages/@secretlint/secretlint-rule-abc/test/snapshots/ng"
    test.mkdir(parents=True)
    message = {"ruleId": "@secretlint/secretlint-rule-abc", "range": [6, 26]}
    output = {"sourceContent": f"token={_TOKEN}\n", "messages": [message]}
    (test / "output.json").write_text(json.dumps(output))
    return tmp_path


def test_a_rule_in_go_gives_its_texts_with_their_secrets(copies: Path) -> None:
    ini, make, made = gitleaks.samples(copies)
    assert ini.text == f'abcToken="{ini.secret}"'
    assert make.text == f"ABC_TOKEN := {ini.secret}"
    assert made.text == made.secret
    assert [*gitleaks.samples(copies)] == [ini, make, made]


def test_a_recorded_message_gives_its_text_with_the_secret(copies: Path) -> None:
    (sample,) = secretlint.samples(copies)
    assert (sample.rule, sample.secret) == ("abc", _TOKEN)


@pytest.mark.slow
def test_the_command_counts_samples_and_false_alarms(copies: Path) -> None:
    (copies / "text.py").write_text('token = "abc_9f8e7d6c5b4a3f2e1d0c"\n')
    command = [sys.executable, "-m", "benchmarks.recall"]
    for name in ("gitleaks", "secretlint", "text"):
        command += [f"--{name}", str(copies)]
    done = subprocess.run(  # noqa: S603 - our own
        command, check=True, capture_output=True, text=True
    )
    assert "secretlint: 1 of 1 samples" in done.stdout
    assert "| `password` |" in done.stdout
    assert "ordinary text: 0 false alarms" not in done.stdout
