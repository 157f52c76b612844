"""Decided rounds for tests: adopted, publicised, over."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from grants.decisions import meeting, publicising, queries, variants
from grants.decisions.rules import Choice
from grants.kernel import calendar
from grants.kernel.calendar import rehearsed_at
from grants.kernel.identity import Role
from grants.publicity import notices
from grants.publicity import queries as publicity
from grants.selection import queries as selection
from tests.world import DAY, World
from tests.world_selection import opened_panel

MINUTES = meeting.Meeting("局长办公会纪要〔2026〕9号", DAY, {})
#: The morning on which notices are published in tests.
PUBLISHED = datetime(2026, 7, 13, 9, tzinfo=calendar.ZONE)


async def decided(
    applications: int = 3, *, places: int | None = None
) -> tuple[World, int, int, list[int]]:
    """An adopted decision: world, round, decision, the applications by rank."""
    world, panel_id, _, _ = await opened_panel(applications)
    round_id = (await selection.panel(panel_id)).round_id
    officer = world[Role.OFFICER]
    variant_id = await variants.begin_variant(officer, round_id, "方案一")
    if places is not None:
        begun = await queries.variant(variant_id)
        choice = Choice(budget_fen=begun.choice.budget_fen, places={"A": places})
        await variants.choose(officer, variant_id, choice, seen_version=begun.version)
    version = (await queries.variant(variant_id)).version
    decision_id = await meeting.propose_decision(officer, variant_id, MINUTES, seen_version=version)
    await meeting.adopt_decision(world[Role.SECTION_HEAD], decision_id, today=DAY)
    lines = await queries.lines_of(decision_id)
    return world, round_id, decision_id, [one.application_id for one in lines]


async def publicised(world: World, decision_id: int, at: datetime = PUBLISHED) -> int:
    """The notice of what is decided, published; answers its id."""
    with rehearsed_at(at):
        notice_id = await publicising.draw_up_notice(world[Role.OFFICER], decision_id)
        found = await publicity.notice(notice_id)
        await notices.publish_notice(
            world[Role.SECTION_HEAD], notice_id, seen_version=found.version, today=at.date()
        )
    return notice_id


async def days_over(notice_id: int) -> datetime:
    """End the notice on the first morning after its days; answers that morning."""
    found = await publicity.notice(notice_id)
    assert found.last_day is not None
    after = datetime.combine(found.last_day + timedelta(days=1), time(0, 1), calendar.ZONE)
    with rehearsed_at(after):
        await notices.end_notices(after)
    return after


async def state_of(application_id: int) -> str:
    """Where an application stands."""
    from grants.applications import queries as applications

    return (await applications.whoever_asks(application_id)).state
