"""Reading finished HTML the way browsers and Outlook do, to say what is wrong with it."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

VOID = frozenset({"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"})
_OUTLOOK = re.compile(r"<!--\[if (?:mso|lte mso)[^\]]*\]>(.*?)<!\[endif\]-->", re.DOTALL)
_OTHERS = re.compile(r"<!--\[if !mso\]><!-->(.*?)<!--<!\[endif\]-->", re.DOTALL)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.problems: list[str] = []
        self.tags: list[tuple[str, tuple[tuple[str, str | None], ...]]] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(attrs)))
        if len({name for name, _ in attrs}) != len(attrs):
            self.problems.append(f"an attribute twice in <{tag}>")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if not self.open or self.open[-1] != tag:
            self.problems.append(f"</{tag}> where {self.open[-1:]} is open, line {self.getpos()[0]}")
        else:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "title"):
            self.words.append(data)


def _read(html: str) -> _Reader:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    if reader.open:
        reader.problems.append(f"never closed: {reader.open}")
    return reader


def problems(html: str) -> list[str]:
    """Tags that don't balance, as everybody reads the mail and as Outlook does, which sees inside the comments."""
    outlook = _OTHERS.sub("", html)
    outlook = _OUTLOOK.sub(lambda match: match[1], outlook)
    return [*_read(html).problems, *(f"Outlook: {each}" for each in _read(outlook).problems)]


def shape(html: str) -> list[tuple[str, tuple[str, ...]]]:
    """Every tag with the names of its attributes: what no customer's data may change."""
    return [(tag, tuple(name for name, _ in attributes)) for tag, attributes in _read(html).tags]


def addresses(html: str) -> Iterator[str]:
    """What every href and src points to."""
    for _, attributes in _read(html).tags:
        yield from (value or "" for name, value in attributes if name in ("href", "src"))


def buttons(html: str) -> Iterator[str]:
    """What the buttons point to: MJML makes them links that stand by themselves."""
    for tag, attributes in _read(html).tags:
        told = dict(attributes)
        if tag == "a" and "inline-block" in (told.get("style") or ""):
            yield told.get("href") or ""


def words(html: str) -> str:
    """What a reader sees, in one line."""
    return re.sub(r"\s+", " ", " ".join(_read(html).words)).strip()
