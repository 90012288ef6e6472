"""Forms are read: values that can be kept, an error for each field, and nothing lost of what was typed."""

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.forms.corpus import collected
from tidings.forms import fields
from tidings.forms.catalogue import CONTACT_FORM, FORMS, INTERESTS, REVIEW_FORM, REWARDS, questions
from tidings.forms.fields import Answers, Field, Form, read

TODAY = date(2026, 3, 10)
SURVEY = questions(FORMS["survey"], INTERESTS, REWARDS)
SATISFACTION = questions(FORMS["satisfaction"], INTERESTS, REWARDS)


def answered(form: Form, asked: Any = SURVEY, **more: Any) -> Answers:
    """A form as it was sent today."""
    return read(asked, form, TODAY, **more)


def born(day: str, month: str, year: str = "") -> Answers:
    """A birthday as it was sent."""
    return answered({"birthday_day": day, "birthday_month": month, "birthday_year": year})


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        (("10", "12", "1815"), None),
        (("10", "12", "1915"), "1915-12-10"),
        (("10", "12", ""), "--12-10"),
        (("1", "2"), "--02-01"),
        (("29", "2"), "--02-29"),
        (("29", "2", "2000"), "2000-02-29"),
        (("１０", "１２", "１９９０"), "1990-12-10"),
        (("10", "3", "2026"), "2026-03-10"),
    ],
)
def test_a_birthday_with_or_without_its_year(told: tuple[str, ...], kept: str | None) -> None:
    """29 February is a day, and digits may be full-width; nobody was born before 1900."""
    assert born(*told).values.get("birthday") == kept


@pytest.mark.parametrize(
    ("told", "error"),
    [
        (("29", "2", "2001"), fields.NO_DAY),
        (("31", "4"), fields.NO_DAY),
        (("0", "1"), fields.NO_DAY),
        (("10", "13"), fields.NO_DAY),
        (("ten", "12"), fields.NO_DAY),
        (("-1", "12"), fields.NO_DAY),
        (("10", ""), fields.HALF),
        (("", "12"), fields.HALF),
        (("", "", "1990"), fields.HALF),
        (("10", "12", "90"), fields.NO_YEAR),
        (("10", "12", "199O"), fields.NO_YEAR),
        (("10", "12", "19900"), fields.NO_YEAR),
        (("11", "3", "2026"), fields.FUTURE),
        (("1", "1", "2999"), fields.FUTURE),
    ],
)
def test_a_birthday_that_is_none(told: tuple[str, ...], error: str) -> None:
    """The error says which; what was typed is kept."""
    found = born(*told)
    assert found.errors == {"birthday": error}
    assert "birthday" not in found.values
    assert [found.typed[f"birthday_{part}"] for part in fields.PARTS][: len(told)] == list(told)


def test_choices_are_the_forms_own_words() -> None:
    """In the form's order, each once; any other word is refused."""
    found = answered({"interests": ["offers", "new", "new"], "reward": "gift"})
    assert found.values == {"interests": ["new", "offers"], "reward": "gift"}
    assert answered({"interests": "new"}).values == {"interests": ["new"]}
    assert answered({"interests": ["new", "admin"]}).errors == {"interests": fields.CHOICE}
    assert answered({"reward": "money"}).errors == {"reward": fields.CHOICE}


def test_one_answer_is_enough_and_none_is_not() -> None:
    """An empty survey is an error of the form, shown at its first question."""
    assert answered({}, something=True).errors == {"birthday": fields.NOTHING}
    assert answered({"reward": "gift"}, something=True).is_whole
    assert answered({}).is_whole


@pytest.mark.parametrize("score", ["1", "2", "3", "4", "5", "５"])
def test_a_score_is_one_to_five(score: str) -> None:
    """With or without a comment, whose lines stay."""
    found = answered({"score": score, "comment": "Good\r\ntea\n"}, SATISFACTION)
    assert found.values == {"score": int(score) if score != "５" else 5, "comment": "Good\ntea"}


@pytest.mark.parametrize("score", ["0", "6", "-1", "5.0", "5e0", "five", "null", "NaN", "1 OR 1=1", "99999"])
def test_any_other_score_is_an_error(score: str) -> None:
    """And loses nothing of the comment."""
    found = answered({"score": score, "comment": "Good tea"}, SATISFACTION)
    assert found.errors == {"score": fields.CHOICE}
    assert found.typed["comment"] == "Good tea"
    assert answered({"comment": "Good tea"}, SATISFACTION).errors == {"score": fields.CHOOSE}


def test_a_text_too_long_is_an_error_that_keeps_it() -> None:
    """It is not cut in silence."""
    most = REVIEW_FORM[1].most
    assert answered({"rating": "5", "text": "x" * most}, REVIEW_FORM).is_whole
    found = answered({"rating": "5", "text": "x" * (most + 1)}, REVIEW_FORM)
    assert found.errors == {"text": fields.TOO_LONG}
    assert found.typed["text"] == "x" * (most + 1)


def test_a_name_that_advertises_is_none() -> None:
    """Nobody is told, nothing of it is kept."""
    told = {"email": "ada@example.com", "message": "Hello", "name": "Win at www.example.com/x"}
    found = answered(told, CONTACT_FORM)
    assert found.is_whole
    assert "name" not in found.values
    assert answered({**told, "name": "Ada\nLovelace "}, CONTACT_FORM).values["name"] == "Ada Lovelace"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("ada@example.com", "ada@example.com"),
        ("Ada+tea@Example.COM", "Ada+tea@example.com"),
        ("o'brien@example.ie", "o'brien@example.ie"),
        ("jeff@臺網中心.tw", "jeff@臺網中心.tw"),
        ("ada@localhost", None),
        ("ada@example", None),
        ("ada@", None),
        ("@example.com", None),
        ("ada example.com", None),
        ("Ada <ada@example.com>", None),
        ("ada@example.com, eve@example.com", None),
        ("ada@example.com\nbcc: eve@example.com", None),
        ('"ada lovelace"@example.com', None),
        ("ada@[127.0.0.1]", None),
        ("ádá@example.com", None),
        ("a" * 65 + "@example.com", None),
        ("=?utf-8?q?eve=40evil.example=3e=20?=@example.com", None),
    ],
)
def test_addresses(text: str, kept: str | None) -> None:
    """One address that SES delivers to, and nothing with it."""
    assert fields.address(text) == kept


def test_the_collected_addresses() -> None:
    """All invalid ones are refused; of the valid ones those that need no quotes, names or letters beyond ASCII
    before the @ are taken."""
    sets = collected("email_validator_tests.json")
    for name, cases in sets.items():
        for case in cases:
            text = case[0] if isinstance(case, list) else case
            plain = name == "test_email_valid" and '"' not in text and "<" not in text
            assert (fields.address(text) is not None) is plain, (name, text)


def test_no_header_can_be_injected() -> None:
    """Whatever is collected for it: refused in an address, one line in a name."""
    texts = [
        each
        for each in collected("header_injection.shared.json")
        if "@" in str(each) and "{" not in str(each)
    ]
    for text in texts:
        form: Form = {"email": text, "message": "Hello", "name": text}
        found = answered(form, CONTACT_FORM)
        assert found.errors["email"] == fields.ADDRESS, text
        assert "\n" not in found.values.get("name", "")
        assert "\r" not in found.values.get("name", "")


def test_naughty_strings_are_answers_or_errors_and_never_a_fault() -> None:
    """In every field of every form; what is kept can be stored as JSON and has no control characters."""
    strings = [*collected("blns.json"), *collected("ssti_jinja2_from_patt.json")]
    asked = [*SURVEY, *SATISFACTION, *REVIEW_FORM, *CONTACT_FORM]
    names = [each.name for each in asked] + [f"birthday_{part}" for part in fields.PARTS]
    for text in strings:
        found = answered(dict.fromkeys(names, text), asked)
        kept = json.dumps(found.values).encode()
        assert b"\\u0000" not in kept
        assert all(isinstance(value, str | list) for value in found.typed.values())


@given(
    st.dictionaries(
        st.sampled_from(["score", "comment", "birthday_day", "birthday_month", "interests"]), st.text()
    )
)
def test_whatever_is_sent_is_read(form: dict[str, str]) -> None:
    """No text is a fault."""
    found = answered(form, [*SURVEY, *SATISFACTION])
    assert set(found.errors) <= {each.name for each in (*SURVEY, *SATISFACTION)}


def test_a_field_sent_twice_counts_once() -> None:
    """The last of them, as browsers that repeat a field mean it."""
    assert answered({"score": ["1", "4"]}, SATISFACTION).values == {"score": 4}
    assert answered({"x": ["1", "4"]}, [Field("x", "line")]).values == {"x": "4"}
