"""What stands outside the stack: the domain's records in DNS, and the webhooks in the shop."""

import base64
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

import dns.exception
import dns.resolver

from infra.deploy.doctor.facts import Dns, Hook
from infra.deploy.errors import DeployError
from infra.deploy.web import get, post

SHOPIFY_API: Final = "2026-07"

_SUBSCRIPTIONS: Final = """{ webhookSubscriptions(first: 250) { nodes {
  topic endpoint { __typename ... on WebhookHttpEndpoint { callbackUrl } } } } }"""


def dns_of(domain: str, mail_from: str) -> Dns:
    """The records of a sending domain. Raises DeployError without network."""
    organisation = ".".join(domain.split(".")[-2:])
    dmarc = _record(f"_dmarc.{domain}", "v=DMARC1") or _record(f"_dmarc.{organisation}", "v=DMARC1")
    return Dns(
        dmarc=dmarc,
        spf=_record(domain, "v=spf1"),
        mail_from_spf=_record(mail_from, "v=spf1") if mail_from else "",
    )


def _record(name: str, beginning: str) -> str:
    """The TXT record of a name that begins so; empty when there is none."""
    try:
        found = dns.resolver.resolve(name, "TXT", lifetime=5)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return ""
    except dns.exception.DNSException as error:
        raise DeployError(f"no DNS server answers ({type(error).__name__})") from error
    texts = (b"".join(each.strings).decode("utf-8", "replace") for each in found)
    return next((text for text in texts if text.lower().startswith(beginning.lower())), "")


def shopify(environ: Mapping[str, str]) -> list[Hook]:
    """The subscriptions of the app whose Admin API token is given. Raises LookupError without one."""
    shop, token = environ.get("SHOPIFY_SHOP", ""), environ.get("SHOPIFY_ADMIN_TOKEN", "")
    if not shop or not token:
        raise LookupError(
            "give SHOPIFY_SHOP=<name>.myshopify.com and SHOPIFY_ADMIN_TOKEN, or look into Settings → Notifications → "
            "Webhooks; arrivals tells what came"
        )
    base = shop if "://" in shop else f"https://{shop}"
    answer = post(
        f"{base}/admin/api/{SHOPIFY_API}/graphql.json",
        json.dumps({"query": _SUBSCRIPTIONS}).encode(),
        {"content-type": "application/json", "x-shopify-access-token": token},
    )
    nodes = _within(answer.json, "data", "webhookSubscriptions", "nodes")
    if answer.status != 200 or not isinstance(nodes, list):
        raise DeployError(f"Shopify answers {answer.status}: is the token of this shop, and may it read?")
    return list(_subscriptions(nodes))


def _subscriptions(nodes: list[Any]) -> Iterator[Hook]:
    for node in nodes:
        resource, _, act = str(node["topic"]).lower().rpartition("_")
        yield Hook(f"{resource}/{act}", str(_within(node, "endpoint", "callbackUrl") or ""))


def woocommerce(environ: Mapping[str, str]) -> list[Hook]:
    """The webhooks of the shop whose REST key is given. Raises LookupError without one."""
    answer = rest(environ, "webhooks?per_page=100")
    if answer.status != 200 or not isinstance(answer.json, list):
        raise DeployError(f"WooCommerce answers {answer.status}: is the key of this shop, and may it read?")
    return [
        Hook(str(each.get("topic")), str(each.get("delivery_url")), each.get("status") == "active")
        for each in answer.json
    ]


def rest(environ: Mapping[str, str], path: str) -> Any:
    """WooCommerce's REST API, version 3. Raises LookupError without a key, DeployError when nobody answers."""
    site, key, secret = (environ.get(f"WOOCOMMERCE_{name}", "") for name in ("URL", "KEY", "SECRET"))
    if not site or not key or not secret:
        raise LookupError(
            "give WOOCOMMERCE_URL, WOOCOMMERCE_KEY and WOOCOMMERCE_SECRET (a read-only REST key), or look into "
            "WooCommerce → Settings → Advanced → Webhooks; arrivals tells what came"
        )
    if not site.startswith(("https://", "http://127.0.0.1", "http://localhost")):
        raise DeployError("WOOCOMMERCE_URL must begin with https://: the key would travel in the open")
    told = base64.b64encode(f"{key}:{secret}".encode()).decode()
    return get(f"{site.rstrip('/')}/wp-json/wc/v3/{path}", {"authorization": f"Basic {told}"})


def _within(value: Any, *names: str) -> Any:
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value
