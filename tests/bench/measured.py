"""What was measured, and the table that tells it."""

from __future__ import annotations

import statistics
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class Series:
    """The figures of one thing, a figure for each round."""

    unit: str
    figures: list[float] = field(default_factory=list)

    def add(self, figure: float) -> None:
        """The figure of one more round."""
        self.figures.append(figure)

    @property
    def median(self) -> float:
        """The middle of the rounds."""
        return statistics.median(self.figures)

    def __str__(self) -> str:
        digits = 0 if self.median >= 100 else 1 if self.median >= 10 else 2
        return f"{self.median:,.{digits}f} {self.unit}".strip()


@dataclass(frozen=True)
class Line:
    """One line of the table. Without a yardstick the aim is a limit for the figure itself.

    A line without an aim explains another one.
    """

    what: str
    ours: Series
    aim: float | None
    yardstick: Series | None = None
    at_least: bool = True

    @property
    def ratio(self) -> float | None:
        """The middle of the rounds' ratios: both sides of a round met the same machine."""
        if self.yardstick is None:
            return None
        pairs = zip(self.ours.figures, self.yardstick.figures, strict=True)
        return statistics.median(ours / theirs for ours, theirs in pairs)

    @property
    def reached(self) -> bool:
        """Whether the aim is reached, if there is one."""
        if self.aim is None:
            return True
        value = self.ours.median if self.ratio is None else self.ratio
        return value >= self.aim if self.at_least else value <= self.aim

    def cells(self) -> tuple[str, ...]:
        """The line as texts."""
        sign = "≥" if self.at_least else "≤"
        aim = ""
        if self.aim is not None:
            aim = f"{sign} {self.aim:g}" + ("" if self.yardstick else f" {self.ours.unit}")
        return (
            self.what,
            str(self.ours),
            str(self.yardstick) if self.yardstick else "",
            "" if self.ratio is None else f"{self.ratio:.2f}",
            aim,
            "" if self.aim is None else "yes" if self.reached else "no",
        )


_HEAD = ("what", "ours", "yardstick", "ratio", "aim", "reached")


def table(lines: Sequence[Line]) -> str:
    """The lines as a table that reads well as it is, and as Markdown."""
    rows = [_HEAD, *(line.cells() for line in lines)]
    widths = [max(_width(row[n]) for row in rows) for n in range(len(_HEAD))]
    told = []
    for row in rows:
        padded = (c + " " * (w - _width(c)) for c, w in zip(row, widths, strict=True))
        told.append(f"| {' | '.join(padded)} |")
    told.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(told)


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
