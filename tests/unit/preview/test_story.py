"""A customer's story from a file: read as the door reads events, and refused with the line that is wrong."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from infra.preview.story import load, read
from tidings import yamlfile
from tidings.errors import BadInput
from tidings.shop import Shop, load_shop

ROOT = Path(__file__).parents[3]
SHOP = load_shop(ROOT / "workflows" / "shop.yaml")
FILE = Path("story.yaml")


def told(text: str, shop: Shop = SHOP) -> str:
    """What is wrong with a story; "" when nothing is."""
    try:
        read(yamlfile.parse(text, FILE, dates=False), FILE, shop)
    except BadInput as error:
        return str(error)
    return ""


def test_the_example_in_the_docs_is_read() -> None:
    """Facts come with the first event; times are the customer's clock's; sums and tokens need not be told."""
    ben = load(ROOT / "docs" / "customer.yaml", SHOP)
    assert ben.name == "Ben Okafor"
    assert [event.type for event in ben.events] == [
        "subscribed",
        "order_placed",
        "checkout_started",
        "order_placed",
    ]
    assert ben.events[0].at == datetime(2026, 1, 5, 15, 0, tzinfo=UTC)
    assert ben.events[0].properties["timezone"] == "America/Chicago"
    assert ben.events[2].at - ben.events[1].at == datetime(2026, 1, 21) - datetime(2026, 1, 1)  # noqa: DTZ001
    assert ben.events[2].properties["total"] == "93.80"
    assert ben.events[2].properties["checkout"] == "preview"
    assert ben.events[2].properties["currency"] == SHOP.currency


def test_a_story_may_be_json() -> None:
    """Which is YAML, too."""
    text = '{"customer": {"email": "a@example.com"}, "events": [{"type": "subscribed", "at": "2026-01-05T09:00:00Z"}]}'
    person = read(yamlfile.parse(text, FILE, dates=False), FILE, SHOP)
    assert person.name == "a@example.com"
    assert person.events[0].at == datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


def test_no_two_events_are_at_one_moment() -> None:
    """What began a journey is known by its time."""
    text = "events: [{type: subscribed, at: 2026-01-05}, {type: lead_captured, at: 2026-01-05}]"
    person = read(yamlfile.parse(text, FILE, dates=False), FILE, SHOP)
    assert person.events[0].at < person.events[1].at


def test_feedback_of_ses_may_be_told() -> None:
    """Clicks for workflows that count them; a bounce stops the mails."""
    text = """
events:
  - {type: mail_clicked, at: 2026-01-05, link: "https://kettleandkiln.example/"}
  - {type: mail_bounced, after: 1 day}
"""
    person = read(yamlfile.parse(text, FILE, dates=False), FILE, SHOP)
    assert person.events[0].properties == {"link": "https://kettleandkiln.example/"}
    assert [each.reason for each in person.suppressions] == ["bounced"]


def test_the_file_s_own_products_are_the_catalogue() -> None:
    """By the ids that lines name."""
    text = 'products: {"7": {title: Kettle, price: "12.00"}}'
    person = read(yamlfile.parse(text, FILE, dates=False), FILE, SHOP)
    assert person.products == {"events:product:7": {"title": "Kettle", "price": "12.00"}}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("- a", "story.yaml:1: a story is words and their values"),
        ("\nevnts: []", 'story.yaml:2: unknown word "evnts"; did you mean "events"?'),
        ("customer: ada", 'story.yaml:1: "customer" is words and their values'),
        ("customer:\n  emial: a@b.c", 'story.yaml:2: unknown fact "emial"; did you mean "email"?'),
        ("customer:\n  fields:\n    size: 3", 'story.yaml:3: shop.yaml declares no field "size"'),
        (
            "customer:\n  birthday: 1990-02-30\nevents: [{type: subscribed}]",
            "story.yaml:2: customer.birthday must be a day that exists",
        ),
        ("events: {}", ""),
        ("events: 3", 'story.yaml:1: "events" is a list'),
        (
            "events:\n  - at: 2026-01-01",
            "story.yaml:2: an event is words and their values, `type` among them",
        ),
        (
            "events:\n  - type: order_place",
            'story.yaml:2: unknown event "order_place"; did you mean "order_placed"?',
        ),
        ("events:\n  - {type: due}", 'story.yaml:2: unknown event "due"'),
        ("events:\n  - type: subscribed\n    at: 2026-13-01", 'story.yaml:3: "2026-13-01" is no moment'),
        (
            "events:\n  - {type: subscribed}\n  - type: subscribed\n    after: 2 dys",
            'story.yaml:4: "2 dys" is not a duration',
        ),
        (
            "events:\n  - {type: subscribed, at: 2026-01-02}\n  - {type: subscribed, at: 2026-01-01}",
            "story.yaml:3: comes before the event above it",
        ),
        ("events:\n  - type: order_placed\n    total: abc", "story.yaml:3: total must be an amount"),
        ("events:\n  - type: order_placed\n    items: 3", "story.yaml:3: items must be a list"),
        ("products:\n  - a", 'story.yaml:1: "products" is a mapping'),
        ("products:\n  1:\n    titel: x", 'story.yaml:3: unknown word "titel"; did you mean "title"?'),
        ("until: soon", 'story.yaml:1: "soon" is no moment'),
    ],
)
def test_each_mistake_is_shown_with_its_line(text: str, problem: str) -> None:
    """And with the nearest right word, where one was misspelt."""
    assert told(text).startswith(problem)
    assert bool(told(text)) == bool(problem)


def test_all_mistakes_are_told_at_once_in_the_order_of_lines() -> None:
    """Not the first only."""
    lines = told("evnts: 1\ncustomer:\n  emial: x\nevents:\n  - type: no\n").splitlines()
    assert [line.split(":")[1] for line in lines] == ["1", "3", "5"]


def test_a_file_that_cannot_be_read_is_named() -> None:
    """Missing, a folder, or no text."""
    for file in (Path("nowhere.yaml"), ROOT / "docs"):
        with pytest.raises(BadInput, match=file.name):
            load(file, SHOP)


@pytest.mark.parametrize(("text", "line"), [("a: 2026-02-30", 1), ("a: 1\nb:\n  - 2026-13-01", 3)])
def test_a_day_that_does_not_exist_is_shown_with_its_line(text: str, line: int) -> None:
    """In any YAML file; without dates it is text like any other."""
    with pytest.raises(BadInput, match=f"story.yaml:{line}: there is no such day"):
        yamlfile.parse(text, FILE)
    assert yamlfile.parse(text, FILE, dates=False)["a"]
