"""Who opened or clicked: a person, or a machine that opens and follows everything. As well as can be told from outside.

What is told by a machine keeps the property `machine`, a word that says why: it counts apart, and no workflow hears of
it. docs/decisions/machine-opens.md says what is behind each rule. Pure.
"""

import re
from datetime import timedelta
from typing import Any, Final

from tidings.feedback.shapes import Report, time_of

AT_ONCE: Final = {"mail_opened": timedelta(seconds=5), "mail_clicked": timedelta(seconds=3)}
"""Nobody reads so soon after SES took the mail: the way to the mailbox alone takes a second or two."""

SKEW: Final = timedelta(minutes=1)
"""An open from long before the send is no machine's: somebody's clock is wrong."""

APPLE: Final = "Mozilla/5.0"
"""All that Mail Privacy Protection says of itself: Apple fetches the pictures, whether anybody reads or not."""

GMAIL_AHEAD: Final = re.compile(r"Edge/12\.246 Mozilla/5\.0$")
"""Gmail fetching pictures ahead. Its ordinary proxy (GoogleImageProxy) comes when a person opens the mail."""

SCANNERS: Final = re.compile(
    r"bot\b|crawl|spider|scan|preview|prefetch|python|curl/|wget|java/|go-http-client|apache-httpclient|headlesschrome"
    r"|phantomjs|barracuda|proofpoint|mimecast|symantec|messagelabs|fireeye|trendmicro|sophos|forcepoint|ironport"
    r"|cloudmark|zscaler|safelinks|urldefense|vade|bitdefender|kaspersky|fortiguard|facebookexternalhit|slackbot"
    r"|privacy proxy",
    re.IGNORECASE,
)
PROXIES: Final = (("GoogleImageProxy", "google"), ("YahooMailProxy", "yahoo"), ("ggpht.com", "google"))


def machine(report: Report) -> str:
    """Why a machine must have opened or clicked; "" for what a person may have done."""
    agent = agent_of(report.told)
    if str(report.told.get("isBotEvent")).lower() in ("likely", "true"):
        return "ses"
    if report.word == "open" and agent == APPLE:
        return "apple"
    if report.word == "open" and GMAIL_AHEAD.search(agent):
        return "google"
    if SCANNERS.search(agent):
        return "scanner"
    sent, at = report.sent_at, time_of(report.told.get("timestamp"))
    if sent and at and -SKEW < at - sent < AT_ONCE.get(report.type, timedelta(0)):
        return "at once"
    return ""


def proxy(told: Any) -> str:
    """Whose proxy fetched the pictures for a person: their mail program and place are hidden behind it."""
    agent = agent_of(told)
    return next((name for mark, name in PROXIES if mark in agent), "")


def agent_of(told: Any) -> str:
    """The user agent, "" without."""
    agent = told.get("userAgent")
    return " ".join(agent.split()) if isinstance(agent, str) else ""
