"""Closing a year: carried over, taken back, closed; awards follow their money."""

from __future__ import annotations

import asyncio
from datetime import date

import pytest

from grants.awards import actions as awards
from grants.awards import instalments as award_parts
from grants.awards import queries as award_queries
from grants.awards.actions import AwardPlan
from grants.awards.rules import InstalmentPlan, SharePlan
from grants.banking import refunds
from grants.budget import actions, queries, year_end
from grants.budget.rules import LineEnd, QuotaKind
from grants.kernel.errors import Conflict, NotAllowed, RuleBroken
from grants.kernel.identity import SYSTEM, Role
from grants.kernel.money import Fen
from grants.payments import actions as payments
from grants.payments import approvals
from grants.payments import queries as payment_queries
from tests.world import (
    DAY,
    YUAN,
    World,
    active_award,
    add_line,
    approved,
    bucket,
    details,
    draft_award,
    furnished,
    instalments,
    submitted,
)
from tests.world_banking import pay
from tests.world_budget import also, propose, second_line

pytestmark = pytest.mark.usefixtures("empty")

NEW_YEAR = date(2027, 1, 15)


async def close_2026(world: World) -> None:
    await year_end.propose_year_end(world[Role.FIN_OFFICER], 2026, "太财预〔2027〕1号")
    await year_end.decide_year_end(world[Role.FIN_HEAD], 2026, "approve", on=NEW_YEAR)


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
        await approvals.approve_payment(
            world[found.step_role], payment, seen_version=found.version, today=NEW_YEAR
        )
    return payment


async def test_closing_a_year_carries_commitments_and_takes_the_surplus_back() -> None:
    world = await furnished()
    await active_award(world, 30_000 * YUAN)
    assert await year_end.preview_year_end(2026) == [
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
        await year_end.propose_year_end(world[Role.FIN_OFFICER], 2026, "太财预〔2027〕1号")
    assert refused.value.code == "budget.money_on_its_way"


async def test_a_year_does_not_close_on_figures_that_have_moved() -> None:
    world = await furnished()
    await year_end.propose_year_end(world[Role.FIN_OFFICER], 2026, "太财预〔2027〕1号")
    await active_award(world, 30_000 * YUAN)
    with pytest.raises(Conflict) as refused:
        await year_end.decide_year_end(world[Role.FIN_HEAD], 2026, "approve", on=NEW_YEAR)
    assert refused.value.code == "budget.figures_moved"
    assert (await queries.line(world.line)).state == "OPEN"
    await year_end.decide_year_end(
        world[Role.FIN_HEAD], 2026, "reject", on=NEW_YEAR, reason="数字已变"
    )
    await close_2026(world)
    assert await bucket(await line_of_2027(world), "committed") == 30_000 * YUAN


async def test_a_year_is_closed_once() -> None:
    world = await furnished()
    await close_2026(world)
    with pytest.raises(Conflict):
        await year_end.decide_year_end(world[Role.FIN_HEAD], 2026, "approve", on=NEW_YEAR)
    with pytest.raises(RuleBroken) as refused:
        await year_end.propose_year_end(world[Role.FIN_OFFICER], 2026, "太财预〔2027〕2号")
    assert refused.value.code == "budget.year_empty"


async def test_who_proposes_to_close_a_year_does_not_close_it() -> None:
    world = await furnished()
    both = also(world[Role.FIN_OFFICER], Role.FIN_HEAD)
    await year_end.propose_year_end(both, 2026, "太财预〔2027〕1号")
    with pytest.raises(NotAllowed):
        await year_end.decide_year_end(both, 2026, "approve", on=NEW_YEAR)


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
    await year_end.propose_year_end(world[Role.FIN_OFFICER], 2026, "太财预〔2027〕1号")
    closing, posting = await asyncio.gather(
        year_end.decide_year_end(world[Role.FIN_HEAD], 2026, "approve", on=NEW_YEAR),
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
        await approvals.approve_payment(
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
        await award_parts.confirm_condition(
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
