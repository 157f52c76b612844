"""What a ministry may change about running projects by date, and what a report says."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from grants.kernel.errors import N_, FieldFault
from grants.kernel.money import Fen

Line = Annotated[str, Field(min_length=1, max_length=120)]
Count = Annotated[int, Field(ge=0, le=1_000_000)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class DeliveryRules(_Frozen):
    """Policy `venture_delivery`: changes of running projects and what is decided on them (§3.7)."""

    changes_most: int = Field(ge=0, le=20)
    freeze_days: int = Field(ge=0, le=180)
    notice_workdays: int = Field(ge=0, le=60)
    receipt_days: int = Field(ge=0, le=365)
    start_days: int = Field(ge=1, le=365)
    staff_permille: int = Field(ge=0, le=1000)
    moved_permille: int = Field(ge=0, le=1000)
    moved_fen: Fen = Field(ge=0)


class ProjectPlan(_Frozen):
    """What of a project may be changed: who leads and works, where, when, and the cost lines."""

    leader: Line
    staff: tuple[Line, ...] = Field(max_length=50)
    community: Line
    starts_on: date
    ends_on: date
    budget: Mapping[str, Fen]

    @field_validator("ends_on")
    @classmethod
    def _ends_after_it_begins(cls, ends_on: date, info: ValidationInfo) -> date:
        if "starts_on" in info.data and ends_on <= info.data["starts_on"]:
            raise FieldFault(N_("The project ends before it begins."))
        return ends_on


class HeldActivity(_Frozen):
    """One activity that was held."""

    what: Line
    held_on: date
    place: Line
    person_times: Count


class Reached(_Frozen):
    """How far an indicator has come, all reports together."""

    name: Line
    so_far: Count


class ReportBody(_Frozen):
    """One report: the days that it covers, what was held, what is reached, what is difficult."""

    period_from: date
    period_to: date
    summary: str = Field(min_length=10, max_length=3000)
    difficulties: str = Field(default="", max_length=2000)
    activities: tuple[HeldActivity, ...] = Field(default=(), max_length=100)
    reached: tuple[Reached, ...] = Field(default=(), max_length=30)

    @field_validator("period_to")
    @classmethod
    def _ends_no_earlier(cls, period_to: date, info: ValidationInfo) -> date:
        if "period_from" in info.data and period_to < info.data["period_from"]:
            raise FieldFault(N_("This ends before it begins."))
        return period_to
