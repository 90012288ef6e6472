"""What the inbox page tells of mails that did not go or had to wait."""

from datetime import UTC, datetime

from infra.local.held import Held, grouped, never_went, waited

AT = int(datetime(2027, 3, 1, 9, tzinfo=UTC).timestamp())


def _entry(state: str, reason: str = "", **more: object) -> dict[str, object]:
    return {"journey": "win-back-0123", "step": "miss-you", "customer": "c1", "at": AT} | {
        "state": state,
        "reason": reason,
        **more,
    }


def test_what_never_went_is_told_with_its_reason() -> None:
    """Skipped, dropped and refused to the last; what went or still waits is none of it."""
    ledger = [
        _entry("sent"), _entry("deferred", "quota"), _entry("skipped", "unsubscribed: offers"),
        _entry("dropped", "expired: quiet hours"), _entry("rejected", "MessageRejected"),
    ]  # fmt: skip
    first, second, third = never_went(ledger)
    assert first == Held(
        "win-back", "miss-you", "c1", "2027-03-01T09:00:00Z", "unsubscribed: offers",
        "they have unsubscribed about offers", state="skipped",
    )  # fmt: skip
    assert second.words.startswith("it could not go out in time, because it is night")
    assert third.words == "SES refused it to the last: MessageRejected"


def test_each_wait_is_told_whatever_became_of_the_mail() -> None:
    """When it was decided, until when, and why."""
    told = {"deferred": [[AT, "quiet hours", AT + 3600], [AT + 3600, "priority: birthday", AT + 7200]]}
    first, second = waited([_entry("sent", told=told), _entry("sent")])
    assert (first.at, first.until, first.state) == ("2027-03-01T09:00:00Z", "2027-03-01T10:00:00Z", "sent")
    assert (first.words, second.words) == ("it is night where they are", "birthday goes first")


def test_groups_are_by_the_reasons_first_words_the_largest_first() -> None:
    """As `make run` counts them."""
    ledger = [_entry("skipped", reason) for reason in ("", "bounced", "expired: weekly", "expired: quota")]
    found = {reason: len(mails) for reason, mails in grouped(never_went(ledger)).items()}
    assert list(found.items()) == [("expired", 2), ("bounced", 1), ("no reason kept", 1)]
