"""Money that comes back from a payee: recorded by one, approved by another."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from grants.awards import clawbacks
from grants.budget import ledger
from grants.budget import queries as budget
from grants.budget.rules import line_is_open
from grants.budget.workflow import PROPOSAL, ProposalCase, ProposalState, refuse_no_decision
from grants.kernel import calendar
from grants.kernel.errors import N_, NotFound, RuleBroken
from grants.kernel.identity import Actor, Permission
from grants.kernel.money import Fen, yuan_text
from grants.payments import queries as payment_queries
from grants.payments.workflow import PaymentState
from grants.platform import db
from grants.platform.audit import Case, record, take_duty


@dataclass(frozen=True)
class Refund:
    """Money that came back, or is said to have."""

    id: int
    number: str
    payment_id: int
    payment_number: str
    payee_name: str
    amount_fen: Fen
    received_on: date
    reference: str
    reason: str
    restores_quota: bool
    state: str
    recorded_by_person: int
    recorder: str


_REFUND = """
SELECT r.id, r.number, r.payment AS payment_id, p.number AS payment_number, p.payee_name,
       r.amount_fen, r.received_on, r.reference, r.reason, r.restores_quota, r.state,
       r.recorded_by_person, o.name AS recorder
FROM refund r JOIN payment p ON p.id = r.payment JOIN person o ON o.id = r.recorded_by_person
"""


async def refunds(payment_id: int | None = None, state: str | None = None) -> list[Refund]:
    """Refunds, newest first."""
    found = await db.rows(
        _REFUND
        + "WHERE ($1::bigint IS NULL OR r.payment = $1) AND ($2::text IS NULL OR r.state = $2) "
        + "ORDER BY r.id DESC",
        payment_id,
        state,
    )
    return [Refund(**r) for r in found]


def restores_quota(paid_on: date, received_on: date) -> bool:
    """A refund restores the quota only in the fiscal year of the payment (domain §1.5 [K])."""
    return calendar.fiscal_year(paid_on) == calendar.fiscal_year(received_on)


async def record_refund(
    actor: Actor,
    payment_id: int,
    *,
    amount_fen: Fen,
    received_on: date,
    reference: str,
    reason: str,
) -> int:
    """Record money received back for a paid payment; answers the refund's id.

    One notice per original payment's refund: `reference` is unique. Raises RuleBroken when
    the payment is not paid, or when all refunds together would exceed it.
    """
    actor.need(Permission.REFUND_RECORD)
    async with db.unit_of_work(actor):
        payment = await payment_queries.payment(actor, payment_id, lock=True)
        if payment.state != PaymentState.PAID or payment.paid_on is None:
            raise RuleBroken("refund.not_paid", N_("Only a paid payment can be refunded."))
        if received_on < payment.paid_on:
            raise RuleBroken(
                "refund.before_payment",
                N_("The refund cannot come before the payment of {day}."),
                day=payment.paid_on.isoformat(),
            )
        earlier = await db.value(
            "SELECT coalesce(sum(amount_fen), 0)::bigint FROM refund "
            "WHERE payment = $1 AND state <> 'REJECTED'",
            payment_id,
        )
        if earlier + amount_fen > payment.amount_fen:
            raise RuleBroken(
                "refund.above_payment",
                N_("Of this payment {left} yuan can still come back; recorded {amount}."),
                left=yuan_text(Fen(payment.amount_fen - earlier)),
                amount=yuan_text(amount_fen),
            )
        year = calendar.fiscal_year(received_on)
        refund_id = await db.value(
            """
            INSERT INTO refund (number, payment, amount_fen, received_on, reference, reason,
                                restores_quota, state, recorded_by_person)
            VALUES ($1, $2, $3, $4, $5, $6, $7, 'PROPOSED', $8) RETURNING id
            """,
            f"退〔{year}〕{await db.next_number(f'refund-{year}'):04d}",
            payment_id,
            amount_fen,
            received_on,
            reference,
            reason,
            restores_quota(payment.paid_on, received_on),
            actor.person_id,
        )
        case = Case("refund", refund_id)
        await take_duty(actor, case, "record")
        await record(
            actor,
            case,
            "record",
            after=ProposalState.PROPOSED,
            reason=reason,
            facts={"amount_fen": amount_fen, "payment": payment.number},
        )
    return int(refund_id)


async def decide_refund(actor: Actor, refund_id: int, verb: str, *, reason: str = "") -> None:
    """Approve or reject a recorded refund; approval posts it to the ledger.

    Open claims on the award are settled with it, oldest first. A line whose year has been
    closed since takes no quota back: the money is surrendered.
    """
    actor.need(Permission.REFUND_APPROVE)
    refuse_no_decision(verb)
    async with db.unit_of_work(actor):
        found = await db.row(_REFUND + "WHERE r.id = $1 FOR NO KEY UPDATE OF r", refund_id)
        if found is None:
            raise NotFound()
        refund = Refund(**found)
        after = PROPOSAL.take(
            verb, refund.state, actor, ProposalCase(refund.recorded_by_person, actor.person_id)
        )
        case = Case("refund", refund_id)
        await take_duty(actor, case, "decide")
        await db.execute(
            "UPDATE refund SET state = $2, decided_by_person = $3, decided_at = $4 WHERE id = $1",
            refund_id,
            after,
            actor.person_id,
            calendar.now(),
        )
        await record(actor, case, verb, before=refund.state, after=after, reason=reason)
        if after == ProposalState.APPROVED:
            payment = await payment_queries.payment(actor, refund.payment_id, lock=True)
            line = (await budget.lock_lines([payment.line_id]))[payment.line_id]
            restores = refund.restores_quota and line_is_open(line.state) is None
            await db.execute(
                "UPDATE refund SET restores_quota = $2 WHERE id = $1", refund_id, restores
            )
            await ledger.move(
                actor,
                ledger.REFUND if restores else ledger.SURRENDER,
                refund.amount_fen,
                of=payment.commitment_id,
                case=case,
                key=f"refund:{refund_id}",
                on=refund.received_on,
            )
            await clawbacks.recover_by_refund(
                actor, payment.award_id, refund.amount_fen, source=case, on=refund.received_on
            )
