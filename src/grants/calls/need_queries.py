"""Reads of needs. An agency sees the published ones and those it brought in itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from grants.kernel.errors import NotFound
from grants.kernel.identity import Actor
from grants.platform import db


@dataclass(frozen=True)
class Need:
    """A need as pages and actions read it."""

    id: int
    number: str
    title: str
    description: str
    town: str
    community: str
    place: str
    people_concerned: int
    urgency: int
    source: str
    deliberation_no: str
    organisation_id: int | None
    state: str
    entered_by_person: int
    entered_by: str
    entered_at: datetime
    decision_note: str
    version: int


_NEED = """
SELECT n.id, n.number, n.title, n.description, n.town, n.community, n.place, n.people_concerned,
       n.urgency, n.source, n.deliberation_no, n.organisation AS organisation_id, n.state,
       n.entered_by_person, p.name AS entered_by, n.entered_at, n.decision_note, n.version
FROM need n JOIN person p ON p.id = n.entered_by_person
"""

_IN_SCOPE = """
($1::bigint IS NULL OR n.organisation = $1 OR n.entered_by_person = $2
 OR n.state IN ('PUBLISHED', 'MET'))
"""


async def need(actor: Actor, need_id: int, *, lock: bool = False) -> Need:
    """One need within the actor's scope; raises NotFound."""
    found = await db.row(
        f"{_NEED} WHERE {_IN_SCOPE} AND n.id = $3" + (" FOR NO KEY UPDATE OF n" if lock else ""),
        actor.organisation_id,
        actor.person_id,
        need_id,
    )
    if found is None:
        raise NotFound()
    return Need(**found)


@dataclass(frozen=True)
class NeedFilter:
    """What a list of needs may be narrowed by; None means all."""

    state: str | None = None
    town: str | None = None
    search: str = ""


_WANTED = f"""
WHERE {_IN_SCOPE}
  AND ($3::text IS NULL OR n.state = $3) AND ($4::text IS NULL OR n.town = $4)
  AND ($5 = '' OR n.number ILIKE '%' || $5 || '%' OR n.title ILIKE '%' || $5 || '%'
       OR n.community ILIKE '%' || $5 || '%')
"""


def _wanted(actor: Actor, wanted: NeedFilter) -> tuple[object, ...]:
    return (
        actor.organisation_id,
        actor.person_id,
        wanted.state,
        wanted.town,
        wanted.search.strip(),
    )


async def needs(
    actor: Actor, wanted: NeedFilter, *, limit: int = 50, offset: int = 0
) -> list[Need]:
    """Needs within the actor's scope: those to be looked at first, then by urgency."""
    found = await db.rows(
        _NEED
        + _WANTED
        + "ORDER BY n.state <> 'ENTERED', n.urgency DESC, n.id DESC LIMIT $6 OFFSET $7",
        *_wanted(actor, wanted),
        limit,
        offset,
    )
    return [Need(**r) for r in found]


async def count_needs(actor: Actor, wanted: NeedFilter) -> int:
    """How many needs a filter finds."""
    return int(await db.value("SELECT count(*) FROM need n " + _WANTED, *_wanted(actor, wanted)))


async def towns() -> list[str]:
    """The towns that have brought needs in."""
    return [r["town"] for r in await db.rows("SELECT DISTINCT town FROM need ORDER BY town")]


async def published_needs() -> list[Need]:
    """Every published need, most urgent first: what a call may cite and a project answer."""
    found = await db.rows(
        _NEED + "WHERE n.state = 'PUBLISHED' ORDER BY n.urgency DESC, n.town, n.id"
    )
    return [Need(**r) for r in found]


async def cited_needs(round_id: int) -> list[Need]:
    """The needs that a round cites."""
    found = await db.rows(
        _NEED
        + """
        JOIN call_need c ON c.need = n.id
        WHERE c.round = $1 ORDER BY n.urgency DESC, n.town, n.id
        """,
        round_id,
    )
    return [Need(**r) for r in found]
