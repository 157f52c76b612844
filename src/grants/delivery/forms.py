"""What people enter about running projects."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from grants.kernel.errors import Refusal
from grants.kernel.money import Fen, fen_from_yuan
from grants.platform.forms import Day, OptionalYuan, Trimmed, Yuan

Name = Annotated[Trimmed, Field(min_length=1, max_length=120)]


class SpendingForm(BaseModel):
    """A receipt; its paper comes with it."""

    cost_line: Name
    spent_on: Day
    payee: Name
    item: Name
    amount_fen: Yuan
    receipt_no: Annotated[Trimmed, Field(min_length=2, max_length=40)]


class JudgeForm(BaseModel):
    """What the office finds about a receipt."""

    version: int
    verb: Literal["admit", "admit_part", "refuse", "reconsider", "take_back"]
    admitted_fen: OptionalYuan = None
    reason: Annotated[Trimmed, Field(max_length=500)] = ""


class ReportJudgeForm(BaseModel):
    """Whether a report is accepted."""

    version: int
    verb: Literal["accept", "return"]
    note: Annotated[Trimmed, Field(max_length=1000)] = ""


class ChangeForm(BaseModel):
    """What shall change of a project; the cost lines are read beside it."""

    leader: Name
    staff: Annotated[Trimmed, Field(max_length=2000)] = ""
    community: Name
    starts_on: Day
    ends_on: Day
    effective_on: Day
    reason: Annotated[Trimmed, Field(min_length=5, max_length=1000)]

    @property
    def names(self) -> tuple[str, ...]:
        """The staff, one for each line or 、."""
        return tuple(name.strip() for name in re.split(r"[\n、,，]", self.staff) if name.strip())


class DecideForm(BaseModel):
    """The decision on a change."""

    verb: Literal["approve", "reject", "withdraw"]
    note: Annotated[Trimmed, Field(max_length=500)] = ""


def cost_lines_in(form: Mapping[str, Any]) -> dict[str, Fen] | tuple[str, Refusal]:
    """The cost lines that a form sets (`line.L1`), or the faulty field with its reason."""
    found: dict[str, Fen] = {}
    for field, value in form.items():
        name, _, code = field.partition(".")
        if name == "line" and code:
            try:
                found[code] = fen_from_yuan(str(value).strip() or "0")
            except Refusal as refusal:
                return field, refusal
    return found
