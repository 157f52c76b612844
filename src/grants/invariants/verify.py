"""Checking every invariant, the history of all rows and its seals."""

from __future__ import annotations

from grants.invariants.invariant import Verdict
from grants.invariants.of_cases import OF_CASES
from grants.invariants.of_money import OF_MONEY
from grants.kernel.errors import N_
from grants.platform import db
from grants.platform.audit import broken_seals, rows_unlike_history

INVARIANTS = (*OF_MONEY, *OF_CASES)


async def verify() -> list[Verdict]:
    """Check every invariant, in order."""
    checked = [
        (one.name, one.sentence, [str(r["what"]) for r in await db.rows(one.breaches)])
        for one in INVARIANTS
    ]
    checked += [
        (
            "rows_are_as_their_history_says",
            N_("Every row is as its history says; none changed, came or went without it"),
            await rows_unlike_history(),
        ),
        (
            "history_is_sealed",
            N_("The sealed history of rows is unchanged"),
            [f"seal {n}" for n in await broken_seals()],
        ),
    ]
    return [Verdict(name, sentence, len(found), found[:5]) for name, sentence, found in checked]
