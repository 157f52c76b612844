"""What the gate reads: the facts of a payment, last year's payments, rules set aside.

What every open request shows is read at once, for looking at rules that are only proposed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from grants.kernel.errors import NotFound
from grants.kernel.money import Fen
from grants.payments.gate_facts import GateFacts
from grants.payments.queries import OPEN
from grants.platform import db

_FACTS = """
SELECT p.id AS payment_id, p.amount_fen, a.state AS award_state, a.amount_fen AS award_amount_fen,
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
"""


async def gate_facts(payment_id: int, *, minutes_needed: bool, repeat_days: int) -> GateFacts:
    """Everything the gate looks at, in one read; raises NotFound."""
    found = await db.row(_FACTS + "WHERE p.id = $1", payment_id, repeat_days)
    if found is None:
        raise NotFound()
    return facts_from(found, minutes_needed=minutes_needed)


def facts_from(found: Mapping[str, Any], *, minutes_needed: bool) -> GateFacts:
    """The facts of one row; whether minutes are needed is the tiers' matter."""
    facts = {name: value for name, value in found.items() if name != "payment_id"}
    return GateFacts(**facts, minutes_needed=minutes_needed)


async def facts_of_open(*, repeat_days: int) -> dict[int, Mapping[str, Any]]:
    """What the gate looks at for every open request, in one read, by the payment's id."""
    found = await db.rows(_FACTS + "WHERE p.state = ANY($1) ORDER BY p.id", OPEN, repeat_days)
    return {r["payment_id"]: r for r in found}


async def waivers_of_open() -> dict[int, dict[str, str]]:
    """Gate rules set aside for every open request, with their reasons."""
    found = await db.rows(
        """
        SELECT w.payment, w.rule, w.reason FROM gate_waiver w JOIN payment p ON p.id = w.payment
        WHERE p.state = ANY($1) ORDER BY w.id
        """,
        OPEN,
    )
    waived: dict[int, dict[str, str]] = {}
    for r in found:
        waived.setdefault(r["payment"], {})[r["rule"]] = r["reason"]
    return waived


async def paid_in_last_years_period(line_id: int, on: date) -> Fen:
    """What the line before this one paid, refunds deducted, until the same day of last year.

    The line before is that of the same programme and fund source (预算法 第54条).
    """
    return (await paid_in_last_years_periods([line_id], on)).get(line_id, Fen(0))


async def paid_in_last_years_periods(line_ids: Sequence[int], on: date) -> dict[int, Fen]:
    """The same for many lines at once; a line without a line before is left out."""
    found = await db.rows(
        """
        SELECT l.id, coalesce(sum(CASE WHEN m.to_bucket = 'paid' THEN m.amount_fen
                                 ELSE -m.amount_fen END), 0)::bigint AS fen
        FROM budget_line l
        JOIN budget_line before ON before.programme = l.programme
         AND before.fund_source = l.fund_source AND before.fiscal_year = l.fiscal_year - 1
        JOIN ledger_move m ON m.line = before.id
         AND 'paid' IN (m.from_bucket, m.to_bucket)
         AND m.moved_on <= $2::date - interval '1 year'
        WHERE l.id = ANY($1) GROUP BY l.id ORDER BY l.id
        """,
        sorted(set(line_ids)),
        on,
    )
    return {r["id"]: Fen(r["fen"]) for r in found}


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
