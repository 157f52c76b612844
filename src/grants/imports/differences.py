"""What a list says differently of an award that came in before. Pure.

The award stays as it is; whoever imports is told field by field, so that a correction in the
list is not taken for one in the books.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from grants.awards.listed import EarlierAward
from grants.imports.columns import field_title
from grants.imports.payees import Payee
from grants.kernel.errors import N_, Refusal, RuleBroken
from grants.kernel.money import Fen, yuan_text


@dataclass(frozen=True, slots=True)
class Said:
    """A line about an award that is known; `payee` None where the line names nobody for sure."""

    texts: Mapping[str, str]
    amount_fen: Fen | None
    days: Mapping[str, date | None]
    payee: Payee | None


def differences(said: Said, known: EarlierAward) -> list[Refusal]:
    """A reason for each field in which a line and the award differ; an empty cell says nothing.

    Example: another amount gives "Imported before with 60,000.00 yuan, which stays as it is."
    """
    reasons: list[Refusal] = []
    if said.amount_fen != known.amount_fen:
        reasons.append(
            RuleBroken(
                "import.differs",
                N_("Imported before with {amount} yuan, which stays as it is."),
                amount=yuan_text(known.amount_fen),
            )
        )
    reasons += [
        RuleBroken(
            "import.field_differs",
            N_("{field}: imported before with another entry, which stays as it is."),
            field=field_title(field),
        )
        for field in _fields(said, known)
    ]
    return reasons


def _fields(said: Said, known: EarlierAward) -> Iterator[str]:
    for name in ("title", "purpose", "minutes_no"):
        if said.texts[name] and said.texts[name] != getattr(known, name):
            yield name
    if said.payee is not None and not _is_payee(said.payee, known):
        yield "payee_name"
    for name, day in said.days.items():
        if day and day != getattr(known, name):
            yield name


def _is_payee(payee: Payee, known: EarlierAward) -> bool:
    return not payee.is_new and (payee.organisation_id, payee.person_id) == (
        known.organisation_id,
        known.person_id,
    )
