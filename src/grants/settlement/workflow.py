"""States of a settlement and the one table of its steps."""

from __future__ import annotations

from enum import StrEnum

from grants.budget.workflow import (
    decided_by_another_person,
    nothing_speaks_against_it,
    withdrawn_by_its_proposer,
)
from grants.kernel.errors import N_
from grants.kernel.identity import Permission as P
from grants.kernel.workflow import Step, Workflow
from grants.settlement.rules import SettlementCase, reason_is_given


class SettlementState(StrEnum):
    """Where a settlement stands."""

    PROPOSED = "PROPOSED"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    WITHDRAWN = "WITHDRAWN"


S = SettlementState

SETTLEMENT: Workflow[SettlementCase] = Workflow(
    "settlement",
    {
        S.PROPOSED: N_("Proposed"),
        S.APPROVED: N_("Approved"),
        S.REJECTED: N_("Rejected"),
        S.WITHDRAWN: N_("Withdrawn"),
    },
    (
        Step(
            "approve",
            N_("Approve"),
            (S.PROPOSED,),
            S.APPROVED,
            P.AWARD_APPROVE,
            (decided_by_another_person, nothing_speaks_against_it),
        ),
        Step(
            "reject",
            N_("Reject"),
            (S.PROPOSED,),
            S.REJECTED,
            P.AWARD_APPROVE,
            (decided_by_another_person, reason_is_given),
        ),
        Step(
            "withdraw",
            N_("Withdraw"),
            (S.PROPOSED,),
            S.WITHDRAWN,
            P.AWARD_CREATE,
            (withdrawn_by_its_proposer,),
        ),
    ),
)
