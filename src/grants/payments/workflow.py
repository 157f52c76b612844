"""States of a payment and the one table of its steps."""

from __future__ import annotations

from enum import StrEnum

from grants.kernel.errors import N_
from grants.kernel.identity import Permission as P
from grants.kernel.workflow import Step, Workflow
from grants.payments.rules import (
    PaymentCase,
    approver_did_not_submit,
    approver_holds_no_other_duty,
    gate_is_passed,
    it_is_the_approvers_turn,
    no_batch_holds_it,
    page_is_fresh,
    requester_acts_on_own,
)


class PaymentState(StrEnum):
    """Where a payment stands."""

    DRAFT = "DRAFT"
    SUBMITTED = "SUBMITTED"
    RETURNED = "RETURNED"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    WITHDRAWN = "WITHDRAWN"
    IN_BANK = "IN_BANK"
    BOUNCED = "BOUNCED"
    PAID = "PAID"


S = PaymentState

_BY_THE_APPROVER = (
    page_is_fresh,
    approver_did_not_submit,
    it_is_the_approvers_turn,
    approver_holds_no_other_duty,
)

PAYMENT: Workflow[PaymentCase] = Workflow(
    "payment",
    {
        S.DRAFT: N_("Draft"),
        S.SUBMITTED: N_("In approval"),
        S.RETURNED: N_("Returned for correction"),
        S.APPROVED: N_("Approved, to be paid"),
        S.REJECTED: N_("Rejected"),
        S.WITHDRAWN: N_("Withdrawn"),
        S.IN_BANK: N_("With the bank"),
        S.BOUNCED: N_("Returned by the bank"),
        S.PAID: N_("Paid"),
    },
    (
        Step(
            "change",
            N_("Change"),
            (S.DRAFT,),
            S.DRAFT,
            P.PAYMENT_REQUEST,
            (page_is_fresh, requester_acts_on_own),
        ),
        Step(
            "change",
            N_("Change"),
            (S.RETURNED,),
            S.RETURNED,
            P.PAYMENT_REQUEST,
            (page_is_fresh, requester_acts_on_own),
        ),
        Step(
            "submit",
            N_("Submit"),
            (S.DRAFT, S.RETURNED),
            S.SUBMITTED,
            P.PAYMENT_REQUEST,
            (page_is_fresh, requester_acts_on_own, gate_is_passed),
        ),
        Step(
            "approve",
            N_("Approve"),
            (S.SUBMITTED,),
            S.SUBMITTED,
            P.PAYMENT_APPROVE,
            (*_BY_THE_APPROVER, gate_is_passed),
        ),
        Step(
            "approve_finally",
            N_("Approve"),
            (S.SUBMITTED,),
            S.APPROVED,
            P.PAYMENT_APPROVE,
            (*_BY_THE_APPROVER, gate_is_passed),
        ),
        Step(
            "return",
            N_("Return for correction"),
            (S.SUBMITTED,),
            S.RETURNED,
            P.PAYMENT_APPROVE,
            _BY_THE_APPROVER,
        ),
        Step(
            "reject", N_("Reject"), (S.SUBMITTED,), S.REJECTED, P.PAYMENT_APPROVE, _BY_THE_APPROVER
        ),
        Step(
            "withdraw",
            N_("Withdraw"),
            (S.DRAFT, S.SUBMITTED, S.RETURNED),
            S.WITHDRAWN,
            P.PAYMENT_REQUEST,
            (requester_acts_on_own,),
        ),
        Step(
            "cancel",
            N_("Cancel"),
            (S.APPROVED, S.BOUNCED),
            S.WITHDRAWN,
            P.PAYMENT_REQUEST,
            (requester_acts_on_own, no_batch_holds_it),
        ),
        Step("send", N_("Send to the bank"), (S.APPROVED,), S.IN_BANK, P.BATCH_SEND),
        Step("settle", N_("Record as paid"), (S.IN_BANK,), S.PAID, P.RESULT_IMPORT),
        Step("bounce", N_("Record as returned"), (S.IN_BANK,), S.BOUNCED, P.RESULT_IMPORT),
        Step(
            "correct",
            N_("Correct the account"),
            (S.BOUNCED,),
            S.APPROVED,
            P.PAYMENT_REQUEST,
            (page_is_fresh,),
        ),
    ),
)
