"""Reads of people: who is signed in, accounts and their roles, persons."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from grants.kernel import calendar
from grants.kernel.errors import N_, NotFound, RuleBroken
from grants.kernel.identity import Actor, Role
from grants.people.rules import SignInPolicy
from grants.platform import db
from grants.platform.policy import find_policy
from grants.settings import settings


def token_hash(token: str) -> bytes:
    """What of a session token is kept."""
    return hashlib.sha256(token.encode()).digest()


_ACTOR = """
SELECT s.id AS session_id, s.seen_at, s.second_factor_at, u.id AS user_id, u.person AS person_id,
       u.organisation_id, p.name, pg_current_snapshot()::text AS as_of,
       (SELECT coalesce(array_agg(g.role), '{}') FROM role_grant g
        WHERE g."user" = u.id AND g.starts_on <= $2 AND (g.ends_on IS NULL OR g.ends_on > $2)
       ) AS roles,
       (SELECT coalesce(array_agg(d.role || ':' || d.id), '{}') FROM delegation d
        JOIN role_grant g ON g."user" = d.from_user AND g.role = d.role
             AND g.starts_on <= $2 AND (g.ends_on IS NULL OR g.ends_on > $2)
        WHERE d.to_user = u.id AND d.revoked_at IS NULL AND d.starts_on <= $2 AND d.ends_on > $2
       ) AS delegations
FROM sign_in s JOIN app_user u ON u.id = s."user" JOIN person p ON p.id = u.person
WHERE s.token_hash = $1 AND s.ended_at IS NULL AND u.is_active AND s.seen_at > $3
"""


async def actor_for_token(token: str, request_id: str) -> Actor | None:
    """The actor of a live session; None when it ended, idled out or lacks its second step.

    Having been seen is written at most once a minute, so that reading a page does not write.
    """
    now = calendar.now()
    idle = now - timedelta(minutes=settings.idle_minutes)
    found = await db.row(_ACTOR, token_hash(token), now.date(), idle)
    if found is None or found["second_factor_at"] is None:
        return None
    if now - found["seen_at"] > timedelta(minutes=1):
        await db.touch("UPDATE sign_in SET seen_at = $2 WHERE id = $1", found["session_id"], now)
    own = frozenset(Role(role) for role in found["roles"])
    lent = {
        Role(role): int(number)
        for role, number in (entry.split(":") for entry in found["delegations"])
        if Role(role) not in own
    }
    return Actor(
        user_id=found["user_id"],
        person_id=found["person_id"],
        name=found["name"],
        roles=own | lent.keys(),
        organisation_id=found["organisation_id"],
        delegations=lent,
        session_id=found["session_id"],
        request_id=request_id,
        as_of=found["as_of"],
    )


@dataclass(frozen=True)
class Account:
    """An account with the roles it holds on a day."""

    id: int
    username: str
    person_id: int
    name: str
    organisation_id: int | None
    organisation: str | None
    is_active: bool
    is_demo: bool
    locked_until: datetime | None
    has_second_factor: bool
    roles: tuple[Role, ...]


_ACCOUNT = """
SELECT u.id, u.username, u.person AS person_id, p.name, u.organisation_id, o.name AS organisation,
       u.is_active, p.is_demo, u.locked_until,
       u.totp_enrolled_at IS NOT NULL AS has_second_factor,
       (SELECT coalesce(array_agg(g.role ORDER BY g.role), '{}') FROM role_grant g
        WHERE g."user" = u.id AND g.starts_on <= $1 AND (g.ends_on IS NULL OR g.ends_on > $1)
       ) AS roles
FROM app_user u JOIN person p ON p.id = u.person
LEFT JOIN organisation o ON o.id = u.organisation_id
"""


def _account(found: db.Row) -> Account:
    return Account(**{**found, "roles": tuple(Role(r) for r in found["roles"])})


async def accounts(on: date) -> list[Account]:
    """All accounts but the system's, by name."""
    found = await db.rows(_ACCOUNT + "WHERE u.id <> 1 ORDER BY p.name, u.id", on)
    return [_account(r) for r in found]


async def account(user_id: int, on: date) -> Account:
    """One account; raises NotFound."""
    found = await db.row(_ACCOUNT + "WHERE u.id = $2", on, user_id)
    if found is None:
        raise NotFound()
    return _account(found)


async def sign_in_policy(on: date) -> SignInPolicy:
    """The policy of passwords and lock-out on a day; the defaults where no version holds."""
    found = await find_policy("sign_in", SignInPolicy, on)
    return found.body if found else SignInPolicy()


async def roles_ahead(user_id: int, on: date) -> frozenset[Role]:
    """Every role that an account holds or will hold, granted or lent, from `on` onwards."""
    found = await db.rows(
        """
        SELECT role FROM role_grant WHERE "user" = $1 AND (ends_on IS NULL OR ends_on > $2)
        UNION
        SELECT role FROM delegation WHERE to_user = $1 AND revoked_at IS NULL AND ends_on > $2
        ORDER BY 1
        """,
        user_id,
        on,
    )
    return frozenset(Role(r["role"]) for r in found)


async def organisation(name_or_code: str) -> int:
    """The one organisation of this full name or credit code; raises RuleBroken."""
    found = await db.rows(
        "SELECT id FROM organisation WHERE name = $1 OR uscc = $1 ORDER BY id LIMIT 2",
        name_or_code.strip(),
    )
    if len(found) != 1:
        raise RuleBroken(
            "people.unknown_organisation", N_("No single organisation has this name or code.")
        )
    return int(found[0]["id"])


async def recovery_codes_left(user_id: int) -> int:
    """How many recovery codes are not used yet."""
    return int(
        await db.value(
            'SELECT count(*) FROM recovery_code WHERE "user" = $1 AND used_at IS NULL', user_id
        )
    )


async def roles_of_person(person_id: int, on: date) -> frozenset[Role]:
    """Every role a natural person holds, through all accounts, from `on` onwards."""
    found = await db.rows(
        """
        SELECT DISTINCT g.role FROM role_grant g JOIN app_user u ON u.id = g."user"
        WHERE u.person = $1 AND (g.ends_on IS NULL OR g.ends_on > $2)
        UNION
        SELECT DISTINCT d.role FROM delegation d JOIN app_user u ON u.id = d.to_user
        WHERE u.person = $1 AND d.revoked_at IS NULL AND d.ends_on > $2
        ORDER BY 1
        """,
        person_id,
        on,
    )
    return frozenset(Role(r["role"]) for r in found)


@dataclass(frozen=True)
class Grant:
    """A role that an account holds, held or will hold."""

    id: int
    user_id: int
    role: Role
    starts_on: date
    ends_on: date | None


async def grants(user_id: int) -> list[Grant]:
    """The roles of an account through time, latest first."""
    found = await db.rows(
        'SELECT id, "user" AS user_id, role, starts_on, ends_on FROM role_grant '
        'WHERE "user" = $1 ORDER BY starts_on DESC, id DESC',
        user_id,
    )
    return [Grant(**{**r, "role": Role(r["role"])}) for r in found]


@dataclass(frozen=True)
class Session:
    """A session of one's own."""

    id: int
    started_at: datetime
    seen_at: datetime
    address: str
    browser: str


async def live_sessions(user_id: int, now: datetime) -> Sequence[Session]:
    """Sessions that are neither ended nor idled out, latest first."""
    idle = now - timedelta(minutes=settings.idle_minutes)
    found = await db.rows(
        """
        SELECT id, started_at, seen_at, address, browser FROM sign_in
        WHERE "user" = $1 AND ended_at IS NULL AND seen_at > $2 ORDER BY seen_at DESC
        """,
        user_id,
        idle,
    )
    return [Session(**r) for r in found]


@dataclass(frozen=True)
class Delegation:
    """A role lent for a time."""

    id: int
    role: Role
    giver: str
    taker: str
    from_user: int
    to_user: int
    starts_on: date
    ends_on: date
    reason: str
    revoked_at: datetime | None


async def delegations(user_id: int | None = None) -> list[Delegation]:
    """Delegations given or taken by an account, or all; latest first."""
    found = await db.rows(
        """
        SELECT d.id, d.role, f.name AS giver, t.name AS taker, d.from_user, d.to_user,
               d.starts_on, d.ends_on, d.reason, d.revoked_at
        FROM delegation d
        JOIN app_user fu ON fu.id = d.from_user JOIN person f ON f.id = fu.person
        JOIN app_user tu ON tu.id = d.to_user JOIN person t ON t.id = tu.person
        WHERE $1::bigint IS NULL OR d.from_user = $1 OR d.to_user = $1
        ORDER BY d.id DESC
        """,
        user_id,
    )
    return [Delegation(**{**r, "role": Role(r["role"])}) for r in found]


@dataclass(frozen=True)
class Person:
    """A natural person, masked."""

    id: int
    name: str
    id_number_last4: str | None
    phone_masked: str | None


async def persons(search: str = "", limit: int = 100) -> list[Person]:
    """Persons by name."""
    found = await db.rows(
        """
        SELECT id, name, id_number_last4, phone_masked FROM person
        WHERE id <> 1 AND ($1 = '' OR name ILIKE '%' || $1 || '%') ORDER BY name, id LIMIT $2
        """,
        search.strip(),
        limit,
    )
    return [Person(**r) for r in found]


async def person(person_id: int) -> Person:
    """One person; raises NotFound."""
    found = await db.row(
        "SELECT id, name, id_number_last4, phone_masked FROM person WHERE id = $1", person_id
    )
    if found is None:
        raise NotFound()
    return Person(**found)
