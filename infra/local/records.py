"""What the stack's tables tell the inbox page: which mails did not go or had to wait, and why a customer got what they
got. Stored facts only, read when somebody asks.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from infra.deploy import explain, privacy
from infra.deploy.errors import DeployError
from infra.local.figures import scan
from infra.local.held import Held, grouped, never_went, stamp, waited
from infra.local.outputs import Outputs
from tidings.aws.codec import decode_item
from tidings.aws.customer_item import from_item
from tidings.customer import Customer


@dataclass(slots=True)
class Records:
    """Reads the tables of a stack that is up. Every call raises what boto3 raises when it is not."""

    outputs: Outputs
    _store: Any = None
    _key: bytes = b""

    def held(self) -> dict[str, Any]:
        """What did not go and what had to wait, by reason, each with its mails, the latest first."""
        ledger = [decode_item(item) for item in self._scan("sends")]
        people = {
            each.id: each for each in (from_item(decode_item(item)) for item in self._scan("customers"))
        }
        return {
            "at": stamp(int(self.outputs.clock.now().timestamp())),
            "never": _told(never_went(ledger), people),
            "waited": _told(waited(ledger), people),
        }

    def story(self, customer: str) -> dict[str, Any] | None:
        """What `make explain` tells of a customer; None when nobody has that id."""
        client, told = self._client(), self.outputs.values
        if not self._key:
            self._key = privacy.address_key(privacy.local_desk(told))
        try:
            found = explain.story_of(client, told["tables"], customer, self.outputs.clock, key=self._key)
        except DeployError:
            return None
        return found.data()

    def _client(self) -> Any:
        if self._store is None:
            self._store = self.outputs.client("dynamodb")
        return self._store

    def _scan(self, table: str) -> Iterator[dict[str, Any]]:
        return scan(self._client(), self.outputs.values["tables"][table])


def _told(held: Iterable[Held], people: Mapping[str, Customer]) -> list[dict[str, Any]]:
    """The groups as JSON; `words` where all in a group mean the same."""
    groups = []
    for reason, mails in grouped(held).items():
        meant = {each.words for each in mails}
        latest = sorted(mails, key=lambda each: each.at, reverse=True)
        groups.append(
            {
                "reason": reason,
                "words": meant.pop() if len(meant) == 1 else "",
                "mails": [asdict(each) | _person(people.get(each.customer)) for each in latest],
            }
        )
    return groups


def _person(customer: Customer | None) -> dict[str, str]:
    if customer is None:
        return {"name": "", "address": ""}
    name = " ".join(filter(None, (customer.get("first_name"), customer.get("last_name"))))
    return {"name": name, "address": customer.email or ""}
