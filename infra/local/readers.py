"""What the demo's people do on the shop's pages: by the links of their mails, or where anybody may."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

from infra.local.catalogue import PRODUCTS, Product
from infra.local.shop_people import Person
from infra.local.wire import Webhook

Answers = Mapping[str, list[str]]

SOLD_OUT: Final = PRODUCTS[8]
"""What is sold out for some days of the demo."""

_REVIEWS: Final = {
    2: "It came with a chip in the rim.",
    4: "Handsome, and a little smaller than I thought.",
    5: "I use it every morning.",
}

_ASKS: Final = "iris.hale@example.com"
_WAITS: Final = "tomas.berg@example.net"


@dataclass(frozen=True, slots=True)
class Reaction:
    """What somebody does some time after a mail: the `nth` of `workflow` to `email`.

    `then` makes the webhooks of that moment. Without it they open the mail's link to `page` and send the form there
    with `answers`; without a page, too, it is the one-click unsubscribe link of the mail itself.
    """

    email: str
    workflow: str
    nth: int
    after: timedelta
    then: Callable[[datetime], list[Webhook]] | None
    page: str = ""
    answers: Answers = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody opens a page that needs no link, at that shop time, and sends its form."""

    at: datetime
    page: str
    answers: Answers


def reactions(new: list[Person]) -> list[Reaction]:
    """Three newcomers choose what they get, one confirms a subscription, one a wish."""

    def hours(count: int) -> timedelta:
        return timedelta(hours=count)

    weekly = {"topic": ["newsletter", "offers"], "frequency": ["weekly"]}
    pause = {"topic": ["newsletter", "offers", "product-news", "reminders"], "frequency": ["paused"]}
    news = {"topic": ["product-news"], "frequency": ["all"]}
    return [
        Reaction(new[1].email, "welcome", 1, hours(5), None, "preferences", weekly),
        Reaction(new[11].email, "welcome", 1, hours(4), None, "preferences", pause),
        Reaction(new[12].email, "welcome", 1, hours(7), None, "preferences", news),
        Reaction(_ASKS, "confirm-subscription", 1, hours(2), None, "confirm"),
        Reaction(_WAITS, "back-in-stock", 1, hours(3), None, "form"),
    ]


def afterwards(people: list[Person], birthday: date) -> list[Reaction]:
    """What people answer in the weeks after the seven days, while the inbox stays open: surveys, of which some need the
    reminder, and what they think of what they bought. The `birthday` that they tell is to come, so that a mail follows.
    Who gets no such mail answers none.
    """
    survey = {
        "birthday_day": [str(birthday.day)], "birthday_month": [str(birthday.month)],
        "interests": ["new", "making"], "reward": ["delivery"],
    }  # fmt: skip
    told = []
    for index, person in enumerate(people):
        nth, stars = 2 if index % 4 == 2 else 1, 2 if index % 5 == 0 else 4 + index // 2 % 2
        review = {"rating": [str(stars)], "text": [_REVIEWS[stars]]}
        answer = {"score": [str(stars)], "comment": [_REVIEWS[stars]]}
        if index % 2 == 0:
            told.append(_answers(person, "survey", nth, "form", survey))
            told.append(_answers(person, "review-request", 1, "review", review))
        told.append(_answers(person, "satisfaction-survey", 1, "form", answer))
    return told


def _answers(person: Person, workflow: str, nth: int, page: str, answers: Answers) -> Reaction:
    return Reaction(person.email, workflow, nth, timedelta(hours=4 + person.number % 9), None, page, answers)


def visits(start: datetime, subscriber: Person, buyer: Person) -> list[Visit]:
    """Two messages to the shop, one with the wish for news, and two who wait for the product that is sold out."""
    stock = f"back-in-stock?product=shopify:{SOLD_OUT.id}"
    question = {
        "name": ["Iris"], "email": [_ASKS], "news": ["yes"], "message": ["Does the moss glaze bear dishwashing?"],
    }  # fmt: skip
    praise = {"email": [buyer.email], "message": ["The parcel was packed with care. Thank you!"]}
    return [
        Visit(start + timedelta(hours=14), "contact", question),
        Visit(start + timedelta(hours=40), "contact", praise),
        Visit(start + timedelta(hours=30), stock, {"email": [subscriber.email]}),
        Visit(start + timedelta(hours=34), stock, {"email": [_WAITS]}),
    ]


def stock_told(start: datetime) -> list[tuple[Product, int, datetime]]:
    """A product sells out on the first day and is back on the fifth: what is left of it, and when the shop says so."""
    return [(SOLD_OUT, 0, start + timedelta(hours=20)), (SOLD_OUT, 25, start + timedelta(hours=100))]
