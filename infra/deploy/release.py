"""Deploys to AWS and takes away again. SAM does the work; around it stands what must not be forgotten."""

import json
import re
import secrets
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from infra.deploy.errors import DeployError
from tidings.aws.client import code

ROOT: Final = Path(__file__).resolve().parents[2]
SAM: Final = ROOT / "build" / "sam" / "bin" / "sam"

_REVISION: Final = re.compile(r'"rev"\s*:\s*"([^"]+)"')
_LONGEST_FUNCTION, _LONGEST_MACHINE = 64, 80
"""Characters that a function's and a state machine's name may have; both begin with the stack's."""

_NEVER_STOOD: Final = frozenset({"CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED"})
"""How a stack stands whose first deployment failed: it can't be updated, only be taken away."""


def deploy(stack: str, parameters: Sequence[str]) -> None:
    """Creates or updates the stack; `parameters` are the template's, as `Name=Value`. Raises DeployError."""
    wrong = [each for each in parameters if "=" not in each]
    if wrong:
        raise DeployError(
            f"{wrong[0]} is no parameter: write PARAMETERS='SesIdentity=shop.example AlarmEmail=...'"
        )
    refuse_long_names(stack)
    if (status := _status(stack)) in _NEVER_STOOD:
        raise DeployError(
            f"the first deployment of {stack} failed ({status}) and can't be continued: "
            f"make destroy STACK={stack}, mend what CloudFormation's events name, then again"
        )
    existing = outputs(stack)
    if existing is None and not any(each.startswith("SesIdentity=") for each in parameters):
        raise DeployError(
            "a first deployment needs the sending domain: PARAMETERS='SesIdentity=shop.example'"
        )
    if existing is not None:
        refuse_orphans(stack)
        refresh_packages(stack, existing["PackagesBucket"])
        upload_packages(existing["PackagesBucket"])
    command = [
        str(SAM), "deploy", "--template-file", "infra/template.yaml", "--stack-name", stack, "--resolve-s3",
        "--capabilities", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND", "--no-fail-on-empty-changeset",
    ]  # fmt: skip
    if parameters:
        command += ["--parameter-overrides", *parameters]
    _run(command)
    deployed = outputs(stack)
    if deployed is None:
        raise DeployError(f"the stack {stack} is not there: read what sam said above")
    upload_packages(deployed["PackagesBucket"])
    for line in complete_secrets(deployed["ParameterPrefix"]):
        print(line)
    print(f"webhooks {deployed['WebhookUrl']}\ndashboard {deployed['DashboardUrl']}")


def destroy(stack: str) -> None:
    """Empties the stack's buckets, stops its journeys and deletes it. The secrets stay. Raises DeployError."""
    if not stack:
        raise DeployError("say which stack: make destroy STACK=tidings")
    status = _status(stack)
    if status is None:
        raise DeployError(f"there is no stack {stack} in this account and region")
    existing = outputs(stack) or {}
    protected = [name for name in _tables(stack) if _is_protected(name)]
    if protected and status in _NEVER_STOOD:
        _lift_protection(protected)  # there was never anything in them
    elif protected:
        raise DeployError(
            f"{len(protected)} tables are protected: first "
            f"make deploy STACK={stack} PARAMETERS='DeletionProtection=false'"
        )
    for name in ("PackagesBucket", "FailuresBucket", "PrivacyBucket"):
        if name in existing:
            boto3.resource("s3").Bucket(existing[name]).objects.all().delete()
    if stopped := stop_journeys(stack):
        print(f"stopped {stopped} journeys that were under way")
    _run([str(SAM), "delete", "--stack-name", stack, "--no-prompts"])
    if existing:
        print(f"the secrets below {existing['ParameterPrefix']} are still in Parameter Store")


def outputs(stack: str) -> dict[str, str] | None:
    """The stack's outputs; None when there is no such stack, or none that ever stood."""
    found = _described(stack).get("Outputs", [])
    return {each["OutputKey"]: each["OutputValue"] for each in found} or None


def standing(stack: str) -> dict[str, str]:
    """The outputs of a stack that must be there. Raises DeployError when it is not."""
    found = outputs(stack)
    if found is None:
        raise DeployError(f"there is no stack {stack} in this account and region")
    return found


def local() -> Mapping[str, Any]:
    """What the local stack told about itself. Raises DeployError when it is not up."""
    try:
        told: Mapping[str, Any] = json.loads((ROOT / "build" / "local" / "outputs.json").read_text("utf-8"))
    except FileNotFoundError:
        raise DeployError(
            "the embedded AWS is not up: make up, or say which stack on AWS with STACK="
        ) from None
    return told


def local_client(told: Mapping[str, Any]) -> dict[str, Any]:
    """How a boto3 client reaches the local stack that told this."""
    return {"endpoint_url": told["endpoint_url"], "region_name": told["region"], **told["credentials"]}


def refuse_long_names(stack: str) -> None:
    """Raises DeployError when a function's or a machine's name would be too long: AWS tells so only half-way."""
    folders = (path.parent.name for path in ROOT.glob("functions/*/handler.py"))
    longest = (
        (_LONGEST_FUNCTION, max(map(len, folders))),
        (_LONGEST_MACHINE, max((len(name) for name in _workflows()), default=0)),
    )
    room = min(limit - 1 - length for limit, length in longest)
    if len(stack) > room:
        raise DeployError(
            f"{stack} is {len(stack)} characters long: with what AWS lets names have, {room} are left for a stack's"
        )


def refuse_orphans(stack: str) -> None:
    """Raises DeployError when a workflow was removed while journeys of it are under way."""
    states, kept = boto3.client("stepfunctions"), _workflows()
    for arn in machines(stack):
        workflow = arn.rpartition(":")[2].removeprefix(f"{stack}-")
        if workflow in kept:
            continue
        if states.list_executions(stateMachineArn=arn, statusFilter="RUNNING", maxResults=1)["executions"]:
            raise DeployError(
                f"journeys of {workflow} are under way: bring the folder back with `retired: true`, "
                "and remove it when they are through"
            )


def stop_journeys(stack: str) -> int:
    """Stops every execution; how many there were. A machine is deleted only when it has none, and waits go on for
    weeks: CloudFormation would give up before."""
    patient = Config(retries={"total_max_attempts": 10, "mode": "standard"})
    states, stopped = boto3.client("stepfunctions", config=patient), 0
    for machine in machines(stack):
        pages = states.get_paginator("list_executions").paginate(
            stateMachineArn=machine, statusFilter="RUNNING"
        )
        for arn in [each["executionArn"] for page in pages for each in page["executions"]]:
            try:
                states.stop_execution(executionArn=arn, cause="the stack is deleted")
                stopped += 1
            except ClientError as error:
                if code(error) not in ("ExecutionDoesNotExist", "ValidationException"):  # it has just ended
                    raise
    return stopped


def refresh_packages(stack: str, bucket: str) -> None:
    """Copies the packages in use onto themselves: a journey that starts today may need them for 330 days."""
    states, store = boto3.client("stepfunctions"), boto3.client("s3")
    for arn in machines(stack):
        definition = states.describe_state_machine(stateMachineArn=arn)["definition"]
        revisions = set(_REVISION.findall(definition))
        for page in store.get_paginator("list_objects_v2").paginate(Bucket=bucket):
            for each in page.get("Contents", []):
                if Path(each["Key"]).stem in revisions:
                    store.copy_object(
                        Bucket=bucket,
                        Key=each["Key"],
                        CopySource={"Bucket": bucket, "Key": each["Key"]},
                        MetadataDirective="REPLACE",
                    )


def upload_packages(bucket: str) -> None:
    """Puts the built packages where run_step looks for revisions that are not its own."""
    store = boto3.client("s3")
    for source in sorted((ROOT / "build" / "packages").glob("*/*.json")):
        store.put_object(Bucket=bucket, Key=f"{source.parent.name}/{source.name}", Body=source.read_bytes())


LASTING = frozenset({"keys/address", "keys/links"})
"""Keys without which customers, or links in old mails, would no longer be recognised."""


def complete_secrets(prefix: str) -> Iterator[str]:
    """Makes the keys that nobody needs to know; yields a line for each secret that only the shop has."""
    parameters = boto3.client("ssm")
    names = [
        "keys/address",
        "keys/links",
        "keys/track",
        "webhooks/track",
        "webhooks/shopify",
        "webhooks/woocommerce",
        "webhooks/events",
    ]
    found = parameters.get_parameters(Names=[f"{prefix}/{name}" for name in names])["Parameters"]
    present = {each["Name"] for each in found}
    fresh = {
        "keys/address": secrets.token_hex(32),
        "keys/links": f"k1:{secrets.token_hex(32)}",
        "keys/track": f"k1:{secrets.token_hex(32)}",
        "webhooks/track": f"pk_{secrets.token_hex(12)}",
    }
    for name in names:
        path = f"{prefix}/{name}"
        if path in present:
            continue
        if name in fresh:
            parameters.put_parameter(Name=path, Value=fresh[name], Type="SecureString")
            yield f"made {path}" + (": keep it, it never rotates" if name in LASTING else "")
        else:
            command = f"aws ssm put-parameter --type SecureString --name {path} --value <secret>"
            yield f"missing {path}: {command}  (if the shop has this source)"


def machines(stack: str) -> list[str]:
    """The ARNs of the stack's machines. By its resources, since those of a stack `tidings-test` begin as those of
    `tidings` do."""
    return _nested(stack, "Workflows", "AWS::StepFunctions::StateMachine")


def _workflows() -> set[str]:
    return {path.parent.name for path in ROOT.glob("workflows/*/workflow.yaml")}


def _described(stack: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    except ClientError as error:
        if "does not exist" in str(error):
            return {}
        raise
    return found


def _status(stack: str) -> str | None:
    status = _described(stack).get("StackStatus")
    return str(status) if status else None


def _tables(stack: str) -> list[str]:
    return _nested(stack, "Tables", "AWS::DynamoDB::Table")


def _nested(stack: str, part: str, kind: str) -> list[str]:
    """What is there of a kind in a nested stack: physical ids."""
    stacks = boto3.client("cloudformation")

    def there(name: str) -> Iterator[dict[str, Any]]:
        for page in stacks.get_paginator("list_stack_resources").paginate(StackName=name):
            for each in page["StackResourceSummaries"]:
                if each["ResourceStatus"] != "DELETE_COMPLETE" and each.get("PhysicalResourceId"):
                    yield each

    parts = [each["PhysicalResourceId"] for each in there(stack) if each["LogicalResourceId"] == part]
    return [
        str(each["PhysicalResourceId"])
        for name in parts
        for each in there(name)
        if each["ResourceType"] == kind
    ]


def _is_protected(table: str) -> bool:
    dynamodb = boto3.client("dynamodb")
    try:
        described = dynamodb.describe_table(TableName=table)["Table"]
    except dynamodb.exceptions.ResourceNotFoundException:  # a creation that failed
        return False
    return bool(described.get("DeletionProtectionEnabled"))


def _lift_protection(tables: Sequence[str]) -> None:
    dynamodb = boto3.client("dynamodb")
    for name in tables:
        dynamodb.update_table(TableName=name, DeletionProtectionEnabled=False)
    for name in tables:
        dynamodb.get_waiter("table_exists").wait(TableName=name)


def _run(command: Sequence[str]) -> None:
    if subprocess.run(list(command), cwd=ROOT, check=False).returncode:
        raise DeployError(f"sam {command[1]} failed: mend what it names above, then again")
