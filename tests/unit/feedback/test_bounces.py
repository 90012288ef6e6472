"""Which bounce suppresses: dead at once, soft after several, and what says nothing of the mailbox never."""

from datetime import timedelta
from typing import Any

import pytest

from tests.unit.feedback.office import Office, bounce, message
from tests.worlds import email
from tidings.feedback.bounces import DEAD, NOTHING, SOFT
from tidings.pacing.limits import SoftBounces

ANN = (email("ann@example.com"), "bounced")


def soft(subtype: str = "General", status: str = "", said: str = "") -> dict[str, Any]:
    """A bounce that SES calls transient."""
    told = {"status": status, "diagnosticCode": said}
    return bounce("Transient", subtype, **{name: value for name, value in told.items() if value})


CASES = [
    (bounce(), DEAD),
    (bounce("Permanent", "Suppressed"), DEAD),
    (bounce("Permanent", "OnAccountSuppressionList"), DEAD),
    (bounce("PERMANENT", "NoEmail"), DEAD),
    (soft("MailboxFull", "4.2.2", "smtp; 452 4.2.2 over quota"), SOFT),
    (soft("MailboxFull", "5.2.2", "smtp; 552 5.2.2 mailbox full"), SOFT),
    (soft("MailboxFull"), SOFT),
    (soft("General", "4.4.7", "smtp; 554 4.4.7 message expired"), SOFT),
    (soft("General", "4.3.2", "smtp; 451 4.3.2 please try again later"), SOFT),
    (soft("General", "5.3.2", "smtp; 554 5.3.2 system not accepting messages"), SOFT),
    (soft("General", "", "smtp; 421 service not available"), SOFT),
    (soft("General", "5.3.0", "smtp; 550 mailbox is full"), SOFT),
    (soft("General", "", "smtp; 550 The user is over quota"), SOFT),
    (soft("General", "5.0.0", "smtp; 554 Mailbox unavailable: quota exceeded"), SOFT),
    (bounce("Undetermined", "Undetermined"), SOFT),
    # mislabelled: the mailbox is gone
    (soft("General", "5.1.1", "smtp; 550 5.1.1 user unknown"), DEAD),
    (soft("General", "5.1.1"), DEAD),
    (soft("General", "5.1.10", "smtp; 550 5.1.10 RESOLVER.ADR.RecipientNotFound"), DEAD),
    (soft("General", "5.2.1", "smtp; 550 5.2.1 The email account is disabled"), DEAD),
    (soft("General", "5.3.0", "smtp; 550 5.3.0 User unknown"), DEAD),
    (soft("General", "5.3.0", "smtp; 550 Requested action not taken: mailbox unavailable"), DEAD),
    (soft("General", "5.3.0", "smtp; 550 No such user here"), DEAD),
    (soft("General", "5.0.0", "smtp; 550 user unknown"), DEAD),
    (soft("General", "5.0.0", "X-Postfix; unknown user"), DEAD),
    (soft("General", "", "smtp; 550 Invalid recipient <x@y.example>"), DEAD),
    (soft("General", "5.4.1", "smtp; 550 5.4.1 Recipient address rejected: Access denied"), DEAD),
    (soft("General", "5.0.0", "smtp; 554 delivery error: This user doesn't have a yahoo.com account"), DEAD),
    (bounce("Undetermined", "Undetermined", status="5.1.1", diagnosticCode="smtp; 550 5.1.1 unknown"), DEAD),
    (soft("General", "5.4.4", "smtp; 550 5.4.4 Invalid domain"), DEAD),
    (bounce("Undetermined", "Undetermined", diagnosticCode="smtp; 550 5.4.4 Invalid domain"), DEAD),
    (soft("General", "5.4.310", "smtp; 550 5.4.310 DNS domain does not exist"), DEAD),
    (soft("General", "5.1.351", "smtp;550 5.1.351 Remote server returned unknown recipient"), DEAD),
    (soft("General", "5.3.0", "smtp; 550 recipient <ann@example.com> denied"), DEAD),
    (soft("General", "5.5.0", "smtp;550 Requested action not taken: mailbox unavailable"), DEAD),
    (soft("General", "", "smtp; 552 1 Requested mail action aborted, mailbox not found"), DEAD),
    (
        soft(
            "General",
            "5.0.0",
            "smtp; 554 30 Sorry, your message to ann@example.com cannot be delivered. "
            "This mailbox is disabled (554.30).",
        ),
        DEAD,
    ),
    (soft("General", "5.0.0", "smtp; 554 sorry, no mailbox here by that name"), DEAD),
    (soft("General", "5.0.0", "unknown; No such domain."), DEAD),
    (soft("General", "5.1.1", "X-Postfix; unknown user: user421@example.com"), DEAD),
    # a mailbox that is there, and cannot take mail now, whatever 550 says
    (
        soft(
            "General",
            "4.4.7",
            "smtp; 550 4.4.7 Message expired: unable to deliver in 840 minutes."
            "<421 4.4.1 Failed to establish connection>",
        ),
        SOFT,
    ),
    (
        soft(
            "General",
            "5.2.1",
            "smtp; 550-5.2.1 The user you are trying to contact is receiving mail at a rate that"
            "\n550-5.2.1 prevents additional messages from being delivered.",
        ),
        SOFT,
    ),
    (soft("General", "5.0.0", "smtp; 550 mailbox size limit exceeded"), SOFT),
    (soft("General", "", "smtp; 550 The account has exceeded its disk space limit"), SOFT),
    (soft("General", "5.0.0", "smtp; 550 mailbox temporarily unavailable, try again later"), SOFT),
    (soft("General", "5.0.0", "smtp; 550 delivery time expired"), SOFT),
    (soft("General", "", "smtp; 550 connection timed out"), SOFT),
    (soft("General", "5.4.14", "smtp; 550 5.4.14 Hop count exceeded"), SOFT),
    # a policy, a content or a rule of the sender's: the mailbox may be fine
    (soft("General", "5.3.0", "smtp; 550 Ip frequency limited. http://help.example/20022"), NOTHING),
    (soft("General", "5.5.0", "smtp;550 domain [example.com] mismatches client ip 192.0.2.225."), NOTHING),
    (
        soft("General", "5.0.0", "smtp; 5.1.0 - Unknown address error 550-'5.7.1 <m1@ses>... Access denied'"),
        NOTHING,
    ),
    (soft("General", "", "smtp; 550 Relay access denied"), NOTHING),
    (soft("General", "5.0.0", "smtp; 550 sender email address rejected"), NOTHING),
    (soft("General", "", "smtp; 550 Client host rejected: cannot find your hostname"), NOTHING),
    (soft("General", "5.0.0", "smtp; 550 Protocol violation"), NOTHING),
    (soft("General", "", "smtp; 550 message size exceeds the fixed limit"), NOTHING),
    (soft("General", "5.7.1", "smtp; 550 5.7.1 blocked by policy"), NOTHING),
    (
        soft("General", "5.7.1", "smtp; 554 5.7.1 Service unavailable; client host blocked using Spamhaus"),
        NOTHING,
    ),
    (soft("General", "5.7.26", "smtp; 550 5.7.26 This mail is unauthenticated"), NOTHING),
    (soft("General", "5.3.0", "smtp; 550 5.3.0 policy"), NOTHING),
    (soft("General", "5.0.0", "smtp; 550 rejected as spam"), NOTHING),
    (soft("General", "5.1.0", "smtp; 550 5.1.0 sender rejected"), NOTHING),
    (soft("General", "5.1.8", "smtp; 550 5.1.8 bad sender's system address"), NOTHING),
    (soft("General", "5.3.0", "smtp; 550 5.7.1 message refused"), NOTHING),
    (soft("ContentRejected", "5.6.0", "smtp; 550 5.1.1 user unknown"), NOTHING),
    (soft("MessageTooLarge", "5.3.4", "smtp; 552 5.3.4 too big"), NOTHING),
    (soft("AttachmentRejected"), NOTHING),
    (soft("General"), NOTHING),  # an automatic answer
]


@pytest.mark.parametrize(
    ("told", "verdict"),
    [
        pytest.param(told, verdict, id="-".join(str(value) for value in [
            *list(told["detail"]["bounce"].values())[1:3],
            *list(told["detail"]["bounce"]["bouncedRecipients"][0].values())[1:]]))
        for told, verdict in CASES
    ],
)  # fmt: skip
def test_the_table_decides(told: dict[str, Any], verdict: str) -> None:
    """One dead mailbox is suppressed at once, also when SES calls it transient; a policy never suppresses anybody."""
    office = Office()
    (event_,) = office.record(told)
    assert (event_.properties["verdict"], event_.properties["hard"]) == (verdict, verdict == DEAD)
    assert office.suppressed == ({ANN} if verdict == DEAD else set())
    assert bool(office.suppressions.soft) == (verdict == SOFT)
    assert office.counters.counts["Bounces"] == 1


def full(day: int, name: str = "") -> dict[str, Any]:
    """A mail sent on a day of March bounces off a full mailbox."""
    sent = f"2026-03-{day:02}T10:00:00.000Z"
    return bounce("Transient", "MailboxFull", name=name or f"m{day}", sent=sent, status="4.2.2")


@pytest.mark.parametrize(
    ("days", "suppressed"),
    [
        ((1, 2, 3, 4), False),
        ((1, 2, 3, 4, 5), True),
        ((1, 4, 8, 11, 15), True),
        ((1, 4, 8, 11, 16), False),
        ((1, 8, 15, 22, 29), False),
        ((1, 20, 22, 24, 26, 28), True),
    ],
)
def test_a_mailbox_that_bounces_five_mails_in_two_weeks_is_worn_out(
    days: tuple[int, ...], suppressed: bool
) -> None:
    """And not before, whatever came long ago."""
    office = Office()
    office.record(*map(full, days))
    assert (ANN in office.suppressed) is suppressed


def test_a_mail_wears_its_mailbox_out_once() -> None:
    """The same mail reported ten times, in other words and at other times, is one."""
    office = Office()
    office.record(*(full(day, "the same") for day in range(1, 11)))
    assert office.suppressed == set()
    assert len(office.events.rows) == 1


def test_a_mail_may_bounce_softly_and_then_hard() -> None:
    """Both are kept, in whichever order they come; the second suppresses."""
    for order in ((0, 1), (1, 0)):
        office = Office()
        told = [bounce("Transient", "MailboxFull"), bounce()]
        kinds = {each.properties["hard"] for each in office.record(*(told[index] for index in order))}
        assert kinds == {True, False}
        assert office.suppressed == {ANN}


def test_an_automatic_answer_hides_no_bounce_of_its_mail() -> None:
    """Both come as Transient; which of them comes first changes nothing that is kept."""
    told = [bounce("Transient", "General"), bounce("Transient", "MailboxFull", status="4.2.2")]
    there, back = Office(), Office()
    there.record(*told)
    back.record(*reversed(told))
    assert there.events.rows == back.events.rows
    assert sorted(each.properties["verdict"] for each in there.events.rows.values()) == [NOTHING, SOFT]


def test_each_recipient_is_judged_alone() -> None:
    """A mail to two, of whom one is gone."""
    bounced = [
        {"emailAddress": "ann@example.com", "status": "5.1.1", "diagnosticCode": "smtp; 550 5.1.1 unknown"},
        {"emailAddress": "bo@example.com", "status": "4.2.2", "diagnosticCode": "smtp; 452 4.2.2 full"},
    ]
    office = Office()
    told = message("Bounce", bounceType="Transient", bounceSubType="General", bouncedRecipients=bounced)
    (event_,) = office.record(told)
    assert office.suppressed == {ANN}
    assert set(office.suppressions.soft) == {email("bo@example.com")}
    assert event_.properties["hard"] is True


@pytest.mark.parametrize("bounced", [None, [], [{}], [{"emailAddress": None}], "ann@example.com"])
def test_a_bounce_that_names_nobody_is_of_whom_the_mail_went_to(bounced: Any) -> None:
    """Whatever SES leaves out."""
    office = Office()
    office.record(message("Bounce", bounceType="Permanent", bouncedRecipients=bounced))
    assert office.suppressed == {ANN}


def test_the_setting_is_the_shops() -> None:
    """`soft_bounces: {count: 2, within: 3 days}`."""
    setting = SoftBounces(count=2, within=timedelta(days=3))
    day = 86400
    assert setting.worn_out([0, 4 * day, 8 * day]) is None
    assert setting.worn_out([8 * day, 0, 4 * day, 6 * day]) == 8 * day
    assert setting.worn_out([]) is None
