"""States of a bank account and the one table of its steps."""

from __future__ import annotations

from enum import StrEnum

from grants.kernel.errors import N_
from grants.kernel.identity import Permission as P
from grants.kernel.workflow import Step, Workflow
from grants.parties.rules import (
    AccountCase,
    another_person_entered_it,
    both_typed_the_same_number,
)


class AccountState(StrEnum):
    """Where a bank account stands; only a verified one is paid to."""

    ENTERED = "ENTERED"
    VERIFIED = "VERIFIED"
    REFUSED = "REFUSED"
    RETIRED = "RETIRED"


S = AccountState

ACCOUNT: Workflow[AccountCase] = Workflow(
    "bank_account",
    {
        S.ENTERED: N_("To be verified"),
        S.VERIFIED: N_("Verified"),
        S.REFUSED: N_("Refused"),
        S.RETIRED: N_("Retired"),
    },
    (
        Step(
            "verify",
            N_("Verify"),
            (S.ENTERED,),
            S.VERIFIED,
            P.ACCOUNT_VERIFY,
            (another_person_entered_it, both_typed_the_same_number),
        ),
        Step(
            "refuse",
            N_("Refuse"),
            (S.ENTERED,),
            S.REFUSED,
            P.ACCOUNT_VERIFY,
            (another_person_entered_it,),
        ),
        Step("retire", N_("Retire"), (S.VERIFIED,), S.RETIRED, P.ACCOUNT_VERIFY),
    ),
)
