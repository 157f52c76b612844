"""Reads of a round's variants, and of what may be decided on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from grants.budget import queries as budget
from grants.calls.terms import CallTerms
from grants.decisions.rules import Choice, Standing
from grants.kernel.errors import NotFound
from grants.kernel.money import Fen
from grants.platform import db
from grants.selection.ranking import Ranking


@dataclass(frozen=True)
class Variant:
    """A variant as it was saved last."""

    id: int
    round_id: int
    name: str
    choice: Choice
    made_by: str
    saved_at: datetime
    version: int


_VARIANT = """
SELECT v.id, v.round AS round_id, v.name, v.choice, p.name AS made_by, v.saved_at, v.version
FROM funding_variant v JOIN person p ON p.id = v.made_by_person
"""


def _variant(found: db.Row) -> Variant:
    return Variant(**{**found, "choice": Choice.model_validate(found["choice"])})


async def variants_of(round_id: int) -> list[Variant]:
    """The variants of a round, oldest first."""
    found = await db.rows(_VARIANT + "WHERE v.round = $1 ORDER BY v.id", round_id)
    return [_variant(one) for one in found]


async def variant(variant_id: int, *, lock: bool = False) -> Variant:
    """One variant; raises NotFound."""
    found = await db.row(
        _VARIANT + "WHERE v.id = $1" + (" FOR NO KEY UPDATE OF v" if lock else ""), variant_id
    )
    if found is None:
        raise NotFound()
    return _variant(found)


def standings_of(ranking: Ranking, terms: CallTerms) -> list[Standing]:
    """The ranked applications as the line looks at them."""
    standings = []
    for line in ranking.lines:
        category = terms.category(line.ranked.category)
        cap_fen = category.cap_fen if category else line.ranked.asked_fen
        standings.append(
            Standing(
                line.ranked.application_id,
                line.ranked.category,
                line.ranked.rank,
                line.ranked.score,
                Fen(min(line.ranked.asked_fen, cap_fen)),
                line.recommended_fen,
                line.passes,
            )
        )
    return standings


async def ceiling_fen(terms: CallTerms) -> Fen:
    """What may be decided on: the total of the call, and no more than its line has free."""
    line = await budget.line(terms.line_id)
    return Fen(min(terms.total_fen, line.balance.available_fen))
