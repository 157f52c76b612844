"""The sections of an application (公益创投项目申报书, form-layouts B1), each a model of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from grants.kernel.errors import N_, FieldFault
from grants.kernel.identifiers import checked_phone
from grants.kernel.money import Fen, yuan_text

Line = Annotated[str, Field(min_length=1, max_length=100)]
MaybeLine = Annotated[str, Field(max_length=100)]
Passage = Annotated[str, Field(min_length=20, max_length=500)]
LongPassage = Annotated[str, Field(min_length=20, max_length=2000)]
Mobile = Annotated[Line, AfterValidator(checked_phone)]
Count = Annotated[int, Field(ge=0, le=1_000_000)]
Amount = Annotated[Fen, Field(ge=0, le=10_000_000_00)]

Qualification = Literal["NONE", "ASSISTANT", "WORKER", "SENIOR", "OTHER"]
IndicatorKind = Literal["OUTPUT", "QUALITY", "OUTCOME", "SATISFACTION"]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True)


class Project(_Section):
    """What the project is called, what it is about, where and when."""

    title: Annotated[str, Field(min_length=4, max_length=60)]
    category: Line
    theme: Line
    need_id: int | None = None
    community: Line
    starts_on: date
    ends_on: date
    summary: Passage

    @field_validator("ends_on")
    @classmethod
    def _ends_after_it_begins(cls, ends_on: date, info: ValidationInfo) -> date:
        if "starts_on" in info.data and ends_on <= info.data["starts_on"]:
            raise FieldFault(N_("The project ends before it begins."))
        return ends_on


class Agency(_Section):
    """The applying agency, as far as its record does not say it."""

    address: Line
    postcode: Annotated[str, Field(pattern=r"^\d{6}$")]
    contact: Line
    contact_phone: Mobile
    office_phone: MaybeLine = ""
    email: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", max_length=100)]
    full_time_staff: Count
    introduction: Passage


class Member(_Section):
    """One person of the team."""

    name: Line
    education: MaybeLine = ""
    qualification: Qualification = "NONE"
    role: Line
    phone: MaybeLine = ""
    full_time: bool = False


class Team(_Section):
    """Who leads the project and who carries it out."""

    leader: Line
    leader_phone: Mobile
    members: tuple[Member, ...] = Field(min_length=1, max_length=50)


class NeedAnalysis(_Section):
    """Why the project is needed, and for whom."""

    analysis: LongPassage
    target_group: Line
    direct_people: Annotated[int, Field(ge=1, le=1_000_000)]
    indirect_people: Count


class Goal(_Section):
    """One goal and how one will see whether it is reached."""

    goal: Line
    measure: Line
    target: Line


class Goals(_Section):
    """What the project wants to reach."""

    overall: Passage
    goals: tuple[Goal, ...] = Field(min_length=1, max_length=20)


class Activity(_Section):
    """One activity of the plan."""

    what: Line
    starts_on: date
    ends_on: date
    place: Line
    person_times: Count
    output: MaybeLine = ""

    @field_validator("ends_on")
    @classmethod
    def _ends_no_earlier(cls, ends_on: date, info: ValidationInfo) -> date:
        if "starts_on" in info.data and ends_on < info.data["starts_on"]:
            raise FieldFault(N_("This ends before it begins."))
        return ends_on


class Plan(_Section):
    """How the project works, step by step."""

    method: LongPassage
    activities: tuple[Activity, ...] = Field(min_length=1, max_length=60)
    innovation: Passage
    sustainability: Passage


class Risk(_Section):
    """What may go wrong, and what is done then."""

    risk: Line
    response: Line


class Risks(_Section):
    """The plan for what may go wrong."""

    risks: tuple[Risk, ...] = Field(min_length=1, max_length=20)


class BudgetRow(_Section):
    """One row of the budget: what it costs, and who pays how much of it."""

    line: Line
    item: Line
    unit_price_fen: Amount
    quantity: Annotated[int, Field(ge=1, le=100_000)]
    unit: Line
    grant_fen: Amount
    own_fen: Amount = Fen(0)
    basis: MaybeLine = ""

    @field_validator("own_fen")
    @classmethod
    def _row_adds_up(cls, own_fen: Fen, info: ValidationInfo) -> Fen:
        known = info.data
        if {"unit_price_fen", "quantity", "grant_fen"} <= known.keys():
            cost = known["unit_price_fen"] * known["quantity"]
            if known["grant_fen"] + own_fen != cost:
                raise FieldFault(
                    N_("Grant and own money make {total} yuan, but the row costs {cost}."),
                    total=yuan_text(Fen(known["grant_fen"] + own_fen)),
                    cost=yuan_text(Fen(cost)),
                )
        return own_fen


class Budget(_Section):
    """What the project costs, row by row."""

    rows: tuple[BudgetRow, ...] = Field(min_length=1, max_length=100)


class Indicator(_Section):
    """A target that the evaluation will look at."""

    kind: IndicatorKind
    name: Line
    target: Annotated[int, Field(ge=1, le=1_000_000)]
    unit: Line
    evidence: Line


class Indicators(_Section):
    """The project's performance targets (绩效目标)."""

    indicators: tuple[Indicator, ...] = Field(min_length=2, max_length=30)


@dataclass(frozen=True)
class SectionKind:
    """A section: what it is called, what helps, and its model."""

    code: str
    title: str
    text: str
    model: type[BaseModel]


SECTIONS: Mapping[str, SectionKind] = {
    kind.code: kind
    for kind in (
        SectionKind(
            "project", N_("The project"), N_("Name, kind, place and time, in a few lines."), Project
        ),
        SectionKind(
            "agency",
            N_("The agency"),
            N_("Code, grade and inspection are taken from your record; add how to reach you."),
            Agency,
        ),
        SectionKind(
            "team", N_("Team"), N_("Who leads it, who works on it, with which qualification."), Team
        ),
        SectionKind(
            "need",
            N_("Need"),
            N_("Why it is needed, how one knows, and for how many."),
            NeedAnalysis,
        ),
        SectionKind(
            "goals", N_("Goals"), N_("One goal in the large, several that can be measured."), Goals
        ),
        SectionKind("plan", N_("Plan"), N_("Method, activities, what is new, what remains."), Plan),
        SectionKind("risks", N_("Risks"), N_("What may go wrong, and what you do then."), Risks),
        SectionKind(
            "budget",
            N_("Budget"),
            N_("Each row: price times quantity, paid by the grant or by yourselves."),
            Budget,
        ),
        SectionKind(
            "indicators",
            N_("Indicators"),
            N_("What the mid-term and final evaluation will count, and what proves it."),
            Indicators,
        ),
    )
}

#: Beside the sections that are typed there is one of papers.
FILES = "files"


@dataclass(frozen=True)
class Whole:
    """An application whose sections are all whole."""

    project: Project
    agency: Agency
    team: Team
    need: NeedAnalysis
    goals: Goals
    plan: Plan
    risks: Risks
    budget: Budget
    indicators: Indicators

    @classmethod
    def of(cls, bodies: Mapping[str, object]) -> Whole:
        """From the bodies of all sections, as they were submitted."""
        return cls(
            **{
                code: kind.model.model_validate(bodies[code])  # type: ignore[arg-type]
                for code, kind in SECTIONS.items()
            }
        )

    @property
    def text(self) -> str:
        """What the project says of itself, as far as two projects are compared by it."""
        return "\n".join(
            (
                self.project.title,
                self.project.summary,
                self.need.analysis,
                self.goals.overall,
                self.plan.method,
            )
        )
