"""Opens and clicks that no person did."""

import json

import pytest

from tests.unit.feedback.office import CORPUS, Office, message, needs_corpus
from tests.worlds import ANN, HOUR, NOW, event, world_with

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
GOOGLE = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
AHEAD = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Mozilla/5.0"
AFTER_AN_HOUR, AT_ONCE = "2026-03-10T11:00:00.000Z", "2026-03-10T10:00:01.400Z"


@pytest.mark.parametrize(
    ("kind", "agent", "at", "machine"),
    [
        ("Open", FIREFOX, AFTER_AN_HOUR, None),
        ("Open", FIREFOX, AT_ONCE, "at once"),
        ("Open", "Mozilla/5.0", AFTER_AN_HOUR, "apple"),
        ("Open", GOOGLE, AFTER_AN_HOUR, None),
        ("Open", GOOGLE, AT_ONCE, "at once"),
        ("Open", AHEAD, AFTER_AN_HOUR, "google"),
        ("Open", "YahooMailProxy; https://help.yahoo.com/kb/", AFTER_AN_HOUR, None),
        ("Open", "Barracuda Sentinel (EE)", AFTER_AN_HOUR, "scanner"),
        ("Open", "", AFTER_AN_HOUR, None),
        ("Open", FIREFOX, "2026-03-09T10:00:00.000Z", None),
        ("Click", FIREFOX, AFTER_AN_HOUR, None),
        ("Click", FIREFOX, AT_ONCE, "at once"),
        ("Click", "Mozilla/5.0", AFTER_AN_HOUR, None),
        ("Click", "python-requests/2.31", AFTER_AN_HOUR, "scanner"),
        ("Click", "Mozilla/5.0 (compatible; bingbot/2.0)", AFTER_AN_HOUR, "scanner"),
    ],
)
def test_a_machine_is_told_from_a_person(kind: str, agent: str, at: str, machine: str | None) -> None:
    """By what it calls itself, and by being faster than anybody reads; in doubt it was a person."""
    (event_,) = Office().record(message(kind, at=at, userAgent=agent, link="https://shop.example/"))
    assert event_.properties.get("machine") == machine


@pytest.mark.parametrize("kind", ["Open", "Click"])
@pytest.mark.parametrize(
    ("said", "machine"),
    [
        ("Likely", "ses"),
        ("LIKELY", "ses"),
        (True, "ses"),
        ("Unlikely", None),
        ("Unknown", None),
        (None, None),
        ({}, None),
    ],
)
def test_ses_may_say_that_it_was_a_machine(kind: str, said: object, machine: str | None) -> None:
    """Its word `isBotEvent` counts, whatever the agent calls itself; that a machine is unlikely takes back no sign."""
    told = message(kind, userAgent=FIREFOX, link="https://shop.example/", isBotEvent=said)
    assert [each.properties.get("machine") for each in Office().record(told)] == [machine]
    told = message(kind, at=AT_ONCE, userAgent=FIREFOX, isBotEvent="Unlikely")
    assert [each.properties.get("machine") for each in Office().record(told)] == ["at once"]


def test_a_proxy_that_comes_when_a_person_opens_is_named() -> None:
    """Gmail's and Yahoo's hide who reads, and where."""
    (event_,) = Office().record(message("Open", userAgent=GOOGLE))
    assert event_.properties["proxy"] == "google"


@needs_corpus
def test_the_captured_machine_is_one() -> None:
    """Apple's, in the corpus: all that it says of itself is `Mozilla/5.0`."""
    told = json.loads((CORPUS / "eventbridge_wraps" / "email_opened.json").read_text("utf-8"))
    (event_,) = Office().record(told)
    assert event_.properties["machine"] == "apple"


@pytest.mark.parametrize(("agent", "journeys"), [(FIREFOX, 1), ("Mimecast URL scanner", 0)])
def test_no_workflow_hears_of_a_machine(agent: str, journeys: int) -> None:
    """A scanner that follows every link begins no journey."""
    world = world_with(trigger={"event": "mail_clicked"}, steps=[{"send": "welcome"}])
    world.happen(event("customer_registered", "1", at=NOW - HOUR, **ANN))
    told = message("Click", {"customer": world.only().id}, link="https://shop.example/", userAgent=agent)
    world.happen(*Office().record(told))
    assert world.machines.starts["extra"] == journeys
