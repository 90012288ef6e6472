"""A deployment changes a workflow; a journey that began before it finds the mails it began with."""

import json
from dataclasses import replace

from infra.local.options import Options
from tests.e2e.helpers.shop import DAY, Shop, eventually
from tests.e2e.helpers.stories import Told, stories
from tidings.workflow import package


def test_a_step_of_an_earlier_revision_takes_its_package_from_the_bucket(
    shop: Shop, options: Options
) -> None:
    """The function has another revision in its own package: it reads the archived one, and sends its words."""
    person = stories(shop.now, 7000)[0].person
    told = Told(person, shop.now)
    earlier_consent = replace(told, at=shop.now - 2 * DAY).consent()
    for hook in (told.account(), earlier_consent, *told.checkouts(told.cart)):
        assert shop.deliver(hook.topic, hook.raw).status == 200
    customer = shop.known(email=person.email)
    journey = eventually("a journey", lambda: shop.journey("abandoned-checkout", customer.id))

    (built,) = (options.build / "packages" / "abandoned-checkout").glob("*.json")
    now = package.load(built)
    mails = {name: mail.model_dump() for name, mail in now.mails.items()}
    mails["last-call"]["subject"] = "As it was called last month"
    earlier = package.build(now.workflow, now.shop, mails)
    assert earlier.rev != now.rev
    bucket, key = shop.outputs.text("packages_bucket"), f"abandoned-checkout/{earlier.rev}.json"
    shop.client("s3").put_object(Bucket=bucket, Key=key, Body=package.dump(earlier))

    task = {"journey": journey, "workflow": "abandoned-checkout", "step": "last-call", "rev": earlier.rev}
    name = shop.outputs.values["functions"]["run_step"]
    client = shop.client("lambda")

    def gone() -> bool:
        """At night, and while another mail has the slot, the step is deferred."""
        answer = client.invoke(FunctionName=name, Payload=json.dumps(task))
        told = answer["Payload"].read()
        assert "FunctionError" not in answer or b"SendDeferred" in told, told
        return "FunctionError" not in answer

    eventually("the mail's turn", gone)
    assert shop.mail(person.email, "last-call")["subject"] == "As it was called last month"


def test_the_machines_pass_the_revision_that_is_archived(shop: Shop, options: Options) -> None:
    """Every Task names a package that lies in the bucket."""
    states, bucket = shop.client("stepfunctions"), shop.outputs.text("packages_bucket")
    listed = shop.client("s3").list_objects_v2(Bucket=bucket)["Contents"]
    archived = {each["Key"] for each in listed}
    for workflow, arn in shop.outputs.values["state_machines"].items():
        definition = json.loads(states.describe_state_machine(stateMachineArn=arn)["definition"])
        revs = {
            each["Arguments"]["Payload"]["rev"]
            for each in definition["States"].values()
            if each["Type"] == "Task"
        }
        assert len(revs) == 1, workflow
        assert {f"{workflow}/{rev}.json" for rev in revs} <= archived
