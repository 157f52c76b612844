"""Looking through the gate: the facts of a payment and the policies of the day, in a few reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from grants.awards.tiers import ApprovalTiers, payment_tier
from grants.budget.rules import BudgetApproval, FundMatrix
from grants.kernel.errors import Refusal
from grants.kernel.findings import Finding, Mark
from grants.kernel.money import Fen
from grants.payments import gate_queries, queries
from grants.payments.gate import gate_refusal, look_through_gate
from grants.payments.gate_facts import GatePolicy, Look
from grants.payments.workflow import PaymentState
from grants.platform import db
from grants.platform.policy import policies_on

#: The policies by which a payment is judged.
JUDGED_BY = ("payment_gate", "approval_tiers", "fund_matrix", "budget_approval")


@dataclass(frozen=True)
class Gate:
    """What the gate found on a payment, and the versions of the policies it judged by."""

    findings: Sequence[Finding] = ()
    versions: Mapping[str, int] = field(default_factory=dict)

    @property
    def refusal(self) -> Refusal | None:
        """The first blocking finding; None when the gate is open."""
        return gate_refusal(self.findings)

    def stored(self) -> dict[str, object]:
        """As the payment keeps it once decided."""
        return {
            "findings": [
                {
                    "rule": f.rule,
                    "mark": f.mark,
                    "message": f.message,
                    "params": dict(f.params),
                    "waiver": f.waiver,
                }
                for f in self.findings
            ],
            "versions": dict(self.versions),
        }


async def gate_of(payment: queries.Payment, *, today: date) -> Gate:
    """The gate's findings on a payment: as they stand now, or as they stood when decided."""
    if payment.state not in (PaymentState.DRAFT, PaymentState.RETURNED, PaymentState.SUBMITTED):
        return await stored_gate(payment.id)
    book = await policies_on(JUDGED_BY, today)
    policy = book.policy("payment_gate", GatePolicy).body
    tier = payment_tier(
        book.policy("approval_tiers", ApprovalTiers).body,
        award_fen=payment.award_amount_fen,
        amount_fen=payment.amount_fen,
        decided_by_meeting=bool(payment.award_minutes_no),
    )
    matrix = book.policy("fund_matrix", FundMatrix).body
    approved_for = book.policy("budget_approval", BudgetApproval).body.fiscal_year
    facts = await gate_queries.gate_facts(
        payment.id, minutes_needed=tier.minutes_needed, repeat_days=policy.repeat_days
    )
    last_years_paid = Fen(0)
    if approved_for < facts.line_year:
        last_years_paid = await gate_queries.paid_in_last_years_period(payment.line_id, today)
    look = Look(facts, policy, matrix, approved_for, last_years_paid, today)
    findings = look_through_gate(look, await gate_queries.waivers(payment.id))
    return Gate(findings, {kind: book.versions[kind] for kind in JUDGED_BY})


async def stored_gate(payment_id: int) -> Gate:
    """What the gate found when the payment was last decided; empty where it never was."""
    stored = await db.value("SELECT gate FROM payment WHERE id = $1", payment_id)
    findings = [
        Finding(**{**entry, "mark": Mark(entry["mark"])}) for entry in stored.get("findings", ())
    ]
    return Gate(findings, stored.get("versions", {}))
