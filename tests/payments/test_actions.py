"""Payment requests: the way of the money, the chain of the tier, fresh pages, many at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from grants.kernel.errors import Conflict, NotAllowed, Refusal, RuleBroken
from grants.kernel.identity import SYSTEM, Role
from grants.payments import actions, approvals, queries
from grants.platform import db
from tests.world import (
    DAY,
    YUAN,
    active_award,
    add_actor,
    approve_through,
    approved,
    bucket,
    details,
    furnished,
    instalments,
    submitted,
)
from tests.world_banking import pay
from tests.world_payments import (
    T1,
    T2,
    approve,
    found,
    one_submitted,
)

pytestmark = pytest.mark.usefixtures("empty")


# The way of the money


async def test_an_approved_payment_moves_committed_money_to_payable() -> None:
    world = await furnished()
    award = await active_award(world, 30_000 * YUAN, 20_000 * YUAN)
    assert await bucket(world.line, "committed") == 50_000 * YUAN
    payment = await approved(world, (await instalments(award))[0])
    assert (await queries.payment(world[Role.OFFICER], payment)).state == "APPROVED"
    assert await bucket(world.line, "payable") == 30_000 * YUAN
    assert await bucket(world.line, "committed") == 20_000 * YUAN
    assert await bucket(world.line, "available") == 950_000 * YUAN


async def test_money_moves_with_the_last_approval_only() -> None:
    world = await furnished()
    payment = await one_submitted(world)
    for role in T1:
        assert await bucket(world.line, "payable") == 0
        await approve(world, payment, role)
    assert await bucket(world.line, "payable") == 30_000 * YUAN


# Tiers


@pytest.mark.parametrize(
    ("amount_fen", "chain", "tier"),
    [(50_000 * YUAN, T1, "T1"), (50_000 * YUAN + 1, T2, "T2")],
)
async def test_the_chain_is_that_of_the_tier(
    amount_fen: int, chain: Sequence[Role], tier: str
) -> None:
    world = await furnished()
    payment = await found(await one_submitted(world, amount_fen))
    assert (payment.chain, payment.tier) == (tuple(chain), tier)


async def without_minutes(award: int) -> None:
    async with db.unit_of_work(SYSTEM):
        await db.execute("UPDATE award SET minutes_no = '' WHERE id = $1", award)


async def test_splitting_an_award_does_not_shorten_the_chain() -> None:
    world = await furnished()
    award = await active_award(world, 30_000 * YUAN, 30_000 * YUAN)
    await without_minutes(award)
    payment = await found(await submitted(world, (await instalments(award))[0]))
    assert (payment.chain, payment.tier) == (T2, "T2")


async def test_a_part_of_an_award_decided_by_a_meeting_follows_its_own_amount() -> None:
    world = await furnished()
    award = await active_award(world, 30_000 * YUAN, 570_000 * YUAN)
    payment = await found(await submitted(world, (await instalments(award))[0]))
    assert payment.chain == T1


async def test_a_large_award_without_minutes_is_not_paid() -> None:
    world = await furnished()
    award = await active_award(world, 100_000 * YUAN, 500_000 * YUAN)
    await without_minutes(award)
    with pytest.raises(RuleBroken) as refused:
        await submitted(world, (await instalments(award))[0])
    assert refused.value.code == "gate.minutes_are_cited"


async def test_the_chain_of_a_request_is_frozen_when_it_is_submitted() -> None:
    world = await furnished()
    payment = await one_submitted(world)
    async with db.unit_of_work(SYSTEM):
        await db.execute(
            "UPDATE policy_version SET body = jsonb_set(body, '{tiers,0,up_to_fen}', '1') "
            "WHERE kind = 'approval_tiers'"
        )
    assert (await found(payment)).chain == T1
    await approve_through(world, payment)
    assert (await found(payment)).state == "APPROVED"


# Fresh pages


async def test_a_stale_page_approves_nothing() -> None:
    world = await furnished()
    payment = await one_submitted(world)
    with pytest.raises(Conflict) as refused:
        await approve(world, payment, Role.SECTION_HEAD, version=1)
    assert refused.value.code == "payment.stale"


async def test_a_step_is_approved_once() -> None:
    world = await furnished()
    payment = await one_submitted(world)
    await approve(world, payment, Role.SECTION_HEAD, version=2)
    with pytest.raises(Conflict):
        await approve(world, payment, Role.SECTION_HEAD, version=2)
    with pytest.raises(NotAllowed):
        await approve(world, payment, Role.SECTION_HEAD)
    assert (await found(payment)).step == 2


async def test_an_approved_payment_is_not_approved_again() -> None:
    world = await furnished()
    payment = await one_submitted(world)
    await approve_through(world, payment)
    with pytest.raises(Conflict):
        await approve(world, payment, Role.DEPUTY_LEADER)
    assert await bucket(world.line, "payable") == 30_000 * YUAN


# Many at once


async def test_a_bulk_approval_answers_for_each_payment() -> None:
    world = await furnished()
    award = await active_award(world, 30_000 * YUAN, 20_000 * YUAN, 10_000 * YUAN)
    first, second, third = [await submitted(world, i) for i in await instalments(award)]
    await approve(world, second, Role.SECTION_HEAD)
    results = await approvals.approve_many(
        world[Role.SECTION_HEAD], [(first, 2), (second, 3), (third, 1)], today=DAY
    )
    refusals = [r.refusal.code if r.refusal else None for r in results]
    assert refusals == [None, "payment.not_your_step", "payment.stale"]
    assert [(await found(p)).step for p in (first, second, third)] == [2, 2, 1]


async def test_a_bulk_approval_of_what_is_not_there_does_not_stop_the_others() -> None:
    world = await furnished()
    payment = await one_submitted(world)
    results = await approvals.approve_many(
        world[Role.SECTION_HEAD], [(10**9, 1), (payment, 2)], today=DAY
    )
    assert [r.refusal.code if r.refusal else None for r in results] == ["not_found", None]


async def test_of_sixty_four_last_approvals_one_counts() -> None:
    world = await furnished()
    payment = await one_submitted(world)
    await approve_through(world, payment, stop_before=Role.DEPUTY_LEADER)
    version = (await found(payment)).version
    deputies = [world[Role.DEPUTY_LEADER]] + [
        await add_actor(Role.DEPUTY_LEADER, name=f"示例·副局长{n}") for n in range(3)
    ]
    results = await asyncio.gather(
        *(approve(world, payment, deputies[n % 4], version=version) for n in range(64)),
        return_exceptions=True,
    )
    assert results.count(None) == 1
    assert {type(r) for r in results if r is not None} == {Conflict}
    assert await bucket(world.line, "payable") == 30_000 * YUAN


async def test_of_two_requests_of_one_instalment_one_is_made() -> None:
    world = await furnished()
    award = await active_award(world, 30_000 * YUAN)
    (instalment,) = await instalments(award)
    colleague = await add_actor(Role.OFFICER, name="示例·同事")
    results = await asyncio.gather(
        *(
            actions.draft_payment(officer, instalment, details(world), today=DAY)
            for officer in (world[Role.OFFICER], colleague) * 4
        ),
        return_exceptions=True,
    )
    assert sum(isinstance(r, int) for r in results) == 1
    assert sum(isinstance(r, Conflict) for r in results) == 7
    assert await db.value("SELECT count(*) FROM payment") == 1


async def test_payments_of_one_line_approved_together_stay_within_the_cash_plan() -> None:
    world = await furnished(quota_fen=100_000 * YUAN)
    award = await active_award(world, *[10_000 * YUAN] * 8)
    payments = [await submitted(world, i) for i in await instalments(award)]
    for payment in payments:
        await approve_through(world, payment, stop_before=Role.DEPUTY_LEADER)
    async with db.unit_of_work(SYSTEM):
        await db.execute("UPDATE cash_plan SET months_fen[1] = $1", 30_000 * YUAN)
    results = await asyncio.gather(
        *(approve(world, payment, Role.DEPUTY_LEADER) for payment in payments),
        return_exceptions=True,
    )
    assert results.count(None) == 3
    assert {r.code for r in results if isinstance(r, Refusal)} == {"gate.cash_plan_has_room"}
    assert await bucket(world.line, "payable") == 30_000 * YUAN


async def test_the_form_of_an_early_instalment_knows_nothing_of_a_later_one() -> None:
    world = await furnished()
    award = await active_award(world, 20_000 * YUAN, 10_000 * YUAN)
    first, second = [await approved(world, part) for part in await instalments(award)]
    await pay(world, first)
    await pay(world, second)
    before = [await queries.paid_on_award_before(await found(p)) for p in (first, second)]
    assert before == [0, 20_000 * YUAN]
