"""What happens in the demo shop: a year of history, then seven days. The same for the same seed.

Everything is told as webhooks with shop times. What a customer does because of a mail is a `Reaction`: it
waits for that mail, so that the story holds however fast the machine is.
"""

import hashlib
import json
import random
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Final

from infra.local import bodies, pages, readers, woo
from infra.local.bodies import Checkout, Order
from infra.local.catalogue import PRODUCTS, Product
from infra.local.pages import Browser, Tid
from infra.local.readers import Reaction
from infra.local.shop_people import Person, people
from infra.local.wire import Webhook

LIVE_DAYS: Final = 7

_NAMESPACE: Final = uuid.UUID("6f0a3f4e-1f0e-5b7e-9a55-7b0a3c2d1e4f")
_PAST: Final = 56
_NEW: Final = 18
_WIN_BACK: Final = range(0, 8)
_BIRTHDAYS: Final = range(8, 18)
_VISITORS: Final = range(18, _PAST)

_LATER: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""Stands in a cart until the moment of its purchase is known."""


@dataclass(slots=True)
class Story:
    """Tells the demo. `pictures` is the address under which the recorder serves product pictures, with a
    slash at its end.
    """

    seed: int
    pictures: str
    reactions: list[Reaction] = field(default_factory=list)
    tid: Tid | None = None
    past: list[Person] = field(init=False)
    new: list[Person] = field(init=False)
    guests: list[Person] = field(init=False)
    _orders: int = 0
    _checkouts: int = 0

    def __post_init__(self) -> None:
        """Draw the people."""
        rng = random.Random(f"people {self.seed}")
        crowd = people(_PAST + _NEW + 4, rng, share_subscribing=0.8)
        self.past = crowd[:_PAST]
        self.new = _with_odd_addresses(crowd[_PAST : _PAST + _NEW])
        self.guests = crowd[_PAST + _NEW :]

    # The year before

    def history(self, start: datetime) -> list[Webhook]:
        """A year of products, sign-ups and orders that ends two days before `start`, oldest first."""
        rng = random.Random(f"history {self.seed}")
        opened = start - timedelta(days=380)
        told = [
            self._hook("products/create", bodies.product(item, opened, self.pictures), opened)
            for item in PRODUCTS
            if item.listed
        ]
        self.past = _with_birthdays(self.past, start.date(), rng)
        for index, person in enumerate(self.past):
            told += self._past_of(index, person, start, rng)
        told = _repeat(sorted(told, key=lambda hook: hook.at), rng, share=0.08, within=timedelta(0))
        return sorted([*told, *woo.history(start)], key=lambda hook: hook.at)

    def _past_of(self, index: int, person: Person, start: datetime, rng: random.Random) -> list[Webhook]:
        last = _last_order(index, start, rng)
        registered = last - timedelta(days=rng.randint(1, 60), minutes=rng.randint(0, 900))
        told = [self._hook("customers/create", bodies.customer(person, registered, registered), registered)]
        if person.subscribes or index in _WIN_BACK or index in _BIRTHDAYS or index in _VISITORS[:-3]:
            agreed = registered + timedelta(seconds=40)
            told.append(self._consent(person, True, agreed))
        if person.birthday or index % 3 == 0:
            told.append(self._profile(person, registered + timedelta(hours=5)))
        if index == _VISITORS[-1]:
            told.append(self._consent(person, False, start - timedelta(days=20)))
        if index % 9 == 8:
            return told  # signed up, never bought
        earlier = [last - timedelta(days=rng.randint(1, 40))] if rng.random() < 0.5 else []
        for placed in [*earlier, last]:
            if placed > registered:
                cart = self._cart(person, placed - timedelta(minutes=8), rng)
                talkative = rng.random() < 0.6
                told += self._purchase(self._order(cart), placed, rng, talkative, arrives=False)
        return told

    # The seven days

    def live(self, start: datetime) -> list[Webhook]:
        """The webhooks of the seven days from `start`, in the order in which they are sent; fills
        `reactions`.
        """
        rng = random.Random(f"live {self.seed}")
        self.reactions.clear()
        told = [
            *self._sign_ups(start, rng),
            *self._visits(start, rng),
            *self._guest_visits(start, rng),
            *self._small_changes(start, rng),
        ]
        self._win_back_returns(rng)
        self.reactions += [*readers.reactions(self.new), *woo.reactions(start)]
        told = _repeat(told, rng, share=0.2, within=timedelta(minutes=90))
        told += [*self._browsing(start), *self._stock(start), *woo.live(start, self.pictures)]
        return sorted(told, key=lambda hook: hook.at)

    def visits(self, start: datetime) -> list[readers.Visit]:
        """Who opens the shop's contact form, and who asks for what is sold out, in the seven days from `start`."""
        return readers.visits(start, self.past[50], self.past[24])

    def _sign_ups(self, start: datetime, rng: random.Random) -> list[Webhook]:
        """Newcomers: six buy after the first welcome, one unsubscribes by its link, one through the shop."""
        told = []
        for index, person in enumerate(self.new):
            at = start + timedelta(hours=1 + 5 * index, minutes=rng.randint(0, 50))
            create = self._hook("customers/create", bodies.customer(person, at, at), at)
            agreed = self._consent(person, True, at + timedelta(seconds=30))
            late = timedelta(minutes=4 if index % 4 == 3 else 0)  # consent overtakes the account now and then
            told += [replace(create, at=create.at + late), agreed]
            if index in (0, 2, 8, 10, 13, 16):
                self._buys_after(person, "welcome", 1, timedelta(hours=rng.randint(3, 20)), rng)
            elif index == 4:
                self.reactions.append(Reaction(person.email, "welcome", 1, timedelta(hours=6), None))
            elif index == 9:
                told.append(self._consent(person, False, at + timedelta(hours=26)))
        return told

    def _visits(self, start: datetime, rng: random.Random) -> list[Webhook]:
        """Known customers at the checkout: who stays away, who returns after which mail, who buys at once."""
        fates = ["away"] * 11 + ["first"] * 7 + ["second"] * 6 + ["at once"] * 11 + ["unsubscribes"] * 2
        told = []
        for index, fate in zip(_VISITORS, [*fates, "away"], strict=True):
            spread = 84 if fate in ("away", "second") else 130
            at = start + timedelta(minutes=rng.randint(40, spread * 60))
            cart = self._cart(self.past[index], at, rng)
            told += self._checkout(cart, at, rng)
            pause = timedelta(hours=rng.randint(2, 9), minutes=rng.randint(0, 59))
            if fate == "at once":
                order = self._order(cart)
                told += self._purchase(order, at + timedelta(minutes=rng.randint(3, 6)), rng)
                if index % 4 == 0:
                    gone = at + timedelta(hours=20)
                    cancelled = replace(order, placed=at, updated=gone, cancelled=gone)
                    told.append(self._hook("orders/cancelled", bodies.order(cancelled), gone))
                elif index % 4 == 2:  # some send back one thing, some everything
                    back = at + timedelta(hours=60)
                    body = pages.refund(order, back, 1 if index % 8 == 2 else None)
                    told.append(self._hook("refunds/create", body, back))
            elif fate == "unsubscribes":
                self.reactions.append(Reaction(cart.person.email, "abandoned-checkout", 1, pause, None))
            elif fate in ("first", "second"):
                self._returns_after(cart, 1 if fate == "first" else 2, pause, rng)
        return told

    def _guest_visits(self, start: datetime, rng: random.Random) -> list[Webhook]:
        """Guests: two who agree to mail (one names an address only in an update, one buys later), one who
        does not, one nameless.
        """
        told = []
        for index, person in enumerate(self.guests):
            at = start + timedelta(hours=5 + 17 * index, minutes=rng.randint(0, 50))
            cart = replace(
                self._cart(person, at, rng),
                account=False,
                email=None if index in (1, 3) else person.email,
                accepts_marketing=index < 2,
            )
            told.append(self._hook("checkouts/create", bodies.checkout(cart, at), at))
            if index == 1:
                cart, named = replace(cart, email=person.email), at + timedelta(minutes=3)
                told.append(self._hook("checkouts/update", bodies.checkout(cart, named), named))
            if index == 0:
                self._returns_after(cart, 1, timedelta(hours=4), rng)
        return told

    def _small_changes(self, start: datetime, rng: random.Random) -> list[Webhook]:
        """New prices, a changed profile, and two customers who tell their birthday in time."""
        told = []
        for index, item in enumerate((PRODUCTS[3], PRODUCTS[7])):
            at = start + timedelta(hours=30 + 50 * index)
            dearer = replace(item, price=item.price + Decimal(3))
            told.append(self._hook("products/update", bodies.product(dearer, at, self.pictures), at))
        for index in (36, 40):
            at = start + timedelta(hours=index)
            day = (start + timedelta(days=index // 9)).date()
            told.append(self._profile(replace(self.past[index], birthday=f"--{day:%m-%d}"), at))
        for person in rng.sample(self.past, 4):
            at = start + timedelta(minutes=rng.randint(60, 8000))
            told.append(
                self._hook("customers/update", bodies.customer(person, at - timedelta(days=200), at), at)
            )
        return told

    def _stock(self, start: datetime) -> list[Webhook]:
        told = []
        for item, left, at in readers.stock_told(start):
            body = bodies.product(item, at, self.pictures, left)
            told.append(self._hook("products/update", body, at))
        return told

    def _browsing(self, start: datetime) -> list[Webhook]:
        """Ten look around: some are logged in, some nobody knows; three of them put things into a cart and leave."""
        rng = random.Random(f"browsing {self.seed}")
        told = []
        for index, person in enumerate(rng.sample(self.past, 10)):
            at = start + timedelta(hours=3 + 14 * index, minutes=rng.randint(0, 50))
            browser = Browser(person, self.tid if index % 3 else None)
            for minutes, item in enumerate(rng.sample(PRODUCTS[:11], 2)):
                told.append(browser.views(item, at + timedelta(minutes=3 * minutes)))
            if index % 4 == 1:
                told.append(browser.fills(self._cart(person, at, rng), at + timedelta(minutes=9)))
        return told

    def _win_back_returns(self, rng: random.Random) -> None:
        for index in (1, 4):
            self._buys_after(self.past[index], "win-back", 1, timedelta(hours=rng.randint(4, 9)), rng)

    # What people do

    def _buys_after(
        self, person: Person, workflow: str, nth: int, after: timedelta, rng: random.Random
    ) -> None:
        draw, cart, order = rng.random(), self._cart(person, _LATER, rng), self._orders + 1
        self._orders = order

        def then(at: datetime) -> list[Webhook]:
            opened = replace(cart, created=at - timedelta(minutes=6))
            return self._purchase(Order(order, opened, at, at), at, random.Random(f"{draw}"))

        self.reactions.append(Reaction(person.email, workflow, nth, after, then))

    def _returns_after(self, cart: Checkout, nth: int, after: timedelta, rng: random.Random) -> None:
        draw, order = rng.random(), self._order(cart)

        def then(at: datetime) -> list[Webhook]:
            return self._purchase(order, at, random.Random(f"{draw}"))

        self.reactions.append(Reaction(cart.person.email, "abandoned-checkout", nth, after, then))

    def _order(self, cart: Checkout) -> Order:
        self._orders += 1
        return Order(self._orders, cart, cart.created, cart.created)

    def _cart(self, person: Person, at: datetime, rng: random.Random) -> Checkout:
        self._checkouts += 1
        chosen: list[Product] = rng.sample(PRODUCTS, rng.choice((1, 2, 2, 3)))
        lines = tuple((item, 2 if rng.random() < 0.2 else 1) for item in chosen)
        return Checkout(self._checkouts, person, lines, at)

    def _checkout(self, cart: Checkout, at: datetime, rng: random.Random) -> list[Webhook]:
        """A checkout and its update, which takes an item out now and then and now and then arrives first."""
        update, filled = at + timedelta(minutes=2), at - timedelta(minutes=12)
        fuller = replace(cart, lines=(*cart.lines, (PRODUCTS[10], 1))) if rng.random() < 0.3 else cart
        late = timedelta(minutes=3 if rng.random() < 0.2 else 0)
        begun = replace(cart, created=filled)
        return [
            self._hook("carts/create", pages.cart(replace(begun, lines=begun.lines[:1]), filled), filled),
            self._hook(
                "carts/update", pages.cart(begun, at - timedelta(minutes=4)), at - timedelta(minutes=4)
            ),
            replace(self._hook("checkouts/create", bodies.checkout(fuller, at), at), at=at + late),
            self._hook("checkouts/update", bodies.checkout(cart, update), update),
        ]

    def _purchase(
        self, order: Order, at: datetime, rng: random.Random, talkative: bool = True, arrives: bool = True
    ) -> list[Webhook]:
        """The order is placed; when `talkative`, it is also paid and sent, and the parcel `arrives` or is late."""
        placed = replace(order, placed=at, updated=at)
        told = [self._hook("orders/create", bodies.order(placed), at)]
        if talkative:
            paid = replace(placed, paid=at + timedelta(minutes=1), updated=at + timedelta(minutes=1))
            early = timedelta(minutes=2 if rng.random() < 0.15 else 0)  # the payment overtakes its order
            told.append(self._hook("orders/paid", bodies.order(paid), at + timedelta(minutes=1) - early))
            sent = at + timedelta(hours=rng.randint(8, 40))
            gone = replace(paid, fulfilled=sent, updated=sent)
            told.append(self._hook("fulfillments/create", pages.parcel(gone, sent), sent))
            if arrives:
                status = "delayed" if order.number % 7 == 0 else "delivered"
                there = sent + timedelta(hours=rng.randint(30, 50))
                told.append(self._hook("fulfillments/update", pages.parcel(gone, there, status), there))
        return told

    def _consent(self, person: Person, subscribed: bool, at: datetime) -> Webhook:
        return self._hook(
            "customers_email_marketing_consent/update", bodies.consent(person, subscribed, at), at
        )

    def _profile(self, person: Person, at: datetime) -> Webhook:
        return replace(self._hook("profile_updated", bodies.profile(person, at), at), source="events")

    def _hook(self, topic: str, body: bodies.Body, at: datetime) -> Webhook:
        raw = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        name = uuid.uuid5(_NAMESPACE, f"{topic} {hashlib.sha256(raw).hexdigest()}")
        return Webhook(at, "shopify", topic, raw, str(name))


def _last_order(index: int, start: datetime, rng: random.Random) -> datetime:
    """When somebody ordered last: eight reach their sixtieth day without an order inside the seven days, the
    others do not.
    """
    minutes = timedelta(minutes=rng.randint(0, 600))
    if index in _WIN_BACK:
        return start - timedelta(days=60) + timedelta(days=1 + index % 5, hours=6) + minutes
    days = rng.randint(4, 48) if index in _VISITORS or index % 2 else rng.randint(75, 290)
    return start - timedelta(days=days) + minutes


def _with_birthdays(crowd: list[Person], first_day: date, rng: random.Random) -> list[Person]:
    """Ten have their birthday in the seven days, or on 29 February; some tell no year."""
    told = list(crowd)
    for place, index in enumerate(_BIRTHDAYS):
        day = first_day + timedelta(days=place % LIVE_DAYS)
        year = 1956 + 4 * rng.randint(0, 11)
        birthday = "1992-02-29" if place == 0 else "--02-29" if place == 1 else f"{year}-{day:%m-%d}"
        told[index] = replace(crowd[index], birthday=f"--{day:%m-%d}" if place == 4 else birthday)
    for index in _VISITORS:
        if index % 4 == 1:
            away = first_day + timedelta(days=rng.randint(40, 300))
            told[index] = replace(
                crowd[index], birthday=f"{rng.randint(1950, 2003)}-{away:%m-%d}".replace("-02-29", "-02-28")
            )
    return told


def _with_odd_addresses(newcomers: list[Person]) -> list[Person]:
    """Three mailboxes that do not take mail as one would like; the mail world knows them by these names."""
    odd = {5: "bounce", 6: "complaint", 7: "softbounce"}
    return [
        replace(person, email=f"{odd[index]}+{person.email}") if index in odd else person
        for index, person in enumerate(newcomers)
    ]


def _repeat(told: Iterable[Webhook], rng: random.Random, share: float, within: timedelta) -> list[Webhook]:
    """The same webhooks with some sent twice or three times, up to `within` later: Shopify delivers at least
    once.
    """
    result: list[Webhook] = []
    for hook in told:
        result.append(hook)
        if rng.random() < share:
            for _ in range(1 if rng.random() < 0.7 else 2):
                result.append(replace(hook, at=hook.at + within * rng.random()))
    return result
