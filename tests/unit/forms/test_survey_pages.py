"""Surveys and reviews, which a link in a mail opens: GET tells nothing, POST tells one fact."""

import pytest

from tests import fakes
from tests.unit.forms.office import Office
from tests.unit.tags import Tags

# ---- surveys ----


def test_a_link_with_an_answer_tells_nothing_until_it_is_sent() -> None:
    """One tap in the mail opens the form with the score chosen; a scanner that follows every link tells nothing."""
    office = Office()
    for score in "12345":
        page = office.get("form", office.link("form", "satisfaction"), score=score)
        chosen = [field["value"] for field in Tags(page.html).named("score") if "checked" in field]
        assert (page.status, chosen) == (200, [score])
    for other in ("0", "6", '5"><script>', ""):
        page = office.get("form", office.link("form", "satisfaction"), score=other)
        assert not [field for field in Tags(page.html).named("score") if "checked" in field]
        assert "<script" not in page.html
    assert office.told == []
    assert office.faults.calls == []


def test_a_posted_survey_is_one_fact() -> None:
    """Sent twice, also after an outage, it is stored once, for the link's customer."""
    office = Office(fakes.Faults(at=1, after=True))
    token = office.link("form", "satisfaction")
    showing = Tags(office.get("form", token).html).showing
    told = {"showing": showing, "score": "2", "comment": "Late,\r\nand broken"}
    later = office.post("form", told, token)
    assert later.status == 503
    assert "Late,\nand broken" in later.html.replace("\r\n", "\n")
    for _ in range(2):
        assert office.post("form", told, token).status == 200
    (event,) = office.told
    assert (event.type, event.identity) == ("form_answered", "customer:c1")
    assert event.properties == {
        "form": "satisfaction",
        "score": 2,
        "comment": "Late,\nand broken",
        "send_id": "s1",
    }
    office.post("form", {**told, "score": "3"}, token)
    assert len(office.told) == 2


def test_the_surveys_three_questions() -> None:
    """All answered, one answered, none."""
    office = Office()
    token = office.link("form", "survey")
    told = {
        "birthday_day": "29",
        "birthday_month": "2",
        "birthday_year": "",
        "interests": ["making", "offers"],
        "reward": "gift",
    }
    assert office.post("form", told, token).status == 200
    assert office.told[-1].properties["birthday"] == "--02-29"
    assert office.told[-1].properties["fields"] == {"interests": ["making", "offers"], "reward": "gift"}
    assert office.post("form", {"reward": "discount"}, token).status == 200
    empty = office.post("form", {"birthday_day": "", "reward": ""}, token)
    assert empty.status == 422
    assert len(office.told) == 2


def test_an_error_keeps_what_was_typed_and_says_what_is_wrong() -> None:
    """A summary that leads to the field, the field told as wrong, and everything still there."""
    office = Office()
    told = {
        "birthday_day": "31",
        "birthday_month": "4",
        "birthday_year": "1990",
        "interests": "new",
        "reward": "gift",
    }
    page = office.post("form", told, office.link("form", "survey"))
    seen = Tags(page.html)
    assert page.status == 422
    assert "There is no such day." in page.html
    assert [field["value"] for field in seen.named("birthday_day")] == ["31"]
    assert 'value="4" selected' in page.html
    assert [f["value"] for f in (*seen.named("interests"), *seen.named("reward")) if "checked" in f] == [
        "new",
        "gift",
    ]
    assert any(told.get("href") == "#birthday" for _, told in seen.tags)
    assert any(told.get("id") == "birthday" for _, told in seen.tags)
    assert any(told.get("role") == "alert" and "autofocus" in told for _, told in seen.tags)
    assert office.told == []


@pytest.mark.parametrize("name", ["", "unknown", "../survey", "survey\n"])
def test_a_form_that_the_shop_does_not_have_is_404(name: str) -> None:
    """An old mail's link to a form that was taken away among them."""
    office = Office()
    if "\n" in name:
        with pytest.raises(ValueError, match="no such link"):
            office.link("form", name)
        return
    for page in (
        office.get("form", office.link("form", name)),
        office.post("form", {}, office.link("form", name)),
    ):
        assert page.status == 404
    assert office.told == []


def test_whoever_asked_says_that_it_was_they() -> None:
    """A button and no question; the event says for which product."""
    office = Office()
    token = office.link("form", "back-in-stock:501")
    assert office.get("form", token).status == 200
    assert office.told == []
    assert office.post("form", {}, token).status == 200
    assert office.told[0].properties == {"form": "back-in-stock", "product_id": "501", "send_id": "s1"}


# ---- reviews ----


def test_a_review_is_of_what_the_link_names() -> None:
    """Product, order or both; stars are needed, words are not; the platform's ids."""
    office = Office()
    token = office.link("review", "shopify:product:501\tshopify:order:1001")
    page = office.get("review", token, rating="4")
    assert "How do you like Moss Teapot?" in page.html
    assert 'src="https://cdn.example/pot.jpg"' in page.html
    assert "img-src https://cdn.example;" in page.headers["content-security-policy"]
    assert [f["value"] for f in Tags(page.html).named("rating") if "checked" in f] == ["4"]
    assert office.post("review", {"text": "Pours well"}, token).status == 422
    assert office.told == []
    assert office.post("review", {"rating": "5", "text": "Pours well", "showing": "x"}, token).status == 200
    (event,) = office.told
    assert (event.type, event.source, event.identity) == ("review_posted", "shopify", "customer:c1")
    assert event.properties == {
        "rating": 5,
        "text": "Pours well",
        "product_id": "501",
        "order_id": "1001",
        "send_id": "s1",
    }
    order = office.link("review", "shopify:order:1001")
    assert "How do you like what you bought?" in office.get("review", order).html
    assert office.get("review", office.link("review", "nothing")).status == 404
