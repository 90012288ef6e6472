"""A step's adapters on moto: ledger, pace, suppressions, products, archive."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests.fakes import FakeCounters, FakeMailer, Faults
from tests.integration.account import Account, Cuttable
from tests.unit.test_steps import package
from tests.worlds import ANN, DAY, HOUR, NOW, checkout, email, event, order, stepper_of, subscribed
from tidings import ports
from tidings.aws.archive import PackageArchive
from tidings.aws.client import client
from tidings.aws.products_table import ProductsTable
from tidings.aws.sends_table import PaceTable, SendsTable
from tidings.aws.suppressions_table import SuppressionsTable
from tidings.aws.table import Table
from tidings.customer import epoch
from tidings.errors import Conflict, JourneyExited, SendDeferred, SendUnknown, Unavailable
from tidings.steps import Letter, Request
from tidings.workflow.package import Packages, UnknownPackage, build, dump

SEND = ports.Send("j1", "hello", "claimed", "c1", attempt=1, at=epoch(NOW), claimed_at=epoch(NOW))


# ---- the ledger ----


def test_a_step_is_claimed_once(account: Account) -> None:
    """Of two attempts at once one wins; the other learns of it."""
    account.sends.claim(SEND, None)
    assert account.sends.get("j1", "hello") == SEND
    with pytest.raises(Conflict):
        account.sends.claim(SEND, None)
    with pytest.raises(Conflict):
        account.sends.claim(replace(SEND, attempt=2), replace(SEND, state="released"))
    assert account.sends.get("j1", "other") is None


def test_only_the_attempt_that_claimed_settles(account: Account) -> None:
    """A second settlement, or one of an earlier attempt, changes nothing."""
    account.sends.claim(SEND, None)
    account.sends.settle(replace(SEND, state="released", reason="Throttling"))
    with pytest.raises(Conflict):
        account.sends.settle(replace(SEND, state="sent", message_id="m1"))
    released = account.sends.get("j1", "hello")
    assert released is not None
    assert (released.state, released.reason) == ("released", "Throttling")
    second = replace(SEND, attempt=2)
    account.sends.claim(second, released)
    with pytest.raises(Conflict):
        account.sends.settle(replace(SEND, state="sent"))
    account.sends.settle(replace(second, state="sent", message_id="m2"))
    sent = account.sends.get("j1", "hello")
    assert sent is not None
    assert (sent.state, sent.attempt, sent.message_id) == ("sent", 2, "m2")


@pytest.mark.parametrize("state", ["sent", "released"])
def test_a_settlement_may_be_written_again(account: Account, state: str) -> None:
    """Whoever lost its answer repeats it; one that says otherwise, or is another attempt's, is still refused."""
    claimed = replace(SEND, nonce="a1b2c3d4")
    account.sends.claim(claimed, None)
    ended = replace(claimed, state=state, message_id="m1", told={"deferred": [[1, "throttled", 2]]})
    account.sends.settle(ended)
    account.sends.settle(ended)
    assert account.sends.get("j1", "hello") == ended
    for other in (replace(ended, message_id="m2"), replace(ended, nonce="99999999")):
        with pytest.raises(Conflict):
            account.sends.settle(other)


@pytest.mark.parametrize(
    ("state", "over"), [("claimed", False), ("released", False), ("sent", True), ("skipped", True)]
)
def test_the_last_step_tells_that_a_journey_is_over(account: Account, state: str, over: bool) -> None:
    """Once it has ended, not while it is claimed or given back."""
    account.sends.claim(replace(SEND, step="first", state="sent"), None)
    account.sends.claim(replace(SEND, step="last", state=state, final=True), None)
    assert account.sends.is_final("j1") is over
    assert account.sends.is_final("j2") is False


# ---- pace, suppressions ----


def test_a_slot_is_taken_by_one_of_two(account: Account) -> None:
    """Two workflows wake at once: the second's write is refused, and it looks again."""
    assert account.paces.get("c1") == ports.Pace("c1")
    first = ports.Pace("c1", 1, {"j1#hello": epoch(NOW)})
    account.paces.put(first)
    with pytest.raises(Conflict):
        account.paces.put(ports.Pace("c1", 1, {"j2#hello": epoch(NOW)}))
    account.paces.put(ports.Pace("c1", 2, {**first.sends, "j2#hello": epoch(NOW)}))
    with pytest.raises(Conflict):
        account.paces.put(ports.Pace("c1", 2, {}))
    assert account.paces.get("c1").sends == {"j1#hello": epoch(NOW), "j2#hello": epoch(NOW)}


def test_suppressions_are_one_item_a_reason(account: Account) -> None:
    """The latest word of each; other addresses have none."""
    for at in (NOW, NOW + HOUR):
        account.suppressions.put(ports.Suppression("a", "unsubscribed", epoch(at)))
    account.suppressions.put(ports.Suppression("a", "bounced", epoch(NOW)))
    found = {each.reason: each.at for each in account.suppressions.of("a")}
    assert found == {"unsubscribed": epoch(NOW + HOUR), "bounced": epoch(NOW)}
    assert account.suppressions.of("b") == []


# ---- packages of earlier revisions ----


def test_a_deployment_later_the_package_comes_from_the_bucket(tmp_path: Any) -> None:
    """The layer has the revision in force; the one a journey began with lies in the archive, and is read once."""
    now = package("welcome")
    old = build(now.workflow, now.shop, {"welcome": {"subject": "Old", "html": "o", "text": "o"}})
    new = build(now.workflow, now.shop, {"welcome": {"subject": "New", "html": "n", "text": "n"}})
    assert old.rev != new.rev
    (tmp_path / "welcome.json").write_text(dump(new))
    with mock_aws():
        store = boto3.client("s3")
        store.create_bucket(Bucket="packages", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        store.put_object(Bucket="packages", Key=f"welcome/{old.rev}.json", Body=dump(old))
        packages = Packages(tmp_path, PackageArchive(client("s3"), "packages"))
        assert packages.get("welcome", new.rev).mails["welcome"].subject == "New"
        assert packages.get("welcome", old.rev).mails["welcome"].subject == "Old"
        store.delete_object(Bucket="packages", Key=f"welcome/{old.rev}.json")
        assert packages.get("welcome", old.rev).mails["welcome"].subject == "Old"
        with pytest.raises(UnknownPackage, match="welcome/0000"):
            packages.get("welcome", "0000")


def test_a_bucket_out_of_reach_is_an_outage() -> None:
    """The operator mends it: the step is tried again, nobody exits."""
    with mock_aws(), pytest.raises(Unavailable):
        PackageArchive(client("s3"), "no-such-bucket").read("welcome", "r1")


# ---- a whole step ----


class Stage:
    """A customer with an open journey on moto, and a stepper whose writes can be cut off."""

    def __init__(self, faults: Faults | None = None) -> None:
        self.account = account = Account()
        account.happen(event("customer_registered", "1", at=NOW - DAY, **ANN))
        account.happen(subscribed("1", at=NOW - 9 * DAY, received=NOW, **ANN))
        account.happen(checkout("t1", items=[{"product_id": "7"}], **ANN))
        (self.journey,) = account.only().journeys
        self.faults = faults or Faults()
        self.mailer = FakeMailer(self.faults)
        tables = {name: Table(Cuttable(account.dynamodb, self.faults), name) for name in account.names}
        self.stepper = stepper_of(
            account,
            sends=SendsTable(tables["sends"]),
            paces=PaceTable(tables["pace"]),
            suppressions=SuppressionsTable(tables["suppressions"]),
            products=ProductsTable(tables["products"]),
            mailer=self.mailer,
            counters=FakeCounters(),
            package=lambda workflow, rev: package(workflow),
            compose=_compose,
        )

    def step(self, name: str = "reminder") -> dict[str, Any]:
        """Run a step."""
        return self.stepper.run(Request(self.journey, "abandoned-checkout", name, "r1"))

    def until_done(self, name: str = "reminder") -> None:
        """As its machine does: outages are retried, deferrals waited out."""
        for _ in range(20):
            try:
                self.step(name)
                return
            except SendDeferred as deferred:
                self.account.clock.advance(timedelta(seconds=deferred.seconds))
            except Unavailable:
                continue
        raise AssertionError("the step never ended")


def _compose(letter: Letter) -> bytes:
    return letter.mail.encode()


def test_a_mail_takes_three_writes() -> None:
    """Slot, claim, settlement; running the step again takes none."""
    with mock_aws():
        stage = Stage()
        assert stage.step() == {"journey": stage.journey, "wait_seconds": 86400}
        writes = ["update_item", "put_item", "mailer.send", "update_item"]
        assert stage.faults.calls == writes
        stage.step()
        assert stage.faults.calls == writes


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("at", [1, 2, 3, 4])
def test_cut_off_at_any_write_a_marketing_mail_never_goes_twice(at: int, after: bool) -> None:
    """Before or after the slot, the claim, SES, the settlement: the step ends, with one mail or none."""
    with mock_aws():
        stage = Stage(Faults(at=at, after=after))
        stage.until_done()
        entry = stage.account.sends.get(stage.journey, "reminder")
        assert entry is not None
        assert entry.state in ("sent", "dropped")
        reached = at > 3 or (at == 3 and after)
        assert len(stage.mailer.sent) == (1 if reached or at < 2 or (at == 2 and not after) else 0)
        assert len(stage.mailer.sent) <= 1
        stage.step()
        assert len(stage.mailer.sent) <= 1


def test_the_send_event_settles_what_was_lost() -> None:
    """The answer never came, SES's own event did: the mail counts as sent, and is not sent again."""
    with mock_aws():
        stage = Stage()
        stage.mailer.lose_answer.append(SendUnknown("no answer"))
        with pytest.raises(SendDeferred):
            stage.step()
        (tags,) = (mail.tags for mail in stage.mailer.sent)
        customer = stage.account.only().id
        told = event("mail_sent", "x", at=NOW, message_id="ses-1", account="1")
        told = replace(
            told, id=f"ses:mail_sent:{tags['send_id']}", identity=f"customer:{customer}", source="ses"
        )
        stage.account.events.put(told)
        stage.step()
        entry = stage.account.sends.get(stage.journey, "reminder")
        assert entry is not None
        assert (entry.state, entry.message_id, len(stage.mailer.sent)) == ("sent", "ses-1", 1)


def _order(stage: Stage) -> None:
    stage.account.happen(order("o1", at=NOW + HOUR, **ANN))


def _unsubscribe(stage: Stage) -> None:
    stage.account.suppressions.put(ports.Suppression(email("ann@example.com"), "unsubscribed", epoch(NOW)))


@pytest.mark.parametrize(
    ("meanwhile", "write", "mails"),
    [(_order, "update_item", 1), (_unsubscribe, "update_item", 1), (_order, "", 0), (_unsubscribe, "", 0)],
)
def test_what_is_told_before_the_step_looks_counts(
    meanwhile: Callable[[Stage], None], write: str, mails: int
) -> None:
    """Before it looks, nothing is sent; in the gap between look and send the mail goes, once, and the journey ends."""
    with mock_aws():
        stage = Stage()
        if write:
            pending = [meanwhile]
            stage.faults.between = lambda name: pending.pop()(stage) if pending and name == write else None
        else:
            meanwhile(stage)
        try:
            stage.step()
        except JourneyExited:
            assert not mails
        assert len(stage.mailer.sent) == mails
        try:
            stage.step("second-reminder")
        except JourneyExited:
            assert meanwhile is _order
        assert len(stage.mailer.sent) == mails
