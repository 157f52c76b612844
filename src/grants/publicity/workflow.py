"""States of a public notice and of an objection to it."""

from __future__ import annotations

from enum import StrEnum

from grants.kernel.errors import N_
from grants.kernel.identity import Permission as P
from grants.kernel.workflow import Step, Workflow
from grants.publicity.rules import (
    NoticeCase,
    ObjectionCase,
    a_line_is_named,
    attachments_can_be_read,
    finding_is_given,
    judged_by_another,
    list_is_not_empty,
    nothing_private_is_published,
    nothing_was_built_on_it,
    notice_is_fresh,
    period_is_over,
    publisher_did_not_draft,
)


class NoticeState(StrEnum):
    """Where a notice stands."""

    DRAFT = "DRAFT"
    PUBLISHED = "PUBLISHED"
    ENDED = "ENDED"
    WITHDRAWN = "WITHDRAWN"
    DISCARDED = "DISCARDED"


N = NoticeState

NOTICE: Workflow[NoticeCase] = Workflow(
    "public_notice",
    {
        N.DRAFT: N_("Draft"),
        N.PUBLISHED: N_("Published"),
        N.ENDED: N_("Ended"),
        N.WITHDRAWN: N_("Withdrawn"),
        N.DISCARDED: N_("Discarded"),
    },
    (
        Step("edit", N_("Change"), (N.DRAFT,), N.DRAFT, P.NOTICE_EDIT, (notice_is_fresh,)),
        Step("discard", N_("Discard"), (N.DRAFT,), N.DISCARDED, P.NOTICE_EDIT),
        Step(
            "publish",
            N_("Publish"),
            (N.DRAFT,),
            N.PUBLISHED,
            P.NOTICE_PUBLISH,
            (
                notice_is_fresh,
                publisher_did_not_draft,
                list_is_not_empty,
                attachments_can_be_read,
                nothing_private_is_published,
            ),
        ),
        # The clock ends a notice; `grants jobs` does it in nobody's name.
        Step("end", N_("End"), (N.PUBLISHED,), N.ENDED, P.SIGNED_IN, (period_is_over,)),
        # A published notice is never edited: it is withdrawn, and a corrected one runs anew.
        Step(
            "withdraw",
            N_("Withdraw"),
            (N.PUBLISHED,),
            N.WITHDRAWN,
            P.NOTICE_PUBLISH,
            (nothing_was_built_on_it,),
        ),
    ),
)


class ObjectionState(StrEnum):
    """Where an objection stands."""

    RECEIVED = "RECEIVED"
    UPHELD = "UPHELD"
    DISMISSED = "DISMISSED"
    TAKEN_BACK = "TAKEN_BACK"


S = ObjectionState

OBJECTION: Workflow[ObjectionCase] = Workflow(
    "objection",
    {
        S.RECEIVED: N_("To be verified"),
        S.UPHELD: N_("Upheld"),
        S.DISMISSED: N_("Dismissed"),
        S.TAKEN_BACK: N_("Taken back"),
    },
    (
        Step(
            "uphold",
            N_("Uphold"),
            (S.RECEIVED,),
            S.UPHELD,
            P.OBJECTION_JUDGE,
            (judged_by_another, finding_is_given, a_line_is_named),
        ),
        Step(
            "dismiss",
            N_("Dismiss"),
            (S.RECEIVED,),
            S.DISMISSED,
            P.OBJECTION_JUDGE,
            (judged_by_another, finding_is_given),
        ),
        Step(
            "take_back",
            N_("Record that it was taken back"),
            (S.RECEIVED,),
            S.TAKEN_BACK,
            P.OBJECTION_JUDGE,
            (finding_is_given,),
        ),
    ),
)
