"""Rules about organisations and accounts: kinds, grades, inspections, names, likenesses."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Literal

from grants.kernel.errors import N_, NotAllowed, Refusal, RuleBroken
from grants.kernel.identifiers import (
    card_number_warning,
    is_corporate_account,
    is_uscc,
    plain_identifier,
)


class Kind(StrEnum):
    """What kind of body an organisation is."""

    ASSOCIATION = "ASSOCIATION"
    PRIVATE_NON_ENTERPRISE = "PRIVATE_NON_ENTERPRISE"
    FOUNDATION = "FOUNDATION"
    COMPANY = "COMPANY"
    INSTITUTION = "INSTITUTION"
    GOVERNMENT = "GOVERNMENT"
    COMMITTEE = "COMMITTEE"
    COLLECTIVE = "COLLECTIVE"
    OTHER = "OTHER"


KIND_TITLES: Mapping[Kind, str] = {
    Kind.PRIVATE_NON_ENTERPRISE: N_("Private non-enterprise unit"),
    Kind.ASSOCIATION: N_("Association"),
    Kind.FOUNDATION: N_("Foundation"),
    Kind.COMPANY: N_("Company"),
    Kind.INSTITUTION: N_("Public institution"),
    Kind.GOVERNMENT: N_("Government body"),
    Kind.COMMITTEE: N_("Village or residents' committee"),
    Kind.COLLECTIVE: N_("Village collective"),
    Kind.OTHER: N_("Other body"),
}

#: First two characters of a credit code: registering body and kind (GB 32100, domain §7 [V];
#: 54 committees [K]; 93 farmers' cooperatives count as companies here [D]).
_PREFIXES: Mapping[str, Kind] = {
    "11": Kind.GOVERNMENT,
    "12": Kind.INSTITUTION,
    "51": Kind.ASSOCIATION,
    "52": Kind.PRIVATE_NON_ENTERPRISE,
    "53": Kind.FOUNDATION,
    "54": Kind.COMMITTEE,
    "91": Kind.COMPANY,
    "93": Kind.COMPANY,
    "N1": Kind.COLLECTIVE,
    "N2": Kind.COLLECTIVE,
    "N3": Kind.COLLECTIVE,
}


def implied_kind(uscc: str | None) -> Kind | None:
    """The kind that a credit code tells, or None where it tells none (domain §7 [V]).

    Example: 52320585MJ9000014P is a private non-enterprise unit; 92… (a sole trader) tells none.
    """
    return _PREFIXES.get(plain_identifier(uscc or "")[:2])


def uscc_fault(text: str) -> Refusal | None:
    """What is wrong with a credit code, in words that help to find the slip; None if nothing.

    Source: GB 32100 and GB 11714 [V]. Example: 52320585MJ9000014X has a wrong check character.
    """
    plain = plain_identifier(text)
    if len(plain) != 18:
        return RuleBroken(
            "organisation.uscc_length",
            N_("A credit code has 18 characters; this one has {count}."),
            count=len(plain),
        )
    strange = "".join(dict.fromkeys(c for c in plain if not re.match("[0-9A-HJ-NPQRTUWXY]", c)))
    if strange:
        return RuleBroken(
            "organisation.uscc_characters",
            N_("“{characters}” never occurs in a credit code (nor do I, O, S, V and Z)."),
            characters=strange,
        )
    if not is_uscc(plain):
        return RuleBroken(
            "organisation.uscc_check",
            N_("The check character does not fit. Compare the code with the certificate."),
        )
    return None


def kind_fault(kind: Kind, uscc: str | None) -> Refusal | None:
    """A kind that contradicts the credit code; None if the two agree or the code tells none."""
    told = implied_kind(uscc)
    if told is None or told == kind:
        return None
    return RuleBroken(
        "organisation.kind_differs",
        N_("A credit code beginning with {prefix} says: {kind}."),
        prefix=plain_identifier(uscc or "")[:2],
        kind=KIND_TITLES[told],
    )


class Grade(StrEnum):
    """评估等级: the result of an assessment of social organisations."""

    A1 = "1A"
    A2 = "2A"
    A3 = "3A"
    A4 = "4A"
    A5 = "5A"


class Inspection(StrEnum):
    """年检结论: passed, passed with faults to mend, failed."""

    PASSED = "PASSED"
    BASIC = "BASIC"
    FAILED = "FAILED"


INSPECTION_TITLES: Mapping[Inspection, str] = {
    Inspection.PASSED: N_("Qualified"),
    Inspection.BASIC: N_("Basically qualified"),
    Inspection.FAILED: N_("Not qualified"),
}


class Standing(StrEnum):
    """Whether the registering body lists it: 活动异常名录, 严重违法失信名单, or closed."""

    GOOD = "GOOD"
    ABNORMAL = "ABNORMAL"
    ILLEGAL = "ILLEGAL"
    CLOSED = "CLOSED"


STANDING_TITLES: Mapping[Standing, str] = {
    Standing.GOOD: N_("In good standing"),
    Standing.ABNORMAL: N_("On the list of abnormal activity"),
    Standing.ILLEGAL: N_("On the list of serious breaches"),
    Standing.CLOSED: N_("Deregistered"),
}

Mark = Literal["pass", "look", "stop"]


def grade_is_valid_on(grade: str | None, expires_on: date | None, day: date) -> bool:
    """Whether a grade holds on `day`; its last day counts.

    Grades hold for five years (社会组织评估管理办法, 民政部令第39号 [K]), so one without a
    last day proves nothing. Example: a 4A until 2026-06-15 holds on that day, not on the next.
    """
    return grade is not None and expires_on is not None and day <= expires_on


def inspection_mark(year: int | None, result: str | None, day: date) -> Mark:
    """How last year's annual inspection looks on `day` (§1.9 item 7).

    Last year's result comes out in the course of this year, so that of the year before last
    still passes, as it does in the payment gate. Example: PASSED for 2024 passes in 2026;
    BASIC deserves a look; FAILED stops.
    """
    if result == Inspection.FAILED:
        return "stop"
    if result is None or year is None or year < day.year - 2:
        return "stop"
    return "pass" if result == Inspection.PASSED else "look"


def standing_mark(standing: str) -> Mark:
    """A body on the list of serious breaches, or closed, is not paid; an abnormal one stops too.

    Source: §1.9 item 7 (org not in 活动异常名录/严重违法失信名单).
    """
    return "pass" if standing == Standing.GOOD else "stop"


#: White space and marks that nobody sees; they never make two names different.
UNSEEN = "\\s\\u00ad\\u200b-\\u200f\\u202a-\\u202e\\u2060-\\u2064\\ufeff"
_UNSEEN = re.compile(f"[{UNSEEN}]")


@dataclass(frozen=True, slots=True)
class KnownOrganisation:
    """An organisation as far as an import recognises it."""

    id: int
    name: str
    uscc: str | None
    external_id: str | None


def plain_name(name: str) -> str:
    """A name as names are compared: half-width, without spaces, unseen marks and case.

    Example: “示例中心（太仓）” and “示例中心 (太仓)” are one.
    """
    return _UNSEEN.sub("", unicodedata.normalize("NFKC", name)).lower()


def names_agree(one: str, other: str) -> bool:
    """Whether two spellings are one name. Example: “示例中心（太仓）”, “示例中心 (太仓)”."""
    return plain_name(one) == plain_name(other) != ""


def account_fault(number: str) -> Refusal | None:
    """对公账号 and passbooks have 8 to 32 digits; spaces and hyphens do not count (domain §7)."""
    if is_corporate_account(number):
        return None
    return RuleBroken("account.shape", N_("An account number has 8 to 32 digits and nothing else."))


def card_deserves_a_look(number: str, *, of_person: bool) -> bool:
    """A person's card whose length or check digit is off. It warns only: some passbook accounts
    fail the check (domain §7)."""
    return of_person and card_number_warning(number)


class Likeness(StrEnum):
    """Why two records look like one."""

    SAME_NAME = "same_name"
    SIMILAR_NAME = "similar_name"
    SAME_ID = "same_id"
    SAME_ACCOUNT = "same_account"
    SAME_PHONE = "same_phone"


LIKENESS_TITLES: Mapping[Likeness, str] = {
    Likeness.SAME_NAME: N_("Same name"),
    Likeness.SIMILAR_NAME: N_("Nearly the same name"),
    Likeness.SAME_ID: N_("Same organisation code or id number"),
    Likeness.SAME_ACCOUNT: N_("Same bank account"),
    Likeness.SAME_PHONE: N_("Same phone"),
}


@dataclass(frozen=True)
class Features:
    """By what a record is recognised; secrets only as blind indexes."""

    name: str
    id_key: str | None = None
    phone_index: bytes | None = None
    account_indexes: frozenset[bytes] = frozenset()


def organisation_code(uscc: str | None) -> str | None:
    """组织机构代码: characters 9-17 of a credit code (GB 11714 [V]).

    It stays when a body changes its kind and receives another credit code, so two codes with
    the same nine characters are one body. Example: MJ9000014 of 52320585MJ9000014P.
    """
    return plain_identifier(uscc)[8:17] if uscc else None


def duplicate_reasons(one: Features, other: Features) -> list[Likeness]:
    """Why two records may be one, strongest first (same id, account, phone, name).

    Two people with different id numbers are two people, whatever their name.
    """
    found: list[Likeness] = []
    if one.id_key and one.id_key == other.id_key:
        found.append(Likeness.SAME_ID)
    if one.account_indexes & other.account_indexes:
        found.append(Likeness.SAME_ACCOUNT)
    if one.phone_index and one.phone_index == other.phone_index:
        found.append(Likeness.SAME_PHONE)
    if names_agree(one.name, other.name):
        found.append(Likeness.SAME_NAME)
    return found


@dataclass(frozen=True)
class AccountCase:
    """Who entered an account, who decides on it, and whether the number was typed alike."""

    actor_person: int
    entered_by_person: int
    typed_alike: bool = True


def another_person_entered_it(case: AccountCase) -> Refusal | None:
    """经办 and 复核 of payee bank data are two natural persons (财会〔2012〕21号, §1.8)."""
    if case.actor_person == case.entered_by_person:
        return NotAllowed(
            "account.own_entry", N_("You entered this account; another person has to verify it.")
        )
    return None


def both_typed_the_same_number(case: AccountCase) -> Refusal | None:
    """Who verifies types the number from the evidence once more [D]; it has to be the same."""
    if not case.typed_alike:
        return RuleBroken(
            "account.typed_differently",
            N_("This is not the number that was entered. Compare both with the evidence."),
        )
    return None
