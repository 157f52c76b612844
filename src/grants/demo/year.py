"""What happened in the demonstration year: awards, payments at every stage, and the bank."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from grants.awards import actions as awards
from grants.awards import queries as award_queries
from grants.awards.actions import AwardPlan
from grants.awards.rules import InstalmentPlan, SharePlan
from grants.banking import actions as banking
from grants.banking import answers, months, refunds
from grants.banking import queries as banking_queries
from grants.demo import names
from grants.demo.budget import YUAN, BudgetYear, lay_budget, lay_open_proposals
from grants.demo.clock import Diary
from grants.demo.people import Bureau, lay_people
from grants.kernel.identity import SYSTEM, Role
from grants.kernel.money import Fen, yuan_text
from grants.parties import queries as parties
from grants.payments import actions as payments
from grants.payments import approvals, lists
from grants.payments import queries as payment_queries
from grants.payments.actions import RequestDetails
from grants.payments.lists import PaymentFilter
from grants.platform import db

MINUTES = "局长办公会纪要〔{year}〕{number}号"


@dataclass(frozen=True)
class Planned:
    """One award to be laid: what for, from which line, how much in which parts, to whom."""

    code: str
    title: str
    parts_yuan: tuple[int, ...]
    payee: int
    conditions: tuple[str, ...]
    purpose: str
    personal: bool = False


_SERVICE_CONDITIONS = ("合同签订并备案", "中期评价合格", "期末验收合格")
_VENTURE_CONDITIONS = ("协议签订", "中期评估合格", "末期评估与审计通过")


def _planned(agencies: int) -> Iterator[Planned]:
    """Every award of the year, in the order in which it is decided."""
    for n, community in enumerate(names.COMMUNITIES):
        yield Planned(
            "NH",
            f"邻里家园·{community}",
            (100_000, 60_000, 40_000),
            n % agencies,
            _SERVICE_CONDITIONS,
            "邻里家园服务费",
        )
    for n, town in enumerate(names.TOWNS):
        yield Planned(
            "ST",
            f"社工站·{town}",
            (200_000, 150_000, 150_000),
            (n + 3) % agencies,
            _SERVICE_CONDITIONS,
            "社工站运营服务费",
        )
    for n in range(28):
        theme = names.OTHER_SERVICES[n % len(names.OTHER_SERVICES)]
        yield Planned(
            "SV",
            f"{theme}（{names.TOWNS[n % 8]}）",
            (100_000, 60_000, 40_000),
            (n + 5) % agencies,
            _SERVICE_CONDITIONS,
            "购买服务费",
        )
    for n in range(30):
        yield Planned(
            "VC",
            f"A 类·{names.VENTURE_THEMES[n % 10]}·{names.COMMUNITIES[n]}",
            (30_000, 18_000, 12_000),
            (n + 1) % agencies,
            _VENTURE_CONDITIONS,
            "公益创投资助",
        )
    for n in range(60):
        yield Planned(
            "VC",
            f"B 类·{names.VENTURE_THEMES[(n + 4) % 10]}·{names.COMMUNITIES[59 - n]}",
            (20_000, 12_000, 8_000),
            (n + 7) % agencies,
            _VENTURE_CONDITIONS,
            "公益创投资助",
        )
    for n in range(10):
        yield Planned(
            "PS",
            f"社工岗位补助·第 {n + 1} 批（7 人）",
            (210_000, 210_000),
            n % agencies,
            ("上半年名册核对无误", "下半年名册核对无误"),
            "社工岗位补助",
        )
    for n in range(12):
        amount = (1_000, 1_000, 2_000, 5_000)[n % 4]
        yield Planned(
            "CA",
            f"考证奖励·{names.demo_person(n + 20)}",
            (amount,),
            n,
            ("证书登记核验",),
            "考证奖励",
            personal=True,
        )
    for n in range(8):
        yield Planned(
            "SG",
            f"学生资助·{names.demo_person(n + 32)}",
            (5_000,),
            n + 12,
            ("年度考核合格",),
            "社工专业学生资助",
            personal=True,
        )
    for n in range(4):
        yield Planned(
            "SA",
            f"安家补贴·{names.demo_person(n + 40)}",
            (50_000,),
            n + 20,
            ("劳动合同与购房凭证核验",),
            "领军人才安家补贴",
            personal=True,
        )
    for n in range(8):
        yield Planned(
            "SO",
            f"社会组织培育·{names.AGENCIES[n][2:6]}",
            (120_000, 80_000),
            n % agencies,
            ("培育协议签订", "年度评估合格"),
            "社会组织培育",
        )


async def lay_year(today: date) -> Bureau:
    """Lay the whole demonstration into an empty database; answers its people."""
    diary = Diary.up_to(today)
    bureau = await lay_people(diary)
    year = await lay_budget(bureau, diary)
    plans = list(_planned(len(bureau.agencies)))
    active = await _lay_awards(bureau, diary, year, plans)
    await _pay_through_the_year(bureau, diary, active)
    await _lay_last_weeks(bureau, diary, active)
    await _lay_drafts(bureau, diary, year)
    await lay_open_proposals(bureau, diary, year)
    await _close_months(bureau, diary)
    return bureau


def _award_plan(bureau: Bureau, year: BudgetYear, planned: Planned, diary: Diary) -> AwardPlan:
    line = year.lines[planned.code]
    total = Fen(sum(planned.parts_yuan) * YUAN)
    count = len(planned.parts_yuan)
    due = [date(year.fiscal_year, 12 * (i + 1) // (count + 1) or 1, 15) for i in range(count)]
    started = diary.day(0.04)
    return AwardPlan(
        programme_id=year.programmes[planned.code],
        title=planned.title,
        purpose=planned.purpose,
        amount_fen=total,
        shares=[SharePlan(line, year.fiscal_year, total)],
        instalments=[
            InstalmentPlan(line, Fen(part * YUAN), due[i], planned.conditions[i])
            for i, part in enumerate(planned.parts_yuan)
        ],
        organisation_id=None if planned.personal else bureau.agencies[planned.payee],
        person_id=bureau.persons[planned.payee] if planned.personal else None,
        basis=f"太民〔{year.fiscal_year}〕{10 + len(planned.code)}号",
        minutes_no=MINUTES.format(year=year.fiscal_year, number=3),
        decided_on=started,
        starts_on=started,
        ends_on=date(year.fiscal_year, 12, 31),
    )


async def _lay_awards(
    bureau: Bureau, diary: Diary, year: BudgetYear, plans: Sequence[Planned]
) -> list[int]:
    """Create and approve every award in the first weeks, publicised where that is needed."""
    officer, head = bureau[Role.OFFICER], bureau[Role.SECTION_HEAD]
    laid = []
    first, decided = diary.day(0.02), diary.day(0.04)
    for planned in plans:
        with diary.at(first, 10):
            award_id = await awards.create_award(
                officer, _award_plan(bureau, year, planned, diary), today=first
            )
        with diary.at(decided, 15):
            await awards.approve_award(
                head, award_id, seen_version=1, today=decided, reason="经办公会研究同意"
            )
        laid.append(award_id)
    async with db.unit_of_work(SYSTEM):
        await db.execute(
            "UPDATE award SET publicised_from = $1, publicised_to = $2 WHERE programme = ANY($3)",
            diary.day(0.03) - timedelta(days=12),
            diary.day(0.03) - timedelta(days=1),
            [year.programmes[code] for code in ("VC", "PS", "CA", "SG", "SA")],
        )
    return laid


async def _request(bureau: Bureau, instalment_id: int, day: date, *, submit: bool = True) -> int:
    """Ask for one instalment whose condition was met some days before."""
    officer = bureau[Role.OFFICER]
    instalment = await award_queries.instalment(instalment_id)
    award = await award_queries.award(officer, instalment.award_id)
    await awards.confirm_condition(
        officer, instalment_id, on=day - timedelta(days=3), evidence="材料齐全，已归档"
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
        ),
        today=day,
    )
    if submit:
        await payments.submit_payment(
            officer, payment_id, seen_version=1, today=day, opinion="材料齐全，申请拨付"
        )
    return payment_id


async def _approve(
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


async def _send(bureau: Bureau, diary: Diary, payment_ids: Sequence[int], day: date) -> int:
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


async def _answered(
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


async def _pay_through_the_year(bureau: Bureau, diary: Diary, active: Sequence[int]) -> None:
    """First instalments in spring, second ones from summer on, in a batch every few weeks."""
    waves = [
        (share, sequence, chosen)
        for share, sequence, chosen in (
            (0.16, 1, range(0, 60, 2)),
            (0.24, 1, range(1, 60, 2)),
            (0.32, 1, range(60, 96)),
            (0.42, 1, range(96, 186, 2)),
            (0.52, 2, range(0, 40, 2)),
            (0.62, 2, range(1, 30, 2)),
            (0.72, 1, range(186, 206)),
            (0.82, 2, range(60, 80, 2)),
        )
    ]
    for share, sequence, chosen in waves:
        day = diary.day(share)
        paid = []
        for index in chosen:
            instalment = (await award_queries.instalments(active[index]))[sequence - 1]
            with diary.at(day - timedelta(days=2), 9):
                payment = await _request(bureau, instalment.id, day - timedelta(days=2))
            await _approve(bureau, diary, payment, day - timedelta(days=1))
            paid.append(payment)
        batch = await _send(bureau, diary, paid, day)
        await _answered(bureau, diary, batch, day + timedelta(days=1))


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


async def _lay_last_weeks(bureau: Bureau, diary: Diary, active: Sequence[int]) -> None:
    """Requests at every step, a batch on its way, a return, an unknown answer, a refund."""
    last = diary.last_day
    spare = iter(await _first_open(active, range(0, 60)))
    large = iter(await _first_open(active, range(61, 96, 2)))
    small = iter(await _first_open(active, range(96, 156)))
    for turn, (role, count) in enumerate(_WAITING):
        for n in range(count):
            day = last - timedelta(days=2 + turn + 2 * n)
            needs_leaders = role in (Role.FIN_DEPUTY, Role.MAIN_LEADER)
            source = large if needs_leaders else spare if n % 2 else small
            with diary.at(day, 9, 5 * n):
                payment = await _request(bureau, next(source), day)
            await _approve(bureau, diary, payment, day, stop_before=role)
    await _lay_refused(bureau, diary, spare)
    await _lay_bank_troubles(bureau, diary, spare, small)
    await _lay_refund(bureau, diary)


async def _lay_refused(bureau: Bureau, diary: Diary, spare: Iterator[int]) -> None:
    """One overdue, one returned for correction, one rejected with its reasons, one draft."""
    last = diary.last_day
    overdue_day = max(last - timedelta(days=26), date(diary.fiscal_year, 1, 4))
    with diary.at(overdue_day, 8, 40):
        payment = await _request(bureau, next(spare), overdue_day)
    await _approve(bureau, diary, payment, overdue_day, stop_before=Role.FIN_OFFICER)
    for verb, reason in (
        (approvals.return_payment, "发票备注缺少合同号，请更正后重新提交"),
        (approvals.reject_payment, "中期评价材料与服务记录不符，本期不予拨付"),
    ):
        day = last - timedelta(days=4)
        with diary.at(day, 8, 50):
            payment = await _request(bureau, next(spare), day)
        await _approve(bureau, diary, payment, day, stop_before=Role.FIN_OFFICER)
        found = await payment_queries.payment(SYSTEM, payment)
        with diary.at(day, 16):
            await verb(bureau[Role.FIN_OFFICER], payment, seen_version=found.version, reason=reason)
    with diary.at(last, 16):
        await _request(bureau, next(spare), last, submit=False)


async def _lay_bank_troubles(
    bureau: Bureau, diary: Diary, spare: Iterator[int], small: Iterator[int]
) -> None:
    """A batch answered with one return and one unknown, one on its way, one not yet made."""
    last = diary.last_day

    async def approved(source: Iterator[int], count: int, day: date) -> list[int]:
        ready = []
        for _ in range(count):
            with diary.at(day, 9):
                payment = await _request(bureau, next(source), day)
            await _approve(bureau, diary, payment, day)
            ready.append(payment)
        return ready

    day = last - timedelta(days=6)
    troubled = await approved(small, 6, day)
    batch = await _send(bureau, diary, troubled, day + timedelta(days=1))
    await _answered(
        bureau,
        diary,
        batch,
        day + timedelta(days=2),
        {troubled[1]: ("失败", "户名不符"), troubled[4]: ("失败", "系统超时，状态未知")},
    )
    await _send(bureau, diary, await approved(small, 5, last - timedelta(days=2)), last)
    frozen = await approved(small, 3, last - timedelta(days=1))
    with diary.at(last, 15):
        batch = await banking.make_batch(bureau[Role.FIN_OFFICER], frozen, "bank-xlsx", today=last)
        await banking.freeze_batch(bureau[Role.FIN_OFFICER], batch, seen_version=1, today=last)
    await approved(spare, 3, last - timedelta(days=1))
    await approved(small, 4, last)


async def _lay_refund(bureau: Bureau, diary: Diary) -> None:
    """A payee returned part of a payment: one refund is posted, one waits."""
    paid = await lists.payments(bureau[Role.FIN_OFFICER], PaymentFilter(state="PAID"), limit=2)
    day = diary.last_day - timedelta(days=8)
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


async def _lay_drafts(bureau: Bureau, diary: Diary, year: BudgetYear) -> None:
    """Awards that wait for approval, one of them over two years' lines."""
    day = diary.last_day - timedelta(days=1)
    with diary.at(day, 10):
        for n in range(3):
            planned = Planned(
                "HC",
                f"幸福社区以奖代补·{names.COMMUNITIES[n * 7]}",
                (30_000, 20_000),
                n,
                ("创建验收通过", "公示无异议"),
                "幸福社区以奖代补",
            )
            plan = _award_plan(bureau, year, planned, diary)
            await awards.create_award(bureau[Role.OFFICER], plan, today=day)


async def _close_months(bureau: Bureau, diary: Diary) -> None:
    """Every month that is over is reconciled, but for the latest."""
    last = diary.last_day
    for month in range(1, last.month - 1):
        month_on = date(diary.fiscal_year, month, 1)
        with diary.at(date(diary.fiscal_year, month + 1, 5), 10):
            for difference in (await months.month(month_on)).differences:
                if difference.kind == "in_transit":
                    await months.explain_difference(
                        bureau[Role.FIN_HEAD], month_on, difference.key, "月末在途，次月到账"
                    )
            await months.close_month(
                bureau[Role.FIN_HEAD], month_on, today=date(diary.fiscal_year, month + 1, 5)
            )
