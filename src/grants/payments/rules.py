"""Rules of a payment request's way through its approvals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from pydantic import BaseModel, ConfigDict, Field, field_validator

from grants.kernel.calendar import DayTable, add_workdays
from grants.kernel.errors import N_, Conflict, FieldFault, NotAllowed, Refusal, RuleBroken
from grants.kernel.identifiers import is_cnaps
from grants.kernel.identity import Actor, Role


@dataclass(frozen=True)
class PaymentCase:
    """What a step on a payment looks at."""

    actor: Actor
    made_by_person: int
    chain: Sequence[Role]
    step: int
    seen_version: int
    version: int
    held_duty: str | None = None
    gate_refusal: Refusal | None = None
    batch_no: str | None = None

    @property
    def step_role(self) -> Role | None:
        """Whose turn it is; None when the chain is through."""
        return self.chain[self.step - 1] if 1 <= self.step <= len(self.chain) else None


def page_is_fresh(case: PaymentCase) -> Refusal | None:
    """Nobody decides on a page that somebody else has changed since."""
    if case.seen_version != case.version:
        return Conflict(
            "payment.stale", N_("Somebody acted on this request since you opened it. Look again.")
        )
    return None


def requester_acts_on_own(case: PaymentCase) -> Refusal | None:
    """Only the officer who made a request submits or withdraws it."""
    if case.actor.person_id != case.made_by_person:
        return NotAllowed("payment.not_own", N_("Only who made this request can do this."))
    return None


def approver_did_not_submit(case: PaymentCase) -> Refusal | None:
    """支出申请 and 审批 are separated by natural person (财会〔2012〕21号, domain §1.8 [V])."""
    if case.actor.person_id == case.made_by_person:
        return NotAllowed(
            "payment.own", N_("You made this request; another person has to approve it.")
        )
    return None


def it_is_the_approvers_turn(case: PaymentCase) -> Refusal | None:
    """The step belongs to one role; the actor has to hold it, by grant or delegation."""
    if case.step_role is None or case.step_role not in case.actor.roles:
        return NotAllowed("payment.not_your_step", N_("This step belongs to another role."))
    return None


def approver_holds_no_other_duty(case: PaymentCase) -> Refusal | None:
    """One natural person takes one step of a payment, through whichever account."""
    if case.held_duty is not None and case.held_duty != case.step_role:
        return NotAllowed(
            "payment.second_duty",
            N_("You have already acted on this request; this step needs another person."),
        )
    return None


def gate_is_passed(case: PaymentCase) -> Refusal | None:
    """No blocking rule of the payment gate stands against it (domain §1.9)."""
    return case.gate_refusal


def no_batch_holds_it(case: PaymentCase) -> Refusal | None:
    """A payment in a batch is taken out of the batch first."""
    if case.batch_no:
        return RuleBroken(
            "payment.in_batch",
            N_("Batch {batch} holds the payment; take it out there first."),
            batch=case.batch_no,
        )
    return None


class PayerAccount(BaseModel):
    """Policy `payer_account`: the account that the bureau pays from."""

    model_config = ConfigDict(frozen=True)

    name: str = Field(min_length=2, max_length=120)
    account: str = Field(pattern=r"^[0-9]{8,32}$")
    bank_name: str = Field(min_length=2, max_length=120)
    cnaps: str

    @field_validator("cnaps")
    @classmethod
    def _has_its_check_digit(cls, given: str) -> str:
        if not is_cnaps(given):
            raise FieldFault(N_("A routing number has 12 digits, the last of which checks them."))
        return given


class PaymentClock(BaseModel):
    """Policy `payment_clock`: when a payment is due at the latest (domain §2.4).

    Thirty days from the trigger (保障中小企业款项支付条例 第802号 [V]); ten working days
    after the invoice (Suzhou practice [V]).
    """

    model_config = ConfigDict(frozen=True)

    days_after_trigger: int = Field(ge=1, le=366)
    workdays_after_invoice: int = Field(ge=1, le=250)


def payment_due_on(
    clock: PaymentClock, *, trigger_on: date, submitted_on: date, days: DayTable | None = None
) -> date:
    """The earlier of the trigger's and the invoice's limit.

    Example: condition met 2026-09-01, submitted 2026-09-21: 2026-10-01 (thirty days)
    comes before 2026-10-12 (ten working days).
    """
    by_trigger = trigger_on + timedelta(days=clock.days_after_trigger)
    by_invoice = add_workdays(submitted_on, clock.workdays_after_invoice, days)
    return min(by_trigger, by_invoice)
