"""What banking hands down to a payment, within its own unit of work: sent, paid, returned."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from grants.awards import instalments
from grants.awards.workflow import InstalmentState
from grants.budget import ledger
from grants.kernel.identity import Actor, Role
from grants.payments import queries
from grants.payments.steps import KIND, case_of, take_step
from grants.platform import db
from grants.platform.audit import Case, take_duty


async def note_batch(payment_ids: Sequence[int], batch_no: str | None) -> None:
    """Remember the batch that holds these payments; None when they were taken out."""
    await db.execute(
        "UPDATE payment SET batch_no = $2 WHERE id = ANY($1)", list(payment_ids), batch_no
    )


async def mark_sent(actor: Actor, payment: queries.Payment, *, item_no: str, on: date) -> None:
    """The payment went to the bank: payable money lies in the bank now."""
    await take_duty(actor, Case(KIND, payment.id), Role.CASHIER)
    await _move_with_step(actor, "send", payment, ledger.SEND, item_no, on)


async def mark_paid(
    actor: Actor, payment: queries.Payment, *, item_no: str, on: date, receipt: str
) -> None:
    """The bank has paid, on the day it booked; `receipt` is its reference."""
    await _move_with_step(actor, "settle", payment, ledger.PAY, item_no, on, receipt)
    await db.execute("UPDATE payment SET paid_on = $2 WHERE id = $1", payment.id, on)
    await instalments.mark_instalment(
        payment.instalment_id, InstalmentState.PAID, expected=InstalmentState.REQUESTED
    )


async def mark_bounced(
    actor: Actor, payment: queries.Payment, *, item_no: str, on: date, reason: str
) -> None:
    """The bank returned the payment: the money is payable again."""
    await _move_with_step(actor, "bounce", payment, ledger.BOUNCE, item_no, on, reason)
    await note_batch([payment.id], None)


async def _move_with_step(
    actor: Actor,
    verb: str,
    payment: queries.Payment,
    act: ledger.Act,
    item_no: str,
    on: date,
    reason: str = "",
) -> None:
    case = case_of(actor, payment, payment.version)
    await take_step(actor, verb, payment, case, reason=reason, facts={"item_no": item_no})
    await ledger.move(
        actor,
        act,
        payment.amount_fen,
        of=payment.commitment_id,
        case=Case(KIND, payment.id),
        key=f"item:{item_no}:{act.name}",
        on=on,
    )
