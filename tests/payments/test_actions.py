"""Payment requests: the chain, the gate, separation, and the ledger behind them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import asyncpg
import pytest

from grants.awards import queries as award_queries
from grants.banking import actions as banking
from grants.kernel.errors import Conflict, NotAllowed, NotFound, Refusal, RuleBroken
from grants.kernel.identity import SYSTEM, Actor, Role
from grants.kernel.money import Fen
from grants.payments import actions, queries
from grants.payments.gate import NEVER_WAIVED, Mark
from grants.platform import db
from tests.world import (
    DAY,
    YUAN,
    World,
    active_award,
    add_account,
    add_actor,
    add_organisation,
    approve_through,
    approved,
    bucket,
    details,
    draft_award,
    furnished,
    instalments,
    submitted,
)
from tests.world_banking import answer, pay, sent_batch

pytestmark = pytest.mark.usefixtures("empty")

T1 = (Role.SECTION_HEAD, Role.FIN_OFFICER, Role.DEPUTY_LEADER)
T2 = (*T1, Role.FIN_DEPUTY, Role.MAIN_LEADER)


async def found(payment: int) -> queries.Payment:
    return await queries.payment(SYSTEM, payment)


async def one_submitted(world: World, amount_fen: int = 30_000 * YUAN) -> int:
    award = await active_award(world, amount_fen)
    return await submitted(world, (await instalments(award))[0])


async def approve(world: World, payment: int, by: Actor | Role, version: int | None = None) -> None:
    await actions.approve_payment(
        world[by] if isinstance(by, Role) else by,
        payment,
        seen_version=version or (await found(payment)).version,
        today=DAY,
    )


async def turn_back(world: World, payment: int, by: Role, reason: str = "材料不全，请补") -> None:
    await actions.return_payment(
        world[by], payment, seen_version=(await found(payment)).version, reason=reason
    )


async def instalment_state(payment: int) -> str:
    return (await award_queries.instalment((await found(payment)).instalment_id)).state


def also(actor: Actor, *roles: Role) -> Actor:
    """The same natural person with more roles, signed in through another account."""
    return replace(actor, roles=actor.roles | set(roles), user_id=1)


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


# Separation


async def test_who_makes_a_request_does_not_approve_it() -> None:
    world = await furnished()
    payment = await one_submitted(world)
    with pytest.raises(NotAllowed) as refused:
        await approve(world, payment, also(world[Role.OFFICER], Role.SECTION_HEAD))
    assert refused.value.code == "payment.own"


async def test_a_second_account_of_the_requester_does_not_approve() -> None:
    world = await furnished()
    payment = await one_submitted(world)
    second = await add_actor(
        Role.SECTION_HEAD, name="示例·另一账号", person_id=world[Role.OFFICER].person_id
    )
    with pytest.raises(NotAllowed) as refused:
        await approve(world, payment, second)
    assert refused.value.code == "payment.own"


@pytest.mark.parametrize("verb", ["return", "reject"])
async def test_who_makes_a_request_does_not_turn_it_down_either(verb: str) -> None:
    world = await furnished()
    payment = await one_submitted(world)
    turn = actions.return_payment if verb == "return" else actions.reject_payment
    with pytest.raises(NotAllowed):
        await turn(
            also(world[Role.OFFICER], Role.SECTION_HEAD),
            payment,
            seen_version=2,
            reason="自行退回本单",
        )


async def test_one_person_takes_one_step_only() -> None:
    world = await furnished()
    payment = await one_submitted(world)
    await approve(world, payment, Role.SECTION_HEAD)
    with pytest.raises(NotAllowed) as refused:
        await approve(world, payment, also(world[Role.SECTION_HEAD], Role.FIN_OFFICER))
    assert refused.value.code == "payment.second_duty"


async def test_a_cashier_who_approved_does_not_send() -> None:
    world = await furnished()
    award = await active_award(world, 30_000 * YUAN)
    payment = await submitted(world, (await instalments(award))[0])
    both = also(world[Role.CASHIER], Role.DEPUTY_LEADER)
    await approve_through(world, payment, stop_before=Role.DEPUTY_LEADER)
    await approve(world, payment, both)
    batch = await banking.make_batch(world[Role.FIN_OFFICER], [payment], "bank-csv", today=DAY)
    await banking.freeze_batch(world[Role.FIN_OFFICER], batch, seen_version=1, today=DAY)
    with pytest.raises(NotAllowed) as refused:
        await banking.mark_batch_sent(both, batch, seen_version=2, on=DAY)
    assert refused.value.code == "duty.separated"
    assert await bucket(world.line, "in_bank") == 0
    colleague = await add_actor(Role.CASHIER, name="示例·另一出纳")
    await banking.mark_batch_sent(colleague, batch, seen_version=2, on=DAY)
    assert await bucket(world.line, "in_bank") == 30_000 * YUAN


@pytest.mark.parametrize("role", [r for r in T2 if r != Role.SECTION_HEAD])
async def test_nobody_acts_out_of_turn(role: Role) -> None:
    world = await furnished()
    payment = await one_submitted(world)
    with pytest.raises(NotAllowed) as refused:
        await approve(world, payment, role)
    assert refused.value.code == "payment.not_your_step"


@pytest.mark.parametrize("role", [Role.CASHIER, Role.FIN_HEAD, Role.AUDITOR, Role.OFFICER])
async def test_without_the_permission_nothing_is_approved(role: Role) -> None:
    world = await furnished()
    payment = await one_submitted(world)
    with pytest.raises(NotAllowed):
        await approve(world, payment, role)


@pytest.mark.parametrize("role", [Role.SECTION_HEAD, Role.CASHIER, Role.FIN_OFFICER])
async def test_only_officers_make_requests(role: Role) -> None:
    world = await furnished()
    award = await active_award(world, 30_000 * YUAN)
    with pytest.raises(NotAllowed):
        await actions.draft_payment(
            world[role], (await instalments(award))[0], details(world), today=DAY
        )


async def test_a_request_is_submitted_by_who_made_it() -> None:
    world = await furnished()
    award = await active_award(world, 30_000 * YUAN)
    payment = await actions.draft_payment(
        world[Role.OFFICER], (await instalments(award))[0], details(world), today=DAY
    )
    colleague = await add_actor(Role.OFFICER, name="示例·同事")
    with pytest.raises(NotAllowed) as refused:
        await actions.submit_payment(colleague, payment, seen_version=1, today=DAY)
    assert refused.value.code == "payment.not_own"


async def test_an_act_under_delegation_names_the_delegation() -> None:
    world = await furnished()
    payment = await one_submitted(world)
    deputy = await add_actor(name="示例·受托人")
    acting = replace(
        deputy, roles=frozenset({Role.SECTION_HEAD}), delegations={Role.SECTION_HEAD: 77}
    )
    await approve(world, payment, acting)
    (act,) = await db.rows(
        "SELECT delegation_id, person_id FROM payment_act WHERE decision = 'APPROVE'"
    )
    assert (act["delegation_id"], act["person_id"]) == (77, deputy.person_id)
    assert (
        await db.value(
            "SELECT delegation_id FROM case_event WHERE case_kind = 'payment' AND verb = 'approve'"
        )
        == 77
    )
    assert [a.delegated for a in await queries.acts(payment)] == [False, True]


async def test_delegation_does_not_lift_the_separation_of_persons() -> None:
    world = await furnished()
    payment = await one_submitted(world)
    acting = replace(
        world[Role.OFFICER],
        roles=frozenset({Role.OFFICER, Role.SECTION_HEAD}),
        delegations={Role.SECTION_HEAD: 77},
    )
    with pytest.raises(NotAllowed):
        await approve(world, payment, acting)


# Returning, rejecting, withdrawing, cancelling


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
    await actions.reject_payment(
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
    for turn in (actions.return_payment, actions.reject_payment):
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
    await banking.take_results(
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
        "return": lambda: actions.return_payment(
            head, payment, seen_version=version, reason="材料不全"
        ),
        "approve": lambda: actions.approve_payment(head, payment, seen_version=version, today=DAY),
    }
    with pytest.raises(Refusal):
        await steps[step]()
    assert (await found(payment)).state == "PAID"
    assert await bucket(world.line, "paid") == 30_000 * YUAN


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


# The gate in action


async def test_the_gate_is_looked_through_again_at_every_step() -> None:
    world = await furnished()
    payment = await one_submitted(world)
    await approve(world, payment, Role.SECTION_HEAD)
    async with db.unit_of_work(SYSTEM):
        await db.execute("UPDATE organisation SET standing = 'ABNORMAL'")
    with pytest.raises(RuleBroken) as refused:
        await approve(world, payment, Role.FIN_OFFICER)
    assert refused.value.code == "gate.payee_stands_well"


async def test_a_decided_payment_keeps_the_findings_on_which_it_was_decided() -> None:
    world = await furnished()
    payment = await one_submitted(world)
    await approve_through(world, payment)
    async with db.unit_of_work(SYSTEM):
        await db.execute("UPDATE organisation SET standing = 'ABNORMAL'")
    findings = {f.rule: f.mark for f in await actions.gate_of(await found(payment), today=DAY)}
    assert findings["payee_stands_well"] == Mark.PASS


async def test_no_more_is_paid_than_the_cash_plan_holds() -> None:
    world = await furnished(quota_fen=30_000 * YUAN)
    award = await active_award(world, 20_000 * YUAN, 10_000 * YUAN)
    first, second = await instalments(award)
    await approved(world, first)
    async with db.unit_of_work(SYSTEM):
        await db.execute("UPDATE cash_plan SET months_fen[1] = $1", 29_999 * YUAN)
    with pytest.raises(RuleBroken) as refused:
        await submitted(world, second)
    assert refused.value.code == "gate.cash_plan_has_room"


async def test_no_more_is_paid_than_is_committed() -> None:
    world = await furnished()
    award = await active_award(world, 30_000 * YUAN)
    (instalment,) = await instalments(award)
    payment = await submitted(world, instalment)
    await approve_through(world, payment, stop_before=Role.DEPUTY_LEADER)
    async with db.unit_of_work(SYSTEM):
        await db.execute("UPDATE payment SET amount_fen = amount_fen + 1 WHERE id = $1", payment)
    with pytest.raises(RuleBroken) as refused:
        await approve(world, payment, Role.DEPUTY_LEADER)
    assert refused.value.code == "gate.commitment_covers_amount"
    async with db.unit_of_work(SYSTEM):
        await db.execute("UPDATE payment SET amount_fen = amount_fen - 1 WHERE id = $1", payment)


async def test_an_invoice_is_used_once() -> None:
    world = await furnished()
    award = await active_award(world, 30_000 * YUAN, 20_000 * YUAN)
    first, second = await instalments(award)
    given = details(world, invoice_no="24322000000012345678")
    payment = await actions.draft_payment(world[Role.OFFICER], first, given, today=DAY)
    with pytest.raises(Conflict) as refused:
        await actions.draft_payment(world[Role.OFFICER], second, given, today=DAY)
    assert refused.value.code == "payment.invoice_used"
    await actions.withdraw_payment(world[Role.OFFICER], payment)
    await actions.draft_payment(world[Role.OFFICER], second, given, today=DAY)


async def test_an_instalment_has_one_living_request() -> None:
    world = await furnished()
    award = await active_award(world, 30_000 * YUAN)
    (instalment,) = await instalments(award)
    await submitted(world, instalment)
    with pytest.raises(Conflict) as refused:
        await submitted(world, instalment)
    assert refused.value.code == "award.instalment_taken"


async def test_a_draft_award_is_not_paid() -> None:
    world = await furnished()
    award = await draft_award(world, 30_000 * YUAN)
    with pytest.raises(RuleBroken) as refused:
        await submitted(world, (await instalments(award))[0])
    assert refused.value.code == "award.not_active"


async def test_a_payment_goes_to_an_account_of_its_payee_only() -> None:
    world = await furnished()
    award = await active_award(world, 30_000 * YUAN)
    stranger = await add_organisation("示例向阳服务社")
    account = await add_account(world, stranger, "示例向阳服务社", "320500000000045")
    with pytest.raises(NotFound):
        await actions.draft_payment(
            world[Role.OFFICER],
            (await instalments(award))[0],
            details(world, bank_account_id=account),
            today=DAY,
        )


async def test_a_bounced_payment_is_not_pointed_at_an_unverified_account() -> None:
    world = await furnished()
    payment = await one_submitted(world)
    await approve_through(world, payment)
    batch = await sent_batch(world, payment)
    await banking.take_results(
        world[Role.CASHIER], "a.csv", await answer(batch, {payment: "账户销户"}), today=DAY
    )
    account = await add_account(
        world, world.organisation, "示例晨曦社会工作服务中心", "320500000000029"
    )
    async with db.unit_of_work(SYSTEM):
        await db.execute(
            "UPDATE bank_account SET state = 'ENTERED', verified_by_person = NULL WHERE id = $1",
            account,
        )
    with pytest.raises(RuleBroken) as refused:
        await actions.correct_account(
            world[Role.OFFICER],
            payment,
            account,
            seen_version=(await found(payment)).version,
            reason="账户已更换",
        )
    assert refused.value.code == "payment.account_unverified"


async def test_a_payment_of_the_new_year_does_not_draw_on_the_old_one() -> None:
    world = await furnished()
    award = await active_award(world, 30_000 * YUAN)
    payment = await actions.draft_payment(
        world[Role.OFFICER],
        (await instalments(award))[0],
        details(world, invoice_no="1"),
        today=date(2027, 1, 4),
    )
    with pytest.raises(RuleBroken) as refused:
        await actions.submit_payment(
            world[Role.OFFICER], payment, seen_version=1, today=date(2027, 1, 4)
        )
    assert refused.value.code == "gate.line_is_of_this_year"


# Waivers


async def draft_without_invoice(world: World) -> int:
    award = await active_award(world, 30_000 * YUAN)
    async with db.unit_of_work(SYSTEM):
        await db.execute(
            """
            UPDATE policy_version SET body = jsonb_set(body, '{invoice_instruments}',
                '["SERVICE_CONTRACT"]') WHERE kind = 'payment_gate'
            """
        )
    return await actions.draft_payment(
        world[Role.OFFICER], (await instalments(award))[0], details(world), today=DAY
    )


async def waive(
    world: World,
    payment: int,
    *,
    by: Actor | Role = Role.FIN_HEAD,
    rule: str = "invoice_is_present",
    reason: str = "后补发票",
) -> None:
    await actions.waive_rule(
        world[by] if isinstance(by, Role) else by, payment, rule, reason=f"{reason}", today=DAY
    )


async def test_a_rule_is_waived_by_a_named_role_with_a_reason() -> None:
    world = await furnished()
    payment = await draft_without_invoice(world)
    with pytest.raises(RuleBroken) as refused:
        await actions.submit_payment(world[Role.OFFICER], payment, seen_version=1, today=DAY)
    assert refused.value.code == "gate.invoice_is_present"
    await waive(world, payment, reason="发票月底补齐")
    await actions.submit_payment(world[Role.OFFICER], payment, seen_version=1, today=DAY)
    findings = {f.rule: f for f in await actions.gate_of(await found(payment), today=DAY)}
    assert findings["invoice_is_present"].mark == Mark.WAIVED
    assert "发票月底补齐" in findings["invoice_is_present"].waiver


@pytest.mark.parametrize(
    "role", [Role.OFFICER, Role.SECTION_HEAD, Role.FIN_OFFICER, Role.MAIN_LEADER, Role.CASHIER]
)
async def test_a_role_that_is_not_named_waives_nothing(role: Role) -> None:
    world = await furnished()
    payment = await draft_without_invoice(world)
    with pytest.raises(NotAllowed) as refused:
        await waive(world, payment, by=role, reason="发票月底补齐")
    assert refused.value.code == "gate.not_waivable"


async def test_waiving_needs_a_reason() -> None:
    world = await furnished()
    payment = await draft_without_invoice(world)
    with pytest.raises(RuleBroken) as refused:
        await waive(world, payment, reason=" 同意 ")
    assert refused.value.code == "payment.reason_missing"


@pytest.mark.parametrize("rule", [*sorted(NEVER_WAIVED), "minutes_are_cited", "no_such_rule"])
async def test_what_guards_the_money_is_waived_by_nobody(rule: str) -> None:
    world = await furnished()
    payment = await draft_without_invoice(world)
    for role in (Role.FIN_HEAD, Role.FIN_DEPUTY, Role.MAIN_LEADER):
        with pytest.raises(NotAllowed):
            await waive(world, payment, by=role, rule=rule, reason="领导已经同意")


async def test_who_makes_a_request_waives_nothing_on_it() -> None:
    world = await furnished()
    payment = await draft_without_invoice(world)
    with pytest.raises(NotAllowed):
        await waive(
            world, payment, by=also(world[Role.OFFICER], Role.FIN_HEAD), reason="发票月底补齐"
        )


async def test_a_decided_payment_takes_no_waiver() -> None:
    world = await furnished()
    payment = await one_submitted(world)
    await approve_through(world, payment)
    with pytest.raises(Conflict):
        await waive(world, payment, reason="发票月底补齐")


# Many at once


async def test_a_bulk_approval_answers_for_each_payment() -> None:
    world = await furnished()
    award = await active_award(world, 30_000 * YUAN, 20_000 * YUAN, 10_000 * YUAN)
    first, second, third = [await submitted(world, i) for i in await instalments(award)]
    await approve(world, second, Role.SECTION_HEAD)
    results = await actions.approve_many(
        world[Role.SECTION_HEAD], [(first, 2), (second, 3), (third, 1)], today=DAY
    )
    refusals = [r.refusal.code if r.refusal else None for r in results]
    assert refusals == [None, "payment.not_your_step", "payment.stale"]
    assert [(await found(p)).step for p in (first, second, third)] == [2, 2, 1]


async def test_a_bulk_approval_of_what_is_not_there_does_not_stop_the_others() -> None:
    world = await furnished()
    payment = await one_submitted(world)
    results = await actions.approve_many(
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


# What the database holds by itself


async def test_the_database_lets_a_person_act_once_in_a_round() -> None:
    world = await furnished()
    payment = await one_submitted(world)
    await approve(world, payment, Role.SECTION_HEAD)
    with pytest.raises(Conflict) as refused:
        async with db.unit_of_work(SYSTEM):
            await db.execute(
                """
                INSERT INTO payment_act (payment, round, step, role, decision, opinion, user_id,
                                         person_id, decided_at)
                SELECT payment, round, 2, 'FIN_OFFICER', decision, '', 1, person_id, decided_at
                FROM payment_act WHERE decision = 'APPROVE'
                """
            )
    assert violated(refused.value) == "payment_act_one_per_person"


async def test_the_database_lets_a_step_be_taken_once_in_a_round() -> None:
    world = await furnished()
    payment = await one_submitted(world)
    await approve(world, payment, Role.SECTION_HEAD)
    with pytest.raises(Conflict) as refused:
        async with db.unit_of_work(SYSTEM):
            await db.execute(
                """
                INSERT INTO payment_act (payment, round, step, role, decision, opinion, user_id,
                                         person_id, decided_at)
                SELECT payment, round, step, role, decision, '', 1, 1, decided_at
                FROM payment_act WHERE decision = 'APPROVE'
                """
            )
    assert violated(refused.value) == "payment_act_one_per_step"


async def test_the_database_lets_a_person_hold_one_duty_on_a_case() -> None:
    world = await furnished()
    await one_submitted(world)
    with pytest.raises(Conflict) as refused:
        async with db.unit_of_work(SYSTEM):
            await db.execute(
                "INSERT INTO held_duty (case_kind, case_id, person_id, duty) "
                "SELECT case_kind, case_id, person_id, 'FIN_OFFICER' FROM held_duty "
                "WHERE case_kind = 'payment'"
            )
    assert violated(refused.value) == "held_duty_one_per_person"


async def test_the_database_lets_an_instalment_have_one_living_payment() -> None:
    world = await furnished()
    await one_submitted(world)
    with pytest.raises(Conflict) as refused:
        async with db.unit_of_work(SYSTEM):
            await db.execute(
                """
                INSERT INTO payment (number, fiscal_year, award, instalment, share, commitment,
                    bank_account, payee_name, amount_fen, purpose, invoice_kind,
                    invoice_amount_fen, minutes_no, state, round, step, chain, tier, gate,
                    made_by_person, due_on, version)
                SELECT 'twin', fiscal_year, award, instalment, share, commitment, bank_account,
                    payee_name, amount_fen, purpose, invoice_kind, invoice_amount_fen, minutes_no,
                    'DRAFT', 1, 0, '[]', '', '[]', made_by_person, due_on, 1 FROM payment
                """
            )
    assert violated(refused.value) == "payment_one_live_per_instalment"


@pytest.mark.parametrize(
    ("statement", "constraint"),
    [
        ("UPDATE payment SET amount_fen = 0", "payment_amount_positive"),
        ("UPDATE payment SET state = 'HALF'", "payment_state"),
        ("UPDATE payment SET purpose = ''", "payment_purpose_length"),
        ("UPDATE instalment SET amount_fen = 0", "instalment_amount_positive"),
        ("UPDATE instalment SET state = 'HALF'", "instalment_state"),
        ("UPDATE award SET amount_fen = 0", "award_amount_positive"),
        ("UPDATE award SET state = 'HALF'", "award_state"),
    ],
)
async def test_the_database_holds_the_rules_of_its_rows(statement: str, constraint: str) -> None:
    world = await furnished()
    await one_submitted(world)
    with pytest.raises(RuleBroken) as refused:
        async with db.unit_of_work(SYSTEM):
            await db.execute(statement)
    assert violated(refused.value) == constraint


@pytest.mark.parametrize(
    "statement", ["UPDATE payment_act SET step = 9", "DELETE FROM payment_act"]
)
async def test_acts_are_append_only(statement: str) -> None:
    world = await furnished()
    await one_submitted(world)
    with pytest.raises(asyncpg.RaiseError, match="payment_act is append-only"):
        async with db.unit_of_work(SYSTEM):
            await db.execute(statement)


def violated(refusal: Refusal) -> str | None:
    """The constraint behind a refusal of the database."""
    assert isinstance(refusal.__cause__, asyncpg.IntegrityConstraintViolationError)
    return refusal.__cause__.constraint_name


async def test_an_agency_sees_its_own_payments_only() -> None:
    world = await furnished()
    payment = await one_submitted(world)
    own = await add_actor(Role.APPLICANT_ORG, name="示例·机构", organisation_id=world.organisation)
    other = await add_actor(
        Role.APPLICANT_ORG,
        name="示例·他机构",
        organisation_id=await add_organisation("示例向阳服务社"),
    )
    assert (await queries.payment(own, payment)).amount_fen == Fen(30_000 * YUAN)
    with pytest.raises(NotFound):
        await queries.payment(other, payment)
