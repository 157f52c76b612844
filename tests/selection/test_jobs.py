"""Reminders of panels: only to those who are behind, and not every day."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from grants.kernel import calendar
from grants.kernel.calendar import rehearsed_at
from grants.kernel.identity import Actor
from grants.platform import db
from grants.selection import queries, scoring
from grants.selection.jobs import remind_panels
from grants.selection.rules import is_behind
from tests.world_selection import (
    add_pool,
    drawn_panel,
    fill_and_sign,
    given,
    opened_panel,
    round_in_review,
    scoring_panel,
    sheets_of,
)

pytestmark = pytest.mark.usefixtures("empty")


async def drawn_on(panel_id: int) -> datetime:
    return (await queries.panel(panel_id)).drawn_at.astimezone(calendar.ZONE)


async def told(actor: Actor, about: str) -> int:
    count = "SELECT count(*) FROM inbox_message WHERE user_id = $1 AND starts_with(message_key, $2)"
    return int(await db.value(count, actor.user_id, about))


async def test_who_has_more_left_than_the_others_is_reminded_and_nobody_else() -> None:
    _, panel_id, members, _ = await scoring_panel(applications=3)
    for member in members[:4]:
        await fill_and_sign(member, panel_id)
    slow, other = members[4], members[5]
    for sheet in (await sheets_of(other, panel_id))[:2]:
        await scoring.save_sheet(other, sheet.id, given(), seen_version=sheet.version)
    with rehearsed_at(await drawn_on(panel_id) + timedelta(days=1)):
        await remind_panels()
    assert [await told(one, "behind:") for one in members[:4]] == [0, 0, 0, 0]
    assert await told(slow, "behind:") == 1


async def test_nobody_is_reminded_of_the_same_on_two_days_in_a_row() -> None:
    _, panel_id, members, _ = await scoring_panel()
    for days, count in ((3, 1), (4, 1), (5, 2)):
        with rehearsed_at(await drawn_on(panel_id) + timedelta(days=days)):
            await remind_panels()
        assert await told(members[0], "behind:") == count


async def test_who_was_drawn_and_has_not_declared_is_reminded() -> None:
    world, round_id, _, _ = await round_in_review()
    people = await add_pool(world)
    panel_id = await drawn_panel(world, round_id)
    await remind_panels()
    seats = await queries.members(panel_id)
    assert [await told(people[one.person_id], "undeclared:") for one in seats] == [1] * len(seats)


async def test_the_chair_is_reminded_of_scores_that_lie_far_apart_until_he_comments() -> None:
    _, panel_id, members, made = await opened_panel()
    chair = next(seat for seat in await queries.members(panel_id) if seat.is_chair)
    boss = next(one for one in members if one.person_id == chair.person_id)
    await remind_panels()
    assert await told(boss, "spread:") == 0
    far = await sheets_of(members[0], panel_id)
    low = {"NEED": 3, "GOALS": 3, "PLAN": 3, "TEAM": 3, "BUDGET": 3, "INNOVATION": 3}
    for sheet in far:
        await scoring.change_after_opening(
            members[0], sheet.id, given(**low), secret="Taicang-2026", reason="复核后重新评分"
        )
    await remind_panels()
    assert await told(boss, "spread:") == 1
    for application in made:
        await scoring.comment_as_chair(boss, panel_id, application, "一位成员对目标理解不同")
    with rehearsed_at(calendar.now() + timedelta(days=9)):
        await remind_panels()
    assert await told(boss, "spread:") == 1


def test_behind_is_more_left_than_the_median_or_three_days() -> None:
    assert is_behind(9, [0, 2, 4], 0) and not is_behind(2, [0, 2, 4], 2)
    assert is_behind(2, [0, 2, 4], 3) and not is_behind(0, [0, 0], 30)
