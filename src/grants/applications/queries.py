"""Reads of applications. An agency sees its own; the office sees what was submitted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from grants.calls.terms import CallTerms
from grants.kernel.errors import NotFound
from grants.kernel.identity import Actor
from grants.kernel.money import Fen
from grants.platform import db


@dataclass(frozen=True)
class Application:
    """An application as pages and actions read it.

    `terms` are those it was submitted under, else those in force now.
    """

    id: int
    number: str
    round_id: int
    round_title: str
    round_state: str
    round_year: int
    organisation_id: int
    organisation: str
    representative: int | None
    need_id: int | None
    title: str
    category: str
    theme: str
    community: str
    asked_fen: Fen
    own_fen: Fen
    starts_on: date | None
    ends_on: date | None
    state: str
    revision_id: int | None
    current_revision_id: int
    submitted_at: datetime | None
    supplement_until: date | None
    supplement_note: str
    creator: str
    created_at: datetime
    version: int
    terms: CallTerms

    @property
    def shown_title(self) -> str:
        """Its title, or its number before it has one."""
        return self.title or self.number


_APPLICATION = """
SELECT a.id, a.number, a.round AS round_id, r.state AS round_state, r.fiscal_year AS round_year,
       now_in_force.terms ->> 'title' AS round_title, a.organisation AS organisation_id,
       o.name AS organisation, o.representative, a.need AS need_id, a.title, a.category, a.theme,
       a.community, a.asked_fen, a.own_fen, a.starts_on, a.ends_on, a.state,
       a.revision AS revision_id, now_in_force.id AS current_revision_id, a.submitted_at,
       a.supplement_until, a.supplement_note, p.name AS creator, a.created_at, a.version,
       coalesce(own.terms, now_in_force.terms) AS terms
FROM application a
JOIN call_round r ON r.id = a.round
JOIN call_revision now_in_force ON now_in_force.round = r.id AND now_in_force.state = 'PUBLISHED'
JOIN organisation o ON o.id = a.organisation
JOIN person p ON p.id = a.created_by_person
LEFT JOIN call_revision own ON own.id = a.revision
"""

#: Drafts are the agency's alone: the office sees what was submitted.
_IN_SCOPE = """
(a.organisation = $1 OR ($1::bigint IS NULL AND a.state NOT IN ('DRAFT','DISCARDED','LAPSED')))
"""


def _application(found: db.Row) -> Application:
    given = dict(found)
    return Application(terms=CallTerms.model_validate(given.pop("terms")), **given)


async def application(actor: Actor, application_id: int, *, lock: bool = False) -> Application:
    """One application within the actor's scope; raises NotFound."""
    found = await db.row(
        f"{_APPLICATION} WHERE {_IN_SCOPE} AND a.id = $2"
        + (" FOR NO KEY UPDATE OF a" if lock else ""),
        actor.organisation_id,
        application_id,
    )
    if found is None:
        raise NotFound()
    return _application(found)


async def whoever_asks(application_id: int, *, lock: bool = False) -> Application:
    """One application in any state, for scheduled work; raises NotFound."""
    found = await db.row(
        f"{_APPLICATION} WHERE a.id = $1" + (" FOR NO KEY UPDATE OF a" if lock else ""),
        application_id,
    )
    if found is None:
        raise NotFound()
    return _application(found)


@dataclass(frozen=True)
class ApplicationFilter:
    """What a list of applications may be narrowed by; None means all."""

    round_id: int | None = None
    state: str | None = None
    category: str | None = None
    theme: str | None = None
    need_id: int | None = None
    search: str = ""


@dataclass(frozen=True)
class Listed:
    """An application as a list shows it."""

    id: int
    number: str
    round_id: int
    round_title: str
    closes_at: datetime
    organisation: str
    title: str
    category: str
    theme: str
    community: str
    asked_fen: Fen
    state: str
    submitted_at: datetime | None
    supplement_until: date | None
    stops: int | None
    looks: int | None


_LISTED = """
SELECT a.id, a.number, a.round AS round_id, v.terms ->> 'title' AS round_title,
       (v.terms ->> 'closes_at')::timestamptz AS closes_at, o.name AS organisation,
       coalesce(nullif(a.title, ''), a.number) AS title, a.category, a.theme, a.community,
       a.asked_fen, a.state, a.submitted_at, a.supplement_until,
       (SELECT count(*) FROM jsonb_array_elements(s.findings) f WHERE f ->> 'mark' = 'stop')
           AS stops,
       (SELECT count(*) FROM jsonb_array_elements(s.findings) f WHERE f ->> 'mark' = 'look')
           AS looks
"""
_FROM = """
FROM application a
JOIN call_revision v ON v.round = a.round AND v.state = 'PUBLISHED'
JOIN organisation o ON o.id = a.organisation
LEFT JOIN LATERAL (
    SELECT x.findings FROM screening x WHERE x.application = a.id ORDER BY x.id DESC LIMIT 1
) s ON true
"""
_WANTED = f"""
WHERE {_IN_SCOPE}
  AND a.state <> 'DISCARDED'
  AND ($2::bigint IS NULL OR a.round = $2) AND ($3::text IS NULL OR a.state = $3)
  AND ($4::text IS NULL OR a.category = $4) AND ($5::text IS NULL OR a.theme = $5)
  AND ($6::bigint IS NULL OR a.need = $6)
  AND ($7 = '' OR a.number ILIKE '%' || $7 || '%' OR a.title ILIKE '%' || $7 || '%'
       OR o.name ILIKE '%' || $7 || '%' OR a.community ILIKE '%' || $7 || '%')
"""
ORDERS: Mapping[str, str] = {
    "number": "a.id",
    "organisation": "o.name",
    "amount": "a.asked_fen",
    "category": "a.category",
    "submitted": "a.submitted_at",
}


def _wanted(actor: Actor, wanted: ApplicationFilter) -> tuple[object, ...]:
    return (
        actor.organisation_id,
        wanted.round_id,
        wanted.state,
        wanted.category,
        wanted.theme,
        wanted.need_id,
        wanted.search.strip(),
    )


async def applications(
    actor: Actor,
    wanted: ApplicationFilter,
    *,
    order: str = "number",
    limit: int = 50,
    offset: int = 0,
) -> list[Listed]:
    """Applications within the actor's scope; `order` is a name of `ORDERS`, "-" turns it."""
    turned = order.startswith("-")
    by = ORDERS.get(order.lstrip("-"), ORDERS["number"])
    found = await db.rows(
        f"{_LISTED} {_FROM} {_WANTED} ORDER BY {by} {'DESC' if turned else ''} NULLS LAST, a.id "
        "LIMIT $8 OFFSET $9",
        *_wanted(actor, wanted),
        limit,
        offset,
    )
    return [Listed(**r) for r in found]


async def count_applications(actor: Actor, wanted: ApplicationFilter) -> tuple[int, Fen]:
    """How many applications a filter finds, and what they ask for together."""
    found = await db.row(
        f"SELECT count(*) AS many, coalesce(sum(a.asked_fen), 0)::bigint AS fen {_FROM} {_WANTED}",
        *_wanted(actor, wanted),
    )
    assert found is not None
    return found["many"], Fen(found["fen"])


async def count_by_state(round_id: int) -> dict[str, int]:
    """How many applications of a round stand in each state, drafts too."""
    found = await db.rows(
        "SELECT state, count(*) AS many FROM application WHERE round = $1 GROUP BY 1 ORDER BY 1",
        round_id,
    )
    return {r["state"]: r["many"] for r in found}


async def drafts_of_round(round_id: int, state: str = "DRAFT") -> list[int]:
    """Ids of the applications of a round in one state, oldest first."""
    found = await db.rows(
        "SELECT id FROM application WHERE round = $1 AND state = $2 ORDER BY id", round_id, state
    )
    return [r["id"] for r in found]


@dataclass(frozen=True)
class Section:
    """A section as it was typed: field by field, each with all the texts of its name."""

    section: str
    typed: Mapping[str, Sequence[str]]
    whole: bool
    version: int
    saved_by_person: int
    saved_by: str
    saved_at: datetime


_SECTION = """
SELECT s.section, s.typed, s.whole, s.version, s.saved_by_person, p.name AS saved_by, s.saved_at
FROM application_section s JOIN person p ON p.id = s.saved_by_person
WHERE s.application = $1
"""


async def sections(application_id: int) -> dict[str, Section]:
    """The sections of a draft by their code; those never saved are left out."""
    found = await db.rows(_SECTION + "ORDER BY s.id", application_id)
    return {r["section"]: Section(**r) for r in found}


async def section(application_id: int, code: str) -> Section | None:
    """One section, if it was ever saved."""
    found = await db.row(_SECTION + "AND s.section = $2", application_id, code)
    return Section(**found) if found else None


@dataclass(frozen=True)
class Submission:
    """What was submitted."""

    id: int
    application_id: int
    sequence: int
    revision_id: int
    content: Mapping[str, Any]
    digest: str
    declarer: str
    submitted_at: datetime


async def submissions(application_id: int) -> list[Submission]:
    """All submissions of an application, newest first."""
    found = await db.rows(
        """
        SELECT s.id, s.application AS application_id, s.sequence, s.revision AS revision_id,
               s.content, s.digest, p.name AS declarer, s.submitted_at
        FROM submission s JOIN person p ON p.id = s.declared_by_person
        WHERE s.application = $1 ORDER BY s.sequence DESC
        """,
        application_id,
    )
    return [Submission(**r) for r in found]


@dataclass(frozen=True)
class Screening:
    """A verdict on a submission."""

    id: int
    submission_id: int
    verdict: str
    findings: Sequence[Mapping[str, Any]]
    reason: str
    decider: str
    decided_at: datetime


async def screenings(application_id: int) -> list[Screening]:
    """All verdicts on an application, newest first."""
    found = await db.rows(
        """
        SELECT s.id, s.submission AS submission_id, s.verdict, s.findings, s.reason,
               p.name AS decider, s.decided_at
        FROM screening s JOIN person p ON p.id = s.decided_by_person
        WHERE s.application = $1 ORDER BY s.id DESC
        """,
        application_id,
    )
    return [Screening(**r) for r in found]


async def rivals(application: Application) -> list[str]:
    """Numbers of the same agency's other applications in the same round that still stand."""
    found = await db.rows(
        """
        SELECT number FROM application
        WHERE round = $1 AND organisation = $2 AND id <> $3
          AND state NOT IN ('DRAFT', 'DISCARDED', 'LAPSED', 'INELIGIBLE')
        ORDER BY id
        """,
        application.round_id,
        application.organisation_id,
        application.id,
    )
    return [r["number"] for r in found]
