"""States of the documents that change the budget."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from grants.kernel.errors import N_, NotAllowed, NotFound, Refusal
from grants.kernel.identity import Permission as P
from grants.kernel.workflow import Step, Workflow


class ProposalState(StrEnum):
    """A document proposed by one person and decided by another."""

    PROPOSED = "PROPOSED"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    WITHDRAWN = "WITHDRAWN"
    SUPERSEDED = "SUPERSEDED"


@dataclass(frozen=True)
class ProposalCase:
    """Who proposed, who decides, and whatever speaks against it."""

    proposed_by_person: int
    actor_person: int
    objection: Refusal | None = None


def decided_by_another_person(case: ProposalCase) -> Refusal | None:
    """申请 and 审批 are separated by natural person (财会〔2012〕21号)."""
    if case.actor_person == case.proposed_by_person:
        return NotAllowed(
            "proposal.own", N_("You proposed this; another person has to decide on it.")
        )
    return None


def withdrawn_by_its_proposer(case: ProposalCase) -> Refusal | None:
    """Only who proposed a document takes it back."""
    if case.actor_person != case.proposed_by_person:
        return NotAllowed("proposal.not_own", N_("Only who proposed it can withdraw it."))
    return None


def nothing_speaks_against_it(case: ProposalCase) -> Refusal | None:
    """The rules of the document itself hold."""
    return case.objection


def refuse_no_decision(verb: str) -> None:
    """Raise NotFound unless `verb` approves or rejects: other steps have acts of their own."""
    if verb not in ("approve", "reject"):
        raise NotFound()


S = ProposalState


def proposal_of(
    name: str, propose: P, decide: P, *, superseded: bool = False
) -> Workflow[ProposalCase]:
    """The table of a document that holders of `propose` propose and those of `decide` decide.

    With `superseded`, an approved one gives way to a newer.
    """
    both = (decided_by_another_person, nothing_speaks_against_it)
    newer = Step[ProposalCase]("supersede", N_("Supersede"), (S.APPROVED,), S.SUPERSEDED, decide)
    replaced = (newer,) if superseded else ()
    return Workflow(
        name,
        {
            S.PROPOSED: N_("Proposed"),
            S.APPROVED: N_("Approved"),
            S.REJECTED: N_("Rejected"),
            S.WITHDRAWN: N_("Withdrawn"),
            S.SUPERSEDED: N_("Superseded"),
        },
        (
            Step("approve", N_("Approve"), (S.PROPOSED,), S.APPROVED, decide, both),
            Step("reject", N_("Reject"), (S.PROPOSED,), S.REJECTED, decide, both[:1]),
            Step(
                "withdraw",
                N_("Withdraw"),
                (S.PROPOSED,),
                S.WITHDRAWN,
                propose,
                (withdrawn_by_its_proposer,),
            ),
            *replaced,
        ),
    )


PROPOSAL = proposal_of("proposal", P.BUDGET_PROPOSE, P.BUDGET_APPROVE, superseded=True)
