"""What would change: every open request looked at under a version that does not hold yet.

The requests stand as they are today, and all other rules are those of today.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any

from pydantic import BaseModel

from grants.awards.tiers import ApprovalTiers, Tier, payment_tier
from grants.budget.rules import BudgetApproval, FundMatrix
from grants.kernel.errors import N_
from grants.kernel.findings import Finding, Mark
from grants.kernel.identity import ROLE_TITLES
from grants.kernel.money import Fen
from grants.payments import gate_queries, queries
from grants.payments.gate import look_through_gate
from grants.payments.gate_facts import GatePolicy, Look
from grants.payments.queries import Payment
from grants.payments.rules import PaymentClock, payment_due_on
from grants.payments.workflow import PaymentState
from grants.platform.policy import policies_on
from grants.policies.kinds import Kind
from grants.policies.words import GATE_RULES

MARKS: Mapping[str, str] = {
    Mark.PASS: N_("Passed"),
    Mark.LOOK: N_("Please look"),
    Mark.STOP: N_("Not passed"),
    Mark.WAIVED: N_("Set aside"),
}
_NOT_MADE = N_("not checked")


@dataclass(frozen=True)
class Rules:
    """The rules that speak on an open request."""

    payment_gate: GatePolicy
    approval_tiers: ApprovalTiers
    payment_clock: PaymentClock
    fund_matrix: FundMatrix
    budget_approval: BudgetApproval

    def tier(self, payment: Payment) -> Tier:
        """The tier of a request under these rules."""
        return payment_tier(
            self.approval_tiers,
            award_fen=payment.award_amount_fen,
            amount_fen=payment.amount_fen,
            decided_by_meeting=bool(payment.award_minutes_no),
        )


@dataclass(frozen=True)
class Shift:
    """One thing that would differ: message ids or plain texts, before and after."""

    what: str
    before: Sequence[str]
    after: Sequence[str]


@dataclass(frozen=True)
class Shifted:
    """A request of which something would differ."""

    payment: Payment
    shifts: Sequence[Shift]


@dataclass(frozen=True)
class DryRun:
    """How many open requests were looked at, and those that would differ."""

    looked_at: int
    shifted: Sequence[Shifted]

    def sums(self) -> list[tuple[Shift, int]]:
        """Each kind of difference with how many requests it befalls, the commonest first."""
        counted: dict[tuple[str, str, str], tuple[Shift, int]] = {}
        for one in self.shifted:
            for shift in one.shifts:
                key = (shift.what, "→".join(shift.before), "→".join(shift.after))
                counted[key] = (shift, counted.get(key, (shift, 0))[1] + 1)
        return sorted(counted.values(), key=lambda entry: -entry[1])


async def dry_run(kind: Kind, body: BaseModel, *, today: date) -> DryRun | None:
    """What `body` would change if it held today; None for kinds that no request looks at.

    Reads the same number of times however many requests are open. Raises RuleBroken where one
    of the rules of today is missing.
    """
    if not kind.looks_at_payments:
        return None
    book = await policies_on([field.name for field in fields(Rules)], today)
    now = Rules(
        book.policy("payment_gate", GatePolicy).body,
        book.policy("approval_tiers", ApprovalTiers).body,
        book.policy("payment_clock", PaymentClock).body,
        book.policy("fund_matrix", FundMatrix).body,
        book.policy("budget_approval", BudgetApproval).body,
    )
    proposed: dict[str, Any] = {kind.name: body}
    then = replace(now, **proposed)
    payments = await queries.open_payments()
    waived = await gate_queries.waivers_of_open()
    paid = await gate_queries.paid_in_last_years_periods([p.line_id for p in payments], today)
    facts = {days: await gate_queries.facts_of_open(repeat_days=days) for days in _days(now, then)}
    shifted = []
    for payment in payments:
        sides = [
            _Side(
                rules,
                payment,
                facts[rules.payment_gate.repeat_days].get(payment.id),
                waived.get(payment.id, {}),
                paid.get(payment.line_id, Fen(0)),
                today,
            )
            for rules in (now, then)
        ]
        shifts = _shifts(*sides)
        if shifts:
            shifted.append(Shifted(payment, shifts))
    return DryRun(len(payments), shifted)


def _days(*rules: Rules) -> set[int]:
    return {one.payment_gate.repeat_days for one in rules}


@dataclass(frozen=True)
class _Side:
    """A request as one set of rules sees it; `found` None if it was decided meanwhile."""

    rules: Rules
    payment: Payment
    found: Mapping[str, Any] | None
    waived: Mapping[str, str]
    paid_last_year_fen: Fen
    today: date

    @property
    def unsubmitted(self) -> bool:
        """Chain and due day are set when a request is submitted, and stay."""
        return self.payment.state != PaymentState.SUBMITTED

    def findings(self) -> dict[str, Finding]:
        """What the gate says, by rule."""
        if self.found is None:
            return {}
        minutes = self.rules.tier(self.payment).minutes_needed
        look = Look(
            gate_queries.facts_from(self.found, minutes_needed=minutes),
            self.rules.payment_gate,
            self.rules.fund_matrix,
            self.rules.budget_approval.fiscal_year,
            self.paid_last_year_fen,
            self.today,
        )
        return {finding.rule: finding for finding in look_through_gate(look, self.waived)}

    def chain(self) -> Sequence[str]:
        """Who would approve, as message ids."""
        return [ROLE_TITLES[role] for role in self.rules.tier(self.payment).chain]

    def due_on(self) -> Sequence[str]:
        """The day by which it would have to be paid if it were submitted today."""
        if self.found is None:
            return []
        due_on = payment_due_on(
            self.rules.payment_clock,
            trigger_on=self.found["condition_met_on"] or self.found["due_on"],
            submitted_on=self.today,
        )
        return [due_on.isoformat()]


def _shifts(now: _Side, then: _Side) -> list[Shift]:
    before, after = now.findings(), then.findings()
    found = [
        Shift(GATE_RULES.get(rule, rule), [_mark(before.get(rule))], [_mark(after.get(rule))])
        for rule in {**before, **after}
        if _mark(before.get(rule)) != _mark(after.get(rule))
    ]
    if now.unsubmitted:
        sides = (
            (N_("Who approves"), now.chain(), then.chain()),
            (N_("Due, if submitted today"), now.due_on(), then.due_on()),
        )
        found += [Shift(what, old, new) for what, old, new in sides if old != new]
    return found


def _mark(finding: Finding | None) -> str:
    return MARKS[finding.mark] if finding else _NOT_MADE
