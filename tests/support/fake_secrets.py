"""Fake secrets, joined from parts so that no scanner reports them."""

import base64
import json
import re
from random import Random
from string import ascii_letters, ascii_lowercase, ascii_uppercase, digits
from typing import Final

_ALNUM: Final = ascii_letters + digits
_HEX: Final = digits + "abcdef"
_RANDOM: Final = Random(7)  # noqa: S311 - the same ones each time


def _some(count: int, characters: str = _ALNUM) -> str:
    """Return random characters, the last of them a digit if digits are allowed."""
    text = "".join(_RANDOM.choices(characters, k=count))
    return text[:-1] + "7" if "7" in characters else text


def _base64(value: str) -> str:
    return base64.urlsafe_b64encode(value.encode()).decode().rstrip("=")


def _jwt() -> str:
    parts = [{"alg": "HS256", "typ": "JWT"}, {"sub": "1234567890", "admin": True}]
    return ".".join([*(_base64(json.dumps(part)) for part in parts), _some(43)])


def _private_key() -> str:
    lines = "\n".join(_some(64) for _ in range(4))
    edge = "-" * 5
    kind = "RSA PRIVATE " + "KEY"
    return f"{edge}BEGIN {kind}{edge}\n{lines}\n{edge}END {kind}{edge}"


_SORTS: Final = {
    "a": _ALNUM,
    "d": digits,
    "h": _HEX,
    "l": ascii_letters,
    "u": ascii_uppercase + digits,
}
_UUID: Final = "{h8}-{h4}-{h4}-{h4}-{h12}"


def _like(form: str) -> str:
    """Return a text in which ``{a32}`` became 32 letters and digits, and so on."""
    return re.sub(r"{(\w)(\d+)}", lambda m: _some(int(m[2]), _SORTS[m[1]]), form)


#: The form of secrets of services.
_FORMS: Final = {
    "1password-secret-key": "A3-{u6}-{u11}-{u5}-{u5}-{u5}",
    "1password-token": "ops_ey{a260}",
    "adobe-secret": "p8e-{a32}",
    "age-key": "AGE-SECRET-KEY-1{u58}",
    "airtable-token": "pat{a14}.{h64}",
    "alibaba-key": "LTAI{a20}",
    "artifactory-key": "AKCp{a69}",
    "authress-key": "ext_{a10}.{a5}.acc-{h12}.{a40}",
    "brave-key": "BSA{a27}",
    "buildkite-token": "bkua_{h40}",
    "cerebras-key": "csk-{h48}",
    "circleci-token": "CCIPAT_{a22}_{h40}",
    "clickhouse-key": "4b1d{a38}",
    "clojars-token": "CLOJARS_{a60}",
    "contentful-token": "CFPAT-{a43}",
    "defined-networking-token": "dnkey-{a26}-{a52}",
    "deno-token": "ddp_{a36}",
    "doppler-token": "dp.pt.{a43}",
    "dropbox-token": "sl.u.{a140}",
    "duffel-token": "duffel_live_{a43}",
    "dynatrace-token": "dt0c01.{a24}.{a64}",
    "e2b-key": "e2b_{h40}",
    "easypost-key": "EZAK{a54}",
    "elevenlabs-key": "sk_{h48}",
    "facebook-token": "EAAM{a110}",
    "figma-token": "figd_{a40}",
    "firecrawl-key": "fc-{h32}",
    "flutterwave-key": "FLWSECK_TEST-{h32}-X",
    "flyio-token": "fm2_{a120}",
    "frameio-token": "fio-u-{a64}",
    "gocardless-token": "live_{a40}",
    "harness-token": "pat.{a22}.{a24}.{a20}",
    "heroku-key": "HRKU-AA{a58}",
    "hubspot-token": f"pat-na1-{_UUID}",
    "infracost-key": "ico-{a32}",
    "intra42-secret": "s-s4t2ud-{h64}",
    "jina-key": "jina_{h32}{a28}",
    "langfuse-key": f"sk-lf-{_UUID}",
    "langsmith-key": "lsv2_pt_{h32}_{h10}",
    "lob-key": "test_{h35}",
    "mailchimp-key": "{h32}-us12",
    "mailgun-key": "key-{h32}",
    "mapbox-token": "sk.{a80}.{a22}",
    "maxmind-key": "{a6}_{a29}_mmk",
    "netlify-token": "nfp_{a36}",
    "nvidia-key": "nvapi-{a64}",
    "octopus-key": "API-{u26}",
    "openrouter-key": "sk-or-v1-{h64}",
    "openshift-token": "sha256~{a43}",
    "pinecone-key": "pcsk_{a6}_{a63}",
    "plaid-token": f"access-sandbox-{_UUID}",
    "planetscale-token": "pscale_tkn_{a43}",
    "posthog-key": "phx_{a43}",
    "prefect-key": "pnu_{a36}",
    "pulumi-token": "pul-{h40}",
    "readme-key": "rdme_{h70}",
    "replicate-token": "r8_{a37}",
    "resend-key": "re_{a8}_{a24}",
    "rubygems-key": "rubygems_{h48}",
    "scalingo-token": "tk-us-{a48}",
    "sendinblue-key": "xkeysib-{h64}-{a16}",
    "sentry-token": "sntryu_{h64}",
    "settlemint-token": "sm_pat_{a16}",
    "shippo-token": "shippo_live_{h40}",
    "sonar-token": "squ_{h40}",
    "sourcegraph-token": "sgp_{h40}",
    "square-token": "sq0atp-{a22}",
    "supabase-key": "sbp_{h40}",
    "tailscale-key": "tskey-api-{a12}-{a24}",
    "tavily-key": "tvly-dev-{a32}",
    "terraform-token": "{a14}.atlasv1.{a67}",
    "twitter-token": "AAAAAAAAAAAAAAAAAAAAAA{a90}",
    "typeform-token": "tfp_{a59}",
    "vercel-token": "vcp_{a40}",
    "voyage-key": "pa-{a43}",
    "yandex-key": "AQVN{a36}",
}
#: Secrets that each rule finds on their own, by the rule's name.
SECRETS: Final[dict[str, list[str]]] = {
    "aws-access-key": ["AK" + "IA" + _some(16, ascii_uppercase + "234567")],
    "aws-bedrock-key": ["AB" + "SK" + _some(110)],
    "github-token": [
        *("gh" + letter + "_" + _some(36) for letter in "oprsu"),
        "github" + "_pat_" + _some(22) + "_" + _some(59),
    ],
    "gitlab-token": ["gl" + "pat-" + _some(20), "gl" + "rt-" + _some(20)],
    "google-api-key": ["AI" + "za" + _some(35)],
    "google-token": ["ya" + "29." + _some(60)],
    "google-secret": ["GOC" + "SPX-" + _some(28)],
    "slack-token": [
        f"xo{'xb'}-{_some(12, digits)}-{_some(12, digits)}-{_some(24)}",
        f"xo{'xp'}-{_some(12, digits)}-{_some(12, digits)}-{_some(28)}",
        f"xa{'pp'}-1-A{_some(10, digits)}-{_some(13, digits)}-{_some(64, _HEX)}",
    ],
    "stripe-key": ["sk" + "_live_" + _some(24), "rk" + "_test_" + _some(24)],
    "stripe-webhook-secret": ["wh" + "sec_" + _some(32)],
    "anthropic-key": ["sk-" + "ant-api03-" + _some(93) + "AA"],
    "openai-key": [
        "sk" + "-" + _some(20) + "T3Blbk" + "FJ" + _some(20),
        "sk" + "-proj-" + _some(74) + "T3Blbk" + "FJ" + _some(74),
    ],
    "llamacloud-key": ["ll" + "x-" + _some(48)],
    "huggingface-token": ["h" + "f_" + _some(34, ascii_letters)],
    "npm-token": ["np" + "m_" + _some(36)],
    "pypi-token": ["py" + "pi-AgE" + "IcHlwaS5vcmc" + _some(80)],
    "sendgrid-key": ["S" + "G." + _some(22) + "." + _some(43)],
    "twilio-key": ["S" + "K" + _some(32, _HEX)],
    "digitalocean-token": ["do" + "p_v1_" + _some(64, _HEX)],
    "azure-secret": [_some(3) + "8" + "Q~" + _some(34)],
    "cloudflare-key": ["v1" + ".0-" + _some(24, _HEX) + "-" + _some(146, _HEX)],
    "databricks-token": ["da" + "pi" + _some(32, _HEX)],
    "shopify-token": ["shp" + "at_" + _some(32, _HEX)],
    "telegram-token": [_some(9, digits) + ":A" + "A" + _some(33)],
    "discord-token": [
        _base64(_some(18, digits)) + "." + _some(6) + "." + _some(38),
    ],
    "groq-key": ["gs" + "k_" + _some(52)],
    "xai-key": ["xa" + "i-" + _some(80)],
    "perplexity-key": ["pp" + "lx-" + _some(48)],
    "notion-token": ["nt" + "n_" + _some(46)],
    "linear-key": ["lin" + "_api_" + _some(40)],
    "postman-key": ["PM" + "AK-" + _some(24, _HEX) + "-" + _some(34, _HEX)],
    "docker-token": ["dckr" + "_pat_" + _some(27)],
    "vault-token": ["hv" + "s." + _some(90)],
    "grafana-token": ["gl" + "sa_" + _some(32) + "_" + _some(8, _HEX)],
    "new-relic-key": ["NR" + "AK-" + _some(27, ascii_uppercase + digits)],
    "atlassian-token": ["ATA" + "TT3" + _some(186)],
    "private-key": [_private_key()],
    "jwt": [_jwt()],
    "email": ["ada.lovelace+notes@mail.example.com", "b@example.org"],
    "phone": ["+49 30 901820", "+1 (555) 010-9999", "+442079460958"],
    "card": [
        "4111" + " 1111" * 3,
        "5500-0000-0000-0004",
        "378282246310005",
        "6011000990139424",
    ],
    "iban": ["DE89 3704 0044 0532 0130 00", "GB82WEST12345698765432"],
} | {name: [_like(form)] for name, form in _FORMS.items()}
_TOKEN: Final = _some(40)
#: Secrets found only in context: the text before, the secret, the text after.
WITHIN: Final[dict[str, list[tuple[str, str, str]]]] = {
    "slack-webhook": [
        ("https://hooks.slack.com/services/", f"T{_some(8)}/B{_some(8)}/{_TOKEN}", " x")
    ],
    "discord-webhook": [
        (f"https://discord.com/api/webhooks/{_some(18, digits)}/", _some(68), "")
    ],
    "azure-storage-key": [("AccountName=me;Account" + "Key=", _some(86) + "==", ";")],
    "service-key": [
        ("DATADOG_API_" + "KEY=", _some(32, _HEX), "\n"),
        ("cloudflare_token: ", _TOKEN, ""),
    ],
    "teams-webhook": [
        (
            "https://me.webhook.office.com/webhookb2/",
            _like(f"{_UUID}@{_UUID}/IncomingWebhook/{{h32}}/{_UUID}"),
            " x",
        )
    ],
    "auth-header": [
        ("Authorization: token ", _some(20), "\n"),
        ('-H "X-Api-Key: ', _some(20), '"'),
    ],
    "cookie": [
        ("Cookie: ", "sid=" + _some(12) + "; theme=dark", "\r\n"),
        ("Set-Cookie: ", "sid=" + _some(12), "; Path=/; HttpOnly"),
    ],
    "url-token": [
        ("https://x.example/?access_token=", "QWxhZGRpbjpvcGVuIHNlc2Ft", "&a")
    ],
    "kubernetes-secret": [
        ("kind: Secret\ndata:\n  user: ", base64.b64encode(b"swordfish").decode(), "\n")
    ],
    "bearer-token": [("Authorization: Bearer ", _TOKEN, "\r\n")],
    "basic-auth": [
        ("Authorization: Basic ", base64.b64encode(b"me:pw1234567").decode(), "")
    ],
    "url-password": [("postgres://me:", "pw" + _some(9), "@db/x")],
    "signed-url": [("https://x.example/y?X-Amz-Signature=", _some(64, _HEX), "&a=b")],
    "secret-field": [
        ('{"pass' + 'word": "', "sword fish", '", "a": 1}'),
        ('{"db_pass' + 'word" : "', r"sword\"fi\u0020sh", '"}'),
        (r'"{\"pass' + r"word\": \"", r"sword\\\"fish", r'\"}"'),
        ('{"Authori' + 'zation":"', "Token of mine", ""),
    ],
    "password": [
        ("pass" + "word=", "hunter" + "22", ""),
        ('{"api_key": "', _TOKEN, '"}'),
        ("the client_secret is: client_secret: ", _some(12), ", ok"),
    ],
}
#: One secret of each kind that is found on its own.
EACH: Final = [secrets[0] for secrets in SECRETS.values()]
#: Lower-case words that match no rule.
PROSE: Final = ("so it is", "the end", ascii_lowercase)
