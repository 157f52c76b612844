"""States of an application and the one table of its steps."""

from __future__ import annotations

from enum import StrEnum

from grants.applications.rules import (
    ApplicationCase,
    call_has_closed,
    declaration_is_made,
    every_section_is_whole,
    no_check_stops_it,
    page_is_fresh,
    representative_submits,
    supplement_days_are_over,
    supplement_is_asked_once,
    supplement_is_in_time,
    verdict_gives_its_reason,
    window_is_open,
)
from grants.kernel.errors import N_
from grants.kernel.identity import Permission as P
from grants.kernel.workflow import Step, Workflow


class ApplicationState(StrEnum):
    """Where an application stands."""

    DRAFT = "DRAFT"
    DISCARDED = "DISCARDED"
    LAPSED = "LAPSED"
    SUBMITTED = "SUBMITTED"
    SUPPLEMENT = "SUPPLEMENT"
    ELIGIBLE = "ELIGIBLE"
    INELIGIBLE = "INELIGIBLE"
    PROPOSED = "PROPOSED"
    RESERVE = "RESERVE"
    REJECTED = "REJECTED"
    APPROVED = "APPROVED"
    DROPPED = "DROPPED"
    AWARDED = "AWARDED"


S = ApplicationState
_SCREEN = P.APPLICATION_SCREEN

#: States of an application that passed the checks, whatever came of it since.
PASSED = (S.ELIGIBLE, S.PROPOSED, S.RESERVE, S.REJECTED, S.APPROVED, S.DROPPED, S.AWARDED)

#: What the clock does, `grants jobs` does in nobody's name; what a decision does, the decision
#: has asked for: these steps ask for no role of their own, and no page offers them.
_HANDED_DOWN = P.SIGNED_IN

APPLICATION: Workflow[ApplicationCase] = Workflow(
    "application",
    {
        S.DRAFT: N_("Draft"),
        S.DISCARDED: N_("Discarded"),
        S.LAPSED: N_("Not submitted in time"),
        S.SUBMITTED: N_("Submitted"),
        S.SUPPLEMENT: N_("To be supplemented"),
        S.ELIGIBLE: N_("Passed the checks"),
        S.INELIGIBLE: N_("Failed the checks"),
        S.PROPOSED: N_("Proposed for funding"),
        S.RESERVE: N_("On the reserve list"),
        S.REJECTED: N_("Not funded"),
        S.APPROVED: N_("To be funded"),
        S.DROPPED: N_("Dropped"),
        S.AWARDED: N_("Funded"),
    },
    (
        Step(
            "submit",
            N_("Submit"),
            (S.DRAFT,),
            S.SUBMITTED,
            P.APPLICATION_EDIT,
            (
                page_is_fresh,
                window_is_open,
                representative_submits,
                every_section_is_whole,
                declaration_is_made,
            ),
        ),
        Step(
            "withdraw",
            N_("Withdraw and go on writing"),
            (S.SUBMITTED,),
            S.DRAFT,
            P.APPLICATION_EDIT,
            (page_is_fresh, window_is_open, representative_submits),
        ),
        Step("discard", N_("Discard"), (S.DRAFT,), S.DISCARDED, P.APPLICATION_EDIT),
        Step("lapse", N_("Lapse"), (S.DRAFT,), S.LAPSED, _HANDED_DOWN, (call_has_closed,)),
        Step(
            "ask_supplement",
            N_("Ask for a supplement"),
            (S.SUBMITTED,),
            S.SUPPLEMENT,
            _SCREEN,
            (page_is_fresh, call_has_closed, supplement_is_asked_once, verdict_gives_its_reason),
        ),
        Step(
            "supplement",
            N_("Send the supplement"),
            (S.SUPPLEMENT,),
            S.SUBMITTED,
            P.APPLICATION_EDIT,
            (
                page_is_fresh,
                supplement_is_in_time,
                representative_submits,
                every_section_is_whole,
                declaration_is_made,
            ),
        ),
        Step(
            "supplement_lapses",
            N_("Days to supplement are over"),
            (S.SUPPLEMENT,),
            S.SUBMITTED,
            _HANDED_DOWN,
            (supplement_days_are_over,),
        ),
        Step(
            "pass",
            N_("Pass"),
            (S.SUBMITTED,),
            S.ELIGIBLE,
            _SCREEN,
            (page_is_fresh, call_has_closed, no_check_stops_it),
        ),
        Step(
            "fail",
            N_("Fail"),
            (S.SUBMITTED,),
            S.INELIGIBLE,
            _SCREEN,
            (page_is_fresh, call_has_closed, verdict_gives_its_reason),
        ),
        Step(
            "reconsider",
            N_("Take the verdict back"),
            (S.ELIGIBLE, S.INELIGIBLE),
            S.SUBMITTED,
            _SCREEN,
            (page_is_fresh, call_has_closed, verdict_gives_its_reason),
        ),
        Step("propose", N_("Propose for funding"), (S.ELIGIBLE,), S.PROPOSED, _HANDED_DOWN),
        Step("reserve", N_("Put on the reserve list"), (S.ELIGIBLE,), S.RESERVE, _HANDED_DOWN),
        Step("reject", N_("Do not fund"), (S.ELIGIBLE, S.RESERVE), S.REJECTED, _HANDED_DOWN),
        Step("promote", N_("Move up from the reserve"), (S.RESERVE,), S.PROPOSED, _HANDED_DOWN),
        Step("confirm", N_("Confirm"), (S.PROPOSED,), S.APPROVED, _HANDED_DOWN),
        Step("drop", N_("Drop"), (S.PROPOSED, S.APPROVED), S.DROPPED, _HANDED_DOWN),
        Step("award", N_("Award"), (S.APPROVED,), S.AWARDED, _HANDED_DOWN),
    ),
)
