"""The demonstration's diary: a year that has happened up to yesterday."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from grants.kernel import calendar


@dataclass(frozen=True)
class Diary:
    """The days on which things happened: from the year's first office day to `last_day`."""

    fiscal_year: int
    last_day: date

    @classmethod
    def up_to(cls, today: date) -> Diary:
        """The year of `today` as far as yesterday.

        A year that has just begun is told as if its first week were over.
        """
        latest = min(today - timedelta(days=1), date(today.year, 12, 30))
        return cls(today.year, max(latest, date(today.year, 1, 8)))

    def day(self, share: float) -> date:
        """The day at which `share` (0 to 1) of the diary's time has gone by."""
        start = date(self.fiscal_year, 1, 3)
        return start + timedelta(days=round((self.last_day - start).days * share))

    def back(self, day: date, days: int) -> date:
        """So many days before `day`, but never before the office opened."""
        return max(day - timedelta(days=days), date(self.fiscal_year, 1, 2))

    def ago(self, days: int) -> date:
        """So many days before the last one."""
        return self.back(self.last_day, days)

    @contextmanager
    def at(self, day: date, hour: int, minute: int = 0) -> Iterator[None]:
        """Live at that moment."""
        moment = datetime(day.year, day.month, day.day, hour, minute, tzinfo=calendar.ZONE)
        with calendar.rehearsed_at(moment):
            yield
