"""`make messages`: `python -m tidings.mail.messages [--language de]`. Build time only.

Brings every catalogue up to date with the mails: new messages come in untranslated, those that nobody says any more
go, translations stay. Nothing is guessed, and nothing changes that did not change in the mails: no dates, no line
numbers. Templates (`.pot`) go below `build/messages`, for tools that want them.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Final

from babel.core import Locale, UnknownLocaleError
from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po

from tidings.errors import BadInput
from tidings.mail.catalogues import Catalogues, gaps, path_of, problems, read
from tidings.mail.extract import Message, Messages, extract, of_pages
from tidings.shop import load_shop

PAGES: Final = Path(__file__).resolve().parents[1] / "pages"
"""The pages behind links: their catalogue lies beside them."""

_HEADER: Final = """\
msgid ""
msgstr ""
"Language: {language}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: {plural}\\n"

"""


def catalogue_text(messages: Messages, language: str | None, kept: Catalog | None) -> str:
    """A catalogue as a file: these messages in their order, with the translations that are kept. Without a language
    it is a template."""
    made = Catalog(locale=language, fuzzy=False)
    for message in messages.values():
        _put(made, message, kept)
    out = BytesIO()
    write_po(out, made, width=0, omit_header=True, include_lineno=False)
    header = _HEADER.format(language=language or "", plural=made.plural_forms if language else "")
    return header + out.getvalue().decode("utf-8").strip("\n") + "\n"


def _put(made: Catalog, message: Message, kept: Catalog | None) -> None:
    old = kept.get(message.one, message.about) if kept is not None else None
    is_same_kind = old is not None and isinstance(old.id, str) == (message.many is None)
    entry = made.add(
        message.one if message.many is None else (message.one, message.many),
        old.string if old is not None and is_same_kind else None,
        locations=[(file, 0) for file in message.files],
        auto_comments=message.notes,
        user_comments=old.user_comments if old is not None else (),
        context=message.about,
    )
    entry.flags = {"fuzzy"} if old is not None and old.fuzzy else set()


def texts(locales: Path, extracted: Mapping[str, Messages], catalogues: Catalogues) -> dict[Path, str]:
    """Every catalogue as it should be on disk. Where there is nothing to say there is none."""
    return {
        path_of(locales, language, name): catalogue_text(messages, language, named.get(name))
        for language, named in catalogues.items()
        for name, messages in extracted.items()
        if messages
    }


def update(locales: Path, extracted: Mapping[str, Messages], new: str | None) -> list[str]:
    """Write the catalogues, in a new language too; what is left to do. Raises BadInput."""
    if new and not (locales / new).exists():
        Locale.parse(new)
        path_of(locales, new, "x").parent.mkdir(parents=True)
    wanted = texts(locales, extracted, read(locales))
    for path in locales.glob("*/LC_MESSAGES/*.po"):
        if path not in wanted:
            path.unlink()
    for path, text in wanted.items():
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
    return list(problems(locales, extracted, read(locales)))


def main(arguments: Sequence[str] | None = None) -> int:
    """Update; tell what is not translated, and what would break a mail: then the answer is 1."""
    parser = argparse.ArgumentParser(prog="messages", description="Bring catalogues up to date.")
    parser.add_argument("--workflows", type=Path, default=Path("workflows"))
    parser.add_argument("--out", type=Path, default=Path("build/messages"))
    parser.add_argument("--pages", type=Path, default=PAGES)
    parser.add_argument("--language", default="", help="begin this language: de, pt_BR, zh_Hant")
    options = parser.parse_args(arguments)
    wrong: list[str] = []
    open_, languages = 0, set[str]()
    try:
        shop = load_shop(options.workflows / "shop.yaml")
        found = {
            options.workflows / "locales": extract(options.workflows, shop),
            options.pages / "locales": of_pages(options.pages),
        }
        for locales, extracted in found.items():
            wrong += update(locales, extracted, options.language)
            catalogues = read(locales)
            languages |= catalogues.keys()
            for missing in gaps(locales, extracted, catalogues, shop):
                print(missing)
                open_ += 1
            options.out.mkdir(parents=True, exist_ok=True)
            for name, messages in extracted.items():
                (options.out / f"{name}.pot").write_text(catalogue_text(messages, None, None), "utf-8")
    except (BadInput, FileNotFoundError, UnknownLocaleError, ValueError) as error:
        wrong.append(str(error))
    for problem in wrong:
        print(problem, file=sys.stderr)
    if not wrong and not open_:
        print(f"nothing is left to translate: {', '.join(sorted(languages))}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
