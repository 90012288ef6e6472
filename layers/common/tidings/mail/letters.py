"""A letter becomes MIME: context, rendering, headers, the signed link by which its reader leaves."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from tidings.clock import Clock
from tidings.customer import moment
from tidings.events import customer_identity
from tidings.expressions.context import context
from tidings.expressions.views import JourneyView
from tidings.goods.recommend import Lookup
from tidings.links import UNSUBSCRIBE, Doors
from tidings.mail.known import LASTS, known
from tidings.mail.render import compose, mailbox, render, unsubscribe_headers
from tidings.mail.tagged import Shelf
from tidings.steps.sending import Letter
from tidings.tids import make_tid


@dataclass(frozen=True, slots=True)
class Composer:
    """Answers `steps.Composer`. `pages_url` is the base of links, without a slash at its end; `look_up` asks the
    catalogue for products that a mail recommends; `tid_keys` sign who comes to the shop by a link."""

    pages_url: str
    link_keys: Callable[[], Mapping[str, bytes]]
    clock: Clock
    look_up: Lookup | None = None
    tid_keys: Callable[[], Mapping[str, bytes]] = dict

    def __call__(self, letter: Letter) -> bytes:
        """The mail as MIME."""
        shop = letter.package.shop
        doors = self._doors(letter)
        shelf = Shelf(shop.url, dict(letter.products), self.look_up)
        url = doors.url(UNSUBSCRIBE) if letter.package.workflow.is_marketing else None
        mail = render(
            dict(letter.package.mails[letter.mail]),
            context(
                event=letter.event,
                customer=letter.customer,
                journey=JourneyView(letter.journey, letter.package.workflow.id, moment(letter.entered_at)),
                shop=shop,
                now=self.clock.now(),
                unsubscribe_url=url,
                pages=doors,
                products=letter.products,
                look_up=shelf.look_up,
                coupon=letter.coupon,
                arrived=letter.arrived,
            ),
        )
        mail = replace(mail, html=shelf.tagged(mail.html))
        if keys := self.tid_keys():
            tid = make_tid(customer_identity(letter.customer.id), self.clock.now() + LASTS, keys)
            mail = known(mail, shop.url, tid)
        sender = mailbox(shop.sender.address, shop.sender.name)
        headers = unsubscribe_headers(url) if url else {}
        if shop.reply_to:
            headers["Reply-To"] = shop.reply_to
        return compose(mail, sender, mailbox(letter.address), headers)

    def _doors(self, letter: Letter) -> Doors:
        return Doors(
            self.pages_url, letter.customer.id, letter.address_alias, letter.send_id, self.link_keys()
        )
