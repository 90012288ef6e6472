"""What `make explain` says of this moment: what the next mail would meet; and how the ledger knows of a mail."""

from datetime import timedelta

import pytest

from tests.unit.test_explain import ANN, MINUTE, Stage
from tests.worlds import HOUR, NOW, SHOP, email, event, subscribed
from tidings.customer import Customer, epoch
from tidings.errors import SendRejected, SendUnknown
from tidings.events import Event, customer_identity
from tidings.explain import Facts, explain
from tidings.ports import Suppression
from tidings.privacy.belongings import Belongings
from tidings.steps import send_id


def test_a_mail_that_ses_reported_is_settled_by_it() -> None:
    """The ledger keeps how it knows: the answer never came, the report did."""
    stage = Stage()
    stage.at(NOW, event("customer_registered", "1", at=NOW, **ANN), subscribed("1", at=NOW, **ANN))
    stage.mailer.lose_answer = [SendUnknown("no answer")]
    stage.step("welcome", "welcome")
    (send,) = stage.world.sends.rows.values()
    named = {"message_id": "m9", "journey": send.journey, "step": send.step}
    report = Event(
        f"ses:mail_sent:{send_id(send)}",
        "mail_sent",
        NOW,
        NOW,
        "ses",
        customer_identity(send.customer),
        properties=named,
    )
    stage.at(NOW + MINUTE, report)
    stage.step("welcome", "welcome")
    assert (
        "sent         welcome, message m9: SES gave no answer, and reported it later" in stage.story().text()
    )


def test_a_mail_that_was_sent_again_says_so() -> None:
    """Of a transactional mail nobody knew for a quarter of an hour; then it goes again, and every attempt is told."""
    stage = Stage(class_="transactional")
    stage.at(NOW, event("customer_registered", "1", at=NOW, **ANN), subscribed("1", at=NOW, **ANN))
    stage.mailer.lose_answer = [SendUnknown("no answer"), SendUnknown("no answer")]
    stage.mailer.reject = []
    stage.step("welcome", "welcome")
    stage.at(NOW + 20 * MINUTE)
    stage.step("welcome", "welcome")
    stage.at(NOW + 40 * MINUTE)
    stage.mailer.reject = [SendRejected("Throttling", 60, throttled=True)]
    stage.step("welcome", "welcome")
    stage.at(NOW + 50 * MINUTE)
    stage.step("welcome", "welcome")
    (chapter,) = stage.story().chapters
    assert [(line.what, (line.at - epoch(NOW)) // 60) for line in chapter.lines] == [
        ("entered", 0),
        ("handed over", 0),
        ("handed over", 20),
        ("deferred", 40),
        ("sent", 50),
        ("under way", 50),
    ]
    assert chapter.lines[1].text == "welcome: SES gave no answer, so that it was sent again"


@pytest.mark.parametrize(
    ("reason", "at", "line"),
    [
        ("unsubscribed", HOUR, "consent to offers: no, they have unsubscribed"),
        (
            "unsubscribed:offers",
            HOUR,
            "consent to offers: no, they have not agreed to marketing mail about offers",
        ),
        ("unsubscribed", -HOUR, "consent to offers: yes, subscribed"),
        ("erased", HOUR, "no mail goes to them: they were erased and have not subscribed since"),
        ("bounced", -HOUR, "no mail goes to them: their address does not exist or takes no mail"),
    ],
)
def test_what_holds_now_is_what_the_next_mail_would_meet(reason: str, at: timedelta, line: str) -> None:
    """A click that is not folded yet counts for the mails; and so it does here. A newer yes has lifted an older no."""
    stage = Stage()
    stage.at(NOW, event("customer_registered", "1", at=NOW, **ANN), subscribed("1", at=NOW, **ANN))
    stage.suppressed = [Suppression("email:1", reason, epoch(NOW + at))]
    stage.at(NOW + 2 * HOUR)
    told = stage.story().text()
    assert f"  now  {line}\n" in told
    assert (reason == "erased" and at > timedelta(0)) == ("they were erased" in told)


def test_what_holds_for_a_former_address_does_not_hold_for_them() -> None:
    """Mail goes to the address that they have now; a person's own no goes with them."""
    stage = Stage()
    stage.at(NOW, event("customer_registered", "1", at=NOW, **ANN), subscribed("1", at=NOW, **ANN))
    stage.suppressed = [Suppression(email("ann@former.example"), "bounced", epoch(NOW + HOUR))]
    told = stage.story(alias=email).text()
    assert "bounced: no mail at all, at an address that mail no longer goes to" in told
    assert "no mail goes to them" not in told
    stage.suppressed += [
        Suppression(name, "unsubscribed", epoch(NOW + HOUR)) for name in ("customer:c1", "email:x")
    ]
    told = stage.story(alias=email).text()
    assert "consent to offers: no, they have unsubscribed" in told
    assert told.count("unsubscribed: no marketing mail\n") == 1


def test_where_no_mail_can_go_now_is_said() -> None:
    """Nobody told an address, or one that SES can't deliver to."""
    for address, line in (
        (None, "they have no address"),
        ("zoë@example.com", "no mail can reach their address"),
    ):
        profile = {"email": (address, epoch(NOW))} if address else {}
        customer = Customer("c1", epoch(NOW), profile=profile)
        kept = Belongings(frozenset({"c1"}), frozenset(), (customer,))
        assert f"  now  no mail goes to them: {line}\n" in explain(Facts(kept, SHOP, {}, NOW)).text()
