"""What people enter about awards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from grants.awards.actions import AwardPlan
from grants.awards.queries import Instalment
from grants.awards.rules import EndCause, InstalmentPlan, PartPlan, SharePlan
from grants.budget.queries import Line
from grants.kernel.errors import N_, Refusal
from grants.kernel.money import Fen
from grants.platform.forms import (
    Day,
    FormErrors,
    Id,
    OptionalDay,
    OptionalId,
    Said,
    Trimmed,
    Yuan,
    YuanOrZero,
    parse,
    typed_in,
)

#: Rows of instalments that the form offers; empty ones are left out.
INSTALMENT_ROWS = 6


class AwardForm(BaseModel):
    """An award but for its instalments."""

    programme_id: Id
    payee: Annotated[Trimmed, Field(pattern=r"^[op]:\d+$")]
    title: Annotated[Trimmed, Field(min_length=2, max_length=200)]
    purpose: Annotated[Trimmed, Field(max_length=1000)] = ""
    amount_fen: Yuan
    basis: Annotated[Trimmed, Field(max_length=200)] = ""
    minutes_no: Annotated[Trimmed, Field(max_length=80)] = ""
    decided_on: OptionalDay = None
    starts_on: OptionalDay = None
    ends_on: OptionalDay = None
    version: int = 0


class InstalmentRow(BaseModel):
    """One row of the instalments."""

    line_id: Id
    amount_fen: Yuan
    due_on: Day
    condition: Annotated[Trimmed, Field(min_length=2, max_length=200)]


@dataclass(frozen=True)
class Entered:
    """A plan as it was entered, with the version of the award that was seen."""

    plan: AwardPlan
    version: int


def read_award(form: Any, lines: dict[int, Line]) -> Entered | FormErrors:
    """The award that a form describes; the shares follow from the instalments' lines."""
    head = parse(form, AwardForm)
    faults: dict[str, Said] = dict(head.faults) if isinstance(head, FormErrors) else {}
    typed = typed_in(form)
    rows: list[InstalmentPlan] = []
    for n in range(1, INSTALMENT_ROWS + 1):
        given = {name: form.get(f"{name}_{n}", "") for name in InstalmentRow.model_fields}
        if not str(given["amount_fen"]).strip() and not str(given["condition"]).strip():
            continue
        row = parse(given, InstalmentRow)
        if isinstance(row, FormErrors):
            faults |= {f"{name}_{n}": said for name, said in row.faults.items()}
        elif row.line_id not in lines:
            faults[f"line_id_{n}"] = Said(N_("Choose one."), {})
        else:
            rows.append(InstalmentPlan(row.line_id, row.amount_fen, row.due_on, row.condition))
    if not rows and not faults:
        faults["amount_fen_1"] = Said(N_("An award has at least one instalment."), {})
    if faults or isinstance(head, FormErrors):
        return FormErrors(faults, typed)
    plan = _plan(head, rows, lines)
    refusal = plan.refusal()
    if refusal:
        return FormErrors({_field_of(refusal): Said(refusal.message, refusal.params)}, typed)
    return Entered(plan, head.version)


def _field_of(refusal: Refusal) -> str:
    return "due_on_1" if refusal.code == "award.instalment_other_year" else "amount_fen"


def _plan(head: AwardForm, rows: list[InstalmentPlan], lines: dict[int, Line]) -> AwardPlan:
    kind, _, number = head.payee.partition(":")
    by_line: dict[int, int] = {}
    for row in rows:
        by_line[row.line_id] = by_line.get(row.line_id, 0) + row.amount_fen
    return AwardPlan(
        programme_id=head.programme_id,
        title=head.title,
        purpose=head.purpose,
        amount_fen=head.amount_fen,
        shares=[
            SharePlan(line_id, lines[line_id].fiscal_year, Fen(fen))
            for line_id, fen in sorted(by_line.items())
        ],
        instalments=rows,
        organisation_id=int(number) if kind == "o" else None,
        person_id=int(number) if kind == "p" else None,
        basis=head.basis,
        minutes_no=head.minutes_no,
        decided_on=head.decided_on,
        starts_on=head.starts_on,
        ends_on=head.ends_on,
    )


class VersionForm(BaseModel):
    """An act on an award as it was seen."""

    version: int
    reason: Annotated[Trimmed, Field(max_length=500)] = ""


class TerminateForm(BaseModel):
    """Ending an award early: why, and through whose fault."""

    version: int = 0
    reason: Annotated[Trimmed, Field(min_length=5, max_length=500)]
    cause: EndCause


class ReasonForm(BaseModel):
    """An act that needs its reason."""

    version: int = 0
    reason: Annotated[Trimmed, Field(min_length=5, max_length=500)]


class ConditionForm(BaseModel):
    """An instalment's condition is met."""

    met_on: Day
    evidence: Annotated[Trimmed, Field(min_length=2, max_length=500)]
    grade: Annotated[Trimmed, Field(max_length=20)] = ""


class RescheduleForm(BaseModel):
    """Another due day or condition, with the reason."""

    due_on: Day
    condition: Annotated[Trimmed, Field(min_length=2, max_length=200)]
    reason: Annotated[Trimmed, Field(min_length=5, max_length=500)]


#: Rows for instalments that a change adds.
NEW_PARTS = 2


class ChangeForm(BaseModel):
    """A change of an active award, but for its instalments."""

    reason: Annotated[Trimmed, Field(min_length=5, max_length=500)]
    minutes_no: Annotated[Trimmed, Field(max_length=80)] = ""
    clawback_id: OptionalId = None
    version: int


class ChangedRow(BaseModel):
    """One instalment as it shall be; 0 yuan cancels it."""

    line_id: Id
    amount_fen: YuanOrZero
    due_on: Day
    condition: Annotated[Trimmed, Field(min_length=2, max_length=200)]


@dataclass(frozen=True)
class ChangeEntered:
    """A change as it was entered."""

    head: ChangeForm
    parts: list[PartPlan]


def read_change(
    form: Any, standing: Sequence[Instalment], lines: dict[int, Line]
) -> ChangeEntered | FormErrors:
    """What a form says of every open instalment, and of new ones; empty new rows are left out."""
    head = parse(form, ChangeForm)
    faults: dict[str, Said] = dict(head.faults) if isinstance(head, FormErrors) else {}
    parts: list[PartPlan] = []
    places: list[tuple[str, int | None]] = [(str(i.sequence), i.id) for i in standing]
    places += [(f"new{n}", None) for n in range(1, NEW_PARTS + 1)]
    for place, instalment_id in places:
        given = {name: form.get(f"{name}_{place}", "") for name in ChangedRow.model_fields}
        if instalment_id is None and not str(given["amount_fen"]).strip():
            continue
        row = parse(given, ChangedRow)
        if isinstance(row, FormErrors):
            faults |= {f"{name}_{place}": said for name, said in row.faults.items()}
        elif row.line_id not in lines:
            faults[f"line_id_{place}"] = Said(N_("Choose one."), {})
        elif row.amount_fen < 0 or (instalment_id is None and row.amount_fen == 0):
            faults[f"amount_fen_{place}"] = Said(N_("The amount has to be more than zero."), {})
        else:
            year = lines[row.line_id].fiscal_year
            parts.append(PartPlan(instalment_id, fiscal_year=year, **row.model_dump()))
    if faults or isinstance(head, FormErrors):
        return FormErrors(faults, typed_in(form))
    return ChangeEntered(head, parts)


class ClaimForm(BaseModel):
    """Claim paid money back."""

    amount_fen: Yuan
    due_on: Day
    reason: Annotated[Trimmed, Field(min_length=5, max_length=500)]


class ClaimDecisionForm(BaseModel):
    """Decide on a claim or a change; writing off cites minutes."""

    reason: Annotated[Trimmed, Field(max_length=500)] = ""
    minutes_no: Annotated[Trimmed, Field(max_length=80)] = ""


class NoticeForm(BaseModel):
    """The public notice of an award: from when to when, and what was objected."""

    publicised_from: Day
    publicised_to: Day
    objections: Literal["NONE", "OPEN", "CLOSED"] = "NONE"
