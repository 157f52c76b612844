"""Days: the clock, years and periods, working days, dates in capitals."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grants.kernel import calendar
from grants.kernel.calendar import (
    ZONE,
    DayTable,
    Period,
    add_workdays,
    fiscal_year,
    is_provisional,
    rehearsed_at,
    shipped_days,
    workdays_between,
)

days_known = st.dates(date(2024, 1, 1), date(2026, 12, 31))


# The clock


def test_clock_speaks_in_shanghai_time() -> None:
    assert calendar.now().utcoffset() == timedelta(hours=8)


def test_new_year_in_shanghai_begins_eight_hours_before_utc() -> None:
    with rehearsed_at(datetime.fromisoformat("2025-12-31T16:00:00+00:00").astimezone(ZONE)):
        assert calendar.today() == date(2026, 1, 1)


def test_rehearsal_ends_even_when_it_fails() -> None:
    with pytest.raises(KeyError), rehearsed_at(datetime(2020, 1, 1, tzinfo=ZONE)):
        assert calendar.today() == date(2020, 1, 1)
        raise KeyError
    assert calendar.today().year > 2020


# Years and periods


@pytest.mark.parametrize("day", [date(2026, 1, 1), date(2026, 12, 31)])
def test_fiscal_year_is_the_calendar_year(day: date) -> None:
    assert fiscal_year(day) == 2026
    assert day in Period.of_year(2026)


def test_period_holds_its_start_and_not_its_end() -> None:
    period = Period(date(2026, 3, 1), date(2026, 4, 1))
    assert period.start in period
    assert period.end not in period
    assert period.days == 31


def test_december_ends_with_the_year() -> None:
    assert Period.of_month(2026, 12) == Period(date(2026, 12, 1), date(2027, 1, 1))


def test_months_fill_the_year_without_overlap() -> None:
    months = [Period.of_month(2024, month) for month in range(1, 13)]
    assert sum(month.days for month in months) == Period.of_year(2024).days == 366
    assert [month.end for month in months[:-1]] == [month.start for month in months[1:]]


@given(*[st.tuples(days_known, days_known).map(lambda pair: Period(*sorted(pair)))] * 2)
def test_periods_overlap_when_they_share_a_day(one: Period, other: Period) -> None:
    shared = [n for n in range(one.days) if one.start + timedelta(days=n) in other]
    assert one.overlaps(other) == other.overlaps(one) == bool(shared)


def test_neighbouring_periods_do_not_overlap() -> None:
    assert not Period.of_month(2026, 1).overlaps(Period.of_month(2026, 2))


def test_period_cannot_end_before_it_starts() -> None:
    with pytest.raises(ValueError, match="before it starts"):
        Period(date(2026, 2, 1), date(2026, 1, 1))


# Working days: the vectors of domain §10, the start day not counted


@pytest.mark.parametrize(
    ("start", "fifth"),
    [
        ("2026-02-11", "2026-02-25"),
        ("2026-02-12", "2026-02-26"),
        ("2026-04-30", "2026-05-11"),
        ("2026-09-18", "2026-09-24"),
        ("2026-09-24", "2026-10-09"),
        ("2026-09-30", "2026-10-13"),
        ("2025-09-29", "2025-10-13"),
        ("2025-01-24", "2025-02-07"),
    ],
)
def test_five_working_days_go_round_holidays_and_over_make_up_days(start: str, fifth: str) -> None:
    assert add_workdays(date.fromisoformat(start), 5) == date.fromisoformat(fifth)
    assert workdays_between(date.fromisoformat(start), date.fromisoformat(fifth)) == 5


#: The days off of the State Council's notices, first and last, and the weekend days worked.
NOTICES = {
    2024: (
        ["01-01 01-01", "02-10 02-17", "04-04 04-06", "05-01 05-05", "06-08 06-10",
         "09-15 09-17", "10-01 10-07"],
        ["02-04", "02-18", "04-07", "04-28", "05-11", "09-14", "09-29", "10-12"],
    ),
    2025: (
        ["01-01 01-01", "01-28 02-04", "04-04 04-06", "05-01 05-05", "05-31 06-02",
         "10-01 10-08"],
        ["01-26", "02-08", "04-27", "09-28", "10-11"],
    ),
    2026: (
        ["01-01 01-03", "02-15 02-23", "04-04 04-06", "05-01 05-05", "06-19 06-21",
         "09-25 09-27", "10-01 10-07"],
        ["01-04", "02-14", "02-28", "05-09", "09-20", "10-10"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("year", NOTICES)
def test_shipped_days_are_those_of_the_yearly_notice(year: int) -> None:
    off, worked = NOTICES[year]
    holidays = [[date.fromisoformat(f"{year}-{day}") for day in span.split()] for span in off]
    make_up = {date.fromisoformat(f"{year}-{day}") for day in worked}
    for n in range(Period.of_year(year).days):
        day = date(year, 1, 1) + timedelta(days=n)
        free = any(first <= day <= last for first, last in holidays)
        expected = day in make_up or (day.weekday() < 5 and not free)
        assert shipped_days().is_workday(day) == expected, day


def test_every_shipped_exception_differs_from_the_week() -> None:
    assert all(worked != (day.weekday() < 5) for day, worked in shipped_days().exceptions.items())


def test_every_confirmed_year_names_its_notice() -> None:
    days = shipped_days()
    assert days.confirmed == days.sources.keys() == {2024, 2025, 2026}
    assert Counter(day.year for day in days.exceptions).keys() == days.confirmed


def test_unpublished_year_keeps_weekends_and_fixed_holidays() -> None:
    days = shipped_days()
    assert not days.is_workday(date(2027, 1, 1))
    assert not days.is_workday(date(2027, 10, 1))
    assert not days.is_workday(date(2027, 10, 9))
    assert days.is_workday(date(2027, 10, 8))


@pytest.mark.parametrize(
    ("start", "end", "provisional"),
    [
        (date(2026, 1, 1), date(2026, 12, 31), False),
        (date(2026, 12, 28), date(2027, 1, 5), True),
        (date(2027, 3, 1), date(2027, 3, 8), True),
    ],
)
def test_count_into_an_unpublished_year_is_provisional(
    start: date, end: date, provisional: bool
) -> None:
    assert is_provisional(start, end) is provisional


def test_count_settles_when_the_notice_is_entered() -> None:
    friday = date(2027, 9, 24)
    notice = DayTable({date(2027, 9, 26): True}, frozenset({2027}))
    assert add_workdays(friday, 1) == date(2027, 9, 27)
    assert is_provisional(friday, add_workdays(friday, 1))
    assert add_workdays(friday, 1, notice) == date(2027, 9, 26)
    assert not is_provisional(friday, date(2027, 9, 26), notice)


@given(days_known, st.integers(0, 40))
def test_counting_forward_and_between_agree(start: date, count: int) -> None:
    reached = add_workdays(start, count)
    assert workdays_between(start, reached) == count
    assert count == 0 or shipped_days().is_workday(reached)


def test_working_days_are_not_counted_backwards() -> None:
    with pytest.raises(ValueError, match="forwards"):
        add_workdays(date(2026, 1, 5), -1)
    assert workdays_between(date(2026, 1, 9), date(2026, 1, 5)) == 0
