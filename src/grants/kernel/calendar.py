"""Days, fiscal years, periods and working days; the only place that knows the clock."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Shanghai")

_rehearsed: ContextVar[datetime | None] = ContextVar("rehearsed", default=None)


def now() -> datetime:
    """The present moment in Shanghai."""
    return _rehearsed.get() or datetime.now(ZONE)


@contextmanager
def rehearsed_at(moment: datetime) -> Iterator[None]:
    """Let this task live at another moment: for laying out a past year, and for tests."""
    before = _rehearsed.set(moment)
    try:
        yield
    finally:
        _rehearsed.reset(before)


def today() -> date:
    """The present day in Shanghai."""
    return now().date()


def fiscal_year(day: date) -> int:
    """预算年度: 1 January to 31 December (预算法 第18条 [V])."""
    return day.year


@dataclass(frozen=True, order=True)
class Period:
    """Days from `start` up to, not including, `end`."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise ValueError("a period cannot end before it starts")

    @classmethod
    def of_year(cls, year: int) -> Period:
        """A fiscal year."""
        return cls(date(year, 1, 1), date(year + 1, 1, 1))

    @classmethod
    def of_month(cls, year: int, month: int) -> Period:
        """A calendar month."""
        following = date(year + month // 12, month % 12 + 1, 1)
        return cls(date(year, month, 1), following)

    @property
    def days(self) -> int:
        """How many days the period holds."""
        return (self.end - self.start).days

    def __contains__(self, day: date) -> bool:
        return self.start <= day < self.end

    def overlaps(self, other: Period) -> bool:
        """Whether the two share a day."""
        return max(self.start, other.start) < min(self.end, other.end)


@dataclass(frozen=True)
class DayTable:
    """Which days are worked: exceptions to Monday–Friday, year by confirmed year.

    `exceptions` maps a day to whether it is worked. Years outside `confirmed` have only
    the statutory days of fixed date and are provisional: their yearly notice of the
    State Council has not been entered.
    """

    exceptions: Mapping[date, bool]
    confirmed: frozenset[int]
    sources: Mapping[int, str] = field(default_factory=dict)

    def is_workday(self, day: date) -> bool:
        """Whether offices work on `day`."""
        known = self.exceptions.get(day)
        if known is not None:
            return known
        if day.year not in self.confirmed and (day.month, day.day) in _FIXED_HOLIDAYS:
            return False
        return day.weekday() < 5


#: 全国年节及纪念日放假办法, the days of fixed date in the solar calendar [K].
_FIXED_HOLIDAYS = frozenset({(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)})

#: The yearly notices of the State Council's general office that the shipped days follow.
_SOURCES = {
    2024: "国办发明电〔2023〕7号",
    2025: "国办发明电〔2024〕12号",
    2026: "国办发明电〔2025〕7号",
}


@cache
def shipped_days() -> DayTable:
    """The days of 2024-2026 (domain §10 [V])."""
    file = resources.files("grants.kernel") / "working_days.csv"
    with file.open(encoding="utf-8") as lines:
        exceptions = {
            date.fromisoformat(entry["day"]): entry["kind"] == "work"
            for entry in csv.DictReader(lines)
        }
    return DayTable(exceptions, frozenset(_SOURCES), _SOURCES)


def add_workdays(start: date, count: int, days: DayTable | None = None) -> date:
    """The `count`-th working day after `start`, which is not counted (民法典 第201条 [K]).

    Raises ValueError for a negative count. Example: 5 after 2026-09-24 is 2026-10-09:
    the Mid-autumn and National Day holidays lie between.
    """
    if count < 0:
        raise ValueError("working days are counted forwards")
    table = days or shipped_days()
    day, left = start, count
    while left:
        day += timedelta(days=1)
        left -= table.is_workday(day)
    return day


def workdays_between(start: date, end: date, days: DayTable | None = None) -> int:
    """Working days after `start` up to and including `end`; 0 when `end` is not later.

    Example: from 2026-09-24 to 2026-10-09 there are 5.
    """
    table = days or shipped_days()
    return sum(
        table.is_workday(start + timedelta(days=n)) for n in range(1, (end - start).days + 1)
    )


def is_provisional(start: date, end: date, days: DayTable | None = None) -> bool:
    """Whether a count from `start` to `end` touches a year without a confirmed notice.

    Example: 2026-12-28 to 2027-01-05 is provisional until the notice for 2027 is entered.
    """
    table = days or shipped_days()
    return any(year not in table.confirmed for year in range(start.year, end.year + 1))
