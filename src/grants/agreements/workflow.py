"""States of an agreement and the one table of its steps."""

from __future__ import annotations

from enum import StrEnum

from grants.agreements.rules import (
    AgreementCase,
    activated_by_another,
    agency_signs_for_itself,
    agreement_is_fresh,
    project_may_be_agreed,
    reason_is_given,
    scan_matches,
)
from grants.kernel.errors import N_
from grants.kernel.identity import Permission as P
from grants.kernel.workflow import Step, Workflow


class AgreementState(StrEnum):
    """Where an agreement stands."""

    DRAFT = "DRAFT"
    ISSUED = "ISSUED"
    AGENCY_SIGNED = "AGENCY_SIGNED"
    SIGNED = "SIGNED"
    ACTIVE = "ACTIVE"
    VOID = "VOID"


S = AgreementState
_EDIT = P.AGREEMENT_EDIT

AGREEMENT: Workflow[AgreementCase] = Workflow(
    "agreement",
    {
        S.DRAFT: N_("Draft"),
        S.ISSUED: N_("To be signed by the agency"),
        S.AGENCY_SIGNED: N_("To be signed by the office"),
        S.SIGNED: N_("Signed by both"),
        S.ACTIVE: N_("Effective"),
        S.VOID: N_("Void"),
    },
    (
        Step("edit", N_("Change"), (S.DRAFT,), S.DRAFT, _EDIT, (agreement_is_fresh,)),
        Step(
            "issue",
            N_("Issue for signature"),
            (S.DRAFT,),
            S.ISSUED,
            _EDIT,
            (agreement_is_fresh, project_may_be_agreed),
        ),
        Step(
            "recall",
            N_("Recall"),
            (S.ISSUED, S.AGENCY_SIGNED, S.SIGNED),
            S.DRAFT,
            _EDIT,
            (reason_is_given,),
        ),
        Step(
            "sign_agency",
            N_("Hand in the signed paper"),
            (S.ISSUED,),
            S.AGENCY_SIGNED,
            P.APPLICATION_EDIT,
            (agency_signs_for_itself, scan_matches),
        ),
        Step(
            "return_scan",
            N_("Return the scan"),
            (S.AGENCY_SIGNED,),
            S.ISSUED,
            _EDIT,
            (reason_is_given,),
        ),
        Step(
            "sign_office",
            N_("Hand in the paper sealed by both"),
            (S.AGENCY_SIGNED,),
            S.SIGNED,
            _EDIT,
            (scan_matches,),
        ),
        Step(
            "activate",
            N_("Put into force"),
            (S.SIGNED,),
            S.ACTIVE,
            P.AWARD_APPROVE,
            (agreement_is_fresh, activated_by_another, project_may_be_agreed),
        ),
        Step(
            "void",
            N_("Declare void"),
            (S.DRAFT, S.ISSUED, S.AGENCY_SIGNED),
            S.VOID,
            P.AWARD_APPROVE,
            (reason_is_given,),
        ),
    ),
)
