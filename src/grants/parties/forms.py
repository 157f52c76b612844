"""What people enter about organisations and accounts: one model for each form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field

from grants.kernel.errors import N_, FieldFault, Refusal
from grants.kernel.identifiers import is_cnaps, plain_identifier
from grants.parties import rules
from grants.parties.rules import Grade, Inspection, Kind, Standing
from grants.platform.forms import FormErrors, OptionalDay, OptionalPhone, Trimmed, faulty

Line = Annotated[Trimmed, AfterValidator(lambda text: " ".join(text.split()))]
Name = Annotated[Line, Field(min_length=2, max_length=120)]
Reason = Annotated[Trimmed, Field(min_length=2, max_length=500)]


def _uscc(given: object) -> object:
    """A credit code in its one form, or nothing."""
    if not isinstance(given, str) or not given.strip():
        return None
    fault = rules.uscc_fault(given)
    if fault:
        raise FieldFault(fault.message, **fault.params)
    return plain_identifier(given)


def _account_number(given: object) -> object:
    if not isinstance(given, str) or not given.strip():
        raise FieldFault(N_("This is needed."))
    fault = rules.account_fault(given)
    if fault:
        raise FieldFault(fault.message, **fault.params)
    return plain_identifier(given)


def _cnaps(given: object) -> object:
    if not isinstance(given, str) or not given.strip():
        return None
    if not is_cnaps(given):
        raise FieldFault(N_("A routing number has 12 digits, the last of which checks them."))
    return plain_identifier(given)


def _nothing(given: object) -> object:
    return None if given == "" else given


class OrganisationForm(BaseModel):
    """Put an organisation on record, or correct what is there."""

    name: Name
    uscc: Annotated[str | None, BeforeValidator(_uscc)] = None
    kind: Annotated[Kind | None, BeforeValidator(_nothing)] = None
    town: Annotated[Line, Field(max_length=60)] = ""
    registered_on: OptionalDay = None
    phone: OptionalPhone = ""
    version: int = 0


class GradeForm(BaseModel):
    """The assessed grade; an empty one takes it away."""

    grade: Annotated[Grade | None, BeforeValidator(_nothing)] = None
    expires_on: OptionalDay = None
    version: int


class InspectionForm(BaseModel):
    """The result of an annual inspection."""

    year: Annotated[int, Field(ge=2000, le=2100)]
    result: Inspection
    version: int


class StandingForm(BaseModel):
    """How the registering body lists the organisation, and where that is written."""

    standing: Standing
    note: Reason
    version: int


class AccountForm(BaseModel):
    """A bank account as its paper shows it."""

    holder_name: Name
    number: Annotated[str, BeforeValidator(_account_number)]
    bank_name: Name
    cnaps: Annotated[str | None, BeforeValidator(_cnaps)] = None
    evidence: Annotated[Line, Field(min_length=2, max_length=200)]


class VerifyForm(BaseModel):
    """The number once more, from the evidence."""

    number: Annotated[str, BeforeValidator(_account_number)]
    note: Annotated[Trimmed, Field(max_length=500)] = ""


class ReasonForm(BaseModel):
    """Refuse or retire, with the reason that others will read."""

    reason: Reason


class DuplicateForm(BaseModel):
    """Whether two records are one, and why."""

    decision: Annotated[str, Field(pattern="^(same|different)$")]
    note: Reason


def beside(refusal: Refusal, fields: Mapping[str, str], form: Mapping[str, Any]) -> FormErrors:
    """A refusal of the rules beside the field it is about: `fields` maps its code to the field.

    Raises the refusal itself where it is about no field; then it becomes a page.
    """
    if refusal.code not in fields:
        raise refusal
    typed = {name: value for name, value in form.items() if isinstance(value, str)}
    return faulty(fields[refusal.code], refusal, typed)
