"""What people enter about needs, rounds and questions."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from grants.calls.needs import NeedDetails, Source
from grants.kernel.errors import N_, FieldFault
from grants.platform.forms import Id, Trimmed


class NeedForm(BaseModel):
    """A need as it is brought in."""

    title: Annotated[Trimmed, Field(min_length=4, max_length=100)]
    description: Annotated[Trimmed, Field(min_length=10, max_length=2000)]
    town: Annotated[Trimmed, Field(min_length=1, max_length=50)]
    community: Annotated[Trimmed, Field(min_length=1, max_length=50)]
    place: Annotated[Trimmed, Field(max_length=100)] = ""
    people_concerned: Annotated[int, Field(ge=1, le=1_000_000)]
    urgency: Annotated[int, Field(ge=1, le=3)]
    source: Source
    deliberation_no: Annotated[Trimmed, Field(max_length=80)] = ""
    version: int = 0

    def details(self) -> NeedDetails:
        """The details; a deliberation is named by its record.

        Raises FieldFault of `deliberation_no`.
        """
        if self.source is Source.DELIBERATION and not self.deliberation_no:
            raise FieldFault(N_("Name the record of the deliberation."))
        return NeedDetails(**self.model_dump(exclude={"version"}))


class StepForm(BaseModel):
    """A step on a need or a revision as it was seen, perhaps with a reason."""

    version: int
    note: Annotated[Trimmed, Field(max_length=500)] = ""


class NewRoundForm(BaseModel):
    """A new round."""

    fiscal_year: Annotated[int, Field(ge=2020, le=2100)]
    title: Annotated[Trimmed, Field(min_length=4, max_length=100)]


class NoteForm(BaseModel):
    """What a revision changes, in a few words for everybody to read."""

    note: Annotated[Trimmed, Field(min_length=5, max_length=300)]


class ReasonForm(BaseModel):
    """An act that needs its reason."""

    version: int = 0
    reason: Annotated[Trimmed, Field(min_length=5, max_length=500)]


class QuestionForm(BaseModel):
    """A question to the office."""

    question: Annotated[Trimmed, Field(min_length=5, max_length=1000)]


class AnswerForm(BaseModel):
    """The office's answer, which everybody reads."""

    answer: Annotated[Trimmed, Field(min_length=2, max_length=3000)]


class CitedForm(BaseModel):
    """The needs that a round cites."""

    need: list[Id] = []
