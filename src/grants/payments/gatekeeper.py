"""Looking through the gate: the facts of a payment and the policies of the day, in a few reads."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from grants.awards.tiers import ApprovalTiers, payment_tier
from grants.budget.rules import BudgetApproval, FundMatrix
from grants.kernel.money import Fen
from grants.payments import gate_queries, queries
from grants.payments.gate import Finding, Mark, look_through_gate
from grants.payments.gate_facts import GatePolicy, Look
from grants.payments.workflow import PaymentState
from grants.platform import db
from grants.platform.policy import policy_on


async def gate_of(payment: queries.Payment, *, today: date) -> list[Finding]:
    """The gate's findings on a payment: as they stand now, or as they stood when decided."""
    if payment.state not in (PaymentState.DRAFT, PaymentState.RETURNED, PaymentState.SUBMITTED):
        return await stored_gate(payment.id)
    policy = (await policy_on("payment_gate", GatePolicy, today)).body
    matrix = (await policy_on("fund_matrix", FundMatrix, today)).body
    tiers = (await policy_on("approval_tiers", ApprovalTiers, today)).body
    tier = payment_tier(
        tiers,
        award_fen=payment.award_amount_fen,
        amount_fen=payment.amount_fen,
        decided_by_meeting=bool(payment.award_minutes_no),
    )
    facts = await gate_queries.gate_facts(
        payment.id, minutes_needed=tier.minutes_needed, repeat_days=policy.repeat_days
    )
    approved_for = (await policy_on("budget_approval", BudgetApproval, today)).body.fiscal_year
    last_years_paid = Fen(0)
    if approved_for < facts.line_year:
        last_years_paid = await gate_queries.paid_in_last_years_period(payment.line_id, today)
    look = Look(facts, policy, matrix, approved_for, last_years_paid, today)
    return look_through_gate(look, await gate_queries.waivers(payment.id))


async def stored_gate(payment_id: int) -> list[Finding]:
    """The findings on which a payment was last decided."""
    stored = await db.value("SELECT gate FROM payment WHERE id = $1", payment_id)
    return [Finding(**{**entry, "mark": Mark(entry["mark"])}) for entry in stored]


def as_stored(findings: Sequence[Finding]) -> list[dict[str, object]]:
    return [
        {
            "rule": f.rule,
            "mark": f.mark,
            "message": f.message,
            "params": {k: v for k, v in f.params.items()},
            "waiver": f.waiver,
        }
        for f in findings
    ]
