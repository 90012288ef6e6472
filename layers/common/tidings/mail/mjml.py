"""MJML sources with Jinja2 in them: read into a tree, joined with layout and partials, made into HTML.

Build time only. MJML's engine knows nothing of Jinja2. So every tag of Jinja2 is hidden behind a placeholder
before the engine sees the source and put back into its HTML, where it works
unchanged in texts, attributes and styles. A whole `{% trans %}…{% endtrans %}` is one placeholder:
translators get what the author wrote, to the letter.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html.entities import name2codepoint
from pathlib import Path
from typing import Final
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

from jinja2 import Environment, TemplateSyntaxError
from mjml import mjml2html

from tidings.errors import BadInput
from tidings.words import hint

_OPEN, _CLOSE = "jinjaQ7", "7Qjinja"
"""Letters and digits only: the engine writes some attributes the way Rust prints strings."""
PLACEHOLDER: Final = re.compile(f"{_OPEN}(\\d+)\\s*{_CLOSE}")
_INCLUDE: Final = re.compile(r"\{%-?\s*include\s+(['\"])([\w./-]+)\1\s*-?%\}")
_CONTENT: Final = re.compile(r"\{\{-?\s*content\s*-?\}\}")
_ENTITIES: Final = "".join(
    f'<!ENTITY {name} "&#{code};">'
    for name, code in name2codepoint.items()
    if name not in ("lt", "gt", "amp", "quot")
)
_LEXER: Final = Environment(autoescape=True, keep_trailing_newline=True)

LOOPABLE: Final = frozenset({"mj-body", "mj-column"})
"""Where Jinja2 may stand between elements: each child makes whole HTML, Outlook's comments included."""

CLOSED: Final = frozenset(
    {"mjml", "mj-wrapper", "mj-section", "mj-group", "mj-social", "mj-navbar", "mj-hero"}
)
"""Where it may not: children share comments or widths that are fixed when the mail is built."""

_NAMES: Final = (
    "all attributes body breakpoint button class column divider font group head hero image preview raw "
    "section social social-element spacer style table text title wrapper"
)
ELEMENTS: Final = frozenset({"mjml", *(f"mj-{name}" for name in _NAMES.split())})


@dataclass(slots=True)
class Node:
    """An element and what is in it, with the place it came from."""

    tag: str
    attributes: dict[str, str]
    children: "list[Node | str]"
    file: Path
    line: int

    def at(self, message: str) -> BadInput:
        """A mistake at this element."""
        return BadInput(f"{self.file}:{self.line}: {message}")


@dataclass(slots=True)
class Hidden:
    """The Jinja2 tags of one mail, each behind its placeholder."""

    tags: list[str] = field(default_factory=list)

    def hide(self, source: str, file: Path) -> str:
        """`source` with its tags hidden; comments are dropped, lines stay where they are. Raises BadInput."""
        if _OPEN in source or _CLOSE in source:
            raise BadInput(f'{file}:1: "{_OPEN}" and "{_CLOSE}" are used inside: write something else')
        try:
            return "".join(self._placeholder(kind, text) for kind, text in _jinja_tags(source))
        except TemplateSyntaxError as error:
            raise BadInput(f"{file}:{error.lineno}: {error.message}") from None

    def _placeholder(self, kind: str, text: str) -> str:
        if kind == "data":
            return text
        lines = "\n" * text.count("\n")
        if kind == "comment":
            return lines
        self.tags.append(text)
        return f"{_OPEN}{len(self.tags) - 1}{lines}{_CLOSE}"

    def show(self, text: str, change: Callable[[str], str] = str) -> str:
        """`text` with its tags put back, each through `change`."""
        return PLACEHOLDER.sub(lambda match: change(self.tags[int(match[1])]), text)

    def split(self, text: str) -> list[str]:
        """`text` as plain pieces (even places) and tags (odd places)."""
        pieces = PLACEHOLDER.split(text)
        pieces[1::2] = [self.tags[int(number)] for number in pieces[1::2]]
        return pieces


def _jinja_tags(source: str) -> Iterator[tuple[str, str]]:
    """(`data`, `comment` or `tag`, text) of each piece of the source, in order."""
    tag, kind, in_trans, words = "", "", False, 0
    for _, piece, text in _LEXER.lex(source):
        if piece == "data" and not in_trans:
            yield "data", text
            continue
        tag += text
        if piece.endswith("_begin"):
            kind, words = piece, 0
        elif piece == "name" and kind == "block_begin":
            words += 1
            if words == 1 and text in ("trans", "endtrans"):
                in_trans = text == "trans"
        if piece.endswith("_end") and not in_trans:
            yield "comment" if piece == "comment_end" else "tag", tag
            tag = ""
    if tag:
        raise TemplateSyntaxError("{% trans %} is never closed", 1)


def read(hidden: Hidden, source: str, file: Path, first_line: int = 1) -> Node:
    """The elements in `source`, below a node named `fragment`. Raises BadInput with file and line."""
    padded = "\n" * (first_line - 1) + hidden.hide(source, file)
    root = Node("fragment", {}, [], file, first_line)
    open_nodes = [root]
    parser = expat.ParserCreate()

    def start(tag: str, attributes: dict[str, str]) -> None:
        node = Node(tag, attributes, [], file, parser.CurrentLineNumber)
        if tag == "fragment-root":
            return
        if tag.startswith("mj") and tag not in ELEMENTS:
            raise node.at(f'there is no "{tag}" in MJML{hint(tag, ELEMENTS)}')
        open_nodes[-1].children.append(node)
        open_nodes.append(node)

    def end(tag: str) -> None:
        if tag != "fragment-root":
            open_nodes.pop()

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = lambda text: open_nodes[-1].children.append(text)
    parser.buffer_text = True
    document = f"<!DOCTYPE x [{_ENTITIES}]><fragment-root>{padded}</fragment-root>"
    try:
        parser.Parse(document.encode("utf-8"), True)
    except expat.ExpatError as error:
        reason = expat.ErrorString(error.code)
        raise BadInput(
            f"{file}:{error.lineno}: {reason}: write MJML and HTML as XML, `<br/>`, `&amp;`"
        ) from None
    return root


@dataclass(frozen=True, slots=True)
class Sources:
    """Where a mail's pieces are read from."""

    hidden: Hidden
    read_partial: Callable[[str], Node]


def join(node: Node, sources: Sources, content: Node | None = None) -> Node:
    """`node` with its partials in the place of `{% include %}`, and `content` in that of `{{ content }}`.

    Tags of Jinja2 that stand between elements are wrapped in `mj-raw`. Raises BadInput where they may not.
    """
    joined = Node(node.tag, node.attributes, [], node.file, node.line)
    for child in node.children:
        if isinstance(child, Node):
            joined.children.append(join(child, sources, content))
        else:
            joined.children += _join_text(joined, child, sources, content)
    return joined


def _join_text(parent: Node, text: str, sources: Sources, content: Node | None) -> "list[Node | str]":
    found: list[Node | str] = []
    pieces = PLACEHOLDER.split(text)
    for index, piece in enumerate(pieces):
        if index % 2 == 0:
            found += _plain(parent, piece)
            continue
        tag = sources.hidden.tags[int(piece)]
        if include := _INCLUDE.fullmatch(tag):
            partial = sources.read_partial(include[2])
            for child in partial.children:
                inside = Node(parent.tag, {}, [child], partial.file, partial.line)
                found += join(inside, sources, content).children
        elif content is not None and _CONTENT.fullmatch(tag):
            inside = Node(parent.tag, {}, content.children, content.file, content.line)
            found += join(inside, sources).children
        else:
            found += _tag(parent, f"{_OPEN}{piece}{_CLOSE}", tag)
    return found


def _plain(parent: Node, text: str) -> "list[Node | str]":
    if parent.tag not in LOOPABLE | CLOSED:
        return [text]
    if text.strip():
        raise parent.at(f"the text “{text.strip()[:40]}” stands in {parent.tag}: put it into mj-text")
    return []


def _tag(parent: Node, placeholder: str, tag: str) -> "list[Node | str]":
    if parent.tag in CLOSED:
        raise parent.at(
            f"{tag} stands in {parent.tag}, where it would break the mail in Outlook: put it around a whole "
            "mj-section, inside an mj-column, or into an mj-table"
        )
    if parent.tag in LOOPABLE:
        return [Node("mj-raw", {}, [placeholder], parent.file, parent.line)]
    return [placeholder]


def serialize(node: Node) -> str:
    """The tree as MJML."""
    inside = "".join(child_text(child) for child in node.children)
    if node.tag == "fragment":
        return inside
    attributes = "".join(f" {name}={quoteattr(value)}" for name, value in node.attributes.items())
    return f"<{node.tag}{attributes}>{inside}</{node.tag}>" if inside else f"<{node.tag}{attributes}/>"


def child_text(child: "Node | str") -> str:
    """A child as MJML: escaped where it is text (but for `>`, which styles need)."""
    return serialize(child) if isinstance(child, Node) else child.replace("&", "&amp;").replace("<", "&lt;")


def to_html(tree: Node, hidden: Hidden, file: Path) -> str:
    """The HTML that MJML makes of the tree, with the tags of Jinja2 in their places. Raises BadInput."""
    source = serialize(tree)
    try:
        html = mjml2html(source)
    except ValueError as error:
        raise BadInput(f"{file}:1: MJML refuses this mail or its layout: {error}") from None
    for number in sorted(_used(tree) - set(PLACEHOLDER.findall(html)), key=int):
        raise BadInput(
            f"{file}:1: MJML drops {hidden.tags[int(number)]}: an attribute that must be a size can't hold it"
        )
    # SES looks for the bare word that XML can't say: docs.aws.amazon.com/ses/latest/dg/faqs-metrics.html
    return hidden.show(html.replace(' ses:no-track=""', " ses:no-track"))


def _used(node: Node) -> set[str]:
    """The placeholders that must appear in the HTML: all but those in defaults, which may lie idle."""
    if node.tag == "mj-attributes":
        return set()
    found = set(PLACEHOLDER.findall(" ".join(node.attributes.values())))
    for child in node.children:
        found |= _used(child) if isinstance(child, Node) else set(PLACEHOLDER.findall(child))
    return found
