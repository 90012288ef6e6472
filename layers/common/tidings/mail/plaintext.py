"""The text part of a mail, derived from its MJML. Build time only: what comes out is Jinja2 source again.

Derived, so that it says what the HTML says, in every language, without being written twice. Loops and
conditions stay in their places; links keep their addresses; pictures are left out.
"""

import re
from typing import Final

from tidings.mail.mjml import PLACEHOLDER, Hidden, Node

_GAP: Final = re.compile(r"[ \t\r\n\u00a0]+")
_AROUND_BREAK: Final = re.compile(r" *\n *")
_MARKED_UP: Final = re.compile(r"<[a-z/]|&[a-z#]")
_STATEMENT: Final = re.compile(r"\{%-?\s*(?!trans)")
_BLOCKS: Final = frozenset({"p", "div", "h1", "h2", "h3", "h4", "ul", "ol", "tr", "table"})
NO_TEXT: Final = "no-text"
"""The `css-class` of an element that says nothing in words: stars, a bar."""

_SILENT: Final = frozenset({"mj-head", "mj-image", "mj-spacer", "mj-style", "img", "style", "head"})


def derive(tree: Node, hidden: Hidden) -> str:
    """The text part's Jinja2 source for a joined tree."""
    text = _AROUND_BREAK.sub("\n", _block(tree, hidden))
    text = re.sub(r"\n{3,}", "\n\n", text).strip()
    return hidden.show(text, _for_text) + "\n"


def _for_text(tag: str) -> str:
    """A translatable text with markup is rendered as HTML, which its translation is too, then made plain."""
    if tag.lstrip("{%- ").startswith("trans") and _MARKED_UP.search(tag):
        return f"{{% autoescape true %}}{{% filter plain %}}{tag}{{% endfilter %}}{{% endautoescape %}}"
    return tag


def _block(node: Node, hidden: Hidden) -> str:
    """The text of an element that holds others, each on lines of its own."""
    if node.tag in _SILENT or NO_TEXT in node.attributes.get("css-class", "").split():
        return ""
    if node.tag in ("mj-text", "mj-table"):
        return f"\n\n{_inline(node, hidden)}\n\n"
    if node.tag in ("mj-button", "mj-social-element"):
        return f"\n\n{_inline(node, hidden).strip()}: {node.attributes.get('href', '')}\n\n"
    if node.tag == "mj-divider":
        return "\n\n-- \n\n" if node.attributes.get("css-class") == "signature" else "\n\n"
    if node.tag == "mj-raw":
        return _raw(node, hidden)
    return "".join(_block(child, hidden) for child in node.children if isinstance(child, Node))


def _raw(node: Node, hidden: Hidden) -> str:
    """A statement between elements, on its own line; other raw HTML gives its text."""
    only = node.children[0] if len(node.children) == 1 else ""
    if isinstance(only, str) and PLACEHOLDER.fullmatch(only):
        return f"\n{only}\n"
    return _inline(node, hidden)


def _inline(node: Node, hidden: Hidden) -> str:
    if node.tag in _SILENT:
        return ""
    if node.tag == "br":
        return "\n"
    inside = "".join(
        _inline(child, hidden) if isinstance(child, Node) else _text(child, node, hidden)
        for child in node.children
    )
    if node.tag == "a":
        return _link(inside.strip(), node.attributes.get("href", ""), hidden)
    if node.tag == "li":
        return f"\n- {inside.strip()}"
    if node.tag == "td":
        return f"{inside.strip()} " if inside.strip() else ""
    return f"\n\n{inside.strip()}\n\n" if node.tag in _BLOCKS else inside


def _text(text: str, parent: Node, hidden: Hidden) -> str:
    """Running text with its gaps closed; between a table's rows only statements count, each on its line."""
    if parent.tag in ("mj-table", "table", "tbody"):
        return "".join(f"\n{match[0]}\n" for match in PLACEHOLDER.finditer(text))
    if parent.tag == "tr":
        return "".join(match[0] for match in PLACEHOLDER.finditer(text))
    return _GAP.sub(" ", text)


def _link(label: str, address: str, hidden: Hidden) -> str:
    """`label <address>`; the label alone where it is the address, nothing for a picture's link."""
    bare = hidden.show(address).removeprefix("mailto:")
    return f"{label} <{address}>" if label and hidden.show(label) != bare else label
