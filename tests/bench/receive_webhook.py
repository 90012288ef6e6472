"""How long receive_webhook takes to start, beside a bare boto3 client of DynamoDB.

Whole processes, from Python's start until the handler could answer, interleaved so that both meet the same
machine; medians. `ready` builds what answering needs: handler, DynamoDB client, ingest. The SSM client is
built with the first delivery and is measured as well.
"""

import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import Final

ROUNDS: Final = 21
LIMIT: Final = 1.25
"""Of `ready` to `boto3`, by the issue that asked for it."""

PROGRAMS: Final = {
    "boto3": "import boto3; boto3.client('dynamodb')",
    "ready": (
        "import functions.receive_webhook.handler as h; from tidings import observe, wiring;"
        "wiring.ingest(); observe.logger(); observe.metrics()"
    ),
    "ready with SSM": (
        "import functions.receive_webhook.handler as h; from tidings import observe, wiring;"
        "wiring.ingest().parameters.connect(); observe.logger(); observe.metrics()"
    ),
}

ROOT: Final = Path(__file__).parents[2]


def environment() -> dict[str, str]:
    """What Lambda sets, with credentials that open nothing."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "EVENTS_TABLE": "events",
        "FAILURES_BUCKET": "failures",
        "PARAMETER_PREFIX": "/tidings",
        "POWERTOOLS_SERVICE_NAME": "tidings",
        "POWERTOOLS_METRICS_NAMESPACE": "Tidings",
        "PYTHONPATH": os.pathsep.join([str(ROOT / "layers" / "common"), str(ROOT)]),
    }


def measure(rounds: int = ROUNDS) -> dict[str, float]:
    """Program → median seconds of a whole process."""
    taken: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    for turn in range(rounds + 1):
        for name, program in PROGRAMS.items():
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", program], env=environment(), check=True)
            if turn:  # the first writes the bytecode
                taken[name].append(time.perf_counter() - start)
    return {name: median(times) for name, times in taken.items()}


def main() -> int:
    """Print the figures; 1 when the start is slower than it may be."""
    figures = measure()
    bare = figures["boto3"]
    for name, seconds in figures.items():
        print(f"receive_webhook init: {name:15} {seconds * 1000:6.0f} ms  {seconds / bare:5.2f} x")
    ratio = figures["ready"] / bare
    print(f"receive_webhook init: {ratio:.2f} x a bare boto3 client, at most {LIMIT} allowed")
    return 0 if ratio <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
