"""States of an award and the one table of its steps."""

from __future__ import annotations

from enum import StrEnum

from grants.awards.rules import (
    AwardCase,
    ClaimCase,
    approver_did_not_create,
    claim_is_recovered,
    lines_can_bear_it,
    minutes_are_cited,
    nothing_is_left_open,
    nothing_is_on_its_way,
    page_is_fresh,
    writing_off_cites_minutes,
)
from grants.budget.workflow import (
    decided_by_another_person,
    proposal_of,
    withdrawn_by_its_proposer,
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
    InstalmentState.OPEN: N_("Not asked for yet"),
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
        Step("amend", N_("Change the amount"), (S.ACTIVE,), S.ACTIVE, P.AWARD_APPROVE),
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

#: A change of an active award: proposed by one, decided by another.
CHANGE = proposal_of("award_change", P.AWARD_CREATE, P.AWARD_APPROVE)


class ClaimState(StrEnum):
    """Where a claim for money back stands."""

    PROPOSED = "PROPOSED"
    OPEN = "OPEN"
    SETTLED = "SETTLED"
    WRITTEN_OFF = "WRITTEN_OFF"
    REJECTED = "REJECTED"
    WITHDRAWN = "WITHDRAWN"


C = ClaimState

CLAWBACK: Workflow[ClaimCase] = Workflow(
    "clawback",
    {
        C.PROPOSED: N_("Proposed"),
        C.OPEN: N_("To come back"),
        C.SETTLED: N_("Settled"),
        C.WRITTEN_OFF: N_("Written off"),
        C.REJECTED: N_("Rejected"),
        C.WITHDRAWN: N_("Withdrawn"),
    },
    (
        Step(
            "approve",
            N_("Approve"),
            (C.PROPOSED,),
            C.OPEN,
            P.AWARD_APPROVE,
            (decided_by_another_person,),
        ),
        Step(
            "reject",
            N_("Reject"),
            (C.PROPOSED,),
            C.REJECTED,
            P.AWARD_APPROVE,
            (decided_by_another_person,),
        ),
        Step(
            "withdraw",
            N_("Withdraw"),
            (C.PROPOSED,),
            C.WITHDRAWN,
            P.AWARD_CREATE,
            (withdrawn_by_its_proposer,),
        ),
        # Money comes back through a refund or a changed award: whoever approves those settles it.
        Step("settle", N_("Settle"), (C.OPEN,), C.SETTLED, P.AWARD_SEE, (claim_is_recovered,)),
        Step(
            "write_off",
            N_("Write off"),
            (C.OPEN,),
            C.WRITTEN_OFF,
            P.AWARD_APPROVE,
            (decided_by_another_person, writing_off_cites_minutes),
        ),
    ),
)
