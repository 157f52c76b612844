"""Rules about people: passwords, lock-out, which roles one person may hold together."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date, datetime, timedelta

from grants.kernel.errors import N_, NotAllowed, Refusal, RuleBroken
from grants.kernel.identity import ADMINISTRATORS, NEEDS_SECOND_FACTOR, ROLE_TITLES, Role

#: Figures of GB/T 22239—2019 level 2 and 3 practice [K]; one place, one change.
PASSWORD_LENGTH = 10
PASSWORD_CLASSES = 3
PASSWORDS_REMEMBERED = 5
FAILURES_ALLOWED = 5
LOCKED_FOR = timedelta(minutes=30)

_CLASSES = (r"[a-z]", r"[A-Z]", r"[0-9]", r"[^A-Za-z0-9]")

#: Roles that one natural person never holds together, whatever the account.
#: 会计法 第37条: the cashier keeps no accounts and checks none; the main leader is not the
#: deputy for finance (domain §1.8 [K]).
APART = (
    frozenset({Role.CASHIER, Role.FIN_OFFICER}),
    frozenset({Role.CASHIER, Role.FIN_HEAD}),
    frozenset({Role.FIN_DEPUTY, Role.MAIN_LEADER}),
)


def password_is_strong(password: str) -> Refusal | None:
    """At least ten characters of three classes [K]."""
    kinds = sum(bool(re.search(kind, password)) for kind in _CLASSES)
    if len(password) < PASSWORD_LENGTH or kinds < PASSWORD_CLASSES:
        return RuleBroken(
            "people.weak_password",
            N_("Use at least {length} characters: lower, upper, digits, signs; three of the four."),
            length=PASSWORD_LENGTH,
        )
    return None


def is_locked(locked_until: datetime | None, now: datetime) -> bool:
    """Whether an account is locked after too many failures."""
    return locked_until is not None and locked_until > now


def roles_may_meet(roles: Collection[Role]) -> Refusal | None:
    """Whether one natural person may hold these roles together."""
    held = frozenset(roles)
    if held & ADMINISTRATORS and held - ADMINISTRATORS:
        return RuleBroken(
            "people.administrator_in_business",
            N_("An administrator holds no business role, and the other way round."),
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
