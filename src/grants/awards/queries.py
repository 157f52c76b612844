"""Reads of awards. Agencies see their own; everything else is not found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from grants.kernel.errors import NotFound
from grants.kernel.identity import Actor
from grants.kernel.money import Fen
from grants.platform import db


@dataclass(frozen=True)
class Award:
    """The funded thing, as pages and actions read it. Sums are over all its lines."""

    id: int
    number: str
    title: str
    purpose: str
    amount_fen: Fen
    state: str
    basis: str
    minutes_no: str
    grade: str | None
    ended_for: str
    decided_on: date | None
    starts_on: date | None
    ends_on: date | None
    publicised_from: date | None
    publicised_to: date | None
    objections: str
    origin: str
    version: int
    created_by_person: int
    creator: str
    programme_id: int
    programme_code: str
    programme_name: str
    programme_name_en: str
    instrument: str
    organisation_id: int | None
    person_id: int | None
    payee_name: str
    committed_fen: Fen
    payable_fen: Fen
    in_bank_fen: Fen
    paid_fen: Fen
    surrendered_fen: Fen

    @property
    def on_its_way_fen(self) -> Fen:
        """Approved or with the bank."""
        return Fen(self.payable_fen + self.in_bank_fen)


_AWARD = """
SELECT a.id, a.number, a.title, a.purpose, a.amount_fen, a.state, a.basis, a.minutes_no, a.grade,
       a.ended_for, a.decided_on, a.starts_on, a.ends_on, a.publicised_from, a.publicised_to,
       a.objections, a.origin, a.version, a.created_by_person,
       creator.name AS creator, p.id AS programme_id, p.code AS programme_code,
       p.name AS programme_name, p.name_en AS programme_name_en, p.instrument,
       a.organisation AS organisation_id, a.person AS person_id,
       coalesce(o.name, payee.name) AS payee_name,
       coalesce(s.committed_fen, 0) AS committed_fen, coalesce(s.payable_fen, 0) AS payable_fen,
       coalesce(s.in_bank_fen, 0) AS in_bank_fen, coalesce(s.paid_fen, 0) AS paid_fen,
       coalesce(s.surrendered_fen, 0) AS surrendered_fen
FROM award a
JOIN programme p ON p.id = a.programme
JOIN person creator ON creator.id = a.created_by_person
LEFT JOIN organisation o ON o.id = a.organisation
LEFT JOIN person payee ON payee.id = a.person
LEFT JOIN LATERAL (
    SELECT sum(c.committed_fen)::bigint AS committed_fen, sum(c.payable_fen)::bigint AS payable_fen,
           sum(c.in_bank_fen)::bigint AS in_bank_fen, sum(c.paid_fen)::bigint AS paid_fen,
           sum(c.surrendered_fen)::bigint AS surrendered_fen
    FROM commitment c WHERE c.award_id = a.id
) s ON true
"""


async def award(actor: Actor, award_id: int, *, lock: bool = False) -> Award:
    """One award within the actor's scope; raises NotFound."""
    found = await db.row(
        _AWARD
        + "WHERE a.id = $1 AND ($2::bigint IS NULL OR a.organisation = $2)"
        + (" FOR NO KEY UPDATE OF a" if lock else ""),
        award_id,
        actor.organisation_id,
    )
    if found is None:
        raise NotFound()
    return Award(**found)


@dataclass(frozen=True)
class AwardFilter:
    """What a list of awards may be narrowed by; None means all."""

    state: str | None = None
    programme_id: int | None = None
    fiscal_year: int | None = None
    organisation_id: int | None = None
    search: str = ""


async def awards(
    actor: Actor, wanted: AwardFilter, *, limit: int = 50, offset: int = 0
) -> list[Award]:
    """Awards within the actor's scope, newest first."""
    found = await db.rows(
        _AWARD + _WANTED + "ORDER BY a.id DESC LIMIT $7 OFFSET $8",
        *_wanted(actor, wanted),
        limit,
        offset,
    )
    return [Award(**r) for r in found]


async def count_awards(actor: Actor, wanted: AwardFilter) -> tuple[int, Fen]:
    """How many awards a filter finds, and their total in fen."""
    found = await db.row(
        """
        SELECT count(*) AS awards, coalesce(sum(a.amount_fen), 0)::bigint AS total
        FROM award a LEFT JOIN organisation o ON o.id = a.organisation
        LEFT JOIN person payee ON payee.id = a.person
        """
        + _WANTED,
        *_wanted(actor, wanted),
    )
    assert found is not None
    return found["awards"], Fen(found["total"])


_WANTED = """
WHERE ($1::bigint IS NULL OR a.organisation = $1)
  AND ($2::text IS NULL OR a.state = $2)
  AND ($3::bigint IS NULL OR a.programme = $3)
  AND ($4::int IS NULL OR EXISTS (SELECT 1 FROM award_share s WHERE s.award = a.id
                                  AND s.fiscal_year = $4)
       OR (a.state = 'HISTORIC' AND extract(year FROM a.decided_on) = $4))
  AND ($5::bigint IS NULL OR a.organisation = $5)
  AND ($6 = '' OR a.number ILIKE '%' || $6 || '%' OR a.title ILIKE '%' || $6 || '%'
       OR o.name ILIKE '%' || $6 || '%' OR payee.name ILIKE '%' || $6 || '%')
"""


def _wanted(actor: Actor, wanted: AwardFilter) -> tuple[object, ...]:
    return (
        actor.organisation_id,
        wanted.state,
        wanted.programme_id,
        wanted.fiscal_year,
        wanted.organisation_id,
        wanted.search.strip(),
    )


@dataclass(frozen=True)
class Share:
    """What of an award one line bears, and where that money stands."""

    id: int
    line_id: int
    line_code: str
    line_state: str
    fund_name: str
    fund_name_en: str
    fund_kind: str
    fiscal_year: int
    amount_fen: Fen
    commitment_id: int | None
    committed_fen: Fen
    payable_fen: Fen
    in_bank_fen: Fen
    paid_fen: Fen


async def shares(award_id: int) -> list[Share]:
    """The shares of an award by year and line."""
    found = await db.rows(
        """
        SELECT s.id, s.line AS line_id, l.code AS line_code, l.state AS line_state,
               f.name AS fund_name, f.name_en AS fund_name_en, f.kind AS fund_kind,
               s.fiscal_year, s.amount_fen, s.commitment AS commitment_id,
               coalesce(c.committed_fen, 0) AS committed_fen,
               coalesce(c.payable_fen, 0) AS payable_fen,
               coalesce(c.in_bank_fen, 0) AS in_bank_fen, coalesce(c.paid_fen, 0) AS paid_fen
        FROM award_share s
        JOIN budget_line l ON l.id = s.line JOIN fund_source f ON f.id = l.fund_source
        LEFT JOIN commitment c ON c.id = s.commitment
        WHERE s.award = $1 ORDER BY s.fiscal_year, l.code
        """,
        award_id,
    )
    return [Share(**r) for r in found]


@dataclass(frozen=True)
class Instalment:
    """A part of an award, with the share that bears it."""

    id: int
    award_id: int
    share_id: int
    line_id: int
    line_code: str
    fiscal_year: int
    commitment_id: int | None
    sequence: int
    amount_fen: Fen
    condition: str
    opened_by: str
    due_on: date
    condition_met_on: date | None
    condition_evidence: str
    state: str


_INSTALMENT = """
SELECT i.id, i.award AS award_id, i.share AS share_id, s.line AS line_id, l.code AS line_code,
       s.fiscal_year, s.commitment AS commitment_id, i.sequence, i.amount_fen, i.condition,
       i.opened_by, i.due_on, i.condition_met_on, i.condition_evidence, i.state
FROM instalment i JOIN award_share s ON s.id = i.share JOIN budget_line l ON l.id = s.line
"""


async def instalments(award_id: int) -> list[Instalment]:
    """The instalments of an award in order."""
    found = await db.rows(_INSTALMENT + "WHERE i.award = $1 ORDER BY i.sequence", award_id)
    return [Instalment(**r) for r in found]


async def instalment(instalment_id: int, *, lock: bool = False) -> Instalment:
    """One instalment; raises NotFound."""
    found = await db.row(
        _INSTALMENT + "WHERE i.id = $1" + (" FOR NO KEY UPDATE OF i" if lock else ""), instalment_id
    )
    if found is None:
        raise NotFound()
    return Instalment(**found)


@dataclass(frozen=True)
class DueInstalment:
    """An open instalment as a list of work shows it."""

    id: int
    award_id: int
    award_number: str
    title: str
    payee_name: str
    sequence: int
    amount_fen: Fen
    condition: str
    condition_met_on: date | None
    due_on: date


_DUE = """
FROM instalment i JOIN award a ON a.id = i.award
LEFT JOIN organisation o ON o.id = a.organisation LEFT JOIN person p ON p.id = a.person
WHERE a.state = 'ACTIVE' AND i.state = 'OPEN' AND i.due_on <= $1
"""


async def due_instalments(by: date, *, limit: int = 10_000) -> list[DueInstalment]:
    """Open instalments of active awards due by a day: those that can be paid come first."""
    found = await db.rows(
        """
        SELECT i.id, a.id AS award_id, a.number AS award_number, a.title,
               coalesce(o.name, p.name) AS payee_name, i.sequence, i.amount_fen, i.condition,
               i.condition_met_on, i.due_on
        """
        + _DUE
        + "ORDER BY i.condition_met_on IS NULL, i.due_on, i.id LIMIT $2",
        by,
        limit,
    )
    return [DueInstalment(**r) for r in found]


async def count_due_instalments(by: date) -> int:
    """How many instalments `due_instalments` finds."""
    return int(await db.value("SELECT count(*) " + _DUE, by))


async def awaiting_this_years_share(fiscal_year: int) -> list[Award]:
    """Active awards with a share of `fiscal_year` that is not committed yet, by number."""
    found = await db.rows(
        _AWARD
        + """
        WHERE a.state = 'ACTIVE' AND EXISTS (
            SELECT 1 FROM award_share s WHERE s.award = a.id AND s.fiscal_year = $1
              AND s.commitment IS NULL AND s.amount_fen > 0)
        ORDER BY a.id
        """,
        fiscal_year,
    )
    return [Award(**r) for r in found]


@dataclass(frozen=True)
class PayeeHistory:
    """What a payee received from awards so far, by programme and year."""

    programme_name: str
    programme_name_en: str
    fiscal_year: int
    awards: int
    amount_fen: Fen


async def payee_history(
    organisation_id: int | None = None, person_id: int | None = None
) -> list[PayeeHistory]:
    """A payee's awards by programme and year of decision, newest first."""
    found = await db.rows(
        """
        SELECT p.name AS programme_name, p.name_en AS programme_name_en,
               extract(year FROM a.decided_on)::int AS fiscal_year, count(*) AS awards,
               sum(a.amount_fen)::bigint AS amount_fen
        FROM award a JOIN programme p ON p.id = a.programme
        WHERE a.organisation IS NOT DISTINCT FROM $1 AND a.person IS NOT DISTINCT FROM $2
          AND a.decided_on IS NOT NULL AND a.state <> 'WITHDRAWN'
        GROUP BY 1, 2, 3 ORDER BY 3 DESC, 1
        """,
        organisation_id,
        person_id,
    )
    return [PayeeHistory(**r) for r in found]
