"""What a bounce says of an address: dead, soft, or nothing. Read from a table, not from SES's label alone, which calls
some dead mailboxes "Transient". The table and its reasons: docs/decisions/bounces.md. Pure.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from tidings.feedback.shapes import Report, addresses

DEAD, SOFT, NOTHING = "dead", "soft", "nothing"

OF_THE_MAIL: Final = frozenset({"messagetoolarge", "contentrejected", "attachmentrejected"})
"""Subtypes that speak of the mail, not of the mailbox."""

DEAD_CODES: Final = re.compile(r"5\.(1\.(1|2|3|4|6|10|351)|2\.1|4\.(4|310))")
"""No such mailbox or domain, a mailbox that moved, or is shut for good (RFC 3463; 5.1.351 and 5.4.310 are
Microsoft's)."""

CATCH_ALL: Final = re.compile(r"5\.[0135]\.0")
"""Under these a plain 550 comes; what they mean is in the words."""

BUSY_CODES: Final = re.compile(r"4\.\d+\.\d+|5\.(2\.2|3\.[12]|4\.\d+)")
"""The mailbox or its server cannot take mail now: full, down, not to be reached."""

_ENHANCED: Final = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_REPLY: Final = re.compile(r"(?<![\w.@+-])([245]\d\d)(?![\w.@])")
_SENDER: Final = re.compile(
    r"\bsender|\bips?\b|\bclient\b|\bmail from\b|\bfrom (address|domain)|\bfrom:|\bhelo\b|\bptr\b|reverse dns|\brdns\b"
    r"|mail exchanger|your (mail )?(host|server|domain)",
    re.IGNORECASE,
)
"""It was not the mailbox: who sent it was turned away, even where an address is "rejected"."""

_POLICY: Final = re.compile(
    r"polic|spam|block|blacklist|denylist|listed|reputation|limit|frequen|too many|throttl|gr[ea]y.?list|dmarc|dkim"
    r"|\bspf\b|\bbatv\b|authenti|not authori[sz]ed|administrative|virus|content|tls\b|relay|protocol|\brfc\b|header"
    r"|bulk|unsolicited|filter|pattern|scored|attachment|executable|security|verif|insecure|captcha|members"
    r"|(message|mail|file).{0,20}too (big|large)|message.{0,12}size|size exceed|not allowed|not accept",
    re.IGNORECASE,
)
_FULL: Final = re.compile(
    r"quota|\b(mailbox|inbox|mail ?folder|account|storage|disk|system)\b.{0,20}\bfull\b|\bfull mailbox"
    r"|(exceed|limit).{0,30}\b(storage|space|allocation)|(mailbox|storage|space|account).{0,30}(exceed|limit|used up)"
    r"|(out of|no|enough|sufficient) (disk |storage )?(storage|space)",
    re.IGNORECASE,
)
_LATER: Final = re.compile(
    r"temporar|try again|\blater\b|time.?out|timed out|expired|\bqueue|connect|reachable|no route|\bloop|hop count"
    r"|internal|system error|configur|interrupted|service.{0,20}(unavailable|not available)|attempts",
    re.IGNORECASE,
)
"""The mailbox's server cannot take mail now, although its code does not say so."""

_RATE: Final = re.compile(r"at a rate|too (fast|quickly|many|much)", re.IGNORECASE)
_WHO: Final = r"(user|recipient|mailbox|account|address|alias|person|local.?part|destination)"
_GONE: Final = (
    r"(unknown|not found|not (been )?(exist|known|active|present|valid)|n.t exist|no longer|disabled|inactive|invalid"
    r"|unavailable|rejected|suspended|deactivated|terminated|frozen)"
)
_NOBODY: Final = re.compile(
    rf"{_WHO}\b.{{0,40}}\b{_GONE}|\b(unknown|no such|no|invalid|bad|non.?existent)\b.{{0,20}}{_WHO}"
    rf"|does(n.t| not) exist|not (a|an) (valid|known|active|local) {_WHO}|have an? .{{1,40}}account"
    r"|no such (domain|host)|\b(unknown|invalid) (domain|host)|\b(domain|host)( name)?( is)? (unknown|not found)"
    r"|unrout(e)?able",
    re.IGNORECASE | re.DOTALL,
)
"""The words for a mailbox or a domain that is not there."""


def verdict(bounce: Mapping[str, Any], recipient: Mapping[str, Any]) -> str:
    """`dead`: it will never take mail. `soft`: not now. `nothing`: the mail was at fault, or an automatic answer."""
    kind, subtype = (_plain(bounce.get(name)) for name in ("bounceType", "bounceSubType"))
    if kind == "permanent":
        return DEAD
    if subtype in OF_THE_MAIL:
        return NOTHING
    if subtype == "mailboxfull":
        return SOFT
    code, reply, said = _diagnosis(recipient)
    if not code and not reply and not said:
        # Without a diagnosis a "General" one is how SES reports an automatic answer, such as "out of office".
        return NOTHING if subtype in ("general", "") else SOFT
    if reply.startswith("4") and not code.startswith("5"):
        return SOFT
    return _by_words(reply, said, code) if not code or CATCH_ALL.fullmatch(code) else _by_code(code, said)


def of(report: Report) -> list[tuple[str, str]]:
    """(address, verdict) of everybody a bounce names; of all the mail went to, where it names nobody."""
    entries = report.listed("bouncedRecipients")
    named = [
        (address, verdict(report.told, entry))
        for entry in entries
        for address in addresses([entry.get("emailAddress")])
    ]
    if named:
        return named
    entry = entries[0] if entries else {}
    return [(address, verdict(report.told, entry)) for address in report.destination]


def code_of(recipient: Mapping[str, Any]) -> str:
    """The enhanced status code (RFC 3463) of a recipient's bounce, "" without."""
    return _diagnosis(recipient)[0]


def _by_code(code: str, said: str) -> str:
    """Of a code that says what is the matter."""
    if code == "5.4.1":  # how Microsoft answers for a recipient that its directory does not know
        return DEAD if "recipient address rejected" in said.lower() else SOFT
    if code == "5.2.1" and _RATE.search(said):  # Gmail, of a mailbox that gets too much at once
        return SOFT
    if DEAD_CODES.fullmatch(code):
        return DEAD
    return SOFT if BUSY_CODES.fullmatch(code) else NOTHING


def _by_words(reply: str, said: str, code: str) -> str:
    """Of a code that says nothing, or none: by the words, and where they say nothing either, by a 550."""
    if _FULL.search(said):
        return SOFT
    nobody = _NOBODY.search(said)
    if _SENDER.search(said) or (_POLICY.search(said) and not nobody):
        return NOTHING
    if _LATER.search(said):
        return SOFT
    if nobody or reply in ("550", "551", "553"):
        return DEAD
    return NOTHING if code else SOFT


def _diagnosis(recipient: Mapping[str, Any]) -> tuple[str, str, str]:
    """(enhanced code, reply code, words). What the other server said is nearer to the cause than SES's own status."""
    said = recipient.get("diagnosticCode")
    said = said if isinstance(said, str) else ""
    status = recipient.get("status")
    status = status.strip() if isinstance(status, str) else ""
    codes = _ENHANCED.findall(said)
    found = next((each for each in codes if not CATCH_ALL.fullmatch(each)), codes[0] if codes else "")
    # Before any reply code of the text is looked for, the enhanced one goes: 5.1.1 holds none, an address might.
    reply = _REPLY.search(_ENHANCED.sub(" ", said))
    known = _ENHANCED.fullmatch(status)
    code = found or (known[1] if known else "")
    return code, reply[1] if reply else "", said


def _plain(value: object) -> str:
    return re.sub(r"[^a-z]", "", value.lower()) if isinstance(value, str) else ""
