"""States of a panel and the one table of its steps."""

from __future__ import annotations

from enum import StrEnum

from grants.kernel.errors import N_
from grants.kernel.identity import Permission as P
from grants.kernel.workflow import Step, Workflow
from grants.selection.guards import (
    PanelCase,
    defence_is_part_of_it,
    documents_are_signed,
    every_seat_is_declared,
    everybody_has_signed,
    nothing_was_scored,
    panel_is_fresh,
    there_is_something_to_score,
)


class PanelState(StrEnum):
    """Where a panel stands."""

    DECLARING = "DECLARING"
    DOCUMENTS = "DOCUMENTS"
    DEFENCE = "DEFENCE"
    OPENED = "OPENED"
    DISSOLVED = "DISSOLVED"


class MemberState(StrEnum):
    """Where a member stands: drawn, without conflict, or kept away by one."""

    DRAWN = "DRAWN"
    CONFIRMED = "CONFIRMED"
    RECUSED = "RECUSED"


MEMBER_TITLES = {
    MemberState.DRAWN: N_("To declare"),
    MemberState.CONFIRMED: N_("No conflict"),
    MemberState.RECUSED: N_("Recused"),
}

S = PanelState

#: Scores open by themselves with the last signature: that step asks for no role of the office.
PANEL: Workflow[PanelCase] = Workflow(
    "panel",
    {
        S.DECLARING: N_("Declaring conflicts"),
        S.DOCUMENTS: N_("Scoring documents"),
        S.DEFENCE: N_("Defence"),
        S.OPENED: N_("Scores opened"),
        S.DISSOLVED: N_("Dissolved"),
    },
    (
        Step(
            "begin_scoring",
            N_("Begin the scoring"),
            (S.DECLARING,),
            S.DOCUMENTS,
            P.PANEL_EDIT,
            (panel_is_fresh, every_seat_is_declared, there_is_something_to_score),
        ),
        Step(
            "begin_defence",
            N_("Begin the defence"),
            (S.DOCUMENTS,),
            S.DEFENCE,
            P.PANEL_EDIT,
            (panel_is_fresh, documents_are_signed, defence_is_part_of_it),
        ),
        Step(
            "open_scores",
            N_("Open the scores"),
            (S.DOCUMENTS, S.DEFENCE),
            S.OPENED,
            P.SIGNED_IN,
            (everybody_has_signed,),
        ),
        Step(
            "dissolve",
            N_("Dissolve"),
            (S.DECLARING, S.DOCUMENTS),
            S.DISSOLVED,
            P.PANEL_EDIT,
            (panel_is_fresh, nothing_was_scored),
        ),
    ),
)
