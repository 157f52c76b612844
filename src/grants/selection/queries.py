"""Reads of experts, panels and sheets. An expert reads his own sheets; scores are sealed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from grants.applications.workflow import PASSED
from grants.kernel.errors import NotFound
from grants.kernel.identity import Actor
from grants.kernel.money import Fen
from grants.platform import db
from grants.selection.rules import Candidate, ExpertKind, Tie, TieKind


@dataclass(frozen=True)
class Expert:
    """An expert of the pool."""

    id: int
    person_id: int
    name: str
    kind: str
    themes: Sequence[str]
    employer: str
    is_active: bool
    version: int
    ties: int
    panels: int
    accounts: int


_EXPERT = """
SELECT e.id, p.id AS person_id, p.name, e.kind, e.themes, e.employer, e.is_active, e.version,
       (SELECT count(*) FROM expert_tie t WHERE t.expert = e.id) AS ties,
       (SELECT count(*) FROM panel_member m WHERE m.expert = e.id AND m.state <> 'RECUSED')
           AS panels,
       (SELECT count(*) FROM app_user u JOIN role_grant g ON g."user" = u.id
        WHERE u.person = p.id AND u.is_active AND g.role = 'EXPERT') AS accounts
FROM expert e JOIN person p ON p.id = e.person
"""


async def experts(*, active: bool = False) -> list[Expert]:
    """The pool, by kind and name."""
    found = await db.rows(_EXPERT + "WHERE NOT $1 OR e.is_active ORDER BY e.kind, p.name", active)
    return [Expert(**r) for r in found]


async def expert(expert_id: int, *, lock: bool = False) -> Expert:
    """One expert; raises NotFound."""
    found = await db.row(
        _EXPERT + "WHERE e.id = $1" + (" FOR NO KEY UPDATE OF e" if lock else ""), expert_id
    )
    if found is None:
        raise NotFound()
    return Expert(**found)


async def possible_experts() -> list[tuple[int, str]]:
    """Persons with an expert's account who are not in the pool yet."""
    found = await db.rows(
        """
        SELECT DISTINCT p.id, p.name FROM person p
        JOIN app_user u ON u.person = p.id AND u.is_active
        JOIN role_grant g ON g."user" = u.id AND g.role = 'EXPERT'
        WHERE NOT EXISTS (SELECT 1 FROM expert e WHERE e.person = p.id) ORDER BY p.name, p.id
        """
    )
    return [(r["id"], r["name"]) for r in found]


@dataclass(frozen=True)
class KnownTie:
    """A tie of an expert, with the organisation's name."""

    id: int
    organisation_id: int
    organisation: str
    kind: str
    until: date | None
    declared_by_himself: bool


async def ties_of(expert_id: int) -> list[KnownTie]:
    """What ties an expert to organisations."""
    found = await db.rows(
        """
        SELECT t.id, t.organisation AS organisation_id, o.name AS organisation, t.kind, t.until,
               t.declared_by_himself
        FROM expert_tie t JOIN organisation o ON o.id = t.organisation
        WHERE t.expert = $1 ORDER BY o.name, t.kind
        """,
        expert_id,
    )
    return [KnownTie(**r) for r in found]


async def pool() -> list[Candidate]:
    """The active experts with an account, and all their ties: whom a panel is drawn from.

    A tie of a person's account at an agency counts as employment.
    """
    ties = await db.rows(
        """
        SELECT t.expert, t.organisation, t.kind, t.until FROM expert_tie t
        UNION ALL
        SELECT e.id, u.organisation_id, 'EMPLOYEE', NULL FROM expert e
        JOIN app_user u ON u.person = e.person AND u.organisation_id IS NOT NULL
        UNION ALL
        SELECT e.id, o.id, 'HOLDER', NULL FROM expert e
        JOIN organisation o ON o.representative = e.person
        ORDER BY 1, 2, 3
        """
    )
    by_expert: dict[int, list[Tie]] = {}
    for r in ties:
        tie = Tie(r["organisation"], TieKind(r["kind"]), r["until"])
        by_expert.setdefault(r["expert"], []).append(tie)
    return [
        Candidate(
            one.id,
            one.person_id,
            one.name,
            ExpertKind(one.kind),
            tuple(by_expert.get(one.id, ())),
        )
        for one in await experts(active=True)
        if one.accounts
    ]


@dataclass(frozen=True)
class Panel:
    """A panel with its counts."""

    id: int
    round_id: int
    name: str
    categories: Sequence[str]
    seed: str
    pool: Sequence[Mapping[str, Any]]
    state: str
    drawn_by: str
    drawn_at: datetime
    opened_at: datetime | None
    version: int


_PANEL = """
SELECT n.id, n.round AS round_id, n.name, n.categories, n.seed, n.pool, n.state,
       p.name AS drawn_by, n.drawn_at, n.opened_at, n.version
FROM panel n JOIN person p ON p.id = n.drawn_by_person
"""


async def panel(panel_id: int, *, lock: bool = False) -> Panel:
    """One panel; raises NotFound."""
    found = await db.row(
        _PANEL + "WHERE n.id = $1" + (" FOR NO KEY UPDATE OF n" if lock else ""), panel_id
    )
    if found is None:
        raise NotFound()
    return Panel(**found)


async def panels_of(round_id: int) -> list[Panel]:
    """The panels of a round that were not dissolved, oldest first."""
    found = await db.rows(
        _PANEL + "WHERE n.round = $1 AND n.state <> 'DISSOLVED' ORDER BY n.id", round_id
    )
    return [Panel(**r) for r in found]


@dataclass(frozen=True)
class Member:
    """A seat of a panel, with how far its sheets are."""

    id: int
    panel_id: int
    expert_id: int
    person_id: int
    name: str
    kind: str
    place: int
    is_chair: bool
    state: str
    reason: str
    declared_at: datetime | None
    documents_signed_at: datetime | None
    signed_at: datetime | None

    @property
    def last_signed_at(self) -> datetime | None:
        """When the member signed last: after the defence, or the documents."""
        return self.signed_at or self.documents_signed_at


_MEMBER = """
SELECT m.id, m.panel AS panel_id, m.expert AS expert_id, p.id AS person_id, p.name, e.kind,
       m.place, m.is_chair, m.state, m.reason, m.declared_at, m.documents_signed_at, m.signed_at
FROM panel_member m JOIN expert e ON e.id = m.expert JOIN person p ON p.id = e.person
"""


async def members(panel_id: int) -> list[Member]:
    """Every seat ever drawn for a panel, in the order of the draw."""
    found = await db.rows(_MEMBER + "WHERE m.panel = $1 ORDER BY m.place, m.id", panel_id)
    return [Member(**r) for r in found]


async def seats_of(actor: Actor) -> list[tuple[Member, Panel]]:
    """The seats of a person in panels that were not dissolved, newest first."""
    found = await db.rows(
        _MEMBER
        + "JOIN panel n ON n.id = m.panel WHERE e.person = $1 AND n.state <> 'DISSOLVED' "
        + "ORDER BY m.id DESC",
        actor.person_id,
    )
    return [(Member(**r), await panel(r["panel_id"])) for r in found]


async def own_seat(actor: Actor, panel_id: int) -> Member:
    """The person's seat in a panel; raises NotFound for everybody else."""
    found = await db.row(
        _MEMBER + "WHERE m.panel = $1 AND e.person = $2", panel_id, actor.person_id
    )
    if found is None:
        raise NotFound()
    return Member(**found)


@dataclass(frozen=True)
class Sheet:
    """What one member gives one application."""

    id: int
    panel_id: int
    member_id: int
    person_id: int
    application_id: int
    number: str
    title: str
    category: str
    theme: str
    organisation: str
    asked_fen: Fen
    points: Mapping[str, int]
    comments: Mapping[str, str]
    defence: int | None
    suggested_fen: Fen
    suggests: bool
    comment: str
    state: str
    reason: str
    version: int

    @property
    def total(self) -> int:
        """Points of the documents so far."""
        return sum(self.points.values())


_SHEET = """
SELECT s.id, s.panel AS panel_id, s.member AS member_id, e.person AS person_id,
       s.application AS application_id, a.number, a.title, a.category, a.theme,
       o.name AS organisation, a.asked_fen, s.points, s.comments, s.defence, s.suggested_fen,
       s.suggests, s.comment, s.state, s.reason, s.version
FROM score_sheet s
JOIN panel_member m ON m.id = s.member
JOIN expert e ON e.id = m.expert
JOIN application a ON a.id = s.application
JOIN organisation o ON o.id = a.organisation
"""


async def sheets_of_member(member_id: int) -> list[Sheet]:
    """All sheets of a member in the order of the applications' numbers."""
    found = await db.rows(_SHEET + "WHERE s.member = $1 ORDER BY a.category, a.id", member_id)
    return [Sheet(**r) for r in found]


async def sheets_of_panel(panel_id: int) -> list[Sheet]:
    """All sheets of a panel, for what may be read once it is opened."""
    found = await db.rows(_SHEET + "WHERE s.panel = $1 ORDER BY a.id, m.place, m.id", panel_id)
    return [Sheet(**r) for r in found]


async def own_sheet(actor: Actor, sheet_id: int, *, lock: bool = False) -> Sheet:
    """A sheet of one's own; raises NotFound for everybody else's."""
    found = await db.row(
        _SHEET + "WHERE s.id = $1 AND e.person = $2" + (" FOR NO KEY UPDATE OF s" if lock else ""),
        sheet_id,
        actor.person_id,
    )
    if found is None:
        raise NotFound()
    return Sheet(**found)


async def eligible_applications(round_id: int, categories: Sequence[str]) -> list[db.Row]:
    """Applications of a round and of categories that passed the checks: id, organisation."""
    return await db.rows(
        """
        SELECT id, organisation FROM application
        WHERE round = $1 AND category = ANY($2) AND state = ANY($3) ORDER BY id
        """,
        round_id,
        list(categories),
        list(PASSED),
    )


@dataclass(frozen=True)
class Slot:
    """A place in the timetable of the defence."""

    application_id: int
    number: str
    title: str
    organisation: str
    place: int
    room: str
    starts_at: datetime
    minutes: int


async def timetable(panel_id: int) -> list[Slot]:
    """The timetable of a panel in its order."""
    found = await db.rows(
        """
        SELECT d.application AS application_id, a.number, a.title, o.name AS organisation,
               d.place, d.room, d.starts_at, d.minutes
        FROM defence_slot d JOIN application a ON a.id = d.application
        JOIN organisation o ON o.id = a.organisation
        WHERE d.panel = $1 ORDER BY d.place
        """,
        panel_id,
    )
    return [Slot(**r) for r in found]


async def chair_comments(panel_id: int) -> dict[int, str]:
    """What the chair said about applications whose scores lie far apart."""
    found = await db.rows(
        "SELECT application, comment FROM chair_comment WHERE panel = $1 ORDER BY id", panel_id
    )
    return {r["application"]: r["comment"] for r in found}
