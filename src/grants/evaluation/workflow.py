"""States of an evaluation and the one table of its steps."""

from __future__ import annotations

from enum import StrEnum

from grants.evaluation.rules import (
    EvaluationCase,
    confirmed_by_a_third,
    evaluates_oneself,
    evaluation_is_fresh,
    form_is_whole,
    nothing_speaks_against_it,
    reason_is_given,
)
from grants.kernel.errors import N_
from grants.kernel.identity import Permission as P
from grants.kernel.workflow import Step, Workflow


class EvaluationState(StrEnum):
    """Where an evaluation stands."""

    ASSIGNED = "ASSIGNED"
    SIGNED = "SIGNED"
    CONFIRMED = "CONFIRMED"
    CANCELLED = "CANCELLED"


S = EvaluationState

EVALUATION: Workflow[EvaluationCase] = Workflow(
    "evaluation",
    {
        S.ASSIGNED: N_("Under evaluation"),
        S.SIGNED: N_("Signed, to be confirmed"),
        S.CONFIRMED: N_("Confirmed"),
        S.CANCELLED: N_("Called off"),
    },
    (
        Step(
            "fill",
            N_("Fill in"),
            (S.ASSIGNED,),
            S.ASSIGNED,
            P.EVALUATE,
            (evaluation_is_fresh, evaluates_oneself),
        ),
        Step(
            "sign",
            N_("Sign"),
            (S.ASSIGNED,),
            S.SIGNED,
            P.EVALUATE,
            (evaluates_oneself, form_is_whole),
        ),
        Step(
            "send_back",
            N_("Send back"),
            (S.SIGNED,),
            S.ASSIGNED,
            P.PROJECT_DECIDE,
            (confirmed_by_a_third, reason_is_given),
        ),
        Step(
            "confirm",
            N_("Confirm"),
            (S.SIGNED,),
            S.CONFIRMED,
            P.PROJECT_DECIDE,
            (evaluation_is_fresh, confirmed_by_a_third, nothing_speaks_against_it),
        ),
        Step(
            "cancel",
            N_("Call off"),
            (S.ASSIGNED,),
            S.CANCELLED,
            P.EVALUATION_ASSIGN,
            (reason_is_given,),
        ),
    ),
)
