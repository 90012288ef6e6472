"""The run directory: each mail a file, the list whole at every moment, the finished run left alone."""

import base64
import json
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from infra.local.mailbox import Mailbox, parts

AT = datetime(2027, 2, 27, 9, tzinfo=UTC)


def _request(step: str = "reminder", raw: bytes | None = None) -> dict[str, Any]:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = (
        "Shop <s@example.com>",
        "陽菜 <h@example.com>",
        "お帰りなさい",
    )
    message.set_content("plain words")
    message.add_alternative("<p>rich words</p>", subtype="html")
    tags = {
        "workflow": "abandoned-checkout",
        "step": step,
        "class": "marketing",
        "journey": "j1",
        "customer": "c1",
    }
    data = base64.b64encode(raw or message.as_bytes()).decode()
    return {
        "Content": {"Raw": {"Data": data}},
        "Destination": {"ToAddresses": ["h@example.com"]},
        "EmailTags": [{"Name": name, "Value": value} for name, value in tags.items()],
    }


def _listed(directory: Path) -> list[dict[str, Any]]:
    value: list[dict[str, Any]] = json.loads((directory / "mails.json").read_text())
    return value


def test_a_mail_is_a_file_and_a_line_of_the_list(tmp_path: Path) -> None:
    """The list names the file; the file is the message as it was sent, with the id that SES gave it."""
    box = Mailbox(tmp_path)
    box.record([("X-Amz-Date", "now")], _request(), "id-1", AT)
    [entry] = _listed(tmp_path)
    assert entry["file"] == "mails/0001-abandoned-checkout-reminder.eml"
    assert (entry["workflow"], entry["step"], entry["class"]) == (
        "abandoned-checkout",
        "reminder",
        "marketing",
    )
    assert (entry["journey"], entry["customer"], entry["at"]) == ("j1", "c1", "2027-02-27T09:00:00.000Z")
    assert entry["subject"] == "お帰りなさい"
    taken = parts((tmp_path / entry["file"]).read_bytes())
    assert ("Message-ID", "<id-1@email.amazonses.com>") in taken.headers
    assert (taken.text.strip(), taken.html.strip()) == ("plain words", "<p>rich words</p>")


def test_the_whole_request_is_kept(tmp_path: Path) -> None:
    """Headers and body of the request stand beside the mail."""
    Mailbox(tmp_path).record([("X-Amz-Date", "now")], _request(), "id-1", AT)
    kept = json.loads((tmp_path / "requests" / "0001-abandoned-checkout-reminder.json").read_text())
    assert kept["headers"] == [["X-Amz-Date", "now"]]
    assert kept["body"] == _request() | {"Content": kept["body"]["Content"]}


def test_a_finished_run_is_left_alone(tmp_path: Path) -> None:
    """After the books are closed further mails go elsewhere and still show."""
    box = Mailbox(tmp_path)
    box.record([], _request(), "id-1", AT)
    assert len(box.close_books()) == 1
    box.record([], _request("last-call"), "id-2", AT)
    assert len(_listed(tmp_path)) == 1
    assert len([*(tmp_path / "mails").iterdir()]) == 1
    assert next((tmp_path / "later" / "mails").iterdir()).name == "0002-abandoned-checkout-last-call.eml"
    assert [mail.after for mail in box.mails()] == [False, True]
    assert "お帰りなさい" in str(parts(box.raw(2) or b"").headers)


def test_a_new_box_starts_empty(tmp_path: Path) -> None:
    """The mails of an earlier run are gone, so that files and list always agree."""
    Mailbox(tmp_path).record([], _request(), "id-1", AT)
    box = Mailbox(tmp_path)
    assert (_listed(tmp_path), [*(tmp_path / "mails").iterdir()], box.mails()) == ([], [], [])


def test_names_from_tags_cannot_leave_the_directory(tmp_path: Path) -> None:
    """A step that looks like a path becomes a plain file name."""
    mail = Mailbox(tmp_path).record([], _request("../../etc/passwd"), "id-1", AT)
    assert mail is not None
    assert mail.file == "mails/0001-abandoned-checkout-______etc_passwd.eml"


def test_what_is_no_raw_message_is_not_kept(tmp_path: Path) -> None:
    """A request of another kind is passed on only."""
    assert Mailbox(tmp_path).record([], {"Content": {"Simple": {}}}, "id-1", AT) is None
    assert _listed(tmp_path) == []
