"""States of an award and the one table of its steps."""

from __future__ import annotations

from enum import StrEnum

from grants.awards.rules import (
    AwardCase,
    approver_did_not_create,
    lines_can_bear_it,
    minutes_are_cited,
    nothing_is_left_open,
    nothing_is_on_its_way,
    page_is_fresh,
)
from grants.kernel.errors import N_
from grants.kernel.identity import Permission as P
from grants.kernel.workflow import Step, Workflow


class AwardState(StrEnum):
    """Where an award stands."""

    DRAFT = "DRAFT"
    ACTIVE = "ACTIVE"
    COMPLETED = "COMPLETED"
    TERMINATED = "TERMINATED"
    WITHDRAWN = "WITHDRAWN"
    HISTORIC = "HISTORIC"


class InstalmentState(StrEnum):
    """Where an instalment stands: the payments hand it down."""

    OPEN = "OPEN"
    REQUESTED = "REQUESTED"
    PAID = "PAID"
    CANCELLED = "CANCELLED"


INSTALMENT_TITLES = {
    InstalmentState.OPEN: N_("Open"),
    InstalmentState.REQUESTED: N_("Requested"),
    InstalmentState.PAID: N_("Paid"),
    InstalmentState.CANCELLED: N_("Cancelled"),
}

S = AwardState

AWARD: Workflow[AwardCase] = Workflow(
    "award",
    {
        S.DRAFT: N_("Draft"),
        S.ACTIVE: N_("Active"),
        S.COMPLETED: N_("Completed"),
        S.TERMINATED: N_("Terminated"),
        S.WITHDRAWN: N_("Withdrawn"),
        S.HISTORIC: N_("Historic"),
    },
    (
        Step(
            "approve",
            N_("Approve"),
            (S.DRAFT,),
            S.ACTIVE,
            P.AWARD_APPROVE,
            (page_is_fresh, approver_did_not_create, minutes_are_cited, lines_can_bear_it),
        ),
        Step("edit", N_("Change"), (S.DRAFT,), S.DRAFT, P.AWARD_CREATE, (page_is_fresh,)),
        Step("withdraw", N_("Withdraw"), (S.DRAFT,), S.WITHDRAWN, P.AWARD_CREATE),
        Step(
            "reschedule",
            N_("Reschedule"),
            (S.ACTIVE,),
            S.ACTIVE,
            P.AWARD_CREATE,
            (page_is_fresh,),
        ),
        Step(
            "terminate",
            N_("Terminate"),
            (S.ACTIVE,),
            S.TERMINATED,
            P.AWARD_APPROVE,
            (page_is_fresh, nothing_is_on_its_way),
        ),
        Step(
            "complete",
            N_("Complete"),
            (S.ACTIVE,),
            S.COMPLETED,
            P.AWARD_CREATE,
            (nothing_is_on_its_way, nothing_is_left_open),
        ),
    ),
)
