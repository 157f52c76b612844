"""Payment requests for tests: submitted, approved, turned back."""

from __future__ import annotations

from dataclasses import replace

import asyncpg

from grants.awards import queries as award_queries
from grants.kernel.errors import Refusal
from grants.kernel.identity import SYSTEM, Actor, Role
from grants.payments import approvals, queries
from tests.world import (
    DAY,
    YUAN,
    World,
    active_award,
    instalments,
    submitted,
)

T1 = (Role.SECTION_HEAD, Role.FIN_OFFICER, Role.DEPUTY_LEADER)
T2 = (*T1, Role.FIN_DEPUTY, Role.MAIN_LEADER)


async def found(payment: int) -> queries.Payment:
    return await queries.payment(SYSTEM, payment)


async def one_submitted(world: World, amount_fen: int = 30_000 * YUAN) -> int:
    award = await active_award(world, amount_fen)
    return await submitted(world, (await instalments(award))[0])


async def approve(world: World, payment: int, by: Actor | Role, version: int | None = None) -> None:
    await approvals.approve_payment(
        world[by] if isinstance(by, Role) else by,
        payment,
        seen_version=version or (await found(payment)).version,
        today=DAY,
    )


async def turn_back(world: World, payment: int, by: Role, reason: str = "材料不全，请补") -> None:
    await approvals.return_payment(
        world[by], payment, seen_version=(await found(payment)).version, reason=reason
    )


async def instalment_state(payment: int) -> str:
    return (await award_queries.instalment((await found(payment)).instalment_id)).state


def also(actor: Actor, *roles: Role) -> Actor:
    """The same natural person with more roles, signed in through another account."""
    return replace(actor, roles=actor.roles | set(roles), user_id=1)


def violated(refusal: Refusal) -> str | None:
    """The constraint behind a refusal of the database."""
    assert isinstance(refusal.__cause__, asyncpg.IntegrityConstraintViolationError)
    return refusal.__cause__.constraint_name
