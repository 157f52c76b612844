"""Many clerks at once, over several features: one wins, the others are told, nothing doubles."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from datetime import date

import pytest

from grants.awards import actions as awards
from grants.banking import actions as banking
from grants.banking import answers, refunds
from grants.banking import queries as bank_queries
from grants.kernel.errors import Conflict, Refusal, RuleBroken
from grants.kernel.identity import SYSTEM, Role
from grants.kernel.money import Fen
from grants.payments import actions as payments
from grants.payments import approvals, queries
from grants.platform import db
from tests.world import (
    DAY,
    YUAN,
    World,
    active_award,
    add_actor,
    approve_through,
    approved,
    bucket,
    draft_award,
    furnished,
    instalments,
    submitted,
)
from tests.world_banking import answer, pay, sent_batch

pytestmark = pytest.mark.usefixtures("empty")


async def at_once(calls: Sequence[Awaitable[object]]) -> tuple[int, list[Refusal]]:
    """How many of the calls went through, and the refusals of the others."""
    results = await asyncio.gather(*calls, return_exceptions=True)
    refusals = [r for r in results if isinstance(r, Refusal)]
    for fault in results:
        if isinstance(fault, BaseException) and not isinstance(fault, Refusal):
            raise fault
    return len(results) - len(refusals), refusals


async def state_of(payment: int) -> str:
    return (await queries.payment(SYSTEM, payment)).state


async def approved_payments(world: World, *parts_fen: int) -> list[int]:
    award = await active_award(world, *parts_fen)
    return [await approved(world, i) for i in await instalments(award)]


async def test_of_many_batches_of_one_payment_one_is_made() -> None:
    world = await furnished()
    first, second = await approved_payments(world, 30_000 * YUAN, 20_000 * YUAN)
    maker = world[Role.FIN_OFFICER]
    made, refusals = await at_once(
        [
            banking.make_batch(maker, chosen, "bank-csv", today=DAY)
            for chosen in ([first], [first, second], [second, first], [first]) * 3
        ]
    )
    assert made == 1
    assert {type(r) for r in refusals} == {Conflict}
    assert await db.value("SELECT count(*) FROM batch") == 1


async def test_a_batch_is_frozen_once_and_sent_once() -> None:
    world = await furnished()
    (payment,) = await approved_payments(world, 30_000 * YUAN)
    batch = await banking.make_batch(world[Role.FIN_OFFICER], [payment], "bank-csv", today=DAY)
    frozen, _ = await at_once(
        [
            banking.freeze_batch(world[Role.FIN_OFFICER], batch, seen_version=1, today=DAY)
            for _ in range(8)
        ]
    )
    assert frozen == 1
    cashiers = [world[Role.CASHIER], await add_actor(Role.CASHIER, name="示例·出纳二")]
    sent, refusals = await at_once(
        [banking.mark_batch_sent(cashiers[n % 2], batch, seen_version=2, on=DAY) for n in range(8)]
    )
    assert sent == 1
    assert {type(r) for r in refusals} == {Conflict}
    assert await bucket(world.line, "in_bank") == 30_000 * YUAN


async def test_sending_a_batch_and_giving_it_up_do_not_both_happen() -> None:
    world = await furnished()
    (payment,) = await approved_payments(world, 30_000 * YUAN)
    batch = await banking.make_batch(world[Role.FIN_OFFICER], [payment], "bank-csv", today=DAY)
    await banking.freeze_batch(world[Role.FIN_OFFICER], batch, seen_version=1, today=DAY)
    done, _ = await at_once(
        [
            banking.mark_batch_sent(world[Role.CASHIER], batch, seen_version=2, on=DAY),
            banking.cancel_batch(world[Role.FIN_OFFICER], batch, seen_version=2, reason="重新组批"),
        ]
    )
    assert done == 1


async def test_batching_a_payment_and_cancelling_it_do_not_both_happen() -> None:
    world = await furnished()
    for payment in await approved_payments(world, *[10_000 * YUAN] * 6):
        done, _ = await at_once(
            [
                payments.cancel_payment(world[Role.OFFICER], payment, reason="合同变更", today=DAY),
                banking.make_batch(world[Role.FIN_OFFICER], [payment], "bank-csv", today=DAY),
            ]
        )
        assert done == 1


async def test_one_result_file_taken_in_many_times_at_once_pays_once() -> None:
    world = await furnished()
    first, second = await approved_payments(world, 30_000 * YUAN, 20_000 * YUAN)
    content = await answer(await sent_batch(world, first, second))
    clerks = [world[Role.CASHIER], world[Role.FIN_OFFICER]]
    await at_once(
        [answers.take_results(clerks[n % 2], f"{n}.csv", content, today=DAY) for n in range(12)]
    )
    assert await bucket(world.line, "paid") == 50_000 * YUAN
    assert await db.value("SELECT count(*) FROM bank_file") == 1
    assert await db.value("SELECT count(*) FROM bank_result") == 2


async def test_the_same_answer_in_other_files_at_once_pays_once() -> None:
    world = await furnished()
    paid = await approved_payments(world, *[n * 1_000 * YUAN for n in (7, 9, 11, 13)])
    batch = await sent_batch(world, *paid)
    head, *lines = (await answer(batch)).decode("gb18030").splitlines()
    files = [
        "\r\n".join([head, *lines[n:], *lines[:n]]).encode("gb18030") for n in range(len(lines))
    ]
    await at_once(
        [
            answers.take_results(world[Role.CASHIER], f"{n}.csv", files[n % 4], today=DAY)
            for n in range(12)
        ]
    )
    assert [await state_of(p) for p in paid] == ["PAID"] * 4
    assert await bucket(world.line, "paid") == 40_000 * YUAN
    assert (await bank_queries.batch(batch)).state == "SETTLED"


async def test_a_paid_answer_and_a_returned_one_at_once_do_not_both_count() -> None:
    world = await furnished()
    (payment,) = await approved_payments(world, 30_000 * YUAN)
    batch = await sent_batch(world, payment)
    done, _ = await at_once(
        [
            answers.take_results(world[Role.CASHIER], "a.csv", await answer(batch), today=DAY),
            answers.take_results(
                world[Role.CASHIER],
                "b.csv",
                await answer(batch, {payment: "账户销户"}),
                today=DAY,
            ),
        ]
    )
    assert done == 1
    moved = await bucket(world.line, "paid"), await bucket(world.line, "payable")
    assert sorted(moved) == [0, 30_000 * YUAN]


async def test_refunds_recorded_at_once_stay_within_the_payment() -> None:
    world = await furnished()
    (payment,) = await approved_payments(world, 30_000 * YUAN)
    await pay(world, payment)
    done, refusals = await at_once(
        [
            refunds.record_refund(
                world[Role.FIN_OFFICER],
                payment,
                amount_fen=Fen(8_000 * YUAN),
                received_on=date(2026, 7, 1),
                reference=f"T{n}",
                reason="多付退回",
            )
            for n in range(10)
        ]
    )
    assert done == 3
    assert {r.code for r in refusals} == {"refund.above_payment"}


async def test_a_refund_is_decided_once() -> None:
    world = await furnished()
    (payment,) = await approved_payments(world, 30_000 * YUAN)
    await pay(world, payment)
    refund = await refunds.record_refund(
        world[Role.FIN_OFFICER],
        payment,
        amount_fen=Fen(8_000 * YUAN),
        received_on=date(2026, 7, 1),
        reference="T1",
        reason="多付退回",
    )
    done, _ = await at_once(
        [
            refunds.decide_refund(world[Role.FIN_HEAD], refund, verb)
            for verb in ("approve", "reject") * 6
        ]
    )
    assert done == 1


async def test_paying_approving_and_awarding_on_one_line_do_not_block_each_other() -> None:
    world = await furnished()
    ready = await approved_payments(world, *[1_000 * YUAN] * 6)
    batches = [
        await banking.make_batch(world[Role.FIN_OFFICER], [p], "bank-csv", today=DAY) for p in ready
    ]
    for batch in batches:
        await banking.freeze_batch(world[Role.FIN_OFFICER], batch, seen_version=1, today=DAY)
    award = await active_award(world, *[2_000 * YUAN] * 6)
    waiting = [await submitted(world, i) for i in await instalments(award)]
    for payment in waiting:
        await approve_through(world, payment, stop_before=Role.DEPUTY_LEADER)
    drafts = [await _draft(world, n) for n in range(6)]
    done, refusals = await at_once(
        [
            *(
                banking.mark_batch_sent(world[Role.CASHIER], b, seen_version=2, on=DAY)
                for b in batches
            ),
            *(
                approvals.approve_payment(world[Role.DEPUTY_LEADER], p, seen_version=4, today=DAY)
                for p in waiting
            ),
            *(
                awards.approve_award(world[Role.SECTION_HEAD], a, seen_version=1, today=DAY)
                for a in drafts
            ),
        ]
    )
    assert [str(r) for r in refusals] == []
    assert done == 18
    assert await bucket(world.line, "in_bank") == 6_000 * YUAN
    assert await bucket(world.line, "payable") == 12_000 * YUAN
    assert await bucket(world.line, "committed") == 18_000 * YUAN


async def _draft(world: World, number: int) -> int:
    return await draft_award(world, 3_000 * YUAN, title=f"项目{number}")


async def test_the_last_yuan_of_a_line_is_spent_once_whoever_asks() -> None:
    world = await furnished(quota_fen=3_000 * YUAN)
    drafts = [await _draft(world, n) for n in range(20)]
    done, refusals = await at_once(
        [
            awards.approve_award(world[role], award, seen_version=1, today=DAY)
            for award in drafts
            for role in (Role.SECTION_HEAD, Role.DEPUTY_LEADER)
        ]
    )
    assert done == 1
    assert {type(r) for r in refusals} <= {RuleBroken, Conflict}
    assert await bucket(world.line, "available") == 0
