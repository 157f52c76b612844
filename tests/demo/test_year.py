"""The demonstration can be laid on any day, and every fen of its year is accounted for."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from grants.demo import names
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


async def count(sql: str) -> dict[str, int]:
    """How many rows have each value: `sql` selects a value and its count."""
    found = [tuple(row.values()) for row in await db.rows(sql)]
    return {str(value): int(many) for value, many in found}


async def laid(day: date) -> None:
    with calendar.rehearsed_at(datetime(day.year, day.month, day.day, 10, tzinfo=calendar.ZONE)):
        try:
            await lay_year(day)
        finally:
            press.close_house_press()


async def the_whole_year_stands(year: int) -> None:
    """What holds on whatever day the demonstration is laid."""
    quota = (
        "SELECT sum(b.quota_fen)::bigint FROM line_balance b JOIN budget_line l ON l.id = b.id "
        "WHERE l.fiscal_year = $1"
    )
    assert await db.value(quota, year) == 4_000_000_000
    assert {row["state"] for row in await db.rows("SELECT DISTINCT state FROM payment")} >= STATES
    rounds = await count("SELECT state, count(*) FROM call_round GROUP BY state")
    assert rounds == {"CONTRACTING": 1, "REVIEW": 1, "OPEN": 1}
    assert await db.value("SELECT count(*) FROM organisation WHERE NOT is_demo") == 0
    real = "SELECT count(*) FROM person WHERE NOT is_demo AND id <> $1"
    assert await db.value(real, SYSTEM.person_id) == 0


async def the_large_round_is_whole() -> None:
    """About 160 applied, 30 and 80 run; one objection was dismissed, one moved the reserve up."""
    (large,) = await db.rows("SELECT id FROM call_round WHERE state = 'CONTRACTING'")
    stood = await count(
        f"SELECT category, count(*) FROM application WHERE round = {large['id']} "
        "AND state = 'AWARDED' GROUP BY category"
    )
    assert stood == {"A": 30, "B": 80}
    applied = f"SELECT count(*) FROM application WHERE round = {large['id']}"
    assert await db.value(applied) == 160
    objections = await count("SELECT state, count(*) FROM objection GROUP BY state")
    assert objections == {"DISMISSED": 1, "UPHELD": 1}
    scored = (
        "SELECT count(DISTINCT s.member) FROM score_sheet s JOIN panel p ON p.id = s.panel "
        f"WHERE p.round = {large['id']} AND p.state = 'OPENED' AND s.suggests"
    )
    assert await db.value(scored) == 7
    assert await db.value("SELECT count(*) FROM chair_comment") >= 1


async def projects_stand_at_every_stage() -> None:
    """Evaluated, settled, ended early, finished: what there is when a year is over."""
    evaluations = await count(
        "SELECT kind || ' ' || state, count(*) FROM evaluation GROUP BY kind, state"
    )
    assert evaluations.keys() >= {
        "MIDTERM SIGNED",
        "MIDTERM CONFIRMED",
        "FINAL ASSIGNED",
        "FINAL SIGNED",
        "FINAL CONFIRMED",
    }
    settled = await count("SELECT state, count(*) FROM settlement GROUP BY state")
    assert settled.keys() == {"PROPOSED", "APPROVED"}
    ended = await count(
        "SELECT state, count(*) FROM award WHERE origin = 'AGREEMENT' GROUP BY state"
    )
    assert ended["TERMINATED"] == 1 and ended["COMPLETED"] >= 10 and ended["ACTIVE"] >= 30
    judged = await count("SELECT state, count(*) FROM spending GROUP BY state")
    assert judged.keys() >= {"ADMITTED", "PARTLY"}
    drafts = "SELECT count(*) FROM application WHERE state = 'DRAFT' AND organisation = $1"
    own = await db.value("SELECT id FROM organisation WHERE uscc = $1", names.demo_uscc(1))
    assert await db.value(drafts, own) == 2


@pytest.mark.parametrize("day", [date(2027, 1, 1), date(2026, 12, 31)], ids=str)
async def test_a_year_can_be_laid_on_its_first_day_and_on_its_last(day: date) -> None:
    await laid(day)
    await the_whole_year_stands(day.year)
    await the_large_round_is_whole()
    if day.month == 12:
        await projects_stand_at_every_stage()
