"""The rules of the payment gate (domain §1.9): each answers whether it holds, and the figures.

Each looks at the gathered facts of one payment and answers (passed, message, its figures).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

from grants.budget.rules import (
    cash_plan_covers,
    cash_room_fen,
    commitment_draws_own_year,
    fund_may_pay,
    pre_approval_room_fen,
)
from grants.kernel.calendar import fiscal_year, workdays_between
from grants.kernel.errors import N_
from grants.kernel.money import Fen, yuan_text
from grants.parties.rules import names_agree as same_name
from grants.payments.gate_facts import Answer, Look


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


def within_pre_approval_cap(look: Look) -> Answer:
    """Before the congress approves the budget, spend as in last year's same period.

    预算法 第54条 [V]: from 1 January until the approval one may spend what was carried over,
    and on projects as much as in the same period of last year. What the law compels to be paid
    besides is set aside by name. Example: carried in 100.00, paid until this day of last year
    300.00, drawn this year 350.00: 50.00 is left.
    """
    f = look.facts
    if look.budget_approved_for >= f.line_year:
        return True, N_("The congress has approved the budget of {year}"), {"year": f.line_year}
    room = pre_approval_room_fen(look.last_years_paid_fen, f.line_carried_in_fen, f.line_drawn_fen)
    return (
        f.amount_fen <= room,
        N_("Budget of {year} not approved yet; as in last year's same period {room} is left"),
        {"year": f.line_year, "room": yuan_text(Fen(max(room, 0)))},
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
    if f.condition_met_on > look.today:
        return (
            False,
            N_("{condition}: met only on {day}, which is still to come"),
            {"condition": f.condition, "day": f.condition_met_on.isoformat()},
        )
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


def invoice_names_payee(look: Look) -> Answer:
    """The seller on the invoice is the payee (§1.9 item 6)."""
    f = look.facts
    if not f.invoice_no or not f.invoice_seller:
        return True, N_("No invoice to compare"), {}
    return (
        same_name(f.invoice_seller, f.payee_name),
        N_("Issued by “{seller}”; the payee is “{payee}”"),
        {"seller": f.invoice_seller, "payee": f.payee_name},
    )


def invoice_is_checked(look: Look) -> Answer:
    """A tax invoice was looked up on the tax platform: genuine, made out to us (§1.9 item 6)."""
    f = look.facts
    if not f.invoice_no or f.instrument not in look.policy.invoice_instruments:
        return True, N_("No tax invoice to look up"), {}
    if f.invoice_checked_on is None:
        return False, N_("Nobody has looked the invoice up on the tax platform"), {}
    return (
        True,
        N_("Looked up on the tax platform on {day}"),
        {"day": f.invoice_checked_on.isoformat()},
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
    agree = same_name(f.payee_name, f.account_holder)
    return (
        agree,
        N_("Payee and account holder agree")
        if agree
        else N_("The payee is “{payee}”, but the account belongs to “{holder}”"),
        {"payee": f.payee_name, "holder": f.account_holder},
    )


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


def payee_owes_nothing(look: Look) -> Answer:
    """No claim for money back is open; a set-off is offered (§1.9 item 7)."""
    f = look.facts
    return (
        f.owed_fen == 0,
        N_("No claim for money back is open")
        if f.owed_fen == 0
        else N_("The payee owes {owed} ({number}); set it off by lowering an instalment"),
        {"owed": yuan_text(f.owed_fen), "number": f.owed_number or ""},
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
        within_pre_approval_cap,
        fund_source_may_pay,
        line_is_of_this_year,
        before_year_end_cutoff,
        minutes_are_cited,
        publicity_is_over,
        condition_is_met,
        invoice_is_present,
        invoice_covers_amount,
        invoice_names_payee,
        invoice_is_checked,
        account_is_verified,
        names_agree,
        payee_stands_well,
        inspection_is_passed,
        payee_owes_nothing,
        no_similar_payment,
        evidence_is_attached,
        clock_is_kept,
    )
}
