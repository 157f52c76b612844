"""What a ministry may change about evaluations by date: criteria, grades, what opens money."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

from grants.calls.terms import Criterion
from grants.kernel.errors import N_, FieldFault


class EvaluationKind(StrEnum):
    """Which evaluation of a project."""

    MIDTERM = "MIDTERM"
    FINAL = "FINAL"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class Grade(_Frozen):
    """A grade: from how many points, and what it makes of the last part, in permille."""

    name: Annotated[str, Field(min_length=1, max_length=10)]
    least: int = Field(ge=0, le=100)
    k_permille: int = Field(ge=0, le=1000)


class EvaluationRules(_Frozen):
    """Policy `venture_evaluation`: criteria, grades and what has to be spent (domain §3.7, §3.8).

    A grade whose multiplier is 0 fails. `spent_permille` is how much of the first part has to be
    admitted before the mid-term opens the next.
    """

    midterm: tuple[Criterion, ...] = Field(min_length=1)
    final: tuple[Criterion, ...] = Field(min_length=1)
    grades: tuple[Grade, ...] = Field(min_length=2)
    spent_permille: int = Field(ge=0, le=1000)
    rectify_days: int = Field(ge=0, le=180)
    refund_workdays: int = Field(ge=1, le=120)
    independence_years: int = Field(ge=0, le=10)

    @field_validator("midterm", "final")
    @classmethod
    def _points_make_a_hundred(cls, criteria: tuple[Criterion, ...]) -> tuple[Criterion, ...]:
        if sum(one.points for one in criteria) != 100:
            raise FieldFault(N_("The points of the rubric have to make 100 together."))
        return criteria

    @field_validator("grades")
    @classmethod
    def _grades_go_down_to_nothing(cls, grades: tuple[Grade, ...]) -> tuple[Grade, ...]:
        leasts = [one.least for one in grades]
        if leasts != sorted(set(leasts), reverse=True) or leasts[-1] != 0:
            raise FieldFault(N_("Grades go down from the best, the last one from 0 points."))
        return grades

    def criteria(self, kind: str) -> tuple[Criterion, ...]:
        """The criteria of one kind of evaluation."""
        return self.midterm if kind == EvaluationKind.MIDTERM else self.final
