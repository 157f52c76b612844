"""Awards as lists bring them: one to write, and one that came in before. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from grants.awards.rules import InstalmentPlan, SharePlan
from grants.awards.workflow import AwardState
from grants.kernel.money import Fen


@dataclass(frozen=True, slots=True)
class ListedAward:
    """An award as a list brings it; exactly one payee is given.

    A HISTORIC one names the fund source that it was paid from and has neither shares nor
    instalments; a DRAFT has both and no fund source. `facts` go into its first event.
    """

    programme_id: int
    fund_source_id: int | None
    organisation_id: int | None
    person_id: int | None
    title: str
    purpose: str
    amount_fen: Fen
    state: AwardState
    minutes_no: str
    decided_on: date | None
    starts_on: date | None
    ends_on: date | None
    funder_id: str
    external_id: str
    shares: Sequence[SharePlan]
    instalments: Sequence[InstalmentPlan]
    facts: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class EarlierAward:
    """An award that a list brought before, as far as another list may say it differently."""

    funder_id: str
    external_id: str
    title: str
    purpose: str
    amount_fen: Fen
    minutes_no: str
    decided_on: date | None
    starts_on: date | None
    ends_on: date | None
    organisation_id: int | None
    person_id: int | None
    payee_name: str
