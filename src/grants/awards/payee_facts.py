"""What later stages want to know of a payee: what it holds, owes, and what was ended early."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from grants.awards.rules import Ended
from grants.kernel.money import Fen
from grants.platform import db


async def ended_for_cause(organisation_id: int, programme_id: int) -> list[Ended]:
    """Awards of a programme that were terminated for fault or fraud, newest first."""
    found = await db.rows(
        """
        SELECT a.number, max(e.at AT TIME ZONE 'Asia/Shanghai')::date AS day,
               a.ended_for = 'FRAUD' AS by_fraud
        FROM award a JOIN case_event e ON e.case_kind = 'award' AND e.case_id = a.id
         AND e.verb = 'terminate'
        WHERE a.organisation = $1 AND a.programme = $2 AND a.ended_for IN ('FAULT', 'FRAUD')
        GROUP BY a.id, a.number, a.ended_for ORDER BY day DESC, a.id
        """,
        organisation_id,
        programme_id,
    )
    return [Ended(**r) for r in found]


async def overdue_refund(organisation_id: int, on: date) -> tuple[Fen, str | None]:
    """What an organisation should have paid back by a day and has not, and the first claim."""
    found = await db.row(
        """
        SELECT coalesce(sum(k.amount_fen - k.recovered_fen), 0)::bigint AS fen,
               min(k.number) AS number
        FROM clawback k JOIN award a ON a.id = k.award
        WHERE a.organisation = $1 AND k.state = 'OPEN' AND k.due_on < $2
        """,
        organisation_id,
        on,
    )
    assert found is not None
    return Fen(found["fen"]), found["number"]


async def awards_of_year(organisation_id: int, programme_id: int, fiscal_year: int) -> list[str]:
    """Numbers of the awards of a programme that an organisation holds in a year."""
    found = await db.rows(
        """
        SELECT a.number FROM award a
        WHERE a.organisation = $1 AND a.programme = $2 AND a.state IN ('ACTIVE', 'COMPLETED')
          AND EXISTS (SELECT 1 FROM award_share s WHERE s.award = a.id AND s.fiscal_year = $3)
        ORDER BY a.id
        """,
        organisation_id,
        programme_id,
        fiscal_year,
    )
    return [r["number"] for r in found]


@dataclass(frozen=True)
class Funded:
    """An award as far as another project's text is compared with it."""

    id: int
    number: str
    title: str
    purpose: str
    payee_name: str


async def funded_projects(programme_id: int, since: date) -> list[Funded]:
    """Awards of a programme that were decided since a day, oldest first."""
    found = await db.rows(
        """
        SELECT a.id, a.number, a.title, a.purpose, coalesce(o.name, '') AS payee_name
        FROM award a LEFT JOIN organisation o ON o.id = a.organisation
        WHERE a.programme = $1 AND a.decided_on >= $2
          AND a.state IN ('ACTIVE', 'COMPLETED', 'TERMINATED', 'HISTORIC')
        ORDER BY a.id
        """,
        programme_id,
        since,
    )
    return [Funded(**r) for r in found]
