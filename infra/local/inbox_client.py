"""The demo's side of the recorder: which mails came, and how the run ends."""

import http.client
import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from infra.local.errors import LocalError

_ONE_CLICK = re.compile(r"<(https?://[^>]+)>")


@dataclass(frozen=True, slots=True)
class Mail:
    """A recorded mail as far as the demo's customers look at it. `at` is shop time."""

    number: int
    workflow: str
    email: str
    at: datetime


class Inbox:
    """Asks the recorder at `inbox_url`. Every call raises LocalError when it does not answer."""

    def __init__(self, inbox_url: str) -> None:
        self._netloc = urlsplit(inbox_url).netloc
        self._version = ""
        self._seen = 0

    def news(self) -> list[Mail]:
        """The mails that came since the last call, oldest first."""
        told = self._ask("GET", f"/api/mails?version={self._version}")
        self._version = str(told["version"])
        new = [_mail(row) for row in told.get("mails", []) if row["number"] > self._seen]
        self._seen = max([self._seen, *(mail.number for mail in new)])
        return new

    @property
    def count(self) -> int:
        """How many mails there were at the last call of `news`."""
        return self._seen

    def unsubscribe_link(self, number: int) -> str | None:
        """The address in a mail's List-Unsubscribe header; None when it has none."""
        headers = self._ask("GET", f"/api/mails/{number}")["headers"]
        value = next((value for name, value in headers if name.lower() == "list-unsubscribe"), "")
        found = _ONE_CLICK.search(value)
        return found.group(1) if found else None

    def page_link(self, number: int, page: str) -> str | None:
        """A mail's link to one of the shop's pages; None when it has none."""
        text = str(self._ask("GET", f"/api/mails/{number}")["text"])
        found = re.search(rf"https?://\S+/pages/{page}/[\w.~-]+", text)
        return found.group() if found else None

    def world(self, **wish: Any) -> None:
        """Tell the mail world: `seed` to read and click by, `rest` to be quiet."""
        self._ask("POST", "/api/world", wish)

    def books(self, **wish: Any) -> None:
        """`hold` sending for a moment, `close` the run's list of mails, `release` what is held."""
        self._ask("POST", "/api/books", wish)

    def _ask(self, method: str, path: str, value: dict[str, Any] | None = None) -> dict[str, Any]:
        connection = http.client.HTTPConnection(self._netloc, timeout=10)
        try:
            body = None if value is None else json.dumps(value)
            connection.request(method, path, body, {"X-Tidings": "local"})
            answer = connection.getresponse()
            told: dict[str, Any] = json.loads(answer.read())
            return told
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise LocalError(
                f"the recorder at {self._netloc} does not answer ({error}): make down, then make run"
            ) from None
        finally:
            connection.close()


def _mail(row: dict[str, Any]) -> Mail:
    to = str(row["to"][0]).lower() if row["to"] else ""
    return Mail(int(row["number"]), str(row["workflow"]), to, datetime.fromisoformat(row["at"]))
