"""Reads of settlements, and of what one would be today."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from grants.awards import queries as awards
from grants.awards.workflow import AwardState, InstalmentState
from grants.delivery import queries as delivery
from grants.delivery.queries import Project
from grants.delivery.rules import eligible_fen
from grants.delivery.workflow import SpendingState
from grants.evaluation import queries as evaluations
from grants.evaluation.queries import Evaluation
from grants.evaluation.rules import grade_of
from grants.evaluation.terms import EvaluationKind
from grants.kernel.errors import NotFound
from grants.kernel.identity import Actor
from grants.kernel.money import Fen
from grants.platform import db
from grants.settlement.rules import Readiness, Sums
from grants.settlement.workflow import SettlementState


@dataclass(frozen=True)
class Settlement:
    """A settlement with the figures that it was proposed with."""

    id: int
    number: str
    award_id: int
    sums: Sums
    change_id: int | None
    clawback_id: int | None
    clawback_number: str | None
    note: str
    state: str
    reason: str
    proposed_by_person: int
    proposer: str
    proposed_at: datetime
    decider: str | None
    decided_at: datetime | None


_SETTLEMENT = """
SELECT s.id, s.number, s.award AS award_id, s.approved_fen, s.eligible_fen, s.paid_fen,
       s.agreed_last_fen, s.k_permille, s.change AS change_id, s.clawback AS clawback_id,
       k.number AS clawback_number, s.note, s.state, s.reason, s.proposed_by_person,
       p.name AS proposer, s.proposed_at, q.name AS decider, s.decided_at
FROM settlement s JOIN person p ON p.id = s.proposed_by_person
LEFT JOIN person q ON q.id = s.decided_by_person
LEFT JOIN clawback k ON k.id = s.clawback
"""
_FIGURES = ("approved_fen", "eligible_fen", "paid_fen", "agreed_last_fen", "k_permille")


def _settlement(found: db.Row) -> Settlement:
    given = dict(found)
    return Settlement(sums=Sums(**{name: given.pop(name) for name in _FIGURES}), **given)


async def settlement(actor: Actor, settlement_id: int, *, lock: bool = False) -> Settlement:
    """One settlement of a project within the actor's scope; raises NotFound."""
    if lock:
        await db.value("SELECT id FROM settlement WHERE id = $1 FOR NO KEY UPDATE", settlement_id)
    found = await db.row(_SETTLEMENT + "WHERE s.id = $1", settlement_id)
    if found is None:
        raise NotFound()
    await awards.award(actor, found["award_id"])
    return _settlement(found)


async def settlements(award_id: int) -> list[Settlement]:
    """The settlements of a project, newest first: at most one of them stands."""
    found = await db.rows(_SETTLEMENT + "WHERE s.award = $1 ORDER BY s.id DESC", award_id)
    return [_settlement(r) for r in found]


@dataclass(frozen=True)
class Outlook:
    """What a settlement would be now: its figures, and whether it may be proposed."""

    project: Project
    sums: Sums
    evaluation: Evaluation | None
    readiness: Readiness


async def outlook(actor: Actor, award_id: int) -> Outlook:
    """The settlement of a project as it would be proposed today."""
    project = await delivery.project(actor, award_id)
    final = await evaluations.confirmed(award_id, EvaluationKind.FINAL)
    grade = grade_of(final.total or 0, final.rules) if final else None
    parts = await awards.instalments(award_id)
    waiting = (InstalmentState.OPEN, InstalmentState.REQUESTED)
    last = [p for p in parts if p.opened_by == "FINAL" and p.state == InstalmentState.OPEN]
    standing = (SettlementState.PROPOSED, SettlementState.APPROVED)
    return Outlook(
        project,
        Sums(
            approved_fen=project.content.amount_fen,
            eligible_fen=eligible_fen(await delivery.uses_of(project)),
            paid_fen=project.award.paid_fen,
            agreed_last_fen=Fen(sum(p.amount_fen for p in last)),
            k_permille=grade.k_permille if grade else 1000,
        ),
        final,
        Readiness(
            runs=project.award.state == AwardState.ACTIVE,
            graded=final is not None,
            receipts_waiting=sum(
                one.state == SpendingState.ENTERED for one in await delivery.spendings(award_id)
            ),
            parts_waiting=sum(
                p.state == InstalmentState.REQUESTED
                or (p.state in waiting and p.opened_by != "FINAL")
                for p in parts
            ),
            settled=any(one.state in standing for one in await settlements(award_id)),
        ),
    )
