"""States of needs, of rounds and of their revisions."""

from __future__ import annotations

from enum import StrEnum

from grants.calls.rules import (
    NeedCase,
    RevisionCase,
    RoundCase,
    approver_did_not_draft,
    calling_off_gives_its_reason,
    decision_gives_its_reason,
    every_application_is_screened,
    need_is_fresh,
    need_is_ones_own,
    nobody_has_applied,
    revision_is_fresh,
    terms_hold,
    window_has_closed,
    window_has_opened,
)
from grants.kernel.errors import N_
from grants.kernel.identity import Permission as P
from grants.kernel.workflow import Step, Workflow


class NeedState(StrEnum):
    """Where a need stands."""

    ENTERED = "ENTERED"
    PUBLISHED = "PUBLISHED"
    DECLINED = "DECLINED"
    MET = "MET"
    WITHDRAWN = "WITHDRAWN"


N = NeedState

NEED: Workflow[NeedCase] = Workflow(
    "need",
    {
        N.ENTERED: N_("To be looked at"),
        N.PUBLISHED: N_("Published"),
        N.DECLINED: N_("Declined"),
        N.MET: N_("Met"),
        N.WITHDRAWN: N_("Withdrawn"),
    },
    (
        Step(
            "edit",
            N_("Change"),
            (N.ENTERED,),
            N.ENTERED,
            P.NEED_ENTER,
            (need_is_fresh, need_is_ones_own),
        ),
        Step("publish", N_("Publish"), (N.ENTERED,), N.PUBLISHED, P.NEED_DECIDE, (need_is_fresh,)),
        Step(
            "decline",
            N_("Decline"),
            (N.ENTERED,),
            N.DECLINED,
            P.NEED_DECIDE,
            (need_is_fresh, decision_gives_its_reason),
        ),
        Step(
            "meet",
            N_("Mark as met"),
            (N.PUBLISHED,),
            N.MET,
            P.NEED_DECIDE,
            (need_is_fresh, decision_gives_its_reason),
        ),
        Step(
            "withdraw",
            N_("Withdraw"),
            (N.ENTERED, N.PUBLISHED),
            N.WITHDRAWN,
            P.NEED_ENTER,
            (need_is_fresh, need_is_ones_own),
        ),
    ),
)


class RevisionState(StrEnum):
    """Where a revision of a round's terms stands."""

    DRAFT = "DRAFT"
    PROPOSED = "PROPOSED"
    PUBLISHED = "PUBLISHED"
    SUPERSEDED = "SUPERSEDED"
    DISCARDED = "DISCARDED"


V = RevisionState

REVISION: Workflow[RevisionCase] = Workflow(
    "call_revision",
    {
        V.DRAFT: N_("Draft"),
        V.PROPOSED: N_("Proposed"),
        V.PUBLISHED: N_("Published"),
        V.SUPERSEDED: N_("Superseded"),
        V.DISCARDED: N_("Discarded"),
    },
    (
        Step("edit", N_("Change"), (V.DRAFT,), V.DRAFT, P.CALL_EDIT, (revision_is_fresh,)),
        Step(
            "propose",
            N_("Propose for approval"),
            (V.DRAFT,),
            V.PROPOSED,
            P.CALL_EDIT,
            (revision_is_fresh, terms_hold),
        ),
        Step(
            "publish",
            N_("Approve and publish"),
            (V.PROPOSED,),
            V.PUBLISHED,
            P.CALL_APPROVE,
            (revision_is_fresh, approver_did_not_draft, terms_hold),
        ),
        Step(
            "return",
            N_("Return"),
            (V.PROPOSED,),
            V.DRAFT,
            P.CALL_APPROVE,
            (revision_is_fresh, approver_did_not_draft),
        ),
        Step(
            "take_back",
            N_("Take back"),
            (V.PROPOSED,),
            V.DRAFT,
            P.CALL_EDIT,
            (revision_is_fresh,),
        ),
        Step("discard", N_("Discard"), (V.DRAFT,), V.DISCARDED, P.CALL_EDIT, (revision_is_fresh,)),
        Step("supersede", N_("Supersede"), (V.PUBLISHED,), V.SUPERSEDED, P.CALL_APPROVE),
    ),
)


class RoundState(StrEnum):
    """Where a round stands."""

    DRAFT = "DRAFT"
    PUBLISHED = "PUBLISHED"
    OPEN = "OPEN"
    SCREENING = "SCREENING"
    REVIEW = "REVIEW"
    PROPOSED = "PROPOSED"
    PUBLICITY = "PUBLICITY"
    CONTRACTING = "CONTRACTING"
    CLOSED = "CLOSED"
    CANCELLED = "CANCELLED"


S = RoundState

#: The clock opens and closes a round: `grants jobs` does it on the second, in nobody's name.
ROUND: Workflow[RoundCase] = Workflow(
    "call_round",
    {
        S.DRAFT: N_("In preparation"),
        S.PUBLISHED: N_("Announced"),
        S.OPEN: N_("Taking applications"),
        S.SCREENING: N_("Screening"),
        S.REVIEW: N_("Review"),
        S.PROPOSED: N_("Decided, to be published"),
        S.PUBLICITY: N_("Public notice"),
        S.CONTRACTING: N_("Agreements and projects"),
        S.CLOSED: N_("Closed"),
        S.CANCELLED: N_("Called off"),
    },
    (
        Step("announce", N_("Announce"), (S.DRAFT,), S.PUBLISHED, P.CALL_APPROVE),
        Step("open", N_("Open"), (S.PUBLISHED,), S.OPEN, P.SIGNED_IN, (window_has_opened,)),
        Step("close", N_("Close"), (S.OPEN,), S.SCREENING, P.SIGNED_IN, (window_has_closed,)),
        Step(
            "begin_review",
            N_("Begin the review"),
            (S.SCREENING,),
            S.REVIEW,
            P.APPLICATION_SCREEN,
            (every_application_is_screened,),
        ),
        # What a floor above decides, it has asked for: these steps ask for no role of their own.
        Step("decide", N_("Decide"), (S.REVIEW,), S.PROPOSED, P.SIGNED_IN),
        Step("undecide", N_("Take the decision back"), (S.PROPOSED,), S.REVIEW, P.SIGNED_IN),
        Step("publicise", N_("Publish the list"), (S.PROPOSED,), S.PUBLICITY, P.SIGNED_IN),
        Step("conclude", N_("End the notice"), (S.PUBLICITY,), S.CONTRACTING, P.SIGNED_IN),
        Step("finish", N_("Finish"), (S.CONTRACTING,), S.CLOSED, P.SIGNED_IN),
        Step(
            "call_off",
            N_("Call off"),
            (S.DRAFT, S.PUBLISHED, S.OPEN),
            S.CANCELLED,
            P.CALL_APPROVE,
            (nobody_has_applied, calling_off_gives_its_reason),
        ),
    ),
)
