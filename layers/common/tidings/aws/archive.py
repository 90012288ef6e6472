"""The packages of earlier revisions, in S3."""

from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from tidings.aws.client import code, outages


@dataclass(frozen=True, slots=True)
class PackageArchive:
    """Answers `workflow.package.Archive`; keys are `<workflow>/<rev>.json`."""

    client: Any
    bucket: str

    def read(self, workflow: str, rev: str) -> str | None:
        """The package's JSON, or None when there is none."""
        try:
            with outages():
                answer = self.client.get_object(Bucket=self.bucket, Key=f"{workflow}/{rev}.json")
        except ClientError as error:
            if code(error) in ("NoSuchKey", "404"):
                return None
            raise
        return str(answer["Body"].read().decode())
