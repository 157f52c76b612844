"""`grants init`: the first two administrators and the first policies of an empty installation."""

from __future__ import annotations

import secrets
import string
from dataclasses import dataclass, replace
from datetime import date

from grants.first_policies import lay_first_policies
from grants.kernel.errors import N_, Conflict, RuleBroken
from grants.kernel.identifiers import is_cnaps
from grants.kernel.identity import SYSTEM, Role
from grants.payments.rules import PayerAccount
from grants.people import actions as people
from grants.people.rules import SignInPolicy, password_is_strong
from grants.platform import crypto, db

#: Whoever may start the command keeps the machine; the record says that the system did it.
FOUNDER = replace(SYSTEM, roles=frozenset({Role.SYS_ADMIN, Role.SEC_ADMIN, Role.OFFICER}))
_SIGNS = string.ascii_letters + string.digits


@dataclass(frozen=True)
class FirstAccount:
    """An administrator of the first hour; `password` is told once and kept nowhere."""

    username: str
    name: str
    role: Role
    password: str


async def begin(
    admin: str,
    security: str,
    payer: PayerAccount,
    *,
    policies_from: date,
    budget_approved_for: int,
    today: date,
) -> tuple[FirstAccount, FirstAccount]:
    """Lay the first policies and make two administrators, who make everybody else.

    `admin` keeps accounts, `security` grants roles: two persons, so that nobody gives himself
    power (三员分立, GB/T 22239—2019 [K]). Raises RuleBroken where both are one name or the
    payer's routing number has a typing slip, Conflict where the installation has begun already.

    >>> await begin("杨一", "朱二", payer, policies_from=start, budget_approved_for=2026,
    ...             today=today)  # doctest: +SKIP
    (FirstAccount(username='sysadmin', …), FirstAccount(username='secadmin', …))
    """
    if admin.strip() == security.strip():
        raise RuleBroken(
            "beginning.one_person", N_("The two administrators have to be two persons.")
        )
    if not is_cnaps(payer.cnaps):
        raise RuleBroken("beginning.cnaps", N_("This is not a bank's routing number."))
    if await _has_begun():
        raise Conflict("beginning.begun", N_("This installation has its administrators already."))
    crypto.derived_key("id_number")  # makes the key, so that the first backup holds it
    await lay_first_policies(
        SYSTEM, payer, starts_on=policies_from, budget_approved_for=budget_approved_for
    )
    return (
        await _make("sysadmin", admin.strip(), Role.SYS_ADMIN, today),
        await _make("secadmin", security.strip(), Role.SEC_ADMIN, today),
    )


async def _has_begun() -> bool:
    return bool(
        await db.value(
            "SELECT EXISTS (SELECT 1 FROM app_user WHERE id <> $1) "
            "OR EXISTS (SELECT 1 FROM policy_version)",
            SYSTEM.user_id,
        )
    )


async def _make(username: str, name: str, role: Role, today: date) -> FirstAccount:
    first = FirstAccount(username, name, role, _one_time_password())
    person_id = await people.add_person(FOUNDER, name)
    user_id = await people.add_account(
        FOUNDER, username, person_id, first.password, organisation_id=None
    )
    await people.grant_role(FOUNDER, user_id, role, starts_on=today)
    return first


def _one_time_password() -> str:
    """A random password that meets our own rule: three kinds of characters at least."""
    policy = SignInPolicy()
    while True:
        password = "".join(secrets.choice(_SIGNS) for _ in range(policy.password_length + 6))
        if password_is_strong(password, policy) is None:
            return password
