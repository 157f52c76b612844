"""How awards end: terminated early, with what is open released, or completed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from grants.awards import queries
from grants.awards.actions import award_case, take_step
from grants.awards.rules import EndCause
from grants.awards.workflow import InstalmentState
from grants.budget import ledger
from grants.budget import queries as budget
from grants.budget.commitments import commitments_of
from grants.kernel.identity import Actor
from grants.kernel.money import Fen
from grants.platform import db
from grants.platform.audit import Case, take_duty


async def terminate_award(
    actor: Actor,
    award_id: int,
    *,
    seen_version: int,
    reason: str,
    today: date,
    cause: EndCause = EndCause.AGREED,
) -> Fen:
    """End an award early and release what is still committed; answers how much.

    The cause decides on the payee's next applications (domain §3.7). Raises RuleBroken while
    approved money is on its way.
    """
    async with db.unit_of_work(actor):
        await queries.award(actor, award_id, lock=True)
        await budget.lock_lines([c.line_id for c in await commitments_of(award_id=award_id)])
        held = await commitments_of(award_id=award_id, lock=True)
        # Read again: a payment may have been approved while the lines were waited for.
        found = await queries.award(actor, award_id)
        await take_duty(actor, Case("award", award_id), "approve")
        case = award_case(actor, found, seen_version)
        await take_step(actor, "terminate", found, case, reason, ended_for=cause)
        for commitment in held:
            if commitment.committed_fen:
                await ledger.move(
                    actor,
                    ledger.RELEASE,
                    commitment.committed_fen,
                    of=commitment.id,
                    case=Case("award", award_id),
                    key=f"award:{award_id}:terminate:{commitment.id}",
                    on=today,
                )
        await db.execute(
            "UPDATE instalment SET state = 'CANCELLED' WHERE award = $1 AND state = 'OPEN'",
            award_id,
        )
    return Fen(sum(c.committed_fen for c in held))


async def complete_award(actor: Actor, award_id: int) -> None:
    """Close an award of which everything is paid."""
    async with db.unit_of_work(actor):
        found = await queries.award(actor, award_id, lock=True)
        open_fen = sum(
            i.amount_fen
            for i in await queries.instalments(award_id)
            if i.state in (InstalmentState.OPEN, InstalmentState.REQUESTED)
        )
        case = replace(award_case(actor, found, found.version), open_fen=Fen(open_fen))
        await take_step(actor, "complete", found, case, "")
