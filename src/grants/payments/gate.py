"""The payment gate: what the finance officer must know before approving (domain §1.9).

Each rule looks at the gathered facts and answers one finding: passed, look, or stop,
with the figure it looked at. How strict a rule is and who may set it aside is policy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict

from grants.budget.rules import (
    FundMatrix,
    cash_plan_covers,
    cash_room_fen,
    commitment_draws_own_year,
    fund_may_pay,
)
from grants.kernel.calendar import DayTable, fiscal_year, workdays_between
from grants.kernel.errors import N_, Refusal, RuleBroken
from grants.kernel.identity import Role
from grants.kernel.money import Fen, yuan_text


class Mark(StrEnum):
    """What a rule found."""

    PASS = "pass"
    LOOK = "look"
    STOP = "stop"
    WAIVED = "waived"


class GateRulePolicy(BaseModel):
    """How strict one rule is, and which roles may set it aside with a reason."""

    model_config = ConfigDict(frozen=True)

    level: Literal["blocking", "warning", "off"]
    waivable_by: tuple[Role, ...] = ()
    mark: str = "D"


class GatePolicy(BaseModel):
    """Policy `payment_gate`."""

    model_config = ConfigDict(frozen=True)

    rules: Mapping[str, GateRulePolicy]
    publicity_workdays: int
    invoice_instruments: tuple[str, ...]
    publicity_instruments: tuple[str, ...]
    repeat_days: int
    year_end_cutoff_month: int
    year_end_cutoff_day: int
    clock_warning_days: int


@dataclass(frozen=True)
class GateFacts:
    """Everything the gate looks at, gathered in one read."""

    amount_fen: Fen
    award_state: str
    award_amount_fen: Fen
    award_grade: str | None
    instrument: str
    fund_kind: str
    line_code: str
    line_year: int
    line_drawn_fen: Fen
    line_available_fen: Fen
    months_fen: Sequence[int] | None
    commitment_left_fen: Fen
    award_paid_fen: Fen
    sequence: int
    sequences: int
    instalment_amount_fen: Fen
    due_on: date
    condition: str
    condition_met_on: date | None
    condition_evidence: str
    minutes_needed: bool
    minutes_no: str
    publicised_from: date | None
    publicised_to: date | None
    objections: str
    invoice_no: str | None
    invoice_amount_fen: Fen
    payee_name: str
    account_holder: str
    account_state: str
    account_last4: str
    standing: str | None
    inspection_year: int | None
    inspection_result: str | None
    grade_expires_on: date | None
    repeats: int
    repeat_number: str | None
    attachments: int
    payment_due_on: date


@dataclass(frozen=True)
class Finding:
    """What one rule found, with the figures it looked at."""

    rule: str
    mark: Mark
    message: str
    params: Mapping[str, object] = field(default_factory=dict)
    evidence: str = ""
    waivable_by: tuple[Role, ...] = ()
    waiver: str = ""


@dataclass(frozen=True)
class Look:
    """The facts, the policies that hold, and the day."""

    facts: GateFacts
    policy: GatePolicy
    matrix: FundMatrix
    today: date
    days: DayTable | None = None


Answer = tuple[bool, str, dict[str, object]]


def award_is_active(look: Look) -> Answer:
    """The award stands: approved, not ended (basis of the payment, §1.9 item 2)."""
    f = look.facts
    return (
        f.award_state == "ACTIVE",
        N_("Award {total}, paid {paid}; this is part {sequence} of {sequences}"),
        {
            "total": yuan_text(f.award_amount_fen),
            "paid": yuan_text(f.award_paid_fen),
            "sequence": f.sequence,
            "sequences": f.sequences,
        },
    )


def commitment_covers_amount(look: Look) -> Answer:
    """amount ≤ what is left of the commitment and of the instalment (§1.5)."""
    f = look.facts
    return (
        f.amount_fen <= min(f.commitment_left_fen, f.instalment_amount_fen),
        N_("Committed and open for this award on {line}: {left}"),
        {"line": f.line_code, "left": yuan_text(f.commitment_left_fen)},
    )


def cash_plan_has_room(look: Look) -> Answer:
    """Σ payments(≤ m) ≤ Σ approved cash plan(≤ m) (§1.5)."""
    f = look.facts
    refusal = cash_plan_covers(f.months_fen, look.today, f.line_drawn_fen, f.amount_fen)
    room = cash_room_fen(f.months_fen, look.today, f.line_drawn_fen)
    return (
        refusal is None,
        N_("The cash plan leaves {room} until the end of this month"),
        {"room": yuan_text(Fen(max(room, 0)))},
    )


def fund_source_may_pay(look: Look) -> Answer:
    """The fund-source matrix is enforced again when paying (§1.6)."""
    f = look.facts
    refusal = fund_may_pay(look.matrix, f.instrument, f.fund_kind)
    cell = look.matrix.cell(f.instrument, f.fund_kind)
    return (
        refusal is None,
        N_("Fund source may pay this kind of award. {note}")
        if refusal is None
        else N_("Fund source may not pay this kind of award. {note}"),
        {"note": cell.note},
    )


def line_is_of_this_year(look: Look) -> Answer:
    """Payments of a year draw on that year's quota (§1.5)."""
    return (
        commitment_draws_own_year(look.facts.line_year, look.today) is None,
        N_("Budget line of {line_year}, payment in {year}"),
        {"line_year": look.facts.line_year, "year": fiscal_year(look.today)},
    )


def before_year_end_cutoff(look: Look) -> Answer:
    """The treasury stops paying some days before the year ends [K]."""
    cutoff = date(
        look.today.year, look.policy.year_end_cutoff_month, look.policy.year_end_cutoff_day
    )
    return (
        look.today <= cutoff,
        N_("The treasury pays until {day}"),
        {"day": cutoff.isoformat()},
    )


def minutes_are_cited(look: Look) -> Answer:
    """Collective decision: the minutes' number where the tier asks for it (三重一大)."""
    f = look.facts
    if not f.minutes_needed:
        return True, N_("This amount needs no meeting's decision"), {}
    return (
        bool(f.minutes_no),
        N_("Decided by minutes {minutes_no}")
        if f.minutes_no
        else N_("The number of the meeting's minutes is missing"),
        {"minutes_no": f.minutes_no},
    )


def publicity_is_over(look: Look) -> Answer:
    """Publicised long enough, objections none or closed (§1.9 item 4)."""
    f = look.facts
    if f.instrument not in look.policy.publicity_instruments:
        return True, N_("This kind of award needs no public notice"), {}
    if f.publicised_from is None or f.publicised_to is None:
        return False, N_("No public notice is recorded"), {}
    counted = workdays_between(f.publicised_from, f.publicised_to, look.days)
    enough = (
        counted >= look.policy.publicity_workdays
        and f.publicised_to < look.today
        and f.objections != "OPEN"
    )
    return (
        enough,
        N_("Public notice {first} to {last}: {counted} of {wanted} working days")
        if f.objections != "OPEN"
        else N_("Public notice {first} to {last}: an objection is open"),
        {
            "first": f.publicised_from.isoformat(),
            "last": f.publicised_to.isoformat(),
            "counted": counted,
            "wanted": look.policy.publicity_workdays,
        },
    )


def condition_is_met(look: Look) -> Answer:
    """The instalment's condition is met, with evidence (§1.9 item 5)."""
    f = look.facts
    if f.condition_met_on is None:
        return False, N_("Not yet met: {condition}"), {"condition": f.condition}
    return (
        True,
        N_("{condition}: met on {day}. {evidence}"),
        {
            "condition": f.condition,
            "day": f.condition_met_on.isoformat(),
            "evidence": f.condition_evidence,
        },
    )


def invoice_is_present(look: Look) -> Answer:
    """A purchase needs a tax invoice; everything else a receipt [K] (§1.9 item 6)."""
    f = look.facts
    if f.invoice_no:
        return True, N_("Invoice or receipt {number}"), {"number": f.invoice_no}
    needed = f.instrument in look.policy.invoice_instruments
    return (
        not needed,
        N_("A purchased service needs an invoice; none is given")
        if needed
        else N_("No invoice is needed for this kind of award"),
        {},
    )


def invoice_covers_amount(look: Look) -> Answer:
    """The invoice is at least the payment; a wrong one is issued anew (会计法 第14条 [V])."""
    f = look.facts
    if not f.invoice_no:
        return True, N_("No invoice to compare"), {}
    return (
        f.invoice_amount_fen >= f.amount_fen,
        N_("Invoiced {invoiced}, to be paid {amount}"),
        {"invoiced": yuan_text(f.invoice_amount_fen), "amount": yuan_text(f.amount_fen)},
    )


def account_is_verified(look: Look) -> Answer:
    """The account was entered by one person and verified by another (§1.8)."""
    f = look.facts
    return (
        f.account_state == "VERIFIED",
        N_("Account ending in {last4} is verified")
        if f.account_state == "VERIFIED"
        else N_("Account ending in {last4} is not verified"),
        {"last4": f.account_last4},
    )


def names_agree(look: Look) -> Answer:
    """Payee, party of the award and holder of the account are one (§1.9 item 7)."""
    f = look.facts
    agree = _plain(f.payee_name) == _plain(f.account_holder)
    return (
        agree,
        N_("Payee and account holder agree")
        if agree
        else N_("The payee is “{payee}”, but the account belongs to “{holder}”"),
        {"payee": f.payee_name, "holder": f.account_holder},
    )


_SAME = str.maketrans({"\uff08": "(", "\uff09": ")", " ": "", "\u3000": ""})


def _plain(name: str) -> str:
    return name.translate(_SAME).casefold()


def payee_stands_well(look: Look) -> Answer:
    """Not listed as abnormal or seriously illegal (民政部令60号 [K])."""
    f = look.facts
    if f.standing is None:
        return True, N_("The payee is a person"), {}
    return (
        f.standing == "GOOD",
        N_("The organisation is on no list of abnormal or illegal conduct")
        if f.standing == "GOOD"
        else N_("The organisation is on a list of abnormal or illegal conduct"),
        {},
    )


def inspection_is_passed(look: Look) -> Answer:
    """Last year's annual inspection was passed (§1.9 item 7)."""
    f = look.facts
    if f.standing is None:
        return True, N_("The payee is a person"), {}
    passed = f.inspection_result == "PASSED" and (f.inspection_year or 0) >= look.today.year - 2
    return (
        passed,
        N_("Annual inspection {year}: passed")
        if passed
        else N_("No passed annual inspection is recorded for {year}"),
        {"year": f.inspection_year if passed else look.today.year - 1},
    )


def no_similar_payment(look: Look) -> Answer:
    """No payment of the same payee, amount and award kind shortly before (§1.9 item 8)."""
    f = look.facts
    return (
        f.repeats == 0,
        N_("No payment of the same amount for the same purpose within {days} days")
        if f.repeats == 0
        else N_("{number} paid this payee the same amount within {days} days"),
        {"days": look.policy.repeat_days, "number": f.repeat_number or ""},
    )


def evidence_is_attached(look: Look) -> Answer:
    """Originals are attached (§1.9 item 9)."""
    return (
        look.facts.attachments > 0,
        N_("{count} attachments"),
        {"count": look.facts.attachments},
    )


def clock_is_kept(look: Look) -> Answer:
    """The payment is within its time (§2.4)."""
    left = (look.facts.payment_due_on - look.today).days
    params: dict[str, object] = {"day": look.facts.payment_due_on.isoformat(), "left": abs(left)}
    if left < 0:
        return False, N_("Was due on {day}: {left} days overdue"), params
    return (
        left > look.policy.clock_warning_days,
        N_("Due on {day}: {left} days left"),
        params,
    )


RULES: Mapping[str, Callable[[Look], Answer]] = {
    rule.__name__: rule
    for rule in (
        award_is_active,
        commitment_covers_amount,
        cash_plan_has_room,
        fund_source_may_pay,
        line_is_of_this_year,
        before_year_end_cutoff,
        minutes_are_cited,
        publicity_is_over,
        condition_is_met,
        invoice_is_present,
        invoice_covers_amount,
        account_is_verified,
        names_agree,
        payee_stands_well,
        inspection_is_passed,
        no_similar_payment,
        evidence_is_attached,
        clock_is_kept,
    )
}

#: Never set aside by anybody: these guard the money itself.
NEVER_WAIVED = frozenset(
    {
        "award_is_active",
        "commitment_covers_amount",
        "cash_plan_has_room",
        "fund_source_may_pay",
        "line_is_of_this_year",
        "account_is_verified",
    }
)


def look_through_gate(look: Look, waivers: Mapping[str, str]) -> list[Finding]:
    """All findings in the order of the rules; `waivers` maps a rule to its reason."""
    findings = []
    for name, rule in RULES.items():
        policy = look.policy.rules.get(name, GateRulePolicy(level="blocking"))
        if policy.level == "off":
            continue
        passed, message, params = rule(look)
        mark = Mark.PASS
        if not passed:
            mark = Mark.STOP if policy.level == "blocking" else Mark.LOOK
            if mark == Mark.STOP and name in waivers and name not in NEVER_WAIVED:
                mark = Mark.WAIVED
        findings.append(
            Finding(
                rule=name,
                mark=mark,
                message=message,
                params=params,
                waivable_by=() if name in NEVER_WAIVED else policy.waivable_by,
                waiver=waivers.get(name, ""),
            )
        )
    return findings


def gate_refusal(findings: Sequence[Finding]) -> Refusal | None:
    """The first blocking finding as a refusal; None when the gate is open."""
    for finding in findings:
        if finding.mark == Mark.STOP:
            return RuleBroken(f"gate.{finding.rule}", finding.message, **finding.params)
    return None
