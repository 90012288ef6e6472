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

DEAD_CODES: Final = re.compile(r"5\.(1\.(1|2|3|4|6|10)|2\.1)")
"""No such mailbox or domain, a mailbox that moved, or is shut for good (RFC 3463)."""

CATCH_ALL: Final = re.compile(r"5\.[0135]\.0")
"""Under these a plain 550 comes; what they mean is in the words."""

BUSY_CODES: Final = re.compile(r"4\.\d+\.\d+|5\.(2\.2|3\.[12]|4\.\d+)")
"""The mailbox or its server cannot take mail now: full, down, not to be reached."""

_ENHANCED: Final = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_REPLY: Final = re.compile(r"(?<![\d.])([245]\d\d)(?![\d.])")
_POLICY: Final = re.compile(
    r"polic|spam|block|blacklist|denylist|listed|reputation|rate.?limit|too many|throttl|gr[ea]y.?list|dmarc|dkim"
    r"|\bspf\b|authenticat|not authori[sz]ed|administrative|virus|content|sender|tls|try again|temporar|later",
    re.IGNORECASE,
)
_FULL: Final = re.compile(
    r"quota|\b(mailbox|inbox|account|storage|disk)\b.{0,20}\bfull\b|out of (storage|space)", re.IGNORECASE
)
_WHO: Final = r"(user|recipient|mailbox|account|address|alias|person|local.?part|destination)"
_GONE: Final = (
    r"(unknown|not found|not exist|n.t exist|no longer|disabled|inactive|invalid|unavailable|rejected|suspended"
    r"|deactivated)"
)
_UNKNOWN: Final = re.compile(
    rf"{_WHO}\b.{{0,40}}\b{_GONE}|\b(unknown|no such|invalid|bad|non.?existent)\b.{{0,20}}{_WHO}"
    r"|does(n.t| not) exist|not a valid recipient|have an? .{1,40}account",
    re.IGNORECASE | re.DOTALL,
)


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
    if (not code or CATCH_ALL.fullmatch(code)) and _FULL.search(said):
        return SOFT
    if _is_dead(code, reply, said):
        return DEAD
    if BUSY_CODES.fullmatch(code):
        return SOFT
    return NOTHING if code.startswith("5") or _POLICY.search(said) else SOFT


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


def _is_dead(code: str, reply: str, said: str) -> bool:
    """By the code where it is telling; where it is a catch-all or missing, by the words beside a 550."""
    if reply.startswith("4") or code.startswith("4"):
        return False
    if code and not CATCH_ALL.fullmatch(code):
        if code == "5.4.1":  # how Microsoft answers for a recipient that its directory does not know
            return "recipient address rejected" in said.lower()
        return bool(DEAD_CODES.fullmatch(code))
    if _POLICY.search(said) and not _UNKNOWN.search(said):
        return False
    return reply in ("550", "551", "553") or bool(_UNKNOWN.search(said))


def _diagnosis(recipient: Mapping[str, Any]) -> tuple[str, str, str]:
    """(enhanced code, reply code, words). What the other server said is nearer to the cause than SES's own status."""
    said = recipient.get("diagnosticCode")
    said = said if isinstance(said, str) else ""
    status = recipient.get("status")
    status = status.strip() if isinstance(status, str) else ""
    found = _ENHANCED.search(said)
    # Before any reply code of the text is looked for, the enhanced one goes: 5.1.1 holds none, an address might.
    reply = _REPLY.search(_ENHANCED.sub(" ", said))
    known = _ENHANCED.fullmatch(status)
    code = found[1] if found else (known[1] if known else "")
    return code, reply[1] if reply else "", said


def _plain(value: object) -> str:
    return re.sub(r"[^a-z]", "", value.lower()) if isinstance(value, str) else ""
