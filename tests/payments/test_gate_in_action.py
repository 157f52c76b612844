"""The payment gate in action, and rules set aside."""

from __future__ import annotations

from datetime import date

import pytest

from grants.banking import answers
from grants.kernel.errors import Conflict, NotAllowed, NotFound, RuleBroken
from grants.kernel.findings import Mark
from grants.kernel.identity import SYSTEM, Actor, Role
from grants.parties.rules import Standing
from grants.payments import actions, approvals, gatekeeper
from grants.payments.gate import NEVER_WAIVED
from grants.platform import db
from grants.platform.audit import Case, Event, timeline
from grants.platform.policy import cited, policies_on
from tests.world import (
    DAY,
    YUAN,
    World,
    active_award,
    add_account,
    add_line,
    add_organisation,
    approve_through,
    approved,
    details,
    draft_award,
    enter_account,
    furnished,
    instalments,
    set_standing,
    submitted,
)
from tests.world_awards import claim
from tests.world_banking import answer, pay, sent_batch
from tests.world_payments import (
    also,
    approve,
    found,
    one_submitted,
)

pytestmark = pytest.mark.usefixtures("empty")


# The gate in action


async def test_the_gate_is_looked_through_again_at_every_step() -> None:
    world = await furnished()
    payment = await one_submitted(world)
    await approve(world, payment, Role.SECTION_HEAD)
    await set_standing(world.organisation, Standing.ABNORMAL)
    with pytest.raises(RuleBroken) as refused:
        await approve(world, payment, Role.FIN_OFFICER)
    assert refused.value.code == "gate.payee_stands_well"


async def test_a_decided_payment_keeps_the_findings_on_which_it_was_decided() -> None:
    world = await furnished()
    payment = await one_submitted(world)
    await approve_through(world, payment)
    await set_standing(world.organisation, Standing.ABNORMAL)
    findings = {
        f.rule: f.mark for f in (await gatekeeper.gate_of(await found(payment), today=DAY)).findings
    }
    assert findings["payee_stands_well"] == Mark.PASS


async def test_a_decision_keeps_the_versions_of_the_rules_it_followed() -> None:
    world = await furnished()
    payment = await one_submitted(world)
    before = (await policies_on(gatekeeper.JUDGED_BY, DAY)).versions
    await approve(world, payment, Role.SECTION_HEAD)
    newer = await _next_gate_version()
    await approve(world, payment, Role.FIN_OFFICER)
    await approve(world, payment, Role.DEPUTY_LEADER)
    gate = await gatekeeper.gate_of(await found(payment), today=DAY)
    assert gate.versions == {**before, "payment_gate": newer}
    kept = [e.facts["policies"]["payment_gate"] for e in await approvals_of(payment)]
    assert kept == [before["payment_gate"], newer, newer]
    assert [one.version_id for one in await cited(gate.versions)] == list(gate.versions.values())


async def approvals_of(payment: int) -> list[Event]:
    """The events of its approvals in their order."""
    events = reversed(await timeline(Case("payment", payment)))
    return [e for e in events if e.verb.startswith("approve")]


async def _next_gate_version() -> int:
    """A like version of the gate takes over on the day of the test."""
    async with db.unit_of_work(SYSTEM):
        await db.execute("UPDATE policy_version SET ends_on = $1 WHERE kind = 'payment_gate'", DAY)
        return int(
            await db.value(
                """
                INSERT INTO policy_version (kind, scope, starts_on, body, legal_basis, mark)
                SELECT kind, scope, $1, body, '修订稿', 'seed' FROM policy_version
                WHERE kind = 'payment_gate' RETURNING id
                """,
                DAY,
            )
        )


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


async def test_a_payee_that_owes_money_is_not_paid() -> None:
    world = await furnished()
    award = await active_award(world, 20_000 * YUAN, 10_000 * YUAN)
    first, second = await instalments(award)
    await pay(world, await approved(world, first))
    await claim(world, award, 1_000 * YUAN)
    with pytest.raises(RuleBroken) as refused:
        await submitted(world, second)
    assert refused.value.code == "gate.payee_owes_nothing"


async def before_the_congress(world: World) -> None:
    """The budget of the year is not approved yet."""
    async with db.unit_of_work(SYSTEM):
        await db.execute(
            "UPDATE policy_version SET body = '{\"fiscal_year\": 2025}' "
            "WHERE kind = 'budget_approval'"
        )


async def test_before_the_congress_nothing_new_is_paid() -> None:
    world = await furnished()
    (instalment,) = await instalments(await active_award(world, 30_000 * YUAN))
    await before_the_congress(world)
    with pytest.raises(RuleBroken) as refused:
        await submitted(world, instalment)
    assert refused.value.code == "gate.within_pre_approval_cap"


@pytest.mark.breaches
async def test_before_the_congress_as_much_is_paid_as_last_year_until_then() -> None:
    world = await furnished()
    last_year = await add_line(world, quota_fen=30_000 * YUAN, year=2025, plan=False)
    async with db.unit_of_work(SYSTEM):
        for n, (day, amount) in enumerate([(date(2025, 6, 15), 30_000), (date(2025, 6, 16), 1)]):
            await db.execute(
                "INSERT INTO ledger_move (line, from_bucket, to_bucket, amount_fen, act, "
                "case_kind, case_id, move_key, moved_on, moved_at, user_id) VALUES "
                "($1, 'in_bank', 'paid', $2, 'pay', 'payment', 1, $3, $4, now(), 1)",
                last_year,
                amount * YUAN,
                f"last-year:{n}",
                day,
            )
    (instalment,) = await instalments(await active_award(world, 30_000 * YUAN))
    await before_the_congress(world)
    payment = await submitted(world, instalment)
    (finding,) = [
        f
        for f in (await gatekeeper.gate_of(await found(payment), today=DAY)).findings
        if f.rule == "within_pre_approval_cap"
    ]
    assert (finding.mark, finding.params["room"]) == (Mark.PASS, "30,000.00")


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
    await answers.take_results(
        world[Role.CASHIER], "a.csv", await answer(batch, {payment: "账户销户"}), today=DAY
    )
    account = await enter_account(
        world, world.organisation, "示例晨曦社会工作服务中心", "320500000000029"
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
    await approvals.waive_rule(
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
    findings = {
        f.rule: f for f in (await gatekeeper.gate_of(await found(payment), today=DAY)).findings
    }
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
