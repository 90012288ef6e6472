"""What stands outside the stack: the domain's records in DNS, and the webhooks in the shop."""

import base64
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import dns.exception
import dns.resolver

from infra.deploy.doctor.facts import Dns, Hook
from infra.deploy.errors import DeployError
from infra.deploy.web import get, post

SHOPIFY_API: Final = "2026-07"
DMARC: Final = re.compile(r"v\s*=\s*DMARC1\s*(;|$)")
SPF: Final = re.compile(r"v=spf1(\s|$)", re.IGNORECASE)
LABELS: Final = 7
"""Of the names above a domain that are asked: none of more."""

_SUBSCRIPTIONS: Final = """{ webhookSubscriptions(first: 250) { nodes {
  topic endpoint { __typename ... on WebhookHttpEndpoint { callbackUrl } } } } }"""


def dns_of(domain: str, mail_from: str) -> Dns:
    """The records of a sending domain. Raises DeployError without network."""
    own = _records(f"_dmarc.{domain}", DMARC)
    above, whose = ("", "") if own else _dmarc_above(domain)
    return Dns(
        dmarc=own or above,
        spf=_records(domain, SPF),
        mail_from_spf=_records(mail_from, SPF) if mail_from else "",
        dmarc_of=whose,
    )


def _dmarc_above(domain: str) -> tuple[str, str]:
    """(record, domain) of the organisation: the highest name above that has one, by the tree walk of RFC 9989. The
    record of a registry (`psd=y`) ends it and is not the shop's; `psd=n` says that the organisation begins here."""
    found = "", ""
    labels = domain.split(".")
    for count in range(min(len(labels) - 1, LABELS), 1, -1):
        name = ".".join(labels[-count:])
        record = _records(f"_dmarc.{name}", DMARC)
        psd = re.search(r";\s*psd\s*=\s*([yn])", record)
        if psd and psd[1] == "y":
            break
        found = (record, name) if record else found
        if psd:
            break
    return found


def _records(name: str, beginning: re.Pattern[str]) -> str:
    """The TXT records of a name that begin so, a line each; empty when there is none."""
    try:
        found = dns.resolver.resolve(name, "TXT", lifetime=5)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return ""
    except dns.exception.DNSException as error:
        raise DeployError(f"no DNS server answers ({type(error).__name__})") from error
    texts = (b"".join(each.strings).decode("utf-8", "replace") for each in found)
    return "\n".join(text for text in texts if beginning.match(text))


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
