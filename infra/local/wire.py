"""How the demo shop and its pages talk to the door: over real HTTP, signed, repeated as Shopify repeats."""

import base64
import hashlib
import hmac
import http.client
import json
import re
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final
from urllib.parse import urlencode, urlsplit

from infra.local.catalogue import SHOP_DOMAIN, SHOP_SITE, WOO_SITE
from infra.local.errors import LocalError
from infra.local.forms import hidden_fields

_TAKEN: Final = (HTTPStatus.OK, HTTPStatus.NO_CONTENT)

_READS_SECONDS: Final = 2.5
"""How long somebody looks at a form: who sends it within two seconds is taken for a machine."""

PATIENCE_SECONDS: Final = 5
"""Shopify waits this long for an answer."""

RETRY_SECONDS: Final = (0.2, 0.4, 0.8, 1.6, 3.2, 4.0, 4.0, 4.0)
"""Shopify tries eight more times in four hours; here the pauses keep their shape, not their length."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """One fact on its way: `at` is the shop time at which the shop sends it, `event_id` stays the same for
    each repeat.
    """

    at: datetime
    source: str
    topic: str
    body: bytes
    event_id: str


def raw_signature(secret: str, body: bytes) -> str:
    """`X-Shopify-Hmac-Sha256` and `X-WC-Webhook-Signature`: base64 of HMAC-SHA-256 over the raw body."""
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def standard_signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """The value of `webhook-signature` after Standard Webhooks: `v1,` and base64 of HMAC-SHA-256 over
    id.timestamp.body.

    The secret is base64, with or without the prefix `whsec_`, as the specification's libraries read it.
    """
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def headers(webhook: Webhook, secret: str, delivery_id: str, machine_now: datetime) -> dict[str, str]:
    """The headers of one delivery. Shop time stands in none; the signature's time is the machine's."""
    if webhook.source == "shopify":
        return {
            "Content-Type": "application/json",
            "X-Shopify-Topic": webhook.topic,
            "X-Shopify-Hmac-Sha256": raw_signature(secret, webhook.body),
            "X-Shopify-Shop-Domain": SHOP_DOMAIN,
            "X-Shopify-API-Version": "2026-07",
            "X-Shopify-Event-Id": webhook.event_id,
            "X-Shopify-Webhook-Id": delivery_id,
            "X-Shopify-Triggered-At": machine_now.isoformat().replace("+00:00", "Z"),
        }
    if webhook.source == "woocommerce":
        resource, _, event = webhook.topic.partition(".")
        return {
            "Content-Type": "application/json",
            "X-WC-Webhook-Source": f"{WOO_SITE}/",
            "X-WC-Webhook-Topic": webhook.topic,
            "X-WC-Webhook-Resource": resource,
            "X-WC-Webhook-Event": event,
            "X-WC-Webhook-Signature": raw_signature(secret, webhook.body),
            "X-WC-Webhook-ID": "5",
            "X-WC-Webhook-Delivery-ID": delivery_id.replace("-", ""),
        }
    if webhook.source == "track":
        return {"Content-Type": "text/plain;charset=UTF-8", "Origin": SHOP_SITE}
    timestamp = int(machine_now.timestamp())
    return {
        "Content-Type": "application/json",
        "webhook-id": webhook.event_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": standard_signature(secret, webhook.event_id, timestamp, webhook.body),
    }


@dataclass(slots=True)
class Answers:
    """What the door answered so far; safe to add to from several threads."""

    accepted: int = 0
    duplicate: int = 0
    sent: int = 0
    retried: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, accepted: int, duplicate: int) -> None:
        """One delivery was answered with 200."""
        with self._lock:
            self.sent += 1
            self.accepted += accepted
            self.duplicate += duplicate

    def retry(self) -> None:
        """One attempt came to nothing and is made again."""
        with self._lock:
            self.retried += 1


class Door:
    """Posts webhooks to `{api_url}/webhooks/{source}`; each thread keeps a connection of its own."""

    def __init__(
        self,
        api_url: str,
        secrets: Mapping[str, str],
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        parts = urlsplit(api_url)
        self._netloc, self._base = parts.netloc, parts.path.rstrip("/")
        self._host = parts.hostname or "127.0.0.1"
        self._port = parts.port
        self._secrets = {source: value.split()[0] for source, value in secrets.items() if value.split()}
        self._pause = pause
        self._local = threading.local()
        self.answers = Answers()

    def deliver(self, webhook: Webhook) -> None:
        """Post until it is taken, as often as Shopify would. Raises LocalError when it never is."""
        status, answer = self._attempt(webhook)
        for wait in RETRY_SECONDS:
            if status in _TAKEN:
                break
            self.answers.retry()
            self._pause(wait)
            status, answer = self._attempt(webhook)
        if status not in _TAKEN:
            said = answer[:160].decode(errors="replace")
            raise LocalError(
                f"{webhook.topic} was refused to the end ({status} {said}): build/local/ministack.log, then make down"
            )
        taken = _figures(answer) if status == HTTPStatus.OK else {"accepted": 1}
        self.answers.count(taken.get("accepted", 0), taken.get("duplicate", 0))

    def unsubscribe(self, url: str) -> int:
        """RFC 8058: the one POST that a mailbox sends to the address in `List-Unsubscribe`. The status, 0 for
        no answer.
        """
        parts = urlsplit(url)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        head = {"Content-Type": "application/x-www-form-urlencoded", "Host": parts.netloc}
        status, _ = self._post(path, b"List-Unsubscribe=One-Click", head)
        for wait in RETRY_SECONDS[:4]:
            if status == HTTPStatus.OK:
                break
            self._pause(wait)
            status, _ = self._post(path, b"List-Unsubscribe=One-Click", head)
        return status

    def fill_in(self, url: str, answers: Mapping[str, list[str]]) -> None:
        """Open a page, as long as a person takes, and send its form; `url` is whole, or below the API's address.
        Raises LocalError when the answer is not the page that thanks.
        """
        parts = urlsplit(url)
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        path = path if parts.netloc else f"{self._base}/{path}"
        head = {"Host": parts.netloc or self._netloc, "Accept-Language": "en"}
        status, said = 0, b""
        for wait in RETRY_SECONDS[:4]:
            status, shown = self._request("GET", path, None, head)
            self._pause(_READS_SECONDS)
            form = urlencode({**hidden_fields(shown.decode(errors="replace")), **answers}, doseq=True)
            sent = head | {"Content-Type": "application/x-www-form-urlencoded"}
            status, said = self._request("POST", path, form.encode(), sent)
            if status == HTTPStatus.OK:
                return
            self._pause(wait)
        words = " ".join(
            re.sub(r"<style.*?</style>|<[^>]+>", " ", said.decode(errors="replace"), flags=re.S).split()
        )
        raise LocalError(f"the form of {path[:60]} was answered with {status}: {words[:160]}")

    def _attempt(self, webhook: Webhook) -> tuple[int, bytes]:
        secret = self._secrets.get(webhook.source, "")
        head = headers(webhook, secret, str(uuid.uuid4()), datetime.now(UTC))
        path = "track" if webhook.source == "track" else f"webhooks/{webhook.source}"
        return self._post(f"{self._base}/{path}", webhook.body, head | {"Host": self._netloc})

    def _post(self, path: str, body: bytes, head: dict[str, str]) -> tuple[int, bytes]:
        return self._request("POST", path, body, head)

    def _request(self, method: str, path: str, body: bytes | None, head: dict[str, str]) -> tuple[int, bytes]:
        connection: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = http.client.HTTPConnection(self._host, self._port, timeout=PATIENCE_SECONDS)
            self._local.connection = connection
        try:
            connection.request(method, path, body, head)
            response = connection.getresponse()
            return response.status, response.read()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            self._local.connection = None
            return 0, str(error).encode()


def _figures(answer: bytes) -> dict[str, int]:
    try:
        value = json.loads(answer or b"{}")
    except ValueError:
        return {}
    return (
        {name: int(number) for name, number in value.items() if isinstance(number, int)}
        if isinstance(value, dict)
        else {}
    )
