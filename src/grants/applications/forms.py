"""What people enter about an application besides its sections."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from grants.platform.forms import Checkbox, Trimmed


class VersionForm(BaseModel):
    """A step on an application as it was seen."""

    version: int


class SubmitForm(VersionForm):
    """Submit, with the declaration."""

    declared: Checkbox = False


class VerdictForm(VersionForm):
    """The office's verdict."""

    verb: Literal["pass", "fail", "ask_supplement", "reconsider"]
    reason: Annotated[Trimmed, Field(max_length=1000)] = ""


class CallOffForm(BaseModel):
    """Why a round is called off."""

    reason: Annotated[Trimmed, Field(max_length=500)] = ""
