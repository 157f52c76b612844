"""The verbs of who asks for money: draft, change, submit, withdraw, cancel, correct."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from grants.awards import instalments
from grants.awards import queries as award_queries
from grants.awards.shares import follow_carry_over
from grants.awards.tiers import ApprovalTiers, payment_tier
from grants.awards.workflow import AwardState, InstalmentState
from grants.budget import ledger
from grants.kernel import calendar
from grants.kernel.errors import N_, Conflict, RuleBroken
from grants.kernel.identity import Actor, Permission, Role
from grants.kernel.money import Fen
from grants.parties import queries as parties
from grants.payments import queries
from grants.payments.gatekeeper import gate_of
from grants.payments.rules import PaymentClock, payment_due_on
from grants.payments.steps import KIND, case_of, take_step, write_act
from grants.payments.tables import Payment
from grants.payments.workflow import PaymentState
from grants.platform import db
from grants.platform.audit import Case, record, take_duty
from grants.platform.policy import policies_on

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
    invoice_seller: str = ""
    invoice_checked_on: date | None = None
    minutes_no: str = ""


async def draft_payment(
    actor: Actor, instalment_id: int, details: RequestDetails, *, today: date
) -> int:
    """Draw a request from an instalment; answers its id.

    Raises RuleBroken when the award is not active or its year has not been committed,
    Conflict when somebody has asked for the instalment already.
    """
    actor.need(Permission.PAYMENT_REQUEST)
    async with db.unit_of_work(actor):
        instalment = await award_queries.instalment(instalment_id)
        award = await award_queries.award(actor, instalment.award_id, lock=True)
        if award.state != AwardState.ACTIVE:
            raise RuleBroken("award.not_active", N_("The award is not active."))
        await follow_carry_over(actor, award.id)
        instalment = await award_queries.instalment(instalment_id)
        if instalment.commitment_id is None:
            raise RuleBroken(
                "payment.year_not_committed",
                N_("The share of {year} is not committed yet."),
                year=instalment.fiscal_year,
            )
        await instalments.mark_instalment(
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
            invoice_seller=details.invoice_seller,
            invoice_checked_on=details.invoice_checked_on,
            minutes_no=details.minutes_no,
            state=PaymentState.DRAFT,
            round=1,
            step=0,
            chain=[],
            tier="",
            gate={},
            made_by_person=actor.person_id,
            due_on=instalment.due_on,
            version=1,
        )
        await Payment.insert(payment)
        case = Case(KIND, payment.id)
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
        await take_step(actor, "change", payment, case_of(actor, payment, seen_version))
        await db.execute(
            """
            UPDATE payment SET bank_account = $2, purpose = $3, invoice_no = $4,
                   invoice_kind = $5, invoice_amount_fen = $6, minutes_no = $7,
                   invoice_seller = $8, invoice_checked_on = $9
            WHERE id = $1
            """,
            payment_id,
            details.bank_account_id,
            details.purpose,
            details.invoice_no or None,
            details.invoice_kind,
            details.invoice_amount_fen or 0,
            details.minutes_no,
            details.invoice_seller,
            details.invoice_checked_on,
        )


async def submit_payment(
    actor: Actor, payment_id: int, *, seen_version: int, today: date, opinion: str = ""
) -> None:
    """Send a request into its chain of approvals, which is frozen now.

    Raises the first blocking rule of the gate. A request that was returned starts a new
    round: earlier approvals are void.
    """
    async with db.unit_of_work(actor):
        payment = await queries.payment(actor, payment_id, lock=True)
        book = await policies_on(("approval_tiers", "payment_clock"), today)
        tiers = book.policy("approval_tiers", ApprovalTiers)
        clock = book.policy("payment_clock", PaymentClock)
        tier = payment_tier(
            tiers.body,
            award_fen=payment.award_amount_fen,
            amount_fen=payment.amount_fen,
            decided_by_meeting=bool(payment.award_minutes_no),
        )
        instalment = await award_queries.instalment(payment.instalment_id)
        gate = await gate_of(payment, today=today)
        case = case_of(actor, payment, seen_version, gate.refusal)
        new_round = payment.round + (payment.state == PaymentState.RETURNED)
        await take_step(
            actor,
            "submit",
            payment,
            case,
            reason=opinion,
            role=Role.OFFICER,
            facts={
                "tier": tier.code,
                "round": new_round,
                "policies": {**gate.versions, "payment_clock": clock.version_id},
            },
        )
        await write_act(actor, payment_id, new_round, 0, Role.OFFICER, "SUBMIT", opinion)
        due_on = payment_due_on(
            clock.body,
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
            gate.stored(),
            calendar.now(),
            due_on,
        )


async def withdraw_payment(actor: Actor, payment_id: int, *, reason: str = "") -> None:
    """Take back one's own request before it is approved."""
    async with db.unit_of_work(actor):
        payment = await queries.payment(actor, payment_id, lock=True)
        await take_step(
            actor, "withdraw", payment, case_of(actor, payment, payment.version), reason=reason
        )
        await _free_instalment(payment)


async def cancel_payment(actor: Actor, payment_id: int, *, reason: str, today: date) -> None:
    """Take back an approved payment that is in no batch: payable money is committed again."""
    async with db.unit_of_work(actor):
        payment = await queries.payment(actor, payment_id, lock=True)
        await take_step(
            actor, "cancel", payment, case_of(actor, payment, payment.version), reason=reason
        )
        await ledger.move(
            actor,
            ledger.CANCEL,
            payment.amount_fen,
            of=payment.commitment_id,
            case=Case(KIND, payment_id),
            key=f"payment:{payment_id}:cancel",
            on=today,
        )
        await _free_instalment(payment)


async def _free_instalment(payment: queries.Payment) -> None:
    await instalments.mark_instalment(
        payment.instalment_id, InstalmentState.OPEN, expected=InstalmentState.REQUESTED
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
        await take_step(
            actor, "correct", payment, case_of(actor, payment, seen_version), reason=reason
        )
        await db.execute(
            "UPDATE payment SET bank_account = $2 WHERE id = $1", payment_id, bank_account_id
        )
