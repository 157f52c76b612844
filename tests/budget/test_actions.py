"""The budget office: documents of quota, the fund-source matrix, cash plans."""

from __future__ import annotations

import asyncio

import pytest

from grants.budget import actions, queries
from grants.budget.rules import QuotaKind
from grants.kernel.errors import Conflict, NotAllowed, NotFound, RuleBroken
from grants.kernel.identity import SYSTEM, Role
from grants.payments import approvals
from grants.payments import queries as payment_queries
from grants.platform import db
from grants.platform.audit import Case, timeline
from tests.world import (
    DAY,
    YUAN,
    World,
    active_award,
    add_actor,
    add_line,
    approve_through,
    approved,
    bucket,
    furnished,
    instalments,
    submitted,
)
from tests.world_budget import also, post, propose, second_line

pytestmark = pytest.mark.usefixtures("empty")


# Quota


async def test_nothing_moves_until_another_person_approves_the_quota() -> None:
    world = await furnished()
    movement = await propose(world, QuotaKind.SUPPLEMENT, 500 * YUAN)
    assert await bucket(world.line, "quota") == 1_000_000 * YUAN
    await actions.approve_quota(world[Role.FIN_HEAD], movement, on=DAY)
    assert await bucket(world.line, "quota") == 1_000_500 * YUAN
    assert await bucket(world.line, "available") == 1_000_500 * YUAN


async def test_who_proposes_quota_cannot_approve_it() -> None:
    world = await furnished()
    both = also(world[Role.OFFICER], Role.FIN_HEAD)
    movement = await propose(world, QuotaKind.SUPPLEMENT, 500 * YUAN, actor=both)
    with pytest.raises(NotAllowed) as refused:
        await actions.approve_quota(both, movement, on=DAY)
    assert refused.value.code == "proposal.own"
    assert await bucket(world.line, "quota") == 1_000_000 * YUAN


async def test_a_second_account_of_the_proposer_cannot_approve_the_quota() -> None:
    world = await furnished()
    movement = await propose(world, QuotaKind.SUPPLEMENT, 500 * YUAN)
    second = await add_actor(
        Role.FIN_HEAD, name="示例·另一账号", person_id=world[Role.OFFICER].person_id
    )
    with pytest.raises(NotAllowed):
        await actions.approve_quota(second, movement, on=DAY)
    assert await bucket(world.line, "quota") == 1_000_000 * YUAN


async def test_without_the_role_quota_is_neither_proposed_nor_approved() -> None:
    world = await furnished()
    with pytest.raises(NotAllowed):
        await propose(world, QuotaKind.SUPPLEMENT, 1, actor=world[Role.CASHIER])
    movement = await propose(world, QuotaKind.SUPPLEMENT, 1)
    with pytest.raises(NotAllowed):
        await actions.approve_quota(world[Role.CASHIER], movement, on=DAY)


async def test_quota_is_approved_once() -> None:
    world = await furnished()
    movement = await post(world, QuotaKind.SUPPLEMENT, 500 * YUAN)
    with pytest.raises(Conflict):
        await actions.approve_quota(world[Role.MAIN_LEADER], movement, on=DAY)
    assert await bucket(world.line, "quota") == 1_000_500 * YUAN


async def test_many_approvals_of_one_quota_at_once_post_it_once() -> None:
    world = await furnished()
    movement = await propose(world, QuotaKind.SUPPLEMENT, 500 * YUAN)
    leaders = [world[Role.FIN_HEAD], world[Role.MAIN_LEADER], world[Role.FIN_DEPUTY]] * 4
    results = await asyncio.gather(
        *(actions.approve_quota(leader, movement, on=DAY) for leader in leaders),
        return_exceptions=True,
    )
    assert results.count(None) == 1
    assert all(isinstance(r, Conflict) for r in results if r is not None)
    assert await bucket(world.line, "quota") == 1_000_500 * YUAN


async def test_a_rejected_quota_moves_nothing_and_says_why() -> None:
    world = await furnished()
    movement = await propose(world, QuotaKind.SUPPLEMENT, 500 * YUAN)
    await actions.reject_quota(world[Role.FIN_HEAD], movement, reason="文号有误")
    assert await bucket(world.line, "quota") == 1_000_000 * YUAN
    assert (await timeline(Case("quota_movement", movement)))[0].reason == "文号有误"
    with pytest.raises(Conflict):
        await actions.approve_quota(world[Role.FIN_HEAD], movement, on=DAY)


async def test_only_its_proposer_withdraws_a_quota() -> None:
    world = await furnished()
    movement = await propose(world, QuotaKind.SUPPLEMENT, 500 * YUAN)
    with pytest.raises(NotAllowed):
        await actions.withdraw_quota(world[Role.FIN_OFFICER], movement)
    await actions.withdraw_quota(world[Role.OFFICER], movement)
    assert (await queries.quota_movement(movement)).state == "WITHDRAWN"


async def test_a_reduction_takes_what_is_free_and_no_fen_more() -> None:
    world = await furnished()
    line = await second_line(world, quota_fen=100 * YUAN)
    with pytest.raises(RuleBroken) as refused:
        await propose(world, QuotaKind.REDUCTION, 100 * YUAN + 1, line=line)
    assert refused.value.code == "budget.line_short"
    await post(world, QuotaKind.REDUCTION, 100 * YUAN, line=line)
    assert await bucket(line, "quota") == 0


async def test_a_reduction_is_looked_at_again_when_it_is_approved() -> None:
    world = await furnished()
    line = await second_line(world, quota_fen=100 * YUAN)
    first = await propose(world, QuotaKind.REDUCTION, 60 * YUAN, line=line)
    second = await propose(world, QuotaKind.REDUCTION, 60 * YUAN, line=line)
    await actions.approve_quota(world[Role.FIN_HEAD], first, on=DAY)
    with pytest.raises(RuleBroken) as refused:
        await actions.approve_quota(world[Role.FIN_HEAD], second, on=DAY)
    assert refused.value.code == "budget.line_short"
    assert await bucket(line, "available") == 40 * YUAN


async def test_a_reduction_does_not_undercut_the_cash_plan() -> None:
    world = await furnished()
    with pytest.raises(RuleBroken) as refused:
        await propose(world, QuotaKind.REDUCTION, 1 * YUAN)
    assert refused.value.code == "budget.plan_above_quota"


async def test_a_transfer_moves_quota_from_line_to_line() -> None:
    world = await furnished()
    source = await second_line(world, quota_fen=100 * YUAN)
    await post(world, QuotaKind.TRANSFER, 30 * YUAN, line=source, to_line=world.line)
    assert await bucket(source, "quota") == 70 * YUAN
    assert await bucket(world.line, "quota") == 1_000_030 * YUAN


async def test_a_transfer_keeps_its_year() -> None:
    world = await furnished()
    next_year = await second_line(world, year=2027)
    source = await second_line(world, quota_fen=100 * YUAN)
    with pytest.raises(RuleBroken) as refused:
        await propose(world, QuotaKind.TRANSFER, 1 * YUAN, line=source, to_line=next_year)
    assert refused.value.code == "budget.transfer_across_years"


async def test_a_transfer_needs_another_line() -> None:
    world = await furnished()
    line = await second_line(world, quota_fen=100 * YUAN)
    for target in (None, line):
        with pytest.raises(RuleBroken):
            await propose(world, QuotaKind.TRANSFER, 1 * YUAN, line=line, to_line=target)


@pytest.mark.parametrize("kind", [QuotaKind.CARRY_IN, QuotaKind.CARRY_OUT])
async def test_carrying_over_is_not_proposed_by_hand(kind: QuotaKind) -> None:
    world = await furnished()
    with pytest.raises(RuleBroken) as refused:
        await propose(world, kind, 1 * YUAN)
    assert refused.value.code == "budget.not_proposable"


@pytest.mark.parametrize("amount_fen", [0, -1])
async def test_a_quota_document_needs_a_positive_amount(amount_fen: int) -> None:
    world = await furnished()
    with pytest.raises(RuleBroken):
        await propose(world, QuotaKind.SUPPLEMENT, amount_fen)


# The fund-source matrix


async def post_subsidies(world: World) -> tuple[int, int]:
    """A programme of post subsidies, and the fund source of the lottery."""
    officer = world[Role.OFFICER]
    programme = await actions.add_programme(
        officer, "PS", "社工岗位补贴", "Post subsidies", "POST_SUBSIDY", "CIVIL_AFFAIRS"
    )
    lottery = await actions.add_fund_source(officer, "L", "福彩公益金", "Lottery", "LOTTERY")
    return programme, lottery


async def test_no_line_of_lottery_money_is_opened_for_post_subsidies() -> None:
    world = await furnished()
    programme, lottery = await post_subsidies(world)
    with pytest.raises(RuleBroken) as refused:
        await add_line(world, quota_fen=0, programme=programme, fund=lottery, plan=False)
    assert refused.value.code == "budget.fund_denied"


async def lottery_line_from_before_the_rule(world: World, programme: int, lottery: int) -> int:
    """A line from a time when the matrix still allowed it."""
    async with db.unit_of_work(SYSTEM):
        line = await db.value(
            "INSERT INTO budget_line (code, programme, fund_source, fiscal_year, func_code, "
            "gov_eco_code, dept_eco_code, state) VALUES ('OLD', $1, $2, 2026, '', '', '', 'OPEN') "
            "RETURNING id",
            programme,
            lottery,
        )
        await db.execute(
            "INSERT INTO line_balance (id, quota_fen, available_fen, committed_fen, payable_fen, "
            "in_bank_fen, paid_fen, surrendered_fen) VALUES ($1, 0, 0, 0, 0, 0, 0, 0)",
            line,
        )
    return int(line)


async def test_lottery_money_is_refused_again_when_quota_is_allocated() -> None:
    world = await furnished()
    line = await lottery_line_from_before_the_rule(world, *await post_subsidies(world))
    with pytest.raises(RuleBroken) as refused:
        await propose(world, QuotaKind.INITIAL, 100 * YUAN, line=line)
    assert refused.value.code == "budget.fund_denied"


async def test_lottery_money_is_refused_again_when_quota_is_transferred() -> None:
    world = await furnished()
    line = await lottery_line_from_before_the_rule(world, *await post_subsidies(world))
    source = await second_line(world, quota_fen=100 * YUAN)
    with pytest.raises(RuleBroken) as refused:
        await propose(world, QuotaKind.TRANSFER, 100 * YUAN, line=source, to_line=line)
    assert refused.value.code == "budget.fund_denied"


async def test_lottery_money_is_refused_again_when_paying() -> None:
    world = await furnished()
    award = await active_award(world, 30_000 * YUAN)
    payment = await submitted(world, (await instalments(award))[0])
    await approve_through(world, payment, stop_before=Role.DEPUTY_LEADER)
    async with db.unit_of_work(SYSTEM):
        await db.execute(
            "UPDATE programme SET instrument = 'POST_SUBSIDY' WHERE id = $1", world.programme
        )
        await db.execute(
            "UPDATE award SET publicised_from = '2026-05-01', publicised_to = '2026-05-20'"
        )
        await db.execute("UPDATE fund_source SET kind = 'LOTTERY' WHERE id = $1", world.fund)
    found = await payment_queries.payment(SYSTEM, payment)
    with pytest.raises(RuleBroken) as refused:
        await approvals.approve_payment(
            world[Role.DEPUTY_LEADER], payment, seen_version=found.version, today=DAY
        )
    assert refused.value.code == "gate.fund_source_may_pay"
    assert await bucket(world.line, "payable") == 0


# The cash plan


async def test_a_cash_plan_stays_within_the_quota() -> None:
    world = await furnished()
    with pytest.raises(RuleBroken) as refused:
        await actions.propose_cash_plan(
            world[Role.OFFICER], world.line, [1_000_000 * YUAN, 1, *[0] * 10]
        )
    assert refused.value.code == "budget.plan_above_quota"


async def test_a_cash_plan_covers_what_is_drawn_by_now() -> None:
    world = await furnished()
    award = await active_award(world, 30_000 * YUAN)
    await approved(world, (await instalments(award))[0])
    for june, accepted in ((30_000 * YUAN - 1, False), (30_000 * YUAN, True)):
        plan = await actions.propose_cash_plan(
            world[Role.OFFICER], world.line, [0, 0, 0, 0, 0, june, *[0] * 5, 900_000 * YUAN]
        )
        if accepted:
            await actions.decide_cash_plan(world[Role.FIN_HEAD], plan, "approve", on=DAY)
            continue
        with pytest.raises(RuleBroken) as refused:
            await actions.decide_cash_plan(world[Role.FIN_HEAD], plan, "approve", on=DAY)
        assert refused.value.code == "budget.plan_below_drawn"
        await actions.decide_cash_plan(
            world[Role.FIN_HEAD], plan, "reject", on=DAY, reason="不足以支付"
        )


async def test_an_approved_cash_plan_replaces_the_one_before() -> None:
    world = await furnished()
    plan = await actions.propose_cash_plan(world[Role.OFFICER], world.line, [5 * YUAN] * 12)
    await actions.decide_cash_plan(world[Role.FIN_HEAD], plan, "approve", on=DAY)
    assert (await queries.line(world.line)).months_fen == (5 * YUAN,) * 12
    assert [p.state for p in await queries.cash_plans(world.line)] == ["APPROVED", "SUPERSEDED"]


async def test_who_proposes_a_cash_plan_does_not_decide_on_it() -> None:
    world = await furnished()
    both = also(world[Role.OFFICER], Role.FIN_HEAD)
    plan = await actions.propose_cash_plan(both, world.line, [0] * 12)
    with pytest.raises(NotAllowed):
        await actions.decide_cash_plan(both, plan, "approve", on=DAY)


async def test_a_line_has_one_proposed_cash_plan_at_a_time() -> None:
    world = await furnished()
    await actions.propose_cash_plan(world[Role.OFFICER], world.line, [0] * 12)
    with pytest.raises(Conflict):
        await actions.propose_cash_plan(world[Role.OFFICER], world.line, [0] * 12)


async def test_an_approved_plan_is_not_put_aside_by_a_made_up_decision() -> None:
    world = await furnished()
    plan = await db.value("SELECT id FROM cash_plan WHERE state = 'APPROVED'")
    for verb in ("supersede", "withdraw", "nonsense"):
        with pytest.raises(NotFound):
            await actions.decide_cash_plan(world[Role.FIN_HEAD], plan, verb, on=DAY)
    assert await db.value("SELECT state FROM cash_plan WHERE id = $1", plan) == "APPROVED"
