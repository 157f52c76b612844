"""What people enter when they register, and about their colleagues."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field

from grants.kernel.errors import N_, FieldFault
from grants.kernel.identifiers import is_resident_id, plain_identifier
from grants.parties import rules
from grants.people.enrolment import NewColleague
from grants.platform.forms import Checkbox, Day, Id, Phone, Trimmed

Name = Annotated[Trimmed, Field(min_length=2, max_length=100)]


def _uscc(text: str) -> str:
    fault = rules.uscc_fault(text)
    if fault:
        raise FieldFault(fault.message, **fault.params)
    return plain_identifier(text)


def _resident_id(text: str) -> str:
    if not is_resident_id(text):
        raise FieldFault(N_("This is not a valid resident id number."))
    return plain_identifier(text)


def _username(text: str) -> str:
    if not text.isascii() or any(c.isspace() for c in text):
        raise FieldFault(N_("Use letters, digits and signs without spaces."))
    return text.lower()


def _ticked(given: bool) -> bool:
    if not given:
        raise FieldFault(N_("Tick this to go on."))
    return given


class PersonForm(BaseModel):
    """The person behind a new account."""

    person_name: Name
    id_number: Annotated[Trimmed, AfterValidator(_resident_id)]
    phone: Phone
    username: Annotated[Trimmed, AfterValidator(_username), Field(min_length=3, max_length=60)]
    password: Annotated[str, Field(min_length=1, max_length=200)]

    def person(self) -> NewColleague:
        """The person as the actions take them."""
        return NewColleague(
            name=self.person_name,
            username=self.username,
            password=self.password,
            id_number=self.id_number,
            phone=self.phone,
        )


class RegisterForm(PersonForm):
    """An organisation and the person who registers it."""

    name: Annotated[Trimmed, Field(min_length=4, max_length=120)]
    uscc: Annotated[Trimmed, AfterValidator(_uscc)]
    town: Annotated[Trimmed, Field(max_length=60)] = ""
    registered_on: Day
    is_representative: Checkbox = False
    agrees: Annotated[Checkbox, AfterValidator(_ticked)] = False


class DecideForm(BaseModel):
    """Confirm or refuse a registration."""

    verb: Annotated[str, BeforeValidator(str), Field(pattern="^(confirm|refuse)$")]
    note: Annotated[Trimmed, Field(max_length=500)] = ""


class LetGoForm(BaseModel):
    """Why a colleague's account is closed."""

    reason: Annotated[Trimmed, Field(min_length=2, max_length=500)]


class RepresentativeForm(BaseModel):
    """Who legally represents an organisation."""

    person_id: Id
