"""The verbs of those who decide: approve, return, reject, set a rule of the gate aside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from grants.awards import instalments
from grants.awards.workflow import InstalmentState
from grants.budget import ledger
from grants.budget import queries as budget
from grants.kernel import calendar
from grants.kernel.errors import N_, Conflict, NotAllowed, Refusal, RuleBroken
from grants.kernel.identity import Actor, Permission, Role
from grants.kernel.money import Fen
from grants.payments import queries
from grants.payments.gate import NEVER_WAIVED
from grants.payments.gate_facts import GatePolicy
from grants.payments.gatekeeper import gate_of
from grants.payments.steps import KIND, case_of, take_step, write_act
from grants.payments.workflow import PaymentState
from grants.platform import db
from grants.platform.audit import Case, duty_of, record, take_duty
from grants.platform.policy import policy_on


async def approve_payment(
    actor: Actor, payment_id: int, *, seen_version: int, today: date, opinion: str = ""
) -> queries.Payment:
    """Approve one's step; the last step makes the money payable. Answers what was approved.

    Locks the payment, then the budget line. Raises NotAllowed for the requester, for a
    person who holds another duty on it, and out of turn; Conflict on a stale page; and
    the first blocking rule of the gate, which is looked through anew.
    """
    async with db.unit_of_work(actor):
        payment = await queries.payment(actor, payment_id, lock=True)
        last = payment.step == len(payment.chain)
        verb = "approve_finally" if last else "approve"
        if last:
            await budget.lock_lines([payment.line_id])
        gate = await gate_of(payment, today=today)
        held = await duty_of(actor.person_id, Case(KIND, payment_id))
        case = case_of(actor, payment, seen_version, gate.refusal, held)
        after = await take_step(
            actor,
            verb,
            payment,
            case,
            reason=opinion,
            role=payment.step_role,
            facts={"policies": gate.versions},
        )
        role = _role_of_step(payment)
        await take_duty(actor, Case(KIND, payment_id), role)
        await write_act(actor, payment_id, payment.round, payment.step, role, "APPROVE", opinion)
        await db.execute(
            "UPDATE payment SET step = step + 1, gate = $2, approved_at = $3 WHERE id = $1",
            payment_id,
            gate.stored(),
            calendar.now() if last else None,
        )
        if last:
            await ledger.move(
                actor,
                ledger.APPROVE,
                payment.amount_fen,
                of=payment.commitment_id,
                case=Case(KIND, payment_id),
                key=f"payment:{payment_id}:approve",
                on=today,
            )
    return replace(payment, state=after)


def _role_of_step(payment: queries.Payment) -> Role:
    role = payment.step_role
    if role is None:
        raise LookupError(f"payment {payment.id} has no step {payment.step}")
    return role


@dataclass(frozen=True)
class ItemResult:
    """What became of one item of a bulk approval."""

    payment_id: int
    number: str
    amount_fen: Fen
    refusal: Refusal | None


async def approve_many(
    actor: Actor, chosen: Sequence[tuple[int, int]], *, today: date, opinion: str = ""
) -> list[ItemResult]:
    """Approve several payments, each by itself: one refusal does not stop the others.

    `chosen` holds pairs of payment id and the version that was seen.
    """
    results = []
    for payment_id, seen_version in chosen:
        number, amount_fen = "", Fen(0)
        refusal: Refusal | None = None
        try:
            payment = await queries.payment(actor, payment_id)
            number, amount_fen = payment.number, payment.amount_fen
            await approve_payment(
                actor, payment_id, seen_version=seen_version, today=today, opinion=opinion
            )
        except Refusal as found:
            refusal = found
        results.append(ItemResult(payment_id, number, amount_fen, refusal))
    return results


async def return_payment(actor: Actor, payment_id: int, *, seen_version: int, reason: str) -> None:
    """Send a request back for correction; approvals of this round become void."""
    await _turn_down(actor, payment_id, "return", "RETURN", seen_version, reason)


async def reject_payment(actor: Actor, payment_id: int, *, seen_version: int, reason: str) -> None:
    """Refuse a request for good; the instalment may be asked for anew."""
    await _turn_down(actor, payment_id, "reject", "REJECT", seen_version, reason)


async def _turn_down(
    actor: Actor, payment_id: int, verb: str, decision: str, seen_version: int, reason: str
) -> None:
    if len(reason.strip()) < 5:
        raise RuleBroken("payment.reason_missing", N_("Give the reason in a few words."))
    async with db.unit_of_work(actor):
        payment = await queries.payment(actor, payment_id, lock=True)
        held = await duty_of(actor.person_id, Case(KIND, payment_id))
        case = case_of(actor, payment, seen_version, None, held)
        await take_step(actor, verb, payment, case, reason=reason, role=payment.step_role)
        role = _role_of_step(payment)
        await take_duty(actor, Case(KIND, payment_id), role)
        await write_act(actor, payment_id, payment.round, payment.step, role, decision, reason)
        await db.execute("UPDATE payment SET step = 0 WHERE id = $1", payment_id)
        if verb == "reject":
            await instalments.mark_instalment(
                payment.instalment_id, InstalmentState.OPEN, expected=InstalmentState.REQUESTED
            )


async def waive_rule(actor: Actor, payment_id: int, rule: str, *, reason: str, today: date) -> None:
    """Set one gate rule aside for one payment, with a reason.

    Raises NotAllowed unless the policy names one of the actor's roles for this rule;
    rules that guard the money itself are never set aside.
    """
    if len(reason.strip()) < 5:
        raise RuleBroken("payment.reason_missing", N_("Give the reason in a few words."))
    async with db.unit_of_work(actor):
        payment = await queries.payment(actor, payment_id, lock=True)
        policy = (await policy_on("payment_gate", GatePolicy, today)).body.rules.get(rule)
        entitled = set(policy.waivable_by if policy else ()) & actor.roles
        if not actor.may(Permission.GATE_WAIVE) or not entitled or rule in NEVER_WAIVED:
            raise NotAllowed("gate.not_waivable", N_("Your roles may not set this rule aside."))
        if actor.person_id == payment.made_by_person:
            raise NotAllowed("payment.own", N_("You made this request; another person decides."))
        if payment.state not in (PaymentState.DRAFT, PaymentState.RETURNED, PaymentState.SUBMITTED):
            raise Conflict("payment.decided", N_("The payment is decided already."))
        role = sorted(entitled)[0]
        await db.execute(
            """
            INSERT INTO gate_waiver (payment, rule, reason, role, user_id, person_id, waived_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            """,
            payment_id,
            rule,
            reason.strip(),
            role,
            actor.user_id,
            actor.person_id,
            calendar.now(),
        )
        await record(
            actor,
            Case(KIND, payment_id),
            "waive",
            before=payment.state,
            after=payment.state,
            reason=reason.strip(),
            facts={"rule": rule},
            role=role,
        )
