"""Reads of agreements. An agency sees its own once it is issued; the office sees all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from grants.agreements.terms import AgreementContent
from grants.kernel.errors import NotFound
from grants.kernel.identity import Actor
from grants.kernel.money import Fen
from grants.platform import db


@dataclass(frozen=True)
class Agreement:
    """An agreement with its content."""

    id: int
    number: str
    application_id: int
    application_number: str
    application_state: str
    round_id: int
    organisation_id: int
    organisation: str
    representative: int | None
    content: AgreementContent
    edition: int
    digest: str
    state: str
    agency_scan_sha256: str
    agency_signed_at: datetime | None
    office_scan_sha256: str
    office_signed_at: datetime | None
    award_id: int | None
    award_number: str | None
    drawn_up_by_person: int
    drafter: str
    drawn_up_at: datetime
    activator: str | None
    activated_at: datetime | None
    reason: str
    version: int


_AGREEMENT = """
SELECT g.id, g.number, g.application AS application_id, a.number AS application_number,
       a.state AS application_state, a.round AS round_id, g.organisation AS organisation_id,
       o.name AS organisation, o.representative, g.content, g.edition, g.digest, g.state,
       g.agency_scan_sha256, g.agency_signed_at, g.office_scan_sha256, g.office_signed_at,
       g.award AS award_id, w.number AS award_number, g.drawn_up_by_person, p.name AS drafter,
       g.drawn_up_at, q.name AS activator, g.activated_at, g.reason, g.version
FROM agreement g
JOIN application a ON a.id = g.application
JOIN organisation o ON o.id = g.organisation
JOIN person p ON p.id = g.drawn_up_by_person
LEFT JOIN person q ON q.id = g.activated_by_person
LEFT JOIN award w ON w.id = g.award
"""
#: A draft is the office's alone.
_IN_SCOPE = "($1::bigint IS NULL OR (g.organisation = $1 AND g.state <> 'DRAFT'))"


def _agreement(found: db.Row) -> Agreement:
    return Agreement(**{**found, "content": AgreementContent.model_validate(found["content"])})


async def agreement(actor: Actor, agreement_id: int, *, lock: bool = False) -> Agreement:
    """One agreement within the actor's scope; raises NotFound."""
    if lock:
        await db.value("SELECT id FROM agreement WHERE id = $1 FOR NO KEY UPDATE", agreement_id)
    found = await db.row(
        f"{_AGREEMENT} WHERE {_IN_SCOPE} AND g.id = $2", actor.organisation_id, agreement_id
    )
    if found is None:
        raise NotFound()
    return _agreement(found)


async def agreement_on_paper(agreement_id: int) -> Agreement:
    """One issued agreement, for whoever holds its paper; raises NotFound."""
    found = await db.row(f"{_AGREEMENT} WHERE g.id = $1 AND g.digest <> ''", agreement_id)
    if found is None:
        raise NotFound()
    return _agreement(found)


async def agreement_of(actor: Actor, application_id: int) -> Agreement | None:
    """The living agreement of an application, if there is one within the actor's scope."""
    found = await db.row(
        f"{_AGREEMENT} WHERE {_IN_SCOPE} AND g.application = $2 AND g.state <> 'VOID'",
        actor.organisation_id,
        application_id,
    )
    return _agreement(found) if found else None


async def agreement_of_award(award_id: int) -> Agreement | None:
    """The agreement from which an award came, if there is one."""
    found = await db.row(f"{_AGREEMENT} WHERE g.award = $1", award_id)
    return _agreement(found) if found else None


@dataclass(frozen=True)
class Listed:
    """An agreement as a list shows it."""

    id: int
    number: str
    project: str
    organisation: str
    round_title: str
    amount_fen: Fen
    state: str
    award_id: int | None
    award_number: str | None


async def agreements(
    actor: Actor,
    *,
    state: str = "",
    round_id: int | None = None,
    search: str = "",
    limit: int = 50,
    offset: int = 0,
) -> list[Listed]:
    """Agreements within the actor's scope, newest first."""
    found = await db.rows(
        f"""
        SELECT g.id, g.number, g.content ->> 'project' AS project, o.name AS organisation,
               v.terms ->> 'title' AS round_title, (g.content ->> 'amount_fen')::bigint
               AS amount_fen, g.state, g.award AS award_id, w.number AS award_number
        FROM agreement g
        JOIN application a ON a.id = g.application
        JOIN call_revision v ON v.round = a.round AND v.state = 'PUBLISHED'
        JOIN organisation o ON o.id = g.organisation
        LEFT JOIN award w ON w.id = g.award
        WHERE {_IN_SCOPE} AND ($2 = '' OR g.state = $2) AND ($3::bigint IS NULL OR a.round = $3)
          AND ($4 = '' OR g.number ILIKE '%' || $4 || '%' OR o.name ILIKE '%' || $4 || '%'
               OR g.content ->> 'project' ILIKE '%' || $4 || '%')
        ORDER BY g.id DESC LIMIT $5 OFFSET $6
        """,
        actor.organisation_id,
        state,
        round_id,
        search.strip(),
        limit,
        offset,
    )
    return [Listed(**r) for r in found]


async def count_by_state(actor: Actor, round_id: int | None = None) -> dict[str, int]:
    """How many agreements stand in each state within the actor's scope."""
    found = await db.rows(
        f"""
        SELECT g.state, count(*) AS many FROM agreement g JOIN application a ON a.id = g.application
        WHERE {_IN_SCOPE} AND ($2::bigint IS NULL OR a.round = $2)
        GROUP BY g.state ORDER BY g.state
        """,
        actor.organisation_id,
        round_id,
    )
    return {r["state"]: r["many"] for r in found}


async def without_agreement(round_id: int) -> list[int]:
    """Ids of a round's projects that are to be funded and have no agreement yet."""
    found = await db.rows(
        """
        SELECT a.id FROM application a
        WHERE a.round = $1 AND a.state = 'APPROVED' AND NOT EXISTS (
            SELECT 1 FROM agreement g WHERE g.application = a.id AND g.state <> 'VOID')
        ORDER BY a.id
        """,
        round_id,
    )
    return [r["id"] for r in found]


async def drafts_of(round_id: int) -> list[tuple[int, int]]:
    """Drafts of a round: id and version."""
    found = await db.rows(
        """
        SELECT g.id, g.version FROM agreement g JOIN application a ON a.id = g.application
        WHERE a.round = $1 AND g.state = 'DRAFT' ORDER BY g.id
        """,
        round_id,
    )
    return [(r["id"], r["version"]) for r in found]


async def finished_rounds() -> list[int]:
    """Rounds in which no place is open and every project that was funded has ended."""
    found = await db.rows(
        """
        SELECT r.id FROM call_round r
        WHERE r.state = 'CONTRACTING'
          AND EXISTS (SELECT 1 FROM application a WHERE a.round = r.id AND a.state = 'AWARDED')
          AND NOT EXISTS (SELECT 1 FROM application a WHERE a.round = r.id
                          AND a.state IN ('PROPOSED', 'APPROVED', 'RESERVE'))
          AND NOT EXISTS (SELECT 1 FROM agreement g JOIN application a ON a.id = g.application
                          JOIN award w ON w.id = g.award
                          WHERE a.round = r.id AND w.state NOT IN ('COMPLETED', 'TERMINATED'))
        ORDER BY r.id
        """
    )
    return [r["id"] for r in found]
