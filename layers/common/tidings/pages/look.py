"""How a page looks and speaks: the shop's brand, the reader's language, and headers that let nothing else in."""

import base64
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from babel.core import Locale
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from tidings import formats
from tidings.mail.language import Translation, accepted, chosen, dressed, tag
from tidings.pages import colours
from tidings.shop import Shop

WRITTEN_IN: Final = "en"
"""The language of the templates, which catalogues beside them translate."""

_NAMES: Final = {"zh_Hant": "繁體中文", "zh_Hans": "简体中文"}
"""What languages call themselves, where it is not the name with a bracket."""

_HEADERS: Final = {
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "x-robots-tag": "noindex, nofollow",
}
_POLICY: Final = (
    "default-src 'none'; style-src '{style}'; img-src {pictures}; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)


@dataclass(frozen=True, slots=True)
class Page:
    """An HTML page, its status and headers; `about` is for the log, free of personal data."""

    status: int
    html: str
    headers: Mapping[str, str]
    about: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """The shop's brand in one language. `query` is what the page's address carries."""

    shop: Shop
    language: str
    translation: Translation | None
    languages: tuple[str, ...]
    query: Mapping[str, str]

    def page(self, template: str, status: int, pictures: Iterable[str], names: Mapping[str, Any]) -> Page:
        """The page that a template and these names make. Nothing is loaded but the logo and `pictures`."""
        style = _style(self.shop, self.language)
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        origins = sorted({_origin(each) for each in (self.shop.logo, *pictures) if each}) or ["'none'"]
        policy = _POLICY.format(style=f"sha256-{digest}", pictures=" ".join(origins))
        html = environment().get_template(f"{template}.html.j2").render(**self._names(style), **names)
        return Page(status, html, {**_HEADERS, "content-security-policy": policy})

    def day(self, value: object) -> str:
        """A date as the language writes it, on the shop's calendar."""
        return formats.day(value, self.locale, self.shop.zone, "long")

    @property
    def locale(self) -> Locale:
        """The language, as formats want it."""
        return Locale.parse(self.language, sep="-")

    def said(self, words: str) -> str:
        """What the shop's settings say, in this language if it is translated."""
        return self.translation.whole(words) if self.translation else words

    def _names(self, style: str) -> dict[str, Any]:
        return {
            "shop": self.shop,
            "style": Markup(style),
            "language": self.language,
            "direction": self.locale.text_direction,
            "languages": [(tag(each), _name(each), self._address(each)) for each in self.languages],
            "said": self.said,
            **(self.translation.names if self.translation else {}),
        }

    def _address(self, language: str) -> str:
        return f"?{urlencode({**self.query, 'lang': tag(language)})}"


def look(shop: Shop, translations: Mapping[str, Translation], header: str, query: Mapping[str, str]) -> Look:
    """The look for a reader: the language that `?lang=` names, else the first that their browser accepts (its
    Accept-Language `header`), else the shop's."""
    languages = tuple(sorted({*translations, WRITTEN_IN}))
    wanted = (query.get("lang", "")[:20], *accepted(header), shop.default_locale)
    found = chosen(wanted, languages) or WRITTEN_IN
    translation = translations.get(found)
    language = tag(found)
    return Look(dressed(shop, language, translation), language, translation, languages, query)


@cache
def environment() -> Environment:
    """Jinja2 for pages: escaped, and a name that is not given is a mistake."""
    made = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.policies["ext.i18n.trimmed"] = True
    made.install_null_translations(newstyle=True)  # type: ignore[attr-defined]
    return made


def _style(shop: Shop, language: str) -> str:
    brand = {"light": colours.light(shop.colours), "dark": colours.dark(shop.colours)}
    made = environment().get_template("base.css.j2").render(shop=shop, language=language, **brand)
    return made.replace("</", "<\\/")


@cache
def _name(language: str) -> str:
    """A language by its own name."""
    found = _NAMES.get(language) or Locale.parse(language).get_display_name() or language
    return found[:1].upper() + found[1:]


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
