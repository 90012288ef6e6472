"""The shop's survey forms, as `shop.yaml` declares them: which questions each asks. Pure."""

from collections.abc import Iterable
from typing import Final, Literal

from tidings.forms.fields import Field

Question = Literal["birthday", "interests", "reward", "score", "comment"]

FORMS: Final[dict[str, tuple[Question, ...]]] = {
    "survey": ("birthday", "interests", "reward"),
    "birthday": ("birthday",),
    "interests": ("interests",),
    "reward": ("reward",),
    "satisfaction": ("score", "comment"),
}
"""The forms of a shop that declares none."""

INTERESTS: Final = {
    "new": "New things",
    "making": "How they are made",
    "ideas": "Ideas for using them",
    "offers": "Offers",
}
REWARDS: Final = {
    "discount": "A discount",
    "delivery": "Free delivery",
    "gift": "Something small in the parcel",
}
"""What can be chosen, by the word that is kept: pages have these in every language."""

CONFIRMATIONS: Final = {"back-in-stock": "product_id"}
"""Forms without a question, only a button that says yes: to what, this property of the mail's event says."""

MESSAGE, COMMENT, REVIEW = 4000, 2000, 4000
"""Characters that a message, a comment and a review may have."""


def questions(asked: Iterable[Question], interests: Iterable[str], rewards: Iterable[str]) -> list[Field]:
    """The fields of a survey form. A score must be given; of other questions one answer is enough."""
    kinds: dict[str, Field] = {
        "birthday": Field("birthday", "birthday"),
        "interests": Field("interests", "choices", options=tuple(interests)),
        "reward": Field("reward", "choice", options=tuple(rewards)),
        "score": Field("score", "stars", required=True),
        "comment": Field("comment", "lines", most=COMMENT),
    }
    return [kinds[each] for each in asked]


REVIEW_FORM: Final = (
    Field("rating", "stars", required=True),
    Field("text", "lines", most=REVIEW),
)
CONTACT_FORM: Final = (
    Field("name", "name", most=60),
    Field("email", "address", required=True),
    Field("message", "lines", required=True, most=MESSAGE),
    Field("news", "tick"),
)
STOCK_FORM: Final = (Field("email", "address", required=True),)

HONEYPOT: Final = "website"
"""A field that people neither see nor hear of. Whoever fills it in is thanked, and nothing is kept."""
