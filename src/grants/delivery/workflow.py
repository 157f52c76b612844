"""States of receipts, reports and changes of running projects."""

from __future__ import annotations

from enum import StrEnum

from grants.budget.workflow import (
    ProposalCase,
    decided_by_another_person,
    nothing_speaks_against_it,
    withdrawn_by_its_proposer,
)
from grants.delivery.rules import (
    ReportCase,
    SpendingCase,
    judged_by_another,
    note_is_given,
    part_is_a_part,
    reason_is_given,
    receipt_is_there,
    report_is_fresh,
    report_is_ones_own,
    spending_is_fresh,
)
from grants.kernel.errors import N_
from grants.kernel.identity import Permission as P
from grants.kernel.workflow import Step, Workflow


class SpendingState(StrEnum):
    """Where a receipt stands."""

    ENTERED = "ENTERED"
    ADMITTED = "ADMITTED"
    PARTLY = "PARTLY"
    REFUSED = "REFUSED"
    TAKEN_BACK = "TAKEN_BACK"


S = SpendingState
_JUDGED = (S.ADMITTED, S.PARTLY, S.REFUSED)

SPENDING: Workflow[SpendingCase] = Workflow(
    "spending",
    {
        S.ENTERED: N_("To be judged"),
        S.ADMITTED: N_("Admitted"),
        S.PARTLY: N_("Admitted in part"),
        S.REFUSED: N_("Not admitted"),
        S.TAKEN_BACK: N_("Taken back"),
    },
    (
        Step(
            "admit",
            N_("Admit"),
            (S.ENTERED,),
            S.ADMITTED,
            P.PROJECT_JUDGE,
            (spending_is_fresh, judged_by_another, receipt_is_there),
        ),
        Step(
            "admit_part",
            N_("Admit a part"),
            (S.ENTERED,),
            S.PARTLY,
            P.PROJECT_JUDGE,
            (spending_is_fresh, judged_by_another, receipt_is_there, part_is_a_part),
        ),
        Step(
            "refuse",
            N_("Do not admit"),
            (S.ENTERED,),
            S.REFUSED,
            P.PROJECT_JUDGE,
            (spending_is_fresh, judged_by_another, reason_is_given),
        ),
        Step(
            "reconsider",
            N_("Judge again"),
            _JUDGED,
            S.ENTERED,
            P.PROJECT_JUDGE,
            (spending_is_fresh, reason_is_given),
        ),
        Step(
            "take_back",
            N_("Take back"),
            (S.ENTERED,),
            S.TAKEN_BACK,
            P.PROJECT_REPORT,
            (spending_is_fresh,),
        ),
    ),
)


class ReportState(StrEnum):
    """Where a report stands."""

    DRAFT = "DRAFT"
    SUBMITTED = "SUBMITTED"
    ACCEPTED = "ACCEPTED"
    RETURNED = "RETURNED"


R = ReportState

REPORT: Workflow[ReportCase] = Workflow(
    "progress_report",
    {
        R.DRAFT: N_("Draft"),
        R.SUBMITTED: N_("Handed in"),
        R.ACCEPTED: N_("Accepted"),
        R.RETURNED: N_("Returned"),
    },
    (
        Step(
            "write",
            N_("Write"),
            (R.DRAFT, R.RETURNED),
            R.DRAFT,
            P.PROJECT_REPORT,
            (report_is_fresh, report_is_ones_own),
        ),
        Step(
            "submit",
            N_("Hand in"),
            (R.DRAFT,),
            R.SUBMITTED,
            P.PROJECT_REPORT,
            (report_is_fresh, report_is_ones_own),
        ),
        Step(
            "accept", N_("Accept"), (R.SUBMITTED,), R.ACCEPTED, P.PROJECT_JUDGE, (report_is_fresh,)
        ),
        Step(
            "return",
            N_("Return"),
            (R.SUBMITTED,),
            R.RETURNED,
            P.PROJECT_JUDGE,
            (report_is_fresh, note_is_given),
        ),
    ),
)


class ChangeState(StrEnum):
    """Where a change of a project stands."""

    PROPOSED = "PROPOSED"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    WITHDRAWN = "WITHDRAWN"
    RECORDED = "RECORDED"


C = ChangeState

CHANGE: Workflow[ProposalCase] = Workflow(
    "project_change",
    {
        C.PROPOSED: N_("Awaiting decision"),
        C.APPROVED: N_("Approved"),
        C.REJECTED: N_("Rejected"),
        C.WITHDRAWN: N_("Withdrawn"),
        C.RECORDED: N_("Recorded"),
    },
    (
        Step(
            "approve",
            N_("Approve"),
            (C.PROPOSED,),
            C.APPROVED,
            P.PROJECT_DECIDE,
            (decided_by_another_person, nothing_speaks_against_it),
        ),
        Step(
            "reject",
            N_("Reject"),
            (C.PROPOSED,),
            C.REJECTED,
            P.PROJECT_DECIDE,
            (decided_by_another_person, nothing_speaks_against_it),
        ),
        Step(
            "withdraw",
            N_("Withdraw"),
            (C.PROPOSED,),
            C.WITHDRAWN,
            P.PROJECT_REPORT,
            (withdrawn_by_its_proposer,),
        ),
    ),
)
