"""Rules of a payment's way through its approvals, without a database."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from grants.first_policies import PAYMENT_CLOCK
from grants.kernel.errors import Conflict, NotAllowed, Refusal, RuleBroken
from grants.kernel.identity import GRANTED, Actor, Permission, Role
from grants.payments.rules import (
    PaymentCase,
    approver_did_not_submit,
    approver_holds_no_other_duty,
    gate_is_passed,
    it_is_the_approvers_turn,
    no_batch_holds_it,
    page_is_fresh,
    payment_due_on,
    requester_acts_on_own,
)
from grants.payments.workflow import PAYMENT, PaymentState


def actor(*roles: Role, person: int = 2) -> Actor:
    return Actor(user_id=person, person_id=person, name="示例", roles=frozenset(roles))


CASE = PaymentCase(
    actor=actor(Role.SECTION_HEAD),
    made_by_person=1,
    chain=(Role.SECTION_HEAD, Role.FIN_OFFICER, Role.DEPUTY_LEADER),
    step=1,
    seen_version=3,
    version=3,
)


@pytest.mark.parametrize(
    ("guard", "good", "broken", "kind"),
    [
        (page_is_fresh, CASE, replace(CASE, seen_version=2), Conflict),
        (
            requester_acts_on_own,
            replace(CASE, actor=actor(Role.OFFICER, person=1)),
            CASE,
            NotAllowed,
        ),
        (approver_did_not_submit, CASE, replace(CASE, made_by_person=2), NotAllowed),
        (it_is_the_approvers_turn, CASE, replace(CASE, step=2), NotAllowed),
        (
            approver_holds_no_other_duty,
            replace(CASE, held_duty="SECTION_HEAD"),
            replace(CASE, held_duty="FIN_OFFICER"),
            NotAllowed,
        ),
        (gate_is_passed, CASE, replace(CASE, gate_refusal=RuleBroken("g.r", "")), RuleBroken),
        (no_batch_holds_it, CASE, replace(CASE, batch_no="B1"), RuleBroken),
    ],
)
def test_each_guard_passes_the_good_case_and_refuses_the_broken_one(
    guard: object, good: PaymentCase, broken: PaymentCase, kind: type[Refusal]
) -> None:
    assert callable(guard)
    assert guard(good) is None
    assert isinstance(guard(broken), kind)


@pytest.mark.parametrize(
    ("step", "role"),
    [
        (0, None),
        (1, Role.SECTION_HEAD),
        (2, Role.FIN_OFFICER),
        (3, Role.DEPUTY_LEADER),
        (4, None),
    ],
)
def test_the_chain_says_whose_turn_it_is(step: int, role: Role | None) -> None:
    assert replace(CASE, step=step).step_role == role


def test_nobody_has_a_turn_after_the_chain() -> None:
    everybody = actor(*Role)
    assert it_is_the_approvers_turn(replace(CASE, actor=everybody, step=4)) is not None


@pytest.mark.parametrize(
    ("trigger", "submitted", "due"),
    [
        # Thirty days from the trigger come first.
        (date(2026, 9, 1), date(2026, 9, 21), date(2026, 10, 1)),
        # Ten working days from the invoice come first.
        (date(2026, 6, 10), date(2026, 6, 15), date(2026, 6, 30)),
    ],
)
def test_a_payment_is_due_at_the_earlier_limit(trigger: date, submitted: date, due: date) -> None:
    assert payment_due_on(PAYMENT_CLOCK, trigger_on=trigger, submitted_on=submitted) == due


def test_the_cashier_neither_requests_nor_approves() -> None:
    cashier = GRANTED[Role.CASHIER]
    assert not cashier & {
        Permission.PAYMENT_REQUEST,
        Permission.PAYMENT_APPROVE,
        Permission.BATCH_MAKE,
    }


@pytest.mark.parametrize(
    "state", [PaymentState.PAID, PaymentState.REJECTED, PaymentState.WITHDRAWN]
)
def test_nothing_leads_on_from_a_final_state(state: PaymentState) -> None:
    assert PAYMENT.open_to(state, actor(*Role)) == []


def test_no_step_leads_to_paid_but_the_banks_answer() -> None:
    assert [s.verb for s in PAYMENT.steps if s.target == PaymentState.PAID] == ["settle"]


def test_no_step_leads_around_the_approvals() -> None:
    into = {(s.verb, *s.sources) for s in PAYMENT.steps if s.target == PaymentState.APPROVED}
    assert into == {
        ("approve_finally", PaymentState.SUBMITTED),
        ("correct", PaymentState.BOUNCED),
    }
