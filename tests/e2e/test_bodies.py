"""Webhooks as a shop delivers them: real and made bodies, in any order, three times each, eight at once."""

import random
from collections import Counter

import pytest

from tests.e2e.helpers.bodies import Hook, expected, needs_corpus, real, renamed, retimed
from tests.e2e.helpers.shop import HOUR, SHOP_WAITS, Answer, Shop, eventually
from tests.e2e.helpers.stories import Story, stories

AT_ONCE, TIMES = 8, 3


def deliver(shop: Shop, hooks: list[Hook], seed: int) -> list[Answer]:
    """Each body three times, in random order, eight at once; every one is answered with 200, and in time but where the
    function has just begun: here that is a process, of which a busy machine starts few at once."""
    shuffled = [hook for hook in hooks for _ in range(TIMES)]
    random.Random(seed).shuffle(shuffled)
    answers = shop.deliver_all([(hook.topic, hook.raw) for hook in shuffled], AT_ONCE)
    refused = [
        (hook.name, answer.status, answer.body)
        for hook, answer in zip(shuffled, answers, strict=True)
        if answer.status != 200
    ]
    assert refused == []
    assert sorted(answer.seconds for answer in answers)[:-AT_ONCE][-1] < SHOP_WAITS
    return answers


def assert_one_item_each(shop: Shop, answers: list[Answer], hooks: list[Hook], before: set[str]) -> None:
    """As many new items as bodies, and the answers told so."""
    assert sum(answer.json["accepted"] for answer in answers) == len(hooks)
    assert sum(answer.json["duplicate"] for answer in answers) == (TIMES - 1) * len(hooks)
    assert len(stored(shop) - before) == len(hooks)


def stored(shop: Shop) -> set[str]:
    """The keys of the shop's events."""
    return {event.key for event in shop.events() if event.source == "shopify"}


@needs_corpus
def test_real_bodies_of_now_become_events_customers_and_journeys(shop: Shop) -> None:
    """One item each; whom they name, what they ordered and agreed to; the journeys that follow, and no others."""
    hooks = [retimed(renamed(hook, 1000 + at), shop.now) for at, hook in enumerate(real())]
    assert len(hooks) > 60
    before, begun = stored(shop), shop.journeys()
    answers = deliver(shop, hooks, seed=11)
    shop.settle()
    assert_one_item_each(shop, answers, hooks, before)
    wanted: Counter[tuple[str, str]] = Counter()
    people = []
    for hook in hooks:
        told = expected(hook)
        if not told.who:
            continue
        customer = shop.customer(**told.who)
        assert customer, hook.name
        assert customer.orders_count == told.orders, hook.name
        assert customer.accepts_marketing is told.subscribed, hook.name
        people.append(customer.id)
        wanted.update((workflow, customer.id) for workflow in told.workflows)
    assert len(set(people)) == len(people) > 50
    assert shop.journeys() - begun == wanted
    assert {workflow for workflow, _ in wanted} >= {"abandoned-checkout"}


@needs_corpus
def test_real_bodies_of_2021_build_state_and_start_nothing(shop: Shop) -> None:
    """History is imported through the same door."""
    hooks = [renamed(hook, 2000 + at) for at, hook in enumerate(real())]
    before, begun = stored(shop), shop.journeys()
    answers = deliver(shop, hooks, seed=12)
    shop.settle()
    assert_one_item_each(shop, answers, hooks, before)
    orders = [hook for hook in hooks if expected(hook).orders]
    assert orders
    for hook in orders:
        customer = shop.customer(**expected(hook).who)
        assert customer is not None
        assert customer.orders_count == 1
    assert shop.journeys() == begun


@pytest.fixture(scope="module")
def told(shop: Shop) -> tuple[list[Story], list[Answer]]:
    """Made stories of several bodies each, all delivered in one shuffle, and folded."""
    made = stories(shop.now)
    hooks = [hook for story in made for hook in story.hooks]
    before = stored(shop)
    answers = deliver(shop, hooks, seed=13)
    shop.settle()
    assert_one_item_each(shop, answers, hooks, before)
    return made, answers


def test_made_stories_end_as_they_must_in_any_order(
    shop: Shop, told: tuple[list[Story], list[Answer]]
) -> None:
    """Account, consent, checkout, its update, order, payment, delivery: one customer, whatever came first."""
    for story in told[0]:
        customer = shop.customer(**story.who)
        assert customer, story.name
        assert customer.orders_count == story.orders, story.name
        assert customer.accepts_marketing is story.subscribed, story.name
        names = {shop.alias(account=story.account)} if story.account else set()
        names |= {shop.alias(email=story.email)}
        owners = [shop.table("aliases").get(alias=name) for name in names]
        assert [owner and owner["customer"] for owner in owners] == [customer.id] * len(names), story.name


def test_made_stories_begin_the_right_journeys(shop: Shop, told: tuple[list[Story], list[Answer]]) -> None:
    """One reminder's journey for each checkout left behind, one welcome for each consent, none that still runs
    once an order came."""
    begun = shop.journeys()
    for story in told[0]:
        customer = shop.customer(**story.who)
        assert customer is not None
        for workflow in ("welcome", "abandoned-checkout", "birthday", "win-back"):
            number = begun[workflow, customer.id]
            if workflow in story.may_begin:
                assert number <= 1, (story.name, workflow)
            else:
                assert number == int(workflow in story.workflows), (story.name, workflow)
        open_ = {journey.workflow for journey in customer.journeys.values()}
        assert open_ <= {*story.workflows, *(() if story.orders else story.may_begin)}, story.name


def test_journeys_that_an_order_ended_are_stopped(shop: Shop, told: tuple[list[Story], list[Answer]]) -> None:
    """No execution of a customer who bought is running."""
    bought = {
        customer.id
        for story in told[0]
        if story.orders and (customer := shop.customer(**story.who)) is not None
    }
    assert len(bought) >= 4
    theirs = {item["id"]: item["workflow"] for item in shop.scan("journeys") if item["customer"] in bought}
    for workflow in set(theirs.values()):
        mine = {name for name, flow in theirs.items() if flow == workflow}

        def ended(workflow: str = workflow, mine: set[str] = mine) -> bool:
            statuses = shop.executions(workflow)
            return mine <= statuses.keys() and "RUNNING" not in {statuses[name] for name in mine}

        assert eventually(f"the end of {workflow}", ended)


def test_a_nameless_checkout_waits_for_its_name(shop: Shop) -> None:
    """Nobody is created for a token alone; when the update names somebody, the checkout is theirs and starts."""
    (nameless, named) = next(story for story in stories(shop.now, 900) if story.name == "named late").hooks
    shop.settle()
    customers = len(shop.scan("customers"))
    assert shop.deliver(nameless.topic, nameless.raw).status == 200
    shop.settle()
    assert len(shop.scan("customers")) == customers
    assert shop.table("aliases").get(alias=f"shopify:checkout:{nameless.body['token']}") is None
    assert shop.deliver(named.topic, named.raw).status == 200
    customer = shop.known(email=named.body["email"])
    assert len(customer.checkouts) == 1
    assert eventually("a journey", lambda: shop.journey("abandoned-checkout", customer.id))


def test_a_webhook_repeated_after_its_fold_changes_nothing(shop: Shop) -> None:
    """The id names the fact: a replay is a duplicate, and nobody is told twice."""
    story = next(story for story in stories(shop.now - HOUR, 950) if story.name == "left behind")
    for hook in story.hooks:
        assert shop.deliver(hook.topic, hook.raw).json["accepted"] == 1
    shop.settle()
    customer = shop.customer(**story.who)
    assert customer is not None
    begun = shop.journeys()
    for hook in story.hooks:
        assert shop.deliver(hook.topic, hook.raw).json == {"accepted": 0, "duplicate": 1}
    shop.settle()
    assert shop.journeys() == begun
    again = shop.customer(**story.who)
    assert again is not None
    assert (again.profile, again.checkouts) == (customer.profile, customer.checkouts)
