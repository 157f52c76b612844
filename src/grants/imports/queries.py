"""Reads and set-based writes of an import."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from grants.imports.rules import KnownLine
from grants.kernel.errors import NotFound
from grants.kernel.money import Fen
from grants.platform import db


async def lock_imports() -> None:
    """Let one import write at a time, so that each sees all that the one before brought."""
    await db.execute(
        """
        INSERT INTO number_series AS s (series, last) VALUES ('award-import', 1)
        ON CONFLICT (series) DO UPDATE SET last = s.last + 1
        """
    )


async def imported_awards(external_ids: Sequence[str]) -> dict[tuple[str, str], Fen]:
    """Amounts of awards imported before, by funder and their number there."""
    found = await db.rows(
        """
        SELECT funder_id, external_id, amount_fen FROM award
        WHERE external_id = ANY($1::text[]) ORDER BY id
        """,
        list(external_ids),
    )
    return {(r["funder_id"], r["external_id"]): Fen(r["amount_fen"]) for r in found}


async def known_lines(codes: Sequence[str]) -> dict[str, KnownLine]:
    """Budget lines by their codes."""
    found = await db.rows(
        """
        SELECT id, code, programme AS programme_id, fiscal_year, state FROM budget_line
        WHERE code = ANY($1::text[]) ORDER BY id
        """,
        list(codes),
    )
    return {r["code"]: KnownLine(**r) for r in found}


async def reserve_numbers(wanted: Mapping[str, int]) -> dict[str, int]:
    """Reserve `wanted` numbers of each series in one step; answers the first of each."""
    found = await db.rows(
        """
        INSERT INTO number_series AS s (series, last)
        SELECT w.series, w.count FROM unnest($1::text[], $2::int[]) w(series, count)
        ORDER BY w.series
        ON CONFLICT (series) DO UPDATE SET last = s.last + excluded.last
        RETURNING series, last
        """,
        list(wanted),
        list(wanted.values()),
    )
    return {r["series"]: r["last"] - wanted[r["series"]] + 1 for r in found}


async def insert_awards(rows: Sequence[Mapping[str, object]]) -> list[int]:
    """Write awards at once; answers their ids in the same order."""
    found = await db.rows(
        """
        WITH given AS (
            SELECT g.*, nextval(pg_get_serial_sequence('award', 'id')) AS id
            FROM jsonb_to_recordset($1::jsonb) AS g(
                place int, number text, programme bigint, organisation bigint, title text,
                purpose text, amount_fen bigint, state text, minutes_no text, decided_on date,
                starts_on date, ends_on date, funder_id text, external_id text,
                historic_fund_source bigint, created_by_person bigint)
        ), added AS (
            INSERT INTO award (id, number, programme, organisation, title, purpose, amount_fen,
                state, basis, minutes_no, decided_on, starts_on, ends_on, origin, funder_id,
                external_id, historic_fund_source, objections, created_by_person, version)
            SELECT id, number, programme, organisation, title, purpose, amount_fen, state, '',
                   minutes_no, decided_on, starts_on, ends_on, 'IMPORT', funder_id, external_id,
                   historic_fund_source, 'NONE', created_by_person, 1
            FROM given ORDER BY place
        )
        SELECT id FROM given ORDER BY place
        """,
        rows,
    )
    return [int(r["id"]) for r in found]


async def insert_plans(
    shares: Sequence[Mapping[str, object]], instalments: Sequence[Mapping[str, object]]
) -> None:
    """Write shares, then the instalments that draw on them."""
    await db.execute(
        """
        INSERT INTO award_share (award, line, fiscal_year, amount_fen)
        SELECT award, line, fiscal_year, amount_fen FROM jsonb_to_recordset($1::jsonb)
               AS g(award bigint, line bigint, fiscal_year int, amount_fen bigint)
        ORDER BY award, line
        """,
        shares,
    )
    await db.execute(
        """
        INSERT INTO instalment (award, share, sequence, amount_fen, condition, due_on,
                                condition_evidence, state)
        SELECT g.award, s.id, g.sequence, g.amount_fen, g.condition, g.due_on, '', 'OPEN'
        FROM jsonb_to_recordset($1::jsonb) AS g(award bigint, line bigint, sequence int,
             amount_fen bigint, condition text, due_on date)
        JOIN award_share s ON s.award = g.award AND s.line = g.line
        ORDER BY g.award, g.sequence
        """,
        instalments,
    )


async def add_run(
    *,
    file_name: str,
    sha256: str,
    options: Mapping[str, object],
    state: str,
    row_count: int,
    done_count: int,
    report: Mapping[str, object],
    user_id: int,
    started_at: datetime,
    finished_at: datetime,
) -> int:
    """Write down one import of one file; answers its id."""
    return int(
        await db.value(
            """
            INSERT INTO import_run (file_name, sha256, options, state, row_count, done_count,
                                    report, user_id, started_at, finished_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id
            """,
            file_name,
            sha256,
            options,
            state,
            row_count,
            done_count,
            report,
            user_id,
            started_at,
            finished_at,
        )
    )


@dataclass(frozen=True)
class Run:
    """One import as its page shows it."""

    id: int
    file_name: str
    sha256: str
    options: Mapping[str, object]
    state: str
    row_count: int
    done_count: int
    report: Mapping[str, object]
    who: str
    started_at: datetime
    finished_at: datetime | None


_RUN = """
SELECT r.id, r.file_name, r.sha256, r.options, r.state, r.row_count, r.done_count, r.report,
       p.name AS who, r.started_at, r.finished_at
FROM import_run r JOIN app_user u ON u.id = r.user_id JOIN person p ON p.id = u.person
"""


async def run(run_id: int) -> Run:
    """One import; raises NotFound."""
    found = await db.row(_RUN + "WHERE r.id = $1", run_id)
    if found is None:
        raise NotFound()
    return Run(**found)


async def runs(limit: int = 20) -> list[Run]:
    """Imports, newest first."""
    return [Run(**r) for r in await db.rows(_RUN + "ORDER BY r.id DESC LIMIT $1", limit)]
