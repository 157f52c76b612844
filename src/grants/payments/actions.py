"""The verbs of a payment request: draft, submit, approve, return, reject, withdraw, correct."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from grants.awards import actions as awards
from grants.awards import queries as award_queries
from grants.awards.tiers import ApprovalTiers, payment_tier
from grants.awards.workflow import AwardState, InstalmentState
from grants.budget import ledger
from grants.budget import queries as budget
from grants.budget.rules import FundMatrix
from grants.kernel import calendar
from grants.kernel.errors import N_, Conflict, NotAllowed, Refusal, RuleBroken
from grants.kernel.identity import Actor, Permission, Role
from grants.kernel.money import Fen
from grants.parties import queries as parties
from grants.payments import queries
from grants.payments.gate import (
    NEVER_WAIVED,
    Finding,
    GatePolicy,
    Look,
    Mark,
    gate_refusal,
    look_through_gate,
)
from grants.payments.rules import PaymentCase, PaymentClock, payment_due_on
from grants.payments.tables import Payment
from grants.payments.workflow import PAYMENT, PaymentState
from grants.platform import db
from grants.platform.audit import Case, duty_of, record, take_duty
from grants.platform.policy import policy_on

_KIND = "payment"

db.explain_constraint(
    "payment_invoice_used_once",
    Conflict,
    "payment.invoice_used",
    N_("This invoice was used for another payment already."),
)


@dataclass(frozen=True)
class RequestDetails:
    """What the officer states when asking for a payment."""

    bank_account_id: int
    purpose: str
    invoice_no: str | None = None
    invoice_kind: str = "RECEIPT"
    invoice_amount_fen: Fen | None = None
    minutes_no: str = ""


async def draft_payment(
    actor: Actor, instalment_id: int, details: RequestDetails, *, today: date
) -> int:
    """Draw a request from an instalment; answers its id.

    Raises RuleBroken when the award is not active or its year has not been committed,
    Conflict when somebody has asked for the instalment already.
    """
    if not actor.may(Permission.PAYMENT_REQUEST):
        raise NotAllowed("not_permitted", N_("Your roles do not include this step."))
    async with db.unit_of_work(actor):
        instalment = await award_queries.instalment(instalment_id)
        award = await award_queries.award(actor, instalment.award_id, lock=True)
        if award.state != AwardState.ACTIVE:
            raise RuleBroken("award.not_active", N_("The award is not active."))
        await awards.follow_carry_over(actor, award.id)
        instalment = await award_queries.instalment(instalment_id)
        if instalment.commitment_id is None:
            raise RuleBroken(
                "payment.year_not_committed",
                N_("The share of {year} is not committed yet."),
                year=instalment.fiscal_year,
            )
        await awards.mark_instalment(
            instalment_id, InstalmentState.REQUESTED, expected=InstalmentState.OPEN
        )
        await parties.account_of_payee(
            details.bank_account_id, award.organisation_id, award.person_id
        )
        year = calendar.fiscal_year(today)
        payment = Payment(
            number=f"付〔{year}〕{await db.next_number(f'payment-{year}'):04d}",
            fiscal_year=year,
            award=award.id,
            instalment=instalment_id,
            share=instalment.share_id,
            commitment=instalment.commitment_id,
            bank_account=details.bank_account_id,
            payee_name=award.payee_name,
            amount_fen=instalment.amount_fen,
            purpose=details.purpose,
            invoice_no=details.invoice_no or None,
            invoice_kind=details.invoice_kind,
            invoice_amount_fen=details.invoice_amount_fen or 0,
            minutes_no=details.minutes_no,
            state=PaymentState.DRAFT,
            round=1,
            step=0,
            chain=[],
            tier="",
            gate=[],
            made_by_person=actor.person_id,
            due_on=instalment.due_on,
            version=1,
        )
        await Payment.insert(payment)
        case = Case(_KIND, payment.id)
        await take_duty(actor, case, Role.OFFICER)
        await record(
            actor,
            case,
            "draft",
            after=PaymentState.DRAFT,
            facts={"amount_fen": instalment.amount_fen, "award": award.number},
        )
    return int(payment.id)


async def change_request(
    actor: Actor, payment_id: int, details: RequestDetails, *, seen_version: int
) -> None:
    """Change what a draft or returned request states."""
    async with db.unit_of_work(actor):
        payment = await queries.payment(actor, payment_id, lock=True)
        await parties.account_of_payee(
            details.bank_account_id, payment.organisation_id, payment.person_id
        )
        await _step(actor, "change", payment, _case(actor, payment, seen_version))
        await db.execute(
            """
            UPDATE payment SET bank_account = $2, purpose = $3, invoice_no = $4,
                   invoice_kind = $5, invoice_amount_fen = $6, minutes_no = $7
            WHERE id = $1
            """,
            payment_id,
            details.bank_account_id,
            details.purpose,
            details.invoice_no or None,
            details.invoice_kind,
            details.invoice_amount_fen or 0,
            details.minutes_no,
        )


async def gate_of(payment: queries.Payment, *, today: date) -> list[Finding]:
    """The gate's findings on a payment: as they stand now, or as they stood when decided."""
    if payment.state not in (PaymentState.DRAFT, PaymentState.RETURNED, PaymentState.SUBMITTED):
        return await stored_gate(payment.id)
    policy = (await policy_on("payment_gate", GatePolicy, today)).body
    matrix = (await policy_on("fund_matrix", FundMatrix, today)).body
    tiers = (await policy_on("approval_tiers", ApprovalTiers, today)).body
    tier = payment_tier(
        tiers,
        award_fen=payment.award_amount_fen,
        amount_fen=payment.amount_fen,
        decided_by_meeting=bool(payment.award_minutes_no),
    )
    facts = await queries.gate_facts(
        payment.id, minutes_needed=tier.minutes_needed, repeat_days=policy.repeat_days
    )
    return look_through_gate(Look(facts, policy, matrix, today), await queries.waivers(payment.id))


async def stored_gate(payment_id: int) -> list[Finding]:
    """The findings on which a payment was last decided."""
    stored = await db.value("SELECT gate FROM payment WHERE id = $1", payment_id)
    return [Finding(**{**entry, "mark": Mark(entry["mark"])}) for entry in stored]


async def submit_payment(
    actor: Actor, payment_id: int, *, seen_version: int, today: date, opinion: str = ""
) -> None:
    """Send a request into its chain of approvals, which is frozen now.

    Raises the first blocking rule of the gate. A request that was returned starts a new
    round: earlier approvals are void.
    """
    async with db.unit_of_work(actor):
        payment = await queries.payment(actor, payment_id, lock=True)
        tiers = await policy_on("approval_tiers", ApprovalTiers, today)
        clock = (await policy_on("payment_clock", PaymentClock, today)).body
        tier = payment_tier(
            tiers.body,
            award_fen=payment.award_amount_fen,
            amount_fen=payment.amount_fen,
            decided_by_meeting=bool(payment.award_minutes_no),
        )
        instalment = await award_queries.instalment(payment.instalment_id)
        findings = await gate_of(payment, today=today)
        case = _case(actor, payment, seen_version, gate_refusal(findings))
        new_round = payment.round + (payment.state == PaymentState.RETURNED)
        await _step(
            actor,
            "submit",
            payment,
            case,
            reason=opinion,
            role=Role.OFFICER,
            facts={"tier": tier.code, "policy": tiers.version_id, "round": new_round},
        )
        await _write_act(actor, payment_id, new_round, 0, Role.OFFICER, "SUBMIT", opinion)
        due_on = payment_due_on(
            clock,
            trigger_on=instalment.condition_met_on or instalment.due_on,
            submitted_on=today,
        )
        await db.execute(
            """
            UPDATE payment SET round = $2, step = 1, chain = $3, tier = $4, tier_policy = $5,
                   gate = $6, submitted_at = $7, due_on = $8
            WHERE id = $1
            """,
            payment_id,
            new_round,
            list(tier.chain),
            tier.code,
            tiers.version_id,
            _stored(findings),
            calendar.now(),
            due_on,
        )


def _stored(findings: Sequence[Finding]) -> list[dict[str, object]]:
    return [
        {
            "rule": f.rule,
            "mark": f.mark,
            "message": f.message,
            "params": {k: v for k, v in f.params.items()},
            "waiver": f.waiver,
        }
        for f in findings
    ]


async def _write_act(
    actor: Actor, payment_id: int, round_: int, step: int, role: Role, decision: str, opinion: str
) -> None:
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


async def approve_payment(
    actor: Actor, payment_id: int, *, seen_version: int, today: date, opinion: str = ""
) -> PaymentState:
    """Approve one's step; the last step makes the money payable. Answers the new state.

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
        findings = await gate_of(payment, today=today)
        held = await duty_of(actor.person_id, Case(_KIND, payment_id))
        case = _case(actor, payment, seen_version, gate_refusal(findings), held)
        after = await _step(actor, verb, payment, case, reason=opinion, role=payment.step_role)
        role = _role_of_step(payment)
        await take_duty(actor, Case(_KIND, payment_id), role)
        await _write_act(actor, payment_id, payment.round, payment.step, role, "APPROVE", opinion)
        await db.execute(
            "UPDATE payment SET step = step + 1, gate = $2, approved_at = $3 WHERE id = $1",
            payment_id,
            _stored(findings),
            calendar.now() if last else None,
        )
        if last:
            await ledger.move(
                actor,
                ledger.APPROVE,
                payment.amount_fen,
                of=payment.commitment_id,
                case=Case(_KIND, payment_id),
                key=f"payment:{payment_id}:approve",
                on=today,
            )
    return PaymentState(after)


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
        held = await duty_of(actor.person_id, Case(_KIND, payment_id))
        case = _case(actor, payment, seen_version, None, held)
        await _step(actor, verb, payment, case, reason=reason, role=payment.step_role)
        role = _role_of_step(payment)
        await take_duty(actor, Case(_KIND, payment_id), role)
        await _write_act(actor, payment_id, payment.round, payment.step, role, decision, reason)
        await db.execute("UPDATE payment SET step = 0 WHERE id = $1", payment_id)
        if verb == "reject":
            await awards.mark_instalment(
                payment.instalment_id, InstalmentState.OPEN, expected=InstalmentState.REQUESTED
            )


async def withdraw_payment(actor: Actor, payment_id: int, *, reason: str = "") -> None:
    """Take back one's own request before it is approved."""
    async with db.unit_of_work(actor):
        payment = await queries.payment(actor, payment_id, lock=True)
        await _step(
            actor, "withdraw", payment, _case(actor, payment, payment.version), reason=reason
        )
        await _free_instalment(payment)


async def cancel_payment(actor: Actor, payment_id: int, *, reason: str, today: date) -> None:
    """Take back an approved payment that is in no batch: payable money is committed again."""
    async with db.unit_of_work(actor):
        payment = await queries.payment(actor, payment_id, lock=True)
        await _step(actor, "cancel", payment, _case(actor, payment, payment.version), reason=reason)
        await ledger.move(
            actor,
            ledger.CANCEL,
            payment.amount_fen,
            of=payment.commitment_id,
            case=Case(_KIND, payment_id),
            key=f"payment:{payment_id}:cancel",
            on=today,
        )
        await _free_instalment(payment)


async def _free_instalment(payment: queries.Payment) -> None:
    await awards.mark_instalment(
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
            Case(_KIND, payment_id),
            "waive",
            before=payment.state,
            after=payment.state,
            reason=reason.strip(),
            facts={"rule": rule},
            role=role,
        )


async def correct_account(
    actor: Actor, payment_id: int, bank_account_id: int, *, seen_version: int, reason: str
) -> None:
    """Point a payment that the bank returned at a verified account; it can be paid again."""
    async with db.unit_of_work(actor):
        payment = await queries.payment(actor, payment_id, lock=True)
        account = await parties.account_of_payee(
            bank_account_id, payment.organisation_id, payment.person_id
        )
        if account.state != "VERIFIED":
            raise RuleBroken(
                "payment.account_unverified",
                N_("The account has to be verified by another person first."),
            )
        await _step(actor, "correct", payment, _case(actor, payment, seen_version), reason=reason)
        await db.execute(
            "UPDATE payment SET bank_account = $2 WHERE id = $1", payment_id, bank_account_id
        )


# What banking hands down, within its own unit of work.


async def note_batch(payment_ids: Sequence[int], batch_no: str | None) -> None:
    """Remember the batch that holds these payments; None when they were taken out."""
    await db.execute(
        "UPDATE payment SET batch_no = $2 WHERE id = ANY($1)", list(payment_ids), batch_no
    )


async def mark_sent(actor: Actor, payment: queries.Payment, *, item_no: str, on: date) -> None:
    """The payment went to the bank: payable money lies in the bank now."""
    await take_duty(actor, Case(_KIND, payment.id), Role.CASHIER)
    await _move_with_step(actor, "send", payment, ledger.SEND, item_no, on)


async def mark_paid(
    actor: Actor, payment: queries.Payment, *, item_no: str, on: date, receipt: str
) -> None:
    """The bank has paid, on the day it booked; `receipt` is its reference."""
    await _move_with_step(actor, "settle", payment, ledger.PAY, item_no, on, receipt)
    await db.execute("UPDATE payment SET paid_on = $2 WHERE id = $1", payment.id, on)
    await awards.mark_instalment(
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
    case = _case(actor, payment, payment.version)
    await _step(actor, verb, payment, case, reason=reason, facts={"item_no": item_no})
    await ledger.move(
        actor,
        act,
        payment.amount_fen,
        of=payment.commitment_id,
        case=Case(_KIND, payment.id),
        key=f"item:{item_no}:{act.name}",
        on=on,
    )


def _case(
    actor: Actor,
    payment: queries.Payment,
    seen_version: int,
    gate: Refusal | None = None,
    held_duty: str | None = None,
) -> PaymentCase:
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


async def _step(
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
        Case(_KIND, payment.id),
        verb,
        before=payment.state,
        after=after,
        reason=reason,
        facts=facts,
        role=role,
    )
    return after
