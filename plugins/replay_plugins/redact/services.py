"""The keys and tokens of services.

Source: the services' own documents, and what gitleaks and secretlint cover.
"""

from typing import Final

from replay_plugins.redact.checks import has_digit, is_discord_token
from replay_plugins.redact.kinds import ALONE, ENDS, Check, Rule, rule
from replay_plugins.redact.outlines import TOKEN


def _token(name: str, pattern: str, *keywords: str, check: Check | None = None) -> Rule:
    return rule(name, ALONE + pattern, *keywords, outline=TOKEN, check=check)


def _within(name: str, pattern: str, *keywords: str) -> Rule:
    """Return a row for what only its surroundings tell."""
    return rule(name, pattern, *keywords, outline=TOKEN, check=has_digit)


SERVICES: Final = (
    _token(
        "aws-access-key",
        rf"(?:A3T[A-Z0-9]|AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{{16}}{ENDS}",
        *("A3T", "AKIA", "ASIA", "ABIA", "ACCA"),
    ),
    _token("aws-bedrock-key", r"ABSK[A-Za-z0-9+/]{100,400}={0,2}", "ABSK"),
    _token(
        "github-token",
        r"gh[oprsu]_[A-Za-z0-9]{36,255}",
        *("gho_", "ghp_", "ghr_", "ghs_", "ghu_"),
    ),
    _token("github-token", r"github_pat_\w{60,255}", "github_pat_"),
    _token(
        "gitlab-token",
        r"(?:gl(?:pat|dt|rt|ft|ptt|imt|soat|agent|ffct|oas|cbt)-|GR1348941)"
        r"[\w-]{20,300}(?:\.[0-9a-z]{9})?",
        *("glpat-", "gldt-", "glrt-", "glft-", "glptt-", "glimt-", "glsoat-"),
        *("glagent-", "glffct-", "gloas-", "glcbt-", "GR1348941"),
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
        *("k_test_", "k_live_", "k_prod_"),
    ),
    _token("stripe-webhook-secret", r"whsec_[A-Za-z0-9+/=]{24,}+", "whsec_"),
    _token("anthropic-key", r"sk-ant-[a-z]{2,8}\d\d-[\w-]{20,}+", "sk-ant-"),
    _token(
        "openai-key",
        r"sk-(?:(?:proj|svcacct|admin|None)-[\w-]{20,}+|[A-Za-z0-9]{32,}+)",
        "sk-",
        check=has_digit,
    ),
    _token("llamacloud-key", r"llx-[A-Za-z0-9_-]{16,}+", "llx-"),
    _token("huggingface-token", r"(?:hf|api_org)_[A-Za-z0-9]{30,}+", "hf_", "api_org_"),
    _token("npm-token", r"npm_[A-Za-z0-9]{36,}+", "npm_"),
    _token("pypi-token", r"pypi-AgE[\w-]{50,}+", "pypi-AgE"),
    _token("sendgrid-key", r"SG\.[\w-]{16,64}\.[\w-]{16,}+", "SG."),
    _token("twilio-key", rf"SK[0-9a-fA-F]{{32}}{ENDS}", "SK"),
    _token("digitalocean-token", r"do[opr]_v1_[a-f0-9]{64,}+", "_v1_"),
    rule(
        "azure-storage-key",
        r"AccountKey=(?P<secret>[A-Za-z0-9+/]{40,}+={0,2})",
        "AccountKey=",
    ),
    _token("azure-secret", r"[\w~.]{3}\dQ~[\w~.-]{30,}[\w~-]", "Q~"),
    _token("cloudflare-key", r"v1\.0-[a-f0-9]{24}-[a-f0-9]{100,}+", "v1.0-"),
    _token("databricks-token", r"dapi[a-f0-9]{32}(?:-\d)?", "dapi"),
    _token("shopify-token", r"shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32,}+", "shp"),
    _token("telegram-token", r"\d{6,16}:A[\w-]{34}(?![\w-])", ":A"),
    rule(
        "discord-token",
        r"[MNO](?:(?<![A-Za-z0-9].)|(?<=\\[nrt].))[\w-]{22,30}\.[\w-]{6}\.[\w-]{27,}+",
        outline=TOKEN,
        check=is_discord_token,
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
    _token("vault-token", r"hv[brs]\.[\w-]{24,}+", "hvs.", "hvb.", "hvr."),
    _token("grafana-token", r"gl(?:c|sa)_[A-Za-z0-9+/_=]{32,}+", "glc_", "glsa_"),
    _token("new-relic-key", r"NRAK-[A-Z0-9]{27}", "NRAK-"),
    _token("atlassian-token", r"ATATT3[\w=-]{40,}+", "ATATT3"),
    _within(
        "service-key",
        r"(?i:datadog|dd[_-](?:api|app)|cloudflare|twilio|heroku|mailgun|algolia)"
        r"[\w .-]{0,30}[\\\"']{0,4}[ \t]{0,3}[=:]>?[ \t]{0,3}[\\\"'`]{0,4}"
        rf"(?P<secret>(?:key-)?[A-Za-z0-9_-]{{30,80}}){ENDS}",
        *("atadog", "ATADOG", "dd_a", "DD_A", "dd-a", "DD-A", "loudflare"),
        *("LOUDFLARE", "wilio", "WILIO", "eroku", "EROKU", "ailgun", "AILGUN"),
        *("lgolia", "LGOLIA"),
    ),
)
