"""The bank's side of a test: batches sent, and answers as a bank would write them."""

from __future__ import annotations

from collections.abc import Mapping

from grants.banking import actions, answers, queries
from grants.kernel.identity import Role
from grants.kernel.money import yuan_text
from tests.world import DAY, World


async def sent_batch(world: World, *payment_ids: int, profile: str = "bank-csv") -> int:
    """A batch that was made, frozen and sent."""
    batch = await actions.make_batch(world[Role.FIN_OFFICER], payment_ids, profile, today=DAY)
    await actions.freeze_batch(world[Role.FIN_OFFICER], batch, seen_version=1, today=DAY)
    await actions.mark_batch_sent(world[Role.CASHIER], batch, seen_version=2, on=DAY)
    return batch


async def answer(
    batch_id: int, outcomes: Mapping[int, str] | None = None, *, day: str = "2026-06-16"
) -> bytes:
    """A CSV answer: all paid, except payments whose id is in `outcomes` (reason text)."""
    lines = ["明细编号,金额,状态,原因,流水号,入账日期"]
    for item in await queries.items(batch_id):
        reason = (outcomes or {}).get(item.payment_id)
        amount = yuan_text(item.amount_fen).replace(",", "")
        if reason is None:
            lines.append(f"{item.item_no},{amount},成功,,R{item.item_no},{day}")
        else:
            lines.append(f"{item.item_no},{amount},失败,{reason},,{day}")
    return ("\r\n".join(lines) + "\r\n").encode("gb18030")


async def pay(world: World, *payment_ids: int) -> int:
    """Send approved payments in one batch, and take in that the bank paid them all."""
    batch = await sent_batch(world, *payment_ids)
    await answers.take_results(world[Role.CASHIER], f"{batch}.csv", await answer(batch), today=DAY)
    return batch
