"""What people enter about the budget."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from grants.budget.rules import QuotaKind
from grants.platform.forms import Day, Id, OptionalId, Trimmed, Yuan, YuanOrZero

Reason = Annotated[Trimmed, Field(min_length=5, max_length=500)]


class QuotaForm(BaseModel):
    """A quota movement under its document."""

    kind: QuotaKind
    line_id: Id
    to_line_id: OptionalId = None
    amount_fen: Yuan
    document_no: Annotated[Trimmed, Field(min_length=1, max_length=80)]
    issued_on: Day
    reason: Annotated[Trimmed, Field(max_length=500)] = ""


class LineForm(BaseModel):
    """A new budget line."""

    code: Annotated[Trimmed, Field(min_length=1, max_length=40)]
    programme_id: Id
    fund_source_id: Id
    fiscal_year: Annotated[int, Field(ge=2000, le=2100)]
    func_code: Annotated[Trimmed, Field(min_length=1, max_length=20)]
    gov_eco_code: Annotated[Trimmed, Field(min_length=1, max_length=20)]
    dept_eco_code: Annotated[Trimmed, Field(min_length=1, max_length=20)]


class CashPlanForm(BaseModel):
    """Twelve amounts, January first."""

    m1: YuanOrZero
    m2: YuanOrZero
    m3: YuanOrZero
    m4: YuanOrZero
    m5: YuanOrZero
    m6: YuanOrZero
    m7: YuanOrZero
    m8: YuanOrZero
    m9: YuanOrZero
    m10: YuanOrZero
    m11: YuanOrZero
    m12: YuanOrZero

    def months_fen(self) -> list[int]:
        """The amounts in order."""
        return [int(getattr(self, f"m{month}")) for month in range(1, 13)]


class YearEndForm(BaseModel):
    """Propose to close a year."""

    document_no: Annotated[Trimmed, Field(min_length=1, max_length=80)]


class RejectForm(BaseModel):
    """Reject with a reason."""

    reason: Reason
