"""Rules of agreements: what is agreed, whose scan it is, who signs in which order. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from grants.calls.terms import InstalmentTerm
from grants.kernel.calendar import add_workdays
from grants.kernel.errors import N_, Conflict, NotAllowed, Refusal, RuleBroken
from grants.kernel.money import Fen, allocate

#: The code on the paper: our address, the agreement's id and the first half of its digest.
_CODE = re.compile(r"/agreements/([0-9]{1,18})/paper/([0-9a-f]{32})$")


def code_of(public_url: str, agreement_id: int, digest: str) -> str:
    """What the QR code of one version says.

    Example: https://grants.example/agreements/7/paper/0123… with 32 characters of the digest.
    """
    return f"{public_url}/agreements/{agreement_id}/paper/{digest[:32]}"


def scan_is_of_this_paper(codes: Sequence[str], agreement_id: int, digest: str) -> Refusal | None:
    """A scan belongs to an agreement by the code printed on it, and to its last version."""
    named = [found.groups() for code in codes if (found := _CODE.search(code))]
    if not named:
        return RuleBroken(
            "agreement.no_code",
            N_("No code of ours can be read on this scan. Scan the whole page flat, at 200 dpi."),
        )
    if any(int(which) != agreement_id for which, _ in named):
        return RuleBroken("agreement.other_case", N_("This is the scan of another agreement."))
    if any(version != digest[:32] for _, version in named):
        return RuleBroken(
            "agreement.other_version",
            N_("This is an earlier version of the agreement. Print and sign the current one."),
        )
    return None


def parts_of(
    amount_fen: Fen, terms: Sequence[InstalmentTerm], due: dict[str, date]
) -> list[tuple[InstalmentTerm, Fen, date]]:
    """The amount split as the call says, each with the day by which it is due.

    Example: 60,000.00 at 500, 300 and 200 permille is 30,000.00, 18,000.00 and 12,000.00.
    """
    amounts = allocate(amount_fen, [one.share_permille for one in terms])
    return [
        (term, amount, due[term.opened_by])
        for term, amount in zip(terms, amounts, strict=True)
        if amount
    ]


def due_days(
    signed_on: date,
    starts_on: date,
    ends_on: date,
    year: int,
    *,
    first_workdays: int,
    final_days: int,
) -> dict[str, date]:
    """When each kind of part falls due, within the year whose line bears it.

    What is not paid by the end of the year is carried over with the commitment (预算法 第42条),
    so a later day becomes the year's last.
    """
    last = date(year, 12, 31)
    middle = starts_on + (ends_on - starts_on) / 2
    days = {
        "AGREEMENT": add_workdays(signed_on, first_workdays),
        "MIDTERM": middle,
        "FINAL": ends_on + timedelta(days=final_days),
    }
    return {opener: max(min(day, last), date(year, 1, 1)) for opener, day in days.items()}


@dataclass(frozen=True)
class AgreementCase:
    """What a step on an agreement looks at."""

    drawn_up_by_person: int
    actor_person: int
    representative: int | None
    of_own_organisation: bool
    seen_version: int
    version: int
    may_be_agreed: bool = True
    scan: Refusal | None = None
    reason: str = ""


def agreement_is_fresh(case: AgreementCase) -> Refusal | None:
    """Nobody acts on a page that somebody else has changed since."""
    if case.seen_version != case.version:
        return Conflict(
            "agreement.stale",
            N_("Somebody changed this agreement since you opened it. Look again."),
        )
    return None


def project_may_be_agreed(case: AgreementCase) -> Refusal | None:
    """Nothing becomes an award before its notice has ended and its objections are closed."""
    if not case.may_be_agreed:
        return RuleBroken(
            "agreement.not_cleared",
            N_("The public notice is not over, or an objection to it is open."),
        )
    return None


def agency_signs_for_itself(case: AgreementCase) -> Refusal | None:
    """The agency brings its own signed paper in."""
    if not case.of_own_organisation:
        return NotAllowed("agreement.not_own", N_("This is the agreement of another organisation."))
    return None


def scan_matches(case: AgreementCase) -> Refusal | None:
    """The scan shows this agreement in its last version."""
    return case.scan


def activated_by_another(case: AgreementCase) -> Refusal | None:
    """Whoever drew an agreement up does not make it an award."""
    if case.actor_person == case.drawn_up_by_person:
        return NotAllowed(
            "agreement.own", N_("You drew this agreement up; another person activates it.")
        )
    return None


def reason_is_given(case: AgreementCase) -> Refusal | None:
    """The other side reads why."""
    if len(case.reason.strip()) < 5:
        return RuleBroken("agreement.reason", N_("Give the reason in a few words."))
    return None
