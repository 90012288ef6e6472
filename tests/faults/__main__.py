"""`make faults`: kills `run_step` at every point of a mail, then throttles everything, and counts the mails.

MAILS= and JOURNEYS= say how many, SEED= which chance. The exit code is 1 when a promise is broken.
"""

import os
import sys
from collections.abc import Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from time import monotonic

from tests.faults import matrix, storm
from tests.faults.matrix import ARRIVALS, CLASSES, Row


@dataclass(frozen=True, slots=True)
class Options:
    """How much, and which chance."""

    mails: int = 200
    journeys: int = 500
    seed: int = 1


def main(environ: Mapping[str, str]) -> int:
    """Prints the matrix and the promise; returns the exit code."""
    asked = {name: int(told) for name in Options.__slots__ if (told := environ.get(name.upper(), ""))}
    options, began = Options(**asked), monotonic()
    with ProcessPoolExecutor(os.cpu_count()) as processes:
        rows = list(processes.map(matrix.run, matrix.cells(options.mails, options.seed)))
        batches = storm.batches(options.journeys)
        figures = sum(processes.map(partial(storm.run, seed=options.seed), batches), storm.Figures())
    for line in (*table(rows, options), *costs(rows), *throttled(figures)):
        print(line)
    print(f"took {monotonic() - began:.0f} s")
    print(promise(rows, figures))
    return int(is_broken(rows, figures, options))


def table(rows: Iterable[Row], options: Options) -> Iterable[str]:
    """The matrix, a line for each case."""
    yield f"run_step dies at each point of a mail, {options.mails} mails a line, seed {options.seed}"
    yield (
        f"{'point':22}{'class':15}{'send event':12}{'wanted':>7}{'accepted':>9}{'duplicates':>11}{'lost':>6}"
        f"{'dropped: nobody knows':>23}"
    )
    for row in rows:
        cell = row.cell
        yield (
            f"{cell.point:22}{cell.class_:15}{cell.arrival:12}{cell.mails:7}{row.accepted:9}{row.duplicates:11}"
            f"{row.lost:6}{row.dropped:23}" + (f"  {row.failed} failed" if row.failed else "")
        )


def costs(rows: Iterable[Row]) -> Iterable[str]:
    """What the promise costs where a mail is cut off."""
    rows = list(rows)
    yield "what it costs, of the mails that were cut off somewhere:"
    for arrival in ARRIVALS:
        of = {
            class_: [row for row in rows if (row.cell.class_, row.cell.arrival) == (class_, arrival)]
            for class_ in CLASSES
        }
        wanted = sum(row.cell.mails for row in of["marketing"])
        dropped, gone = (sum(getattr(row, name) for row in of["marketing"]) for name in ("dropped", "gone"))
        twice = sum(row.twice for row in of["transactional"])
        yield (
            f"  send event {arrival + ':':9}{dropped:5} of {wanted} marketing mails dropped as nobody knows "
            f"({gone} had gone out all the same), {twice:5} transactional sent more than once"
        )


def throttled(told: storm.Figures) -> Iterable[str]:
    """What came of the throttling."""
    yield (
        f"throttled: {told.journeys} journeys, {told.wanted} mails wanted, {told.accepted} accepted, "
        f"{told.duplicates} twice, {told.lost} lost, {told.too_soon} above a cap; {told.failed} machines failed, "
        f"{told.parked} events parked"
    )
    yield (
        f"  SES refused {told.mail_refused} of {told.mail_calls} calls, DynamoDB and Step Functions {told.refused} "
        f"of {told.calls}; {told.deferred} deferrals; in the middle of {told.interleaved} calls something else ran, "
        f"{told.doubled} times the same step once more"
    )


def promise(rows: Iterable[Row], told: storm.Figures) -> str:
    """The last line."""
    rows = list(rows)
    duplicates = sum(row.duplicates for row in rows if row.cell.class_ == "marketing")
    lost = sum(row.lost for row in rows if row.cell.class_ == "transactional")
    return (
        f"marketing duplicates: {duplicates + told.marketing_duplicates}, "
        f"transactional lost: {lost + told.transactional_lost}"
    )


def is_broken(rows: Iterable[Row], told: storm.Figures, options: Options) -> bool:
    """Whether anything is not as promised."""
    rows = list(rows)
    kept = promise(rows, told) == "marketing duplicates: 0, transactional lost: 0"
    broken = (told.duplicates, told.lost, told.too_soon, told.failed, told.parked)
    failed = any(broken) or any(row.failed for row in rows)
    return not kept or failed or told.journeys != options.journeys


if __name__ == "__main__":
    sys.exit(main(os.environ))
