"""Rules about people: passwords, lock-out, which roles one person may hold together."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date, timedelta

from pydantic import BaseModel, ConfigDict, Field

from grants.kernel.errors import N_, NotAllowed, Refusal, RuleBroken
from grants.kernel.identity import ADMINISTRATORS, NEEDS_SECOND_FACTOR, ROLE_TITLES, Role


class SignInPolicy(BaseModel):
    """Policy `sign_in`: passwords and lock-out (practice of GB/T 22239—2019 level 2 and 3 [K]).

    The defaults hold wherever no version does, so that a gap between two versions locks nobody
    out and lets nobody in more easily.
    """

    model_config = ConfigDict(frozen=True)

    password_length: int = Field(default=10, ge=8, le=64)
    password_classes: int = Field(default=3, ge=1, le=4)
    passwords_remembered: int = Field(default=5, ge=1, le=24)
    failures_allowed: int = Field(default=5, ge=1, le=20)
    locked_minutes: int = Field(default=30, ge=1, le=1440)

    @property
    def locked_for(self) -> timedelta:
        """How long an account stays locked after too many failures."""
        return timedelta(minutes=self.locked_minutes)


_CLASSES = (r"[a-z]", r"[A-Z]", r"[0-9]", r"[^A-Za-z0-9]")

#: Roles that one natural person never holds together, whatever the account.
#: 会计法 第35条 [V]: the cashier keeps no accounts and checks none; the main leader is not the
#: deputy for finance [K].
APART = (
    frozenset({Role.CASHIER, Role.FIN_OFFICER}),
    frozenset({Role.CASHIER, Role.FIN_HEAD}),
    frozenset({Role.FIN_DEPUTY, Role.MAIN_LEADER}),
    # Accounts, roles and the record of both lie in three hands (三员分立, GB/T 22239—2019 [K]).
    frozenset({Role.SYS_ADMIN, Role.SEC_ADMIN}),
    frozenset({Role.SYS_ADMIN, Role.AUDIT_ADMIN}),
    frozenset({Role.SEC_ADMIN, Role.AUDIT_ADMIN}),
)


#: Who acts for an agency may score in rounds in which it does not apply.
_AGENCY_MAY_BE = frozenset({Role.APPLICANT_ORG, Role.EXPERT})


def password_is_strong(password: str, policy: SignInPolicy) -> Refusal | None:
    """Long enough and of enough classes (policy `sign_in` [K]).

    Example: by the defaults "Right-horse-7" is strong, "righthorse7" of two classes is not.
    """
    kinds = sum(bool(re.search(kind, password)) for kind in _CLASSES)
    if len(password) < policy.password_length or kinds < policy.password_classes:
        return RuleBroken(
            "people.weak_password",
            N_("At least {length} characters of {classes} kinds: lower, upper, digits, signs."),
            length=policy.password_length,
            classes=policy.password_classes,
        )
    return None


def roles_may_meet(roles: Collection[Role]) -> Refusal | None:
    """Whether one natural person may hold these roles together.

    Roles of all the person's accounts are meant. Example: cashier and finance reviewer are
    kept apart, case officer and section head are not.
    """
    held = frozenset(roles)
    if held & ADMINISTRATORS and held - ADMINISTRATORS:
        return RuleBroken(
            "people.administrator_in_business",
            N_("An administrator holds no business role, and the other way round."),
        )
    if Role.APPLICANT_ORG in held and held - _AGENCY_MAY_BE:
        return RuleBroken(
            "people.agency_in_office",
            N_("Who acts for an agency holds no role of the office that pays it."),
        )
    for pair in APART:
        if pair <= held:
            first, second = sorted(pair)
            return RuleBroken(
                "people.roles_apart",
                N_("One person may not be {first} and {second}."),
                first=ROLE_TITLES[first],
                second=ROLE_TITLES[second],
            )
    return None


def role_fits_office(role: Role, *, of_agency: bool) -> Refusal | None:
    """An agency's account holds the agency's role and no other, and no other account holds it.

    What an account sees follows from its agency: the agency's role on an account of the bureau
    would see every agency's papers.
    """
    if (role is Role.APPLICANT_ORG) != of_agency:
        return RuleBroken(
            "people.role_of_office",
            N_("An agency's account holds the agency's role alone, and only it does."),
        )
    return None


def granter_is_another_person(granter: int, person: int) -> Refusal | None:
    """Nobody grants a role to himself, through whichever account."""
    if granter == person:
        return NotAllowed("people.own_role", N_("Another person has to grant you a role."))
    return None


def delegation_is_lawful(
    role: Role, held: Collection[Role], starts_on: date, ends_on: date, *, same_person: bool
) -> Refusal | None:
    """One delegates a role one holds by grant, to another person, for a stretch of days."""
    if role not in held:
        return NotAllowed("people.role_not_held", N_("You can delegate only a role of your own."))
    if same_person:
        return NotAllowed("people.self_delegation", N_("Delegate to another person."))
    if ends_on <= starts_on:
        return RuleBroken("people.dates", N_("The delegation has to end after it starts."))
    return None


def needs_second_factor(roles: Collection[Role]) -> bool:
    """Whether a sign-in with these roles needs a second factor."""
    return bool(frozenset(roles) & NEEDS_SECOND_FACTOR)
