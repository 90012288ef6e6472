"""The catalogues of this repository are complete; a shop's may have gaps, and never break a mail."""

import shutil
from pathlib import Path

import pytest

from tests.unit.mails import letters
from tidings.errors import BadInput
from tidings.mail import catalogues, samples
from tidings.mail.compile import compile_mails
from tidings.mail.extract import LAYOUT, extract, of_pages
from tidings.mail.messages import PAGES, main, texts
from tidings.mail.render import render
from tidings.shop import Shop

ROOT = letters.WORKFLOWS
LANGUAGES = ["en", "ja", "ko", "zh_Hant"]

MAIL = """---
subject: "{% if customer.name %}{{ customer.name }}, look{% else %}Look{% endif %}"
preheader: "New at {{ shop.name }}"
---
<mj-section><mj-column>
  <mj-text><h1>{% trans title="Cup" %}See <b>{{ title }}</b>{% endtrans %}</h1></mj-text>
  <mj-text>{% trans count=more_items %}one thing{% pluralize %}{{ count }} things{% endtrans %}</mj-text>
</mj-column></mj-section>
"""
ENTRIES = {
    "{% if customer.name %}{{ customer.name }}, look{% else %}Look{% endif %}": "{{ customer.name }} schau",
    "New at {{ shop.name }}": "Neu bei {{ shop.name }}",
    "See <b>%(title)s</b>": "Sieh <b>%(title)s</b>",
}


def workflows(folder: Path, **changes: str) -> Path:
    """A workflow with one mail, and German for it, changed so: the original's first word → translation."""
    (folder / "flow" / "emails").mkdir(parents=True)
    (folder / "flow" / "emails" / "mail.mjml.j2").write_text(MAIL, "utf-8")
    (folder / "layout.mjml.j2").write_text((ROOT / "layout.mjml.j2").read_text("utf-8"), "utf-8")
    for name in ("_layout", "flow"):
        path = catalogues.path_of(folder / "locales", "de", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        text = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n\n'
        told = ENTRIES if name == "flow" else dict.fromkeys(spoken(folder), "Deutsch")
        for original, translation in told.items():
            new = next((each for word, each in changes.items() if original.startswith(word)), translation)
            text += f'msgid "{original}"\nmsgstr "{new}"\n\n'
        if name == "flow":
            text += 'msgid "one thing"\nmsgid_plural "%(count)s things"\nmsgstr[0] "ein Ding"\n'
            text += 'msgstr[1] "%(count)s Dinge"\n'
        path.write_text(text, "utf-8")
    return folder


def spoken(folder: Path) -> list[str]:
    """What the layout says, but for what has values."""
    return [key for key in extract(folder, letters.shop(), "none")[LAYOUT] if "%" not in key]


@pytest.mark.parametrize("locales", [ROOT / "locales", PAGES / "locales"], ids=["mails", "pages"])
def test_nothing_is_missing_guessed_or_left_over(locales: Path) -> None:
    """Four languages, and in each every message: translated, not fuzzy, not obsolete; values and tags agree."""
    known = catalogues.read(locales)
    extracted = of_pages(PAGES) if locales.is_relative_to(PAGES) else extract(ROOT, letters.shop())
    assert sorted(known) == LANGUAGES
    assert list(catalogues.problems(locales, extracted, known)) == []
    assert list(catalogues.gaps(locales, extracted, known, letters.shop())) == []


@pytest.mark.parametrize("locales", [ROOT / "locales", PAGES / "locales"], ids=["mails", "pages"])
def test_make_messages_changes_nothing_that_is_current(locales: Path) -> None:
    """What is committed is what `make messages` writes: no date, no line number, no path but the mail's."""
    extracted = of_pages(PAGES) if locales.is_relative_to(PAGES) else extract(ROOT, letters.shop())
    wanted = texts(locales, extracted, catalogues.read(locales))
    assert {path: path.read_text("utf-8") for path in locales.glob("*/*/*.po")} == wanted


def test_every_mail_is_carried_in_every_language() -> None:
    """Each package's mail has all its words in three languages; English is what the mail says itself."""
    for name, mail in letters.compiled().items():
        assert sorted(mail["translations"]) == ["ja", "ko", "zh_Hant"], name


@pytest.mark.parametrize(
    ("word", "translation", "said"),
    [
        ("See", "Sieh <b>%(titel)s</b>", "%(titel)s"),
        ("See", "Sieh <b>es</b>", "lacks %(title)s"),
        ("See", "Sieh %(title)s", "other tags or entities"),
        ("See", "Sieh <i>%(title)s</i>", "other tags or entities"),
        ("See", "Sieh <b>%(title)s</b> & mehr", "other tags or entities"),
        ("See", "<b>%(title)s</b> 10% weniger", "lone %"),
        ("New", "Neu bei {{ shop.nmae }}", '"name"'),
        ("New", "Neu bei {{ shop.url }}", "shows shop.url"),
        ("New", "Neu", "does not show shop.name"),
        ("New", "{% if shop.name %}Neu", "tag"),
    ],
)
def test_a_translation_that_would_break_a_mail_is_refused(
    word: str, translation: str, said: str, tmp_path: Path
) -> None:
    """When compiling, with the catalogue's file and line."""
    root = workflows(tmp_path, **{word: translation})
    with pytest.raises(BadInput) as error:
        compile_mails(root / "flow", letters.shop())
    (line, *_) = [line for line in str(error.value).splitlines() if "flow.po:" in line]
    text = catalogues.path_of(root / "locales", "de", "flow").read_text("utf-8").splitlines()
    assert said in str(error.value)
    assert text[int(line.split("flow.po:")[1].split(":")[0]) - 1].startswith(f'msgid "{word}')


def test_a_mail_with_a_gap_goes_out_whole_in_the_shops_language(tmp_path: Path) -> None:
    """One message without a translation: no German at all, not half of it; nothing is refused."""
    about = samples.full(letters.shop(), locale="de-DE")
    root = workflows(tmp_path)
    mail = compile_mails(root / "flow", letters.shop())["mail"]
    assert mail["translations"] == {}, "words of the layout are not translated yet"
    fill(root)
    mail = compile_mails(root / "flow", letters.shop())["mail"]
    assert render(mail, about).subject == "Ada schau"
    assert '<html lang="de"' in render(mail, about).html
    path = catalogues.path_of(root / "locales", "de", "flow")
    path.write_text(path.read_text("utf-8").replace('"Neu bei {{ shop.name }}"', '""'), "utf-8")
    mail = compile_mails(root / "flow", letters.shop())["mail"]
    assert (render(mail, about).subject, mail["translations"]) == ("Ada, look", {})


@pytest.mark.parametrize(
    ("subject", "said"),
    [
        ("{% if customer.last_name %}{{ customer.name }}{% endif %}", "has no subject"),
        ("{{ customer.name + 1 }}", "fails: TypeError"),
    ],
)
def test_a_translation_is_tried_on_made_up_customers(subject: str, said: str, tmp_path: Path) -> None:
    """One of whom all is known, one of whom next to nothing is: what fails or stays empty is refused."""
    root = workflows(tmp_path, **{"{% if": subject})
    fill(root)
    with pytest.raises(BadInput, match=rf"de/LC_MESSAGES/flow.po:1: mail {said}"):
        compile_mails(root / "flow", letters.shop())


def fill(root: Path) -> None:
    """Say the original where the layout has no German."""
    path = catalogues.path_of(root / "locales", "de", LAYOUT)
    with path.open("a", encoding="utf-8") as file:
        for message in extract(root, letters.shop(), "none")[LAYOUT].values():
            if "%" in message.one and message.files != ["shop.yaml"]:
                file.write(f'msgid "{message.one}"\nmsgstr "{message.one}"\n\n')


def test_fuzzy_counts_as_missing(tmp_path: Path) -> None:
    """A guess is not sent to customers."""
    root = workflows(tmp_path)
    path = catalogues.path_of(root / "locales", "de", "flow")
    path.write_text(path.read_text("utf-8").replace('msgid "New', '#, fuzzy\nmsgid "New'), "utf-8")
    known = catalogues.read(root / "locales")
    gaps = list(catalogues.gaps(root / "locales", extract(root, letters.shop()), known, letters.shop()))
    assert any("marked fuzzy" in gap and "flow.po:" in gap for gap in gaps)
    assert compile_mails(root / "flow", letters.shop())["mail"]["translations"] == {}


def test_messages_come_and_go_with_the_mails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`make messages LANGUAGE=fr` begins a language; a text that changed loses its words, the rest keep theirs."""
    root = workflows(tmp_path)
    (root / "shop.yaml").write_text((ROOT / "shop.yaml").read_text("utf-8"), "utf-8")
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "unsubscribe.html.j2").write_text("{% trans %}Stop?{% endtrans %}", "utf-8")
    arguments = ["--workflows", str(root), "--out", str(tmp_path / "out"), "--pages", str(tmp_path / "pages")]
    mail = root / "flow" / "emails" / "mail.mjml.j2"
    mail.write_text(mail.read_text("utf-8").replace("New at", "Now at"), "utf-8")
    assert main([*arguments, "--language", "fr"]) == 0
    german = catalogues.path_of(root / "locales", "de", "flow").read_text("utf-8")
    assert "New at" not in german
    assert 'msgid "Now at {{ shop.name }}"\nmsgstr ""' in german
    assert 'msgstr[1] "%(count)s Dinge"' in german
    assert 'msgstr ""' in catalogues.path_of(root / "locales", "fr", "flow").read_text("utf-8")
    assert 'msgid "Stop?"' in catalogues.path_of(tmp_path / "pages" / "locales", "fr", "pages").read_text(
        "utf-8"
    )
    assert "fr/LC_MESSAGES/flow.po" in capsys.readouterr().out
    assert main([*arguments, "--language", "tlh"]) == 1
    assert "tlh" in capsys.readouterr().err


def test_make_messages_says_when_nothing_is_left(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Silence would leave a translator wondering."""
    for name, folder in (("workflows", ROOT), ("pages", PAGES)):
        shutil.copytree(folder, tmp_path / name)
    told = ["--workflows", str(tmp_path / "workflows"), "--pages", str(tmp_path / "pages")]
    assert main([*told, "--out", str(tmp_path / "out")]) == 0
    assert capsys.readouterr().out == "nothing is left to translate: en, ja, ko, zh_Hant\n"


def test_a_catalogue_that_is_none_is_named(tmp_path: Path) -> None:
    """With its line."""
    root = workflows(tmp_path)
    path = catalogues.path_of(root / "locales", "de", "flow")
    path.write_text(path.read_text("utf-8") + "\nnonsense\n", "utf-8")
    with pytest.raises(BadInput, match=rf"{path}:\d+: "):
        catalogues.read(root / "locales")


def test_a_shop_that_writes_in_its_own_language_needs_no_catalogue(tmp_path: Path) -> None:
    """`written_in: de`: the mails are German, and say so, whatever the customer reads."""
    root = workflows(tmp_path)
    shop = Shop.model_validate({**letters.shop().model_dump(by_alias=True), "written_in": "de"})
    mail = compile_mails(root / "flow", shop)["mail"]
    assert '<html lang="de"' in render(mail, samples.full(shop, locale="ko-KR")).html
