"""The monthly reconciliation: payment book, ledger and bank, three ways.

A month closes when the three agree, or when somebody has written down why each
difference stands; the person who closes has taken in no bank file of that month.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from grants.kernel import calendar
from grants.kernel.calendar import Period
from grants.kernel.errors import N_, Conflict, RuleBroken
from grants.kernel.identity import Actor, Permission
from grants.kernel.money import Fen
from grants.platform import db
from grants.platform.audit import Case, record, take_duty


@dataclass(frozen=True)
class Difference:
    """One item on which book, ledger and bank do not agree; `explanation` may be missing."""

    key: str
    kind: str
    item_no: str
    payment_id: int
    payment_number: str
    payee_name: str
    book_fen: Fen
    ledger_fen: Fen
    bank_fen: Fen
    explanation: str


@dataclass(frozen=True)
class Month:
    """One month three ways, in fen, with the differences item by item."""

    month_on: date
    state: str
    book_fen: Fen
    ledger_fen: Fen
    bank_fen: Fen
    refunds_fen: Fen
    differences: Sequence[Difference]
    closer: str | None

    @property
    def unexplained(self) -> int:
        """How many differences nobody has explained."""
        return sum(not d.explanation for d in self.differences)


_THREE_WAYS = """
WITH book AS (
    SELECT id AS payment, amount_fen AS fen FROM payment
    WHERE state = 'PAID' AND paid_on >= $1 AND paid_on < $2
), led AS (
    SELECT case_id AS payment, sum(amount_fen)::bigint AS fen FROM ledger_move
    WHERE act = 'pay' AND moved_on >= $1 AND moved_on < $2 GROUP BY case_id
), bank AS (
    SELECT i.payment, sum(r.amount_fen)::bigint AS fen
    FROM bank_result r JOIN batch_item i ON i.id = r.batch_item
    WHERE r.outcome = 'PAID' AND i.booked_on >= $1 AND i.booked_on < $2 GROUP BY i.payment
), transit AS (
    SELECT i.payment, i.item_no FROM batch_item i JOIN batch b ON b.id = i.batch
    WHERE i.state IN ('SENT', 'UNKNOWN') AND b.sent_at < ($2::date + 1)::timestamp
)
SELECT p.id AS payment_id, p.number AS payment_number, p.payee_name,
       coalesce(book.fen, 0) AS book_fen, coalesce(led.fen, 0) AS ledger_fen,
       coalesce(bank.fen, 0) AS bank_fen,
       coalesce(transit.item_no, '') AS item_no, p.amount_fen,
       transit.payment IS NOT NULL AS in_transit
FROM payment p
LEFT JOIN book ON book.payment = p.id LEFT JOIN led ON led.payment = p.id
LEFT JOIN bank ON bank.payment = p.id LEFT JOIN transit ON transit.payment = p.id
WHERE book.payment IS NOT NULL OR led.payment IS NOT NULL OR bank.payment IS NOT NULL
   OR transit.payment IS NOT NULL
ORDER BY p.id
"""


async def month(month_on: date) -> Month:
    """The month that begins on `month_on`, three ways."""
    period = Period.of_month(month_on.year, month_on.month)
    found = await db.rows(_THREE_WAYS, period.start, period.end)
    notes = {
        r["difference_key"]: r["explanation"]
        for r in await db.rows(
            "SELECT difference_key, explanation FROM difference_note WHERE month_on = $1 "
            "ORDER BY id",
            period.start,
        )
    }
    closed = await db.row(
        """
        SELECT c.state, p.name FROM month_close c LEFT JOIN person p ON p.id = c.closed_by_person
        WHERE c.month_on = $1
        """,
        period.start,
    )
    refunds = await db.value(
        "SELECT coalesce(sum(amount_fen), 0)::bigint FROM refund "
        "WHERE state = 'APPROVED' AND received_on >= $1 AND received_on < $2",
        period.start,
        period.end,
    )
    return Month(
        month_on=period.start,
        state=closed["state"] if closed else "OPEN",
        book_fen=Fen(sum(r["book_fen"] for r in found)),
        ledger_fen=Fen(sum(r["ledger_fen"] for r in found)),
        bank_fen=Fen(sum(r["bank_fen"] for r in found)),
        refunds_fen=Fen(refunds),
        differences=[d for r in found if (d := _difference(r, notes))],
        closer=closed["name"] if closed and closed["state"] == "CLOSED" else None,
    )


def _difference(found: db.Row, notes: dict[str, str]) -> Difference | None:
    agree = found["book_fen"] == found["ledger_fen"] == found["bank_fen"]
    if agree and not found["in_transit"]:
        return None
    kind = "differs" if not agree else "in_transit"
    key = f"{kind}:{found['payment_id']}"
    return Difference(
        key=key,
        kind=kind,
        item_no=found["item_no"],
        payment_id=found["payment_id"],
        payment_number=found["payment_number"],
        payee_name=found["payee_name"],
        book_fen=Fen(found["book_fen"]),
        ledger_fen=Fen(found["ledger_fen"]),
        bank_fen=Fen(found["bank_fen"]),
        explanation=notes.get(key, ""),
    )


async def months(fiscal_year: int, up_to: date) -> list[Month]:
    """The months of a year that have begun by `up_to`, latest first."""
    last = 12 if up_to.year > fiscal_year else (up_to.month if up_to.year == fiscal_year else 0)
    return [await month(date(fiscal_year, m, 1)) for m in range(last, 0, -1)]


def _case(month_on: date) -> Case:
    return Case("month", month_on.year * 100 + month_on.month)


async def explain_difference(
    actor: Actor, month_on: date, difference_key: str, explanation: str
) -> None:
    """Write down why a difference stands.

    Raises Conflict in a closed month, whose explanations stay as they were when it closed, and
    RuleBroken where there is no such difference (any more).
    """
    actor.need(Permission.MONTH_CLOSE, Permission.RESULT_IMPORT)
    if len(explanation.strip()) < 5:
        raise RuleBroken("payment.reason_missing", N_("Give the reason in a few words."))
    async with db.unit_of_work(actor):
        await db.execute(
            "SELECT 1 FROM month_close WHERE month_on = $1 FOR SHARE", month_on.replace(day=1)
        )
        found = await month(month_on)
        if found.state == "CLOSED":
            raise Conflict("month.closed", N_("The month is closed already."))
        if difference_key not in {difference.key for difference in found.differences}:
            raise RuleBroken("month.no_difference", N_("There is no such difference any more."))
        await db.execute(
            """
            INSERT INTO difference_note (month_on, difference_key, explanation, person_id,
                                         written_at)
            VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (month_on, difference_key)
                DO UPDATE SET explanation = excluded.explanation, person_id = excluded.person_id
            """,
            month_on.replace(day=1),
            difference_key,
            explanation.strip(),
            actor.person_id,
            calendar.now(),
        )
        await record(
            actor,
            _case(month_on),
            "explain",
            reason=explanation.strip(),
            facts={"difference": difference_key},
        )


async def close_month(actor: Actor, month_on: date, *, today: date) -> None:
    """Close a month that is over and whose differences are explained.

    Raises NotAllowed when the person took in a bank file of that month (domain §1.8:
    importing bank results and reconciling are separate duties).
    """
    actor.need(Permission.MONTH_CLOSE)
    async with db.unit_of_work(actor):
        # Result files take this row FOR SHARE, so none slips in while the month closes.
        await db.execute(
            """
            INSERT INTO month_close (month_on, state, book_fen, ledger_fen, bank_fen, differences)
            VALUES ($1, 'OPEN', 0, 0, 0, '[]') ON CONFLICT (month_on) DO NOTHING
            """,
            month_on.replace(day=1),
        )
        state = await db.value(
            "SELECT state FROM month_close WHERE month_on = $1 FOR NO KEY UPDATE",
            month_on.replace(day=1),
        )
        if state == "CLOSED":
            raise Conflict("month.closed", N_("The month is closed already."))
        found = await month(month_on)
        if Period.of_month(month_on.year, month_on.month).end > today:
            raise RuleBroken("month.not_over", N_("The month is not over yet."))
        if found.unexplained:
            raise RuleBroken(
                "month.unexplained",
                N_("{count} differences are not explained."),
                count=found.unexplained,
            )
        await take_duty(actor, _case(month_on), "close")
        await db.execute(
            """
            UPDATE month_close SET state = 'CLOSED', book_fen = $2, ledger_fen = $3, bank_fen = $4,
                   differences = $5, closed_by_person = $6, closed_at = $7
            WHERE month_on = $1
            """,
            found.month_on,
            found.book_fen,
            found.ledger_fen,
            found.bank_fen,
            [
                {"key": d.key, "item_no": d.item_no, "explanation": d.explanation}
                for d in found.differences
            ],
            actor.person_id,
            calendar.now(),
        )
        await record(actor, _case(month_on), "close", before="OPEN", after="CLOSED")


async def reopen_month(actor: Actor, month_on: date, *, reason: str) -> None:
    """Open a closed month again, with a reason: a late answer of the bank belongs to it."""
    actor.need(Permission.MONTH_CLOSE)
    if len(reason.strip()) < 5:
        raise RuleBroken("payment.reason_missing", N_("Give the reason in a few words."))
    async with db.unit_of_work(actor):
        await take_duty(actor, _case(month_on), "close")
        done = await db.execute(
            "UPDATE month_close SET state = 'OPEN', closed_by_person = NULL, closed_at = NULL "
            "WHERE month_on = $1 AND state = 'CLOSED'",
            month_on.replace(day=1),
        )
        if done != "UPDATE 1":
            raise Conflict("month.open", N_("The month is open already."))
        await record(
            actor, _case(month_on), "reopen", before="CLOSED", after="OPEN", reason=reason.strip()
        )
