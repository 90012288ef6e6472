"""What others' tools say of the mails. Each is skipped where it is not installed."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.unit.mails import letters
from tidings.mail import samples
from tidings.mail.render import compose, mailbox, unsubscribe_headers

CANIEMAIL = Path(
    os.environ.get("EMAIL_CHECKS", Path(__file__).parents[4] / "shared" / "checks" / "email_html")
)

ALLOWED = {
    # The style sheet of the head: where it is dropped, sizes and colours of the elements themselves stand.
    "<style> element": "Gmail's mobile page for other accounts drops it: the mail is light, headings are larger",
    "@media": "without it the mail is light and fluid: no column needs it",
    "Class selector": "as above",
    "ID selector": "MJML's reset for Outlook.com alone",
    "Type selector": "MJML's resets; every element carries its own style",
    "Chaining selectors": "`div.page` and the like, for dark colours alone",
    "Descendant combinator": "as above",
    "@media prefers-color-scheme": "where it is unknown the mail is light, or the program darkens it itself",
    # What MJML writes for good measure.
    "cursor": "MJML's buttons; a link has a hand anyway",
    "target attribute": "links open as the program likes",
    "transform": "`text-transform` misread: MJML's buttons say none",
    "outline": "MJML's reset of pictures",
    "word-spacing": "MJML's reset: normal is what there is",
    "opacity": "one of six ways in which the preheader hides",
    "overflow": "as above",
    "display:none": "as above",
    "word-break": "long words then widen the column",
    "table-layout": "MJML's tables say auto, the default",
    "height property": "on pictures, beside the attribute",
    # What is nice to have.
    "border-radius": "corners are square in Outlook",
    "white-space": "a price may then break at its space",
    "aria-label attribute": "the subject says the same",
    "role attribute": "layout tables are then read as tables",
    "<body> element": "replaced by the program's own; the wrapping div has the colour, too",
}
"""Findings of caniemail that are known, with the reason why they do no harm."""


@pytest.mark.parametrize("name", letters.names())
def test_mail_programs_show_it(name: str, tmp_path: Path) -> None:
    """Nothing that a mail program cannot show, but for what is allowed for a reason."""
    if not (CANIEMAIL / "node_modules").is_dir() or not shutil.which("node"):
        pytest.skip(
            "caniemail is not installed: see checks/README.md beside this checkout, or set EMAIL_CHECKS"
        )
    file = tmp_path / "mail.html"
    file.write_text(letters.send(name, samples.full(letters.shop())).html, "utf-8")
    clients = "gmail.*,outlook.*,apple-mail.*,yahoo.*"
    told = subprocess.run(
        ["node", "check.mjs", str(file), clients], cwd=CANIEMAIL, capture_output=True, text=True, timeout=60
    ).stdout
    found = {
        title for line in re.findall(r"^ERR \S+ (.+)$", told, re.MULTILINE) for title in line.split("; ")
    }
    assert "caniemail" in told
    assert found - set(ALLOWED) == set()


def test_no_spam(tmp_path: Path) -> None:
    """SpamAssassin, without asking the network, gives each mail less than two points of the five that make spam."""
    if not shutil.which("spamassassin"):
        pytest.skip("SpamAssassin is not installed (Debian's package spamassassin)")
    shop = letters.shop()
    for name in letters.names():
        raw = compose(
            letters.send(name, samples.full(shop)),
            mailbox(shop.sender.address, shop.sender.name),
            mailbox("ada@example.com", "Ada"),
            unsubscribe_headers(letters.LINK),
        )
        sent = b"Date: Tue, 17 Mar 2026 15:04:00 +0000\r\nMessage-ID: <010001@email.amazonses.com>\r\n" + raw
        arguments = ["-L", "-x", "-p", "/dev/null", "--cf=use_bayes 0", "--cf=use_auto_whitelist 0", "-t"]
        judged = subprocess.run(
            ["spamassassin", *arguments], input=sent, capture_output=True, timeout=60
        ).stdout
        score = re.search(rb"^X-Spam-Status: .*?score=(-?[\d.]+)", judged, re.MULTILINE)
        assert score, judged[:500]
        assert float(score[1]) < 2, f"{name}: {score[1].decode()}"
