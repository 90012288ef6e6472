"""What the doctor finds out: from AWS (moto), from the door's log, from DNS, and from the shop's own API."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, ClassVar

import boto3
import dns.exception
import dns.resolver
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from infra.deploy.doctor import lookup, seen
from infra.deploy.doctor.facts import Account, Dns, Hook, Identity, Machine
from infra.deploy.doctor.gather import Gatherer
from infra.deploy.errors import DeployError

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An account with nothing in it but a stack's name."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        yield


class FakeStacks:
    """CloudFormation, with one stack in which next to nothing is."""

    def describe_stack_resources(self, **_: Any) -> Any:
        """One resource."""
        found = {
            "ResourceType": "AWS::SNS::Topic",
            "LogicalResourceId": "Topic",
            "PhysicalResourceId": "arn:x",
        }
        return {"StackResources": [found]}

    def describe_stacks(self, **_: Any) -> Any:
        """One output."""
        return {"Stacks": [{"Outputs": [{"OutputKey": "ParameterPrefix", "OutputValue": "/tidings"}]}]}


class FakeMail:
    """SES, which moto knows half of: its answers as its API reference shows them."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers

    def __getattr__(self, name: str) -> Any:
        def call(**_: Any) -> Any:
            if name not in self.answers:
                raise ClientError({"Error": {"Code": "NotFoundException"}}, name)
            return self.answers[name]

        return call


def gatherer(mail: FakeMail | None = None, public: bool = True) -> Gatherer:
    """Asks moto, that stack, and that SES."""
    fakes = {"cloudformation": FakeStacks(), "sesv2": mail or FakeMail()}

    def connect(service: str) -> Any:
        return fakes.get(service) or boto3.client(service)

    return Gatherer(connect, "shop", "shop.example", "hello@shop.example", NOW, public)


@pytest.mark.usefixtures("aws")
def test_a_stack_of_which_little_is_there_is_no_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything that is missing or refused has its reason; what is there is told."""
    monkeypatch.setattr(lookup, "dns_of", lambda *_: pytest.fail("asked for the records of no identity"))
    facts = gatherer().facts()
    assert facts.fold is None
    assert facts.unknown["fold"] == "this stack has no TrackEvent"
    assert facts.identity is None
    assert "NotFoundException" in facts.unknown["identity"]
    assert [key.lengths for key in facts.keys or ()] == [(), (), ()]
    assert facts.unknown["shopify"] == ""


@pytest.mark.usefixtures("aws")
def test_the_mails_side_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Identity, account and plan as SES tells them."""
    monkeypatch.setattr(lookup, "dns_of", lambda domain, mail_from: Dns(domain, "", mail_from))
    identity = {
        "VerifiedForSendingStatus": True,
        "DkimAttributes": {
            "SigningEnabled": True,
            "Status": "SUCCESS",
            "CurrentSigningKeyLength": "RSA_2048_BIT",
        },
        "MailFromAttributes": {"MailFromDomain": "mail.shop.example", "MailFromDomainStatus": "PENDING"},
    }
    account = {
        "ProductionAccessEnabled": True,
        "SendingEnabled": True,
        "EnforcementStatus": "HEALTHY",
        "SendQuota": {"Max24HourSend": 200.0, "MaxSendRate": 1.0, "SentLast24Hours": 3.0},
        "SuppressionAttributes": {"SuppressedReasons": ["BOUNCE"]},
        "PricingAttributes": {"CurrentPlan": "ESSENTIALS"},
    }
    facts = gatherer(FakeMail(get_email_identity=identity, get_account=account)).facts()
    assert facts.identity == Identity(
        "shop.example", "hello@shop.example", True, "SUCCESS", True, 2048, "mail.shop.example", "PENDING"
    )
    assert facts.account == Account(True, True, "HEALTHY", "ESSENTIALS", 200, 1, 3, frozenset({"BOUNCE"}))
    assert facts.dns == Dns("shop.example", "", "mail.shop.example")


@pytest.mark.usefixtures("aws")
def test_machines_of_another_stack_are_none_of_this_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stack `shop-test` beside `shop`: its machines begin alike, and its packages lie elsewhere."""
    boto3.client("s3").create_bucket(Bucket="packages")
    definition = {"StartAt": "w", "States": {"w": {"Type": "Pass", "Result": {"rev": "abc"}, "End": True}}}
    arns = [
        boto3.client("stepfunctions").create_state_machine(
            name=name, definition=json.dumps(definition), roleArn="arn:aws:iam::123456789012:role/machines"
        )["stateMachineArn"]
        for name in ("shop-welcome", "shop-test-welcome")
    ]
    kinds = {
        "PackagesBucket": ("AWS::S3::Bucket", "packages"),
        "Welcome": ("AWS::StepFunctions::StateMachine", arns[0]),
    }
    found = [
        {"ResourceType": kind, "LogicalResourceId": name, "PhysicalResourceId": physical}
        for name, (kind, physical) in kinds.items()
    ]
    monkeypatch.setattr(FakeStacks, "describe_stack_resources", lambda *_, **__: {"StackResources": found})
    assert gatherer(public=False).facts().machines == [Machine("welcome", frozenset({"abc"}))]


@pytest.mark.usefixtures("aws")
def test_of_keys_the_lengths_are_read_and_nothing_else() -> None:
    """A word of another form has none."""
    ssm = boto3.client("ssm")
    for name, value in (("keys/address", "a" * 64), ("keys/links", f"k2:{'b' * 64} k1:short x")):
        ssm.put_parameter(Name=f"/tidings/{name}", Value=value, Type="SecureString")
    facts = gatherer(public=False).facts()
    lengths = {key.name: key.lengths for key in facts.keys or ()}
    assert lengths == {"keys/address": (64,), "keys/links": (64, 5, 0), "keys/track": ()}
    assert "aaaa" not in repr(facts)


class FakeLogs:
    """CloudWatch Logs Insights, with its answers."""

    answers: ClassVar[list[list[dict[str, str]]]] = [
        [
            {"source": "shopify", "status": "200", "last": "2026-03-10 11:00:00.000", "number": "7"},
            {"source": "events", "status": "200", "last": "1773140400000", "number": "1"},
            {"source": "shopify", "status": "401", "last": "2026-03-10 11:30:00.000", "number": "2"},
        ],
        [{"source": "shopify", "number": "2"}],
    ]

    def __init__(self) -> None:
        self.asked: list[str] = []

    def start_query(self, **told: Any) -> dict[str, str]:
        """Starts one."""
        self.asked.append(told["queryString"])
        return {"queryId": str(len(self.asked) - 1)}

    def get_query_results(self, queryId: str) -> dict[str, Any]:
        """Its rows."""
        rows = self.answers[int(queryId)]
        return {
            "status": "Complete",
            "results": [[{"field": k, "value": v} for k, v in row.items()] for row in rows],
        }


def test_the_doors_log_tells_when_a_source_was_heard() -> None:
    """What was stored counts as heard, what was refused for its signature as refused."""
    last, refused = seen.arrivals(lambda _: FakeLogs(), "events", "log-group")
    at = datetime(2026, 3, 10, 11, 0, tzinfo=UTC)
    assert last == {"shopify": at, "events": at}
    assert refused == {"shopify": 2}


@pytest.mark.parametrize("wrong", [dns.resolver.NXDOMAIN, dns.resolver.NoAnswer])
def test_a_record_that_is_not_there_is_empty(monkeypatch: pytest.MonkeyPatch, wrong: type[Exception]) -> None:
    """And no error."""

    def resolve(*_: Any, **__: Any) -> Any:
        raise wrong

    monkeypatch.setattr(dns.resolver, "resolve", resolve)
    assert lookup.dns_of("shop.example", "mail.shop.example").dmarc == ""


def test_records_are_found_among_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """A subdomain's DMARC is its organisation's; strings in pieces are one."""

    class Text:
        def __init__(self, *strings: bytes) -> None:
            self.strings = strings

    records = {
        "_dmarc.shop.example": [Text(b"v=DMARC1; ", b"p=none")],
        "mail.news.shop.example": [Text(b"google-site"), Text(b"v=spf1 include:amazonses.com ~all")],
    }

    def resolve(name: str, kind: str, lifetime: float) -> list[Text]:
        if name not in records:
            raise dns.resolver.NXDOMAIN
        return records[name]

    monkeypatch.setattr(dns.resolver, "resolve", resolve)
    found = lookup.dns_of("news.shop.example", "mail.news.shop.example")
    assert found.dmarc == "v=DMARC1; p=none"
    assert found.mail_from_spf == "v=spf1 include:amazonses.com ~all"


PLAIN = "v=DMARC1; p=none"


@pytest.mark.parametrize(
    ("domain", "at", "found"),
    [
        ("shop.co.uk", {"shop.co.uk": PLAIN}, ""),
        ("news.shop.co.uk", {"shop.co.uk": PLAIN}, "shop.co.uk"),
        ("a.b.news.shop.co.uk", {"shop.co.uk": PLAIN, "co.uk": f"{PLAIN}; psd=y"}, "shop.co.uk"),
        ("news.shop.example", {"news.shop.example": PLAIN, "shop.example": f"{PLAIN}; sp=reject"}, ""),
        ("a.b.shop.example", {"b.shop.example": PLAIN, "shop.example": PLAIN}, "shop.example"),
        ("a.b.shop.example", {"b.shop.example": f"{PLAIN}; psd=n", "shop.example": PLAIN}, "b.shop.example"),
        ("shop.co.uk", {"co.uk": f"{PLAIN}; psd=y"}, None),
        ("shop.example", {"example": PLAIN}, None),
    ],
)
def test_the_organisations_record_is_found_above(
    monkeypatch: pytest.MonkeyPatch, domain: str, at: dict[str, str], found: str | None
) -> None:
    """By the tree walk of RFC 9989, however many labels a registry has; a registry's own record is not the shop's."""

    class Text:
        def __init__(self, text: str) -> None:
            self.strings = (text.encode(),)

    def resolve(name: str, kind: str, lifetime: float) -> list[Text]:
        if name.removeprefix("_dmarc.") not in at:
            raise dns.resolver.NXDOMAIN
        return [Text(at[name.removeprefix("_dmarc.")])]

    monkeypatch.setattr(dns.resolver, "resolve", resolve)
    told = lookup.dns_of(domain, "")
    assert told.dmarc == ("" if found is None else at[found or domain])
    assert told.dmarc_of == (found or "")


def test_two_records_are_both_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Receivers then believe neither."""

    class Text:
        def __init__(self, text: bytes) -> None:
            self.strings = (text,)

    def resolve(name: str, kind: str, lifetime: float) -> list[Text]:
        return [Text(b"v=DMARC1; p=none"), Text(b"v=DMARC1; p=reject"), Text(b"v=DMARC10")]

    monkeypatch.setattr(dns.resolver, "resolve", resolve)
    assert lookup.dns_of("shop.example", "").dmarc == "v=DMARC1; p=none\nv=DMARC1; p=reject"


class DeafLogs(FakeLogs):
    """Logs Insights that refuses, or never ends."""

    def __init__(self, how: str) -> None:
        super().__init__()
        self.how = how

    def start_query(self, **told: Any) -> dict[str, str]:
        """Refused, or begun."""
        if self.how == "refused":
            raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "StartQuery")
        return super().start_query(**told)

    def get_query_results(self, queryId: str) -> dict[str, Any]:
        """Never there, or failed."""
        return {"status": "Running" if self.how == "slow" else "Failed", "results": []}


@pytest.mark.parametrize("how", ["refused", "slow", "failed"])
def test_refusals_that_nobody_could_count_are_unknown(monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    """Not none: the table tells when a source was heard, and nothing tells what was refused."""
    monkeypatch.setattr(seen, "PATIENCE", 0.0)
    heard = {"shopify": datetime(2026, 3, 10, 11, 0, tzinfo=UTC)}
    monkeypatch.setattr(seen, "_in_table", lambda *_: heard)
    assert seen.arrivals(lambda _: DeafLogs(how), "events", "log-group") == (heard, None)
    assert seen.arrivals(lambda _: DeafLogs(how), "events", "") == (heard, None)


def test_without_network_dns_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not a failure of the shop's."""

    def resolve(*_: Any, **__: Any) -> Any:
        raise dns.exception.Timeout

    monkeypatch.setattr(dns.resolver, "resolve", resolve)
    with pytest.raises(DeployError, match="no DNS server answers"):
        lookup.dns_of("shop.example", "")


class Shop(BaseHTTPRequestHandler):
    """A shop's API."""

    def do_GET(self) -> None:
        """WooCommerce's webhooks."""
        assert self.headers["authorization"] == "Basic Y2tfMTpjc18x"
        hooks = [
            {"topic": "order.created", "delivery_url": "https://api.example/w", "status": "active"},
            {"topic": "order.updated", "delivery_url": "https://api.example/w", "status": "disabled"},
        ]
        self.answer(hooks)

    def do_POST(self) -> None:
        """Shopify's subscriptions."""
        assert self.headers["x-shopify-access-token"] == "shpat_1"
        node = {
            "topic": "CUSTOMERS_EMAIL_MARKETING_CONSENT_UPDATE",
            "endpoint": {"__typename": "WebhookHttpEndpoint", "callbackUrl": "https://api.example/s"},
        }
        self.answer({"data": {"webhookSubscriptions": {"nodes": [node, {"topic": "ORDERS_CREATE"}]}}})

    def answer(self, value: Any) -> None:
        """200 with JSON."""
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(value).encode())

    def log_message(self, *_: Any) -> None:
        """Nothing is printed."""


@pytest.fixture
def site() -> Iterator[str]:
    """Where that shop listens."""
    server = HTTPServer(("127.0.0.1", 0), Shop)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_the_shops_webhooks_are_read(site: str) -> None:
    """Topics as they are delivered, addresses, and whether WooCommerce has switched one off."""
    woo = {"WOOCOMMERCE_URL": site, "WOOCOMMERCE_KEY": "ck_1", "WOOCOMMERCE_SECRET": "cs_1"}
    assert lookup.woocommerce(woo) == [
        Hook("order.created", "https://api.example/w"),
        Hook("order.updated", "https://api.example/w", active=False),
    ]
    shopify = {"SHOPIFY_SHOP": site, "SHOPIFY_ADMIN_TOKEN": "shpat_1"}
    assert lookup.shopify(shopify) == [
        Hook("customers_email_marketing_consent/update", "https://api.example/s"),
        Hook("orders/create", ""),
    ]


def test_without_a_key_it_is_said_where_to_look() -> None:
    """Neither key is needed for the rest; one over plain HTTP would be read on the way."""
    with pytest.raises(LookupError, match="SHOPIFY_ADMIN_TOKEN"):
        lookup.shopify({})
    with pytest.raises(LookupError, match="Settings → Advanced → Webhooks"):
        lookup.woocommerce({})
    plain = {
        "WOOCOMMERCE_URL": "http://shop.example",
        "WOOCOMMERCE_KEY": "ck",
        "WOOCOMMERCE_SECRET": "cs",
    }
    with pytest.raises(DeployError, match="https://"):
        lookup.woocommerce(plain)


class FakeFunctions:
    """Lambda's account settings, which moto does not know."""

    def get_account_settings(self) -> Any:
        """Those of a new account."""
        return {"AccountLimit": {"ConcurrentExecutions": 10, "UnreservedConcurrentExecutions": 10}}


@pytest.mark.usefixtures("aws")
def test_how_many_functions_may_run_at_once_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the account's settings in this region."""
    asked = gatherer(public=False)
    rest = asked.connect
    monkeypatch.setattr(
        asked, "connect", lambda service: FakeFunctions() if service == "lambda" else rest(service)
    )
    assert asked.facts().concurrency == 10
