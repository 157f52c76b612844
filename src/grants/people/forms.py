"""What people enter about accounts, roles and themselves."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BaseModel, Field, field_validator

from grants.kernel.errors import N_, FieldFault
from grants.kernel.identity import Role
from grants.platform.forms import Checkbox, Day, Id, OptionalDay, Trimmed

Name = Annotated[Trimmed, Field(min_length=1, max_length=100)]
#: Addresses as mail servers take them without an extension: no name, no quotes, no other script.
_ADDRESS = re.compile(r"[A-Za-z0-9._%+-]+@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}")

Reason = Annotated[Trimmed, Field(min_length=5, max_length=500)]


class SignInForm(BaseModel):
    """Name and password; what waits behind the sign-in."""

    username: Name
    password: Annotated[str, Field(min_length=1, max_length=200)]
    next: str = "/"


class CodeForm(BaseModel):
    """A code of the app, or a recovery code."""

    code: Name
    next: str = "/"


class PasswordForm(BaseModel):
    """A new password in place of the old one."""

    old: Annotated[str, Field(min_length=1, max_length=200)]
    new: Annotated[str, Field(min_length=1, max_length=200)]


class MailForm(BaseModel):
    """Where one's mails go, in which language, and whether one wants them."""

    email: Annotated[Trimmed, Field(max_length=200)] = ""
    language: Literal["zh", "en"] = "zh"
    wants_mail: Checkbox = False

    @field_validator("email")
    @classmethod
    def _is_an_address(cls, email: str) -> str:
        if email and not _ADDRESS.fullmatch(email):
            raise FieldFault(N_("This is no mail address; it looks like name@example.org."))
        return email


class OwnPasswordForm(BaseModel):
    """One's password, asked for again before something weighty."""

    password: Annotated[str, Field(min_length=1, max_length=200)]


class AccountForm(BaseModel):
    """A new account for a new or known person."""

    name: Name
    username: Name
    password: Annotated[str, Field(min_length=1, max_length=200)]
    id_number: Trimmed = ""
    phone: Trimmed = ""
    organisation: Trimmed = ""


class GrantForm(BaseModel):
    """A role from a day on."""

    role: Role
    starts_on: Day
    ends_on: OptionalDay = None


class DelegationForm(BaseModel):
    """Lend a role for a time."""

    role: Role
    to_user: Id
    starts_on: Day
    ends_on: Day
    reason: Reason


class ResetForm(BaseModel):
    """A password for an account whose own is forgotten."""

    password: Annotated[str, Field(min_length=1, max_length=200)]
    why: Reason


class ReasonForm(BaseModel):
    """A reason that is kept."""

    reason: Reason
