"""A step: decides on what is true now, takes slot and claim, sends once, and survives being cut off anywhere."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from tests import fakes
from tests.worlds import NOW, SHOP, WORKFLOWS, World, checkout, email, event, order, stepper_of, subscribed
from tidings import ports
from tidings.customer import epoch
from tidings.errors import JourneyExited, SendDeferred, SendRejected, SendUnknown, Unavailable
from tidings.events import Event, customer_identity
from tidings.steps import Letter, Request, Stepper, send_id
from tidings.steps.scene import Scene
from tidings.workflow.package import Package

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ANN: dict[str, Any] = {"account": "1", "address": "ann@example.com"}


def package(workflow: str, class_: str = "marketing") -> Package:
    """A package of one of the test workflows."""
    definition = WORKFLOWS[workflow].model_copy(update={"class_": class_})
    told = {"workflow": workflow, "rev": "r1", "definition": definition, "shop": SHOP, "mails": {}}
    return Package.model_validate(told)


@dataclass
class Stage:
    """A customer with an open journey, and a stepper whose every change can be cut off."""

    workflow: str = "abandoned-checkout"
    class_: str = "marketing"
    faults: fakes.Faults = field(default_factory=fakes.Faults)
    consents: bool = True

    def __post_init__(self) -> None:
        self.world = World()
        self.world.happen(event("customer_registered", "1", at=NOW - DAY, **ANN))
        if self.consents:
            self.world.happen(subscribed("1", at=NOW - 9 * DAY, received=NOW, **ANN))
        self.world.happen(checkout("t1", items=[{"product_id": "7"}], **ANN))
        (self.journey,) = self.world.only().journeys
        self.mailer = fakes.FakeMailer(self.faults)
        self.sends = fakes.FakeSends(self.faults)
        self.paces = fakes.FakePaces(self.faults)
        self.suppressions = fakes.FakeSuppressions()
        self.letters: list[Letter] = []
        self.compose_with = self.compose
        self.stepper = self.build()

    def build(self) -> Stepper:
        """A stepper on this stage."""
        own = {name: getattr(self, name) for name in ("sends", "paces", "suppressions", "mailer")}
        return stepper_of(
            self.world,
            **own,
            compose=self.compose_with,
            package=lambda workflow, rev: self.package(workflow),
        )

    def package(self, workflow: str) -> Package:
        """The package that the journey started with."""
        return package(workflow, self.class_)

    def compose(self, letter: Letter) -> bytes:
        """Keeps the letter."""
        self.letters.append(letter)
        return letter.mail.encode()

    def step(self, name: str = "reminder") -> dict[str, Any]:
        """Run a step."""
        return self.stepper.run(Request(self.journey, self.workflow, name, "r1"))

    def mails(self) -> list[bytes]:
        """What SES took."""
        return [mail.content for mail in self.mailer.sent]

    def until_done(self, name: str = "reminder") -> None:
        """Run a step again and again, as its machine does, letting deferrals pass."""
        for _ in range(50):
            try:
                self.step(name)
                return
            except SendDeferred as deferred:
                self.world.pass_time(timedelta(seconds=deferred.seconds))
            except Unavailable:
                continue
        raise AssertionError("the step never ended")


def test_a_step_sends_once_and_names_the_next_wait() -> None:
    """One mail with its tags; running the step again sends nothing and gives what is left of the wait."""
    stage = Stage()
    assert stage.step() == {"journey": stage.journey, "wait_seconds": 86400}
    stage.world.pass_time(HOUR)
    assert stage.step() == {"journey": stage.journey, "wait_seconds": 86400 - 3600}
    assert stage.mails() == [b"reminder"]
    tags = stage.mailer.sent[0].tags
    assert tags["workflow"] == "abandoned-checkout"
    assert tags["customer"] == stage.world.only().id
    assert all(character.isalnum() or character in "-_" for value in tags.values() for character in value)


def test_a_mail_takes_three_writes() -> None:
    """Slot, claim, settlement."""
    stage = Stage()
    stage.step()
    assert [call for call in stage.faults.calls if call != "mailer.send"] == [
        "paces.put",
        "sends.claim",
        "sends.settle",
    ]


def test_the_last_step_is_marked_and_the_fold_then_forgets_the_journey() -> None:
    """The ledger tells that the journey is over; the next fold closes it as done."""
    stage = Stage()
    for name in ("reminder", "second-reminder", "last-call"):
        stage.until_done(name)
        stage.world.pass_time(3 * DAY)
    stage.world.sends.rows.update(stage.sends.rows)
    stage.world.happen(event("profile_updated", "p", at=stage.world.clock.now(), **ANN))
    assert not stage.world.only().journeys
    assert stage.world.only().closed[stage.journey].outcome == "done"


def test_a_customer_who_bought_is_not_mailed_even_before_the_machine_is_stopped() -> None:
    """The step looks again: a closed journey, or an exit's time at or after the entry, ends it."""
    stage = Stage()
    stage.world.happen(order("o1", at=NOW + HOUR, **ANN))
    with pytest.raises(JourneyExited):
        stage.step()
    assert not stage.mails()


@pytest.mark.parametrize(
    ("reason", "class_", "sent"),
    [
        ("unsubscribed", "marketing", False),
        ("bounced", "marketing", False),
        ("complained", "marketing", False),
        ("unsubscribed", "transactional", True),
        ("bounced", "transactional", False),
        ("complained", "transactional", False),
    ],
)
def test_a_suppression_keeps_a_mail_back(reason: str, class_: str, sent: bool) -> None:
    """At once, whatever the stream's lag; transactional mail passes an unsubscribe, never a bounce or complaint."""
    stage = Stage(class_=class_)
    stage.suppressions.put(ports.Suppression(email("ann@example.com"), reason, epoch(NOW)))
    assert stage.step()["wait_seconds"] == 86400
    assert bool(stage.mails()) is sent
    assert stage.sends.rows[stage.journey, "reminder"].state == ("sent" if sent else "skipped")


@pytest.mark.parametrize(("class_", "sent"), [("marketing", False), ("transactional", True)])
def test_who_unsubscribed_gets_nothing_at_a_new_address_either(class_: str, sent: bool) -> None:
    """The click is stored and not folded yet, and mail goes to another address by now, also that of a merged self."""
    stage = Stage(class_=class_)
    whose = customer_identity(stage.world.only().id)
    stage.world.happen(event("profile_updated", "2", at=NOW, account="1", address="ann@new.example"))
    stage.suppressions.put(ports.Suppression(email("ann@example.com"), "unsubscribed", epoch(NOW)))
    stage.suppressions.put(ports.Suppression(whose, "unsubscribed", epoch(NOW)))
    stage.step()
    assert bool(stage.mails()) is sent


@pytest.mark.parametrize(("class_", "sent"), [("marketing", False), ("transactional", True)])
def test_who_called_a_mail_spam_gets_no_marketing_at_another_address(class_: str, sent: bool) -> None:
    """The address that complained is suppressed; the person has said no, wherever else mail would go."""
    stage = Stage(class_=class_)
    whose = customer_identity(stage.world.only().id)
    stage.world.happen(Event("ses:mail_complained:m", "mail_complained", NOW, NOW, "ses", whose))
    stage.world.happen(event("profile_updated", "2", at=NOW, account="1", address="ann@new.example"))
    assert not stage.world.only().accepts_marketing
    stage.step()
    assert bool(stage.mails()) is sent


def test_an_unsubscription_outlasts_a_merge_before_it_is_folded() -> None:
    """Whoever somebody was before, what they said then holds."""
    stage = Stage()
    customer = stage.world.only()
    stage.world.customers.rows[customer.id] = replace(
        customer, partitions=customer.partitions | {customer_identity("former")}
    )
    stage.suppressions.put(ports.Suppression(customer_identity("former"), "unsubscribed", epoch(NOW)))
    stage.step()
    assert not stage.mails()


def test_a_consent_newer_than_the_unsubscribe_counts() -> None:
    """Who signs up again is mailed again."""
    stage = Stage()
    stage.suppressions.put(ports.Suppression(email("ann@example.com"), "unsubscribed", epoch(NOW)))
    stage.world.happen(subscribed("again", at=NOW + HOUR, **ANN))
    stage.step()
    assert stage.mails()


@pytest.mark.parametrize(("class_", "sent"), [("marketing", False), ("transactional", True)])
def test_without_consent_only_transactional_mail_goes(class_: str, sent: bool) -> None:
    """A journey may begin; its marketing mails are skipped with the reason."""
    stage = Stage(class_=class_, consents=False)
    stage.step()
    assert bool(stage.mails()) is sent


def test_a_full_pace_defers_to_the_first_free_moment() -> None:
    """One mail in 16 hours is the cap: the next waits until the one before has left the window, and says so."""
    stage = Stage()
    pace = ports.Pace(stage.world.only().id, 1, {"a#m": epoch(NOW - 12 * HOUR)})
    stage.paces.rows[pace.customer] = pace
    with pytest.raises(SendDeferred) as deferred:
        stage.step()
    assert str(deferred.value) == str(4 * 3600)
    assert not stage.mails()
    entry = stage.sends.rows[stage.journey, "reminder"]
    noted = [epoch(NOW), "frequency cap", epoch(NOW + 4 * HOUR)]
    assert (entry.state, entry.attempt, entry.told["deferred"]) == ("deferred", 0, [noted])
    stage.world.pass_time(4 * HOUR)
    stage.step()
    entry = stage.sends.rows[stage.journey, "reminder"]
    assert (entry.state, entry.attempt, entry.told["deferred"]) == ("sent", 1, [noted])


def test_two_steps_at_once_cannot_both_take_the_last_slot() -> None:
    """Another workflow takes the slot between this step's look and its write."""
    stage = Stage()
    customer = stage.world.only().id
    stage.paces.rows[customer] = ports.Pace(customer, 1, {"a#m": epoch(NOW - 17 * HOUR)})
    pending = [ports.Pace(customer, 2, {"a#m": epoch(NOW - 17 * HOUR), "other#step": epoch(NOW)})]

    def between(name: str) -> None:
        if name == "paces.put" and pending:
            stage.paces.put(pending.pop())

    stage.faults.between = between
    with pytest.raises(SendDeferred) as deferred:
        stage.step()
    assert deferred.value.seconds == 16 * 3600
    assert not pending
    assert not stage.mails()


def test_a_refusal_frees_slot_and_claim_and_is_tried_again() -> None:
    """SES throttled: nothing is lost, nothing is sent twice."""
    stage = Stage()
    stage.mailer.reject += [SendRejected("TooManyRequestsException", 60)] * 3
    stage.until_done()
    assert stage.mails() == [b"reminder"]
    assert stage.sends.rows[stage.journey, "reminder"].attempt == 4
    assert len(stage.paces.rows[stage.world.only().id].sends) == 1


def test_a_mail_that_ses_refuses_for_ever_is_given_up_and_the_journey_goes_on() -> None:
    """After its attempts the step ends as rejected."""
    stage = Stage()
    stage.mailer.reject += [SendRejected("MessageRejected", 60)] * 100
    stage.until_done()
    assert stage.sends.rows[stage.journey, "reminder"].state == "rejected"
    assert not stage.mails()


@pytest.mark.parametrize(("class_", "mails"), [("marketing", 1), ("transactional", 2)])
def test_a_lost_answer_is_settled_by_time(class_: str, mails: int) -> None:
    """SES took the mail but nobody heard: marketing is not sent twice, transactional is rather than lost."""
    stage = Stage(class_=class_)
    stage.mailer.lose_answer.append(SendUnknown("ReadTimeoutError"))
    stage.until_done()
    assert len(stage.mails()) == mails
    assert stage.sends.rows[stage.journey, "reminder"].state == ("dropped" if mails == 1 else "sent")


@pytest.mark.parametrize("class_", ["marketing", "transactional"])
def test_a_lost_answer_is_settled_by_the_send_event(class_: str) -> None:
    """SES's own word that it was sent ends the doubt at once: one mail."""
    stage = Stage(class_=class_)
    stage.mailer.lose_answer.append(SendUnknown("ReadTimeoutError"))
    with pytest.raises(SendDeferred):
        stage.step()
    told = _told_sent(stage)
    stage.world.events.put(told)
    assert stage.step()["wait_seconds"] == 86400
    assert len(stage.mails()) == 1
    assert stage.sends.rows[stage.journey, "reminder"].message_id == "m-1"


def test_the_send_event_is_looked_for_soon_and_then_less_often() -> None:
    """It mostly comes within seconds; after the quarter of an hour nobody looks any more."""
    stage = Stage()
    stage.mailer.lose_answer.append(SendUnknown("ReadTimeoutError"))
    looked = []
    for _ in range(7):
        with pytest.raises(SendDeferred) as deferred:
            stage.step()
        looked.append(deferred.value.seconds)
        stage.world.pass_time(timedelta(seconds=deferred.value.seconds))
    assert looked == [15, 15, 30, 60, 120, 240, 420]
    stage.step()
    assert stage.sends.rows[stage.journey, "reminder"].state == "dropped"


def _told_sent(stage: Stage) -> Event:
    claim = stage.sends.rows[stage.journey, "reminder"]
    return Event(
        id=f"ses:mail_sent:{send_id(claim)}",
        type="mail_sent",
        at=NOW,
        received_at=NOW,
        source="ses",
        identity=customer_identity(claim.customer),
        properties={"message_id": "m-1"},
    )


@pytest.mark.parametrize("class_", ["marketing", "transactional"])
def test_a_step_cut_off_anywhere_keeps_its_promise(class_: str) -> None:
    """Before and after each change in turn: marketing is never sent twice, transactional never lost."""
    clean = Stage(class_=class_)
    clean.step()
    for at in range(1, len(clean.faults.calls) + 1):
        for after in (False, True):
            stage = Stage(class_=class_, faults=fakes.Faults(at=at, after=after))
            stage.until_done()
            assert len(stage.mails()) <= 1 if class_ == "marketing" else len(stage.mails()) >= 1
            assert stage.sends.rows[stage.journey, "reminder"].state in ("sent", "dropped")


def test_a_template_that_fails_leaves_no_claim() -> None:
    """Rendering comes before the claim: a mend and a retry send the mail."""
    stage = Stage()

    def broken(letter: Letter) -> bytes:
        raise ValueError("no such filter")

    stage.compose_with = broken
    request = Request(stage.journey, stage.workflow, "reminder", "r1")
    with pytest.raises(ValueError, match="no such filter"):
        stage.build().run(request)
    assert not stage.sends.rows
    stage.world.pass_time(timedelta(seconds=1))
    stage.step()
    assert stage.mails() == [b"reminder"]


def test_the_mail_shows_what_is_left_in_the_checkout() -> None:
    """The checkout's latest state, not the one that the journey began with; pictures from the catalogue."""
    stage = Stage()
    stage.world.happen(
        checkout("t1", type_="checkout_updated", at=NOW + HOUR, items=[{"product_id": "8"}], **ANN)
    )
    stage.world.products.put("shopify:product:8", {"title": "Mug"}, 1)
    stage.step()
    assert stage.letters[0].event.properties["items"] == [{"product_id": "8"}]
    assert stage.letters[0].products == {"shopify:product:8": {"title": "Mug"}}


def test_the_mail_shows_what_is_in_the_cart_now() -> None:
    """The cart's latest state; another cart of the same customer is not meant."""
    stage = Stage()
    for minutes, cart, product in ((0, "k1", "7"), (40, "k1", "8"), (20, "k1", "9"), (50, "k2", "5")):
        told: dict[str, Any] = {"cart": cart, "items": [{"product_id": product}]}
        stage.world.happen(
            event("cart_updated", f"{minutes}", at=NOW + timedelta(minutes=minutes), **told, **ANN)
        )
    (first,) = (each for each in stage.world.events.rows.values() if each.id == "shopify:cart_updated:0")
    record = replace(stage.world.journeys.rows[stage.journey], event=first.key)
    request = Request(stage.journey, stage.workflow, "reminder", "r1")
    scene = Scene(
        request, stage.package(stage.workflow), record, stage.world.only(), (), stage.world.events, NOW + HOUR
    )
    assert scene.event.properties["items"] == [{"product_id": "8"}]


def test_a_customer_without_a_usable_address_is_skipped() -> None:
    """Phone only, or an address that no mail reaches."""
    for address in (None, "öre@example.com"):
        stage = Stage()
        stage.world.happen(checkout("t2", account="2", address=address))
        (journey,) = (key for key in stage.world.journeys.rows if key != stage.journey)
        stage.stepper.run(Request(journey, stage.workflow, "reminder", "r1"))
        assert stage.sends.rows[journey, "reminder"].state == "skipped"
