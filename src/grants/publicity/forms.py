"""What people enter about notices and objections."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from grants.platform.forms import Day, Id, OptionalId, Trimmed


class NoticeForm(BaseModel):
    """What a draft says beside its list."""

    version: int
    title: Annotated[Trimmed, Field(min_length=5, max_length=120)]
    body: Annotated[Trimmed, Field(min_length=20, max_length=5000)]
    office: Annotated[Trimmed, Field(min_length=2, max_length=60)]
    phone: Annotated[Trimmed, Field(min_length=5, max_length=40)]
    address: Annotated[Trimmed, Field(min_length=5, max_length=120)]


class VersionForm(BaseModel):
    """The version of the page that somebody decided on."""

    version: int


class ReasonForm(BaseModel):
    """A reason that others read."""

    reason: Annotated[Trimmed, Field(min_length=5, max_length=500)]


class ObjectionForm(BaseModel):
    """An objection by name, as everybody can raise it."""

    name: Annotated[Trimmed, Field(min_length=2, max_length=60)]
    contact: Annotated[Trimmed, Field(min_length=5, max_length=120)]
    content: Annotated[Trimmed, Field(min_length=10, max_length=3000)]
    entry: OptionalId = None


class WrittenForm(ObjectionForm):
    """The same as the office writes it down from paper or a visit."""

    channel: Literal["LETTER", "VISIT", "PHONE"]
    received_on: Day


class JudgeForm(BaseModel):
    """What was found about an objection."""

    finding: Annotated[Trimmed, Field(min_length=5, max_length=2000)]


class LineForm(BaseModel):
    """The line of the list that an objection is about."""

    entry: Id


class WhyForm(BaseModel):
    """Why somebody looks at a sealed contact."""

    reason: Annotated[Trimmed, Field(min_length=2, max_length=200)]
