"""Catalogues: `locales/<language>/LC_MESSAGES/<workflow>.po`, read, checked and made into what a package carries.

Build time only. A catalogue that would break a mail is refused; one that lacks words only keeps its language from the
mails concerned, which then go out in the shop's own.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from babel.core import Locale, UnknownLocaleError
from babel.messages.catalog import Catalog
from babel.messages.catalog import Message as Entry
from babel.messages.pofile import PoFileError, read_po
from jinja2 import TemplateSyntaxError, nodes

from tidings.errors import BadInput
from tidings.expressions.context import MAIL_NAMES
from tidings.mail.extract import LAYOUT, PAGES, Message, Messages, of_choices, of_pages, of_shop, said
from tidings.mail.language import CONTEXT, Translation
from tidings.mail.names import unknown_names
from tidings.mail.render import environment
from tidings.shop import Shop

_VALUE: Final = re.compile(r"%(?:\((\w+)\)s|%)?")
_MARKUP: Final = re.compile(r"<[^<>]*>|&#?\w+;|[<>&]")

Catalogues = Mapping[str, Mapping[str, Catalog]]
"""By language and name."""


def path_of(locales: Path, language: str, name: str) -> Path:
    """Where a catalogue lies."""
    return locales / language / "LC_MESSAGES" / f"{name}.po"


def languages(locales: Path) -> list[str]:
    """The languages that have a folder."""
    return sorted(path.parent.name for path in locales.glob("*/LC_MESSAGES"))


def read(locales: Path, names: Sequence[str] | None = None) -> dict[str, dict[str, Catalog]]:
    """Every catalogue there is, or those of these names. Raises BadInput with `file:line: what`."""
    found: dict[str, dict[str, Catalog]] = {}
    for language in languages(locales):
        try:
            Locale.parse(language)
        except (ValueError, UnknownLocaleError):
            where = locales / language
            raise BadInput(f"{where}:1: no such language: name it `de`, `pt_BR`, `zh_Hant`") from None
        folder = path_of(locales, language, "x").parent
        found[language] = {
            path.stem: _catalogue(path, language, path.stat().st_mtime_ns)
            for path in sorted(folder.glob("*.po"))
            if names is None or path.stem in names
        }
    return found


@lru_cache(maxsize=1024)
def _catalogue(path: Path, language: str, changed_at: int) -> Catalog:
    try:
        return read_po(BytesIO(path.read_bytes()), locale=language, abort_invalid=True)
    except PoFileError as error:
        line = error.lineno if error.lineno is not None and error.lineno > 0 else 1
        raise BadInput(f"{path}:{line}: {error}") from None
    except UnicodeDecodeError:
        raise BadInput(f"{path}:1: is not UTF-8") from None


def forms(catalogue: Catalog | None, message: Message) -> list[str]:
    """A message's translation in all its forms, none when there is none to go by."""
    entry = catalogue.get(message.one, message.about) if catalogue is not None else None
    if entry is None or entry.fuzzy or isinstance(entry.id, str) != (message.many is None):
        return []
    found = [entry.string] if isinstance(entry.string, str) else list(entry.string or ())
    return found if all(found) else []


def translations(
    mail: Mapping[str, str], workflow: str, catalogues: Catalogues, shop: Shop
) -> dict[str, Translation]:
    """The words of a compiled mail in each language into which all of it is translated.

    The language in which it was written needs none; what it has stands in the place of the mail's own.
    """
    wanted = [Message(mail["subject"], whole=True), Message(mail["preheader"], whole=True)]
    wanted += [message for part in ("html", "text") for message in said(mail[part])]
    made: dict[str, Translation] = {}
    for language, named in catalogues.items():
        found: dict[str, list[str]] = {}
        for message in wanted:
            told = forms(named.get(workflow), message) or forms(named.get(LAYOUT), message)
            if told:
                found[message.key] = told
        is_whole = all(message.key in found for message in wanted)
        for message in of_shop(shop):
            if told := forms(named.get(LAYOUT), message):
                found[message.key] = told
        if is_whole or (found and language == shop.written_in):
            first = next(iter(named.values()))
            made[language] = Translation(plural=first.plural_expr, messages=found)
    return made


def in_pages(folder: Path, shop: Shop | None = None, workflows: Path | None = None) -> dict[str, Translation]:
    """The words of the pages behind links in each language, and what the shop gives to choose there, as far as it is
    translated in `workflows`. Raises BadInput when a catalogue would break one."""
    locales, extracted = folder / "locales", of_pages(folder)
    known = read(locales)
    if found := list(problems(locales, extracted, known)):
        raise BadInput("\n".join(found))
    made: dict[str, Translation] = {}
    for language, named in known.items():
        words = {message.key: forms(named.get(PAGES), message) for message in extracted[PAGES].values()}
        if all(words.values()):
            words |= _choices(shop, workflows, language) if shop and workflows else {}
            made[language] = Translation(plural=named[PAGES].plural_expr, messages=words)
    return made


def _choices(shop: Shop, workflows: Path, language: str) -> dict[str, list[str]]:
    catalogue = read(workflows / "locales", (LAYOUT,)).get(language, {}).get(LAYOUT)
    found = {message.key: forms(catalogue, message) for message in of_choices(shop)}
    return {key: told for key, told in found.items() if told}


def problems(locales: Path, extracted: Mapping[str, Messages], catalogues: Catalogues) -> Iterator[str]:
    """What would break mails: values or tags that differ from the original's, templates with mistakes."""
    for language, named in catalogues.items():
        for name, catalogue in named.items():
            file = path_of(locales, language, name)
            for message in extracted.get(name, {}).values():
                entry = catalogue.get(message.one, message.about)
                for form in forms(catalogue, message):
                    wrong = [
                        *(_wrong_template(message, form) if message.whole else ()),
                        *(_wrong_text(message, form) if message.block else ()),
                    ]
                    yield from (f"{file}:{_line(entry)}: {each}" for each in wrong)


def gaps(
    locales: Path, extracted: Mapping[str, Messages], catalogues: Catalogues, shop: Shop
) -> Iterator[str]:
    """What is not translated, only guessed, or no longer said. The language in which it is written needs nothing."""
    for language, named in catalogues.items():
        for name, messages in extracted.items():
            file, catalogue = path_of(locales, language, name), named.get(name)
            for message in messages.values():
                entry = catalogue.get(message.one, message.about) if catalogue is not None else None
                if entry is None:
                    yield f"{file}:1: does not have “{message.one}”: run `make messages`"
                elif entry.fuzzy:
                    yield f"{file}:{_line(entry)}: “{message.one}” is marked fuzzy: see to it, take the mark away"
                elif not forms(catalogue, message) and language not in (shop.written_in, _own(shop, message)):
                    yield f"{file}:{_line(entry)}: “{message.one}” is not translated"
        for name, catalogue in named.items():
            file = path_of(locales, language, name)
            for entry in (*catalogue, *catalogue.obsolete.values()):
                one = entry.id if isinstance(entry.id, str) else entry.id[0]
                key = f"{entry.context}{CONTEXT}{one}" if entry.context else one
                if one and (key not in extracted.get(name, {}) or entry in catalogue.obsolete.values()):
                    yield f"{file}:{_line(entry)}: “{one}” is said nowhere: run `make messages`"


def _own(shop: Shop, message: Message) -> str:
    """The language in which the shop's settings say it; "" for what mails say."""
    return shop.default_locale.replace("-", "_").partition("_")[0] if message.files == ["shop.yaml"] else ""


def _line(entry: Entry | None) -> int:
    return entry.lineno if entry is not None and entry.lineno else 1


def _wrong_text(message: Message, form: str) -> Iterator[str]:
    """What is wrong with the translation of a `{% trans %}` block."""
    originals = [message.one, *([message.many] if message.many else [])]
    named = [{match[1] for match in _VALUE.finditer(text) if match[1]} for text in originals]
    found = {match[1] for match in _VALUE.finditer(form) if match[1]}
    for name in sorted(found - set.union(*named)):
        yield f"“{form}” names %({name})s, which the original does not"
    for name in sorted(set.intersection(*named) - found):
        yield f"“{form}” lacks %({name})s"
    if any(match[0] == "%" for match in _VALUE.finditer(form)):
        yield f"“{form}” has a lone %: write %%, or %(name)s"
    if not any(_markup(form) == _markup(text) for text in originals):
        yield f"“{form}” has other tags or entities than the original: {_told(originals[-1])}"


def _markup(text: str) -> Counter[str]:
    return Counter(_MARKUP.findall(text))


def _told(text: str) -> str:
    return " ".join(_MARKUP.findall(text)) or "none"


def _wrong_template(message: Message, form: str) -> Iterator[str]:
    """What is wrong with the translation of a subject or preheader, which is a template."""
    try:
        original, template = (environment(False).parse(text) for text in (message.one, form))
        environment(False).compile(form)
    except TemplateSyntaxError as error:
        yield f"“{form}”: {error.message}"
        return
    yield from (f"“{form}”: {problem}" for _, problem in unknown_names(template, MAIL_NAMES))
    told, wanted = _shown(template), _shown(original)
    for name in sorted(told ^ wanted):
        verb = "shows" if name in told else "does not show"
        yield f"“{form}” {verb} {name}, other than the original"


def _shown(template: nodes.Template) -> set[str]:
    """What a template shows of what it may name."""
    return {
        _spelled(each)
        for output in template.find_all(nodes.Output)
        for part in output.nodes
        if not isinstance(part, nodes.TemplateData)
        for each in _named(part)
    }


def _named(node: nodes.Node) -> Iterator[nodes.Node]:
    """The longest names in an expression: `customer.name`, not `customer` besides."""
    if isinstance(node, nodes.Name | nodes.Getattr | nodes.Getitem):
        yield node
        return
    for child in node.iter_child_nodes():
        yield from _named(child)


def _spelled(node: nodes.Node) -> str:
    if isinstance(node, nodes.Getattr):
        return f"{_spelled(node.node)}.{node.attr}"
    if isinstance(node, nodes.Getitem):
        inside: Any = node.arg.value if isinstance(node.arg, nodes.Const) else "…"
        return f"{_spelled(node.node)}[{inside}]"
    return node.name if isinstance(node, nodes.Name) else "…"
