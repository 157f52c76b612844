"""The payments of the year: asked for, approved, refused; one wave after another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from grants.awards import instalments
from grants.awards import queries as award_queries
from grants.banking import actions as banking
from grants.demo.bank_of_the_year import answered, send
from grants.demo.clock import Diary
from grants.demo.people import Bureau
from grants.kernel.identity import SYSTEM, Role
from grants.parties import queries as parties
from grants.payments import actions as payments
from grants.payments import approvals
from grants.payments import queries as payment_queries
from grants.payments.actions import RequestDetails

_GRADES = ("优秀", "良好", "合格")


async def request(bureau: Bureau, instalment_id: int, day: date, *, submit: bool = True) -> int:
    """Ask for one instalment whose condition was met some days before."""
    officer = bureau[Role.OFFICER]
    instalment = await award_queries.instalment(instalment_id)
    award = await award_queries.award(officer, instalment.award_id)
    await instalments.confirm_condition(
        officer,
        instalment_id,
        on=day - timedelta(days=3),
        evidence="材料齐全，已归档",
        grade=_GRADES[instalment_id % len(_GRADES)] if instalment.sequence > 1 else "",
    )
    account = (await parties.accounts_of(award.organisation_id, award.person_id))[0].id
    payment_id = await payments.draft_payment(
        officer,
        instalment_id,
        RequestDetails(
            bank_account_id=account,
            purpose=f"{award.title[:24]} 第{instalment.sequence}期",
            invoice_no=f"2632000000{instalment_id:010d}" if award.organisation_id else None,
            invoice_kind="DIGITAL" if award.organisation_id else "RECEIPT",
            invoice_amount_fen=instalment.amount_fen,
            invoice_seller=award.payee_name if award.organisation_id else "",
            # Now and then nobody looked the invoice up: the gate says so.
            invoice_checked_on=day if award.organisation_id and instalment_id % 7 else None,
        ),
        today=day,
    )
    if submit:
        await payments.submit_payment(
            officer, payment_id, seen_version=1, today=day, opinion="材料齐全，申请拨付"
        )
    return payment_id


async def approve(
    bureau: Bureau, diary: Diary, payment_id: int, day: date, *, stop_before: Role | None = None
) -> None:
    """Approvals by the people of the chain, one after another on the following hours."""
    hour = 10
    while True:
        payment = await payment_queries.payment(SYSTEM, payment_id)
        role = payment.step_role
        if payment.state != "SUBMITTED" or role is None or role == stop_before:
            return
        with diary.at(day, min(hour, 17), 10):
            await approvals.approve_payment(
                bureau[role], payment_id, seen_version=payment.version, today=day, opinion="同意"
            )
        hour += 1


#: After which share of the year which instalment of which awards is paid.
_WAVES = (
    (0.16, 1, range(0, 60, 2)),
    (0.24, 1, range(1, 60, 2)),
    (0.32, 1, range(60, 96)),
    (0.42, 1, range(96, 186, 2)),
    (0.52, 2, range(0, 40, 2)),
    (0.62, 2, range(1, 30, 2)),
    (0.72, 1, range(186, 212)),
    (0.82, 2, range(60, 80, 2)),
)


async def pay_through_the_year(bureau: Bureau, diary: Diary, active: Sequence[int]) -> None:
    """First instalments in spring, second ones from summer on, in a batch every few weeks."""
    for share, sequence, chosen in _WAVES:
        day = diary.day(share)
        paid = []
        for index in chosen:
            instalment = (await award_queries.instalments(active[index]))[sequence - 1]
            with diary.at(diary.back(day, 2), 9):
                payment = await request(bureau, instalment.id, diary.back(day, 2))
            await approve(bureau, diary, payment, diary.back(day, 1))
            paid.append(payment)
        batch = await send(bureau, diary, paid, day)
        unknown = {paid[0]: ("处理中", "待人工核实")} if share == _WAVES[-1][0] else None
        await answered(bureau, diary, batch, day + timedelta(days=1), unknown)


async def _first_open(active: Sequence[int], indexes: Sequence[int]) -> list[int]:
    """The earliest instalment not asked for of each award."""
    found = []
    for index in indexes:
        open_ones = [i for i in await award_queries.instalments(active[index]) if i.state == "OPEN"]
        found.append(open_ones[0].id)
    return found


#: At which step how many requests wait.
_WAITING = (
    (Role.SECTION_HEAD, 5),
    (Role.FIN_OFFICER, 9),
    (Role.DEPUTY_LEADER, 4),
    (Role.FIN_DEPUTY, 3),
    (Role.MAIN_LEADER, 3),
)


async def lay_last_weeks(bureau: Bureau, diary: Diary, active: Sequence[int]) -> None:
    """Requests at every step, a batch on its way, a return, an unknown answer."""
    spare = iter(await _first_open(active, range(0, 60)))
    large = iter(await _first_open(active, range(61, 96, 2)))
    small = iter(await _first_open(active, range(96, 156)))
    for turn, (role, count) in enumerate(_WAITING):
        for n in range(count):
            day = diary.ago(2 + turn + 2 * n)
            needs_leaders = role in (Role.FIN_DEPUTY, Role.MAIN_LEADER)
            source = large if needs_leaders else spare if n % 2 else small
            with diary.at(day, 9, 5 * n):
                payment = await request(bureau, next(source), day)
            await approve(bureau, diary, payment, day, stop_before=role)
    await _lay_refused(bureau, diary, spare)
    await _lay_bank_troubles(bureau, diary, spare, small)


async def _lay_refused(bureau: Bureau, diary: Diary, spare: Iterator[int]) -> None:
    """One overdue, one returned for correction, one rejected with its reasons, one draft."""
    last = diary.last_day
    overdue_day = diary.ago(26)
    with diary.at(overdue_day, 8, 40):
        payment = await request(bureau, next(spare), overdue_day)
    await approve(bureau, diary, payment, overdue_day, stop_before=Role.FIN_OFFICER)
    for verb, reason in (
        (approvals.return_payment, "发票备注缺少合同号，请更正后重新提交"),
        (approvals.reject_payment, "中期评价材料与服务记录不符，本期不予拨付"),
    ):
        day = diary.ago(4)
        with diary.at(day, 8, 50):
            payment = await request(bureau, next(spare), day)
        await approve(bureau, diary, payment, day, stop_before=Role.FIN_OFFICER)
        found = await payment_queries.payment(SYSTEM, payment)
        with diary.at(day, 16):
            await verb(bureau[Role.FIN_OFFICER], payment, seen_version=found.version, reason=reason)
    with diary.at(last, 16):
        await request(bureau, next(spare), last, submit=False)


async def _lay_bank_troubles(
    bureau: Bureau, diary: Diary, spare: Iterator[int], small: Iterator[int]
) -> None:
    """A batch answered with one return and one unknown, one on its way, one not yet made."""
    last = diary.last_day

    async def approved(source: Iterator[int], count: int, day: date) -> list[int]:
        ready = []
        for _ in range(count):
            with diary.at(day, 9):
                payment = await request(bureau, next(source), day)
            await approve(bureau, diary, payment, day)
            ready.append(payment)
        return ready

    day = diary.ago(6)
    troubled = await approved(small, 6, day)
    batch = await send(bureau, diary, troubled, day + timedelta(days=1))
    await answered(
        bureau,
        diary,
        batch,
        day + timedelta(days=2),
        {troubled[1]: ("失败", "户名不符"), troubled[4]: ("失败", "系统超时，状态未知")},
    )
    await send(bureau, diary, await approved(small, 5, diary.ago(2)), last)
    frozen = await approved(small, 3, diary.ago(1))
    with diary.at(last, 15):
        batch = await banking.make_batch(bureau[Role.FIN_OFFICER], frozen, "bank-xlsx", today=last)
        await banking.freeze_batch(bureau[Role.FIN_OFFICER], batch, seen_version=1, today=last)
    await approved(spare, 3, diary.ago(1))
    await approved(small, 4, last)
