"""What a bench hands back: one line of the table."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value. `bound` is the most it may be, None for what is only told."""

    name: str
    value: float
    unit: str = ""
    bound: float | None = None

    @property
    def holds(self) -> bool:
        """Whether it keeps its bound."""
        return self.bound is None or self.value <= self.bound

    @property
    def row(self) -> tuple[str, str, str]:
        """Name, value with its unit, bound, as text."""
        limit = "" if self.bound is None else f"{self.bound:g}"
        return (
            self.name,
            f"{self.value:,.4g} {self.unit}".rstrip(),
            limit if self.holds else f"{limit} BROKEN",
        )


def table(figures: list[Figure]) -> str:
    """Figures as aligned lines of text."""
    rows = [("", "measured", "at most"), *(figure.row for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = [f"{row[0]:<{widths[0]}}  {row[1]:>{widths[1]}}  {row[2]:>{widths[2]}}" for row in rows]
    return "\n".join(line.rstrip() for line in lines)
