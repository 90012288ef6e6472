"""The project's own mails, compiled once, and contexts to render them with."""

from functools import cache
from pathlib import Path
from typing import Any

from tidings.customer import apply, new_customer
from tidings.events import Event
from tidings.expressions.context import context
from tidings.expressions.views import JourneyView
from tidings.mail import samples
from tidings.mail.compile import compile_mails
from tidings.mail.render import Mail, render
from tidings.shop import Shop, load_shop
from tidings.workflow.load import load_workflow

WORKFLOWS = Path(__file__).parents[3] / "workflows"
LINK = "https://pages.example/unsubscribe/k1.abc.def"


@cache
def shop() -> Shop:
    """The demo shop."""
    return load_shop(WORKFLOWS / "shop.yaml")


@cache
def compiled() -> dict[str, dict[str, str]]:
    """Every mail there is, by `workflow/mail`."""
    found = {}
    for folder in sorted(path.parent for path in WORKFLOWS.glob("*/emails")):
        marketing = is_marketing(folder.name)
        for mail, source in compile_mails(folder, shop(), marketing=marketing).items():
            found[f"{folder.name}/{mail}"] = source
    return found


@cache
def is_marketing(workflow: str) -> bool:
    """Whether a workflow's mails advertise; the others carry no link to unsubscribe."""
    if not (WORKFLOWS / workflow / "workflow.yaml").is_file():
        return True
    return load_workflow(WORKFLOWS / workflow).workflow.is_marketing


def names() -> list[str]:
    """`workflow/mail` of each, without compiling any."""
    suffix = ".mjml.j2"
    paths = sorted(WORKFLOWS.glob(f"*/emails/*{suffix}"))
    return [f"{path.parent.parent.name}/{path.name.removesuffix(suffix)}" for path in paths]


def send(name: str, about: dict[str, Any]) -> Mail:
    """A mail of the project, rendered."""
    return render(compiled()[name], about)


def about(
    properties: dict[str, Any], products: dict[str, dict[str, Any]] | None = None, **customer: Any
) -> dict[str, Any]:
    """A context: an event with `properties` of a customer with those details."""
    event = Event(
        id="e1",
        type="checkout_started",
        at=samples.NOW,
        received_at=samples.NOW,
        source="shopify",
        identity="shopify:customer:1",
        properties={**customer, **properties},
    )
    return context(
        event=event,
        customer=apply(new_customer("c1", event), event),
        journey=JourneyView("j1", "abandoned-checkout", samples.NOW),
        shop=shop(),
        now=samples.NOW,
        unsubscribe_url=LINK,
        pages=samples.DOORS,
        products=products,
    )
