"""What a browser sends with a form beside what is entered."""

from html.parser import HTMLParser


def hidden_fields(html: str) -> dict[str, list[str]]:
    """What the first form of a page sends besides what people enter."""
    reader = _Form()
    reader.feed(html)
    return reader.found


class _Form(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, list[str]] = {}
        self._forms = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        self._forms += tag == "form"
        if tag == "input" and self._forms == 1 and told.get("type") == "hidden" and told.get("name"):
            self.found.setdefault(str(told["name"]), []).append(told.get("value") or "")
