"""Every kind of secret, and those that only a service's name or address tells."""

from typing import Final

from replay_plugins.redact import secret_checks as checks
from replay_plugins.redact.forms import FORMS
from replay_plugins.redact.personal import PERSONAL
from replay_plugins.redact.rules import Rule, long_words, lower_case_beside_long
from replay_plugins.redact.token_kinds import KINDS

#: No letter or digit before a token, and none after it.
_ALONE, _ENDS = r"(?<![A-Za-z0-9])", r"(?![A-Za-z0-9])"
#: Names of services whose keys have no form of their own.
_NAMES: Final = (
    "adafruit adobe airtable algolia alibaba artifactory asana atlassian beamer "
    "bitbucket bittrex cloudflare codecov cohere coinbase confluence confluent "
    "contentful datadog dd-api dd-app dd_api dd_app droneci dropbox etsy facebook "
    "fastly finicity finnhub flickr freshbooks gitter heroku hubspot intercom jfrog "
    "jira kraken kucoin launchdarkly linkedin lob looker mailchimp mailgun mapbox "
    "mattermost meraki messagebird netlify new-relic newrelic nytimes okta plaid "
    "rapidapi sendbird sendinblue sentry snyk sonar sourcegraph squarespace sumo "
    "travis trello twilio twitch twitter yandex zendesk"
)


#: Kinds that only their surroundings identify.
_WITHIN: Final = (
    Rule(
        "slack-webhook",
        r"hooks\.slack\.com/(?:services|workflows|triggers)/"
        r"(?P<secret>[A-Za-z0-9+/_-]{20,}+)",
        "hooks.slack.com",
        long_words,
        checks.has_digit,
    ),
    Rule(
        "discord-webhook",
        r"discord(?:app)?\.com/api/webhooks/\d{10,25}/(?P<secret>[\w-]{40,}+)",
        "/api/webhooks/",
        long_words,
    ),
    Rule(
        "teams-webhook",
        r"\.webhook\.office\.com/webhookb2/(?P<secret>[\w@-]{60,90}+/IncomingWebhook/"
        r"[\w-]{32}/[\w-]{36}(?:/[\w-]{20,64})?)",
        ".webhook.office.com",
        long_words,
    ),
    Rule(
        "azure-storage-key",
        r"AccountKey=(?P<secret>[A-Za-z0-9+/]{40,}+={0,2})",
        "AccountKey=",
        long_words,
    ),
    Rule(
        "discord-token",
        r"[MNO](?<![A-Za-z0-9].)[\w-]{22,30}\.[\w-]{6}\.[\w-]{27,}+",
        "MT Mj Mz ND NT Nj Nz OD OT",  # the beginning of digits in Base64
        long_words,
        checks.is_discord_token,
    ),
    Rule(
        "service-key",
        rf"(?i:{'|'.join(_NAMES.split())})"
        r"[\w .-]{0,30}[\\\"']{0,4}[ \t]{0,3}[=:]>?[ \t]{0,3}[\\\"'`]{0,4}"
        r"(?P<secret>(?:key-)?[A-Za-z0-9_-]{30,80})" + _ENDS,
        _NAMES,
        lower_case_beside_long,
        checks.has_digit,
    ),
)

#: Every kind; if two begin at the same place, the first one names the secret.
RULES: Final = (
    *(
        Rule(name, _ALONE + pattern + _ENDS, keywords, long_words, checks.is_made)
        for name, pattern, keywords, _ in KINDS
    ),
    *_WITHIN,
    *FORMS,
    *PERSONAL,
)
