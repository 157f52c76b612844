"""Payments returned, rejected, withdrawn, cancelled; nothing leads on from paid."""

from __future__ import annotations

import pytest

from grants.banking import actions as banking
from grants.banking import answers
from grants.kernel.errors import Conflict, NotAllowed, Refusal, RuleBroken
from grants.kernel.identity import Role
from grants.payments import actions, approvals
from tests.world import (
    DAY,
    YUAN,
    approve_through,
    approved,
    bucket,
    details,
    furnished,
    submitted,
)
from tests.world_banking import answer, pay, sent_batch
from tests.world_payments import (
    approve,
    found,
    instalment_state,
    one_submitted,
    turn_back,
)

pytestmark = pytest.mark.usefixtures("empty")


async def test_a_returned_request_starts_a_new_round_from_the_first_step() -> None:
    world = await furnished()
    payment = await one_submitted(world)
    await approve(world, payment, Role.SECTION_HEAD)
    await turn_back(world, payment, Role.FIN_OFFICER)
    assert (await found(payment)).state == "RETURNED"
    await actions.submit_payment(
        world[Role.OFFICER], payment, seen_version=(await found(payment)).version, today=DAY
    )
    again = await found(payment)
    assert (again.round, again.step, again.step_role) == (2, 1, Role.SECTION_HEAD)
    with pytest.raises(NotAllowed):
        await approve(world, payment, Role.FIN_OFFICER)
    await approve_through(world, payment)
    assert (await found(payment)).state == "APPROVED"
    assert await bucket(world.line, "payable") == 30_000 * YUAN


async def test_a_returned_request_may_be_changed_and_the_amount_stays() -> None:
    world = await furnished()
    payment = await one_submitted(world)
    await turn_back(world, payment, Role.SECTION_HEAD)
    version = (await found(payment)).version
    await actions.change_request(
        world[Role.OFFICER],
        payment,
        details(world, purpose="服务费尾款", invoice_no="9"),
        seen_version=version,
    )
    changed = await found(payment)
    assert (changed.purpose, changed.amount_fen) == ("服务费尾款", 30_000 * YUAN)


async def test_a_request_in_approval_is_not_changed() -> None:
    world = await furnished()
    payment = await one_submitted(world)
    with pytest.raises(Conflict):
        await actions.change_request(world[Role.OFFICER], payment, details(world), seen_version=2)


async def test_a_rejected_request_frees_its_instalment() -> None:
    world = await furnished()
    payment = await one_submitted(world)
    await approvals.reject_payment(
        world[Role.SECTION_HEAD], payment, seen_version=2, reason="不符合约定"
    )
    assert (await found(payment)).state == "REJECTED"
    assert await instalment_state(payment) == "OPEN"
    again = await submitted(world, (await found(payment)).instalment_id)
    assert again != payment


@pytest.mark.parametrize("reason", ["", "    ", "退回"])
async def test_turning_down_needs_a_reason(reason: str) -> None:
    world = await furnished()
    payment = await one_submitted(world)
    for turn in (approvals.return_payment, approvals.reject_payment):
        with pytest.raises(RuleBroken) as refused:
            await turn(world[Role.SECTION_HEAD], payment, seen_version=2, reason=reason)
        assert refused.value.code == "payment.reason_missing"


async def test_a_requester_withdraws_a_request_in_approval() -> None:
    world = await furnished()
    payment = await one_submitted(world)
    await approve(world, payment, Role.SECTION_HEAD)
    with pytest.raises(NotAllowed):
        await actions.withdraw_payment(world[Role.SECTION_HEAD], payment)
    await actions.withdraw_payment(world[Role.OFFICER], payment, reason="改期支付")
    assert (await found(payment)).state == "WITHDRAWN"
    assert await instalment_state(payment) == "OPEN"
    with pytest.raises(Conflict):
        await approve(world, payment, Role.FIN_OFFICER)


async def test_an_approved_payment_is_cancelled_and_its_money_committed_again() -> None:
    world = await furnished()
    payment = await one_submitted(world)
    await approve_through(world, payment)
    with pytest.raises(Conflict):
        await actions.withdraw_payment(world[Role.OFFICER], payment)
    await actions.cancel_payment(world[Role.OFFICER], payment, reason="合同变更", today=DAY)
    assert await bucket(world.line, "payable") == 0
    assert await bucket(world.line, "committed") == 30_000 * YUAN
    await approved(world, (await found(payment)).instalment_id)
    assert await bucket(world.line, "payable") == 30_000 * YUAN


async def test_a_payment_in_a_batch_is_not_cancelled() -> None:
    world = await furnished()
    payment = await one_submitted(world)
    await approve_through(world, payment)
    await banking.make_batch(world[Role.FIN_OFFICER], [payment], "bank-csv", today=DAY)
    with pytest.raises(RuleBroken) as refused:
        await actions.cancel_payment(world[Role.OFFICER], payment, reason="合同变更", today=DAY)
    assert refused.value.code == "payment.in_batch"


async def test_a_payment_that_the_bank_returned_may_be_cancelled() -> None:
    world = await furnished()
    payment = await one_submitted(world)
    await approve_through(world, payment)
    batch = await sent_batch(world, payment)
    await answers.take_results(
        world[Role.CASHIER], "a.csv", await answer(batch, {payment: "账户销户"}), today=DAY
    )
    await actions.cancel_payment(world[Role.OFFICER], payment, reason="机构注销", today=DAY)
    assert await bucket(world.line, "committed") == 30_000 * YUAN
    assert await instalment_state(payment) == "OPEN"


@pytest.mark.parametrize("step", ["withdraw", "cancel", "change", "submit", "return", "approve"])
async def test_nothing_leads_on_from_a_paid_payment(step: str) -> None:
    world = await furnished()
    payment = await one_submitted(world)
    await approve_through(world, payment)
    await pay(world, payment)
    version = (await found(payment)).version
    officer, head = world[Role.OFFICER], world[Role.SECTION_HEAD]
    steps = {
        "withdraw": lambda: actions.withdraw_payment(officer, payment),
        "cancel": lambda: actions.cancel_payment(officer, payment, reason="误付", today=DAY),
        "change": lambda: actions.change_request(
            officer, payment, details(world), seen_version=version
        ),
        "submit": lambda: actions.submit_payment(officer, payment, seen_version=version, today=DAY),
        "return": lambda: approvals.return_payment(
            head, payment, seen_version=version, reason="材料不全"
        ),
        "approve": lambda: approvals.approve_payment(
            head, payment, seen_version=version, today=DAY
        ),
    }
    with pytest.raises(Refusal):
        await steps[step]()
    assert (await found(payment)).state == "PAID"
    assert await bucket(world.line, "paid") == 30_000 * YUAN
