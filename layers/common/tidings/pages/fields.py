"""What somebody sent with a form: read, bounded, and fit to be shown again. Pure."""

from collections.abc import Iterator
from typing import Final
from urllib.parse import parse_qsl

from tidings.errors import BadInput, TooLarge
from tidings.forms.fields import Form as Form
from tidings.forms.fields import many as many
from tidings.forms.fields import one

MOST_BYTES: Final = 64 * 1024
"""Of a body: 5,000 characters of Korean are 45 KB in it."""

MOST_FIELDS: Final = 100
URLENCODED: Final = "application/x-www-form-urlencoded"

text = one


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


def line(form: Form, name: str) -> str:
    """A field's text on one line."""
    return " ".join(text(form, name).split())


def pairs(form: Form) -> Iterator[tuple[str, str]]:
    """Every field and value as they came, to be sent again."""
    for name in form:
        yield from ((name, value) for value in many(form, name))
