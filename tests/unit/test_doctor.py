"""What the doctor says of facts: each check passes on a healthy stack, and each can fail."""

import json
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from infra.deploy import doctor
from infra.deploy.doctor import facts as known
from infra.deploy.doctor.mail import TOLD
from infra.deploy.doctor.sources import SILENT
from tidings.sources.shopify import TOPICS as SHOPIFY
from tidings.sources.woocommerce import TOPICS as WOOCOMMERCE

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
BOTH = frozenset({"BOUNCE", "COMPLAINT"})
ADDRESSES = {name: f"https://api.example/webhooks/{name}" for name in ("shopify", "woocommerce", "events")}

WELL = known.Facts(
    now=NOW,
    account=known.Account(True, True, "HEALTHY", "NONE", 50_000, 14, 10, BOTH),
    identity=known.Identity(
        "shop.example", "hello@shop.example", True, "SUCCESS", True, 2048, "mail.shop.example", "SUCCESS"
    ),
    dns=known.Dns(
        "v=DMARC1; p=quarantine; rua=mailto:d@shop.example", "", "v=spf1 include:amazonses.com ~all"
    ),
    mail_set=known.MailSet("tidings", True, BOTH, TOLD),
    customers=2_000,
    queues=[known.Queue("FeedbackQueue", 3), known.Queue("FailuresQueue", 0, dead=True)],
    alarms=[known.Alarm("Parked", "OK", 1)],
    fold=known.Fold("Enabled", 0.2, 0, 0, 0),
    daily=known.Daily(True, 2),
    machines=[known.Machine("welcome", frozenset())],
    concurrency=1000,
    paused=frozenset(),
    keys=[known.Key("keys/address", (64,)), known.Key("keys/links", (64, 64))],
    sources=[
        known.Source("shopify", (64,), NOW - timedelta(hours=1)),
        known.Source("woocommerce", (32, 32), NOW - timedelta(hours=2)),
        known.Source("events", (), None),
    ],
    shopify=[known.Hook(topic, ADDRESSES["shopify"]) for topic in SHOPIFY],
    woocommerce=[known.Hook(topic, f"{ADDRESSES['woocommerce']}/") for topic in WOOCOMMERCE],
    addresses=ADDRESSES,
)


def levels(facts: known.Facts, check: str) -> list[str]:
    """The levels of one check's findings."""
    return [finding.level for name, finding in doctor.judge(facts) if name == check]


def changed(fact: str, **changes: Any) -> known.Facts:
    """The healthy facts with one of them changed."""
    return replace(WELL, **{fact: replace(getattr(WELL, fact), **changes)})


def test_a_healthy_stack_passes_every_check() -> None:
    """One line a check at least, all ok, exit code 0."""
    found = list(doctor.judge(WELL))
    assert {name for name, _ in found} == {check.name for check in doctor.CHECKS}
    assert {finding.level for _, finding in found} == {"ok"}
    assert doctor.report(found, as_json=False)[1] == 0


OTHER = ADDRESSES["shopify"].replace("api", "old-api")
TROUBLES: list[tuple[str, known.Facts, str]] = [
    ("concurrency", replace(WELL, concurrency=10), "warn"),
    ("identity", changed("identity", verified=False), "fail"),
    ("sender", changed("identity", sender="hello@other.example"), "fail"),
    ("sender", changed("identity", sender="hello@notshop.example"), "fail"),
    ("sender", changed("identity", name="shop@gmail.com", sender="shop@gmail.com"), "fail"),
    ("sender", changed("identity", name="hello@shop.example"), "warn"),
    ("dkim", changed("identity", dkim="PENDING"), "fail"),
    ("dkim", changed("identity", signing=False), "fail"),
    ("dkim", changed("identity", bits=1024), "warn"),
    ("dkim", changed("identity", dkim=""), "warn"),
    ("mail-from", changed("identity", mail_from=""), "warn"),
    ("mail-from", changed("identity", mail_from_status="FAILED"), "fail"),
    ("spf", changed("dns", mail_from_spf=""), "fail"),
    ("spf", changed("dns", mail_from_spf="v=spf1 -all"), "fail"),
    ("dmarc", changed("dns", dmarc=""), "fail"),
    ("dmarc", changed("dns", dmarc="v=DMARC1; sp=none"), "fail"),
    ("dmarc", changed("dns", dmarc="v=DMARC1; p=none; rua=mailto:x@y.example"), "warn"),
    ("dmarc", changed("dns", dmarc="v=DMARC1; p=reject"), "warn"),
    ("dmarc", changed("dns", dmarc="v=DMARC1; p=reject; rua=mailto:x@y.example\nv=DMARC1; p=none"), "fail"),
    (
        "dmarc",
        changed("dns", dmarc="v=DMARC1; p=reject; sp=none; rua=mailto:x@y.example", dmarc_of="example"),
        "warn",
    ),
    ("spf", changed("dns", mail_from_spf="v=spf1 include:amazonses.com ~all\nv=spf1 -all"), "fail"),
    ("sandbox", changed("account", production=False), "fail"),
    ("enforcement", changed("account", enforcement="SHUTDOWN"), "fail"),
    ("enforcement", changed("account", enforcement="PROBATION"), "warn"),
    ("enforcement", changed("account", sending=False), "fail"),
    ("price-plan", changed("account", plan="ESSENTIALS"), "warn"),
    ("price-plan", changed("account", plan=""), "warn"),
    ("quota", changed("account", sent=49_000), "fail"),
    ("quota", changed("account", day=200), "warn"),
    ("feedback", changed("mail_set", told=TOLD - {"BOUNCE"}), "fail"),
    ("feedback", changed("mail_set", sending=False), "fail"),
    ("suppression-list", changed("mail_set", suppressed=frozenset({"BOUNCE"})), "warn"),
    ("stream", changed("fold", mapping="Disabled"), "fail"),
    ("stream", changed("fold", lag_seconds=3600.0), "fail"),
    ("put-aside", changed("fold", parked=1), "warn"),
    ("put-aside", changed("fold", failed_batches=1), "warn"),
    ("put-aside", changed("fold", unread=1), "warn"),
    ("queues", replace(WELL, queues=[known.Queue("FailuresQueue", 1, dead=True)]), "fail"),
    ("queues", replace(WELL, queues=[known.Queue("FeedbackQueue", 5_000)]), "warn"),
    ("queues", replace(WELL, queues=[known.Queue("FeedbackQueue", 0, mapping="Disabled")]), "fail"),
    ("alarms", replace(WELL, alarms=[]), "fail"),
    ("alarms", replace(WELL, alarms=[known.Alarm("Parked", "OK", 0)]), "warn"),
    ("alarms", replace(WELL, alarms=[known.Alarm("Parked", "ALARM", 1)]), "fail"),
    ("workflows", replace(WELL, paused=frozenset({"welcome"})), "warn"),
    ("daily", changed("daily", enabled=False), "fail"),
    ("daily", changed("daily", runs=0), "warn"),
    ("packages", replace(WELL, machines=[]), "fail"),
    ("packages", replace(WELL, machines=[known.Machine("welcome", frozenset({"abc"}))]), "fail"),
    ("keys", replace(WELL, keys=[known.Key("keys/links", ())]), "fail"),
    ("keys", replace(WELL, keys=[known.Key("keys/links", (64, 0))]), "fail"),
    ("secrets", replace(WELL, sources=[known.Source("shopify", ())]), "fail"),
    ("secrets", replace(WELL, sources=[known.Source("shopify", (), None, 3)]), "fail"),
    ("secrets", replace(WELL, sources=[known.Source("shopify", (64,), None, 3)]), "fail"),
    ("secrets", replace(WELL, sources=[known.Source("shopify", (64,), NOW, 3)]), "warn"),
    ("secrets", replace(WELL, sources=[known.Source("shopify", (64,), NOW, None)]), "warn"),
    ("secrets", replace(WELL, sources=[known.Source("shopify", (64, 6), NOW)]), "warn"),
    ("arrivals", replace(WELL, sources=[known.Source("shopify", (64,))]), "warn"),
    ("arrivals", replace(WELL, sources=[known.Source("shopify", (64,), NOW - 2 * SILENT)]), "warn"),
    ("shopify", replace(WELL, shopify=[]), "fail"),
    ("shopify", replace(WELL, shopify=[known.Hook(topic, OTHER) for topic in SHOPIFY]), "fail"),
    ("shopify", replace(WELL, shopify=[known.Hook("orders/create", ADDRESSES["shopify"])]), "warn"),
    (
        "woocommerce",
        replace(
            WELL,
            woocommerce=[known.Hook(topic, ADDRESSES["woocommerce"], active=False) for topic in WOOCOMMERCE],
        ),
        "fail",
    ),
]


@pytest.mark.parametrize(
    ("check", "facts", "level"),
    [pytest.param(*each, id=f"{each[0]}-{number}") for number, each in enumerate(TROUBLES)],
)
def test_a_trouble_is_told_with_its_mend(check: str, facts: known.Facts, level: str) -> None:
    """By its own check and, where it stands alone, by no other; everything that must be mended says how."""
    assert level in levels(facts, check)
    worried = [finding for _, finding in doctor.judge(facts) if finding.level == level]
    assert all(finding.mend or "could not be looked up" in finding.text for finding in worried)
    assert doctor.report(doctor.judge(facts), as_json=False)[1] == int(
        any(finding.level == "fail" for _, finding in doctor.judge(facts))
    )


def test_every_check_can_be_worried() -> None:
    """None is there for show."""
    assert {check for check, _, _ in TROUBLES} == {check.name for check in doctor.CHECKS}


@pytest.mark.parametrize("name", [each.name for each in fields(known.Facts) if each.default is None])
def test_what_could_not_be_looked_up_is_said_so(name: str) -> None:
    """No crash and no failure: a warning with the reason."""
    without: dict[str, Any] = {name: None}
    facts = replace(WELL, **without, unknown={name: "AWS says AccessDenied"})
    found = list(doctor.judge(facts))
    texts = [finding.text for _, finding in found if finding.level == "warn"]
    assert "could not be looked up: AWS says AccessDenied" in texts
    assert doctor.report(found, as_json=False)[1] == 0


def test_a_platform_that_the_shop_does_not_use_is_passed_by() -> None:
    """No line about Shopify for a WooCommerce shop."""
    facts = replace(WELL, shopify=None, unknown={"shopify": ""})
    assert "shopify" not in {name for name, _ in doctor.judge(facts)}


@pytest.mark.parametrize(
    "record",
    [
        "v=DMARC1;p=quarantine;rua=mailto:x@y.example",
        "v=DMARC1 ; p = reject ; rua = mailto:x@y.example;",
        "v=DMARC1; p=none; sp=reject; rua=mailto:x@y.example",
    ],
)
def test_a_record_is_read_as_receivers_do(record: str) -> None:
    """Space around the signs; of the organisation's record what it says of domains below it."""
    inherited = "sp=" in record
    assert levels(changed("dns", dmarc=record, dmarc_of="example" if inherited else ""), "dmarc") == ["ok"]


def test_a_quota_without_end_is_well() -> None:
    """SES says -1."""
    assert levels(changed("account", day=-1, sent=10), "quota") == ["ok"]


def test_the_report_is_a_line_a_finding_or_json() -> None:
    """Level, check, sentence, mend; the last line counts."""
    told, code = doctor.report(doctor.judge(changed("account", production=False)), as_json=False)
    assert code == 1
    (line,) = [line for line in told.splitlines() if line.startswith("fail")]
    assert "sandbox" in line
    assert "Mend: SES console" in line
    assert told.splitlines()[-1].endswith("1 to mend")
    rows = json.loads(doctor.report(doctor.judge(WELL), as_json=True)[0])
    assert {"check": "sandbox", "level": "ok", "text": "out of the sandbox", "mend": ""} in rows
