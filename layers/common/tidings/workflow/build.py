"""Everything that is made from a shop's workflows: `python -m tidings.workflow.build`.

Packages for the layer and the archive, the layer's copy of `tidings`, the state machines' template and the JSON
Schema of workflows: the last two are committed, and with `--check` only compared.
"""

import argparse
import hashlib
import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tidings.errors import BadInput
from tidings.mail import catalogues
from tidings.segments import Rules
from tidings.shop import Shop
from tidings.workflow import package, schema, template
from tidings.workflow.check import check, mails
from tidings.workflow.check.segments import counted, load_rules
from tidings.workflow.model import DateTrigger, InactiveTrigger
from tidings.workflow.package import Package

HERE: Final = Path(__file__).resolve().parents[1]
"""The `tidings` package."""


def packages(root: Path) -> list[Package]:
    """The packages of all workflows below `root`. Raises BadInput with every problem, one a line."""
    checked = check(root)
    if checked.problems or checked.shop is None:
        raise BadInput("\n".join(checked.problems))
    built = []
    for source in checked.sources:
        compiled = checked.mails[source.workflow.id]
        names = {name for step in source.workflow.sends for name in mails.sent(step)}
        built.append(package.build(source.workflow, checked.shop, {name: compiled[name] for name in names}))
    return built


def rules(root: Path, built: Sequence[Package]) -> Rules:
    """The shop's rules, with the events that they, the workflows or their mails count. Raises BadInput."""
    told = load_rules(root).rules
    texts = [*(segment.rule for segment in told.segments.values()), *map(package.dump, built)]
    return told.model_copy(update={"counted": counted(texts)})


def write(built: Sequence[Package], out: Path, told: Rules | None = None, root: Path | None = None) -> None:
    """Write the layer's and the archive's packages below `out`, the rules beside them, and copy `tidings` into the
    layer. `root` has the shop's own translations."""
    layer, archive = out / "layer" / "python", out / "packages"
    for folder in (layer / "tidings", layer / "tidings_packages", archive):
        shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(HERE, layer / "tidings", ignore=shutil.ignore_patterns("__pycache__", "*.pyc", "locales"))
    for each in built:
        for path in (layer / "tidings_packages" / f"{each.id}.json", archive / each.id / f"{each.rev}.json"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(package.dump(each), "utf-8")
    path = layer / "tidings_packages" / package.RULES
    path.parent.mkdir(parents=True)
    path.write_text(knowledge_text(told or Rules(), built), "utf-8")
    (layer / "tidings_packages" / package.PAGES).write_text(pages_text(built[0].shop, root), "utf-8")


def pages_text(shop: Shop, root: Path | None) -> str:
    """The words of the pages behind links as JSON. Raises BadInput when a catalogue would break one."""
    words = catalogues.in_pages(HERE / "pages", shop, root)
    told = {language: translation.model_dump() for language, translation in words.items()}
    return json.dumps(told, sort_keys=True, ensure_ascii=False, separators=(",", ":")) + "\n"


def knowledge_text(told: Rules, built: Sequence[Package]) -> str:
    """The rules as JSON, the same text for the same rules. `hash` changes when customers must be looked at again: with
    the rules, and with the dates and silences that begin workflows."""
    dated = {
        each.id: each.workflow.trigger.model_dump(mode="json", by_alias=True)
        for each in built
        if isinstance(each.workflow.trigger, DateTrigger | InactiveTrigger) and not each.workflow.retired
    }
    content = {**told.model_dump(mode="json"), "counted": sorted(told.counted)}
    known = json.dumps([content, dated], sort_keys=True)
    digest = hashlib.sha256(known.encode()).hexdigest()[:16]
    return json.dumps({"rules": content, "hash": digest}, sort_keys=True, ensure_ascii=False, indent=1) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Build, or with `--check` compare; what is wrong goes to standard error, and then the answer is 1."""
    parser = argparse.ArgumentParser(prog="build", description="Compile workflows and e-mails.")
    parser.add_argument("--workflows", type=Path, default=Path("workflows"))
    parser.add_argument("--out", type=Path, default=Path("build"))
    parser.add_argument("--template", type=Path, default=Path("infra/workflows.yaml"))
    parser.add_argument("--check", action="store_true", help="only say whether the template is current")
    options = parser.parse_args(arguments)
    try:
        built = packages(options.workflows)
        text = template.text(built)
    except BadInput as error:
        print(error, file=sys.stderr)
        return 1
    if options.check:
        current = {
            options.template: options.template.exists() and options.template.read_text("utf-8") == text,
            options.workflows / schema.FILE: schema.is_current(options.workflows),
        }
        stale = [path for path, is_current in current.items() if not is_current]
        for path in stale:
            print(f"{path}:1: is stale: run `make build` and commit it", file=sys.stderr)
        return 1 if stale else 0
    write(built, options.out, rules(options.workflows, built), options.workflows)
    options.template.write_text(text, "utf-8")
    schema.write(options.workflows)
    print(f"built {len(built)} workflows and their mails: {options.out}/packages")
    return 0


if __name__ == "__main__":
    sys.exit(main())
