"""What people enter about experts, panels and scores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field

from grants.platform.forms import Checkbox, Id, Moment, OptionalDay, OptionalYuanOrZero, Trimmed
from grants.selection.rules import ExpertKind, TieKind

Reason = Annotated[Trimmed, Field(min_length=5, max_length=500)]


class ExpertForm(BaseModel):
    """An expert of the pool."""

    person_id: Id
    kind: ExpertKind
    employer: Annotated[Trimmed, Field(min_length=2, max_length=100)]


class ChangeExpertForm(BaseModel):
    """What is known of an expert now."""

    kind: ExpertKind
    employer: Annotated[Trimmed, Field(min_length=2, max_length=100)]
    is_active: Checkbox = False
    version: int


class TieForm(BaseModel):
    """What ties an expert to an organisation."""

    organisation_id: Id
    kind: TieKind
    until: OptionalDay = None


class DrawForm(BaseModel):
    """A panel for categories of a round."""

    name: Annotated[Trimmed, Field(min_length=2, max_length=60)]
    category: list[Trimmed] = Field(min_length=1)


class VersionForm(BaseModel):
    """A step on a panel as it was seen."""

    version: int
    reason: Annotated[Trimmed, Field(max_length=500)] = ""


class RecuseForm(BaseModel):
    """Why a member does not take part."""

    reason: Reason


class TimetableForm(BaseModel):
    """When and where projects are presented."""

    starts_at: Moment
    minutes: Annotated[int, Field(ge=5, le=120)]
    per_day: Annotated[int, Field(ge=1, le=60)]
    room: Annotated[Trimmed, Field(min_length=2, max_length=60)]


class SignForm(BaseModel):
    """The code of the app or the password, entered again."""

    secret: Annotated[str, Field(min_length=1, max_length=200)]


class CommentForm(BaseModel):
    """What the chair says about scores that lie far apart."""

    application_id: Id
    comment: Annotated[Trimmed, Field(min_length=5, max_length=1000)]


class SheetForm(BaseModel):
    """A sheet besides its criteria."""

    version: int
    amount: OptionalYuanOrZero = None
    comment: Annotated[Trimmed, Field(max_length=2000)] = ""
    defence: Annotated[int | None, BeforeValidator(lambda v: None if v == "" else v)] = None


class ChangeForm(BaseModel):
    """What a change after the opening needs besides the sheet."""

    secret: Annotated[str, Field(min_length=1, max_length=200)]
    why: Reason


def criteria_in(form: Any, codes: Sequence[str]) -> tuple[dict[str, int], dict[str, str]]:
    """Points and words by criterion as a sheet's form sends them; what is no number is left out."""
    points, words = {}, {}
    for code in codes:
        text = str(form.get(f"points.{code}", "")).strip()
        if text.isascii() and text.isdecimal() and len(text) < 4:
            points[code] = int(text)
        words[code] = str(form.get(f"words.{code}", "")).strip()[:1000]
    return points, words
