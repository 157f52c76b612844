"""Batches and the bank's answers: once is once, whatever comes in whatever order."""

from __future__ import annotations

from datetime import date

import pytest

from grants.banking import actions, answers, months, queries, refunds
from grants.banking.bank_profiles import PROFILES
from grants.banking.bank_results import BadResultFile
from grants.invariants.verify import verify
from grants.kernel.errors import Conflict, NotAllowed, RuleBroken
from grants.kernel.identity import Role
from grants.kernel.money import Fen
from grants.payments import actions as payments
from grants.payments import queries as payment_queries
from grants.platform import db
from tests.world import (
    DAY,
    YUAN,
    World,
    active_award,
    add_account,
    approved,
    bucket,
    furnished,
    instalments,
)
from tests.world_banking import answer, sent_batch

pytestmark = pytest.mark.usefixtures("empty")


async def two_approved(world: World) -> tuple[int, int]:
    award = await active_award(world, 30_000 * YUAN, 20_000 * YUAN)
    first, second = await instalments(award)
    return await approved(world, first), await approved(world, second)


async def state_of(world: World, payment: int) -> str:
    return (await payment_queries.payment(world[Role.OFFICER], payment)).state


async def assert_all_invariants_hold() -> None:
    assert [(v.name, v.examples) for v in await verify() if v.breaches] == []


async def test_a_batch_goes_to_the_bank_and_is_paid() -> None:
    world = await furnished()
    first, second = await two_approved(world)
    batch = await sent_batch(world, first, second)
    assert await bucket(world.line, "in_bank") == 50_000 * YUAN
    intake = await answers.take_results(
        world[Role.CASHIER], "回单.csv", await answer(batch), today=DAY
    )
    assert (intake.paid, intake.returned, intake.paid_fen) == (2, 0, 50_000 * YUAN)
    assert await bucket(world.line, "paid") == 50_000 * YUAN
    assert (await queries.batch(batch)).state == "SETTLED"
    assert await state_of(world, first) == "PAID"
    await assert_all_invariants_hold()


async def test_the_same_answer_twice_renamed_or_reordered_has_the_effect_of_once() -> None:
    world = await furnished()
    first, second = await two_approved(world)
    batch = await sent_batch(world, first, second)
    content = await answer(batch, {second: "户名不符"})
    await answers.take_results(world[Role.CASHIER], "a.csv", content, today=DAY)
    again = await answers.take_results(world[Role.CASHIER], "renamed.csv", content, today=DAY)
    head, *lines = content.decode("gb18030").splitlines()
    reordered = "\r\n".join([head, *reversed(lines)]).encode("gb18030")
    third = await answers.take_results(world[Role.CASHIER], "b.csv", reordered, today=DAY)
    split = "\r\n".join([head, lines[0]]).encode("gb18030")
    fourth = await answers.take_results(world[Role.CASHIER], "c.csv", split, today=DAY)
    assert [again.applied, third.applied, fourth.applied] == [0, 0, 0]
    assert await bucket(world.line, "paid") == 30_000 * YUAN
    assert await bucket(world.line, "payable") == 20_000 * YUAN
    await assert_all_invariants_hold()


async def test_a_returned_item_is_corrected_and_paid_once() -> None:
    world = await furnished()
    first, _ = await two_approved(world)
    batch = await sent_batch(world, first)
    await answers.take_results(
        world[Role.CASHIER], "a.csv", await answer(batch, {first: "已销户"}), today=DAY
    )
    payment = await payment_queries.payment(world[Role.OFFICER], first)
    assert payment.state == "BOUNCED"
    account = await add_account(
        world, world.organisation, "示例晨曦社会工作服务中心", "320500000000029"
    )
    await payments.correct_account(
        world[Role.OFFICER], first, account, seen_version=payment.version, reason="账户已更换"
    )
    again = await sent_batch(world, first)
    await answers.take_results(world[Role.CASHIER], "b.csv", await answer(again), today=DAY)
    assert await bucket(world.line, "paid") == 30_000 * YUAN
    assert [a.state for a in await queries.attempts(first)] == ["RETURNED", "PAID"]
    await assert_all_invariants_hold()


async def test_an_unknown_result_holds_the_payment_back_until_the_bank_answers() -> None:
    world = await furnished()
    first, _ = await two_approved(world)
    batch = await sent_batch(world, first)
    await answers.take_results(
        world[Role.CASHIER], "a.csv", await answer(batch, {first: "系统超时"}), today=DAY
    )
    assert await state_of(world, first) == "IN_BANK"
    assert (await queries.batch(batch)).state == "SENT"
    with pytest.raises(RuleBroken) as refused:
        await actions.make_batch(world[Role.FIN_OFFICER], [first], "bank-csv", today=DAY)
    assert refused.value.code == "batch.not_approved"
    await answers.take_results(world[Role.CASHIER], "b.csv", await answer(batch), today=DAY)
    assert await state_of(world, first) == "PAID"
    await assert_all_invariants_hold()


async def test_a_changed_amount_refuses_the_whole_file() -> None:
    world = await furnished()
    first, second = await two_approved(world)
    batch = await sent_batch(world, first, second)
    content = (await answer(batch)).decode("gb18030").replace("20000.00", "20000.01")
    with pytest.raises(BadResultFile) as refused:
        await answers.take_results(
            world[Role.CASHIER], "a.csv", content.encode("gb18030"), today=DAY
        )
    assert refused.value.problems[0].code == "result.amount_differs"
    assert await bucket(world.line, "paid") == 0
    await assert_all_invariants_hold()


async def test_an_unknown_item_refuses_the_whole_file() -> None:
    world = await furnished()
    first, _ = await two_approved(world)
    batch = await sent_batch(world, first)
    content = await answer(batch) + "B20260615-9999-0001,1.00,成功,,R9,2026-06-16".encode("gb18030")
    with pytest.raises(BadResultFile) as refused:
        await answers.take_results(world[Role.CASHIER], "a.csv", content, today=DAY)
    assert [p.code for p in refused.value.problems] == ["result.unknown_item"]
    assert await bucket(world.line, "paid") == 0


async def test_an_answer_that_contradicts_an_earlier_one_is_refused() -> None:
    world = await furnished()
    first, _ = await two_approved(world)
    batch = await sent_batch(world, first)
    await answers.take_results(world[Role.CASHIER], "a.csv", await answer(batch), today=DAY)
    with pytest.raises(BadResultFile) as refused:
        await answers.take_results(
            world[Role.CASHIER], "b.csv", await answer(batch, {first: "户名不符"}), today=DAY
        )
    assert refused.value.problems[0].code == "result.contradicts"


async def test_the_same_batch_number_never_yields_a_different_file() -> None:
    world = await furnished()
    first, _ = await two_approved(world)
    batch = await sent_batch(world, first)
    one = await actions.download_file(world[Role.CASHIER], batch)
    two = await actions.download_file(world[Role.FIN_OFFICER], batch)
    assert one.content == two.content
    with pytest.raises(Exception, match="never changes"):
        async with db.unit_of_work(world[Role.FIN_OFFICER]):
            await db.execute("UPDATE batch SET file_content = 'x' WHERE id = $1", batch)


async def test_who_made_a_batch_does_not_send_it() -> None:
    world = await furnished()
    first, _ = await two_approved(world)
    both = world[Role.FIN_OFFICER]
    cashier_too = type(both)(
        user_id=both.user_id,
        person_id=both.person_id,
        name=both.name,
        roles=frozenset({Role.FIN_OFFICER, Role.CASHIER}),
    )
    batch = await actions.make_batch(both, [first], "bank-csv", today=DAY)
    await actions.freeze_batch(both, batch, seen_version=1, today=DAY)
    with pytest.raises(NotAllowed):
        await actions.mark_batch_sent(cashier_too, batch, seen_version=2, on=DAY)
    assert await bucket(world.line, "in_bank") == 0


async def test_a_payment_is_in_one_live_batch_only() -> None:
    world = await furnished()
    first, _ = await two_approved(world)
    await actions.make_batch(world[Role.FIN_OFFICER], [first], "bank-csv", today=DAY)
    with pytest.raises(Conflict):
        await actions.make_batch(world[Role.FIN_OFFICER], [first], "bank-csv", today=DAY)


async def test_a_cancelled_batch_frees_its_payments() -> None:
    world = await furnished()
    first, _ = await two_approved(world)
    batch = await actions.make_batch(world[Role.FIN_OFFICER], [first], "bank-csv", today=DAY)
    await actions.cancel_batch(world[Role.FIN_OFFICER], batch, seen_version=1, reason="重新组批")
    await sent_batch(world, first)
    await assert_all_invariants_hold()


async def paid_one(world: World) -> int:
    first, _ = await two_approved(world)
    batch = await sent_batch(world, first)
    await answers.take_results(world[Role.CASHIER], "a.csv", await answer(batch), today=DAY)
    return first


async def test_a_refund_of_this_year_restores_the_quota() -> None:
    world = await furnished()
    payment = await paid_one(world)
    free = await bucket(world.line, "available")
    refund = await refunds.record_refund(
        world[Role.FIN_OFFICER],
        payment,
        amount_fen=Fen(5_000 * YUAN),
        received_on=date(2026, 7, 1),
        reference="T1",
        reason="多付退回",
    )
    await refunds.decide_refund(world[Role.FIN_HEAD], refund, "approve")
    assert await bucket(world.line, "available") == free + 5_000 * YUAN
    await assert_all_invariants_hold()


async def test_a_refund_of_an_earlier_year_restores_nothing() -> None:
    world = await furnished()
    payment = await paid_one(world)
    free = await bucket(world.line, "available")
    refund = await refunds.record_refund(
        world[Role.FIN_OFFICER],
        payment,
        amount_fen=Fen(5_000 * YUAN),
        received_on=date(2027, 2, 1),
        reference="T1",
        reason="审计核减",
    )
    await refunds.decide_refund(world[Role.FIN_HEAD], refund, "approve")
    assert await bucket(world.line, "available") == free
    assert await bucket(world.line, "surrendered") == 5_000 * YUAN
    await assert_all_invariants_hold()


async def test_no_more_comes_back_than_was_paid() -> None:
    world = await furnished()
    payment = await paid_one(world)
    with pytest.raises(RuleBroken) as refused:
        await refunds.record_refund(
            world[Role.FIN_OFFICER],
            payment,
            amount_fen=Fen(30_000 * YUAN + 1),
            received_on=date(2026, 7, 1),
            reference="T1",
            reason="多付退回",
        )
    assert refused.value.code == "refund.above_payment"


async def test_a_month_closes_when_book_ledger_and_bank_agree() -> None:
    world = await furnished()
    await paid_one(world)
    june = await months.month(date(2026, 6, 1))
    assert june.book_fen == june.ledger_fen == june.bank_fen == 30_000 * YUAN
    assert june.differences == []
    await months.close_month(world[Role.FIN_HEAD], date(2026, 6, 1), today=date(2026, 7, 2))
    assert (await months.month(date(2026, 6, 1))).state == "CLOSED"
    await assert_all_invariants_hold()


async def test_a_month_with_money_in_transit_closes_only_when_explained() -> None:
    world = await furnished()
    first, _ = await two_approved(world)
    batch = await sent_batch(world, first)
    async with db.unit_of_work(world[Role.CASHIER]):
        await db.execute("UPDATE batch SET sent_at = '2026-06-15 10:00+08' WHERE id = $1", batch)
    with pytest.raises(RuleBroken) as refused:
        await months.close_month(world[Role.FIN_HEAD], date(2026, 6, 1), today=date(2026, 7, 2))
    assert refused.value.code == "month.unexplained"
    (difference,) = (await months.month(date(2026, 6, 1))).differences
    await months.explain_difference(
        world[Role.FIN_HEAD], date(2026, 6, 1), difference.key, "月末在途，次日到账"
    )
    await months.close_month(world[Role.FIN_HEAD], date(2026, 6, 1), today=date(2026, 7, 2))
    with pytest.raises(Conflict) as closed:
        await months.explain_difference(
            world[Role.FIN_HEAD], date(2026, 6, 1), difference.key, "另有原因，事后补写"
        )
    assert closed.value.code == "month.closed"


async def test_what_is_no_difference_is_not_explained() -> None:
    world = await furnished()
    with pytest.raises(RuleBroken) as refused:
        await months.explain_difference(
            world[Role.FIN_HEAD], date(2026, 6, 1), "differs:1", "先写在这里备用"
        )
    assert refused.value.code == "month.no_difference"


async def test_an_answer_for_a_closed_month_is_refused() -> None:
    world = await furnished()
    first, second = await two_approved(world)
    batch = await sent_batch(world, first, second)
    await months.month(date(2026, 6, 1))
    async with db.unit_of_work(world[Role.FIN_HEAD]):
        await db.execute(
            "INSERT INTO month_close (month_on, state, book_fen, ledger_fen, bank_fen, differences)"
            " VALUES ('2026-06-01', 'CLOSED', 0, 0, 0, '[]')"
        )
    with pytest.raises(BadResultFile) as refused:
        await answers.take_results(world[Role.CASHIER], "a.csv", await answer(batch), today=DAY)
    assert {p.code for p in refused.value.problems} == {"result.month_closed"}


async def test_a_paid_line_without_a_day_is_refused_until_the_day_is_stated() -> None:
    world = await furnished()
    first, _ = await two_approved(world)
    batch = await sent_batch(world, first)
    content = await answer(batch, day="")
    with pytest.raises(BadResultFile) as refused:
        await answers.take_results(world[Role.CASHIER], "a.csv", content, today=DAY)
    assert [p.code for p in refused.value.problems] == ["result.no_day"]
    with pytest.raises(RuleBroken) as ahead:
        await answers.take_results(
            world[Role.CASHIER], "a.csv", content, today=DAY, booked_on=date(2026, 6, 16)
        )
    assert ahead.value.code == "result.day_ahead"
    await answers.take_results(
        world[Role.CASHIER], "a.csv", content, today=DAY, booked_on=date(2026, 6, 12)
    )
    assert (await queries.attempts(first))[0].booked_on == date(2026, 6, 12)
    await assert_all_invariants_hold()


async def test_a_stated_day_does_not_overrule_the_banks() -> None:
    world = await furnished()
    first, _ = await two_approved(world)
    content = await answer(await sent_batch(world, first))
    await answers.take_results(
        world[Role.CASHIER], "a.csv", content, today=DAY, booked_on=date(2026, 6, 12)
    )
    assert (await queries.attempts(first))[0].booked_on == date(2026, 6, 16)


async def test_a_reference_that_comes_later_contradicts_nothing() -> None:
    world = await furnished()
    first, _ = await two_approved(world)
    content = await answer(await sent_batch(world, first))
    without = content.decode("gb18030").replace(",R", ",").replace("流水号", "摘要")
    without = "\r\n".join(
        ",".join(cells[:4] + cells[5:])
        for cells in (line.split(",") for line in without.splitlines())
    )
    await answers.take_results(world[Role.CASHIER], "a.csv", without.encode("gb18030"), today=DAY)
    again = await answers.take_results(world[Role.CASHIER], "b.csv", content, today=DAY)
    assert (again.applied, again.known) == (0, 1)


async def test_an_answer_is_read_in_the_words_of_the_bank_that_sent_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = await furnished()
    first, _ = await two_approved(world)
    batch = await sent_batch(world, first)
    content = (await answer(batch)).decode("gb18030").replace("成功", "办妥").encode("gb18030")
    with pytest.raises(BadResultFile) as refused:
        await answers.take_results(world[Role.CASHIER], "a.csv", content, today=DAY)
    assert [p.code for p in refused.value.problems] == ["result.outcome_unknown"]
    wording = PROFILES["bank-csv"].model_copy(update={"result_outcomes": {"办妥": "PAID"}})
    monkeypatch.setattr(answers, "PROFILES", {"bank-csv": wording})
    intake = await answers.take_results(world[Role.CASHIER], "a.csv", content, today=DAY)
    assert intake.paid == 1
