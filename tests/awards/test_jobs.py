"""The new year commits what was awarded for it, or says why it cannot."""

from __future__ import annotations

from datetime import datetime

import pytest

from grants.awards.jobs import commit_new_years_shares
from grants.kernel import calendar
from grants.kernel.identity import Role
from grants.platform import db, inbox
from tests.awards.test_actions import two_years
from tests.world import World, bucket, furnished

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
