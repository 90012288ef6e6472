"""What AWS charges for, counted: states and writes per mail, writes per webhook, the size of a customer."""

from types import ModuleType

import pytest

from tests.bench import __main__ as bench
from tests.bench import items, states, writes
from tests.bench.figures import Figure, table


@pytest.mark.parametrize("part", [states, writes, items], ids=lambda part: part.__name__)
def test_every_bound_holds(part: ModuleType) -> None:
    """Those of `make bench` that are counted, not timed."""
    figures: list[Figure] = part.measure()
    bounded = [figure for figure in figures if figure.bound is not None]
    assert bounded
    assert [figure.row for figure in bounded if not figure.holds] == []


def test_sizes_are_counted_as_aws_counts_them() -> None:
    """Names and texts by their bytes, numbers by two digits a byte, one byte an entry and three a container."""
    assert items.item_size({"ä": {"S": "öl"}}) == 2 + 3
    assert items.item_size({"n": {"N": "1766939280"}, "z": {"N": "100"}}) == 1 + 6 + 1 + 2
    assert items.item_size({"b": {"BOOL": True}, "s": {"SS": ["ab", "c"]}}) == 2 + 4
    assert items.item_size({"l": {"L": [{"S": "ab"}]}, "m": {"M": {"k": {"S": "v"}}}}) == 1 + 6 + 1 + 6


def test_a_broken_bound_fails_the_bench(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The table marks it, and the exit code tells."""
    good, bad = Figure("good", 2, bound=2), Figure("bad", 2.1, "x", bound=2)
    for part in (states, writes, items):
        monkeypatch.setattr(part, "measure", list)
    monkeypatch.setattr(bench, "mails", list)
    monkeypatch.setattr(bench, "starting", lambda: [good])
    assert bench.main() == 0
    monkeypatch.setattr(bench, "starting", lambda: [good, bad])
    assert bench.main() == 1
    assert capsys.readouterr().err == "bench: over its bound: bad\n"
    assert "2.1 x" in table([good, bad])
