"""Reads of registrations and of an agency's people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from grants.kernel.errors import NotFound
from grants.kernel.identity import Actor
from grants.platform import db


@dataclass(frozen=True)
class Registration:
    """A registration as pages and actions read it."""

    id: int
    organisation_id: int
    organisation_name: str
    uscc: str | None
    representative_id: int | None
    user_id: int
    username: str
    person_id: int
    name: str
    phone_masked: str | None
    is_representative: bool
    new_organisation: bool
    state: str
    registered_at: datetime
    note: str


_REGISTRATION = """
SELECT r.id, r.organisation AS organisation_id, o.name AS organisation_name, o.uscc,
       o.representative AS representative_id, u.id AS user_id, u.username,
       p.id AS person_id, p.name, p.phone_masked, r.is_representative, r.new_organisation,
       r.state, r.registered_at, r.note
FROM registration r
JOIN organisation o ON o.id = r.organisation
JOIN app_user u ON u.id = r."user"
JOIN person p ON p.id = u.person
"""


async def registration(actor: Actor, registration_id: int, *, lock: bool = False) -> Registration:
    """One registration, an agency's own only; raises NotFound."""
    found = await db.row(
        _REGISTRATION
        + "WHERE r.id = $1 AND ($2::bigint IS NULL OR r.organisation = $2)"
        + (" FOR NO KEY UPDATE OF r" if lock else ""),
        registration_id,
        actor.organisation_id,
    )
    if found is None:
        raise NotFound()
    return Registration(**found)


async def registrations(
    actor: Actor, states: Sequence[str], *, limit: int = 200
) -> list[Registration]:
    """Registrations in these states, an agency's own only, oldest first."""
    found = await db.rows(
        _REGISTRATION
        + """
        WHERE r.state = ANY($1) AND ($2::bigint IS NULL OR r.organisation = $2)
        ORDER BY r.id LIMIT $3
        """,
        list(states),
        actor.organisation_id,
        limit,
    )
    return [Registration(**r) for r in found]


@dataclass(frozen=True)
class Colleague:
    """An account of an agency."""

    user_id: int
    person_id: int
    name: str
    username: str
    phone_masked: str | None
    is_active: bool
    is_representative: bool


async def colleagues(organisation_id: int) -> list[Colleague]:
    """The accounts of an agency, its legal representative first."""
    found = await db.rows(
        """
        SELECT u.id AS user_id, p.id AS person_id, p.name, u.username, p.phone_masked,
               u.is_active, p.id IS NOT DISTINCT FROM o.representative AS is_representative
        FROM app_user u JOIN person p ON p.id = u.person
        JOIN organisation o ON o.id = u.organisation_id
        WHERE u.organisation_id = $1
        ORDER BY p.id IS DISTINCT FROM o.representative, u.is_active DESC, u.id
        """,
        organisation_id,
    )
    return [Colleague(**r) for r in found]


async def representative_of(organisation_id: int) -> tuple[int, str] | None:
    """Person id and name of an organisation's legal representative, where it is known."""
    found = await db.row(
        "SELECT p.id, p.name FROM organisation o JOIN person p ON p.id = o.representative "
        "WHERE o.id = $1",
        organisation_id,
    )
    return (found["id"], found["name"]) if found else None


async def organisation_with_code(uscc: str) -> int | None:
    """The organisation of this credit code, where it is on record."""
    found = await db.value("SELECT id FROM organisation WHERE uscc = $1", uscc)
    return int(found) if found is not None else None


async def is_confirmed(organisation_id: int) -> bool:
    """Whether the office knows the organisation: it put it on record or confirmed somebody."""
    return bool(
        await db.value(
            """
            SELECT NOT EXISTS (SELECT 1 FROM registration r WHERE r.organisation = $1
                               AND r.new_organisation)
                OR EXISTS (SELECT 1 FROM registration r WHERE r.organisation = $1
                           AND r.state = 'CONFIRMED')
            """,
            organisation_id,
        )
    )


async def recent_from(address: str, since: datetime) -> int:
    """How many registrations came from one address since a moment."""
    return int(
        await db.value(
            "SELECT count(*) FROM registration WHERE address = $1 AND registered_at > $2",
            address,
            since,
        )
    )
