"""Brings infra/template.yaml onto the embedded AWS: code, a CloudFormation stack, secrets, packages."""

import io
import json
import secrets
import sys
import time
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from infra.local import overrides
from infra.local.catalogue import SHOP_SITE, TRACK_KEY
from infra.local.errors import LocalError
from infra.local.options import ROOT, Options
from tidings.shop import load_shop

TID_KEY: Final = "k1"
PREFIX: Final = "/tidings"
_BUCKET: Final = "tidings-deployment"
_CREDENTIALS: Final = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}

_BOOTSTRAP: Final = """#!/bin/sh
export PYTHONPATH="{path}" PYTHONDONTWRITEBYTECODE=1
exec "{python}" -m awslambdaric "$_HANDLER"
"""


@dataclass(frozen=True, slots=True)
class Deployment:
    """Deploys one local stack with ordinary AWS calls."""

    options: Options
    template: Path = ROOT / "infra" / "template.yaml"
    functions: Path = ROOT / "functions"
    workflows: Path = ROOT / "workflows"
    tid_secret: str = field(default_factory=lambda: secrets.token_hex(32))

    def client(self, service: str) -> Any:
        """A boto3 client of the embedded AWS, as its administrator."""
        options = self.options
        config = Config(retries={"total_max_attempts": 2}, s3={"addressing_style": "path"})
        return boto3.client(
            service, endpoint_url=options.endpoint, region_name=options.region, config=config, **_CREDENTIALS
        )

    def run(self, clock: Mapping[str, Any]) -> dict[str, Any]:
        """Deploys; returns what goes into outputs.json. Raises LocalError when the stack fails."""
        try:
            return self._run(clock)
        except (ClientError, BotoCoreError) as error:
            reason = " ".join(str(error).split())
            raise LocalError(f"the deployment failed: {reason}; mend infra/, then make up again") from error

    def _run(self, clock: Mapping[str, Any]) -> dict[str, Any]:
        template = overrides.load(self.template)
        store = self.client("s3")
        store.create_bucket(Bucket=_BUCKET)
        known = self._put_secrets()
        environment = {
            "AWS_ENDPOINT_URL": self.options.endpoint,
            "AWS_ENDPOINT_URL_SESV2": self.options.inbox,
            "CLOCK": json.dumps(clock),
        }
        local = overrides.localize(
            template, self._upload_code(store, template), self._upload_nested(store, template), environment
        )
        self._create(local)
        return self._describe(known, clock)

    def _upload_code(self, store: Any, template: overrides.Template) -> dict[str, str]:
        addresses = {}
        for name, folder in overrides.functions(template).items():
            store.put_object(Bucket=_BUCKET, Key=f"{folder}.zip", Body=self._package(self.functions / folder))
            addresses[name] = f"s3://{_BUCKET}/{folder}.zip"
        return addresses

    def _package(self, folder: Path) -> bytes:
        if not (folder / "handler.py").is_file():
            raise LocalError(f"{folder} holds no handler.py: every function of the template needs one")
        path = f"{self.options.build / 'layer' / 'python'}:{ROOT / 'layers' / 'common'}"
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for source in sorted(folder.glob("**/*.py")):
                archive.write(source, source.relative_to(folder))
            bootstrap = zipfile.ZipInfo("bootstrap")
            bootstrap.external_attr = 0o100755 << 16
            archive.writestr(bootstrap, _BOOTSTRAP.format(path=path, python=sys.executable))
        return packed.getvalue()

    def _upload_nested(self, store: Any, template: overrides.Template) -> dict[str, str]:
        addresses = {}
        for name, file in overrides.nested(template).items():
            source = self.template.parent / file
            if file == self.options.machines.name:
                source = self.options.machines
            if not source.is_file():
                raise LocalError(f"{source.name} is missing: make build")
            body = overrides.localize_nested(overrides.load(source), self.options.endpoint)
            store.put_object(Bucket=_BUCKET, Key=file, Body=json.dumps(body))
            addresses[name] = f"{self.options.endpoint}/{_BUCKET}/{file}"
        return addresses

    def _put_secrets(self) -> dict[str, str]:
        parameters = self.client("ssm")
        known = {source: secrets.token_hex(32) for source in ("shopify", "woocommerce", "events")}
        values = {f"webhooks/{source}": value for source, value in known.items()}
        values |= {"keys/address": secrets.token_hex(32), "keys/links": f"k1:{secrets.token_hex(32)}"}
        values |= {"webhooks/track": TRACK_KEY, "keys/track": f"{TID_KEY}:{self.tid_secret}"}
        for name, value in values.items():
            parameters.put_parameter(Name=f"{PREFIX}/{name}", Value=value, Type="SecureString")
        return known

    def _verify_sender(self) -> str:
        """The domain of the shop's sender, verified."""
        domain = load_shop(self.workflows / "shop.yaml").sender.address.rpartition("@")[2]
        self.client("sesv2").create_email_identity(EmailIdentity=domain)
        return domain

    def _create(self, template: overrides.Template) -> None:
        stacks = self.client("cloudformation")
        chosen = {
            "SesIdentity": self._verify_sender(),
            "ParameterPrefix": PREFIX,
            "DeletionProtection": "false",
            "TrackOrigins": f"{SHOP_SITE},{self.options.inbox}",  # the demo's pages, and a page of one's own here
            "TrackSandboxed": "true",
        }
        stacks.create_stack(
            StackName=self.options.name,
            TemplateBody=json.dumps(template),
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in chosen.items()],
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
        )
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            status = stacks.describe_stacks(StackName=self.options.name)["Stacks"][0]["StackStatus"]
            if status == "CREATE_COMPLETE":
                return
            if not status.endswith("IN_PROGRESS") or "ROLLBACK" in status:
                break
            time.sleep(0.1)
        raise LocalError(f"the stack failed: {self._reason(stacks)}; mend infra/, then make up again")

    def _reason(self, stacks: Any) -> str:
        events = stacks.describe_stack_events(StackName=self.options.name)["StackEvents"]
        failed = [each for each in reversed(events) if each["ResourceStatus"].endswith("_FAILED")]
        if not failed:
            return "it was not complete after two minutes"
        first = failed[0]
        reason = " ".join(first.get("ResourceStatusReason", "no reason given").split())
        return f"{first['LogicalResourceId']}: {reason}"

    def _describe(self, known: Mapping[str, str], clock: Mapping[str, Any]) -> dict[str, Any]:
        stacks, options = self.client("cloudformation"), self.options
        resources = stacks.describe_stack_resources(StackName=options.name)["StackResources"]
        physical = {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in resources}
        outputs = _outputs(stacks, options.name)
        kept = _outputs(stacks, physical["Tables"])
        self._upload_packages(outputs["PackagesBucket"])
        machines = self.client("stepfunctions").list_state_machines()["stateMachines"]
        beginning = f"{options.name}-"
        return {
            "stack": options.name,
            "api_url": outputs["ApiUrl"],
            "inbox_url": f"{options.inbox}/",
            "endpoint_url": options.endpoint,
            "region": options.region,
            "webhook_secrets": dict(known),
            "track_url": outputs["TrackUrl"],
            "track_key": TRACK_KEY,
            "track_secret": f"{TID_KEY}:{self.tid_secret}",
            "clock": dict(clock),
            "state_machines": {
                each["name"].removeprefix(beginning): each["stateMachineArn"]
                for each in machines
                if each["name"].startswith(beginning)
            },
            "tables": {
                name.removesuffix("Table").lower(): kept[name] for name in kept if name.endswith("Table")
            },
            "functions": {
                folder: physical[name]
                for name, folder in overrides.functions(overrides.load(self.template)).items()
            },
            "feedback_queue_url": outputs["FeedbackQueueUrl"],
            "feedback_dead_letters_url": outputs["FeedbackDeadLettersUrl"],
            "failures_queue_url": outputs["FailuresQueueUrl"],
            "alarm_topic_arn": outputs["AlarmTopicArn"],
            "packages_bucket": outputs["PackagesBucket"],
            "failures_bucket": outputs["FailuresBucket"],
            "privacy_bucket": outputs["PrivacyBucket"],
            "configuration_set": outputs["ConfigurationSet"],
            "parameter_prefix": PREFIX,
            "credentials": dict(_CREDENTIALS),
        }

    def _upload_packages(self, bucket: str) -> None:
        store, packages = self.client("s3"), self.options.build / "packages"
        for source in sorted(packages.glob("*/*.json")):
            store.put_object(
                Bucket=bucket, Key=f"{source.parent.name}/{source.name}", Body=source.read_bytes()
            )


def _outputs(stacks: Any, name: str) -> dict[str, str]:
    found = stacks.describe_stacks(StackName=name)["Stacks"][0].get("Outputs", [])
    return {each["OutputKey"]: each["OutputValue"] for each in found}
