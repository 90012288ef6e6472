"""How often anybody may send what anybody can send: from one place, in one address's name, and in all. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv6Address, ip_address
from typing import Final

from tidings import ports

HOUR: Final = 3600
DAY: Final = 24 * HOUR

FROM_ONE_PLACE: Final = 10
"""Messages an hour from one network address: an office has one, too."""

TO_ONE_ADDRESS: Final = 3
"""Messages a day in one address's name: whoever types a stranger's can't have them flooded."""

IN_ALL: Final = 200
"""Messages an hour, whoever they come from: what a shop can read, and what a flood may cost it."""


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` in each span of `seconds`, of whatever `key` names. `about` says in a word what that is."""

    about: str
    key: str
    most: int
    seconds: int


def limits(page: str, visitor: str, address: str) -> list[Limit]:
    """What a message counts towards. `visitor` and `address` are keyed hashes: of the network address that it comes
    from, and of the e-mail address in whose name it is. The narrowest first, so that one place that sends without end
    does not use up everybody's share."""
    return [
        Limit("place", f"{page}:from:{visitor}", FROM_ONE_PLACE, HOUR),
        Limit("address", f"{page}:to:{address}", TO_ONE_ADDRESS, DAY),
        Limit("all", f"{page}:all", IN_ALL, HOUR),
    ]


def reached(limits: Sequence[Limit], counter: ports.Limits, machine_now: datetime) -> Limit | None:
    """Count one more towards each; the first that is reached, None while there is room."""
    now = int(machine_now.timestamp())
    for each in limits:
        window = now // each.seconds
        ends = (window + 1) * each.seconds
        if not counter.take(f"{each.key}:{window}", each.most, ends + HOUR):
            return each
    return None


def place(origin: str) -> str:
    """A network address, of version 6 its first half: one household has 2^64 of them."""
    try:
        found = ip_address(origin.strip())
    except ValueError:
        return "unknown"
    if not isinstance(found, IPv6Address):
        return str(found)
    return str(found.ipv4_mapped) if found.ipv4_mapped else IPv6Address(int(found)).exploded[:19]
