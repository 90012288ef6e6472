"""The run directory's mails: every mail as a file, and the list of them, always complete and never half
written.
"""

import base64
import binascii
import json
import os
import shutil
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Final

TAGS: Final = ("workflow", "step", "class", "journey", "customer")


@dataclass(frozen=True, slots=True)
class Recorded:
    """A mail that SES took. `at` is shop time; `after` is true when it came after the run's figures were
    drawn.
    """

    number: int
    file: str
    message_id: str
    at: datetime
    subject: str
    sender: str
    recipient: str
    to: tuple[str, ...]
    tags: Mapping[str, str]
    after: bool = False

    def listed(self) -> dict[str, Any]:
        """The mail as `mails.json` lists it."""
        at = self.at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        entry = {"file": self.file} | {name: self.tags.get(name, "") for name in TAGS} | {"at": at}
        return entry | {
            "message_id": self.message_id,
            "subject": self.subject,
            "from": self.sender,
            "recipient": self.recipient,
            "to": list(self.to),
            "tags": dict(self.tags),
        }


class Mailbox:
    """Keeps mails below a directory: `mails/*.eml`, `mails.json`, and each request as it came in `requests/`.

    Numbers follow the order of the answers. After `close_books` further mails go below `later/`, so that the
    figures of a finished run stay what they were.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._lock = threading.Lock()
        self._mails: list[Recorded] = []
        self._closed = False
        for name in ("mails", "requests", "later"):
            shutil.rmtree(directory / name, ignore_errors=True)
        (directory / "mails").mkdir(parents=True, exist_ok=True)
        (directory / "requests").mkdir(exist_ok=True)
        self._write_list()

    def record(
        self, headers: list[tuple[str, str]], request: Mapping[str, Any], message_id: str, at: datetime
    ) -> Recorded | None:
        """Keep a mail that was accepted; None for a request without a raw MIME message, which is not kept."""
        raw = _raw(request)
        if raw is None:
            return None
        parsed = _parse(raw)
        tags = {str(tag["Name"]): str(tag["Value"]) for tag in request.get("EmailTags") or []}
        destination = request.get("Destination") or {}
        with self._lock:
            number = len(self._mails) + 1
            name = "-".join(
                _plain(part)
                for part in (f"{number:04d}", tags.get("workflow", ""), tags.get("step", ""))
                if part
            )
            mail = Recorded(
                number=number,
                file=f"mails/{name}.eml",
                message_id=message_id,
                at=at,
                subject=str(parsed.get("Subject", "")),
                sender=str(parsed.get("From", request.get("FromEmailAddress", ""))),
                recipient=str(parsed.get("To", "")),
                to=tuple(destination.get("ToAddresses") or ()),
                tags=tags,
                after=self._closed,
            )
            path = self._path(mail)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(_with_message_id(raw, parsed, message_id))
            whole = {"headers": headers, "body": request, "message_id": message_id}
            (self.directory / "requests" / f"{name}.json").write_text(json.dumps(whole, indent=1))
            self._mails.append(mail)
            self._write_list()
        return mail

    def mails(self) -> list[Recorded]:
        """Every mail so far, oldest first."""
        with self._lock:
            return list(self._mails)

    def close_books(self) -> list[Recorded]:
        """From now on mails go below `later/`. Gives the mails that count: those in `mails.json`."""
        with self._lock:
            self._closed = True
            return [mail for mail in self._mails if not mail.after]

    def raw(self, number: int) -> bytes | None:
        """The MIME message of that number."""
        with self._lock:
            found = self._mails[number - 1] if 0 < number <= len(self._mails) else None
        return self._path(found).read_bytes() if found else None

    def _path(self, mail: Recorded) -> Path:
        return self.directory / ("later" if mail.after else "") / mail.file

    def _write_list(self) -> None:
        later = [mail.listed() for mail in self._mails if mail.after]
        write_json(self.directory / "mails.json", [mail.listed() for mail in self._mails if not mail.after])
        if later:
            write_json(self.directory / "later" / "mails.json", later)


@dataclass(frozen=True, slots=True)
class Parts:
    """A mail taken apart for reading."""

    headers: list[tuple[str, str]]
    html: str
    text: str

    def as_json(self) -> dict[str, Any]:
        """The parts as a JSON value."""
        return asdict(self)


def parts(raw: bytes) -> Parts:
    """The headers, the HTML part and the text part of a MIME message; a missing part is empty."""
    parsed = _parse(raw)

    def body(kind: str) -> str:
        found = parsed.get_body((kind,))
        return str(found.get_content()) if found is not None else ""

    return Parts([(name, str(value)) for name, value in parsed.items()], body("html"), body("plain"))


def write_json(path: Path, value: object) -> None:
    """Write a JSON file so that a reader sees the old or the new one, never half of it."""
    half = path.with_name(f".{path.name}.half")
    half.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    os.replace(half, path)


def _raw(request: Mapping[str, Any]) -> bytes | None:
    try:
        return base64.b64decode(request["Content"]["Raw"]["Data"], validate=True)
    except (KeyError, TypeError, binascii.Error):
        return None


def _parse(raw: bytes) -> EmailMessage:
    return message_from_bytes(raw, _class=EmailMessage, policy=policy.default)


def _with_message_id(raw: bytes, parsed: EmailMessage, message_id: str) -> bytes:
    """The message with the id that SES writes into it, replacing none."""
    if parsed.get("Message-ID"):
        return raw
    name = message_id if "@" in message_id else f"{message_id}@email.amazonses.com"
    end = b"\r\n" if b"\r\n" in raw[:2000] else b"\n"
    return f"Message-ID: <{name}>".encode() + end + raw


def _plain(part: str) -> str:
    return "".join(c if c.isalnum() or c == "-" else "_" for c in part)[:60]
