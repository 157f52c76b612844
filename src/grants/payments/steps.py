"""Taking a step of a payment: the case it looks at, the state it leads to, the record of it."""

from __future__ import annotations

from grants.kernel import calendar
from grants.kernel.errors import Refusal
from grants.kernel.identity import Actor, Role
from grants.payments import queries
from grants.payments.rules import PaymentCase
from grants.payments.workflow import PAYMENT
from grants.platform import db
from grants.platform.audit import Case, record

KIND = "payment"


def case_of(
    actor: Actor,
    payment: queries.Payment,
    seen_version: int,
    gate: Refusal | None = None,
    held_duty: str | None = None,
) -> PaymentCase:
    """What a step on this payment looks at."""
    return PaymentCase(
        actor=actor,
        made_by_person=payment.made_by_person,
        chain=payment.chain,
        step=payment.step,
        seen_version=seen_version,
        version=payment.version,
        held_duty=held_duty,
        gate_refusal=gate,
        batch_no=payment.batch_no,
    )


async def take_step(
    actor: Actor,
    verb: str,
    payment: queries.Payment,
    case: PaymentCase,
    *,
    reason: str = "",
    role: Role | None = None,
    facts: dict[str, object] | None = None,
) -> str:
    """Take the step, write the state, record why; answers the new state."""
    after = PAYMENT.take(verb, payment.state, actor, case)
    await db.execute(
        "UPDATE payment SET state = $2, version = version + 1 WHERE id = $1", payment.id, after
    )
    await record(
        actor,
        Case(KIND, payment.id),
        verb,
        before=payment.state,
        after=after,
        reason=reason,
        facts=facts,
        role=role,
    )
    return after


async def write_act(
    actor: Actor, payment_id: int, round_: int, step: int, role: Role, decision: str, opinion: str
) -> None:
    """Write one decision of a round; a person acts once in a round."""
    await db.execute(
        """
        INSERT INTO payment_act (payment, round, step, role, decision, opinion, user_id,
                                 person_id, delegation_id, decided_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        """,
        payment_id,
        round_,
        step,
        role,
        decision,
        opinion,
        actor.user_id,
        actor.person_id,
        actor.delegations.get(role),
        calendar.now(),
    )
