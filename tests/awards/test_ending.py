"""Awards end when all is settled; the last yuan is awarded once; who sees them."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from grants.awards import actions, endings, queries
from grants.awards import instalments as award_parts
from grants.kernel.errors import Conflict, NotAllowed, NotFound, Refusal, RuleBroken
from grants.kernel.identity import SYSTEM, Role
from grants.kernel.money import Fen
from grants.payments import actions as payments
from grants.payments import approvals
from grants.platform import db
from tests.world import (
    DAY,
    YUAN,
    World,
    active_award,
    add_actor,
    add_organisation,
    approved,
    bucket,
    draft_award,
    furnished,
    instalments,
    submitted,
)
from tests.world_awards import approve, state_of, two_years
from tests.world_banking import pay

pytestmark = pytest.mark.usefixtures("empty")


# Ending


async def test_a_withdrawn_draft_is_not_approved() -> None:
    world = await furnished()
    award = await draft_award(world, 30_000 * YUAN)
    await actions.withdraw_award(world[Role.OFFICER], award, reason="重复登记")
    with pytest.raises(Conflict):
        await approve(world, award, version=2)


async def terminate(world: World, award: int) -> Fen:
    version = (await queries.award(SYSTEM, award)).version
    return await endings.terminate_award(
        world[Role.SECTION_HEAD], award, seen_version=version, reason="协议解除", today=DAY
    )


async def test_terminating_releases_exactly_what_is_open() -> None:
    world = await furnished()
    award = await active_award(world, 20_000 * YUAN, 10_000 * YUAN)
    first, second = await instalments(award)
    await pay(world, await approved(world, first))
    assert await terminate(world, award) == 10_000 * YUAN
    assert await bucket(world.line, "paid") == 20_000 * YUAN
    assert await bucket(world.line, "committed") == 0
    assert await bucket(world.line, "available") == 980_000 * YUAN
    assert [i.state for i in await queries.instalments(award)] == ["PAID", "CANCELLED"]
    with pytest.raises(RuleBroken) as refused:
        await submitted(world, second)
    assert refused.value.code == "award.not_active"


async def test_an_award_does_not_end_while_its_money_is_on_its_way() -> None:
    world = await furnished()
    award = await active_award(world, 20_000 * YUAN, 10_000 * YUAN)
    await approved(world, (await instalments(award))[0])
    with pytest.raises(RuleBroken) as refused:
        await terminate(world, award)
    assert refused.value.code == "award.money_on_its_way"
    assert await bucket(world.line, "committed") == 10_000 * YUAN


async def test_an_award_does_not_end_while_its_payment_is_being_approved() -> None:
    world = await furnished()
    for _ in range(4):
        award = await active_award(world, 20_000 * YUAN, 10_000 * YUAN)
        payment = await submitted(world, (await instalments(award))[0])
        for role in (Role.SECTION_HEAD, Role.FIN_OFFICER):
            version = 2 if role == Role.SECTION_HEAD else 3
            await approvals.approve_payment(world[role], payment, seen_version=version, today=DAY)
        ended, paid = await asyncio.gather(
            terminate(world, award),
            approvals.approve_payment(
                world[Role.DEPUTY_LEADER], payment, seen_version=4, today=DAY
            ),
            return_exceptions=True,
        )
        assert isinstance(ended, Refusal) != isinstance(paid, Refusal)
        found = await queries.award(SYSTEM, award)
        assert (found.state == "TERMINATED") == (found.on_its_way_fen == 0)


async def test_a_request_in_approval_dies_with_its_award() -> None:
    world = await furnished()
    award = await active_award(world, 20_000 * YUAN)
    payment = await submitted(world, (await instalments(award))[0])
    await terminate(world, award)
    with pytest.raises(RuleBroken) as refused:
        await approvals.approve_payment(
            world[Role.SECTION_HEAD], payment, seen_version=2, today=DAY
        )
    assert refused.value.code == "gate.award_is_active"
    await payments.withdraw_payment(world[Role.OFFICER], payment)


async def test_who_created_an_award_does_not_terminate_it() -> None:
    world = await furnished()
    award = await active_award(world, 20_000 * YUAN)
    both = replace(world[Role.OFFICER], roles=frozenset({Role.OFFICER, Role.SECTION_HEAD}))
    with pytest.raises(NotAllowed):
        await endings.terminate_award(both, award, seen_version=2, reason="协议解除", today=DAY)


async def test_an_award_is_complete_when_all_of_it_is_paid() -> None:
    world = await furnished()
    award = await active_award(world, 20_000 * YUAN, 10_000 * YUAN)
    first, second = await instalments(award)
    await pay(world, await approved(world, first))
    with pytest.raises(RuleBroken) as refused:
        await endings.complete_award(world[Role.OFFICER], award)
    assert refused.value.code == "award.still_open"
    waiting = await approved(world, second)
    with pytest.raises(RuleBroken) as refused:
        await endings.complete_award(world[Role.OFFICER], award)
    assert refused.value.code == "award.money_on_its_way"
    await pay(world, waiting)
    await endings.complete_award(world[Role.OFFICER], award)
    assert await state_of(award) == "COMPLETED"


async def test_an_award_over_years_is_not_complete_after_the_first() -> None:
    world = await furnished()
    award, _ = await two_years(world)
    (first, _) = await instalments(award)
    await award_parts.confirm_condition(world[Role.OFFICER], first, on=DAY, evidence="合同已签")
    await pay(world, await approved(world, first))
    with pytest.raises(RuleBroken) as refused:
        await endings.complete_award(world[Role.OFFICER], award)
    assert refused.value.code == "award.still_open"


# Scope and the last yuan


async def test_an_agency_sees_its_own_awards_only() -> None:
    world = await furnished()
    award = await draft_award(world, 30_000 * YUAN)
    own = await add_actor(Role.APPLICANT_ORG, name="示例·机构", organisation_id=world.organisation)
    other = await add_actor(
        Role.APPLICANT_ORG,
        name="示例·他机构",
        organisation_id=await add_organisation("示例向阳服务社"),
    )
    assert (await queries.award(own, award)).id == award
    with pytest.raises(NotFound):
        await queries.award(other, award)


async def test_of_sixty_four_awards_of_the_last_yuan_one_is_approved() -> None:
    world = await furnished(quota_fen=1_000 * YUAN)
    drafts = [await draft_award(world, 1_000 * YUAN, title=f"项目{n}") for n in range(64)]
    results = await asyncio.gather(
        *(approve(world, award) for award in drafts), return_exceptions=True
    )
    refusals = [r for r in results if r is not None]
    assert len(refusals) == 63
    assert {r.code for r in refusals if isinstance(r, RuleBroken)} == {"budget.line_short"}
    assert all(isinstance(r, RuleBroken) for r in refusals)
    assert await bucket(world.line, "available") == 0
    assert await bucket(world.line, "committed") == 1_000 * YUAN
    assert await db.value("SELECT count(*) FROM award WHERE state = 'ACTIVE'") == 1


async def test_of_sixty_four_approvals_of_one_award_one_counts() -> None:
    world = await furnished()
    award = await draft_award(world, 1_000 * YUAN)
    leaders = [world[r] for r in (Role.SECTION_HEAD, Role.DEPUTY_LEADER, Role.MAIN_LEADER)]
    results = await asyncio.gather(
        *(approve(world, award, by=leaders[n % 3]) for n in range(64)), return_exceptions=True
    )
    assert results.count(None) == 1
    assert all(isinstance(r, Conflict) for r in results if r is not None)
    assert await bucket(world.line, "committed") == 1_000 * YUAN
