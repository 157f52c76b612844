"""The awards of the year: planned, approved, publicised; changed, ended and given up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from itertools import chain

from grants.awards import actions as awards
from grants.awards import changes, clawbacks, endings
from grants.awards import queries as award_queries
from grants.awards.actions import AwardPlan
from grants.awards.rules import EndCause, InstalmentPlan, PartPlan, SharePlan
from grants.demo import names
from grants.demo.budget import YUAN, BudgetYear
from grants.demo.clock import Diary
from grants.demo.people import Bureau
from grants.kernel.identity import Role
from grants.kernel.money import Fen

MINUTES = "局长办公会纪要〔{year}〕{number}号"
#: What the public may object to before it is decided (domain §1.9 item 5).
_PUBLICISED = frozenset({"PS", "CA", "SG", "SA"})


#: Ids of awards by the code of their programme, in the order in which they were decided.
Laid = Mapping[str, Sequence[int]]


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


def planned_awards(agencies: int) -> Iterator[Planned]:
    """Every award of the year but the ventures', in the order in which it is decided."""
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


def _due_days(planned: Planned, diary: Diary) -> list[date]:
    """Parts are due over the year, the last in December; fostering ones within days."""
    count = len(planned.parts_yuan)
    if count == 1:
        return [date(diary.fiscal_year, 6, 15)]
    due = [date(diary.fiscal_year, 12 * (i + 1) // count, 15) for i in range(count)]
    if planned.code == "SO":
        due[-1] = min(diary.last_day + timedelta(days=6), due[-1])
    return due


def _award_plan(bureau: Bureau, year: BudgetYear, planned: Planned, diary: Diary) -> AwardPlan:
    line = year.lines[planned.code]
    total = Fen(sum(planned.parts_yuan) * YUAN)
    due = _due_days(planned, diary)
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


async def lay_awards(
    bureau: Bureau, diary: Diary, year: BudgetYear, plans: Sequence[Planned]
) -> Laid:
    """Create and approve every award in the first weeks, publicised where that is needed."""
    officer, head = bureau[Role.OFFICER], bureau[Role.SECTION_HEAD]
    laid: dict[str, list[int]] = {}
    first, publicised, decided = diary.day(0.02), diary.day(0.03), diary.day(0.04)
    for planned in plans:
        with diary.at(first, 10):
            award_id = await awards.create_award(
                officer, _award_plan(bureau, year, planned, diary), today=first
            )
        if planned.code in _PUBLICISED:
            with diary.at(publicised, 9):
                await awards.record_notice(
                    officer,
                    award_id,
                    first=date(diary.fiscal_year - 1, 12, 20),
                    last=date(diary.fiscal_year - 1, 12, 31),
                    objections="NONE",
                )
        with diary.at(decided, 15):
            await awards.approve_award(
                head, award_id, seen_version=1, today=decided, reason="经办公会研究同意"
            )
        laid.setdefault(planned.code, []).append(award_id)
    return laid


async def lay_drafts(bureau: Bureau, diary: Diary, year: BudgetYear) -> None:
    """Awards that wait for approval, one of them in its public notice; one was taken back."""
    officer, day = bureau[Role.OFFICER], diary.ago(1)
    drafts = []
    with diary.at(day, 10):
        for n in range(4):
            planned = Planned(
                "HC",
                f"幸福社区以奖代补·{names.COMMUNITIES[n * 7]}",
                (30_000, 20_000),
                n,
                ("创建验收通过", "公示无异议"),
                "幸福社区以奖代补",
            )
            plan = _award_plan(bureau, year, planned, diary)
            drafts.append(await awards.create_award(officer, plan, today=day))
        await awards.record_notice(
            officer, drafts[1], first=day, last=day + timedelta(days=9), objections="NONE"
        )
    with diary.at(day, 16):
        await awards.withdraw_award(officer, drafts[3], reason="该社区本年度创建未通过验收，撤回")


async def lay_changes(bureau: Bureau, diary: Diary, active: Laid) -> None:
    """One award lowered, one to be lowered, one ended early with a claim; one ended as planned."""
    officer, head = bureau[Role.OFFICER], bureau[Role.SECTION_HEAD]
    day, (ended, lowered_first, lowered_second) = diary.last_day, active["SV"][-3:]
    with diary.at(day, 9, 40):
        lowered = await _propose_lower(bureau, lowered_first, "服务对象减少，调减末期服务费", day)
        await _propose_lower(bureau, lowered_second, "中期评价建议缩小服务规模", day)
        for award_id in await _paid_up(bureau, active):
            await endings.complete_award(officer, award_id)
    with diary.at(day, 16, 40):
        await changes.decide_change(head, lowered, "approve", reason="同意调减", today=day)
    await end_early(bureau, diary, ended, day, "承接机构无法继续实施项目")


async def _propose_lower(bureau: Bureau, award_id: int, reason: str, day: date) -> int:
    """Propose to take 2,000 yuan from the last open part of an award."""
    officer = bureau[Role.OFFICER]
    award = await award_queries.award(officer, award_id)
    parts = [
        PartPlan(i.id, i.line_id, i.fiscal_year, i.amount_fen, i.due_on, i.condition)
        for i in await changes.open_parts(award_id)
    ]
    last = asdict(parts[-1]) | {"amount_fen": Fen(parts[-1].amount_fen - 2_000 * YUAN)}
    return await changes.propose_change(
        officer,
        award_id,
        parts=[*parts[:-1], PartPlan(**last)],
        reason=reason,
        seen_version=award.version,
        today=day,
    )


async def end_early(
    bureau: Bureau,
    diary: Diary,
    award_id: int,
    day: date,
    reason: str,
    cause: EndCause = EndCause.AGREED,
) -> None:
    """Terminate an award of which a part was paid, and claim some of that back."""
    officer, head = bureau[Role.OFFICER], bureau[Role.SECTION_HEAD]
    with diary.at(day, 16, 50):
        award = await award_queries.award(head, award_id)
        await endings.terminate_award(
            head,
            award_id,
            seen_version=award.version,
            reason=reason,
            today=day,
            cause=cause,
        )
        claim = await clawbacks.propose_clawback(
            officer,
            award_id,
            amount_fen=Fen(award.paid_fen * 2 // 5),
            due_on=day + timedelta(days=30),
            reason="项目提前终止，退回未使用的资金",
        )
        await clawbacks.decide_clawback(head, claim, "approve", reason="同意追回")


async def _paid_up(bureau: Bureau, active: Laid) -> list[int]:
    """The first awards of which everything is paid."""
    found = []
    for award_id in chain.from_iterable(active.values()):
        award = await award_queries.award(bureau[Role.OFFICER], award_id)
        if award.paid_fen == award.amount_fen:
            found.append(award_id)
    return found[:5]
