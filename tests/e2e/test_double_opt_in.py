"""Double opt-in on a stack of its own: from the subscription to the confirmation mail, from there to the welcome."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local.options import DEFAULT_SPEED, ROOT, Options, free_ports
from infra.local.outputs import Outputs
from infra.local.stack import Stack
from tests.e2e.helpers.shop import HOUR, Shop, eventually
from tests.e2e.test_journey import message, person_of, told
from tidings.people.compact import short
from tidings.people.consent import standing
from tidings.shop import load_shop
from tidings.workflow import build

KEPT = ("confirm-subscription", "welcome")
OFF, ON = "double_opt_in: false", "double_opt_in: true"


@pytest.fixture(scope="module")
def workflows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shop's folder with the setting on, and the two workflows that it is about."""
    folder = tmp_path_factory.mktemp("double") / "workflows"
    others = {path.parent.name for path in (ROOT / "workflows").glob("*/workflow.yaml")} - set(KEPT)
    shutil.copytree(ROOT / "workflows", folder, ignore=shutil.ignore_patterns(*others))
    settings = folder / "shop.yaml"
    assert OFF in settings.read_text()
    settings.write_text(settings.read_text().replace(OFF, ON))
    return folder


@pytest.fixture(scope="module")
def strict(workflows: Path, options: Options) -> Iterator[Shop]:
    """A shop before a stack that was deployed with it."""
    home = workflows.parent
    port, inbox_port = free_ports(2)
    own = Options(
        port=port, inbox_port=inbox_port, speed=DEFAULT_SPEED, origin=options.origin, directory=home / "local",
        build=home / "build", run=home / "run", machines=home / "workflows.yaml",
    )  # fmt: skip
    given = ["--workflows", str(workflows), "--out", str(own.build), "--template", str(own.machines)]
    assert build.main(given) == 0
    running = Stack(own)
    running.up()
    yield Shop(Outputs.read(own.outputs))
    running.down()


def test_a_subscription_counts_once_it_is_confirmed(strict: Shop, workflows: Path) -> None:
    """The webhook leads to the confirmation mail alone; the confirmation to consent and the welcome."""
    terms = load_shop(workflows / "shop.yaml").terms
    who = person_of(strict, 4100)
    told(strict, who.account(), who.consent())
    asked = message(strict, strict.mail(who.person.email, "confirm"))
    assert "List-Unsubscribe" not in asked, "it is no marketing mail"
    page = asked.get_body(("html",))
    assert page is not None
    link = re.search(r'href="(http://[^"]+/pages/confirm/[^"]+)"', page.get_content())
    assert link
    customer = strict.known(email=who.person.email)
    assert standing(customer, terms, strict.now).reason == "unconfirmed"
    told(strict, who.consent())
    assert strict.call("GET", link[1]).status == 200, "as a scanner follows it"
    strict.settle()
    assert strict.journey("welcome", customer.id) is None
    assert [row["step"] for row in strict.mails(who.person.email)] == ["confirm"]

    form = {"content-type": "application/x-www-form-urlencoded"}
    assert [strict.call("POST", link[1], b"", form).status for _ in range(2)] == [200, 200]
    assert strict.mail(who.person.email, "welcome")
    found = standing(strict.known(email=who.person.email), terms, strict.now)
    assert (found.holds, found.reason, found.source) == (True, "confirmed", "page")
    (proof,) = [e for e in strict.events_of(f"customer:{customer.id}") if short(e.key) == found.proof]
    assert (proof.type, proof.properties["confirmed"]) == ("subscribed", True)


def test_what_the_platform_asks_for_itself_is_not_asked_for_again(strict: Shop) -> None:
    """Shopify's pending begins nothing; what it reports as confirmed is welcomed at once."""
    who = person_of(strict, 4200)
    hook = who.consent()
    given = hook.body["email_marketing_consent"] | {"opt_in_level": "confirmed_opt_in"}
    pending = hook.body | {"email_marketing_consent": given | {"state": "pending"}}
    assert strict.deliver(hook.topic, pending).status == 200
    strict.settle()
    customer = strict.known(email=who.person.email)
    assert not [workflow for workflow, whose in strict.journeys() if whose == customer.id]
    later = given | {"consent_updated_at": (strict.now - HOUR / 60).isoformat()}
    assert strict.deliver(hook.topic, hook.body | {"email_marketing_consent": later}).status == 200
    assert eventually("the welcome", lambda: strict.journey("welcome", customer.id))
    assert strict.journey("confirm-subscription", customer.id) is None
