"""States of a registration and the one table of its steps."""

from __future__ import annotations

from enum import StrEnum

from grants.agencies.rules import (
    RegistrationCase,
    nobody_confirms_himself,
    refusing_gives_its_reason,
    representative_knows_his_people,
)
from grants.kernel.errors import N_
from grants.kernel.identity import Permission as P
from grants.kernel.workflow import Step, Workflow


class RegistrationState(StrEnum):
    """Whether it is known that somebody acts for an organisation."""

    PENDING = "PENDING"
    CONFIRMED = "CONFIRMED"
    REFUSED = "REFUSED"


S = RegistrationState
_CONFIRM, _REFUSE = N_("Confirm"), N_("Refuse")

#: The office decides on everybody, a legal representative on his own colleagues.
REGISTRATION: Workflow[RegistrationCase] = Workflow(
    "registration",
    {
        S.PENDING: N_("To be confirmed"),
        S.CONFIRMED: N_("Confirmed"),
        S.REFUSED: N_("Refused"),
    },
    (
        Step(
            "confirm",
            _CONFIRM,
            (S.PENDING,),
            S.CONFIRMED,
            P.ORGANISATION_EDIT,
            (nobody_confirms_himself,),
        ),
        Step(
            "refuse",
            _REFUSE,
            (S.PENDING,),
            S.REFUSED,
            P.ORGANISATION_EDIT,
            (nobody_confirms_himself, refusing_gives_its_reason),
        ),
        Step(
            "confirm",
            _CONFIRM,
            (S.PENDING,),
            S.CONFIRMED,
            P.COLLEAGUE_EDIT,
            (nobody_confirms_himself, representative_knows_his_people),
        ),
        Step(
            "refuse",
            _REFUSE,
            (S.PENDING,),
            S.REFUSED,
            P.COLLEAGUE_EDIT,
            (
                nobody_confirms_himself,
                representative_knows_his_people,
                refusing_gives_its_reason,
            ),
        ),
    ),
)
