"""What the payment gate looks at: the facts of one payment, and the policies that hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from grants.budget.rules import FundMatrix
from grants.kernel.calendar import DayTable
from grants.kernel.errors import N_, FieldFault
from grants.kernel.identity import Role
from grants.kernel.money import Fen


class GateRulePolicy(BaseModel):
    """How strict one rule is, and which roles may set it aside with a reason."""

    model_config = ConfigDict(frozen=True)

    level: Literal["blocking", "warning", "off"]
    waivable_by: tuple[Role, ...] = ()
    mark: str = "D"


class GatePolicy(BaseModel):
    """Policy `payment_gate`."""

    model_config = ConfigDict(frozen=True)

    publicity_workdays: int = Field(ge=0, le=60)
    repeat_days: int = Field(ge=1, le=3660)
    clock_warning_days: int = Field(ge=0, le=90)
    year_end_cutoff_month: int = Field(ge=1, le=12)
    year_end_cutoff_day: int = Field(ge=1, le=31)
    invoice_instruments: tuple[str, ...]
    publicity_instruments: tuple[str, ...]
    rules: Mapping[str, GateRulePolicy]

    @model_validator(mode="after")
    def _cutoff_is_a_day_of_every_year(self) -> GatePolicy:
        try:
            date(2001, self.year_end_cutoff_month, self.year_end_cutoff_day)
        except ValueError as error:
            raise FieldFault(N_("The cut-off has to be a day that every year has.")) from error
        return self


@dataclass(frozen=True)
class GateFacts:
    """Everything the gate looks at, gathered in one read."""

    amount_fen: Fen
    award_state: str
    award_amount_fen: Fen
    award_grade: str | None
    instrument: str
    fund_kind: str
    line_code: str
    line_year: int
    line_drawn_fen: Fen
    line_carried_in_fen: Fen
    line_available_fen: Fen
    months_fen: Sequence[int] | None
    commitment_left_fen: Fen
    award_paid_fen: Fen
    sequence: int
    sequences: int
    instalment_amount_fen: Fen
    due_on: date
    condition: str
    condition_met_on: date | None
    condition_evidence: str
    minutes_needed: bool
    minutes_no: str
    publicised_from: date | None
    publicised_to: date | None
    objections: str
    invoice_no: str | None
    invoice_amount_fen: Fen
    invoice_seller: str
    invoice_checked_on: date | None
    payee_name: str
    account_holder: str
    account_state: str
    account_last4: str
    standing: str | None
    inspection_year: int | None
    inspection_result: str | None
    grade_expires_on: date | None
    owed_fen: Fen
    owed_number: str | None
    repeats: int
    repeat_number: str | None
    attachments: int
    payment_due_on: date


@dataclass(frozen=True)
class Look:
    """The facts, the policies that hold, and the day.

    `budget_approved_for` is the latest year whose budget the congress has approved, and
    `last_years_paid_fen` what the same line paid in the year before up to this day.
    """

    facts: GateFacts
    policy: GatePolicy
    matrix: FundMatrix
    budget_approved_for: int
    last_years_paid_fen: Fen
    today: date
    days: DayTable | None = None


Answer = tuple[bool, str, dict[str, object]]
