"""How many mails a second one core renders and composes, from a warm function."""

from email.message import EmailMessage
from time import perf_counter

from tests.unit.mails import letters
from tidings.mail import samples
from tidings.mail.render import compose, mailbox, render, unsubscribe_headers


def mails_per_second(rounds: int = 100) -> tuple[float, float]:
    """(rendered, rendered and composed) a second, over all mails of the project in turn."""
    shop = letters.shop()
    about = samples.full(shop)
    sources = list(letters.compiled().values())
    sender, recipient = mailbox(shop.sender.address, shop.sender.name), mailbox("ada@example.com")
    headers = unsubscribe_headers(letters.LINK)
    ready = [render(source, about) for source in sources]
    started = perf_counter()
    for _ in range(rounds):
        ready = [render(source, about) for source in sources]
    rendered = perf_counter()
    for _ in range(rounds):
        for mail in ready:
            compose(mail, sender, recipient, headers)
    count, rendering, composing = rounds * len(sources), rendered - started, perf_counter() - rendered
    return count / rendering, count / (rendering + composing)


def library_per_second(rounds: int = 20) -> float:
    """How many of the same mails the standard library writes as MIME, their text and HTML given."""
    shop = letters.shop()
    ready = [render(source, samples.full(shop)) for source in letters.compiled().values()]
    started = perf_counter()
    for _ in range(rounds):
        for mail in ready:
            message = EmailMessage()
            message["From"], message["To"], message["Subject"] = shop.name, "ada@example.com", mail.subject
            message.set_content(mail.text)
            message.add_alternative(mail.html, subtype="html")
            message.as_bytes()
    return rounds * len(ready) / (perf_counter() - started)


def main() -> None:
    """Print both figures."""
    rendered, composed = mails_per_second()
    print(f"{rendered:,.0f} mails rendered a second, {composed:,.0f} rendered and composed")


if __name__ == "__main__":
    main()
