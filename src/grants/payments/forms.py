"""What people enter about payments: one model for each form."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from grants.platform.forms import Id, OptionalDay, OptionalYuan, Trimmed


class DecisionForm(BaseModel):
    """Approve one's step."""

    version: int
    opinion: Annotated[Trimmed, Field(max_length=500)] = ""


class ReasonForm(BaseModel):
    """Return, reject, withdraw, cancel: with the reason that others will read."""

    version: int = 0
    reason: Annotated[Trimmed, Field(min_length=5, max_length=500)]


class WaiverForm(BaseModel):
    """Set one gate rule aside."""

    rule: str
    reason: Annotated[Trimmed, Field(min_length=5, max_length=500)]


class RequestForm(BaseModel):
    """Ask for an instalment."""

    bank_account_id: Id
    purpose: Annotated[Trimmed, Field(min_length=1, max_length=30)]
    invoice_kind: str = "RECEIPT"
    invoice_no: Annotated[Trimmed, Field(max_length=40)] = ""
    invoice_amount_fen: OptionalYuan = None
    invoice_seller: Annotated[Trimmed, Field(max_length=120)] = ""
    invoice_checked_on: OptionalDay = None
    minutes_no: Annotated[Trimmed, Field(max_length=80)] = ""
    version: int = 0


class AccountForm(BaseModel):
    """Point a returned payment at another account."""

    bank_account_id: Id
    reason: Annotated[Trimmed, Field(min_length=2, max_length=500)]
    version: int
