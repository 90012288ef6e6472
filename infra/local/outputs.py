"""`build/local/outputs.json` as the local tools read it: where the embedded AWS listens and what it is called
there.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tidings import clock


@dataclass(frozen=True, slots=True)
class Outputs:
    """What the running stack told about itself."""

    values: Mapping[str, Any]

    @staticmethod
    def read(path: Path) -> "Outputs":
        """The outputs in that file; FileNotFoundError when no stack was started, ValueError when it is half
        written.
        """
        return Outputs(json.loads(path.read_text(encoding="utf-8")))

    @property
    def clock(self) -> clock.Clock:
        """The shop's clock."""
        return clock.from_json(json.dumps(self.values["clock"]))

    def text(self, name: str) -> str:
        """A value that is a string; KeyError when the stack has none of that name."""
        return str(self.values[name])

    def client(self, service: str, **options: Any) -> Any:
        """A boto3 client of the embedded AWS, as its administrator."""
        import boto3  # slow to import: a recorder that only records starts without it

        return boto3.client(
            service,
            endpoint_url=self.text("endpoint_url"),
            region_name=self.text("region"),
            **self.values["credentials"],
            **options,
        )
