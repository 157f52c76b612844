"""States of a funding decision and the one table of its steps."""

from __future__ import annotations

from enum import StrEnum

from grants.budget.workflow import (
    ProposalCase,
    decided_by_another_person,
    nothing_speaks_against_it,
    withdrawn_by_its_proposer,
)
from grants.kernel.errors import N_
from grants.kernel.identity import Permission as P
from grants.kernel.workflow import Step, Workflow


class DecisionState(StrEnum):
    """Where a funding decision stands."""

    PROPOSED = "PROPOSED"
    ADOPTED = "ADOPTED"
    REJECTED = "REJECTED"
    WITHDRAWN = "WITHDRAWN"
    ANNULLED = "ANNULLED"


S = DecisionState

DECISION: Workflow[ProposalCase] = Workflow(
    "funding_decision",
    {
        S.PROPOSED: N_("Before the meeting"),
        S.ADOPTED: N_("Adopted"),
        S.REJECTED: N_("Rejected"),
        S.WITHDRAWN: N_("Withdrawn"),
        S.ANNULLED: N_("Annulled"),
    },
    (
        Step(
            "adopt",
            N_("Adopt"),
            (S.PROPOSED,),
            S.ADOPTED,
            P.CALL_APPROVE,
            (decided_by_another_person, nothing_speaks_against_it),
        ),
        Step(
            "reject",
            N_("Reject"),
            (S.PROPOSED,),
            S.REJECTED,
            P.CALL_APPROVE,
            (decided_by_another_person,),
        ),
        Step(
            "withdraw",
            N_("Withdraw"),
            (S.PROPOSED,),
            S.WITHDRAWN,
            P.PANEL_EDIT,
            (withdrawn_by_its_proposer,),
        ),
        # Before anything is published, a list that was adopted in error is taken back.
        Step(
            "annul",
            N_("Annul"),
            (S.ADOPTED,),
            S.ANNULLED,
            P.CALL_APPROVE,
            (nothing_speaks_against_it,),
        ),
    ),
)
