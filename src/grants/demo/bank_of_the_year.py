"""The bank in the demonstration year: batches, answers, refunds and the closing of months."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from grants.banking import actions as banking
from grants.banking import answers, months, refunds
from grants.banking import queries as banking_queries
from grants.demo.budget import YUAN
from grants.demo.clock import Diary
from grants.demo.people import Bureau
from grants.kernel.identity import Role
from grants.kernel.money import Fen, yuan_text
from grants.payments import lists
from grants.payments.lists import PaymentFilter


async def send(bureau: Bureau, diary: Diary, payment_ids: Sequence[int], day: date) -> int:
    """Make, freeze and send a batch on one day."""
    accountant, cashier = bureau[Role.FIN_OFFICER], bureau[Role.CASHIER]
    with diary.at(day, 14):
        batch = await banking.make_batch(accountant, payment_ids, "bank-csv", today=day)
        await banking.freeze_batch(accountant, batch, seen_version=1, today=day)
    with diary.at(day, 15):
        await banking.mark_batch_sent(cashier, batch, seen_version=2, on=day)
    return batch


async def bank_answer(
    batch_id: int, day: date, outcomes: dict[int, tuple[str, str]] | None = None
) -> bytes:
    """The bank's answer to a batch: paid, but for payments in `outcomes` (status, reason)."""
    lines = ["明细编号,金额,状态,原因,流水号,入账日期"]
    for item in await banking_queries.items(batch_id):
        amount = yuan_text(item.amount_fen).replace(",", "")
        status, reason = (outcomes or {}).get(item.payment_id, ("成功", ""))
        reference = f"HD{item.item_no.replace('-', '')}" if status == "成功" else ""
        lines.append(f"{item.item_no},{amount},{status},{reason},{reference},{day}")
    return ("\r\n".join(lines) + "\r\n").encode("gb18030")


async def answered(
    bureau: Bureau,
    diary: Diary,
    batch_id: int,
    day: date,
    outcomes: dict[int, tuple[str, str]] | None = None,
) -> None:
    with diary.at(day, 9, 30):
        await answers.take_results(
            bureau[Role.CASHIER],
            f"回单-{day:%Y%m%d}-{batch_id}.csv",
            await bank_answer(batch_id, day, outcomes),
            today=day,
        )


async def lay_refunds(bureau: Bureau, diary: Diary) -> None:
    """A payee returned part of a payment: one refund is posted, one waits."""
    paid = await lists.payments(bureau[Role.FIN_OFFICER], PaymentFilter(state="PAID"), limit=2)
    day = max(diary.ago(8), *(payment.paid_on for payment in paid if payment.paid_on))
    for n, payment in enumerate(paid):
        with diary.at(day, 11, n):
            refund = await refunds.record_refund(
                bureau[Role.FIN_OFFICER],
                payment.id,
                amount_fen=Fen((1_500 + 300 * n) * YUAN),
                received_on=day,
                reference=f"TK{day:%Y%m%d}{n:03d}",
                reason="核减未开展活动经费，单位退回",
            )
            if n == 0:
                await refunds.decide_refund(bureau[Role.FIN_HEAD], refund, "approve")


async def close_months(bureau: Bureau, diary: Diary) -> None:
    """Every month that is over is closed, but for the latest, whose differences are explained."""
    head = bureau[Role.FIN_HEAD]
    for month in range(1, diary.last_day.month):
        month_on, closing = (date(diary.fiscal_year, m, d) for m, d in ((month, 1), (month + 1, 5)))
        day = min(closing, diary.last_day)
        with diary.at(day, 10):
            for difference in (await months.month(month_on)).differences:
                if difference.kind == "in_transit":
                    await months.explain_difference(
                        head, month_on, difference.key, "月末在途，待银行核实入账情况"
                    )
            if month < diary.last_day.month - 1:
                await months.close_month(head, month_on, today=day)
