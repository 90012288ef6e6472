"""A step where it is easily wrong: refusals cut off, throttling for hours, addresses that change their spelling."""

from datetime import timedelta

import pytest

from tests import fakes
from tests.unit.test_steps import Stage
from tests.worlds import DAY, HOUR, NOW, email, event
from tidings import ports
from tidings.customer import epoch
from tidings.errors import SendDeferred, SendRejected, SendUnknown
from tidings.events import Event, customer_identity
from tidings.steps import Letter, Request


@pytest.mark.parametrize(("at", "after"), [(4, True), (5, False), (5, True)])
def test_a_refusal_cut_off_once_it_is_written_is_no_doubt(at: int, after: bool) -> None:
    """SES said no: a crash while the slot is given back must not drop the mail as one perhaps sent."""
    stage = Stage(faults=fakes.Faults(at=at, after=after))
    stage.mailer.reject.append(SendRejected("TooManyRequestsException", 60))
    stage.until_done()
    assert stage.mails() == [b"reminder"]
    assert len(stage.paces.rows[stage.world.only().id].sends) == 1


def test_a_day_of_throttling_loses_no_mail() -> None:
    """A large campaign's mails, or a spent daily quota: tried again, ever less often, for longer than a day."""
    stage = Stage()
    began = stage.world.clock.now()

    def throttled(name: str) -> None:
        if name == "mailer.send" and stage.world.clock.now() - began < timedelta(hours=30):
            stage.mailer.reject.append(SendRejected("TooManyRequestsException", 60))

    stage.faults.between = throttled
    stage.until_done()
    assert stage.mails() == [b"reminder"]
    assert stage.world.clock.now() - began < 2 * DAY


def test_an_international_domain_is_mailed_and_suppressed_as_it_is_spelt_for_ses() -> None:
    """SES takes, and reports a bounce of, the Punycode spelling."""
    told = event("profile_updated", "p", at=NOW + HOUR, account="1", address="ann@bücher.example")
    stage = Stage()
    stage.world.happen(told)
    stage.step()
    assert [mail.recipient for mail in stage.mailer.sent] == ["ann@xn--bcher-kva.example"]
    bounced = Stage()
    bounced.world.happen(told)
    alias = email("ann@xn--bcher-kva.example")
    bounced.suppressions.put(ports.Suppression(alias, "bounced", epoch(NOW)))
    bounced.step()
    assert not bounced.mails()
    assert stage.letters[0].address_alias == alias


def test_a_report_of_an_earlier_attempt_settles_a_mail_in_doubt() -> None:
    """SES answers nobody and tells late: what somebody waits for is sent again, until any of its mails is reported."""
    stage = Stage(class_="transactional")
    stage.mailer.lose_answer += [SendUnknown("ReadTimeoutError")] * 10
    while len(stage.mails()) < 2:
        with pytest.raises(SendDeferred) as deferred:
            stage.step()
        stage.world.pass_time(timedelta(seconds=deferred.value.seconds))
    first = stage.mailer.sent[0].tags
    stage.world.events.put(
        Event(
            id=f"ses:mail_sent:{first['send_id']}",
            type="mail_sent",
            at=NOW,
            received_at=NOW,
            source="ses",
            identity=customer_identity(first["customer"]),
            properties={"message_id": "m1"},
        )
    )
    stage.until_done()
    entry = stage.sends.rows[stage.journey, "reminder"]
    assert (entry.state, entry.message_id, entry.attempt) == ("sent", "m1", 2)
    assert len(stage.mails()) == 2


def test_a_mail_that_cannot_be_rendered_takes_nobody_elses_slot() -> None:
    """Its execution fails, and is redriven once it is mended; the other workflows' mails go meanwhile."""
    stage = Stage()

    def broken(letter: Letter) -> bytes:
        raise ValueError("no such filter")

    stage.compose_with = broken
    with pytest.raises(ValueError, match="no such filter"):
        stage.build().run(Request(stage.journey, stage.workflow, "reminder", "r1"))
    assert not stage.paces.rows[stage.world.only().id].sends
    stage.step()
    assert stage.mails() == [b"reminder"]
