"""The pages that people open from `build/`: one file each, which asks no address for anything."""

from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

TEMPLATES: Final = Path(__file__).parent / "templates"


def page(template: str, **given: Any) -> str:
    """The page that a template makes of `given`; styles and scripts beside it are put inside."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals["inside"] = lambda name: Markup((TEMPLATES / name).read_text("utf-8"))
    return environment.get_template(template).render(**given)
