"""Forms: text in, a pydantic model or messages beside the fields out; nothing typed is lost."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, TypeVar, get_origin

from litestar.datastructures import FormMultiDict
from pydantic import AfterValidator, BaseModel, BeforeValidator, ValidationError

from grants.kernel.calendar import ZONE
from grants.kernel.errors import N_, FieldFault, Refusal
from grants.kernel.identifiers import checked_phone
from grants.kernel.money import Fen, fen_from_yuan
from grants.platform.texts import texts

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class Said:
    """A message id with its parameters, to be said in the reader's language."""

    message: str
    params: Mapping[str, object]

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True)
class FormErrors:
    """What is wrong by field, and what was typed, so that the form can be shown again."""

    faults: Mapping[str, Said]
    typed: Mapping[str, str]

    def messages(self, lang: str) -> dict[str, str]:
        """The reasons in one language, by field."""
        catalogue = texts(lang)
        return {
            name: catalogue.text(one.message, **one.params) for name, one in self.faults.items()
        }


def _trimmed(given: object) -> object:
    """Without surrounding space, control characters and invisible marks."""
    if not isinstance(given, str):
        return given
    kept = "".join(c for c in given if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cf"))
    return kept.strip()


def _fen(given: object) -> object:
    if not isinstance(given, str):
        return given
    try:
        return fen_from_yuan(given)
    except Refusal as refusal:
        raise FieldFault(refusal.message, **refusal.params) from refusal


def _positive_fen(given: object) -> object:
    fen = _fen(given)
    if isinstance(fen, int) and fen <= 0:
        raise FieldFault(N_("The amount has to be more than zero."))
    return fen


def _maybe(convert: Any) -> Any:
    def converted(given: object) -> object:
        return None if isinstance(given, str) and not given.strip() else convert(given)

    return converted


def row_id(text: object) -> int | None:
    """The id that an address or a form names; None where it names none."""
    # Eighteen digits are below PostgreSQL's largest bigint.
    return int(str(text)) if re.fullmatch(r"[0-9]{1,18}", str(text)) else None


def year_named(text: object, otherwise: int) -> int:
    """The year that an address names, or the other one."""
    return int(str(text)) if re.fullmatch(r"[12][0-9]{3}", str(text)) else otherwise


def _id(given: object) -> object:
    found = row_id(given)
    if found is None:
        raise FieldFault(N_("Choose one."))
    return found


#: Without signs between them all eight digits are needed: 2026111 would be two days.
_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?|(\d{4})(\d{2})(\d{2})")


def _day(given: object) -> object:
    """2026-11-18, 2026/11/18, 20261118, 2026年11月18日, full-width too."""
    if not isinstance(given, str):
        return given
    plain = unicodedata.normalize("NFKC", given).strip()
    found = _DAY.fullmatch(plain)
    try:
        year, month, day = (int(part) for part in found.groups() if part) if found else (0, 0, 0)
        return date(year, month, day)
    except ValueError as error:
        raise FieldFault(N_("Enter a day like 2026-11-18.")) from error


def _moment(given: object) -> object:
    if not isinstance(given, str):
        return given
    try:
        moment = datetime.fromisoformat(given.strip())
    except ValueError as error:
        raise FieldFault(N_("Enter a moment like 2026-11-18 17:00.")) from error
    return moment.replace(tzinfo=ZONE) if moment.tzinfo is None else moment.astimezone(ZONE)


Trimmed = Annotated[str, BeforeValidator(_trimmed)]
#: An amount of money above zero, in fen; people write yuan.
Yuan = Annotated[Fen, BeforeValidator(_positive_fen)]
#: An amount that may be zero.
YuanOrZero = Annotated[Fen, BeforeValidator(_fen)]
#: An amount above zero, or nothing.
OptionalYuan = Annotated[Fen | None, BeforeValidator(_maybe(_positive_fen))]
#: An amount that may be zero, or nothing.
OptionalYuanOrZero = Annotated[Fen | None, BeforeValidator(_maybe(_fen))]
Day = Annotated[date, BeforeValidator(_day)]
OptionalDay = Annotated[date | None, BeforeValidator(_maybe(_day))]
#: Without an offset, a moment is one of Shanghai.
Moment = Annotated[datetime, BeforeValidator(_moment)]
Phone = Annotated[Trimmed, AfterValidator(checked_phone)]
OptionalPhone = Annotated[Trimmed, AfterValidator(lambda given: given and checked_phone(given))]
#: A row that a form names; whether there is one is for the action to say.
Id = Annotated[int, BeforeValidator(_id)]
OptionalId = Annotated[int | None, BeforeValidator(_maybe(_id))]
Checkbox = Annotated[bool, BeforeValidator(lambda given: given in ("on", "1", "true", True))]

#: What pydantic's findings are called here.
_WORDS = {
    "missing": N_("This is needed."),
    "string_too_short": N_("Write at least {min_length} characters."),
    "string_too_long": N_("Write at most {max_length} characters."),
    "int_parsing": N_("Choose one."),
    "greater_than_equal": N_("At least {ge}."),
    "less_than_equal": N_("At most {le}."),
    "enum": N_("Choose one."),
    "literal_error": N_("Choose one."),
    "string_pattern_mismatch": N_("This does not have the right form."),
}


_BOUNDS = ("min_length", "max_length", "ge", "le")


def said(error: Mapping[str, Any]) -> Said:
    """What one of pydantic's findings is called here."""
    context = error.get("ctx") or {}
    cause = context.get("error")
    if isinstance(cause, FieldFault):
        return Said(cause.message, cause.params)
    # pydantic measures a text behind a validator of ours as a value: too_short, not string_.
    kind = {"too_short": "string_too_short", "too_long": "string_too_long"}.get(
        error["type"], error["type"]
    )
    if kind == "string_too_short" and context.get("min_length") == 1:
        return Said(_WORDS["missing"], {})
    message = _WORDS.get(kind, N_("This cannot be used; please check it."))
    return Said(message, {k: v for k, v in context.items() if k in _BOUNDS})


def _every(form: FormMultiDict | Mapping[str, Any], name: str) -> list[Any]:
    if isinstance(form, FormMultiDict):
        return list(form.getall(name, []))
    return list(form.get(name, []))


def parse(form: FormMultiDict | Mapping[str, Any], model: type[Model]) -> Model | FormErrors:
    """The model that `form` fills, or what is wrong with it field by field.

    A list field takes every value of its name: one ticked checkbox is a list of one.
    """
    given: dict[str, Any] = {}
    for name, about in model.model_fields.items():
        if get_origin(about.annotation) is list:
            given[name] = _every(form, name)
        elif name in form:
            given[name] = form[name]
    try:
        return model.model_validate(given)
    except ValidationError as error:
        faults: dict[str, Said] = {}
        for found in error.errors():
            name = str(found["loc"][0]) if found["loc"] else ""
            faults.setdefault(name, said(found))
        return FormErrors(faults, typed_in(form))


def typed_in(form: FormMultiDict | Mapping[str, Any]) -> dict[str, str]:
    """The texts of a form by field, to be shown again; the last one where there are several."""
    return {
        name: value
        for name, value in form.items()
        if isinstance(value, str) and name != "csrf_token"
    }


def faulty(field: str, refusal: Refusal, typed: Mapping[str, str]) -> FormErrors:
    """A refusal of the rules that belongs beside one field."""
    return FormErrors({field: Said(refusal.message, refusal.params)}, typed)
