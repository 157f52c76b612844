"""Reads of payments. Agencies see their own; everything else is not found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from grants.kernel.errors import NotFound
from grants.kernel.identity import Actor, Role
from grants.kernel.money import Fen
from grants.payments.gate_facts import GateFacts
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


async def lock_payments(payment_ids: Sequence[int]) -> list[Payment]:
    """Payments locked in order of id; raises NotFound when one is missing."""
    found = await db.rows(
        _PAYMENT + "WHERE p.id = ANY($1) ORDER BY p.id FOR NO KEY UPDATE OF p",
        sorted(set(payment_ids)),
    )
    if len(found) != len(set(payment_ids)):
        raise NotFound()
    return [_payment(r) for r in found]


_FACTS = """
SELECT p.amount_fen, a.state AS award_state, a.amount_fen AS award_amount_fen,
       a.grade AS award_grade, g.instrument, f.kind AS fund_kind, l.code AS line_code,
       l.fiscal_year AS line_year,
       b.payable_fen + b.in_bank_fen + b.paid_fen + b.surrendered_fen AS line_drawn_fen,
       b.available_fen AS line_available_fen, plan.months_fen,
       (SELECT coalesce(sum(m.amount_fen), 0)::bigint FROM quota_movement m WHERE m.line = l.id
        AND m.kind = 'CARRY_IN' AND m.state = 'APPROVED') AS line_carried_in_fen,
       c.committed_fen AS commitment_left_fen,
       (SELECT coalesce(sum(x.paid_fen), 0)::bigint FROM commitment x
        WHERE x.award_id = a.id) AS award_paid_fen,
       i.sequence, (SELECT count(*) FROM instalment n WHERE n.award = a.id) AS sequences,
       i.amount_fen AS instalment_amount_fen, i.due_on, i.condition, i.condition_met_on,
       i.condition_evidence, coalesce(nullif(p.minutes_no, ''), a.minutes_no) AS minutes_no,
       a.publicised_from, a.publicised_to, a.objections, p.invoice_no, p.invoice_amount_fen,
       p.invoice_seller, p.invoice_checked_on,
       coalesce(o.name, person.name) AS payee_name, k.holder_name AS account_holder,
       k.state AS account_state, k.number_last4 AS account_last4, o.standing,
       o.inspection_year, o.inspection_result, o.grade_expires_on,
       coalesce(owed.fen, 0) AS owed_fen, owed.number AS owed_number,
       repeats.count AS repeats, repeats.number AS repeat_number,
       (SELECT count(*) FROM attachment t
        WHERE t.case_kind = 'payment' AND t.case_id = p.id) AS attachments,
       p.due_on AS payment_due_on
FROM payment p
JOIN award a ON a.id = p.award
JOIN instalment i ON i.id = p.instalment
JOIN commitment c ON c.id = p.commitment
JOIN budget_line l ON l.id = c.line
JOIN line_balance b ON b.id = l.id
JOIN programme g ON g.id = l.programme
JOIN fund_source f ON f.id = l.fund_source
JOIN bank_account k ON k.id = p.bank_account
LEFT JOIN organisation o ON o.id = a.organisation
LEFT JOIN person ON person.id = a.person
LEFT JOIN cash_plan plan ON plan.line = l.id AND plan.state = 'APPROVED'
LEFT JOIN LATERAL (
    SELECT sum(k.amount_fen - k.recovered_fen)::bigint AS fen, min(k.number) AS number
    FROM clawback k JOIN award ka ON ka.id = k.award
    WHERE k.state = 'OPEN' AND ka.organisation IS NOT DISTINCT FROM a.organisation
      AND ka.person IS NOT DISTINCT FROM a.person
) owed ON true
LEFT JOIN LATERAL (
    SELECT count(*) AS count, max(q.number) AS number
    FROM payment q JOIN award qa ON qa.id = q.award
    WHERE q.id <> p.id AND q.payee_name = p.payee_name AND q.amount_fen = p.amount_fen
      AND q.purpose = p.purpose AND qa.organisation IS NOT DISTINCT FROM a.organisation
      AND qa.person IS NOT DISTINCT FROM a.person
      AND q.state IN ('SUBMITTED', 'APPROVED', 'IN_BANK', 'BOUNCED', 'PAID')
      AND coalesce(q.submitted_at, now()) > now() - make_interval(days => $2)
) repeats ON true
WHERE p.id = $1
"""


async def gate_facts(payment_id: int, *, minutes_needed: bool, repeat_days: int) -> GateFacts:
    """Everything the gate looks at, in one read; raises NotFound."""
    found = await db.row(_FACTS, payment_id, repeat_days)
    if found is None:
        raise NotFound()
    return GateFacts(**found, minutes_needed=minutes_needed)


async def paid_in_last_years_period(line_id: int, on: date) -> Fen:
    """What the line before this one paid, refunds deducted, until the same day of last year.

    The line before is that of the same programme and fund source (预算法 第54条).
    """
    return Fen(
        await db.value(
            """
            SELECT coalesce(sum(CASE WHEN m.to_bucket = 'paid' THEN m.amount_fen
                                     ELSE -m.amount_fen END), 0)::bigint
            FROM budget_line l
            JOIN budget_line before ON before.programme = l.programme
             AND before.fund_source = l.fund_source AND before.fiscal_year = l.fiscal_year - 1
            JOIN ledger_move m ON m.line = before.id
             AND 'paid' IN (m.from_bucket, m.to_bucket)
             AND m.moved_on <= $2::date - interval '1 year'
            WHERE l.id = $1
            """,
            line_id,
            on,
        )
    )


async def waivers(payment_id: int) -> dict[str, str]:
    """Gate rules set aside for a payment, with the reason and who gave it."""
    found = await db.rows(
        """
        SELECT w.rule, w.reason, p.name FROM gate_waiver w JOIN person p ON p.id = w.person_id
        WHERE w.payment = $1 ORDER BY w.id
        """,
        payment_id,
    )
    return {r["rule"]: f"{r['reason']} ({r['name']})" for r in found}


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
class Listed:
    """A payment as a list shows it."""

    id: int
    number: str
    title: str
    payee_name: str
    programme_name: str
    programme_name_en: str
    sequence: int
    amount_fen: Fen
    state: str
    step_role: Role | None
    due_on: date
    paid_on: date | None
    maker: str
    version: int


@dataclass(frozen=True)
class PaymentFilter:
    """What a list of payments may be narrowed by; None means all."""

    state: str | None = None
    waiting_for: frozenset[Role] | None = None
    not_by_person: int | None = None
    programme_id: int | None = None
    organisation_id: int | None = None
    award_id: int | None = None
    due_before: date | None = None
    search: str = ""
    order: str = "due"


_LISTED = """
SELECT p.id, p.number, a.title, p.payee_name, g.name AS programme_name,
       g.name_en AS programme_name_en, i.sequence, p.amount_fen, p.state,
       p.chain ->> (p.step - 1) AS step_role, p.due_on, p.paid_on, m.name AS maker, p.version
FROM payment p
JOIN award a ON a.id = p.award
JOIN programme g ON g.id = a.programme
JOIN instalment i ON i.id = p.instalment
JOIN person m ON m.id = p.made_by_person
"""

#: Each thing a list may be narrowed by, in the order of `_wanted`.
_NARROWED = (
    "a.organisation = ${n}",
    "p.state = ${n}",
    "p.state = 'SUBMITTED' AND p.chain ->> (p.step - 1) = ANY(${n}::text[])",
    """p.made_by_person <> ${n} AND NOT EXISTS (
        SELECT 1 FROM payment_act x WHERE x.payment = p.id AND x.round = p.round
        AND x.person_id = ${n} AND x.decision <> 'WITHDRAW')""",
    "a.programme = ${n}",
    "a.organisation = ${n}",
    "p.award = ${n}",
    "p.due_on < ${n}",
    """(p.number ILIKE '%' || ${n} || '%' OR p.payee_name ILIKE '%' || ${n} || '%'
        OR a.title ILIKE '%' || ${n} || '%')""",
)

_ORDERS = {
    "due": "p.due_on, p.id",
    "-due": "p.due_on DESC, p.id DESC",
    "number": "p.id",
    "-number": "p.id DESC",
    "amount": "p.amount_fen, p.id",
    "-amount": "p.amount_fen DESC, p.id",
    "payee": "p.payee_name, p.id",
    "-payee": "p.payee_name DESC, p.id",
}


def _wanted(actor: Actor, wanted: PaymentFilter) -> tuple[str, list[object]]:
    """FROM and WHERE of a list, and their arguments.

    Only what is asked for is said: "$1 IS NULL OR …" would keep PostgreSQL from the indexes.
    """
    asked = (
        actor.organisation_id,
        wanted.state,
        sorted(wanted.waiting_for) if wanted.waiting_for is not None else None,
        wanted.not_by_person,
        wanted.programme_id,
        wanted.organisation_id,
        wanted.award_id,
        wanted.due_before,
        wanted.search.strip() or None,
    )
    arguments: list[object] = [value for value in asked if value is not None]
    narrowed = (text for text, value in zip(_NARROWED, asked, strict=True) if value is not None)
    where = " AND ".join(text.format(n=n) for n, text in enumerate(narrowed, 1))
    award = " JOIN award a ON a.id = p.award" if "a." in where else ""
    return f"FROM payment p{award}" + (f" WHERE {where}" if where else ""), arguments


async def payments(
    actor: Actor, wanted: PaymentFilter, *, limit: int = 50, offset: int = 0
) -> list[Listed]:
    """Payments within the actor's scope in the wanted order."""
    order = _ORDERS.get(wanted.order, _ORDERS["due"])
    narrowed, arguments = _wanted(actor, wanted)
    found = await db.rows(
        # The page is found first, so that only its rows are looked up elsewhere.
        f"""
        {_LISTED}
        WHERE p.id IN (SELECT p.id {narrowed} ORDER BY {order}
                       LIMIT ${len(arguments) + 1} OFFSET ${len(arguments) + 2})
        ORDER BY {order}
        """,
        *arguments,
        limit,
        offset,
    )
    return [
        Listed(**{**r, "step_role": Role(r["step_role"]) if r["step_role"] else None})
        for r in found
    ]


async def count_payments(actor: Actor, wanted: PaymentFilter) -> tuple[int, Fen]:
    """How many payments a filter finds, and their total in fen."""
    narrowed, arguments = _wanted(actor, wanted)
    found = await db.row(
        f"SELECT count(*) AS payments, coalesce(sum(p.amount_fen), 0)::bigint AS total {narrowed}",
        *arguments,
    )
    assert found is not None
    return found["payments"], Fen(found["total"])


def waiting_for(
    actor: Actor, *, search: str = "", order: str = "due", due_before: date | None = None
) -> PaymentFilter:
    """What waits for this person: steps of own roles on requests not acted on before."""
    return PaymentFilter(
        state="SUBMITTED",
        waiting_for=frozenset(actor.roles),
        not_by_person=actor.person_id,
        search=search,
        order=order,
        due_before=due_before,
    )


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
              AND qa.organisation IS NOT DISTINCT FROM $3 AND qa.person IS NOT DISTINCT FROM $4
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


async def live_payment_of(instalment_id: int) -> int | None:
    """The payment that stands for an instalment, where there is one."""
    found = await db.value(
        "SELECT id FROM payment WHERE instalment = $1 AND state NOT IN ('WITHDRAWN', 'REJECTED')",
        instalment_id,
    )
    return int(found) if found is not None else None
