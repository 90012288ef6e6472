"""From `workflows/<workflow>/emails/*.mjml.j2` to the Jinja2 source that a package carries. Build time only.

A mail is a front matter (subject, preheader, `text` where the derived text part won't do) and MJML with
Jinja2. It is joined with `workflows/layout.mjml.j2` and the partials that it includes, made into HTML, and
tried on made-up recipients, so that what reaches Lambda renders.
"""

import re
from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Any, Final

from jinja2 import TemplateSyntaxError, nodes

from tidings.errors import BadInput
from tidings.expressions.context import MAIL_NAMES
from tidings.mail import catalogues, mjml, plaintext, samples
from tidings.mail.extract import LAYOUT, extract
from tidings.mail.names import unknown_names
from tidings.mail.render import Mail, environment, render
from tidings.mail.source import SUFFIX as SUFFIX
from tidings.mail.source import Source, take_apart
from tidings.shop import Shop

MOST_BYTES: Final = 100_000
"""Gmail cuts off what is beyond 102 kB of HTML, the unsubscribe link first."""

_LAYOUT_NAMES: Final = {**MAIL_NAMES, "subject": str, "preheader": str, "content": str}
_TRANS: Final = re.compile(r"\{%-?\s*trans\b.*?endtrans\s*-?%\}", re.DOTALL)
_EMPTY_ADDRESS: Final = re.compile(r"\s(href|src)=\"\s*\"")
_READ: Final[dict[tuple[str, Path, frozenset[str]], tuple[str, ...]]] = {}
"""What is wrong with the layout and partials, by their text and the names they were read with: all mails share them."""
_LINK: Final = re.compile(r"href=\"([^\"]*)\"")


def compile_mails(workflow_dir: Path, shop: Shop, *, marketing: bool = True) -> dict[str, dict[str, Any]]:
    """Every mail of a workflow by its name: `subject`, `preheader`, `html` and `text`, each Jinja2 source, and its
    `translations`; a variant by `mail.variant`, whether it is a file of its own or stands in the front matter.

    A marketing mail must show the unsubscribe link and the shop's postal address, in HTML and text alike.
    Raises BadInput with every mistake, one a line, each `file:line: what`.
    """
    compiled: dict[str, dict[str, Any]] = {}
    variants: dict[str, dict[str, Any]] = {}
    mistakes: list[str] = []
    for file in sorted((workflow_dir / "emails").glob(f"*{SUFFIX}")):
        try:
            name, mail = file.name.removesuffix(SUFFIX), compile_mail(file, shop, marketing=marketing)
            compiled[name] = mail
            variants |= {
                f"{name}.{key}": each for key, each in _variants(file, mail, shop, marketing).items()
            }
        except BadInput as error:
            mistakes += str(error).splitlines()
    if mistakes:
        raise BadInput("\n".join(dict.fromkeys(mistakes)))
    return _translated({**variants, **compiled}, workflow_dir, shop)


def _translated(
    mails: dict[str, dict[str, Any]], workflow_dir: Path, shop: Shop
) -> dict[str, dict[str, Any]]:
    """The mails with their words in other languages. Raises BadInput when a catalogue would break one."""
    locales, name = workflow_dir.parent / "locales", workflow_dir.name
    known = catalogues.read(locales, (name, LAYOUT))
    if known:
        _refuse(catalogues.problems(locales, extract(workflow_dir.parent, shop, name), known))
    whole = {
        key: {**mail, "translations": catalogues.translations(mail, name, known, shop)}
        for key, mail in mails.items()
    }
    _refuse(_untellable(whole, locales, name, shop))
    return whole


def _untellable(
    mails: Mapping[str, Mapping[str, Any]], locales: Path, name: str, shop: Shop
) -> Iterator[str]:
    """What fails, or is empty, in a language for made-up recipients who read it."""
    for language in sorted({each for mail in mails.values() for each in mail["translations"]}):
        file = catalogues.path_of(locales, language, name)
        for about in (samples.full(shop, locale=language), samples.sparse(shop, locale=language)):
            for key, mail in mails.items():
                try:
                    sent = render(mail, about)
                except Exception as error:  # noqa: BLE001 - whatever a translation raises is its author's to mend
                    yield f"{file}:1: {key} fails: {type(error).__name__}: {error}"
                    continue
                if not sent.subject or not sent.preheader:
                    yield f"{file}:1: {key} has no subject or preheader for some customers"


def compile_mail(file: Path, shop: Shop, *, marketing: bool = True) -> dict[str, str]:
    """One mail, whose workflows folder holds the layout and partials. Raises BadInput."""
    source, root = take_apart(file), file.parent.parent.parent
    _refuse(_mistakes(source))
    hidden = mjml.Hidden()
    names = {**MAIL_NAMES, **_own_names(source)}
    pieces = mjml.Sources(hidden, lambda name: _piece(hidden, root / "partials" / name, file, names))
    layout = _piece(hidden, root / f"layout{SUFFIX}", file, _LAYOUT_NAMES)
    body = mjml.read(hidden, source.body, file, source.first_line)
    tree = mjml.join(layout, pieces, body)
    mail = {
        "subject": source.front.subject,
        "preheader": source.front.preheader,
        "html": mjml.to_html(tree, hidden, file),
        "text": source.front.text or plaintext.derive(tree, hidden),
    }
    _refuse(_findings(mail, file, shop, marketing))
    return mail


def _variants(file: Path, mail: Mapping[str, str], shop: Shop, marketing: bool) -> dict[str, dict[str, str]]:
    """The variants of the front matter, by name. Raises BadInput."""
    source = take_apart(file)
    found = {}
    for name, variant in source.front.variants.items():
        told = variant.model_dump(exclude_none=True)
        line = source.lines["variants"]
        _refuse(each for text in told.values() for each in _template_mistakes(text, file, line, MAIL_NAMES))
        found[name] = {**mail, **told}
        _refuse(_findings(found[name], file, shop, marketing))
    return found


def _own_names(source: Source) -> dict[str, Any]:
    """What the mail itself has `set`: its partials may name it, too."""
    assigned = environment(True).parse(source.body).find_all(nodes.Assign)
    targets = (name for each in assigned for name in (each.target, *each.target.find_all(nodes.Name)))
    return {target.name: Any for target in targets if isinstance(target, nodes.Name)}


def _piece(hidden: mjml.Hidden, path: Path, wanted_by: Path, names: Mapping[str, Any]) -> mjml.Node:
    """The layout or a partial, its names checked."""
    try:
        text = path.read_text("utf-8")
    except OSError:
        raise BadInput(f"{wanted_by}:1: there is no {path}") from None
    key = text, path, frozenset(names)
    if key not in _READ:
        _READ[key] = tuple(_template_mistakes(text, path, 1, names))
    _refuse(iter(_READ[key]))
    return mjml.read(hidden, text, path)


def _mistakes(source: Source) -> Iterator[str]:
    yield from _template_mistakes(source.body, source.file, source.first_line, MAIL_NAMES)
    for name in ("subject", "preheader", "text"):
        value = getattr(source.front, name)
        if value is not None:
            yield from _template_mistakes(value, source.file, source.lines[name], MAIL_NAMES)


def _template_mistakes(text: str, file: Path, first_line: int, names: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with a template by itself: syntax, filters, names, links that the text would lose."""
    padded = "\n" * (first_line - 1) + text
    try:
        template = environment(True).parse(padded)
        environment(True).compile(template, filename=str(file), raw=True)
    except TemplateSyntaxError as error:
        yield f"{file}:{error.lineno}: {error.message}"
        return
    for line, problem in unknown_names(template, names):
        yield f"{file}:{line}: {problem}"
    for match in _TRANS.finditer(padded):
        if "<a " in match[0]:
            line = padded.count("\n", 0, match.start()) + 1
            yield f"{file}:{line}: the text part loses links inside {{% trans %}}: put the link around it"


def _findings(mail: Mapping[str, str], file: Path, shop: Shop, marketing: bool) -> Iterator[str]:
    """What is wrong with the finished mail, as made-up recipients get it."""
    for who, made in (("all", samples.full), ("next to nothing", samples.sparse)):
        try:
            sent = render(mail, made(shop, marketing=marketing))
        except Exception as error:  # noqa: BLE001 - whatever a template raises is its author's to mend
            yield f"{file}:1: fails for a customer of whom {who} is known: {type(error).__name__}: {error}"
            return
        if not sent.subject or not sent.preheader:
            yield f"{file}:1: no subject or preheader for a customer of whom {who} is known"
        if found := _EMPTY_ADDRESS.search(sent.html):
            yield f"{file}:1: an empty {found[1]} when {who} is known of a customer: put it into {{% if … %}}"
        if (size := len(sent.html.encode())) > MOST_BYTES:
            yield f"{file}:1: {size:,} bytes of HTML: Gmail shows no more than {MOST_BYTES:,}"
        if marketing:
            yield from _legal(sent, file, shop)


def _legal(sent: Mail, file: Path, shop: Shop) -> Iterator[str]:
    """What the law and mailbox providers ask of marketing mail."""
    if escape(samples.UNSUBSCRIBE) not in _LINK.findall(sent.html):
        yield f"{file}:1: a marketing mail needs a link to {{{{ unsubscribe_url }}}} in its HTML"
    if samples.UNSUBSCRIBE not in sent.text:
        yield f"{file}:1: a marketing mail needs {{{{ unsubscribe_url }}}} in its text part, too"
    for part, lines in (("HTML", [escape(line) for line in shop.address]), ("text part", shop.address)):
        if not all(line in (sent.html if part == "HTML" else sent.text) for line in lines):
            yield f"{file}:1: a marketing mail needs the postal address in its {part}: {{{{ shop.address }}}}"


def _refuse(mistakes: Iterator[str]) -> None:
    found = list(dict.fromkeys(mistakes))
    if found:
        raise BadInput("\n".join(found))
