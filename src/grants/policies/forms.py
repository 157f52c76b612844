"""What people enter when they propose a version: its day, its basis and why; and decisions."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from grants.platform.forms import Day, Trimmed


class VersionForm(BaseModel):
    """From when, on what basis, how well founded, and why."""

    starts_on: Day
    legal_basis: Annotated[Trimmed, Field(min_length=4, max_length=300)]
    mark: Literal["seed", "V", "V-x", "K", "D"]
    reason: Annotated[Trimmed, Field(min_length=5, max_length=500)]


class DecisionForm(BaseModel):
    """Approve or withdraw, as seen in one version of the page."""

    seen_version: int


class ReasonForm(DecisionForm):
    """Reject or take back, with a reason."""

    reason: Annotated[Trimmed, Field(min_length=5, max_length=500)]
