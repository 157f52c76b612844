"""Reads of payments. Agencies see their own; everything else is not found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from grants.kernel.errors import NotFound
from grants.kernel.identity import Actor, Role
from grants.kernel.money import Fen
from grants.platform import db


@dataclass(frozen=True)
class Payment:
    """A payment request as actions and case pages read it."""

    id: int
    number: str
    fiscal_year: int
    award_id: int
    award_number: str
    award_title: str
    award_amount_fen: Fen
    award_minutes_no: str
    instalment_id: int
    sequence: int
    commitment_id: int
    line_id: int
    line_code: str
    bank_account_id: int
    account_last4: str
    bank_name: str
    cnaps: str | None
    organisation_id: int | None
    person_id: int | None
    payee_name: str
    programme_name: str
    programme_name_en: str
    amount_fen: Fen
    purpose: str
    invoice_no: str | None
    invoice_kind: str
    invoice_amount_fen: Fen
    invoice_seller: str
    invoice_checked_on: date | None
    minutes_no: str
    state: str
    round: int
    step: int
    chain: tuple[Role, ...]
    tier: str
    batch_no: str | None
    made_by_person: int
    maker: str
    due_on: date
    submitted_at: datetime | None
    approved_at: datetime | None
    paid_on: date | None
    version: int

    @property
    def step_role(self) -> Role | None:
        """Whose turn it is while in approval."""
        return self.chain[self.step - 1] if 1 <= self.step <= len(self.chain) else None


_PAYMENT = """
SELECT p.id, p.number, p.fiscal_year, p.award AS award_id, a.number AS award_number,
       a.title AS award_title, a.amount_fen AS award_amount_fen,
       a.minutes_no AS award_minutes_no, p.instalment AS instalment_id, i.sequence,
       p.commitment AS commitment_id, c.line AS line_id, l.code AS line_code,
       p.bank_account AS bank_account_id, b.number_last4 AS account_last4, b.bank_name,
       b.cnaps, a.organisation AS organisation_id, a.person AS person_id, p.payee_name,
       g.name AS programme_name, g.name_en AS programme_name_en, p.amount_fen, p.purpose,
       p.invoice_no, p.invoice_kind, p.invoice_amount_fen, p.invoice_seller,
       p.invoice_checked_on, p.minutes_no, p.state, p.round,
       p.step, p.chain, p.tier, p.batch_no, p.made_by_person, m.name AS maker, p.due_on,
       p.submitted_at, p.approved_at, p.paid_on, p.version
FROM payment p
JOIN award a ON a.id = p.award
JOIN instalment i ON i.id = p.instalment
JOIN commitment c ON c.id = p.commitment
JOIN budget_line l ON l.id = c.line
JOIN programme g ON g.id = l.programme
JOIN bank_account b ON b.id = p.bank_account
JOIN person m ON m.id = p.made_by_person
"""


def _payment(found: db.Row) -> Payment:
    return Payment(**{**found, "chain": tuple(Role(r) for r in found["chain"])})


async def payment(actor: Actor, payment_id: int, *, lock: bool = False) -> Payment:
    """One payment within the actor's scope; raises NotFound."""
    found = await db.row(
        _PAYMENT
        + "WHERE p.id = $1 AND ($2::bigint IS NULL OR a.organisation = $2)"
        + (" FOR NO KEY UPDATE OF p" if lock else ""),
        payment_id,
        actor.organisation_id,
    )
    if found is None:
        raise NotFound()
    return _payment(found)


#: States in which nothing is decided yet: the gate is looked through anew each time.
OPEN = ("DRAFT", "RETURNED", "SUBMITTED")


async def open_payments() -> list[Payment]:
    """Every request that is not decided, in order of number."""
    found = await db.rows(_PAYMENT + "WHERE p.state = ANY($1) ORDER BY p.number, p.id", OPEN)
    return [_payment(r) for r in found]


async def lock_payments(payment_ids: Sequence[int]) -> list[Payment]:
    """Payments locked in order of id; raises NotFound when one is missing."""
    found = await db.rows(
        _PAYMENT + "WHERE p.id = ANY($1) ORDER BY p.id FOR NO KEY UPDATE OF p",
        sorted(set(payment_ids)),
    )
    if len(found) != len(set(payment_ids)):
        raise NotFound()
    return [_payment(r) for r in found]


@dataclass(frozen=True)
class Act:
    """One decision on a payment."""

    round: int
    step: int
    role: Role
    decision: str
    opinion: str
    who: str
    delegated: bool
    decided_at: datetime


async def acts(payment_id: int) -> list[Act]:
    """All decisions on a payment in order."""
    found = await db.rows(
        """
        SELECT x.round, x.step, x.role, x.decision, x.opinion, p.name AS who,
               x.delegation_id IS NOT NULL AS delegated, x.decided_at
        FROM payment_act x JOIN person p ON p.id = x.person_id
        WHERE x.payment = $1 ORDER BY x.id
        """,
        payment_id,
    )
    return [Act(**{**r, "role": Role(r["role"])}) for r in found]


@dataclass(frozen=True)
class Usual:
    """An earlier payment of the same payee, for comparison."""

    number: str
    amount_fen: Fen
    paid_on: date
    same_programme: bool


async def usual_for_payee(payment: Payment, *, limit: int = 8) -> list[Usual]:
    """The payee's latest paid payments, oldest first: what is normal for this payee."""
    found = await db.rows(
        """
        SELECT * FROM (
            SELECT q.number, q.amount_fen, q.paid_on, q.id,
                   qa.programme = (SELECT programme FROM award WHERE id = $1) AS same_programme
            FROM payment q JOIN award qa ON qa.id = q.award
            WHERE q.state = 'PAID' AND q.id <> $2
              AND (qa.organisation = $3 OR qa.person = $4)
            ORDER BY q.paid_on DESC, q.id DESC LIMIT $5
        ) latest ORDER BY paid_on, id
        """,
        payment.award_id,
        payment.id,
        payment.organisation_id,
        payment.person_id,
        limit,
    )
    return [Usual(r["number"], r["amount_fen"], r["paid_on"], r["same_programme"]) for r in found]


async def paid_on_award_before(payment: Payment) -> Fen:
    """What the award had been paid before this payment, as its form states it for ever."""
    return Fen(
        await db.value(
            """
            SELECT coalesce(sum(amount_fen), 0)::bigint FROM payment
            WHERE award = $1 AND state = 'PAID' AND id <> $2
              AND ($3::date IS NULL OR (paid_on, id) < ($3, $2))
            """,
            payment.award_id,
            payment.id,
            payment.paid_on,
        )
    )
