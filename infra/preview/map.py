"""Draws every workflow: `python -m infra.preview.map`.

`docs/workflows/<name>.svg` is committed, and with `--check` only compared; `build/map/` gets the same as Mermaid
text and a page with all of them.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.preview.rendering import page
from tidings.errors import BadInput
from tidings.mail import samples
from tidings.mail.render import render
from tidings.shop import Shop
from tidings.workflow.check import check
from tidings.workflow.check.mails import sent
from tidings.workflow.model import Workflow
from tidings.workflow.picture import mermaid, outline, svg


@dataclass(frozen=True, slots=True)
class Drawn:
    """A workflow's picture, as SVG and as text."""

    workflow: Workflow
    svg: str
    mermaid: str
    outline: str

    @property
    def mails(self) -> int:
        """How many mails it sends at most."""
        return len({step.mail for step in self.workflow.sends})


def draw(root: Path) -> list[Drawn]:
    """The pictures of all workflows below `root`. Raises BadInput with every problem, one a line."""
    checked = check(root)
    if checked.problems or checked.shop is None:
        raise BadInput("\n".join(checked.problems))
    drawn = []
    for source in checked.sources:
        workflow = source.workflow
        told = subjects(workflow, checked.mails[workflow.id], checked.shop)
        drawn.append(Drawn(workflow, svg(workflow, subjects=told), mermaid(workflow), outline(workflow)))
    return drawn


def subjects(workflow: Workflow, mails: Mapping[str, Mapping[str, str]], shop: Shop) -> dict[str, str]:
    """By mail, the subject that a customer of whom all is known would read; of a test the first variant's."""
    made = samples.full(shop, marketing=workflow.is_marketing)
    told = {}
    for step in workflow.sends:
        subject = mails[sent(step)[0]]["subject"]
        source = {"subject": subject, "preheader": "", "html": "", "text": ""}
        told[step.mail] = render(source, made).subject
    return told


def write(drawn: Sequence[Drawn], docs: Path, out: Path) -> None:
    """Write the pictures into `docs`, Mermaid's text and the page into `out`; drop those of workflows that left."""
    for folder, ending in ((docs, "svg"), (out, "mmd")):
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob(f"*.{ending}"):
            old.unlink()
    for each in drawn:
        (docs / f"{each.workflow.id}.svg").write_text(each.svg, "utf-8")
        (out / f"{each.workflow.id}.mmd").write_text(each.mermaid, "utf-8")
    (out / "index.html").write_text(page("map.html.j2", drawn=drawn), "utf-8")


def stale(drawn: Sequence[Drawn], docs: Path) -> list[Path]:
    """The committed pictures that are not what would be drawn now: changed, missing, or of no workflow."""
    wanted = {docs / f"{each.workflow.id}.svg": each.svg for each in drawn}
    return sorted(
        path
        for path in {*wanted, *docs.glob("*.svg")}
        if path not in wanted or not path.exists() or path.read_text("utf-8") != wanted[path]
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw, or with `--check` compare; what is wrong goes to standard error, and then the answer is 1."""
    parser = argparse.ArgumentParser(prog="map", description="Draw every workflow.")
    parser.add_argument("--workflows", type=Path, default=Path("workflows"))
    parser.add_argument("--docs", type=Path, default=Path("docs/workflows"))
    parser.add_argument("--out", type=Path, default=Path("build/map"))
    parser.add_argument("--check", action="store_true", help="only say whether the pictures are current")
    options = parser.parse_args(arguments)
    try:
        drawn = draw(options.workflows)
    except BadInput as error:
        print(error, file=sys.stderr)
        return 1
    if options.check:
        for path in stale(drawn, options.docs):
            print(f"{path}:1: is stale: run `make map` and commit it", file=sys.stderr)
        return 1 if stale(drawn, options.docs) else 0
    write(drawn, options.docs, options.out)
    print(f"drew {len(drawn)} workflows: {options.docs}/*.svg, and all on {options.out / 'index.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
