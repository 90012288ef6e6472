"""What can go wrong, by who must act: the sender, the operator, time, or nobody.

Class names are part of the contract with the state language: compiled machines catch
`JourneyExited` and `SendDeferred` by name.
"""


class TidingsError(Exception):
    """Base of every error that Tidings raises on purpose."""


class BadInput(TidingsError):
    """The sender's fault: the message names what is wrong and the mend. Never retried."""

    status = 400


class Unauthorized(BadInput):
    """The signature does not hold, or no secret is set to check it with."""

    status = 401


class Forbidden(BadInput):
    """A page of another site."""

    status = 403


class TooLarge(BadInput):
    """The body is over the size that is read."""

    status = 413


class NotFound(BadInput):
    """No such source or page."""

    status = 404


class Unavailable(TidingsError):
    """An outage: a call failed for a reason that time mends. Retried without limit."""


class Conflict(TidingsError):
    """Somebody else wrote first. The caller reads again and redoes its work."""


class SendRejected(TidingsError):
    """SES provably did not take the mail. `retry_after` is in seconds of machine time; `throttled` says that it came
    too fast."""

    def __init__(self, message: str, retry_after: int, *, throttled: bool = False) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.throttled = throttled


class SendUnknown(TidingsError):
    """SES may or may not have taken the mail: the answer never came."""


class JourneyExited(TidingsError):
    """The journey is over; its machine goes to `Exited`."""


class SendDeferred(TidingsError):
    """The step must wait. The message is the number of seconds, as an integer; `reason` is for timelines."""

    def __init__(self, seconds: int, reason: str = "") -> None:
        super().__init__(str(max(1, seconds)))
        self.seconds = max(1, seconds)
        self.reason = reason
