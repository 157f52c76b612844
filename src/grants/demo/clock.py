"""The demonstration's diary: a year that has happened up to yesterday."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TypeVar

from grants.kernel import calendar


def moment(day: date, hour: int, minute: int = 0) -> datetime:
    """That time of that day in Shanghai."""
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=calendar.ZONE)


T = TypeVar("T")
_AT_ONCE = 4


async def side_by_side(work: Iterable[Coroutine[object, object, T]]) -> list[T]:
    """What came of each, in order; a few at a time, as people work beside each other."""
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(task: Coroutine[object, object, T]) -> T:
        async with gate:
            return await task

    return list(await asyncio.gather(*map(one, work)))


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

    def autumn(
        self, month: int, day: int, hour: int, minute: int = 0
    ) -> AbstractContextManager[None]:
        """Live at that moment of the autumn before, when this year's call was made."""
        return self.at(date(self.fiscal_year - 1, month, day), hour, minute)

    @contextmanager
    def at(self, day: date, hour: int, minute: int = 0) -> Iterator[None]:
        """Live at that moment."""
        with calendar.rehearsed_at(moment(day, hour, minute)):
            yield
