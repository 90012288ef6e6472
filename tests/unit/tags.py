"""What a page's HTML is made of, for tests that look at it."""

from html.parser import HTMLParser


class Tags(HTMLParser):
    """The elements of a page, in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note it."""
        self.tags.append((tag, dict(attrs)))

    def of(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of every such tag."""
        return [attributes for name, attributes in self.tags if name == tag]

    def named(self, name: str) -> list[dict[str, str | None]]:
        """The fields of this name."""
        return [told for _, told in self.tags if told.get("name") == name]

    @property
    def showing(self) -> str:
        """The page's stamp."""
        return str(self.named("showing")[0]["value"])
