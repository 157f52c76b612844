"""Reviews for tests: a pool of experts, a round in review, panels that score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from grants.applications import screening
from grants.calls import queries as calls
from grants.kernel.calendar import rehearsed_at
from grants.kernel.identity import SYSTEM, Actor, Role
from grants.kernel.money import Fen
from grants.people.passwords import hash_password
from grants.platform import db
from grants.selection import experts, panels, queries, scoring, seats
from grants.selection.defence import Plan, draw_timetable
from grants.selection.experts import ExpertDetails
from grants.selection.queries import Sheet
from grants.selection.rules import ExpertKind
from grants.selection.scoring import Given
from tests.world import YUAN, World, add_actor
from tests.world_applications import another_agency, applying_world, close, screen, submitted
from tests.world_calls import AFTER

PASSWORD = "Taicang-2026"
_HASH = hash_password(PASSWORD)
KINDS = (
    *(ExpertKind.FINANCE,) * 2,
    *(ExpertKind.SOCIAL_WORK,) * 4,
    *(ExpertKind.COMMUNITY,) * 2,
    *(ExpertKind.BUREAU,) * 2,
)


async def add_expert(world: World, kind: ExpertKind, name: str) -> Actor:
    """An expert in the pool, with an account whose password is `PASSWORD`."""
    actor = await add_actor(Role.EXPERT, name=name)
    async with db.unit_of_work(SYSTEM):
        await db.execute(
            "UPDATE app_user SET password_hash = $2 WHERE id = $1", actor.user_id, _HASH
        )
    await experts.add_expert(world[Role.OFFICER], actor.person_id, ExpertDetails(kind, "示例学院"))
    return actor


async def add_pool(world: World, kinds: Sequence[ExpertKind] = KINDS) -> dict[int, Actor]:
    """Experts of these kinds, by person."""
    made = [await add_expert(world, kind, f"示例·专家{n}") for n, kind in enumerate(kinds)]
    return {one.person_id: one for one in made}


async def round_in_review(applications: int = 2) -> tuple[World, int, list[int], Actor]:
    """A round whose applications of category A passed the checks, and one of its applicants."""
    world, round_id, boss = await applying_world()
    made = [await submitted(boss, round_id)]
    for n in range(1, applications):
        other = await another_agency(n)
        made.append(await submitted(other, round_id, project={"title": f"另一个项目之{n}"}))
    await close(round_id)
    for application in made:
        await screen(world, application, at=AFTER)
    await screening.begin_review(world[Role.OFFICER], round_id)
    return world, round_id, made, boss


async def drawn_panel(world: World, round_id: int, seed: str = "seed") -> int:
    """A panel for category A, drawn by a known seed."""
    return await panels.draw_panel(
        world[Role.OFFICER],
        round_id,
        name="第一评审组",
        categories=["A"],
        today=AFTER.date(),
        seed=seed,
    )


async def seated(panel_id: int, people: Mapping[int, Actor]) -> list[Actor]:
    """The experts who sit in a panel, in the order of the draw."""
    return [
        people[one.person_id] for one in await queries.members(panel_id) if one.state != "RECUSED"
    ]


async def scoring_panel(
    *, applications: int = 2, defence: bool = False
) -> tuple[World, int, list[Actor], list[int]]:
    """A panel whose members have declared and hold their sheets."""
    world, round_id, made, _ = await round_in_review(applications)
    if not defence:
        await without_defence(round_id)
    people = await add_pool(world)
    panel_id = await drawn_panel(world, round_id)
    members = await seated(panel_id, people)
    for member in members:
        await seats.declare(member, panel_id, [], today=AFTER.date())
    panel = await queries.panel(panel_id)
    await panels.begin_scoring(world[Role.OFFICER], panel_id, seen_version=panel.version)
    return world, panel_id, members, made


async def without_defence(round_id: int) -> None:
    """The round's published terms without a defence, as if they had been published so."""
    async with db.unit_of_work(SYSTEM):
        await db.execute(
            "UPDATE call_revision SET terms = terms || '{\"defence\": false}'::jsonb "
            "WHERE round = $1 AND state = 'PUBLISHED'",
            round_id,
        )


async def terms_of(panel_id: int) -> object:
    panel = await queries.panel(panel_id)
    return (await calls.round_of(panel.round_id)).terms


#: Points below the extremes, so that no words are needed: 80 together.
MIDDLE = {
    "NEED": 16,
    "GOALS": 12,
    "PLAN": 16,
    "TEAM": 12,
    "BUDGET": 12,
    "INNOVATION": 8,
    "CREDIT": 4,
}


def given(**changes: object) -> Given:
    """A whole sheet of 80 points; `NEED=12` changes a criterion."""
    points = {**MIDDLE, **{k: int(str(v)) for k, v in changes.items() if k in MIDDLE}}
    whole = Given(points, suggested_fen=Fen(50_000 * YUAN), comment="总体可行")
    rest = {k: v for k, v in changes.items() if k not in MIDDLE}
    return replace(whole, **rest)  # type: ignore[arg-type]


async def sheets_of(member: Actor, panel_id: int) -> list[Sheet]:
    seat = await queries.own_seat(member, panel_id)
    return await queries.sheets_of_member(seat.id)


async def fill(member: Actor, panel_id: int, **changes: object) -> None:
    """Every sheet of a member, alike."""
    for sheet in await sheets_of(member, panel_id):
        if sheet.state == "OPEN":
            await scoring.save_sheet(member, sheet.id, given(**changes), seen_version=sheet.version)


async def fill_and_sign(member: Actor, panel_id: int, **changes: object) -> bool:
    """Fill every sheet and sign; answers whether the scores opened with it."""
    await fill(member, panel_id, **changes)
    return await scoring.sign_sheets(member, panel_id, PASSWORD)


async def opened_panel(applications: int = 2) -> tuple[World, int, list[Actor], list[int]]:
    """A panel without defence whose members have all signed."""
    world, panel_id, members, made = await scoring_panel(applications=applications)
    for n, member in enumerate(members):
        await fill_and_sign(member, panel_id, NEED=12 + n % 3)
    return world, panel_id, members, made


async def with_timetable(world: World, panel_id: int, at: datetime = AFTER) -> None:
    """The order of the defence drawn."""
    with rehearsed_at(at):
        await draw_timetable(
            world[Role.OFFICER],
            panel_id,
            Plan(datetime(2026, 7, 6, 9, tzinfo=at.tzinfo), 15, 20, "三楼会议室"),
        )
