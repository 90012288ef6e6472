"""What somebody sent with a form: read, bounded, and fit to be shown again. Pure."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import parse_qsl

from tidings.errors import BadInput, TooLarge

Form = Mapping[str, str | list[str]]
"""What was sent, by field; a list where a field came more than once."""

MOST_BYTES: Final = 64 * 1024
"""Of a body: 5,000 characters of Korean are 45 KB in it."""

MOST_FIELDS: Final = 100
URLENCODED: Final = "application/x-www-form-urlencoded"
_CONTROL: Final = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]"
)


def read(kind: str, body: bytes) -> Form:
    """The fields of a body. Raises TooLarge, or BadInput when it is no form."""
    if len(body) > MOST_BYTES:
        raise TooLarge(f"the form is over {MOST_BYTES} bytes")
    if body and kind.partition(";")[0].strip().lower() != URLENCODED:
        raise BadInput("a form is sent as application/x-www-form-urlencoded")
    try:
        sent = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="replace"
        )
    except ValueError:  # of which a wrong encoding is one
        raise BadInput("the form cannot be read") from None
    found: dict[str, str | list[str]] = {}
    for name, value in sent:
        before = found.get(name)
        found[name] = value if before is None else [*([before] if isinstance(before, str) else before), value]
    return found


def text(form: Form, name: str) -> str:
    """A field's text: trimmed, its lines ended alike, without control characters. Empty when it is not there."""
    value = form.get(name, "")
    last = value if isinstance(value, str) else value[-1]
    lines = unicodedata.normalize("NFC", last).replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROL.sub(" ", lines).strip()


def line(form: Form, name: str) -> str:
    """A field's text on one line."""
    return " ".join(text(form, name).split())


def many(form: Form, name: str) -> list[str]:
    """All values of a field that may come more than once."""
    value = form.get(name, [])
    return [value] if isinstance(value, str) else list(value)


def pairs(form: Form) -> Iterator[tuple[str, str]]:
    """Every field and value as they came, to be sent again."""
    for name in form:
        yield from ((name, value) for value in many(form, name))
