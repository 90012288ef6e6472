"""What is wrong with a deployed stack, and how to mend it: facts are gathered, then judged by small pure checks."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict

from infra.deploy import operate, release
from infra.deploy.doctor import mail, sources, stack
from infra.deploy.doctor.facts import Check, Facts, Finding, warn
from infra.deploy.doctor.gather import Gatherer, identity_of
from tidings import clock
from tidings.shop import load_shop

CHECKS: Sequence[Check] = (*mail.CHECKS, *stack.CHECKS, *sources.CHECKS)


def judge(facts: Facts) -> Iterator[tuple[str, Finding]]:
    """(check, finding) of every check; one whose facts could not be looked up says so."""
    for check in CHECKS:
        unknown = [name for name in check.needs if getattr(facts, name) is None]
        if unknown:
            why = facts.unknown.get(unknown[0], "it was not looked for")
            if why:  # else it does not concern this shop
                yield check.name, warn(f"could not be looked up: {why}")
            continue
        for finding in check.judge(*(getattr(facts, name) for name in check.needs)):
            yield check.name, finding


def examine(stack_name: str, environ: Mapping[str, str]) -> Iterator[tuple[str, Finding]]:
    """What is found of the stack of that name on AWS, of the local one for "". Raises DeployError."""
    at = operate.place(stack_name)
    sender = load_shop(release.ROOT / "workflows" / "shop.yaml").sender.address
    name = stack_name or at.stack
    identity = identity_of(at.connect, name)
    time = clock.from_json(at.clock)
    yield from judge(
        Gatherer(at.connect, name, identity, sender, time.now(), bool(stack_name), environ).facts()
    )


def report(found: Iterable[tuple[str, Finding]], as_json: bool) -> tuple[str, int]:
    """What to print, and the exit code: 1 when a check fails."""
    told = list(found)
    failed = any(finding.level == "fail" for _, finding in told)
    if as_json:
        rows: list[Mapping[str, str]] = [{"check": name, **asdict(finding)} for name, finding in told]
        return json.dumps(rows, ensure_ascii=False, indent=1), int(failed)
    width = max((len(name) for name, _ in told), default=0)
    lines = []
    for name, finding in told:
        mend = f"  Mend: {finding.mend}" if finding.mend else ""
        lines.append(f"{finding.level:4}  {name:{width}}  {finding.text}{mend}")
    counts = ", ".join(
        f"{sum(each.level == level for _, each in told)} {word}"
        for level, word in (("ok", "well"), ("warn", "to look at"), ("fail", "to mend"))
    )
    return "\n".join([*lines, counts]), int(failed)
