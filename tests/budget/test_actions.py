"""The budget office: documents of quota, cash plans, closing a year, and the ledger's guards."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date

import asyncpg
import pytest

from grants.awards import actions as awards
from grants.awards import queries as award_queries
from grants.awards.actions import AwardPlan
from grants.awards.rules import InstalmentPlan, SharePlan
from grants.banking import refunds
from grants.budget import actions, ledger, queries
from grants.budget.rules import LineEnd, QuotaKind
from grants.kernel.errors import Conflict, NotAllowed, RuleBroken
from grants.kernel.identity import SYSTEM, Actor, Role
from grants.kernel.money import Fen
from grants.payments import actions as payments
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
    details,
    draft_award,
    furnished,
    instalments,
    submitted,
)
from tests.world_banking import pay

pytestmark = pytest.mark.usefixtures("empty")

NEW_YEAR = date(2027, 1, 15)


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
        await payments.approve_payment(
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


# Closing a year


async def close_2026(world: World) -> None:
    await actions.propose_year_end(world[Role.FIN_OFFICER], 2026, "太财预〔2027〕1号")
    await actions.decide_year_end(world[Role.FIN_HEAD], 2026, "approve", on=NEW_YEAR)


async def line_of_2027(world: World) -> int:
    line = await queries.line_of(world.programme, world.fund, 2027)
    assert line is not None
    return line.id


async def plan_all(world: World, line: int) -> None:
    quota = (await queries.line(line)).balance.quota_fen
    plan = await actions.propose_cash_plan(world[Role.OFFICER], line, [quota, *[0] * 11])
    await actions.decide_cash_plan(world[Role.FIN_HEAD], plan, "approve", on=NEW_YEAR)


async def pay_in_2027(world: World, instalment: int) -> int:
    """A request of the new year, approved by its whole chain."""
    payment = await payments.draft_payment(
        world[Role.OFFICER],
        instalment,
        details(world, invoice_no=f"2027-{instalment}"),
        today=NEW_YEAR,
    )
    await payments.submit_payment(world[Role.OFFICER], payment, seen_version=1, today=NEW_YEAR)
    while (found := await payment_queries.payment(SYSTEM, payment)).state == "SUBMITTED":
        assert found.step_role is not None
        await payments.approve_payment(
            world[found.step_role], payment, seen_version=found.version, today=NEW_YEAR
        )
    return payment


async def test_closing_a_year_carries_commitments_and_takes_the_surplus_back() -> None:
    world = await furnished()
    await active_award(world, 30_000 * YUAN)
    assert await actions.preview_year_end(2026) == [
        LineEnd(world.line, Fen(30_000 * YUAN), Fen(970_000 * YUAN))
    ]
    await close_2026(world)
    assert (await queries.line(world.line)).state == "CLOSED"
    assert await bucket(world.line, "quota") == 0
    next_line = await line_of_2027(world)
    assert await bucket(next_line, "quota") == 30_000 * YUAN
    assert await bucket(next_line, "committed") == 30_000 * YUAN


async def test_what_was_paid_stays_on_the_closed_line() -> None:
    world = await furnished()
    line = await second_line(world, quota_fen=100 * YUAN)
    await close_2026(world)
    assert await bucket(line, "quota") == 0
    assert (await queries.line(line)).state == "CLOSED"
    assert await queries.line_of(world.programme, world.fund, 2027) is None


async def test_a_year_does_not_close_while_a_payment_is_approved() -> None:
    world = await furnished()
    award = await active_award(world, 30_000 * YUAN)
    await approved(world, (await instalments(award))[0])
    with pytest.raises(RuleBroken) as refused:
        await actions.propose_year_end(world[Role.FIN_OFFICER], 2026, "太财预〔2027〕1号")
    assert refused.value.code == "budget.money_on_its_way"


async def test_a_year_does_not_close_on_figures_that_have_moved() -> None:
    world = await furnished()
    await actions.propose_year_end(world[Role.FIN_OFFICER], 2026, "太财预〔2027〕1号")
    await active_award(world, 30_000 * YUAN)
    with pytest.raises(Conflict) as refused:
        await actions.decide_year_end(world[Role.FIN_HEAD], 2026, "approve", on=NEW_YEAR)
    assert refused.value.code == "budget.figures_moved"
    assert (await queries.line(world.line)).state == "OPEN"
    await actions.decide_year_end(
        world[Role.FIN_HEAD], 2026, "reject", on=NEW_YEAR, reason="数字已变"
    )
    await close_2026(world)
    assert await bucket(await line_of_2027(world), "committed") == 30_000 * YUAN


async def test_a_year_is_closed_once() -> None:
    world = await furnished()
    await close_2026(world)
    with pytest.raises(Conflict):
        await actions.decide_year_end(world[Role.FIN_HEAD], 2026, "approve", on=NEW_YEAR)
    with pytest.raises(RuleBroken) as refused:
        await actions.propose_year_end(world[Role.FIN_OFFICER], 2026, "太财预〔2027〕2号")
    assert refused.value.code == "budget.year_empty"


async def test_who_proposes_to_close_a_year_does_not_close_it() -> None:
    world = await furnished()
    both = also(world[Role.FIN_OFFICER], Role.FIN_HEAD)
    await actions.propose_year_end(both, 2026, "太财预〔2027〕1号")
    with pytest.raises(NotAllowed):
        await actions.decide_year_end(both, 2026, "approve", on=NEW_YEAR)


async def test_a_closed_line_takes_neither_quota_nor_awards() -> None:
    world = await furnished()
    draft = await draft_award(world, 30_000 * YUAN)
    await close_2026(world)
    with pytest.raises(RuleBroken) as refused:
        await propose(world, QuotaKind.SUPPLEMENT, 1 * YUAN)
    assert refused.value.code == "budget.line_closed"
    with pytest.raises(RuleBroken) as refused:
        await awards.approve_award(world[Role.SECTION_HEAD], draft, seen_version=1, today=DAY)
    assert refused.value.code == "budget.line_closed"


async def test_quota_that_waits_for_the_closing_of_its_year_is_refused() -> None:
    world = await furnished()
    movement = await propose(world, QuotaKind.SUPPLEMENT, 500 * YUAN)
    await actions.propose_year_end(world[Role.FIN_OFFICER], 2026, "太财预〔2027〕1号")
    closing, posting = await asyncio.gather(
        actions.decide_year_end(world[Role.FIN_HEAD], 2026, "approve", on=NEW_YEAR),
        actions.approve_quota(world[Role.MAIN_LEADER], movement, on=DAY),
        return_exceptions=True,
    )
    assert (closing is None) != (posting is None)
    closed = (await queries.line(world.line)).state == "CLOSED"
    assert closed == (closing is None)
    assert await bucket(world.line, "available") == (0 if closed else 1_000_500 * YUAN)


async def test_an_award_follows_its_money_into_the_next_year_and_is_paid_there() -> None:
    world = await furnished()
    award = await active_award(world, 20_000 * YUAN, 10_000 * YUAN)
    first, second = await instalments(award)
    await close_2026(world)
    next_line = await line_of_2027(world)
    await plan_all(world, next_line)
    await pay_in_2027(world, first)
    assert await bucket(next_line, "payable") == 20_000 * YUAN
    assert await bucket(next_line, "committed") == 10_000 * YUAN
    shares = {s.fiscal_year: s.amount_fen for s in await award_queries.shares(award)}
    assert shares == {2026: 0, 2027: 30_000 * YUAN}
    await pay_in_2027(world, second)


async def test_a_request_in_approval_at_year_end_is_withdrawn_and_made_anew() -> None:
    world = await furnished()
    award = await active_award(world, 20_000 * YUAN, 10_000 * YUAN)
    first, second = await instalments(award)
    waiting = await submitted(world, first)
    await close_2026(world)
    next_line = await line_of_2027(world)
    await plan_all(world, next_line)
    await pay_in_2027(world, second)
    found = await payment_queries.payment(SYSTEM, waiting)
    with pytest.raises(RuleBroken):
        await payments.approve_payment(
            world[Role.SECTION_HEAD], waiting, seen_version=found.version, today=NEW_YEAR
        )
    await payments.withdraw_payment(world[Role.OFFICER], waiting, reason="跨年重报")
    await pay_in_2027(world, first)
    assert await bucket(next_line, "payable") == 30_000 * YUAN


async def two_year_award(world: World, next_line: int) -> int:
    """10,000.00 borne by 2026 and 7,000.00 by 2027."""
    award = await awards.create_award(
        world[Role.OFFICER],
        AwardPlan(
            programme_id=world.programme,
            title="两年期项目",
            purpose="",
            amount_fen=Fen(17_000 * YUAN),
            shares=[
                SharePlan(world.line, 2026, Fen(10_000 * YUAN)),
                SharePlan(next_line, 2027, Fen(7_000 * YUAN)),
            ],
            instalments=[
                InstalmentPlan(world.line, Fen(10_000 * YUAN), date(2026, 6, 1), "合同签订"),
                InstalmentPlan(next_line, Fen(7_000 * YUAN), date(2027, 1, 10), "期末"),
            ],
            organisation_id=world.organisation,
        ),
        today=DAY,
    )
    await awards.approve_award(world[Role.SECTION_HEAD], award, seen_version=1, today=DAY)
    for instalment in await instalments(award):
        await awards.confirm_condition(
            world[Role.OFFICER], instalment, on=date(2026, 6, 10), evidence="已签"
        )
    return award


async def test_money_carried_over_does_not_replace_the_new_years_own_share() -> None:
    world = await furnished()
    next_line = await add_line(world, quota_fen=7_000 * YUAN, year=2027, plan=False)
    award = await two_year_award(world, next_line)
    await close_2026(world)
    assert await awards.commit_years_shares(SYSTEM, award, today=NEW_YEAR) == 1
    assert await bucket(next_line, "committed") == 17_000 * YUAN
    await plan_all(world, next_line)
    for instalment in await instalments(award):
        await pay_in_2027(world, instalment)
    assert await bucket(next_line, "payable") == 17_000 * YUAN
    assert await awards.commit_years_shares(SYSTEM, award, today=NEW_YEAR) == 0


async def test_a_refund_approved_after_its_year_was_closed_restores_nothing() -> None:
    world = await furnished()
    award = await active_award(world, 20_000 * YUAN)
    payment = await approved(world, (await instalments(award))[0])
    await pay(world, payment)
    refund = await refunds.record_refund(
        world[Role.FIN_OFFICER],
        payment,
        amount_fen=Fen(5_000 * YUAN),
        received_on=date(2026, 12, 30),
        reference="T1",
        reason="多付退回",
    )
    await close_2026(world)
    await refunds.decide_refund(world[Role.FIN_HEAD], refund, "approve")
    assert await bucket(world.line, "available") == 0
    assert await bucket(world.line, "surrendered") == 5_000 * YUAN
    assert [r.restores_quota for r in await refunds.refunds(payment)] == [False]


# What the database holds by itself

BUCKETS = ("available", "committed", "payable", "in_bank", "paid", "surrendered")


@pytest.mark.parametrize("name", BUCKETS)
async def test_the_database_refuses_a_line_below_zero(name: str) -> None:
    world = await furnished()
    with pytest.raises(RuleBroken) as refused:
        async with db.unit_of_work(SYSTEM):
            await db.execute(
                f"UPDATE line_balance SET {name}_fen = -1, "
                f"quota_fen = quota_fen - {name}_fen - 1 WHERE id = $1",
                world.line,
            )
    cause = refused.value.__cause__
    assert isinstance(cause, asyncpg.CheckViolationError)
    assert cause.constraint_name == f"line_{name}_not_negative"
    assert refused.value.code == f"ledger.{name}_short"


@pytest.mark.parametrize("name", BUCKETS[1:])
async def test_the_database_refuses_a_commitment_below_zero(name: str) -> None:
    world = await furnished()
    await active_award(world, 30_000 * YUAN)
    with pytest.raises(RuleBroken) as refused:
        async with db.unit_of_work(SYSTEM):
            await db.execute(
                f"UPDATE commitment SET {name}_fen = -1, amount_fen = amount_fen - {name}_fen - 1"
            )
    cause = refused.value.__cause__
    assert isinstance(cause, asyncpg.CheckViolationError)
    assert cause.constraint_name == f"commitment_{name}_not_negative"


@pytest.mark.parametrize(
    ("statement", "constraint"),
    [
        ("UPDATE line_balance SET quota_fen = quota_fen + 1", "line_quota_is_sum_of_buckets"),
        (
            "UPDATE commitment SET amount_fen = amount_fen + 1",
            "commitment_amount_is_sum_of_buckets",
        ),
        ("UPDATE quota_movement SET amount_fen = 0", "quota_movement_amount_positive"),
        ("UPDATE quota_movement SET kind = 'GIFT'", "quota_movement_kind"),
        ("UPDATE quota_movement SET kind = 'TRANSFER'", "quota_movement_transfer"),
        (
            "UPDATE quota_movement SET decided_by_person = proposed_by_person",
            "quota_movement_two_people",
        ),
        ("UPDATE quota_movement SET decided_by_person = NULL", "quota_movement_decided"),
        ("UPDATE cash_plan SET months_fen = '{1,2,3}'", "cash_plan_twelve_months"),
        ("UPDATE cash_plan SET months_fen[1] = -1", "cash_plan_twelve_months"),
        ("UPDATE cash_plan SET decided_by_person = proposed_by_person", "cash_plan_two_people"),
        ("UPDATE budget_line SET state = 'HALF'", "budget_line_state"),
        ("UPDATE budget_line SET fiscal_year = 1999", "budget_line_year"),
        ("UPDATE fund_source SET kind = 'PRIVATE'", "fund_source_kind"),
        ("UPDATE programme SET department = 'ELSEWHERE'", "programme_department"),
    ],
)
async def test_the_database_holds_the_rules_of_its_rows(statement: str, constraint: str) -> None:
    world = await furnished()
    await active_award(world, 30_000 * YUAN)
    with pytest.raises(RuleBroken) as refused:
        async with db.unit_of_work(SYSTEM):
            await db.execute(statement)
    assert isinstance(refused.value.__cause__, asyncpg.CheckViolationError)
    assert refused.value.__cause__.constraint_name == constraint


@pytest.mark.parametrize(
    ("statement", "constraint"),
    [
        (
            "INSERT INTO budget_line (code, programme, fund_source, fiscal_year, func_code, "
            "gov_eco_code, dept_eco_code, state) SELECT 'twin', programme, fund_source, "
            "fiscal_year, '', '', '', 'OPEN' FROM budget_line",
            "budget_line_one_per_year",
        ),
        (
            "INSERT INTO cash_plan (line, revision, months_fen, state, proposed_by_person) "
            "SELECT line, revision + 1, months_fen, 'APPROVED', 1 FROM cash_plan",
            "cash_plan_one_approved",
        ),
        (
            "INSERT INTO commitment (line, award_id, amount_fen, committed_fen, payable_fen, "
            "in_bank_fen, paid_fen, surrendered_fen) SELECT line, award_id, 0, 0, 0, 0, 0, 0 "
            "FROM commitment",
            "commitment_once",
        ),
    ],
)
async def test_the_database_holds_that_there_is_one(statement: str, constraint: str) -> None:
    world = await furnished()
    await active_award(world, 30_000 * YUAN)
    with pytest.raises(Conflict) as refused:
        async with db.unit_of_work(SYSTEM):
            await db.execute(statement)
    assert isinstance(refused.value.__cause__, asyncpg.UniqueViolationError)
    assert refused.value.__cause__.constraint_name == constraint


@pytest.mark.parametrize(
    "statement", ["UPDATE ledger_move SET amount_fen = 1", "DELETE FROM ledger_move"]
)
async def test_the_ledger_is_append_only(statement: str) -> None:
    await furnished()
    with pytest.raises(asyncpg.RaiseError, match="ledger_move is append-only"):
        async with db.unit_of_work(SYSTEM):
            await db.execute(statement)


async def test_a_move_happens_once_for_its_key() -> None:
    world = await furnished()
    with pytest.raises(Conflict) as refused:
        async with db.unit_of_work(SYSTEM):
            for _ in range(2):
                await ledger.move(
                    SYSTEM,
                    ledger.RECEIVE,
                    Fen(1),
                    of=world.line,
                    case=Case("test", 1),
                    key="once",
                    on=DAY,
                )
    assert refused.value.code == "ledger.moved_already"
    assert await bucket(world.line, "quota") == 1_000_000 * YUAN


@pytest.mark.parametrize("amount_fen", [0, -1])
async def test_a_move_needs_a_positive_amount(amount_fen: int) -> None:
    world = await furnished()
    with pytest.raises(ValueError, match="positive"):
        async with db.unit_of_work(SYSTEM):
            await ledger.move(
                SYSTEM,
                ledger.RECEIVE,
                Fen(amount_fen),
                of=world.line,
                case=Case("test", 1),
                key="never",
                on=DAY,
            )


async def test_a_move_of_nothing_is_a_fault_and_not_silence() -> None:
    await furnished()
    with pytest.raises(LookupError):
        async with db.unit_of_work(SYSTEM):
            await ledger.move(
                SYSTEM, ledger.RECEIVE, Fen(1), of=0, case=Case("test", 1), key="k", on=DAY
            )


async def test_money_does_not_move_without_a_unit_of_work() -> None:
    world = await furnished()
    with pytest.raises(RuntimeError, match="unit of work"):
        await ledger.move(
            SYSTEM, ledger.RECEIVE, Fen(1), of=world.line, case=Case("test", 1), key="k", on=DAY
        )
    assert await bucket(world.line, "quota") == 1_000_000 * YUAN
