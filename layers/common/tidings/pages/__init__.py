"""What a recipient's click does. GET shows and changes nothing, since scanners follow links; POST acts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tidings import ports
from tidings.clock import Clock
from tidings.customer import epoch
from tidings.events import Event, customer_identity
from tidings.links import Unsubscribe, read_unsubscribe


@dataclass(frozen=True, slots=True)
class Pages:
    """The pages behind the links in mails."""

    events: ports.Events
    suppressions: ports.Suppressions
    link_keys: Callable[[], Mapping[str, bytes]]
    clock: Clock

    def check(self, token: str) -> Unsubscribe:
        """Whom a link is for; raises `NotFound` when the shop did not make it."""
        return read_unsubscribe(token, self.link_keys())

    def unsubscribe(self, token: str) -> None:
        """Unsubscribe at once (RFC 8058): the suppression counts before the event is folded. Safe to repeat."""
        link = self.check(token)
        now = self.clock.now()
        self.suppressions.put(ports.Suppression(link.address, "unsubscribed", epoch(now)))
        self.events.put(
            Event(
                id=f"page:unsubscribed:{link.send}:{now:%Y%m%dT%H%M%S}",
                type="unsubscribed",
                at=now,
                received_at=now,
                source="page",
                identity=customer_identity(link.customer),
                properties={"send_id": link.send},
            )
        )
