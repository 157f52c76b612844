"""What speaks for and against a payee and an account, as pages show it: ✓ ! ✗ with the figure.

The payment gate decides on each payment; these say the same earlier, where it can be mended.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from grants.kernel.errors import N_
from grants.parties.queries import Account, Organisation
from grants.parties.rules import (
    INSPECTION_TITLES,
    STANDING_TITLES,
    Inspection,
    Mark,
    Standing,
    grade_is_valid_on,
    inspection_mark,
    names_agree,
    standing_mark,
)


@dataclass(frozen=True)
class Check:
    """One line: its mark and the sentence with the figures it looked at."""

    rule: str
    mark: Mark
    message: str
    params: Mapping[str, object] = field(default_factory=dict)


def _standing(organisation: Organisation) -> Check:
    mark = standing_mark(organisation.standing)
    title = STANDING_TITLES[Standing(organisation.standing)]
    if mark == "pass":
        return Check("standing", mark, N_("The registering body lists nothing against it"))
    return Check(
        "standing",
        mark,
        N_("{standing}: {note}"),
        {"standing": title, "note": organisation.standing_note},
    )


def _inspection(organisation: Organisation, today: date) -> Check:
    year, result = organisation.inspection_year, organisation.inspection_result
    mark = inspection_mark(year, result, today)
    if result is None:
        return Check(
            "inspection",
            mark,
            N_("No passed annual inspection is recorded for {year}"),
            {"year": today.year - 1},
        )
    return Check(
        "inspection",
        mark,
        N_("Annual inspection {year}: {result}"),
        {"year": year, "result": INSPECTION_TITLES[Inspection(result)]},
    )


def _grade(organisation: Organisation, today: date) -> Check:
    grade, until = organisation.grade, organisation.grade_expires_on
    if grade is None:
        return Check("grade", "look", N_("No grade is recorded"))
    params = {"grade": grade, "day": until}
    if grade_is_valid_on(grade, until, today):
        return Check("grade", "pass", N_("Grade {grade}, until {day}"), params)
    return Check("grade", "look", N_("Grade {grade} ended on {day}"), params)


def _accounts(organisation: Organisation) -> Check:
    if organisation.verified_accounts:
        return Check(
            "accounts",
            "pass",
            N_("Verified bank accounts: {count}"),
            {"count": organisation.verified_accounts},
        )
    if organisation.waiting_accounts:
        return Check("accounts", "look", N_("Its bank account waits to be verified"))
    return Check("accounts", "stop", N_("No bank account: nothing can be paid to it"))


def checks_of_organisation(organisation: Organisation, today: date) -> Sequence[Check]:
    """Code, standing, inspection, grade, accounts and likenesses of a payee (§1.9 item 7)."""
    coded = (
        Check("code", "pass", N_("The credit code is well formed"))
        if organisation.uscc
        else Check("code", "look", N_("No credit code is recorded"))
    )
    found = [
        coded,
        _standing(organisation),
        _inspection(organisation, today),
        _grade(organisation, today),
        _accounts(organisation),
    ]
    if organisation.open_duplicates:
        found.append(Check("duplicates", "look", N_("It looks like another record")))
    return found


def checks_of_account(
    account: Account, *, papers: int, others: Sequence[str], card_is_odd: bool
) -> Sequence[Check]:
    """Name, routing number, number, others with the same number, papers of an account.

    `others` are payees with a live account of the same number.
    """
    agree = names_agree(account.payee_name, account.holder_name)
    names = {"payee": account.payee_name, "holder": account.holder_name}
    found = [
        Check("names", "pass", N_("Payee and account holder agree"))
        if agree
        else Check(
            "names",
            "stop",
            N_("The payee is “{payee}”, but the account belongs to “{holder}”"),
            names,
        ),
        Check("cnaps", "pass", N_("Routing number {number}"), {"number": account.cnaps})
        if account.cnaps
        else Check("cnaps", "look", N_("No routing number; some banks ask for it")),
    ]
    if card_is_odd:
        found.append(
            Check("card", "look", N_("As a card number its length or check digit is unusual"))
        )
    if others:
        found.append(
            Check(
                "others",
                "look",
                N_("The same number belongs to: {payees}"),
                {"payees": "、".join(others[:5])},
            )
        )
    found.append(
        Check("papers", "pass", N_("{count} attachments"), {"count": papers})
        if papers
        else Check("papers", "look", N_("No file is attached."))
    )
    return found
