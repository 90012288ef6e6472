"""Rules on the CloudFormation templates: what every function, table and queue must have."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from infra.deploy.doctor.mail import TOLD
from infra.local import overrides
from tidings.steps.admission import UNDER_WAY

INFRA = Path(__file__).resolve().parents[2] / "infra"
TEMPLATE = overrides.load(INFRA / "template.yaml")
FUNCTIONS = {
    name: resource["Properties"]
    for name, resource in TEMPLATE["Resources"].items()
    if resource["Type"] == "AWS::Serverless::Function"
}
PARTS = {path.name: overrides.load(path) for path in sorted(INFRA.glob("*.yaml"))}
WRITERS = {
    "Events": {"ReceiveWebhook", "ServePage", "RecordFeedback", "RunDaily", "RunStep", "TrackEvent"},
    "Customers": {"TrackEvent"},
    "Aliases": {"TrackEvent"},
    "Journeys": {"TrackEvent"},
    "Products": {"TrackEvent"},
    "Parked": {"TrackEvent"},
    "Sends": {"RunStep"},
    "Pace": {"RunStep"},
    "Limits": {"ServePage"},
    "Suppressions": {"ServePage", "RecordFeedback", "EraseCustomer"},
    "Health": {"RecordFeedback"},
}
"""Who may write each table: one owner, but for what is written at the edge."""
ERASES = "EraseCustomer"
"""Deletes from every table that holds persons, since the law asks for it, and writes to none but one: the suppression
that keeps an erased person from being mailed again."""


def of_type(kind: str) -> dict[str, dict[str, Any]]:
    """The resources of a type in all templates, by logical name."""
    return {
        name: resource
        for part in PARTS.values()
        for name, resource in part["Resources"].items()
        if resource["Type"] == kind
    }


def statements(function: str) -> list[dict[str, Any]]:
    """What a function may do."""
    return [each for policy in FUNCTIONS[function]["Policies"] for each in policy["Statement"]]


def actions(statement: dict[str, Any]) -> list[str]:
    """A statement's actions as a list."""
    action = statement["Action"]
    return action if isinstance(action, list) else [action]


def test_every_function_folder_is_deployed() -> None:
    """The template and the folders below functions/ name the same functions."""
    folders = {path.parent.name for path in (INFRA.parent / "functions").glob("*/handler.py")}
    assert set(overrides.functions(TEMPLATE).values()) == folders


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_has_its_log_group(function: str) -> None:
    """Each function writes to a log group of its own whose retention is a parameter."""
    group = FUNCTIONS[function]["LoggingConfig"]["LogGroup"]["Ref"]
    assert group == f"{function}Logs"
    assert TEMPLATE["Resources"][group]["Properties"]["RetentionInDays"] == {"Ref": "LogRetentionDays"}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_chooses_memory_and_timeout(function: str) -> None:
    """Memory and time-out are set for each function; the rest is common."""
    common = TEMPLATE["Globals"]["Function"]
    assert FUNCTIONS[function]["MemorySize"] >= 128
    assert FUNCTIONS[function]["Timeout"] <= 900
    assert common["Architectures"] == ["arm64"]
    assert common["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]["Type"] == "SQS"


def test_who_reads_a_bucket_learns_what_is_missing() -> None:
    """Without the right to list, S3 answers 403 for an object that is not there, which would pass for an outage."""
    for function in FUNCTIONS:
        told = {"s3:GetObject": set[str](), "s3:ListBucket": set[str]()}
        for statement in statements(function):
            for action in told.keys() & set(actions(statement)):
                told[action] |= set(re.findall(r"Outputs\.(\w+)BucketArn", json.dumps(statement["Resource"])))
        assert told["s3:GetObject"] <= told["s3:ListBucket"]


def test_webhooks_can_be_kept_room() -> None:
    """None is reserved by itself, since a new account could not be deployed to; where asked, for the door alone."""
    reserved = {
        name: each["ReservedConcurrentExecutions"]
        for name, each in FUNCTIONS.items()
        if "Reserved" in str(each)
    }
    named = ["KeepsWebhookConcurrency", {"Ref": "WebhookConcurrency"}, {"Ref": "AWS::NoValue"}]
    assert reserved == {"ReceiveWebhook": {"Fn::If": named}}
    assert TEMPLATE["Parameters"]["WebhookConcurrency"]["Default"] == 0


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_may_do_only_what_is_named(function: str) -> None:
    """Each function has its own policy, without wildcards but for the two actions that know no resource."""
    for statement in statements(function):
        named = actions(statement)
        assert not any("*" in action for action in named)
        assert statement["Resource"] != "*" or named in (["dynamodb:ListStreams"], ["ses:GetAccount"])


@pytest.mark.parametrize("table", WRITERS)
def test_a_table_has_one_owner(table: str) -> None:
    """Only the owners of a table may write it."""
    arn = json.dumps({"Fn::GetAtt": ["Tables", f"Outputs.{table}Arn"]})
    writing = {"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:BatchWriteItem"}
    writers = {
        function
        for function in FUNCTIONS
        for statement in statements(function)
        if (writing - ({"dynamodb:DeleteItem"} if function == ERASES else set())) & set(actions(statement))
        and arn in json.dumps(statement["Resource"])
    }
    assert writers == WRITERS[table]


def test_events_are_only_appended() -> None:
    """Nobody may change an event, and nobody delete one but who erases a person; who does, appends none."""
    arn = json.dumps({"Fn::GetAtt": ["Tables", "Outputs.EventsArn"]})

    def granted(functions: set[str]) -> set[str]:
        return {
            action.removeprefix("dynamodb:")
            for function in functions
            for statement in statements(function)
            if arn in json.dumps(statement["Resource"])
            for action in actions(statement)
        }

    assert granted(FUNCTIONS.keys() - {ERASES}) == {"PutItem", "GetItem", "Query"}
    assert granted({ERASES}) == {"DeleteItem", "GetItem", "Query"}


def test_only_one_function_erases() -> None:
    """All tables that hold persons, and no other function deletes: parked events are only taken out again."""
    erasable = {"Events", "Customers", "Aliases", "Journeys", "Sends", "Pace", "Parked", "Suppressions"}
    deletes = {
        (function, table)
        for function in FUNCTIONS
        for statement in statements(function)
        if "dynamodb:DeleteItem" in actions(statement)
        for table in WRITERS
        if json.dumps({"Fn::GetAtt": ["Tables", f"Outputs.{table}Arn"]}) in json.dumps(statement["Resource"])
    }
    assert deletes == {(ERASES, table) for table in erasable} | {("TrackEvent", "Parked")}


def test_exports_and_receipts_expire() -> None:
    """Neither outlives its use; the bucket is private."""
    bucket = of_type("AWS::S3::Bucket")["PrivacyBucket"]["Properties"]
    rules = {each["Prefix"]: each["ExpirationInDays"] for each in bucket["LifecycleConfiguration"]["Rules"]}
    assert rules == {"exports/": 30, "receipts/": 1096}
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}


@pytest.mark.parametrize("table", of_type("AWS::DynamoDB::Table"))
def test_a_table_is_safe(table: str) -> None:
    """Each table is on-demand, encrypted, restorable to a point in time, and protected by a parameter."""
    resource = of_type("AWS::DynamoDB::Table")[table]
    properties = resource["Properties"]
    assert properties["BillingMode"] == "PAY_PER_REQUEST"
    assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert properties["SSESpecification"] == {"SSEEnabled": True}
    assert properties["DeletionProtectionEnabled"] == {"Ref": "DeletionProtection"}
    assert resource["UpdateReplacePolicy"] == "Retain"


@pytest.mark.parametrize("queue", of_type("AWS::SQS::Queue"))
def test_a_queue_keeps_what_fails(queue: str) -> None:
    """Queues are encrypted and keep 14 days; the one that is worked on has a dead-letter queue."""
    properties = of_type("AWS::SQS::Queue")[queue]["Properties"]
    assert properties["SqsManagedSseEnabled"] is True
    assert properties["MessageRetentionPeriod"] == 14 * 24 * 3600
    assert queue != "FeedbackQueue" or properties["RedrivePolicy"]["maxReceiveCount"] >= 5


def test_the_stream_is_retried_for_twenty_hours() -> None:
    """An outage is waited out; then the batch goes to the bucket of failures, not to nowhere."""
    mapping = TEMPLATE["Resources"]["TrackEventStream"]["Properties"]
    assert mapping["MaximumRetryAttempts"] == -1
    assert mapping["MaximumRecordAgeInSeconds"] == 20 * 3600
    assert "FailuresBucketArn" in json.dumps(mapping["DestinationConfig"])


def test_the_feedback_queue_outwaits_its_function() -> None:
    """A message stays hidden six times as long as record_feedback may run, as AWS advises."""
    queue = of_type("AWS::SQS::Queue")["FeedbackQueue"]["Properties"]
    assert queue["VisibilityTimeout"] >= 6 * FUNCTIONS["RecordFeedback"]["Timeout"]


def test_a_doubtful_mail_outlives_its_sender() -> None:
    """run_step has ended, whatever happened to it, before its mail counts as unknown, or its slot as left behind."""
    assert FUNCTIONS["RunStep"]["Timeout"] < TEMPLATE["Parameters"]["UnknownAfterSeconds"]["MinValue"]
    assert FUNCTIONS["RunStep"]["Timeout"] * 2 <= UNDER_WAY


def test_the_access_log_holds_no_path() -> None:
    """A path may carry a signed link, an address or a name; the log names only the route."""
    settings = of_type("AWS::ApiGatewayV2::Stage")["Stage"]["Properties"]["AccessLogSettings"]
    logged = json.loads(settings["Format"])
    assert set(logged.values()) == {
        "$context.requestId", "$context.routeKey", "$context.status", "$context.responseLatency",
    }  # fmt: skip


def test_the_daily_rule_and_the_dashboard() -> None:
    """The rule runs five past midnight UTC and keeps what it cannot hand over; the dashboard is valid JSON."""
    rule = of_type("AWS::Events::Rule")["DailyRule"]["Properties"]
    assert rule["ScheduleExpression"] == "cron(5 0 * * ? *)"
    assert all("DeadLetterConfig" in target for target in rule["Targets"])
    body = of_type("AWS::CloudWatch::Dashboard")["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    titles = [widget["properties"]["title"] for widget in json.loads(body)["widgets"]]
    assert len(titles) == len(set(titles)) == 8


def test_the_dashboard_finds_the_stacks_machines() -> None:
    """CloudWatch takes what stands in quotes for a whole name: the stack's, only part of an ARN, stands in none."""
    body = of_type("AWS::CloudWatch::Dashboard")["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    found = re.findall(r"SEARCH\('\{AWS/States,StateMachineArn\} (.*?)',", body)
    assert len(found) == 4
    for search in found:
        assert re.fullmatch(r'MetricName=\\"Executions\w+\\" StateMachineArn=\$\{Name\}', search)


def test_each_stack_counts_for_itself() -> None:
    """A test stack beside the shop's moves neither its alarms nor its dashboard: the metrics' service is the stack."""
    variables = TEMPLATE["Globals"]["Function"]["Environment"]["Variables"]
    assert variables["POWERTOOLS_SERVICE_NAME"] == {"Ref": "AWS::StackName"}
    assert TEMPLATE["Resources"]["Watch"]["Properties"]["Parameters"]["Name"] == {"Ref": "AWS::StackName"}
    alarms = [each["Properties"] for each in of_type("AWS::CloudWatch::Alarm").values()]
    own = [each for each in alarms if each["Namespace"] == "Tidings"]
    assert own
    assert all(each["Dimensions"] == [{"Name": "service", "Value": {"Ref": "Name"}}] for each in own)
    body = of_type("AWS::CloudWatch::Dashboard")["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    named = re.findall(r'"Tidings", "\w+", "service", "([^"]+)"', body)
    assert set(named) == {"${Name}"}


def test_mail_may_go_from_the_shops_domain_and_no_other() -> None:
    """The identity and the configuration set by name; other identities, which SES asks for where an address is
    verified itself (in the sandbox every recipient is), only for a sender of that domain.
    """
    sending = [each for each in statements("RunStep") if "ses:SendEmail" in actions(each)]
    prefix = "arn:${AWS::Partition}:ses:${AWS::Region}:${AWS::AccountId}:"
    assert sending[0]["Resource"] == [
        {"Fn::Sub": f"{prefix}identity/${{SesIdentity}}"},
        {"Fn::Sub": f"{prefix}configuration-set/${{AWS::StackName}}"},
    ]
    assert sending[1]["Resource"] == {"Fn::Sub": f"{prefix}identity/*"}
    assert sending[1]["Condition"]["StringLike"]["ses:FromAddress"] == [
        {"Ref": "SesIdentity"},
        {"Fn::Sub": "*@${SesIdentity}"},
        {"Fn::Sub": "*@*.${SesIdentity}"},
    ]


def test_ses_reports_everything_back() -> None:
    """All that the doctor asks for comes back through EventBridge, in the spelling of CloudFormation's schema: it took
    no other for years.
    """
    destination = of_type("AWS::SES::ConfigurationSetEventDestination")["EventDestination"]["Properties"]
    asked = set(destination["EventDestination"]["MatchingEventTypes"])
    assert {re.sub("([A-Z])", r"_\1", each).upper() for each in asked} >= TOLD
    assert all(each[0].islower() and "_" not in each for each in asked), "spelt as SES's API does"
    assert "EventBridgeDestination" in destination["EventDestination"]


def test_nobody_who_unsubscribes_waits_behind_a_form() -> None:
    """Pages have rates of their own, the one that needs no link the lowest; unsubscribing has the whole door's."""
    limits = of_type("AWS::ApiGatewayV2::Stage")["Stage"]["Properties"]["RouteSettings"]
    rates = {route: limit["ThrottlingRateLimit"]["Ref"] for route, limit in limits.items()}
    assert {route for route in rates if "pages" in route} == {
        f"{method} /pages/{path}"
        for method in ("GET", "HEAD", "POST")
        for path in ("{page}", "{page}/{token}")
    }
    assert not [route for route in rates if "unsubscribe" in route]
    defaults = {name: TEMPLATE["Parameters"][name]["Default"] for name in {*rates.values(), "ThrottleRate"}}
    assert defaults[rates["POST /pages/{page}"]] < defaults[rates["POST /pages/{page}/{token}"]]
    assert defaults[rates["POST /pages/{page}/{token}"]] < defaults["ThrottleRate"]


def test_every_page_can_be_probed() -> None:
    """Scanners ask for the head of a link, and one that is answered 404 looks broken: HEAD stands beside each GET."""
    routes = {each["Properties"]["RouteKey"] for each in of_type("AWS::ApiGatewayV2::Route").values()}
    shown = {route.removeprefix("GET") for route in routes if route.startswith("GET ")}
    assert shown
    assert shown == {route.removeprefix("HEAD") for route in routes if route.startswith("HEAD ")}


def test_pages_have_a_door_of_their_own() -> None:
    """Its own rate, far under the webhooks', preflights answered by the gateway, and shut until origins are listed."""
    stage = of_type("AWS::ApiGatewayV2::Stage")["Stage"]
    routes = of_type("AWS::ApiGatewayV2::Route")
    limits = stage["Properties"]["RouteSettings"]
    assert {routes[each]["Properties"]["RouteKey"] for each in stage["DependsOn"]} == set(limits)
    parameters = TEMPLATE["Parameters"]
    assert limits["POST /track"]["ThrottlingRateLimit"] == {"Ref": "TrackThrottleRate"}
    assert parameters["TrackThrottleRate"]["Default"] < parameters["ThrottleRate"]["Default"]
    assert (parameters["TrackOrigins"]["Default"], parameters["TrackSandboxed"]["Default"]) == ("", "false")
    name, cors, _ = of_type("AWS::ApiGatewayV2::Api")["HttpApi"]["Properties"]["CorsConfiguration"]["Fn::If"]
    assert name == "HasPages"
    assert cors["AllowMethods"] == ["POST"]
    local = overrides.localize_nested(PARTS["api.yaml"], "http://127.0.0.1:1")
    spelled = local["Resources"]["HttpApi"]["Properties"]["CorsConfiguration"]["Fn::If"][1]
    assert set(spelled) == {"allowOrigins", "allowMethods", "allowHeaders", "maxAge"}
