"""The messages of a shop's mails: what people read in them, to be translated. Build time only.

A subject and a preheader are messages as a whole, the tags of Jinja2 in them included; in MJML and in a text part
those in `{% trans %}` are.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from tidings.mail.language import CONTEXT
from tidings.mail.render import environment
from tidings.mail.source import SUFFIX, take_apart
from tidings.shop import Shop

LAYOUT: Final = "_layout"
"""The catalogue of the layout and the partials; each workflow has one of its own name."""


PAGES: Final = "pages"
"""The catalogue of the pages behind links."""


@dataclass(slots=True)
class Message:
    """What one text says, `many` where it is counted, and the files that say it, with a word on where in them.

    `whole` is a subject or preheader, a template itself; `block` is in `{% trans %}`; the same text may be both.
    """

    one: str
    many: str | None = None
    about: str | None = None
    whole: bool = False
    block: bool = False
    files: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def key(self) -> str:
        """What it is looked up by."""
        return self.one if self.about is None else f"{self.about}{CONTEXT}{self.one}"


Messages = dict[str, Message]
"""Messages by their key, in the order in which they were found."""


def said(template: str) -> Iterator[Message]:
    """The messages in a template, in its order."""
    for function, found in _said(template):
        texts = [text for text in ([found] if isinstance(found, str) else found) if text is not None]
        about = texts.pop(0) if function in ("pgettext", "npgettext") else None
        many = texts[1] if function in ("ngettext", "npgettext") else None
        yield Message(texts[0], many, about, block=True)


@lru_cache(maxsize=1024)
def _said(template: str) -> tuple[tuple[str, Any], ...]:
    """Which function is called for which texts; the same parts come again in every mail."""
    found = environment(True).extract_translations(template)  # type: ignore[attr-defined]
    return tuple((function, texts) for _, function, texts in found)


def of_shop(shop: Shop) -> Iterator[Message]:
    """What the shop's settings say to customers."""
    if shop.tagline:
        yield Message(shop.tagline, files=["shop.yaml"], notes=["Tagline"])
    for name, coupon in shop.coupons.items():
        if coupon.description:
            yield Message(coupon.description, files=["shop.yaml"], notes=[f"Coupon {name}"])


def of_choices(shop: Shop) -> Iterator[Message]:
    """What the shop's settings give customers to choose among, on pages."""
    for note, titles in (("Topic", shop.topics), ("Interest", shop.interests), ("Reward", shop.rewards)):
        for name, title in titles.items():
            yield Message(title, files=["shop.yaml"], notes=[f"{note} {name}"])


def extract(root: Path, shop: Shop, workflow: str = "*") -> dict[str, Messages]:
    """The messages of a `workflows` folder by catalogue: all, or those of the layout and one workflow."""
    shared: Messages = {}
    for path in (root / f"layout{SUFFIX}", *sorted((root / "partials").glob(f"*{SUFFIX}"))):
        _add(shared, said(path.read_text("utf-8")), path.relative_to(root))
    for said_by_shop in (of_shop(shop), of_choices(shop)):
        _add(shared, said_by_shop, Path("shop.yaml"))
    found = {LAYOUT: shared}
    for folder in sorted(path.parent for path in root.glob(f"{workflow}/emails")):
        found[folder.name] = {}
        for path in sorted(folder.glob(f"emails/*{SUFFIX}")):
            _add(found[folder.name], _in_mail(path), path.relative_to(root))
    return found


def _in_mail(path: Path) -> Iterator[Message]:
    source = take_apart(path)
    fronts: list[tuple[str, str | None, str | None]] = [("", source.front.subject, source.front.preheader)]
    fronts += [
        (f", variant {name}", each.subject, each.preheader) for name, each in source.front.variants.items()
    ]
    for variant, subject, preheader in fronts:
        for note, text in ((f"Subject{variant}", subject), (f"Preheader{variant}", preheader)):
            if text:
                yield Message(text, whole=True, notes=[note])
    yield from said(source.body)
    if source.front.text:
        yield from said(source.front.text)


def _add(found: Messages, messages: Iterator[Message], path: Path) -> None:
    for message in messages:
        known = found.setdefault(message.key, message)
        known.many = known.many or message.many
        known.whole, known.block = known.whole or message.whole, known.block or message.block
        known.notes += [note for note in message.notes if note not in known.notes]
        if path.as_posix() not in known.files:
            known.files.append(path.as_posix())


def of_pages(folder: Path) -> dict[str, Messages]:
    """The messages of the pages behind links, which have one catalogue."""
    found: Messages = {}
    for path in sorted(folder.rglob("*.html.j2")):
        _add(found, said(path.read_text("utf-8")), Path(path.name))
    return {PAGES: found}
