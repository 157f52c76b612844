"""Single values of an import line: texts, days, amounts, codes. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import date

from grants.awards.workflow import AwardState
from grants.imports.candidates import Candidate
from grants.imports.columns import field_title
from grants.kernel.errors import N_, RuleBroken
from grants.kernel.identifiers import (
    is_resident_id,
    is_uscc,
    plain_identifier,
    resident_id_birthday,
)
from grants.kernel.money import Fen, fen_from_yuan, yuan_text

MAX_TEXT: Mapping[str, int] = {
    "external_id": 200,
    "title": 500,
    "purpose": 20_000,
    "payee_name": 200,
    "minutes_no": 200,
}

#: Control characters, lone surrogates and marks that turn the reading direction.
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\u200b\u202a-\u202e\u2066-\u2069\ufeff]"
)

_STATES: Mapping[str, AwardState] = {
    "": AwardState.HISTORIC,
    "past": AwardState.HISTORIC,
    "historic": AwardState.HISTORIC,
    "completed": AwardState.HISTORIC,
    "closed": AwardState.HISTORIC,
    "历史": AwardState.HISTORIC,
    "已完成": AwardState.HISTORIC,
    "已结项": AwardState.HISTORIC,
    "active": AwardState.DRAFT,
    "present": AwardState.DRAFT,
    "在执行": AwardState.DRAFT,
    "执行中": AwardState.DRAFT,
}


def clean(text: str) -> str:
    """A text without unprintable characters; quotes and line breaks stay as they are.

    Example: "a\\r\\nb\\x00" is "a\\nb".
    """
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    return _UNPRINTABLE.sub("", plain).strip()


_DAY = re.compile(
    r"([0-9]{4})(?:-|/|\.|年)([0-9]{1,2})(?:-|/|\.|月)([0-9]{1,2})日?"
    r"(?:[T ][0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)


def day_of(text: str, named: str) -> date | None:
    """The day that `text` names, None for no text; a time and its zone are left aside.

    The day counts as the funder wrote it: 2015-06-10T23:00:00+00:00 is 10 June.
    Raises RuleBroken `import.not_a_day` for anything else and for days outside 1949 to 2100.
    """
    plain = unicodedata.normalize("NFKC", text).strip().upper()
    if not plain:
        return None
    found = _DAY.fullmatch(plain)
    try:
        day = date(int(found[1]), int(found[2]), int(found[3])) if found else None
    except ValueError:
        day = None
    if day is None or not 1949 <= day.year <= 2100:
        raise RuleBroken(
            "import.not_a_day",
            N_("{field}: “{text}” is not a day; write it like 2026-06-30."),
            field=named,
            text=text[:40],
        )
    return day


def amount_of(text: str) -> Fen:
    """An amount above zero, in fen.

    Raises RuleBroken `import.amount_not_positive`, `money.…`. Example: "35907.80" is 3590780.
    """
    amount_fen = fen_from_yuan(text, allow_negative=True)
    if amount_fen <= 0:
        raise RuleBroken(
            "import.amount_not_positive",
            N_("The amount is {amount}; an award is more than zero."),
            amount=yuan_text(amount_fen),
        )
    return amount_fen


def text_of(candidate: Candidate, name: str) -> str:
    """A required text of a candidate, clean; purpose and minutes may be empty.

    Raises RuleBroken `import.text_missing`, `import.text_too_long`.
    """
    text = clean(getattr(candidate, name))
    title = field_title(name)
    if not text and name not in ("purpose", "minutes_no"):
        raise RuleBroken("import.text_missing", N_("{field} is missing."), field=title)
    if len(text) > MAX_TEXT[name]:
        raise RuleBroken(
            "import.text_too_long",
            N_("{field} has {length} characters; at most {most} are kept."),
            field=title,
            length=len(text),
            most=MAX_TEXT[name],
        )
    return text


def uscc_of(text: str) -> str:
    """A credit code, or nothing for no text.

    Raises RuleBroken `import.uscc`, and `import.id_number_as_code` for the number of a person,
    which is not repeated: reasons are kept and shown.
    """
    plain = plain_identifier(text)
    if not plain or is_uscc(plain):
        return plain
    if _like_an_id_number(plain):
        raise RuleBroken(
            "import.id_number_as_code",
            N_("A resident id number stands where a credit code belongs; it has its own column."),
        )
    raise RuleBroken(
        "import.uscc",
        N_("{number} is no credit code: a character is wrong or missing."),
        number=plain[:40],
    )


def _like_an_id_number(plain: str) -> bool:
    """Whether a text is meant as one, even where its check character is wrong."""
    return (
        re.fullmatch(r"[0-9]{17}[0-9X]", plain) is not None
        and resident_id_birthday(plain) is not None
    )


def id_number_of(text: str) -> str:
    """The resident id number of a person, or nothing for no text.

    Raises RuleBroken `import.id_number`, which does not repeat the number.
    """
    plain = plain_identifier(text)
    if plain and not is_resident_id(plain):
        raise RuleBroken(
            "import.id_number",
            N_("This is no resident id number: a character is wrong or missing."),
        )
    return plain


def state_of(text: str) -> AwardState:
    """HISTORIC or DRAFT; no text is HISTORIC. Raises RuleBroken `import.state`."""
    state = _STATES.get(unicodedata.normalize("NFKC", text).strip().casefold())
    if state is None:
        raise RuleBroken(
            "import.state", N_("“{state}” is no state; write past or active."), state=text[:40]
        )
    return state
