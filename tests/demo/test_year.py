"""The demonstration can be laid on any day, and every fen of its year is accounted for."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from grants.demo.year import lay_year
from grants.kernel import calendar
from grants.kernel.identity import SYSTEM
from grants.platform import db, press

pytestmark = pytest.mark.usefixtures("empty")

STATES = {
    "DRAFT",
    "SUBMITTED",
    "RETURNED",
    "REJECTED",
    "APPROVED",
    "IN_BANK",
    "BOUNCED",
    "PAID",
}


@pytest.mark.parametrize("day", [date(2026, 9, 21), date(2027, 1, 1), date(2026, 12, 31)], ids=str)
async def test_forty_million_stand_somewhere_on_any_day_of_the_year(day: date) -> None:
    with calendar.rehearsed_at(datetime(day.year, day.month, day.day, 10, tzinfo=calendar.ZONE)):
        try:
            await lay_year(day)
        finally:
            press.close_house_press()
    quota = (
        "SELECT sum(b.quota_fen)::bigint FROM line_balance b JOIN budget_line l ON l.id = b.id "
        "WHERE l.fiscal_year = $1"
    )
    assert await db.value(quota, day.year) == 4_000_000_000
    open_to_apply = "SELECT count(*) FROM call_round WHERE state = 'OPEN'"
    assert await db.value(open_to_apply) == 1
    assert {row["state"] for row in await db.rows("SELECT DISTINCT state FROM payment")} >= STATES
    assert await db.value("SELECT count(*) FROM organisation WHERE NOT is_demo") == 0
    real = "SELECT count(*) FROM person WHERE NOT is_demo AND id <> $1"
    assert await db.value(real, SYSTEM.person_id) == 0
