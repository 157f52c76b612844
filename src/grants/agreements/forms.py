"""What people enter about agreements."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from grants.platform.forms import Day, Trimmed


class DaysForm(BaseModel):
    """The days of the project."""

    version: int
    starts_on: Day
    ends_on: Day


class VersionForm(BaseModel):
    """The version of the page that somebody decided on."""

    version: int


class ReasonForm(BaseModel):
    """A reason that the other side reads."""

    reason: Annotated[Trimmed, Field(min_length=5, max_length=500)]
