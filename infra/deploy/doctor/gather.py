"""Gathers the facts from AWS. What is refused, or not there, is unknown: the doctor goes on."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, Final, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from infra.deploy.doctor import lookup, seen
from infra.deploy.doctor.facts import (
    Account,
    Alarm,
    Daily,
    Facts,
    Fold,
    Hook,
    Identity,
    Key,
    Machine,
    MailSet,
    Queue,
    Source,
)
from infra.deploy.errors import DeployError
from tidings.aws.health_table import PAUSE
from tidings.aws.unread import PREFIX
from tidings.sources import SOURCES

T = TypeVar("T")

_REVISION: Final = re.compile(r'"rev"\s*:\s*"([^"]+)"')
_OUTPUTS: Final = {"shopify": "WebhookUrl", "woocommerce": "WooCommerceUrl", "events": "EventsUrl"}


class NotUsed(Exception):
    """It does not concern this shop."""


@dataclass
class Gatherer:
    """Asks one stack. `connect` gives boto3 clients of its AWS; `sender` is shop.yaml's address."""

    connect: Callable[[str], Any]
    stack: str
    identity: str
    sender: str
    now: datetime
    public: bool = True
    """Whether it is on AWS: the embedded one has no DNS and no shop."""

    environ: Mapping[str, str] = field(default_factory=dict)
    unknown: dict[str, str] = field(default_factory=dict)

    def facts(self) -> Facts:
        """All that can be found out."""
        look = self._look
        return Facts(
            now=self.now,
            account=look("account", self._account),
            identity=look("identity", self._identity),
            dns=look("dns", self._dns),
            mail_set=look("mail_set", self._mail_set),
            customers=look("customers", self._customers),
            queues=look("queues", lambda: list(self._queues())),
            alarms=look("alarms", lambda: list(self._alarms())),
            fold=look("fold", self._fold),
            daily=look("daily", self._daily),
            machines=look("machines", lambda: list(self._machines())),
            concurrency=look("concurrency", self._concurrency),
            paused=look("paused", self._paused),
            keys=look("keys", lambda: list(self._keys())),
            sources=look("sources", lambda: list(self._sources())),
            shopify=look("shopify", lambda: self._hooks("shopify", lookup.shopify)),
            woocommerce=look("woocommerce", lambda: self._hooks("woocommerce", lookup.woocommerce)),
            addresses={source: self._outputs.get(name, "") for source, name in _OUTPUTS.items()},
            unknown=self.unknown,
        )

    def _look(self, name: str, ask: Callable[[], T]) -> T | None:
        try:
            return ask()
        except NotUsed:
            self.unknown[name] = ""
        except ClientError as error:
            self.unknown[name] = f"AWS says {error.response['Error'].get('Code', 'no')}"
        except (BotoCoreError, DeployError, LookupError) as error:
            self.unknown[name] = str(error).strip("'\"") or type(error).__name__
        return None

    # ---- what the stack is made of ----

    @cached_property
    def _resources(self) -> dict[str, str]:
        """Logical id → physical id, of the stack and those nested in it."""
        return dict(self._resources_of(self.stack))

    def _resources_of(self, stack: str) -> Iterator[tuple[str, str]]:
        found = self.connect("cloudformation").describe_stack_resources(StackName=stack)["StackResources"]
        for each in found:
            physical = each.get("PhysicalResourceId", "")
            yield each["LogicalResourceId"], physical
            if each["ResourceType"] == "AWS::CloudFormation::Stack" and physical:
                yield from self._resources_of(physical)

    def _physical(self, name: str) -> str:
        if not self._resources.get(name):
            raise LookupError(f"this stack has no {name}")
        return self._resources[name]

    @cached_property
    def _outputs(self) -> dict[str, str]:
        found = self.connect("cloudformation").describe_stacks(StackName=self.stack)["Stacks"][0]
        return {each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", [])}

    # ---- mail ----

    def _account(self) -> Account:
        told = self.connect("sesv2").get_account()
        quota = told.get("SendQuota", {})
        return Account(
            production=bool(told.get("ProductionAccessEnabled")),
            sending=bool(told.get("SendingEnabled")),
            enforcement=str(told.get("EnforcementStatus", "")),
            plan=str(told.get("PricingAttributes", {}).get("CurrentPlan", "")),
            day=float(quota.get("Max24HourSend", 0)),
            second=float(quota.get("MaxSendRate", 0)),
            sent=float(quota.get("SentLast24Hours", 0)),
            suppressed=frozenset(told.get("SuppressionAttributes", {}).get("SuppressedReasons", ())),
        )

    def _identity(self) -> Identity:
        told = self.connect("sesv2").get_email_identity(EmailIdentity=self.identity)
        dkim, bounce = told.get("DkimAttributes", {}), told.get("MailFromAttributes", {})
        return Identity(
            name=self.identity,
            sender=self.sender,
            verified=bool(told.get("VerifiedForSendingStatus")),
            dkim=str(dkim.get("Status", "NOT_STARTED")) if self.public else "",
            signing=bool(dkim.get("SigningEnabled")),
            bits=_bits(dkim.get("CurrentSigningKeyLength")),
            mail_from=str(bounce.get("MailFromDomain", "")),
            mail_from_status=str(bounce.get("MailFromDomainStatus", "")),
        )

    def _dns(self) -> Any:
        if not self.public:
            raise LookupError("the embedded AWS has no DNS")
        told = self.connect("sesv2").get_email_identity(EmailIdentity=self.identity)
        return lookup.dns_of(
            self.identity.rpartition("@")[2], told.get("MailFromAttributes", {}).get("MailFromDomain", "")
        )

    def _mail_set(self) -> MailSet:
        name, mail = self._physical("ConfigurationSet"), self.connect("sesv2")
        told = mail.get_configuration_set(ConfigurationSetName=name)
        found = mail.get_configuration_set_event_destinations(ConfigurationSetName=name)["EventDestinations"]
        return MailSet(
            name=name,
            sending=bool(told.get("SendingOptions", {}).get("SendingEnabled", True)),
            suppressed=frozenset(told.get("SuppressionOptions", {}).get("SuppressedReasons", ())),
            told=frozenset(
                kind
                for each in found
                if each.get("Enabled") and each.get("EventBridgeDestination")
                for kind in each.get("MatchingEventTypes", ())
            ),
        )

    def _customers(self) -> int:
        table = self.connect("dynamodb").describe_table(TableName=self._physical("CustomersTable"))["Table"]
        return int(table.get("ItemCount", 0))

    # ---- the stack ----

    def _queues(self) -> Iterator[Queue]:
        queues = self.connect("sqs")
        for name, dead in (("FeedbackQueue", False), ("FeedbackDeadLetters", True), ("FailuresQueue", True)):
            told = queues.get_queue_attributes(
                QueueUrl=self._physical(name), AttributeNames=["ApproximateNumberOfMessages"]
            )
            mapping = "Enabled" if dead else self._mapping(self._physical("RecordFeedback"), ":sqs:")
            yield Queue(name, int(told["Attributes"]["ApproximateNumberOfMessages"]), dead, mapping)

    def _alarms(self) -> Iterator[Alarm]:
        wanted = {
            physical: name
            for name, physical in self._resources.items()
            if name.endswith("Alarm") and physical
        }
        heard: dict[str, int] = {}
        for page in self.connect("cloudwatch").get_paginator("describe_alarms").paginate():
            for each in page.get("MetricAlarms", []):
                if each["AlarmName"] not in wanted:
                    continue
                for topic in each.get("AlarmActions", []):
                    heard.setdefault(topic, self._subscribers(topic))
                listeners = sum(heard[topic] for topic in each.get("AlarmActions", []))
                yield Alarm(wanted[each["AlarmName"]].removesuffix("Alarm"), each["StateValue"], listeners)

    def _subscribers(self, topic: str) -> int:
        pages = self.connect("sns").get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
        return sum(
            each["SubscriptionArn"].startswith("arn:") for page in pages for each in page["Subscriptions"]
        )

    def _fold(self) -> Fold:
        name, bucket = self._physical("TrackEvent"), self._physical("FailuresBucket")
        lag = self._metric("AWS/Lambda", "IteratorAge", {"FunctionName": name}, "Maximum", minutes=15)
        keys = list(self._keys_in(bucket))
        unread = sum(key.startswith(PREFIX) for key in keys)
        return Fold(
            mapping=self._mapping(name, ":table/"),
            lag_seconds=None if lag is None else lag / 1000,
            parked=self._count(self._physical("ParkedTable")),
            failed_batches=len(keys) - unread,
            unread=unread,
        )

    def _mapping(self, function: str, kind: str) -> str:
        """The state of what hands a stream or queue to a function: `Enabled`, or why not."""
        found = self.connect("lambda").list_event_source_mappings(FunctionName=function)[
            "EventSourceMappings"
        ]
        states = [each["State"] for each in found if kind in each.get("EventSourceArn", "")]
        return str(states[0]) if states else "missing"

    def _keys_in(self, bucket: str) -> Iterator[str]:
        for page in self.connect("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket):
            yield from (each["Key"] for each in page.get("Contents", []))

    def _count(self, table: str, **only: Any) -> int:
        pages = self.connect("dynamodb").get_paginator("scan")
        return sum(page["Count"] for page in pages.paginate(TableName=table, Select="COUNT", **only))

    def _metric(
        self, namespace: str, name: str, dimensions: Mapping[str, str], statistic: str, minutes: int
    ) -> float | None:
        now = datetime.now(UTC)
        told = self.connect("cloudwatch").get_metric_statistics(
            Namespace=namespace,
            MetricName=name,
            Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
            StartTime=now - timedelta(minutes=minutes),
            EndTime=now,
            Period=max(60, minutes * 60),
            Statistics=[statistic],
        )
        points = [float(point[statistic]) for point in told.get("Datapoints", [])]
        return max(points) if points else None

    def _daily(self) -> Daily:
        rule = self._physical("DailyRule")
        state = self.connect("events").describe_rule(Name=rule.rpartition("/")[2])["State"]
        if not self.public:
            return Daily(state == "ENABLED", None)
        name = self._physical("RunDaily")
        runs = self._metric("AWS/Lambda", "Invocations", {"FunctionName": name}, "Sum", minutes=2880)
        return Daily(state == "ENABLED", runs or 0)

    def _machines(self) -> Iterator[Machine]:
        states = self.connect("stepfunctions")
        packages = set(self._keys_in(self._physical("PackagesBucket")))
        ours = set(
            self._resources.values()
        )  # a stack `tidings-test` has machines that begin as those of `tidings`
        for page in states.get_paginator("list_state_machines").paginate():
            for each in page["stateMachines"]:
                if each["stateMachineArn"] not in ours:
                    continue
                workflow = each["name"].removeprefix(f"{self.stack}-")
                told = states.describe_state_machine(stateMachineArn=each["stateMachineArn"])["definition"]
                named = set(_REVISION.findall(told))
                yield Machine(
                    workflow, frozenset(rev for rev in named if f"{workflow}/{rev}.json" not in packages)
                )

    def _concurrency(self) -> int:
        told = self.connect("lambda").get_account_settings()["AccountLimit"]
        return int(told["ConcurrentExecutions"])

    def _paused(self) -> frozenset[str]:
        pages = self.connect("dynamodb").get_paginator("scan")
        found = pages.paginate(
            TableName=self._physical("HealthTable"),
            FilterExpression="#day = :pause AND paused = :yes",
            ExpressionAttributeNames={"#day": "day"},
            ExpressionAttributeValues={":pause": {"S": PAUSE}, ":yes": {"BOOL": True}},
        )
        return frozenset(item["workflow"]["S"] for page in found for item in page["Items"])

    # ---- secrets and sources ----

    def _hooks(self, source: str, ask: Callable[[Mapping[str, str]], list[Hook]]) -> list[Hook]:
        """The shop's webhooks; of a shop that does not use the platform none are looked for."""
        given = any(name.startswith(source.upper()) for name in self.environ)
        if not given and not self._told(f"webhooks/{source}")[f"webhooks/{source}"].strip():
            raise NotUsed
        return ask(self.environ)

    def _told(self, *names: str) -> dict[str, str]:
        prefix = self._outputs["ParameterPrefix"]
        told = self.connect("ssm").get_parameters(
            Names=[f"{prefix}/{name}" for name in names], WithDecryption=True
        )
        found = {each["Name"]: str(each["Value"]) for each in told["Parameters"]}
        return {name: found.get(f"{prefix}/{name}", "") for name in names}

    def _keys(self) -> Iterator[Key]:
        for name, told in self._told("keys/address", "keys/links", "keys/track").items():
            words = told.split()
            if name != "keys/address":
                words = [word.partition(":")[2] for word in words]
            yield Key(name, tuple(len(word) for word in words))

    def _sources(self) -> Iterator[Source]:
        told = self._told(*(f"webhooks/{source}" for source in SOURCES))
        events = self._physical("EventsTable")
        log = self._resources.get("ReceiveWebhookLogs", "")
        last, refused = seen.arrivals(self.connect, events, log if self.public else "")
        for source, reader in SOURCES.items():
            lengths = tuple(len(secret) for secret in reader.secrets(told[f"webhooks/{source}"]))
            counted = None if refused is None and self.public else (refused or {}).get(source, 0)
            yield Source(source, lengths, last.get(source), counted)


def _bits(length: object) -> int:
    """2048 of `RSA_2048_BIT`; 0 of nothing."""
    found = re.search(r"\d+", str(length or ""))
    return int(found[0]) if found else 0


def identity_of(connect: Callable[[str], Any], stack: str) -> str:
    """The parameter SesIdentity of a deployed stack. Raises DeployError when there is none."""
    found = connect("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    told = {each["ParameterKey"]: each["ParameterValue"] for each in found.get("Parameters", [])}
    if "SesIdentity" not in told:
        raise DeployError(f"the stack {stack} has no parameter SesIdentity: is it one of Tidings?")
    return str(told["SesIdentity"])
