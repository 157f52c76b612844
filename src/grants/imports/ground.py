"""What the lines of an import are judged against. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from grants.awards.listed import EarlierAward


@dataclass(frozen=True)
class KnownLine:
    """A budget line as far as an import needs it."""

    id: int
    code: str
    programme_id: int
    fiscal_year: int
    state: str


@dataclass(frozen=True)
class Ground:
    """What lines are judged against: the day, the programme, its lines, what is imported."""

    today: date
    programme_id: int
    lines: Mapping[str, KnownLine]
    imported: Mapping[tuple[str, str], EarlierAward]
    assume_currency: str | None = None
