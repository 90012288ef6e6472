"""A mail's HTML as a page shows it that asks no address for anything: pictures inside it, links that lead nowhere."""

import base64
import re
from html import escape, unescape
from typing import Final

from infra.local import pictures

_IMAGE: Final = re.compile(r"(<img\b[^>]*?\ssrc=\")([^\"]*)(\")", re.IGNORECASE)
_HEAD: Final = re.compile(r"<head\b[^>]*>", re.IGNORECASE)
_NOWHERE: Final = '<base target="_blank">'
"""A sandbox without leave to open windows lets such a link do nothing."""

_BLANK: Final = (
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 320" width="320" height="320">'
    b'<rect width="320" height="320" fill="#e9e6df"/><g fill="none" stroke="#a39d90" stroke-width="7" '
    b'stroke-linecap="round" stroke-linejoin="round"><rect x="92" y="104" width="136" height="112" rx="12"/>'
    b'<path d="M92 192l40-40 34 34 22-20 40 36"/></g><circle cx="192" cy="138" r="11" fill="#a39d90"/></svg>'
)
"""Stands where a picture is that nobody here can draw."""


def inline(html: str) -> str:
    """The same mail with each picture put inside, drawn if it is the demo shop's."""
    shown = _IMAGE.sub(lambda found: f"{found[1]}{escape(_picture(unescape(found[2])))}{found[3]}", html)
    return _HEAD.sub(lambda found: f"{found[0]}{_NOWHERE}", shown, count=1)


def _picture(address: str) -> str:
    if address.startswith("data:"):
        return address
    drawn = pictures.draw(address.rsplit("/", 1)[-1].partition("?")[0]) or _BLANK
    return f"data:image/svg+xml;base64,{base64.b64encode(drawn).decode()}"
