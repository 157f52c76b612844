"""The payments of the year: asked for, approved, refused; one wave after another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta

from grants.awards import instalments
from grants.awards import queries as award_queries
from grants.banking import actions as banking
from grants.demo.awards_of_the_year import Laid
from grants.demo.bank_of_the_year import answered, send
from grants.demo.clock import Diary, side_by_side
from grants.demo.people import Bureau
from grants.kernel.identity import SYSTEM, Role
from grants.parties import queries as parties
from grants.payments import actions as payments
from grants.payments import approvals
from grants.payments import queries as payment_queries
from grants.payments.actions import RequestDetails

_GRADES = ("优秀", "良好", "合格")


async def request(bureau: Bureau, instalment_id: int, day: date, *, submit: bool = True) -> int:
    """Ask for one instalment; where its condition is confirmed by hand, that comes first."""
    officer = bureau[Role.OFFICER]
    instalment = await award_queries.instalment(instalment_id)
    award = await award_queries.award(officer, instalment.award_id)
    if instalment.condition_met_on is None:
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
        await _submit(bureau, payment_id, day)
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
_WAVES: tuple[tuple[float, int, Mapping[str, slice]], ...] = (
    (0.16, 1, {"NH": slice(0, 60, 2)}),
    (0.24, 1, {"NH": slice(1, 60, 2)}),
    (0.32, 1, {"ST": slice(8), "SV": slice(28)}),
    (0.52, 2, {"NH": slice(0, 40, 2)}),
    (0.62, 2, {"NH": slice(1, 30, 2)}),
    (0.72, 1, {"PS": slice(10), "CA": slice(12), "SG": slice(4)}),
    (0.82, 2, {"ST": slice(0, 8, 2), "SV": slice(0, 12, 2)}),
)


async def pay_through_the_year(bureau: Bureau, diary: Diary, active: Laid) -> None:
    """First instalments in spring, second ones from summer on, in a batch every few weeks."""
    for share, sequence, chosen in _WAVES:
        awards = [award for code, which in chosen.items() for award in active[code][which]]
        parts = [(await award_queries.instalments(one))[sequence - 1].id for one in awards]
        last = share == _WAVES[-1][0]
        await pay_in_one_batch(bureau, diary, parts, diary.day(share), one_unclear=last)


async def pay_in_one_batch(
    bureau: Bureau,
    diary: Diary,
    parts: Sequence[int],
    day: date,
    *,
    one_unclear: bool = False,
) -> None:
    """Asked for two days before, approved on the next, sent to the bank on the day itself."""
    asked, approved = diary.back(day, 2), diary.back(day, 1)
    wanted = []
    for part in parts:
        with diary.at(asked, 9):
            wanted.append(await request(bureau, part, asked, submit=False))
    await side_by_side(_see_through(bureau, diary, one, asked, approved) for one in wanted)
    batch = await send(bureau, diary, wanted, day)
    unknown = {wanted[0]: ("处理中", "待人工核实")} if one_unclear else None
    await answered(bureau, diary, batch, day + timedelta(days=1), unknown)


async def _see_through(
    bureau: Bureau, diary: Diary, payment_id: int, asked: date, approved: date
) -> None:
    """Submitted on one day, approved by everybody on another."""
    with diary.at(asked, 11):
        await _submit(bureau, payment_id, asked)
    await approve(bureau, diary, payment_id, approved)


async def _submit(bureau: Bureau, payment_id: int, day: date) -> None:
    await payments.submit_payment(
        bureau[Role.OFFICER],
        payment_id,
        seen_version=1,
        today=day,
        opinion="材料齐全，申请拨付",
    )


async def _open_parts(awards: Sequence[int]) -> Iterator[int]:
    """The earliest instalment not asked for of each award."""
    found = []
    for award_id in awards:
        parts = await award_queries.instalments(award_id)
        found.append(next(part.id for part in parts if part.state == "OPEN"))
    return iter(found)


#: At which step how many requests wait.
_WAITING = (
    (Role.SECTION_HEAD, 5),
    (Role.FIN_OFFICER, 9),
    (Role.DEPUTY_LEADER, 4),
    (Role.FIN_DEPUTY, 3),
    (Role.MAIN_LEADER, 3),
)


async def lay_last_weeks(bureau: Bureau, diary: Diary, active: Laid) -> None:
    """Requests at every step, a batch on its way, a return, an unknown answer."""
    contracts = active["NH"]
    twice_paid = {*contracts[0:40:2], *contracts[1:30:2]}
    small = await _open_parts([one for one in contracts if one in twice_paid])
    spare = await _open_parts([one for one in contracts if one not in twice_paid])
    large = await _open_parts([*active["ST"], *active["SV"]][1::2])
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
