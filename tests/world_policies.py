"""Proposals to change a rule, for tests."""

from __future__ import annotations

from datetime import date
from typing import Any

from grants.kernel.identity import Actor, Role
from grants.policies import actions, queries
from grants.policies.actions import NewVersion
from grants.policies.kinds import KINDS
from tests.world import DAY, World

AHEAD = date(2027, 1, 1)


async def new_version(
    kind: str = "payment_gate", *, starts_on: date = AHEAD, **changed: Any
) -> NewVersion:
    """The last version of a kind with some figures changed."""
    body = {**(await queries.versions(kind))[0].body, **changed}
    return NewVersion(
        KINDS[kind].model.model_validate(body),
        starts_on,
        "太社工〔2026〕21号",
        "seed",
        "明年起调整",
    )


async def proposed(
    world: World,
    kind: str = "payment_gate",
    *,
    by: Actor | Role = Role.FIN_HEAD,
    starts_on: date = AHEAD,
    today: date = DAY,
    **changed: Any,
) -> int:
    """A proposal that waits."""
    new = await new_version(kind, starts_on=starts_on, **changed)
    actor = world[by] if isinstance(by, Role) else by
    return await actions.propose_version(actor, kind, new, today=today)


async def approve(world: World, proposal: int, by: Actor | Role = Role.FIN_DEPUTY) -> None:
    """Approve as the page stands."""
    actor = world[by] if isinstance(by, Role) else by
    seen = (await queries.proposal(proposal)).version
    await actions.approve_version(actor, proposal, seen_version=seen, today=DAY)
