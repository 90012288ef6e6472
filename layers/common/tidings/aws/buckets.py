"""Two buckets as privacy sees them: its own documents, and the batches that the fold gave up."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError

from tidings.aws.client import code, outages
from tidings.aws.unread import PREFIX

READ_AT_MOST: Final = 500
"""Batches looked into: there are none while all is well."""


@dataclass(frozen=True, slots=True)
class PrivateStore:
    """Answers `privacy.ports.Store`."""

    client: Any
    bucket: str

    def get(self, name: str) -> str | None:
        """A document, if there is one."""
        return _read(self.client, self.bucket, name)

    def put(self, name: str, text: str) -> str:
        """Write it; returns its address."""
        with outages():
            self.client.put_object(
                Bucket=self.bucket, Key=name, Body=text.encode(), ContentType="application/json"
            )
        return f"s3://{self.bucket}/{name}"


@dataclass(frozen=True, slots=True)
class FailuresBucket:
    """Answers `privacy.ports.Failures`. A batch is the record that Lambda writes: its `payload` is the stream's. Beside
    them lie deliveries that could not be read (`aws/unread.py`)."""

    client: Any
    bucket: str

    def naming(self, identities: frozenset[str]) -> Sequence[str]:
        """The batches that hold events of these identities, by name; of the first 500."""
        found = []
        for name in self._names():
            text = _read(self.client, self.bucket, name)
            if text is not None and not identities.isdisjoint(_identities(text)):
                found.append(name)
        return found

    def remove(self, identities: frozenset[str]) -> int:
        """Delete the deliveries that could not be read and that name these and nobody else; how many there were."""
        gone = 0
        for name in self._names(PREFIX):
            text = _read(self.client, self.bucket, name)
            named = _identities(text) if text is not None else set[str]()
            if named and named <= identities:
                with outages():
                    self.client.delete_object(Bucket=self.bucket, Key=name)
                gone += 1
        return gone

    def _names(self, prefix: str = "") -> list[str]:
        with outages():
            page = self.client.list_objects_v2(Bucket=self.bucket, MaxKeys=READ_AT_MOST, Prefix=prefix)
        return [each["Key"] for each in page.get("Contents", ())]


def _read(client: Any, bucket: str, name: str) -> str | None:
    try:
        with outages():
            answer = client.get_object(Bucket=bucket, Key=name)
            return str(answer["Body"].read().decode())
    except ClientError as error:
        if code(error) in ("NoSuchKey", "404"):
            return None
        raise


def _identities(text: str) -> set[str]:
    """Whose events a batch holds, or who is named in a delivery that could not be read; empty for anything else."""
    try:
        told = json.loads(text)
        if "names" in told:
            return set(told["names"])
        payload = told.get("payload") or {"Records": []}
        records = (json.loads(payload) if isinstance(payload, str) else payload)["Records"]
        return {each["dynamodb"]["Keys"]["identity"]["S"] for each in records}
    except (ValueError, LookupError, TypeError, AttributeError):
        return set()
