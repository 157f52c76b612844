"""What people enter about batches, refunds and months."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from grants.platform.forms import Day, OptionalDay, Trimmed, Yuan

Reason = Annotated[Trimmed, Field(min_length=5, max_length=500)]


class VersionForm(BaseModel):
    """An act on a batch as it was seen."""

    version: int


class CancelForm(BaseModel):
    """Give a batch up, with a reason."""

    version: int
    reason: Reason


class ResultForm(BaseModel):
    """The day the bank booked, for answers that do not say it."""

    booked_on: OptionalDay = None


class RefundForm(BaseModel):
    """Money that came back."""

    amount_fen: Yuan
    received_on: Day
    reference: Annotated[Trimmed, Field(min_length=1, max_length=80)]
    reason: Reason


class ExplainForm(BaseModel):
    """Why a difference stands."""

    difference: Trimmed
    explanation: Reason


class ReasonForm(BaseModel):
    """A reason that is kept."""

    reason: Reason
