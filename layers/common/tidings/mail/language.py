"""Which language a mail speaks, and its words in it. Pure; catalogues are compiled when building.

A mail speaks the customer's language when all of it is translated, else the shop's own, else the one in which it was
written; never two at once.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, lru_cache
from gettext import c2py
from typing import Any, Final

from babel.core import Locale, UnknownLocaleError, get_global
from babel.languages import get_official_languages
from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup
from pydantic import BaseModel, ConfigDict

from tidings.shop import Coupon, Shop

CONTEXT: Final = "\x04"
"""Between a message and the context that tells it from its like, as in compiled catalogues everywhere."""

_FAMILIES: Final = {
    "ko": "'Apple SD Gothic Neo', 'Malgun Gothic', 'Noto Sans KR', 'Noto Sans CJK KR'",
    "ja": "'Hiragino Sans', 'Hiragino Kaku Gothic ProN', 'Yu Gothic', Meiryo, 'Noto Sans JP', 'Noto Sans CJK JP'",
    "zh-Hant": "'PingFang TC', 'Microsoft JhengHei', 'Noto Sans TC', 'Noto Sans CJK TC'",
    "zh": "'PingFang SC', 'Microsoft YaHei', 'Noto Sans SC', 'Noto Sans CJK SC'",
}
"""What stands before the last, generic name of a font stack: the shop's fonts have no such letters."""

_ACCEPTED: Final = re.compile(
    r"([A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3})\s*(?:;\s*q\s*=\s*([01](?:\.\d{0,3})?))?"
)


class Translation(BaseModel):
    """The words of one mail or page in one language: for each message its forms, which `plural` counts as gettext
    does."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    plural: str
    messages: dict[str, list[str]]

    def whole(self, message: str) -> str:
        """A text that was translated as a whole."""
        return self.messages.get(message, [message])[0]

    @cached_property
    def names(self) -> Mapping[str, Callable[..., str]]:
        """What `{% trans %}` calls, by the names under which templates look for it."""
        form: Callable[[int], int] = c2py(self.plural)
        messages = self.messages

        def find(message: str) -> str:
            return messages.get(message, [message])[0]

        def count(key: str, one: str, many: str, number: int) -> str:
            forms = messages.get(key, ())
            place = form(number)
            return forms[place] if place < len(forms) else one if number == 1 else many

        @pass_context
        def gettext(context: Context, message: str, /, **values: Any) -> str:
            return _filled(context, find(message), values)

        @pass_context
        def ngettext(context: Context, one: str, many: str, num: int, /, **values: Any) -> str:
            return _filled(context, count(one, one, many, num), {"num": num, **values})

        @pass_context
        def pgettext(context: Context, about: str, message: str, /, **values: Any) -> str:
            found = messages.get(f"{about}{CONTEXT}{message}", [message])[0]
            return _filled(context, found, values)

        @pass_context
        def npgettext(context: Context, about: str, one: str, many: str, num: int, /, **values: Any) -> str:
            found = count(f"{about}{CONTEXT}{one}", one, many, num)
            return _filled(context, found, {"num": num, **values})

        return {
            "gettext": gettext,
            "_": gettext,
            "ngettext": ngettext,
            "pgettext": pgettext,
            "npgettext": npgettext,
        }


def _filled(context: Context, message: str, values: Mapping[str, Any]) -> str:
    """The message with its values, which are escaped where the template escapes."""
    return (Markup(message) if context.eval_ctx.autoescape else message) % values


def chosen(wanted: Sequence[str], languages: Sequence[str]) -> str | None:
    """The first of `languages` that answers one of the locales `wanted`, the most wanted first.

    `zh_Hant` answers `zh-TW` and `zh-Hant-HK`, not `zh-CN`: language and script must agree; a language of the same
    country goes first, then one of none.
    """
    return _chosen(tuple(wanted), tuple(languages))


@lru_cache(maxsize=4096)
def _chosen(wanted: tuple[str, ...], languages: tuple[str, ...]) -> str | None:
    for locale in wanted:
        told = _parts(locale)
        fits = [each for each in languages if told is not None and _parts(each) == told]
        territory = _territory(locale)
        fits.sort(key=lambda each: (_territory(each) != territory, _territory(each) is not None))
        if fits:
            return fits[0]
    return None


def _parts(tag: str) -> tuple[str, str] | None:
    """Language and script of a tag, the script that is usual where none is told. None for no such tag."""
    try:
        locale = Locale.parse(tag.replace("-", "_"))
    except (ValueError, UnknownLocaleError, TypeError):
        return None
    usual = str(get_global("likely_subtags").get(locale.language, "")).split("_")
    return locale.language, locale.script or (usual[1] if len(usual) == 3 else "")


def _territory(tag: str) -> str | None:
    try:
        return Locale.parse(tag.replace("-", "_")).territory
    except (ValueError, UnknownLocaleError, TypeError):
        return None


def accepted(header: str) -> list[str]:
    """The locales of an Accept-Language header, the most wanted first. What is none is left out."""
    found = [(match[1], float(match[2] or 1)) for match in _ACCEPTED.finditer(header[:500])]
    return [tag for tag, weight in sorted(found, key=lambda pair: -pair[1]) if weight > 0]


def tag(language: str) -> str:
    """A catalogue's language as HTML writes it: `zh-Hant`."""
    return language.replace("_", "-")


def dressed(shop: Shop, language: str, translation: Translation | None) -> Shop:
    """The shop for a mail in this language: fonts that have its letters, and a tagline in it or none."""
    changes: dict[str, Any] = {}
    if not _same(language, shop.default_locale):
        changes["tagline"] = in_language(shop.tagline, translation)
    if families := _FAMILIES.get(language) or _FAMILIES.get(language.partition("-")[0]):
        heading, text = (_stack(each, families) for each in (shop.fonts.heading, shop.fonts.text))
        changes["fonts"] = shop.fonts.model_copy(update={"heading": heading, "text": text})
    return shop.model_copy(update=changes) if changes else shop


def worded(
    coupon: Coupon | None, shop: Shop, language: str, translation: Translation | None
) -> Coupon | None:
    """The coupon as a mail in this language describes it: by its figure where its words are in another."""
    if coupon is None or _same(language, shop.default_locale):
        return coupon
    found = in_language(coupon.description, translation)
    if found is None and coupon.percent is None and coupon.amount is None:
        return coupon
    return coupon.model_copy(update={"description": found})


def in_language(text: str | None, translation: Translation | None) -> str | None:
    """What the shop's settings say, in the language of a translation; None when it isn't translated."""
    found = translation.messages.get(text or "") if translation else None
    return found[0] if found else None


def _stack(fonts: str, families: str) -> str:
    first, comma, generic = fonts.rpartition(",")
    return f"{first}, {families},{generic}" if comma else f"{fonts}, {families}"


def greeting(shop: Shop, country: str | None, language: str, name: str | None) -> str | None:
    """How the shop greets in this country, when it has set it and the mail's language is at home there, or the shop's
    own; None leaves it to the language."""
    told = shop.greetings.get(country or "")
    if told is None or not (_at_home(language, country or "") or _same(language, shop.default_locale)):
        return None
    return told.named.replace("{name}", name) if name else told.plain


@lru_cache(maxsize=1024)
def _at_home(language: str, country: str) -> bool:
    return language.partition("-")[0] in [
        each.partition("_")[0] for each in get_official_languages(country, de_facto=True)
    ]


def _same(language: str, locale: str) -> bool:
    return language.partition("-")[0] == locale.replace("_", "-").partition("-")[0]
