"""What an agreement says: the clauses a ministry may change by date, and one project's content."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

from grants.applications.sections import Goal, Indicator
from grants.calls.terms import OpenedBy
from grants.kernel.errors import N_, FieldFault
from grants.kernel.money import Fen

Text = Annotated[str, Field(min_length=1, max_length=300)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class Clause(_Frozen):
    """One article of the agreement: its heading, and what it says."""

    code: Text
    heading: Text
    text: str = Field(min_length=5, max_length=3000)


class AgreementTemplate(_Frozen):
    """Policy `venture_agreement`: title and articles of the agreements drawn up from a day on.

    Parties, amount, instalments, budget and targets stand in tables of their own before them.
    """

    title: Text
    first_payment_workdays: int = Field(ge=1, le=60)
    final_payment_days: int = Field(ge=0, le=180)
    clauses: tuple[Clause, ...] = Field(min_length=1)

    @field_validator("clauses")
    @classmethod
    def _stand_once(cls, clauses: tuple[Clause, ...]) -> tuple[Clause, ...]:
        codes = [one.code for one in clauses]
        if len(set(codes)) < len(codes):
            raise FieldFault(N_("Two rows have the same code."))
        return clauses


class Party(_Frozen):
    """One side of the agreement."""

    name: str
    uscc: str = ""
    representative: str = ""
    address: str = ""
    contact: str = ""
    phone: str = ""


class Part(_Frozen):
    """An instalment as agreed."""

    sequence: int
    amount_fen: Fen
    condition: str
    opened_by: OpenedBy
    due_on: date


class CostLine(_Frozen):
    """What one line of the project's budget may take of the grant."""

    code: str
    name: str
    grant_fen: Fen


class AgreementContent(_Frozen):
    """Everything that is printed and signed; its SHA-256 names the version.

    The parts and the cost lines each add up to the amount.
    """

    title: str
    project: str
    community: str
    application: str
    decision: str
    minutes_no: str
    notice: str
    office: Party
    agency: Party
    amount_fen: Fen
    own_fen: Fen
    starts_on: date
    ends_on: date
    parts: tuple[Part, ...]
    budget: tuple[CostLine, ...]
    overall_goal: str
    goals: tuple[Goal, ...]
    indicators: tuple[Indicator, ...]
    clauses: tuple[Clause, ...]

    @field_validator("budget")
    @classmethod
    def _adds_up(cls, budget: tuple[CostLine, ...], info: object) -> tuple[CostLine, ...]:
        data = getattr(info, "data", {})
        amount, parts = data.get("amount_fen"), data.get("parts", ())
        sums = (sum(one.amount_fen for one in parts), sum(one.grant_fen for one in budget))
        if amount is not None and sums != (amount, amount):
            raise FieldFault(N_("Parts and budget have to add up to the amount."))
        return budget

    def part_opened_by(self, opener: str) -> Sequence[Part]:
        """The parts that signing or an evaluation opens."""
        return [one for one in self.parts if one.opened_by == opener]
