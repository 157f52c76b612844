"""Documents of the budget for tests."""

from __future__ import annotations

from dataclasses import replace

from grants.budget import actions
from grants.budget.rules import QuotaKind
from grants.kernel.identity import Actor, Role
from grants.kernel.money import Fen
from tests.world import (
    DAY,
    World,
    add_line,
)


async def propose(
    world: World,
    kind: QuotaKind,
    amount_fen: int,
    *,
    line: int | None = None,
    to_line: int | None = None,
    actor: Actor | None = None,
) -> int:
    return await actions.propose_quota(
        actor or world[Role.OFFICER],
        kind=kind,
        line_id=line or world.line,
        amount_fen=Fen(amount_fen),
        document_no="太财预〔2026〕9号",
        issued_on=DAY,
        to_line_id=to_line,
    )


async def post(world: World, kind: QuotaKind, amount_fen: int, **lines: int) -> int:
    movement = await propose(world, kind, amount_fen, **lines)  # type: ignore[arg-type]
    await actions.approve_quota(world[Role.FIN_HEAD], movement, on=DAY)
    return movement


def also(actor: Actor, *roles: Role, user_id: int | None = None) -> Actor:
    """The same natural person with more roles, perhaps through another account."""
    return replace(actor, roles=actor.roles | set(roles), user_id=user_id or actor.user_id)


async def second_line(world: World, *, year: int = 2026, quota_fen: int = 0) -> int:
    """A line of another fund source for the same programme."""
    fund = await actions.add_fund_source(
        world[Role.OFFICER], f"C{year}", "慈善资金", "Charity", "CHARITY"
    )
    return await add_line(world, quota_fen=quota_fen, year=year, fund=fund, plan=False)
