"""Reads for leaders and auditors: the fund as a whole, the history of a row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from grants.kernel import calendar
from grants.kernel.money import Fen, permille
from grants.platform import db


@dataclass(frozen=True)
class FundTotals:
    """The fund of one year in a few figures."""

    lines: int
    quota_fen: Fen
    available_fen: Fen
    promised_fen: Fen
    on_its_way_fen: Fen
    paid_fen: Fen
    time_permille: int

    @property
    def to_pay_fen(self) -> Fen:
        """Promised and on its way."""
        return Fen(self.promised_fen + self.on_its_way_fen)

    @property
    def execution_permille(self) -> int:
        """预算执行率: paid ÷ full-year budget (domain §1.5)."""
        return permille(self.paid_fen, self.quota_fen)


async def fund_totals(fiscal_year: int) -> FundTotals:
    """The totals of a year's lines, and how much of the year has gone."""
    found = await db.row(
        """
        SELECT count(*) AS lines, coalesce(sum(b.quota_fen), 0)::bigint AS quota_fen,
               coalesce(sum(b.available_fen), 0)::bigint AS available_fen,
               coalesce(sum(b.precommitted_fen + b.committed_fen), 0)::bigint AS promised_fen,
               coalesce(sum(b.payable_fen + b.in_bank_fen), 0)::bigint AS on_its_way_fen,
               coalesce(sum(b.paid_fen), 0)::bigint AS paid_fen
        FROM budget_line l JOIN line_balance b ON b.id = l.id WHERE l.fiscal_year = $1
        """,
        fiscal_year,
    )
    assert found is not None
    today = calendar.today()
    gone = permille(today.timetuple().tm_yday, 365) if today.year == fiscal_year else 1000
    return FundTotals(**found, time_permille=gone)


@dataclass(frozen=True)
class Change:
    """One change of one row, as the trigger wrote it."""

    id: int
    table_name: str
    row_id: int
    operation: str
    before: Mapping[str, object]
    after: Mapping[str, object]
    who: str
    request_id: str
    at: datetime


async def changes(
    *, table_name: str = "", row_id: int | None = None, limit: int = 100
) -> list[Change]:
    """The history of rows, newest first."""
    found = await db.rows(
        """
        SELECT h.id, h.table_name, h.row_id, h.operation, h.before, h.after, p.name AS who,
               h.request_id, h.at
        FROM row_history h LEFT JOIN app_user u ON u.id = h.user_id
        LEFT JOIN person p ON p.id = u.person
        WHERE ($1 = '' OR h.table_name = $1) AND ($2::bigint IS NULL OR h.row_id = $2)
        ORDER BY h.id DESC LIMIT $3
        """,
        table_name,
        row_id,
        limit,
    )
    return [Change(**r) for r in found]
