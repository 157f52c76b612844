"""Awards for tests: planned, approved, over two years."""

from __future__ import annotations

from datetime import date

from grants.awards import actions, changes, clawbacks, queries
from grants.awards.actions import AwardPlan
from grants.awards.rules import InstalmentPlan, PartPlan, SharePlan
from grants.kernel.identity import SYSTEM, Actor, Role
from grants.kernel.money import Fen
from grants.platform import db
from tests.world import (
    DAY,
    YUAN,
    World,
    add_line,
)


def plan(world: World, total_fen: int = 30_000 * YUAN, **changes: object) -> AwardPlan:
    given: dict[str, object] = {
        "programme_id": world.programme,
        "title": "社工项目",
        "purpose": "",
        "amount_fen": Fen(total_fen),
        "shares": [SharePlan(world.line, 2026, Fen(total_fen))],
        "instalments": [InstalmentPlan(world.line, Fen(total_fen), date(2026, 6, 1), "合同签订")],
        "organisation_id": world.organisation,
    }
    return AwardPlan(**{**given, **changes})  # type: ignore[arg-type]


async def state_of(award: int) -> str:
    return (await queries.award(SYSTEM, award)).state


async def approve(world: World, award: int, *, version: int = 1, by: Actor | None = None) -> None:
    await actions.approve_award(
        by or world[Role.SECTION_HEAD], award, seen_version=version, today=DAY
    )


async def counts() -> tuple[int, ...]:
    """How many awards, shares, instalments, commitments and moves there are."""
    tables = ("award", "award_share", "instalment", "commitment", "ledger_move", "case_event")
    return tuple([await db.value(f"SELECT count(*) FROM {table}") for table in tables])


async def two_years(world: World) -> tuple[int, int]:
    """An award over two years, and the line of the second year."""
    next_line = await add_line(world, quota_fen=7_000 * YUAN, year=2027, plan=False)
    award = await actions.create_award(
        world[Role.OFFICER],
        plan(
            world,
            17_000 * YUAN,
            shares=[
                SharePlan(world.line, 2026, Fen(10_000 * YUAN)),
                SharePlan(next_line, 2027, Fen(7_000 * YUAN)),
            ],
            instalments=[
                InstalmentPlan(world.line, Fen(10_000 * YUAN), date(2026, 6, 1), "合同签订"),
                InstalmentPlan(next_line, Fen(7_000 * YUAN), date(2027, 6, 1), "期末"),
            ],
        ),
        today=DAY,
    )
    await approve(world, award)
    return award, next_line


async def parts_of(award: int, **amounts_fen: int) -> list[PartPlan]:
    """Every open part as it stands, but `p1=…` gives the first another amount."""
    return [
        PartPlan(
            instalment_id=i.id,
            line_id=i.line_id,
            fiscal_year=i.fiscal_year,
            amount_fen=Fen(amounts_fen.get(f"p{i.sequence}", i.amount_fen)),
            due_on=i.due_on,
            condition=i.condition,
        )
        for i in await changes.open_parts(award)
    ]


async def claim(world: World, award: int, amount_fen: int, verb: str = "approve") -> int:
    """A claim on what an award was paid, decided."""
    clawback = await clawbacks.propose_clawback(
        world[Role.OFFICER],
        award,
        amount_fen=Fen(amount_fen),
        due_on=date(2026, 7, 31),
        reason="期末评估不合格",
    )
    await clawbacks.decide_clawback(world[Role.SECTION_HEAD], clawback, verb, reason="同意")
    return clawback
