"""The new year commits what was awarded for it, or says why it cannot."""

from __future__ import annotations

from datetime import datetime

import pytest

from grants.awards.jobs import commit_new_years_shares, watch_claims
from grants.kernel import calendar
from grants.kernel.identity import Role
from grants.platform import db, inbox
from tests.awards.test_actions import two_years
from tests.world import YUAN, World, active_award, approved, bucket, furnished, instalments
from tests.world_awards import claim
from tests.world_banking import pay

pytestmark = pytest.mark.usefixtures("empty")

NEW_YEAR = datetime(2027, 1, 5, 2, 0, tzinfo=calendar.ZONE)


async def waiting() -> tuple[World, int]:
    world = await furnished()
    _, line = await two_years(world)
    return world, line


async def test_the_new_year_commits_its_share_once() -> None:
    _, line = await waiting()
    with calendar.rehearsed_at(NEW_YEAR):
        assert await commit_new_years_shares() == "1 shares committed, 0 messages"
        assert await commit_new_years_shares() == "0 shares committed, 0 messages"
    assert await bucket(line, "committed") > 0


async def test_a_line_that_cannot_bear_its_share_is_told_to_the_officers_once_a_day() -> None:
    world, line = await waiting()
    async with db.unit_of_work(world[Role.FIN_HEAD]):
        await db.execute("UPDATE budget_line SET state = 'CLOSED' WHERE id = $1", line)
    with calendar.rehearsed_at(NEW_YEAR):
        assert await commit_new_years_shares() == "0 shares committed, 1 messages"
        assert await commit_new_years_shares() == "0 shares committed, 0 messages"
    assert len(await inbox.messages(world[Role.OFFICER])) == 1
    async with db.unit_of_work(world[Role.FIN_HEAD]):
        await db.execute("UPDATE budget_line SET state = 'OPEN' WHERE id = $1", line)


async def test_money_that_should_have_come_back_is_told_once_a_week() -> None:
    world = await furnished()
    award = await active_award(world, 20_000 * YUAN)
    await pay(world, await approved(world, (await instalments(award))[0]))
    await claim(world, award, 4_000 * YUAN)
    with calendar.rehearsed_at(datetime(2026, 7, 31, 7, tzinfo=calendar.ZONE)):
        assert await watch_claims() == "0 messages"
    with calendar.rehearsed_at(datetime(2026, 8, 3, 7, tzinfo=calendar.ZONE)):
        assert await watch_claims() == "1 messages"
    with calendar.rehearsed_at(datetime(2026, 8, 7, 7, tzinfo=calendar.ZONE)):
        assert await watch_claims() == "0 messages"
    with calendar.rehearsed_at(datetime(2026, 8, 10, 7, tzinfo=calendar.ZONE)):
        assert await watch_claims() == "1 messages"
