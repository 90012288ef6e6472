"""What a customer would live in a workflow, and get to read: `python -m infra.preview <workflow> [<file>]`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from infra.preview.inline import inline
from infra.preview.lived import Life, Lived, begins, clock, made_for
from infra.preview.reader import Written
from infra.preview.rendering import page
from infra.preview.story import load
from tidings.errors import BadInput
from tidings.mail.compile import compile_mails
from tidings.shop import load_shop
from tidings.words import hint
from tidings.workflow import package
from tidings.workflow.build import rules
from tidings.workflow.check import mails, problems
from tidings.workflow.check.scope import load_scope
from tidings.workflow.load import load_workflow
from tidings.workflow.model import EventTrigger
from tidings.workflow.picture import svg


def preview(root: Path, name: str, file: Path | None) -> Lived:
    """The life of a customer, the file's or a made one, in the workflow `name` below `root`. Raises BadInput."""
    names = sorted(path.parent.name for path in root.glob("*/workflow.yaml"))
    if not name:
        raise BadInput(
            f"which workflow? make preview WORKFLOW={names[0] if names else 'name'}{hint('', names)}"
        )
    if name not in names:
        raise BadInput(f'there is no workflow "{name}"{hint(name, names)}')
    written = _checked(root, name)
    told = load(file, written.shop) if file else None
    if told and told.events:
        return Life(written, told).live()
    return made_for(written, begins, told).live()


def _checked(root: Path, name: str) -> Written:
    """One workflow with its shop and mails; what is wrong with another workflow is no matter."""
    shop = load_shop(root / "shop.yaml")
    source = load_workflow(root / name)
    scope, wrong = load_scope(root, shop)
    compiled = compile_mails(root / name, shop, marketing=source.workflow.is_marketing)
    found = [*wrong, *problems(source, scope), *mails.problems(source, root / name, compiled)]
    if found:
        raise BadInput("\n".join(dict.fromkeys(found)))
    if (
        isinstance(source.workflow.trigger, EventTrigger)
        and source.workflow.trigger.event == "opt_in_requested"
    ):
        shop = shop.model_copy(update={"double_opt_in": True})  # or it would never begin
    names = {each for step in source.workflow.sends for each in mails.sent(step)}
    built = package.build(source.workflow, shop, {each: compiled[each] for each in names})
    return Written(built, rules(root, [built]))


def text(lived: Lived) -> str:
    """The timeline as lines for the terminal."""
    lines = [f"{lived.person.name} in “{lived.workflow.name}”, on the clocks of {lived.zone.key}", ""]
    for moment in lived.moments:
        mark = {"event": "·", "send": "✉", "end": "×", "done": "✓"}.get(moment.kind, " ")
        subject = f": {moment.letter.mail.subject}" if moment.letter else ""
        lines.append(f"{clock(moment.at, lived.zone)}  {mark} {moment.what}{subject}")
    if not lived.journeys:
        lines.append("No journey begins for this customer.")
    return "\n".join(lines) + "\n"


def write(lived: Lived, out: Path) -> Path:
    """Write the page, and each mail by itself; answers where the page is."""
    folder = out / lived.workflow.id
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.*"):
        old.unlink()
    for letter in lived.read:
        (folder / f"{letter.number:02}-{letter.name}.html").write_text(letter.mail.html, "utf-8")
        (folder / f"{letter.number:02}-{letter.name}.txt").write_text(letter.mail.text, "utf-8")
    subjects = {letter.name.partition(".")[0]: letter.mail.subject for letter in lived.read}
    picture = svg(lived.workflow, subjects=subjects)
    index = folder / "index.html"
    index.write_text(
        page("preview.html.j2", lived=lived, inline=inline, clock=clock, picture=picture), "utf-8"
    )
    return index


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the timeline and write the page; what is wrong goes to standard error, and then the answer is 1."""
    parser = argparse.ArgumentParser(prog="preview", description="Show what a customer would live and read.")
    parser.add_argument("workflow", nargs="?", default="")
    parser.add_argument("customer", nargs="?", type=Path, help="a story as docs/preview.md describes it")
    parser.add_argument("--workflows", type=Path, default=Path("workflows"))
    parser.add_argument("--out", type=Path, default=Path("build/preview"))
    options = parser.parse_args(arguments)
    try:
        lived = preview(options.workflows, options.workflow, options.customer)
    except BadInput as error:
        print(error, file=sys.stderr)
        return 1
    print(text(lived))
    index = write(lived, options.out)
    others = f" and {len(lived.others)} they would not get" if lived.others else ""
    print(f"{len(lived.letters)} {'mail' if len(lived.letters) == 1 else 'mails'}{others}: {index}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
