"""A project paid twice in part, evaluated to the end, settled: the last part, or money back."""

from __future__ import annotations

import pytest

from grants.awards import clawbacks
from grants.awards import queries as awards
from grants.banking import actions as banking
from grants.banking import answers
from grants.evaluation import actions as evaluation
from grants.evaluation.terms import EvaluationKind
from grants.invariants.verify import verify
from grants.kernel.calendar import rehearsed_at
from grants.kernel.errors import Conflict, NotAllowed, RuleBroken
from grants.kernel.identity import SYSTEM, Actor, Role
from grants.kernel.money import Fen
from grants.payments import actions as payments
from grants.payments import approvals
from grants.payments import queries as payment_queries
from grants.payments.actions import RequestDetails
from grants.settlement import actions, queries
from tests.app import browsing, send
from tests.delivery.test_actions import NOW, TODAY, entered, judged, running
from tests.evaluation.test_actions import (
    PASSWORD,
    Given,
    assigned,
    confirmed,
    evaluator,
    signed,
)
from tests.world import YUAN, World, add_account
from tests.world_banking import answer

pytestmark = pytest.mark.usefixtures("empty")
FINAL = {
    "COMPLETION": 20,
    "OUTPUT": 16,
    "EFFECT": 16,
    "SATISFACTION": 12,
    "FINANCE": 12,
    "RECORDS": 4,
}
FAIR = {**FINAL, "COMPLETION": 12, "EFFECT": 10}


async def paid(world: World, award_id: int, account: int, sequence: int) -> None:
    """A part of an award, asked for, approved, sent and booked by the bank."""
    part = (await awards.instalments(award_id))[sequence - 1]
    number = f"{award_id:010d}{sequence:010d}"
    asked = RequestDetails(
        bank_account_id=account,
        purpose="项目款",
        invoice_no=number,
        invoice_amount_fen=Fen(1_000_000 * YUAN),
    )
    with rehearsed_at(NOW):
        payment = await payments.draft_payment(world[Role.OFFICER], part.id, asked, today=TODAY)
        await payments.submit_payment(world[Role.OFFICER], payment, seen_version=1, today=TODAY)
        while (found := await payment_queries.payment(SYSTEM, payment)).state == "SUBMITTED":
            assert found.step_role is not None
            await approvals.approve_payment(
                world[found.step_role], payment, seen_version=found.version, today=TODAY
            )
        finance, cashier = world[Role.FIN_OFFICER], world[Role.CASHIER]
        batch = await banking.make_batch(finance, [payment], "bank-csv", today=TODAY)
        await banking.freeze_batch(finance, batch, seen_version=1, today=TODAY)
        await banking.mark_batch_sent(cashier, batch, seen_version=2, on=TODAY)
        booked = await answer(batch, day=TODAY.isoformat())
        await answers.take_results(cashier, f"{batch}.csv", booked, today=TODAY)


async def ready(eligible_yuan: int, points: dict[str, int] = FINAL) -> tuple[World, int, Actor]:
    """A project of 50,000 yuan, 40,000 of it paid, evaluated to the end: world, award, agency."""
    world, award, agency, _ = await running()
    found = await awards.award(agency, award)
    assert found.organisation_id is not None
    account = await add_account(
        world, found.organisation_id, found.payee_name, number="320500000000099"
    )
    await paid(world, award, account, 1)
    for line, yuan in (("L1", 15_000), ("L2", min(eligible_yuan - 15_000, 22_000))):
        spending = await entered(
            agency, award, cost_line=line, amount_fen=Fen(yuan * YUAN), receipt_no=f"S-{line}"
        )
        await judged(world, spending, "admit")
    await confirmed(world, await signed(world, award, await evaluator()))
    await paid(world, award, account, 2)
    person = await evaluator()
    final = await assigned(world, award, person, EvaluationKind.FINAL)
    form = Given(points, {}, "目标基本实现，资料完整可查。")
    await evaluation.fill(person, final, form, seen_version=1)
    await evaluation.sign(person, final, PASSWORD)
    await confirmed(world, final)
    return world, award, agency


async def proposed(world: World, award: int) -> int:
    return await actions.propose_settlement(
        world[Role.OFFICER], award, note="审计报告〔2026〕8号，无重大问题", today=TODAY
    )


async def test_what_is_not_eligible_is_not_paid_and_the_surplus_is_claimed() -> None:
    world, award, agency = await ready(37_000)
    settlement = await proposed(world, award)
    found = await queries.settlement(agency, settlement)
    assert found.sums.actual_fen == 37_000 * YUAN
    assert (found.sums.last_fen, found.sums.surplus_fen) == (0, 3_000 * YUAN)
    head = world[Role.SECTION_HEAD]
    await actions.decide_settlement(head, settlement, "approve", today=TODAY)
    after = await awards.award(agency, award)
    assert after.amount_fen == 40_000 * YUAN and after.committed_fen == 0
    assert [p.state for p in await awards.instalments(award)] == ["PAID", "PAID", "CANCELLED"]
    claims = await clawbacks.clawbacks(award_id=award)
    assert [(c.amount_fen, c.state) for c in claims] == [(3_000 * YUAN, "OPEN")]
    assert [one for one in await verify() if one.breaches] == []


async def test_the_grade_scales_the_last_part_and_settling_opens_it() -> None:
    world, award, agency = await ready(37_000, FAIR)
    for line, yuan in (("L3", 4_000), ("L4", 3_300), ("L7", 3_300)):
        spending = await entered(
            agency, award, cost_line=line, amount_fen=Fen(yuan * YUAN), receipt_no=f"T-{line}"
        )
        await judged(world, spending, "admit")
    settlement = await proposed(world, award)
    sums = (await queries.settlement(agency, settlement)).sums
    assert sums.k_permille == 800 and sums.eligible_fen == 47_600 * YUAN
    assert sums.last_fen == 7_600 * YUAN  # the grade would leave 8,000, the cost leaves 7,600
    await actions.decide_settlement(world[Role.SECTION_HEAD], settlement, "approve", today=TODAY)
    last = (await awards.instalments(award))[2]
    assert last.amount_fen == 7_600 * YUAN and last.condition_met_on == TODAY
    assert (await awards.award(agency, award)).amount_fen == 47_600 * YUAN
    assert [one for one in await verify() if one.breaches] == []
    with pytest.raises(RuleBroken, match="stands already"):
        await proposed(world, award)


async def test_a_settlement_is_decided_by_another_on_figures_that_stand() -> None:
    world, award, agency = await ready(37_000)
    settlement = await proposed(world, award)
    head = world[Role.SECTION_HEAD]
    with pytest.raises(NotAllowed):
        await actions.decide_settlement(world[Role.OFFICER], settlement, "approve", today=TODAY)
    with pytest.raises(RuleBroken, match="reason"):
        await actions.decide_settlement(head, settlement, "reject", today=TODAY)
    late = await entered(agency, award, cost_line="L3", amount_fen=Fen(100), receipt_no="late")
    await judged(world, late, "admit")
    with pytest.raises(Conflict, match="figures have moved"):
        await actions.decide_settlement(head, settlement, "approve", today=TODAY)
    await actions.decide_settlement(
        head, settlement, "reject", today=TODAY, reason="请按新票据重新计算"
    )
    assert [c.state for c in await clawbacks.clawbacks(award_id=award)] == ["REJECTED"]
    again = await proposed(world, award)
    await actions.decide_settlement(world[Role.OFFICER], again, "withdraw", today=TODAY)
    assert [one for one in await verify() if one.breaches] == []


async def test_nothing_is_settled_before_the_final_evaluation() -> None:
    world, award, _, _ = await running()
    with pytest.raises(RuleBroken, match="not confirmed yet"):
        await proposed(world, award)


async def test_the_pages_show_the_reckoning_and_settle() -> None:
    world, award, agency = await ready(37_000)
    with rehearsed_at(NOW):
        async with browsing(world[Role.OFFICER]) as client:
            assert "Settle the project" in (await client.get(f"/projects/{award}")).text
            page = f"/projects/{award}/settlement"
            assert "3,000.00" in (await client.get(page)).text
            assert (await send(client, page, {"note": ""})).status_code == 422
            sent = await send(client, page, {"note": "审计报告〔2026〕8号"})
            assert sent.status_code == 303
        path = sent.headers["location"].partition("?")[0]
        async with browsing(world[Role.SECTION_HEAD]) as client:
            assert "The reckoning" in (await client.get(path)).text
            bad = await send(client, f"{path}/decide", {"verb": "reject"})
            assert bad.status_code == 422
            done = await send(client, f"{path}/decide", {"verb": "approve"})
            assert done.status_code == 303
        async with browsing(agency) as client:
            assert "Approved" in (await client.get(path)).text
