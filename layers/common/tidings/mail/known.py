"""Links to the shop's own pages tell who comes by them: each gets a tid, so that what is looked at next is theirs."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from html import escape, unescape
from typing import Final
from urllib.parse import urlsplit

from tidings.mail.render import Mail

LASTS: Final = timedelta(days=30)
"""How long a link tells who came by it: a forwarded mail must not do so for ever."""

_HREF: Final = re.compile(r'(?<=\shref=")https?://[^"<>\s]*(?=")')
_URL: Final = re.compile(r"https?://[^\s<>\"]*[^\s<>\".,;:!?)\]]")


def known(mail: Mail, site: str, tid: str) -> Mail:
    """The mail with a tid on every link, in HTML and text, that leads to a page of the shop at `site`."""
    here = _origin(site)
    if not here:
        return mail

    def marked(found: re.Match[str], read: Callable[[str], str], write: Callable[[str], str]) -> str:
        url = read(found[0])
        return write(_with(url, tid)) if _origin(url) == here else found[0]

    return replace(
        mail,
        html=_HREF.sub(lambda found: marked(found, unescape, escape), mail.html),
        text=_URL.sub(lambda found: marked(found, str, str), mail.text),
    )


def _with(url: str, tid: str) -> str:
    base, mark, fragment = url.partition("#")
    return f"{base}{'&' if '?' in base else '?'}tid={tid}{mark}{fragment}"


def _origin(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}".lower() if parts.netloc else ""
