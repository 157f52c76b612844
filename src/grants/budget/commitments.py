"""Reads of what is promised of a line: to awards, and to projects that were decided on."""

from __future__ import annotations

from dataclasses import dataclass

from grants.kernel.money import Fen
from grants.platform import db
from grants.platform.audit import Case


@dataclass(frozen=True)
class Precommitment:
    """What a decision holds of a line for one case."""

    id: int
    line_id: int
    precommitted_fen: Fen


async def precommitment_of(case: Case) -> Precommitment | None:
    """What is held for a case, locked; None where nothing ever was."""
    found = await db.row(
        "SELECT id, line AS line_id, precommitted_fen FROM precommitment "
        "WHERE case_kind = $1 AND case_id = $2 FOR NO KEY UPDATE",
        case.kind,
        case.id,
    )
    return Precommitment(**found) if found else None


@dataclass(frozen=True)
class Commitment:
    """What an award holds of a line, bucket by bucket."""

    id: int
    line_id: int
    award_id: int
    amount_fen: Fen
    committed_fen: Fen
    payable_fen: Fen
    in_bank_fen: Fen
    paid_fen: Fen
    surrendered_fen: Fen


async def commitments_of(
    *, award_id: int | None = None, line_id: int | None = None, lock: bool = False
) -> list[Commitment]:
    """Commitments of an award or a line, by id."""
    found = await db.rows(
        """
        SELECT id, line AS line_id, award_id, amount_fen, committed_fen, payable_fen,
               in_bank_fen, paid_fen, surrendered_fen
        FROM commitment
        WHERE ($1::bigint IS NULL OR award_id = $1) AND ($2::bigint IS NULL OR line = $2)
        ORDER BY id
        """
        + ("FOR NO KEY UPDATE" if lock else ""),
        award_id,
        line_id,
    )
    return [Commitment(**r) for r in found]
