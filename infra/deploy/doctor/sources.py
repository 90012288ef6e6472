"""The secrets, and the shop's side: whether what should be delivered is delivered."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from infra.deploy.doctor.facts import Check, Finding, Hook, Key, Source, fail, ok, warn
from tidings.sources.shopify import TOPICS as SHOPIFY
from tidings.sources.woocommerce import TOPICS as WOOCOMMERCE

SILENT: Final = timedelta(days=7)
SHORT: Final = 16
"""Characters below which a secret can be guessed, or is one of an example."""

KEY: Final = 32
"""Characters below which a key is short; `make deploy` makes them of 64."""

MUST: Final = {"shopify": {"orders/create"}, "woocommerce": {"order.created", "order.updated"}}
RARE: Final = {
    "shopify": {"carts/create", "carts/update", "orders/fulfilled"},
    "woocommerce": {"order.restored", "product.restored"},
}
"""Topics that a shop may do without."""


def lasting(keys: Sequence[Key]) -> Iterator[Finding]:
    """Without them nobody is recognised and no link holds."""
    worried = False
    for key in keys:
        if not key.lengths:
            worried = True
            yield fail(f"{key.name} is not set", "make deploy makes it; restore it if there was one before")
        elif min(key.lengths) < KEY:
            worried = True
            yield fail(
                f"{key.name} is short or of another form: it could be guessed",
                "docs/operations.md, Secrets: put a new one first (the address key: before the first customer)",
            )
    if not worried:
        yield ok(", ".join(key.name for key in keys))


def secrets(sources: Sequence[Source]) -> Iterator[Finding]:
    """A source without a secret refuses everything."""
    used = [source for source in sources if source.secrets]
    if not used:
        yield fail(
            "no source has a secret: every webhook is refused",
            "aws ssm put-parameter --type SecureString --name <prefix>/webhooks/<source> --value <secret>",
        )
    for source in sources:
        yield from _secret(source)


def _secret(source: Source) -> Iterator[Finding]:
    if not source.secrets:
        if source.refused:
            yield fail(
                f"{source.name}: {source.refused} deliveries in a day were refused, as no secret is set",
                f"put the shop's signing secret into <prefix>/webhooks/{source.name}",
            )
        return
    if min(source.secrets) < SHORT:
        yield warn(
            f"{source.name}: a secret is under {SHORT} characters", "use a long random one, and rotate"
        )
    if source.refused is None:
        yield warn(
            f"{source.name}: set; how many deliveries were refused could not be looked up",
            "let whoever asks read receive_webhook's log (logs:StartQuery, logs:GetQueryResults)",
        )
    elif source.refused:
        text = f"{source.name}: {source.refused} deliveries in a day were refused for their signature"
        mend = "the shop signs with another secret: enter the same on both sides (two may stand while you rotate)"
        yield warn(f"{text}, others were not", mend) if source.last else fail(text, mend)
    elif min(source.secrets) >= SHORT:
        yield ok(f"{source.name}: {'two secrets' if len(source.secrets) > 1 else 'set'}")


def arrivals(sources: Sequence[Source], now: datetime, addresses: Mapping[str, str]) -> Iterator[Finding]:
    """Silence of a source that has a secret."""
    used = [source for source in sources if source.secrets]
    for source in used:
        if source.last is None:
            yield warn(
                f"{source.name}: nothing arrived in {SILENT.days} days",
                f"deliver to {addresses.get(source.name, 'the address of the outputs')}",
            )
        elif now - source.last > SILENT:
            yield warn(
                f"{source.name}: last heard {source.last:%Y-%m-%d}", "is the webhook still there, and active?"
            )
        else:
            yield ok(f"{source.name}: last heard {source.last:%Y-%m-%d %H:%M} UTC")
    if not used:
        yield ok("no source is in use")


def subscriptions(shopify: Sequence[Hook], addresses: Mapping[str, str]) -> Iterator[Finding]:
    """Those of the app whose token was given."""
    return _hooks("shopify", addresses, shopify, frozenset(SHOPIFY))


def webhooks(woocommerce: Sequence[Hook], addresses: Mapping[str, str]) -> Iterator[Finding]:
    """Those in WooCommerce's settings."""
    return _hooks("woocommerce", addresses, woocommerce, frozenset(WOOCOMMERCE))


def _hooks(
    source: str, addresses: Mapping[str, str], hooks: Sequence[Hook], topics: frozenset[str]
) -> Iterator[Finding]:
    address = addresses.get(source, "")
    here = {hook.topic for hook in hooks if hook.address.rstrip("/") == address and hook.active}
    off = sorted(hook.topic for hook in hooks if hook.address.rstrip("/") == address and not hook.active)
    if off:
        yield fail(
            f"switched off after failures, or paused: {', '.join(off)}",
            "mend what refused them, then set them to active; make reconcile fetches what was missed",
        )
    missing = topics - here - RARE[source]
    if missing & MUST[source]:
        yield fail(
            f"not delivered to {address}: {', '.join(sorted(missing & MUST[source]))}",
            "add a webhook for each topic",
        )
    elif missing:
        yield warn(
            f"not delivered: {', '.join(sorted(missing))}", f"add them, if they are wanted, to {address}"
        )
    elif not off:
        yield ok(f"{len(here)} topics are delivered")


CHECKS: Final = (
    Check("keys", ("keys",), lasting),
    Check("secrets", ("sources",), secrets),
    Check("arrivals", ("sources", "now", "addresses"), arrivals),
    Check("shopify", ("shopify", "addresses"), subscriptions),
    Check("woocommerce", ("woocommerce", "addresses"), webhooks),
)
