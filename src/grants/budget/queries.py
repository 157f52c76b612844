"""Reads of the budget: SQL in, frozen dataclasses out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from grants.budget.rules import Balance
from grants.kernel.errors import NotFound
from grants.kernel.money import Fen
from grants.platform import db

_BALANCE = (
    "b.quota_fen, b.available_fen, b.precommitted_fen, b.committed_fen, b.payable_fen, "
    "b.in_bank_fen, b.paid_fen, b.surrendered_fen"
)

_LINE = f"""
SELECT l.id, l.code, l.fiscal_year, l.state, l.func_code, l.gov_eco_code, l.dept_eco_code,
       p.id AS programme_id, p.code AS programme_code, p.name AS programme_name,
       p.name_en AS programme_name_en, p.instrument,
       f.id AS fund_source_id, f.name AS fund_name, f.name_en AS fund_name_en,
       f.kind AS fund_kind, {_BALANCE}, c.months_fen
FROM budget_line l
JOIN programme p ON p.id = l.programme
JOIN fund_source f ON f.id = l.fund_source
JOIN line_balance b ON b.id = l.id
LEFT JOIN cash_plan c ON c.line = l.id AND c.state = 'APPROVED'
"""


@dataclass(frozen=True)
class Line:
    """A budget line with its balance and approved cash plan."""

    id: int
    code: str
    fiscal_year: int
    state: str
    func_code: str
    gov_eco_code: str
    dept_eco_code: str
    programme_id: int
    programme_code: str
    programme_name: str
    programme_name_en: str
    instrument: str
    fund_source_id: int
    fund_name: str
    fund_name_en: str
    fund_kind: str
    balance: Balance
    months_fen: tuple[int, ...] | None


def _balance(found: db.Row) -> Balance:
    return Balance(
        quota_fen=Fen(found["quota_fen"]),
        available_fen=Fen(found["available_fen"]),
        precommitted_fen=Fen(found["precommitted_fen"]),
        committed_fen=Fen(found["committed_fen"]),
        payable_fen=Fen(found["payable_fen"]),
        in_bank_fen=Fen(found["in_bank_fen"]),
        paid_fen=Fen(found["paid_fen"]),
        surrendered_fen=Fen(found["surrendered_fen"]),
    )


def _line(found: db.Row) -> Line:
    plain = {k: v for k, v in found.items() if not k.endswith("_fen")}
    months = found["months_fen"]
    return Line(
        **plain, balance=_balance(found), months_fen=tuple(months) if months is not None else None
    )


async def lines_of_year(fiscal_year: int) -> list[Line]:
    """All lines of a year, by programme and fund source."""
    found = await db.rows(_LINE + "WHERE l.fiscal_year = $1 ORDER BY p.code, f.code", fiscal_year)
    return [_line(r) for r in found]


async def line(line_id: int) -> Line:
    """One line; raises NotFound."""
    found = await db.row(_LINE + "WHERE l.id = $1", line_id)
    if found is None:
        raise NotFound()
    return _line(found)


async def lines_with_codes(codes: Sequence[str]) -> list[Line]:
    """The lines of these codes; a code that is none is left out."""
    found = await db.rows(
        _LINE + "WHERE l.code = ANY($1::text[]) ORDER BY l.id",
        list(codes),
    )
    return [_line(r) for r in found]


async def line_of(programme_id: int, fund_source_id: int, fiscal_year: int) -> Line | None:
    """The line of a programme and fund source in a year, where there is one."""
    found = await db.row(
        _LINE + "WHERE l.programme = $1 AND l.fund_source = $2 AND l.fiscal_year = $3",
        programme_id,
        fund_source_id,
        fiscal_year,
    )
    return _line(found) if found else None


async def lock_lines(line_ids: Sequence[int]) -> dict[int, Line]:
    """Lines with their balances locked, always in order of id; raises NotFound.

    Read after locking: one statement would wait for the lock and then still see the
    state and the cash plan as they stood before.
    """
    wanted = sorted(set(line_ids))
    await db.rows(
        "SELECT id FROM line_balance WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE", wanted
    )
    found = await db.rows(_LINE + "WHERE l.id = ANY($1) ORDER BY l.id", wanted)
    if len(found) != len(wanted):
        raise NotFound()
    return {r["id"]: _line(r) for r in found}


@dataclass(frozen=True)
class QuotaMovement:
    """A document that gives, takes or transfers quota."""

    id: int
    number: str
    kind: str
    line_id: int
    to_line_id: int | None
    amount_fen: Fen
    document_no: str
    issued_on: date
    reason: str
    state: str
    proposed_by_person: int
    proposer: str
    version: int
    line_code: str
    programme_name: str
    programme_name_en: str
    to_line_code: str | None


_MOVEMENT = """
SELECT m.id, m.number, m.kind, m.line AS line_id, m.to_line AS to_line_id, m.amount_fen,
       m.document_no, m.issued_on, m.reason, m.state, m.proposed_by_person,
       o.name AS proposer, m.version, l.code AS line_code, p.name AS programme_name,
       p.name_en AS programme_name_en, t.code AS to_line_code
FROM quota_movement m
JOIN person o ON o.id = m.proposed_by_person
JOIN budget_line l ON l.id = m.line
JOIN programme p ON p.id = l.programme
LEFT JOIN budget_line t ON t.id = m.to_line
"""


async def quota_movement(movement_id: int, *, lock: bool = False) -> QuotaMovement:
    """One movement; raises NotFound."""
    found = await db.row(
        _MOVEMENT + "WHERE m.id = $1" + (" FOR NO KEY UPDATE OF m" if lock else ""), movement_id
    )
    if found is None:
        raise NotFound()
    return QuotaMovement(**found)


async def quota_movements(
    *, fiscal_year: int | None = None, line_id: int | None = None, state: str | None = None
) -> list[QuotaMovement]:
    """Movements, newest first."""
    found = await db.rows(
        _MOVEMENT
        + """
        WHERE ($1::int IS NULL OR l.fiscal_year = $1)
          AND ($2::bigint IS NULL OR m.line = $2 OR m.to_line = $2)
          AND ($3::text IS NULL OR m.state = $3)
        ORDER BY m.id DESC
        """,
        fiscal_year,
        line_id,
        state,
    )
    return [QuotaMovement(**r) for r in found]


@dataclass(frozen=True)
class CashPlan:
    """A revision of a line's monthly cash plan."""

    id: int
    line_id: int
    line_code: str
    revision: int
    months_fen: tuple[int, ...]
    state: str
    proposed_by_person: int
    proposer: str


_PLAN = """
SELECT c.id, c.line AS line_id, l.code AS line_code, c.revision, c.months_fen, c.state,
       c.proposed_by_person, o.name AS proposer
FROM cash_plan c JOIN person o ON o.id = c.proposed_by_person
JOIN budget_line l ON l.id = c.line
"""


async def cash_plan(plan_id: int, *, lock: bool = False) -> CashPlan:
    """One revision; raises NotFound."""
    found = await db.row(
        _PLAN + "WHERE c.id = $1" + (" FOR NO KEY UPDATE OF c" if lock else ""), plan_id
    )
    if found is None:
        raise NotFound()
    return CashPlan(**{**found, "months_fen": tuple(found["months_fen"])})


async def cash_plans(line_id: int | None = None, state: str | None = None) -> list[CashPlan]:
    """Revisions, newest first."""
    found = await db.rows(
        _PLAN
        + "WHERE ($1::bigint IS NULL OR c.line = $1) AND ($2::text IS NULL OR c.state = $2) "
        + "ORDER BY c.line, c.revision DESC",
        line_id,
        state,
    )
    return [CashPlan(**{**r, "months_fen": tuple(r["months_fen"])}) for r in found]


@dataclass(frozen=True)
class Move:
    """One ledger move, as a page shows it."""

    id: int
    act: str
    from_bucket: str
    to_bucket: str
    amount_fen: Fen
    case_kind: str
    case_id: int
    moved_on: date
    who: str
    line_code: str


async def moves(
    *, line_id: int | None = None, award_id: int | None = None, limit: int = 200
) -> list[Move]:
    """Ledger moves of a line or an award, latest day first."""
    found = await db.rows(
        """
        SELECT m.id, m.act, m.from_bucket, m.to_bucket, m.amount_fen, m.case_kind, m.case_id,
               m.moved_on, p.name AS who, l.code AS line_code
        FROM ledger_move m
        JOIN app_user u ON u.id = m.user_id JOIN person p ON p.id = u.person
        JOIN budget_line l ON l.id = m.line
        LEFT JOIN commitment c ON c.id = m.commitment
        WHERE ($1::bigint IS NULL OR m.line = $1) AND ($2::bigint IS NULL OR c.award_id = $2)
        ORDER BY m.moved_on DESC, m.id DESC LIMIT $3
        """,
        line_id,
        award_id,
        limit,
    )
    return [Move(**r) for r in found]


@dataclass(frozen=True)
class Programme:
    """What money is for."""

    id: int
    code: str
    name: str
    name_en: str
    instrument: str
    department: str


async def programmes() -> list[Programme]:
    """All programmes by code."""
    found = await db.rows(
        "SELECT id, code, name, name_en, instrument, department FROM programme ORDER BY code"
    )
    return [Programme(**r) for r in found]


async def programme(programme_id: int) -> Programme:
    """One programme; raises NotFound."""
    for known in await programmes():
        if known.id == programme_id:
            return known
    raise NotFound()


@dataclass(frozen=True)
class FundSource:
    """Where money comes from."""

    id: int
    code: str
    name: str
    name_en: str
    kind: str


async def fund_sources() -> list[FundSource]:
    """All fund sources by code."""
    found = await db.rows("SELECT id, code, name, name_en, kind FROM fund_source ORDER BY code")
    return [FundSource(**r) for r in found]


@dataclass(frozen=True)
class YearEnd:
    """A proposal to close a year, with what it does to each line."""

    id: int
    fiscal_year: int
    state: str
    document_no: str
    lines: list[dict[str, int]]
    proposed_by_person: int
    proposer: str


async def year_end(fiscal_year: int, *, lock: bool = False) -> YearEnd | None:
    """The standing proposal or decision to close a year."""
    found = await db.row(
        """
        SELECT y.id, y.fiscal_year, y.state, y.document_no, y.lines, y.proposed_by_person,
               o.name AS proposer
        FROM year_end y JOIN person o ON o.id = y.proposed_by_person
        WHERE y.fiscal_year = $1 AND y.state <> 'REJECTED'
        """
        + ("FOR NO KEY UPDATE OF y" if lock else ""),
        fiscal_year,
    )
    return YearEnd(**found) if found else None


async def paid_by_month(fiscal_year: int, line_id: int | None = None) -> list[Fen]:
    """What was paid in each month of a year, less what came back in it: twelve amounts in fen.

    Of all lines of the year, or of one.
    """
    found = await db.rows(
        """
        SELECT extract(month FROM m.moved_on)::int AS month,
               sum(CASE m.to_bucket WHEN 'paid' THEN m.amount_fen ELSE -m.amount_fen END)::bigint
                   AS paid_fen
        FROM ledger_move m JOIN budget_line l ON l.id = m.line
        WHERE l.fiscal_year = $1 AND ($2::bigint IS NULL OR l.id = $2)
          AND 'paid' IN (m.from_bucket, m.to_bucket)
          AND m.moved_on >= make_date($1, 1, 1) AND m.moved_on < make_date($1 + 1, 1, 1)
        GROUP BY 1
        """,
        fiscal_year,
        line_id,
    )
    paid = {row["month"]: row["paid_fen"] for row in found}
    return [Fen(paid.get(month, 0)) for month in range(1, 13)]
