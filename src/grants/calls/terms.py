"""The terms of a call: what a ministry may change by date, and what one round says besides."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from grants.kernel.errors import N_, FieldFault
from grants.kernel.money import Fen

Text = Annotated[str, Field(min_length=1, max_length=300)]
Permille = Annotated[int, Field(ge=0, le=1000)]
Positive = Annotated[Fen, Field(gt=0)]

Level = Literal["fail", "look", "off"]
OpenedBy = Literal["AGREEMENT", "MIDTERM", "FINAL"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class _Coded(_Frozen):
    code: Text


Rows = TypeVar("Rows", bound=tuple[Any, ...])


def _each_code_once(rows: Rows) -> Rows:
    codes = [row.code for row in rows]
    if len(set(codes)) < len(codes):
        raise FieldFault(N_("Two rows have the same code."))
    return rows


class EligibilityRule(_Frozen):
    """How strict one check of applications is, the figure it uses, and where it comes from."""

    level: Level = "fail"
    figure: int | None = None
    basis: str = ""
    mark: str = "D"


class BudgetLineRule(_Coded):
    """One line of a project's budget: how much of the grant it may take (domain §3.4)."""

    name: Text
    least_permille: Permille | None = None
    most_permille: Permille | None = None
    unit_cap_fen: Positive | None = None
    unit: str = ""
    may_rise: bool = True


class Criterion(_Coded):
    """One criterion of the rubric; `anchors` say what points stand for, one line each.

    `tie_order` says at which place it decides between equal totals; None where it does not.
    """

    name: Text
    points: int = Field(ge=1, le=100)
    anchors: str = Field(default="", max_length=600)
    tie_order: int | None = Field(default=None, ge=1, le=9)


class InstalmentTerm(_Coded):
    """One part of the grant, and what opens it."""

    share_permille: Permille
    condition: Text
    opened_by: OpenedBy


class RequiredFile(_Coded):
    """A paper that an application brings; `identifying` ones are hidden in a blind review."""

    name: Text
    needed: bool = True
    identifying: bool = False


class CallRules(_Frozen):
    """Policy `venture_call`: what holds for every round unless its terms say otherwise."""

    months_least: int = Field(ge=1, le=60)
    months_most: int = Field(ge=1, le=60)
    own_least_permille: Permille
    supplement_workdays: int = Field(ge=0, le=30)
    publicity_workdays: int = Field(ge=1, le=60)
    verification_workdays: int = Field(ge=1, le=60)
    similarity_permille: Permille
    panel_size: int = Field(ge=3, le=15)
    panel_least_finance: int = Field(ge=0, le=15)
    panel_least_social_work: int = Field(ge=0, le=15)
    panel_least_community: int = Field(ge=0, le=15)
    panel_most_bureau_permille: Permille
    document_permille: Permille
    trims_from: int = Field(ge=3, le=15)
    spread_limit: int = Field(ge=1, le=100)
    pass_mark: int = Field(ge=0, le=100)
    eligibility: Mapping[str, EligibilityRule]
    forbidden_items: str = Field(default="", max_length=500)
    budget_lines: tuple[BudgetLineRule, ...] = Field(min_length=1)
    rubric: tuple[Criterion, ...] = Field(min_length=1)
    instalments: tuple[InstalmentTerm, ...] = Field(min_length=1)
    files: tuple[RequiredFile, ...]

    @property
    def forbidden_words(self) -> tuple[str, ...]:
        """What no grant pays for, word by word."""
        return tuple(word for word in self.forbidden_items.replace("，", "、").split("、") if word)

    @field_validator("months_most")
    @classmethod
    def _period_is_no_shorter(cls, most: int, info: ValidationInfo) -> int:
        if most < info.data.get("months_least", 0):
            raise FieldFault(N_("The longest period is shorter than the shortest."))
        return most

    @field_validator("panel_size")
    @classmethod
    def _panel_is_odd(cls, size: int) -> int:
        if size % 2 == 0:
            raise FieldFault(N_("A panel has an odd number of members."))
        return size

    @field_validator("instalments")
    @classmethod
    def _instalments_make_a_whole(
        cls, parts: tuple[InstalmentTerm, ...]
    ) -> tuple[InstalmentTerm, ...]:
        if sum(part.share_permille for part in parts) != 1000:
            raise FieldFault(N_("The instalments have to make 100% together."))
        return _each_code_once(parts)

    @field_validator("rubric")
    @classmethod
    def _points_make_a_hundred(cls, rubric: tuple[Criterion, ...]) -> tuple[Criterion, ...]:
        if sum(one.points for one in rubric) != 100:
            raise FieldFault(N_("The points of the rubric have to make 100 together."))
        return _each_code_once(rubric)

    @field_validator("budget_lines", "files")
    @classmethod
    def _codes_are_unique(cls, rows: Rows) -> Rows:
        return _each_code_once(rows)


class Category(_Coded):
    """A kind of project within a round; `commissioned` ones are asked for by towns (B class)."""

    name: Text
    cap_fen: Positive
    places: int | None = Field(default=None, ge=1, le=1000)
    commissioned: bool = False


class Theme(_Coded):
    """A field of work that a project belongs to, such as 扶老助老."""

    name: Text


class CallTerms(CallRules):
    """Everything one revision of a round says. Applications keep the revision they came under."""

    title: Text
    summary: str = Field(min_length=10, max_length=5000)
    line_id: int
    total_fen: Positive
    opens_at: datetime
    closes_at: datetime
    starts_on: date
    ends_on: date
    office: Text
    phone: Text
    address: Text
    blind: bool = True
    defence: bool = True
    categories: tuple[Category, ...] = Field(min_length=1)
    themes: tuple[Theme, ...] = Field(min_length=1)

    @field_validator("categories", "themes")
    @classmethod
    def _names_are_unique(cls, rows: Rows) -> Rows:
        return _each_code_once(rows)

    @field_validator("closes_at")
    @classmethod
    def _closes_after_it_opens(cls, closes_at: datetime, info: ValidationInfo) -> datetime:
        if "opens_at" in info.data and closes_at <= info.data["opens_at"]:
            raise FieldFault(N_("The call closes before it opens."))
        return closes_at

    @field_validator("starts_on")
    @classmethod
    def _projects_begin_after_the_call(cls, starts_on: date, info: ValidationInfo) -> date:
        if "closes_at" in info.data and starts_on <= info.data["closes_at"].date():
            raise FieldFault(N_("Projects begin after the call has closed."))
        return starts_on

    @field_validator("ends_on")
    @classmethod
    def _projects_end_after_they_begin(cls, ends_on: date, info: ValidationInfo) -> date:
        if "starts_on" in info.data and ends_on <= info.data["starts_on"]:
            raise FieldFault(N_("Projects end before they begin."))
        return ends_on

    def category(self, code: str) -> Category | None:
        """The category of this code, if there is one."""
        return next((one for one in self.categories if one.code == code), None)

    def theme(self, code: str) -> Theme | None:
        """The field of work of this code, if there is one."""
        return next((one for one in self.themes if one.code == code), None)

    def is_open_at(self, moment: datetime) -> bool:
        """Whether applications are taken: from the first second up to, not including, the last.

        Example: a call that closes at 17:00:00 takes nothing at 17:00:00.
        """
        return self.opens_at <= moment < self.closes_at
