"""The vocabulary of policies: fields, rows, and the choices of a field."""

from __future__ import annotations

from collections.abc import Mapping

from grants.budget.rules import CodeKind
from grants.figures.words import MARKS, Words
from grants.kernel.errors import N_
from grants.kernel.identity import Permission as P

INSTRUMENTS: Mapping[str, str] = {
    "SERVICE_CONTRACT": N_("Purchased service"),
    "VENTURE": N_("Welfare venture"),
    "POST_SUBSIDY": N_("Post subsidy"),
    "PERSONAL_AWARD": N_("Award to a person"),
    "INCUBATION": N_("Incubation"),
    "EVALUATION": N_("Evaluation"),
}
FUND_KINDS: Mapping[str, str] = {
    "GENERAL": N_("General public budget"),
    "LOTTERY": N_("Welfare lottery fund"),
    "EARMARKED": N_("Earmarked transfer"),
    "CHARITY": N_("Charity"),
}
GATE_RULES: Mapping[str, str] = {
    "award_is_active": N_("The award is active"),
    "commitment_covers_amount": N_("The commitment covers the amount"),
    "cash_plan_has_room": N_("The cash plan has room"),
    "within_pre_approval_cap": N_("Within the cap before the congress approves"),
    "fund_source_may_pay": N_("The fund source may pay this"),
    "line_is_of_this_year": N_("The budget line is of this year"),
    "before_year_end_cutoff": N_("Before the treasury's cut-off"),
    "minutes_are_cited": N_("A meeting's minutes are cited"),
    "publicity_is_over": N_("The public notice is over"),
    "condition_is_met": N_("The instalment's condition is met"),
    "invoice_is_present": N_("An invoice is there"),
    "invoice_covers_amount": N_("The invoice covers the amount"),
    "invoice_names_payee": N_("The invoice names the payee"),
    "invoice_is_checked": N_("The invoice was looked up"),
    "account_is_verified": N_("The account is verified"),
    "names_agree": N_("Payee and account holder agree"),
    "payee_stands_well": N_("The payee is on no list"),
    "inspection_is_passed": N_("The annual inspection was passed"),
    "payee_owes_nothing": N_("The payee owes nothing"),
    "no_similar_payment": N_("No similar payment shortly before"),
    "evidence_is_attached": N_("Originals are attached"),
    "clock_is_kept": N_("The payment is in time"),
}

#: Fields by name.
FIELDS: Mapping[str, str] = {
    "publicity_workdays": N_("Public notice, working days"),
    "repeat_days": N_("Days within which a like payment is noticed"),
    "clock_warning_days": N_("Days before the due day from which one is warned"),
    "year_end_cutoff_month": N_("Treasury's cut-off, month"),
    "year_end_cutoff_day": N_("Treasury's cut-off, day"),
    "invoice_instruments": N_("What needs an invoice"),
    "publicity_instruments": N_("What needs a public notice"),
    "rules": N_("Checks"),
    "level": N_("How strict"),
    "waivable_by": N_("Set aside by"),
    "mark": N_("How well founded"),
    "tiers": N_("Tiers"),
    "code": N_("Code"),
    "up_to_fen": N_("Up to"),
    "chain": N_("Who approves, in order"),
    "minutes_needed": N_("A meeting decides"),
    "days_after_trigger": N_("Days after the condition is met"),
    "workdays_after_invoice": N_("Working days after the request"),
    "cells": N_("Kinds of award"),
    "verdict": N_("May it pay"),
    "note": N_("Note"),
    "fiscal_year": N_("Latest approved year"),
    "codes": N_("Codes"),
    "name": N_("Name"),
    "kind": N_("Classification"),
    "account": N_("Account number"),
    "bank_name": N_("Bank"),
    "cnaps": N_("Routing number"),
    "password_length": N_("Length of a password"),
    "password_classes": N_("Kinds of characters in it"),
    "passwords_remembered": N_("Earlier passwords that are refused"),
    "failures_allowed": N_("Failures before the lock"),
    "locked_minutes": N_("Minutes of the lock"),
}
LEVELS: Mapping[str, str] = {
    "blocking": N_("stops the payment"),
    "warning": N_("has to be looked at"),
    "off": N_("is not made"),
}
VERDICTS: Mapping[str, str] = {
    "allow": N_("may pay"),
    "purpose": N_("for its purpose only"),
    "document": N_("by its document"),
    "deny": N_("may not pay"),
}
CODE_KINDS: Mapping[str, str] = {
    CodeKind.FUNCTION: N_("Function"),
    CodeKind.GOVERNMENT_ECONOMIC: N_("Economic, government"),
    CodeKind.DEPARTMENT_ECONOMIC: N_("Economic, department"),
}

WORDS = Words(
    fields=FIELDS,
    rows={"tiers": N_("Tier {key}")},
    keys={"rules": GATE_RULES, "cells": INSTRUMENTS},
    inner_keys={"cells": FUND_KINDS},
    choices={
        "level": LEVELS,
        "verdict": VERDICTS,
        "mark": MARKS,
        "kind": CODE_KINDS,
        "invoice_instruments": INSTRUMENTS,
        "publicity_instruments": INSTRUMENTS,
    },
    holders={"chain": P.PAYMENT_APPROVE, "waivable_by": P.GATE_WAIVE},
    # An unknown check stops, an unknown cell denies.
    absent={"level": "blocking", "verdict": "deny"},
    tones={
        "allow": "good",
        "purpose": "now",
        "document": "now",
        "deny": "bad",
        "blocking": "",
        "warning": "warn",
        "off": "",
    },
)
