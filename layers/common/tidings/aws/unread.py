"""Deliveries that are genuine and could not be read: in the failures bucket, as they came, until they expire there.

Not in the Events table: that one keeps what it has for ever, and trimmed.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Final

from tidings.aws.client import outages
from tidings.sources import Request

PREFIX: Final = "unread/"
"""What the keys of such deliveries begin with; beside them lie the stream's failed batches."""


@dataclass(slots=True)
class UnreadBucket:
    """Answers `ingest.Unread`. `connect` gives an S3 client when there is something to keep."""

    connect: Callable[[], Any]
    bucket: str
    _client: Any = None

    def keep(self, request: Request, names: Collection[str]) -> None:
        """Store the delivery with the headers it is read by, under a hash of it. Raises Unavailable."""
        headers = {
            name: value
            for name, value in request.headers.items()
            if name.startswith(("x-wc-webhook-", "x-shopify-", "webhook-")) or name == "content-type"
        }
        topic = sorted(value for name, value in headers.items() if name.endswith("-topic"))
        name = hashlib.sha256(json.dumps(topic).encode() + request.body).hexdigest()
        body = base64.b64encode(request.body).decode()
        held = {"source": request.source, "names": [*names], "headers": headers, "body": body}
        if self._client is None:
            self._client = self.connect()
        with outages():
            self._client.put_object(
                Bucket=self.bucket,
                Key=f"{PREFIX}{request.source}/{name[:40]}.json",
                Body=json.dumps(held).encode(),
            )
