"""States of a proposed version of a policy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from grants.kernel.errors import N_, Conflict, NotAllowed, Refusal, RuleBroken
from grants.kernel.identity import Permission as P
from grants.kernel.workflow import Step, Workflow


class ProposalState(StrEnum):
    """A version on its way: proposed by one person, decided by another."""

    PROPOSED = "PROPOSED"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    WITHDRAWN = "WITHDRAWN"


@dataclass(frozen=True)
class ProposalCase:
    """What a step on a proposal looks at."""

    actor_person: int
    proposed_by_person: int
    seen_version: int
    version: int
    starts_on: date
    today: date
    objection: Refusal | None = None


def page_is_fresh(case: ProposalCase) -> Refusal | None:
    """Nobody decides on a page that somebody else has changed since."""
    if case.seen_version != case.version:
        return Conflict(
            "policy.stale",
            N_("Somebody acted on this proposal since you opened it. Look again."),
        )
    return None


def decided_by_another_person(case: ProposalCase) -> Refusal | None:
    """申请 and 审批 are separated by natural person (财会〔2012〕21号)."""
    if case.actor_person == case.proposed_by_person:
        return NotAllowed(
            "policy.own", N_("You proposed this; another person has to decide on it.")
        )
    return None


def withdrawn_by_its_proposer(case: ProposalCase) -> Refusal | None:
    """Only who proposed a version withdraws it."""
    if case.actor_person != case.proposed_by_person:
        return NotAllowed("policy.not_own", N_("Only who proposed it can withdraw it."))
    return None


def nothing_speaks_against_it(case: ProposalCase) -> Refusal | None:
    """The day, the figures and the version before it still fit."""
    return case.objection


def it_has_not_started(case: ProposalCase) -> Refusal | None:
    """A version that holds, or has held, stays: decisions rest on it."""
    if case.starts_on <= case.today:
        return RuleBroken(
            "policy.has_started",
            N_("It holds since {day}; decisions may rest on it. Propose a newer version."),
            day=case.starts_on,
        )
    return None


S = ProposalState
_OTHER = (page_is_fresh, decided_by_another_person)

POLICY = Workflow[ProposalCase](
    "policy",
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
            P.POLICY_APPROVE,
            (*_OTHER, nothing_speaks_against_it),
        ),
        Step("reject", N_("Reject"), (S.PROPOSED,), S.REJECTED, P.POLICY_APPROVE, _OTHER),
        Step(
            "withdraw",
            N_("Withdraw"),
            (S.PROPOSED,),
            S.WITHDRAWN,
            P.POLICY_EDIT,
            (page_is_fresh, withdrawn_by_its_proposer),
        ),
        Step(
            "take_back",
            N_("Take the version back"),
            (S.APPROVED,),
            S.WITHDRAWN,
            P.POLICY_APPROVE,
            (*_OTHER, it_has_not_started),
        ),
    ),
)
