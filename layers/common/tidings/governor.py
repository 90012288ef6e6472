"""What the SES account, and a workflow's own reputation, let through now."""

from tidings.ports import Hold


class Unlimited:
    """Answers `ports.Governor`: lets everything through, for tests and walks."""

    def hold(self, workflow: str, *, marketing: bool) -> Hold | None:
        """Never."""
        return None

    def throttled(self) -> None:
        """Nothing to step back from."""
