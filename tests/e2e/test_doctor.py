"""The doctor on the running stack: what is well, and what an operator would be told of."""

from collections.abc import Mapping

import pytest

from infra.deploy import doctor
from infra.deploy.doctor.facts import Finding
from infra.deploy.doctor.gather import Gatherer, identity_of
from infra.local.options import ROOT
from tests.e2e.helpers.shop import Shop, eventually
from tests.e2e.test_operate import place
from tidings.aws.health_table import PAUSE
from tidings.shop import load_shop


def examined(shop: Shop, environ: Mapping[str, str]) -> list[tuple[str, Finding]]:
    """All findings."""
    at, name = place(shop), shop.outputs.text("stack")
    sender = load_shop(ROOT / "workflows" / "shop.yaml").sender.address
    identity = identity_of(at.connect, name)
    gatherer = Gatherer(at.connect, name, identity, sender, shop.clock.now(), public=False, environ=environ)
    return list(doctor.judge(gatherer.facts()))


def of(found: list[tuple[str, Finding]], check: str) -> list[Finding]:
    """The findings of one check."""
    return [finding for name, finding in found if name == check]


def test_the_running_stack_is_well(shop: Shop) -> None:
    """Every check of a stack that works is looked up and passes, but for what only AWS, DNS and the shop could tell."""
    shop.settle()
    found = examined(shop, {})
    assert {name for name, _ in found} == {check.name for check in doctor.CHECKS}
    told, code = doctor.report(found, as_json=False)
    assert code == 0, told
    well = {name for name, finding in found if finding.level == "ok"}
    assert well >= {
        *("identity", "sender", "sandbox", "enforcement", "quota", "feedback", "suppression-list"),
        *("stream", "queues", "daily", "packages", "keys", "secrets", "arrivals"),
    }
    assert any("events: last heard" in finding.text for finding in of(found, "arrivals"))


def test_what_is_wrong_is_named_with_its_mend(shop: Shop) -> None:
    """A short key, a message given up, a rule switched off: each fails, and the exit code says so."""
    ssm, sqs, events = shop.client("ssm"), shop.client("sqs"), shop.client("events")
    key = f"{shop.outputs.text('parameter_prefix')}/keys/track"
    kept = ssm.get_parameter(Name=key, WithDecryption=True)["Parameter"]["Value"]
    queue = shop.outputs.text("failures_queue_url")
    rules = [each["Name"] for each in events.list_rules()["Rules"] if each.get("ScheduleExpression")]
    ssm.put_parameter(Name=key, Value="k1:short", Type="SecureString", Overwrite=True)
    sqs.send_message(QueueUrl=queue, MessageBody="given up")
    health = shop.table("health")
    health.put({"workflow": "welcome", "day": PAUSE, "paused": True})
    health.put({"workflow": "birthday", "day": PAUSE, "paused": False})
    for rule in rules:
        events.disable_rule(Name=rule)
    try:
        found = examined(
            shop, {"WOOCOMMERCE_URL": "http://127.0.0.1:9", "WOOCOMMERCE_KEY": "k", "WOOCOMMERCE_SECRET": "s"}
        )
    finally:
        ssm.put_parameter(Name=key, Value=kept, Type="SecureString", Overwrite=True)
        sqs.purge_queue(QueueUrl=queue)
        for workflow in ("welcome", "birthday"):
            key_of = {"workflow": {"S": workflow}, "day": {"S": PAUSE}}
            shop.dynamodb.delete_item(TableName=health.name, Key=key_of)
        for rule in rules:
            events.enable_rule(Name=rule)
    told, code = doctor.report(found, as_json=False)
    assert code == 1
    for check in ("keys", "queues", "daily"):
        (finding,) = [each for each in of(found, check) if each.level == "fail"]
        assert finding.mend in told
    assert [finding.text for finding in of(found, "workflows")] == ["paused: welcome"]
    assert of(found, "woocommerce")[0].text.startswith("could not be looked up: 127.0.0.1:9 does not answer")
    eventually("an empty queue", lambda: of(examined(shop, {}), "queues")[0].level == "ok")


def test_the_command_looks_at_the_local_stack(
    shop: Shop, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """make doctor without STACK: one line a check, JSON on demand."""
    from infra.deploy import operate
    from infra.deploy.__main__ import main

    told = shop.outputs.values
    at = place(shop)
    local = operate.Place(at.track_event, at.parked_table, at.failures_bucket, at.client, stack=told["stack"])
    monkeypatch.setattr(operate, "place", lambda stack: local)
    main(["doctor"], {"JSON": "1"})
    assert '"check": "identity"' in capsys.readouterr().out
