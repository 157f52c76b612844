"""Pages of the review that need a state of their own."""

from __future__ import annotations

import pytest

from grants.home import queries as worklist
from grants.kernel.identity import Actor, Role
from grants.selection import queries, scoring
from tests.app import browsing
from tests.world_selection import (
    add_pool,
    drawn_panel,
    fill,
    fill_and_sign,
    given,
    opened_panel,
    round_in_review,
    scoring_panel,
    seated,
    sheets_of,
)

pytestmark = pytest.mark.usefixtures("empty")


async def test_the_page_of_an_opened_panel_links_each_members_sheets() -> None:
    world, panel_id, _, _ = await opened_panel()
    async with browsing(world[Role.OFFICER]) as client:
        shown = await client.get(f"/panels/{panel_id}")
    assert shown.status_code == 200
    for member in await queries.members(panel_id):
        assert f"/panels/{panel_id}/members/{member.id}/sheets.pdf" in shown.text


async def test_the_ranking_says_where_its_scale_ends() -> None:
    world, panel_id, _, _ = await opened_panel()
    round_id = (await queries.panel(panel_id)).round_id
    async with browsing(world[Role.OFFICER]) as client:
        shown = await client.get(f"/rounds/{round_id}/ranking")
    assert '<span class="ends num" aria-hidden="true"><span>70</span><span>80</span>' in shown.text
    assert 'viewBox="70 0 10 12"' in shown.text


async def test_a_remembered_sheet_shows_what_was_saved_since() -> None:
    _, panel_id, members, _ = await scoring_panel(applications=1)
    sheet = (await sheets_of(members[0], panel_id))[0]
    async with browsing(members[0]) as client:
        for points in (None, 12, 13):
            if points is not None:
                await fill(members[0], panel_id, NEED=points)
            for _ in range(2):
                shown = await client.get(f"/reviews/sheets/{sheet.id}")
                total = 0 if points is None else 64 + points
                assert f"<span data-score-total>{total}</span>" in shown.text


async def test_an_experts_worklist_counts_declarations_and_what_is_left_to_score() -> None:
    _, panel_id, members, _ = await scoring_panel(applications=3)
    first = (await sheets_of(members[0], panel_id))[0]
    await scoring.save_sheet(members[0], first.id, given(), seen_version=first.version)
    assert await piles(members[0]) == {"Projects to score": 2}
    await fill_and_sign(members[1], panel_id)
    assert "Projects to score" not in await piles(members[1])


async def test_a_drawn_expert_finds_the_declaration_on_the_worklist() -> None:
    world, round_id, _, _ = await round_in_review()
    people = await add_pool(world)
    drawn = await seated(await drawn_panel(world, round_id), people)
    assert await piles(drawn[0]) == {"Panels that wait for your declaration": 1}


async def piles(actor: Actor) -> dict[str, int]:
    """What waits for somebody, but for messages."""
    found = await worklist.waiting_for(actor)
    return {one.title: one.count for one in found if one.title != "Unread messages"}
