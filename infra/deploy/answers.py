"""What people wrote on the shop's forms, to be read by a person: `make answers`."""

import os
import sys
import textwrap
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from infra.deploy import operate
from infra.deploy.errors import DeployError
from infra.deploy.privacy import Desk, desk
from tidings.aws.events_table import from_image
from tidings.clock import Clock, SystemClock, from_json
from tidings.events import Event

TYPES: Final = ("lead_captured", "review_posted", "form_answered")
WRITTEN: Final = ("message", "text", "comment")
"""Properties that hold somebody's own words."""

_SHOWN: Final = ("name", "contact_email", "score", "rating", "product_id", "order_id", "form")


def answers(at: Desk, days: str, clock: Clock | None = None) -> str:
    """Everything that was written in the last days by the shop's clock, the latest first; it reads the whole Events
    table."""
    days = days or "30"
    if not days.isdecimal() or not 0 < int(days) <= 3660:
        raise DeployError("say how many days back: make answers DAYS=7")
    since = (clock or SystemClock()).now() - timedelta(days=int(days))
    found = sorted(_written(at, since), key=lambda event: event.at, reverse=True)
    return "\n\n".join(map(shown, found)) or f"nobody wrote anything in the last {days} days"


def shown(event: Event) -> str:
    """One of them: when, what and who, then the words."""
    told = event.properties
    facts = [f"{name} {told[name]}" for name in _SHOWN if told.get(name) not in (None, "")]
    head = " · ".join([f"{event.at:%Y-%m-%d %H:%M} UTC", event.type.replace("_", " "), *facts])
    who = f"  customer {event.identity}"
    words = [str(told[name]) for name in WRITTEN if told.get(name)]
    lines = [part for text in words for line in text.splitlines() for part in textwrap.wrap(line, 96) or [""]]
    return "\n".join([head, who, *(f"  | {_plain(line)}" for line in lines)])


def _plain(line: str) -> str:
    """Without what a terminal would obey."""
    return "".join(letter if letter.isprintable() else " " for letter in line)


def _written(at: Desk, since: datetime) -> Iterator[Event]:
    names = {"#type": "type", "#at": "at"}
    values: dict[str, Any] = {f":{number}": {"S": name} for number, name in enumerate(TYPES)}
    pages = (
        at.connect("dynamodb")
        .get_paginator("scan")
        .paginate(
            TableName=at.events_table,
            FilterExpression=f"#type IN ({', '.join(values)}) AND #at >= :since",
            ExpressionAttributeNames=names,
            ExpressionAttributeValues={**values, ":since": {"S": since.isoformat().replace("+00:00", "Z")}},
        )
    )
    for page in pages:
        for item in page["Items"]:
            event = from_image(item)
            if any(event.properties.get(name) for name in WRITTEN):
                yield event


def main(days: str, stack: str) -> int:
    """Print them; returns the exit code."""
    try:
        print(answers(desk(stack), days, from_json(operate.place(stack).clock)))
    except (DeployError, ClientError, BotoCoreError) as error:
        print(f"make answers: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main("".join(sys.argv[1:2]), os.environ.get("STACK", "")))
