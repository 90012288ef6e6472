"""Made customers' stories, each of several bodies that may arrive in any order."""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from infra.local import bodies
from infra.local.bodies import Checkout, Order
from infra.local.catalogue import PRODUCTS
from infra.local.shop_people import Person, people
from tests.e2e.helpers.bodies import Body, Hook

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Story:
    """What happens to one customer, and what must have come of it once all bodies are folded.

    `may_begin` are workflows whose journey begins or not by the order of arrival; an order ends it in any case.
    """

    name: str
    person: Person
    hooks: tuple[Hook, ...]
    orders: int = 0
    subscribed: bool = False
    workflows: tuple[str, ...] = ()
    may_begin: tuple[str, ...] = ()
    guest: bool = False

    @property
    def email(self) -> str:
        """The customer's address."""
        return self.person.email

    @property
    def account(self) -> int | None:
        """The customer's account; None for a guest."""
        return None if self.guest else self.person.id

    @property
    def who(self) -> dict[str, str]:
        """For `Shop.customer`."""
        return {"email": self.email}


@dataclass(frozen=True, slots=True)
class Told:
    """One person's bodies around `at`."""

    person: Person
    at: datetime

    @property
    def cart(self) -> Checkout:
        """Two things in a checkout."""
        lines = ((PRODUCTS[self.person.number % 9], 1), (PRODUCTS[self.person.number % 5 + 2], 2))
        return Checkout(self.person.number, self.person, lines, self.at)

    def hook(self, topic: str, body: Body) -> Hook:
        """A body under its topic."""
        return Hook(f"{topic} of {self.person.email}", topic, body)

    def account(self) -> Hook:
        """The account is made."""
        return self.hook("customers/create", bodies.customer(self.person, self.at, self.at))

    def consent(self, subscribed: bool = True, late: timedelta = SECOND) -> Hook:
        """The consent changes."""
        topic = "customers_email_marketing_consent/update"
        return self.hook(topic, bodies.consent(self.person, subscribed, self.at + late))

    def checkouts(self, cart: Checkout) -> tuple[Hook, Hook]:
        """A checkout and its update."""
        return (
            self.hook("checkouts/create", bodies.checkout(cart, self.at)),
            self.hook("checkouts/update", bodies.checkout(cart.without_last(), self.at + MINUTE)),
        )

    def purchase(self, cart: Checkout, cancelled: bool = False) -> tuple[Hook, ...]:
        """An order, paid and delivered, or cancelled."""
        placed = self.at + 2 * MINUTE
        order = Order(self.person.number, cart, placed, placed)
        paid = replace(order, paid=placed + MINUTE, updated=placed + MINUTE)
        told = (
            self.hook("orders/create", bodies.order(order)),
            self.hook("orders/paid", bodies.order(paid)),
        )
        if cancelled:
            gone = replace(paid, cancelled=placed + 2 * MINUTE, updated=placed + 2 * MINUTE)
            return (*told, self.hook("orders/cancelled", bodies.order(gone)))
        sent = replace(paid, fulfilled=placed + 2 * MINUTE, updated=placed + 2 * MINUTE)
        return (*told, self.hook("orders/fulfilled", bodies.order(sent)))


def _subscribes(told: Told) -> Story:
    hooks = (told.account(), told.consent())
    return Story("subscribes", told.person, hooks, subscribed=True, workflows=("welcome",))


def _changes_mind(told: Told) -> Story:
    hooks = (told.account(), told.consent(), told.consent(False, 2 * MINUTE))
    # The welcome has begun if yes was heard before no; either way nobody is subscribed in the end.
    return Story("changes their mind", told.person, hooks, may_begin=("welcome",))


def _left_behind(told: Told) -> Story:
    hooks = (told.account(), *told.checkouts(told.cart))
    return Story("left behind", told.person, hooks, workflows=("abandoned-checkout",))


def _everything(told: Told) -> Story:
    hooks = (told.account(), told.consent(), *told.checkouts(told.cart))
    workflows = ("welcome", "abandoned-checkout")
    return Story("subscribes, leaves", told.person, hooks, subscribed=True, workflows=workflows)


def _buys(told: Told) -> Story:
    hooks = (told.account(), told.consent(), *told.checkouts(told.cart), *told.purchase(told.cart))
    begin = ("welcome", "abandoned-checkout")
    return Story("buys", told.person, hooks, orders=1, subscribed=True, may_begin=begin)


def _guest_leaves(told: Told) -> Story:
    cart = replace(told.cart, account=False, email=told.person.email)
    workflows = ("abandoned-checkout",)
    return Story("guest leaves", told.person, told.checkouts(cart), workflows=workflows, guest=True)


def _guest_buys(told: Told) -> Story:
    cart = replace(told.cart, account=False, email=told.person.email, accepts_marketing=True)
    hooks = (*told.checkouts(cart), *told.purchase(cart))
    begin = ("welcome", "abandoned-checkout")
    return Story("guest buys", told.person, hooks, 1, True, may_begin=begin, guest=True)


def _named_late(told: Told) -> Story:
    nameless = replace(told.cart, account=False)
    named = replace(nameless, email=told.person.email)
    hooks = (told.checkouts(nameless)[0], told.checkouts(named)[1])
    return Story("named late", told.person, hooks, workflows=("abandoned-checkout",), guest=True)


def _completed(told: Told) -> Story:
    done = bodies.checkout(told.cart, told.at + MINUTE, told.at + MINUTE)
    return Story("completed", told.person, (told.account(), told.hook("checkouts/update", done)))


def _empty(told: Told) -> Story:
    cart = replace(told.cart, lines=())
    hook = told.hook("checkouts/create", bodies.checkout(cart, told.at))
    return Story("empty", told.person, (told.account(), hook))


_ALL: tuple[Callable[[Told], Story], ...] = (
    _subscribes, _changes_mind, _left_behind, _everything, _buys, _guest_leaves, _guest_buys, _named_late,
    _completed, _empty,
)  # fmt: skip


def stories(at: datetime, number: int = 100) -> list[Story]:
    """Two of each kind, their facts around `at`; `number` keeps calls apart."""
    crowd = people(2 * len(_ALL), random.Random(number), first_number=number)
    crowd = [replace(person, email=f"s{number}.{person.email}") for person in crowd]
    return [_ALL[index % len(_ALL)](Told(person, at)) for index, person in enumerate(crowd)]
