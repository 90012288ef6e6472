"""`make bench`: what Tidings costs, measured or counted here and now. Exits with 1 when a bound is broken.

The bounds are those that the project was asked to keep; the rest is told to be compared from day to day.
"""

import sys

from tests.bench import items, receive_webhook, rendering, states, writes
from tests.bench.figures import Figure, table


def starting() -> list[Figure]:
    """How long receive_webhook takes to start."""
    taken = receive_webhook.measure()
    bare = taken["boto3"]
    return [
        Figure("start of a bare boto3 client of DynamoDB", bare * 1000, "ms"),
        Figure("receive_webhook ready, of that", taken["ready"] / bare, "x", receive_webhook.LIMIT),
        Figure("receive_webhook after its first delivery, of that", taken["ready with SSM"] / bare, "x"),
    ]


def mails() -> list[Figure]:
    """How fast mails are made, beside the standard library writing the same MIME."""
    rendered, composed = rendering.mails_per_second()
    return [
        Figure("mails rendered a second", rendered),
        Figure("mails rendered and composed a second", composed),
        Figure(
            "a mail made, of the standard library writing it", rendering.library_per_second() / composed, "x"
        ),
    ]


def main() -> int:
    """Measure all, print the table; 1 when a bound is broken."""
    measured = [*states.measure(), *writes.measure(), *items.measure(), *starting(), *mails()]
    print(table(measured))
    broken = [figure.name.strip() for figure in measured if not figure.holds]
    for name in broken:
        print(f"bench: over its bound: {name}", file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
