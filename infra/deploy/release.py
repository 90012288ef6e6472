"""Deploys to AWS and takes away again. SAM does the work; around it stands what must not be forgotten."""

import re
import secrets
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import boto3
from botocore.exceptions import ClientError

from infra.deploy.errors import DeployError

ROOT: Final = Path(__file__).resolve().parents[2]
SAM: Final = ROOT / "build" / "sam" / "bin" / "sam"

_REVISION: Final = re.compile(r'"rev"\s*:\s*"([^"]+)"')


def deploy(stack: str, parameters: Sequence[str]) -> None:
    """Creates or updates the stack; `parameters` are the template's, as `Name=Value`. Raises DeployError."""
    wrong = [each for each in parameters if "=" not in each]
    if wrong:
        raise DeployError(
            f"{wrong[0]} is no parameter: write PARAMETERS='SesIdentity=shop.example AlarmEmail=...'"
        )
    existing = outputs(stack)
    if existing is None and not any(each.startswith("SesIdentity=") for each in parameters):
        raise DeployError(
            "a first deployment needs the sending domain: PARAMETERS='SesIdentity=shop.example'"
        )
    if existing is not None:
        refuse_orphans(stack, existing)
        refresh_packages(existing)
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
    """Empties the stack's buckets and deletes it. The secrets stay. Raises DeployError."""
    if not stack:
        raise DeployError("say which stack: make destroy STACK=tidings")
    existing = outputs(stack)
    if existing is None:
        raise DeployError(f"there is no stack {stack} in this account and region")
    protected = [name for name in _tables(stack) if _is_protected(name)]
    if protected:
        raise DeployError(
            f"{len(protected)} tables are protected: first "
            f"make deploy STACK={stack} PARAMETERS='DeletionProtection=false'"
        )
    for name in ("PackagesBucket", "FailuresBucket", "PrivacyBucket"):
        if name in existing:
            boto3.resource("s3").Bucket(existing[name]).objects.all().delete()
    _run([str(SAM), "delete", "--stack-name", stack, "--no-prompts"])
    print(f"the secrets below {existing['ParameterPrefix']} are still in Parameter Store")


def outputs(stack: str) -> dict[str, str] | None:
    """The stack's outputs; None when there is no such stack."""
    try:
        found = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise
    return {each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", [])}


def refuse_orphans(stack: str, existing: dict[str, str]) -> None:
    """Raises DeployError when a workflow was removed while journeys of it are under way."""
    states, kept = (
        boto3.client("stepfunctions"),
        {path.parent.name for path in ROOT.glob("workflows/*/workflow.yaml")},
    )
    for machine in _machines(existing):
        workflow = machine["name"].removeprefix(f"{stack}-")
        arn = machine["stateMachineArn"]
        if workflow in kept:
            continue
        if states.list_executions(stateMachineArn=arn, statusFilter="RUNNING", maxResults=1)["executions"]:
            raise DeployError(
                f"journeys of {workflow} are under way: bring the folder back with `retired: true`, "
                "and remove it when they are through"
            )


def refresh_packages(existing: dict[str, str]) -> None:
    """Copies the packages in use onto themselves: a journey that starts today may need them for 330 days."""
    states, store = boto3.client("stepfunctions"), boto3.client("s3")
    bucket = existing["PackagesBucket"]
    for machine in _machines(existing):
        definition = states.describe_state_machine(stateMachineArn=machine["stateMachineArn"])["definition"]
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


def _machines(existing: dict[str, str]) -> list[dict[str, Any]]:
    pages = boto3.client("stepfunctions").get_paginator("list_state_machines").paginate()
    prefix = existing["StateMachinePrefix"]
    return [
        each for page in pages for each in page["stateMachines"] if each["stateMachineArn"].startswith(prefix)
    ]


def _tables(stack: str) -> list[str]:
    stacks = boto3.client("cloudformation")
    nested = stacks.describe_stack_resource(StackName=stack, LogicalResourceId="Tables")[
        "StackResourceDetail"
    ]
    found = stacks.describe_stack_resources(StackName=nested["PhysicalResourceId"])["StackResources"]
    return [each["PhysicalResourceId"] for each in found if each["ResourceType"] == "AWS::DynamoDB::Table"]


def _is_protected(table: str) -> bool:
    described = boto3.client("dynamodb").describe_table(TableName=table)["Table"]
    return bool(described.get("DeletionProtectionEnabled"))


def _run(command: Sequence[str]) -> None:
    if subprocess.run(list(command), cwd=ROOT, check=False).returncode:
        raise DeployError(f"sam {command[1]} failed: mend what it names above, then again")
