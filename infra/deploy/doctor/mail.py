"""Whether mail may go out, and is believed: the identity, its records, the account, the configuration set."""

from collections.abc import Iterator
from typing import Final

from infra.deploy.doctor.facts import Account, Check, Dns, Finding, Identity, MailSet, fail, ok, warn

TOLD: Final = frozenset(
    {
        "SEND",
        "REJECT",
        "BOUNCE",
        "COMPLAINT",
        "DELIVERY",
        "OPEN",
        "CLICK",
        "RENDERING_FAILURE",
        "DELIVERY_DELAY",
    }
)
"""What SES must tell of mails."""

FREE: Final = frozenset(
    {
        "gmail.com",
        "googlemail.com",
        "yahoo.com",
        "ymail.com",
        "aol.com",
        "outlook.com",
        "hotmail.com",
        "live.com",
        "icloud.com",
        "gmx.de",
        "gmx.net",
        "web.de",
        "naver.com",
        "qq.com",
    }
)
"""Domains whose DMARC refuses what others send in their name."""

POLICIES: Final = frozenset({"none", "quarantine", "reject"})

_DOMAIN = "SES console → Identities → the domain"


def verified(identity: Identity) -> Iterator[Finding]:
    """SES sends only from what it has verified."""
    if identity.verified:
        yield ok(f"{identity.name} is verified")
    else:
        yield fail(
            f"{identity.name} is not verified: SES refuses every mail",
            f"{_DOMAIN} → publish the records shown",
        )


def sender(identity: Identity) -> Iterator[Finding]:
    """The From address must be the identity's, or SES refuses; so DKIM's domain is From's, too."""
    address, name = identity.sender.lower(), identity.name.lower()
    domain = address.rpartition("@")[2]
    if domain in FREE:
        yield fail(
            f"mails come from {domain}: that domain's owner lets nobody else write in its name",
            "send from a domain of the shop's own, verified as an identity",
        )
    elif "@" in name:
        yield warn(
            f"{identity.name} is verified as an address: without its domain nothing is signed",
            "SES console → Identities → Create identity → Domain, and SesIdentity=<domain>",
        )
    elif domain == name or domain.endswith(f".{name}"):
        yield ok(f"mails come from {identity.sender}")
    else:
        yield fail(
            f"shop.yaml's sender {identity.sender} is not of {identity.name}",
            "let sender.address and the parameter SesIdentity agree",
        )


def dkim(identity: Identity) -> Iterator[Finding]:
    """Signed, with a key that mailbox providers trust."""
    if not identity.dkim:
        yield warn("could not be looked up: the embedded AWS signs nothing")
    elif identity.dkim != "SUCCESS" or not identity.signing:
        how = identity.dkim if identity.signing else "switched off"
        yield fail(
            f"DKIM is {how}", f"{_DOMAIN} → DKIM: Easy DKIM, 2048 bits; publish the three CNAME records"
        )
    elif identity.bits and identity.bits < 2048:
        yield warn(
            f"the DKIM key has {identity.bits} bits", f"{_DOMAIN} → DKIM → Edit → RSA_2048_BIT, enabled"
        )
    else:
        yield ok(f"signed, {identity.bits} bits" if identity.bits else "signed")


def mail_from(identity: Identity) -> Iterator[Finding]:
    """Without a MAIL FROM domain of one's own, SPF passes for amazonses.com: not aligned."""
    if not identity.mail_from:
        yield warn(
            "no custom MAIL FROM domain: SPF passes for amazonses.com and is not aligned, so that DMARC hangs on DKIM",
            f"{_DOMAIN} → Custom MAIL FROM domain, e.g. mail.{identity.name}",
        )
    elif identity.mail_from_status != "SUCCESS":
        yield fail(
            f"the MAIL FROM domain {identity.mail_from} is {identity.mail_from_status or 'not set up'}",
            f"publish MX 10 feedback-smtp.<region>.amazonses.com and TXT v=spf1 include:amazonses.com ~all for "
            f"{identity.mail_from}",
        )
    else:
        yield ok(f"bounces come back to {identity.mail_from}, aligned")


def spf(identity: Identity, dns: Dns) -> Iterator[Finding]:
    """The MAIL FROM domain's record must let SES send."""
    if not identity.mail_from:
        yield ok("SES's own domain answers for SPF")
    elif "\n" in dns.mail_from_spf:
        yield fail(
            f"{identity.mail_from} has two SPF records: receivers believe neither",
            f"make one of them: {' / '.join(dns.mail_from_spf.splitlines())}",
        )
    elif "include:amazonses.com" in dns.mail_from_spf:
        yield ok(dns.mail_from_spf)
    else:
        yield fail(
            f"{identity.mail_from} has no SPF record that names SES: {dns.mail_from_spf or 'none'}",
            f'TXT for {identity.mail_from}: "v=spf1 include:amazonses.com ~all"',
        )


def dmarc(identity: Identity, dns: Dns) -> Iterator[Finding]:
    """Gmail and Yahoo ask bulk senders for a record, if only p=none."""
    domain = identity.name.rpartition("@")[2]
    pairs = (part.partition("=") for part in dns.dmarc.split(";"))
    tags = {name.strip(): value.strip() for name, _, value in pairs}
    policy = (tags.get("sp" if dns.dmarc_of else "p") or tags.get("p", "")).lower()
    where = f"sp=none at {dns.dmarc_of}" if dns.dmarc_of and "sp" in tags else "p=none"
    if "\n" in dns.dmarc:
        yield fail(
            "there are two DMARC records at one name: receivers believe neither",
            f"keep one of them: {' / '.join(dns.dmarc.splitlines())}",
        )
        return
    if tags.get("v") != "DMARC1" or not {policy, tags.get("p", "").lower()} <= POLICIES:
        yield fail(
            f"no DMARC record at _dmarc.{domain}: bulk mail is refused or goes to spam",
            f'TXT for _dmarc.{domain}: "v=DMARC1; p=none; rua=mailto:dmarc@{domain}"',
        )
    elif policy == "none":
        yield warn(
            f"DMARC is {where}: anybody may write in the shop's name",
            "read the reports for some weeks, then p=quarantine",
        )
    else:
        yield ok(dns.dmarc)
    if policy and "rua" not in tags:
        yield warn("DMARC has no rua: nobody reads the reports", f"add rua=mailto:dmarc@{domain}")


def production(account: Account) -> Iterator[Finding]:
    """In the sandbox SES sends to verified addresses only."""
    if account.production:
        yield ok("out of the sandbox")
    else:
        yield fail(
            "SES is in the sandbox: it sends to verified addresses only, 200 a day",
            "SES console → Account dashboard → Request production access",
        )


def enforcement(account: Account) -> Iterator[Finding]:
    """AWS reviews and pauses accounts that bounce and complain too much."""
    if account.enforcement == "SHUTDOWN" or not account.sending:
        yield fail(
            f"SES sends nothing: {account.enforcement or 'sending is paused'}",
            "SES console → Account dashboard says why; answer AWS's case, then enable sending",
        )
    elif account.enforcement != "HEALTHY":
        yield warn(
            f"AWS reviews the account: {account.enforcement}",
            "lower bounces and complaints; answer AWS's case",
        )
    else:
        yield ok("healthy")


def plan(account: Account) -> Iterator[Finding]:
    """The plans of 2026 cost more a mail than single features; new accounts begin on Essentials."""
    if account.plan == "NONE":
        yield ok("à la carte: $0.10 per 1,000 mails")
    elif account.plan:
        yield warn(
            f"the account is on SES's plan {account.plan}: a mail costs more than docs/costs.md says",
            "if nobody chose it: aws sesv2 put-account-pricing-attributes --plan NONE (or keep it for its features)",
        )
    else:
        yield warn(
            "SES does not say which price plan holds", "SES console → Account dashboard → Pricing plan"
        )


def quota(account: Account, customers: int) -> Iterator[Finding]:
    """What may be sent a day, beside how many there are to write to."""
    a_day, says = account.day, f"{account.day:.0f} mails a day, {account.second:g} a second"
    more = "SES console → Account dashboard → Request a limit increase"
    if a_day >= 0 and account.sent >= a_day * 0.9:
        yield fail(f"{account.sent:.0f} of {says} are used: what is due waits", more)
    elif 0 <= a_day < customers:
        yield warn(
            f"{says}, for {customers} customers: a mail to all takes {customers / a_day:.1f} days", more
        )
    else:
        yield ok("no limit" if a_day < 0 else says)


def told(mail_set: MailSet) -> Iterator[Finding]:
    """Without SES's events nobody who bounced or complained is suppressed."""
    again = "make deploy: the template has it"
    if not mail_set.sending:
        yield fail(
            f"the configuration set {mail_set.name} does not send",
            "SES console → Configuration sets → enable sending",
        )
    missing = sorted(TOLD - mail_set.told)
    if missing:
        yield fail(f"SES does not tell of {', '.join(missing)}: nothing is learned from it", again)
    elif mail_set.sending:
        yield ok("SES tells everything through EventBridge")


def suppression(mail_set: MailSet) -> Iterator[Finding]:
    """A second net below Tidings' own."""
    missing = sorted({"BOUNCE", "COMPLAINT"} - mail_set.suppressed)
    if missing:
        yield warn(f"SES does not suppress after {', '.join(missing)}", "make deploy: the template has it")
    else:
        yield ok("SES suppresses after bounces and complaints")


CHECKS: Final = (
    Check("identity", ("identity",), verified),
    Check("sender", ("identity",), sender),
    Check("dkim", ("identity",), dkim),
    Check("mail-from", ("identity",), mail_from),
    Check("spf", ("identity", "dns"), spf),
    Check("dmarc", ("identity", "dns"), dmarc),
    Check("sandbox", ("account",), production),
    Check("enforcement", ("account",), enforcement),
    Check("price-plan", ("account",), plan),
    Check("quota", ("account", "customers"), quota),
    Check("feedback", ("mail_set",), told),
    Check("suppression-list", ("mail_set",), suppression),
)
