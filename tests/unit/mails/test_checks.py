"""What the build refuses, and the file and line that it names."""

import shutil
from pathlib import Path

import pytest

from tests.unit.mails import letters, markup
from tidings.errors import BadInput
from tidings.mail import samples
from tidings.mail.compile import compile_mails
from tidings.mail.render import Mail, render
from tidings.shop import Shop

FRONT = "---\nsubject: Hello\npreheader: A word\n---\n"
BODY = "<mj-section><mj-column>\n<mj-text>Good day</mj-text>\n{}\n</mj-column></mj-section>\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder of workflows with the project's layout and one empty workflow."""
    shutil.copy(letters.WORKFLOWS / "layout.mjml.j2", tmp_path)
    shutil.copytree(letters.WORKFLOWS / "partials", tmp_path / "partials")
    (tmp_path / "flow" / "emails").mkdir(parents=True)
    return tmp_path


def _build(root: Path, source: str, *, marketing: bool = True, shop: Shop | None = None) -> dict[str, str]:
    (root / "flow" / "emails" / "mail.mjml.j2").write_text(source, "utf-8")
    return compile_mails(root / "flow", shop or letters.shop(), marketing=marketing)["mail"]


def _refused(root: Path, source: str, *, marketing: bool = True) -> str:
    with pytest.raises(BadInput) as error:
        _build(root, source, marketing=marketing)
    return str(error.value).replace(f"{root}/", "")


def _send(mail: dict[str, str], *, marketing: bool = True) -> Mail:
    return render(mail, samples.full(letters.shop(), marketing=marketing))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "<mj-text>{{ customer.frist_name }}</mj-text>",
            'name "customer.frist_name"; did you mean "first_name"?',
        ),
        ("<mj-text>{{ costumer.email }}</mj-text>", 'unknown name "costumer"; did you mean "customer"?'),
        ("<mj-text>{{ event.total.foo }}</mj-text>", 'unknown name "event.total.foo"'),
        (
            "<mj-text>{% for i in items %}{{ i.prize }}{% endfor %}</mj-text>",
            '"i.prize"; did you mean "price"?',
        ),
        ("<mj-text>{{ items[0].tilte }}</mj-text>", 'did you mean "title"?'),
        ("<mj-text>{{ shop.colours.acent }}</mj-text>", '"shop.colours.acent"; did you mean "accent"?'),
        ("<mj-text>{% trans n=customer.nam %}x{{ n }}{% endtrans %}</mj-text>", 'name "customer.nam"'),
        ("<mj-text>{{ event.total|mony }}</mj-text>", "No filter named 'mony'"),
        ("<mj-text>{% if items %}</mj-text>", "Unexpected end of template"),
        ("<mj-text>{{ customer.__class__ }}</mj-text>", "begins with an underscore"),
        ("<mj-text>{{ customer['__class__'] }}</mj-text>", "begins with an underscore"),
        ("<mj-text>a <br> b</mj-text>", "write MJML and HTML as XML"),
        ("<mj-txt>a</mj-txt>", 'there is no "mj-txt" in MJML; did you mean "mj-text"?'),
        ("<mj-text>{% trans %}<a href='x'>y</a>{% endtrans %}</mj-text>", "loses links"),
        ("Good evening", "stands in mj-column: put it into mj-text"),
    ],
)
def test_mistakes_name_their_line(root: Path, line: str, message: str) -> None:
    """Unknown names with the nearest right one, filters, syntax, XML, MJML: file, line, what is wrong."""
    told = _refused(root, FRONT + BODY.format(line))
    assert message in told
    assert "flow/emails/mail.mjml.j2:" in told
    number = int(told.split("mail.mjml.j2:")[1].split(":")[0])
    assert number in ((5,) if line == "Good evening" else (7, 8))


def test_statements_between_columns_are_refused(root: Path) -> None:
    """Outlook's comments and the columns' widths are fixed when the mail is built."""
    body = "<mj-section>\n{% if items %}<mj-column><mj-text>x</mj-text></mj-column>{% endif %}</mj-section>"
    assert "would break the mail in Outlook" in _refused(root, FRONT + body)


@pytest.mark.parametrize(
    ("front", "message"),
    [
        ("", ":1: a mail begins with its front matter"),
        ("---\nsubject: Hello\n---\n", ':2: "preheader" is missing'),
        (
            "---\nsubject: Hello\npreheader: x\nsubjct: y\n---\n",
            ':4: unknown word "subjct"; did you mean "subject"?',
        ),
        ("---\nsubject: Hello\npreheader: '{{ custmer.email }}'\n---\n", ':3: unknown name "custmer"'),
        ("---\nsubject: [1\n---\n", "mail.mjml.j2:"),
        ("---\nsubject: '{{ customer.first_name }}'\npreheader: x\n---\n", "no subject or preheader"),
    ],
)
def test_front_matter(root: Path, front: str, message: str) -> None:
    """Subject and preheader are needed, hold for everybody, and are checked like the mail itself."""
    assert message in _refused(root, front + BODY.format(""))


def test_variants_of_the_front_matter(root: Path) -> None:
    """The same mail with another subject or preheader, by its own name; checked like the mail itself."""
    front = FRONT.replace("---\n", "---\nvariants:\n  bold: {subject: Now!}\n  calm: {preheader: Quiet}\n", 1)
    (root / "flow" / "emails" / "mail.mjml.j2").write_text(front + BODY.format(""), "utf-8")
    mails = compile_mails(root / "flow", letters.shop())
    assert sorted(mails) == ["mail", "mail.bold", "mail.calm"]
    assert (mails["mail.bold"]["subject"], mails["mail.bold"]["preheader"]) == ("Now!", "A word")
    assert (mails["mail.calm"]["subject"], mails["mail.calm"]["preheader"]) == ("Hello", "Quiet")
    wrong = front.replace("Now!", '"{{ custmer.email }}"')
    assert 'mail.mjml.j2:2: unknown name "custmer"' in _refused(root, wrong + BODY.format(""))


def test_all_mistakes_at_once(root: Path) -> None:
    """Two in one mail and one in another are three lines."""
    (root / "flow" / "emails" / "other.mjml.j2").write_text(FRONT + BODY.format("{{ a }}"), "utf-8")
    told = _refused(root, FRONT + BODY.format("<mj-text>{{ b }}</mj-text>\n<mj-text>{{ c }}</mj-text>"))
    assert len(told.splitlines()) == 3


def test_what_is_missing_must_be_guarded(root: Path) -> None:
    """A picture that only some customers have is refused until it stands in a condition."""
    image = '<mj-image src="{{ items[0].picture }}" alt=""/>'
    assert "an empty src when next to nothing is known" in _refused(root, FRONT + BODY.format(image))
    assert _build(root, FRONT + BODY.format(f"{{% if items %}}{image}{{% endif %}}"))["html"]


@pytest.mark.parametrize(
    ("cut", "message"),
    [
        ("{% if unsubscribe_url %}", "needs a link to {{ unsubscribe_url }}"),
        ("{% for line in shop.address %}", "needs the postal address in its HTML"),
    ],
)
def test_marketing_mail_needs_a_way_out_and_an_address(root: Path, cut: str, message: str) -> None:
    """A layout without unsubscribe link or postal address makes no marketing mail, but a transactional one."""
    layout = root / "layout.mjml.j2"
    text = layout.read_text("utf-8")
    never = cut.replace("if unsubscribe_url", "if false").replace("in shop.address", "in []")
    layout.write_text(text.replace(cut, never), "utf-8")
    assert message in _refused(root, FRONT + BODY.format(""))
    assert _build(root, FRONT + BODY.format(""), marketing=False)["html"]


def test_unsubscribe_in_html_alone_is_not_enough(root: Path) -> None:
    """A text part by hand must have it, too."""
    front = "---\nsubject: Hello\npreheader: A word\ntext: |\n  Good day\n---\n"
    assert "in its text part, too" in _refused(root, front + BODY.format(""))


def test_transactional_mail_offers_no_unsubscribing(root: Path) -> None:
    """Its context has no link, and its footer says nothing of one."""
    mail = _send(_build(root, FRONT + BODY.format(""), marketing=False), marketing=False)
    assert "nsubscribe" not in mail.html + mail.text


def test_loops_around_sections_and_in_columns(root: Path) -> None:
    """Sections, elements of a column and rows of a table may stand in loops and conditions, none and many times."""
    body = (
        "{% for item in items %}<mj-section><mj-column><mj-text>{{ item.title }}</mj-text></mj-column></mj-section>"
        "{% endfor %}<mj-section><mj-column>{% for item in items %}<mj-text>{{ item.quantity }}</mj-text>"
        "<mj-divider/>{% endfor %}<mj-table>{% for item in items %}<tr><td>{{ item.price }}</td></tr>{% endfor %}"
        "</mj-table></mj-column></mj-section>"
    )
    source = _build(root, FRONT + body)
    for made in (samples.full, samples.sparse):
        assert markup.problems(render(source, made(letters.shop())).html) == []
    assert markup.words(_send(source).html).count("Moss Teapot") == 1


def test_too_large_for_gmail(root: Path) -> None:
    """Over 100 kB Gmail would hide the unsubscribe link."""
    assert "Gmail shows no more" in _refused(root, FRONT + BODY.format(f"<mj-text>{'x' * 100_000}</mj-text>"))


def test_a_partial_may_name_what_the_mail_has_set(root: Path) -> None:
    """A name that the mail sets is the partial's, too; one that nobody sets is not."""
    (root / "partials" / "stage.mjml.j2").write_text("<mj-text>Stage {{ stage }}</mj-text>", "utf-8")
    include = '{% include "stage.mjml.j2" %}'
    assert "Stage 2" in _send(_build(root, FRONT + BODY.format("{% set stage = 2 %}" + include))).text
    assert 'unknown name "stage"' in _refused(root, FRONT + BODY.format(include))


def test_missing_partial(root: Path) -> None:
    """An include that leads nowhere is named."""
    assert "there is no partials/nope.mjml.j2" in _refused(
        root, FRONT + BODY.format('{% include "nope.mjml.j2" %}')
    )


def test_text_part_by_hand(root: Path) -> None:
    """`text` in the front matter replaces the derived one, and is not escaped."""
    text = "  Tea & {{ shop.name }}\n  {{ unsubscribe_url }}\n  {{ shop.address|join(', ') }}\n"
    source = FRONT.replace("---\n", "---\ntext: |\n" + text, 1) + BODY.format("")
    assert _send(_build(root, source)).text.startswith("Tea & Kettle & Kiln\n")


def test_derived_text_part(root: Path) -> None:
    """Headings, lists, links, translated markup and loops keep their sense without HTML."""
    body = BODY.format(
        "<mj-text><h1>Tea &amp; cake</h1><p>One<br/>two</p><ul><li>a</li><li>b</li></ul>"
        '<a href="{{ shop.url }}">Our shop</a> '
        "{% trans n=customer.first_name %}<b>Dear</b> {{ n }}&nbsp;!{% endtrans %}"
        "</mj-text>{% for item in items %}<mj-text>{{ item.title }}</mj-text>{% endfor %}"
    )
    text = _send(_build(root, FRONT + body)).text
    assert (
        "Tea & cake\n\nOne\ntwo\n\n- a\n- b\n\nOur shop <https://kettleandkiln.example> Dear Ada\u00a0!"
        in text
    )
    assert "Moss Teapot\n\nGenmaicha" in text


def test_logo_replaces_the_name(root: Path) -> None:
    """A shop with a logo shows it, its name as the picture's text."""
    shop = letters.shop().model_copy(update={"logo": "https://cdn.example/logo.png", "social": []})
    html = render(_build(root, FRONT + BODY.format(""), shop=shop), samples.full(shop)).html
    assert "https://cdn.example/logo.png" in markup.addresses(html)
    assert 'alt="Kettle &amp; Kiln"' in html
    assert markup.problems(html) == []


def test_same_sources_same_mails(root: Path) -> None:
    """Compiling twice gives the same: a revision's hash depends on it."""
    source = FRONT + BODY.format('{% include "items.mjml.j2" %}')
    assert _build(root, source) == _build(root, source)
