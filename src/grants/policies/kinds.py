"""The kinds of policy: what each decides, its model, and what a new version reaches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import BaseModel

from grants.agreements.terms import AgreementTemplate
from grants.agreements.words import WORDS as AGREEMENT_WORDS
from grants.awards.tiers import ApprovalTiers
from grants.budget.rules import BudgetApproval, BudgetCodes, FundMatrix
from grants.calls.terms import CallRules
from grants.calls.words import WORDS as CALL_WORDS
from grants.delivery.terms import DeliveryRules
from grants.delivery.words import WORDS as DELIVERY_WORDS
from grants.evaluation.terms import EvaluationRules
from grants.evaluation.words import WORDS as EVALUATION_WORDS
from grants.figures.words import Words
from grants.kernel.errors import N_, NotFound
from grants.payments.gate_facts import GatePolicy
from grants.payments.rules import PayerAccount, PaymentClock
from grants.people.rules import SignInPolicy
from grants.policies.words import WORDS


@dataclass(frozen=True)
class Kind:
    """One kind: `decides` says in a sentence what, `reaches` whom a new version touches.

    `looks_at_payments`: whether open payments can be looked at under a version that is not
    in force yet.
    """

    name: str
    model: type[BaseModel]
    title: str
    decides: str
    reaches: str
    looks_at_payments: bool = False
    words: Words = WORDS


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "payment_gate",
            GatePolicy,
            N_("Checks before paying"),
            N_("Which checks a payment has to pass, how strict each is, and who may set it aside."),
            N_("Every request that is not approved yet is checked anew on the first day."),
            True,
        ),
        Kind(
            "approval_tiers",
            ApprovalTiers,
            N_("Who has to approve how much"),
            N_("Who approves up to which amount, in which order, and when a meeting decides."),
            N_("Requests already submitted keep the chain that was frozen when they were."),
            True,
        ),
        Kind(
            "payment_clock",
            PaymentClock,
            N_("When a payment is due"),
            N_("Within how many days a payment has to be made once its condition is met."),
            N_("Requests already submitted keep the day that was set when they were."),
            True,
        ),
        Kind(
            "fund_matrix",
            FundMatrix,
            N_("Which fund source may pay what"),
            N_("Which kind of money may pay for which kind of award, and under what condition."),
            N_("New lines and awards follow it, and every request that is not approved yet."),
            True,
        ),
        Kind(
            "budget_approval",
            BudgetApproval,
            N_("Approval of the budget"),
            N_("The latest year whose budget the people's congress has approved."),
            N_("Until a year is approved, payments stay within those of the same days last year."),
            True,
        ),
        Kind(
            "budget_codes",
            BudgetCodes,
            N_("Codes of the classification"),
            N_("Which functional and economic codes a budget line may carry."),
            N_("Lines of years that begin from the first day on; those that stand keep theirs."),
        ),
        Kind(
            "payer_account",
            PayerAccount,
            N_("The account that pays"),
            N_("From which account of the bureau the bank pays."),
            N_("Batches frozen from the first day on; those already frozen keep their account."),
        ),
        Kind(
            "venture_call",
            CallRules,
            N_("Venture calls"),
            N_("Which checks, budget lines, rubric, panel and clocks a new round begins with."),
            N_("Rounds that are begun from the first day on; those that stand keep their terms."),
            words=CALL_WORDS,
        ),
        Kind(
            "venture_agreement",
            AgreementTemplate,
            N_("Agreements of venture projects"),
            N_("Which articles an agreement has, and when its first and last part fall due."),
            N_("Agreements drawn up from the first day on; those that stand keep their text."),
            words=AGREEMENT_WORDS,
        ),
        Kind(
            "venture_delivery",
            DeliveryRules,
            N_("Running venture projects"),
            N_("Which changes of a running project are decided on, how often, and until when."),
            N_("Changes that are asked for and receipts that are entered from the first day on."),
            words=DELIVERY_WORDS,
        ),
        Kind(
            "venture_evaluation",
            EvaluationRules,
            N_("Evaluation of venture projects"),
            N_("Which criteria projects are evaluated by, and what their grades open."),
            N_("Evaluations that are assigned from the first day on; others keep their rules."),
            words=EVALUATION_WORDS,
        ),
        Kind(
            "sign_in",
            SignInPolicy,
            N_("Passwords and lock-out"),
            N_("How strong passwords are, and when an account is locked."),
            N_("Passwords that are set, and sign-ins that fail, from the first day on."),
        ),
    )
}


def kind_of(name: str) -> Kind:
    """The kind of this name; raises NotFound."""
    if name not in KINDS:
        raise NotFound()
    return KINDS[name]
