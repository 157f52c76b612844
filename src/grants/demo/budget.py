"""The budget of the demonstration year (domain §11): 40,000,000.00 yuan to the fen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from grants.budget import actions
from grants.budget.rules import QuotaKind
from grants.demo.clock import Diary
from grants.demo.people import Bureau
from grants.kernel import calendar
from grants.kernel.identity import Role
from grants.kernel.money import Fen, allocate

YUAN = 100


@dataclass(frozen=True)
class LinePlan:
    """One programme with its one line of the demonstration year."""

    code: str
    name: str
    name_en: str
    instrument: str
    department: str
    fund: str
    quota_yuan: int
    func_code: str
    gov_eco_code: str
    dept_eco_code: str

    @property
    def planned_yuan(self) -> int:
        """What the cash plan spends: evaluations leave a fifth, which a transfer asks for."""
        return self.quota_yuan * 4 // 5 if self.code == "EV" else self.quota_yuan


_CIVIL, _SOCIAL = "CIVIL_AFFAIRS", "SOCIAL_WORK_DEPT"

LINES = (
    LinePlan(
        "NH",
        "邻里家园",
        "Neighbourhood Home",
        "SERVICE_CONTRACT",
        _CIVIL,
        "G",
        12_000_000,
        "2080208",
        "50205",
        "30227",
    ),
    LinePlan(
        "ST",
        "镇（街道）社工站",
        "Town social-work stations",
        "SERVICE_CONTRACT",
        _CIVIL,
        "G",
        4_000_000,
        "2080208",
        "50205",
        "30227",
    ),
    LinePlan(
        "SV",
        "其他购买服务",
        "Other purchased services",
        "SERVICE_CONTRACT",
        _CIVIL,
        "G",
        6_200_000,
        "2080299",
        "50205",
        "30227",
    ),
    LinePlan(
        "VC",
        "公益创投",
        "Public-welfare ventures",
        "VENTURE",
        _CIVIL,
        "L",
        5_000_000,
        "2296002",
        "59908",
        "39908",
    ),
    LinePlan(
        "PS",
        "社工岗位补助",
        "Post subsidies",
        "POST_SUBSIDY",
        _SOCIAL,
        "G",
        4_800_000,
        "2013902",
        "59908",
        "39908",
    ),
    LinePlan(
        "CA",
        "考证奖励",
        "Certificate awards",
        "PERSONAL_AWARD",
        _SOCIAL,
        "G",
        300_000,
        "2013902",
        "50999",
        "30309",
    ),
    LinePlan(
        "TA",
        "技术岗位补贴",
        "Technical-post allowances",
        "PERSONAL_AWARD",
        _SOCIAL,
        "G",
        1_500_000,
        "2013902",
        "50999",
        "30399",
    ),
    LinePlan(
        "SG",
        "学生资助",
        "Student grants",
        "PERSONAL_AWARD",
        _SOCIAL,
        "G",
        600_000,
        "2013902",
        "50902",
        "30308",
    ),
    LinePlan(
        "SA",
        "领军人才安家补贴",
        "Settling-in allowances",
        "PERSONAL_AWARD",
        _SOCIAL,
        "G",
        400_000,
        "2013902",
        "50999",
        "30399",
    ),
    LinePlan(
        "SO",
        "社会组织培育",
        "Fostering organisations",
        "INCUBATION",
        _CIVIL,
        "G",
        2_200_000,
        "2080206",
        "59908",
        "39908",
    ),
    LinePlan(
        "HC",
        "幸福社区以奖代补",
        "Happy communities",
        "INCUBATION",
        _CIVIL,
        "G",
        2_000_000,
        "2080208",
        "59908",
        "39908",
    ),
    LinePlan(
        "EV",
        "评估审计培训",
        "Evaluation, audit, training",
        "EVALUATION",
        _CIVIL,
        "G",
        1_000_000,
        "2080299",
        "50205",
        "30227",
    ),
)

#: What is announced before the year begins.
_AHEAD = next(plan for plan in LINES if plan.code == "VC")

FUNDS = (
    ("G", "一般公共预算", "General public budget", "GENERAL"),
    ("L", "福彩公益金", "Welfare lottery fund", "LOTTERY"),
    ("E", "上级专项", "Earmarked transfers", "EARMARKED"),
    ("C", "慈善资金", "Charity", "CHARITY"),
)

#: By which weights the year's money may be paid out, month by month: contracts are signed in
#: spring and half is paid on signing.
_MONTHLY_WEIGHTS = (25, 20, 15, 8, 6, 6, 5, 5, 4, 3, 2, 1)
#: Half of a venture's money is paid on signing, in January; mid-term results come in summer.
_WEIGHTS_OF_VENTURES = (48, 2, 2, 8, 8, 8, 4, 2, 2, 6, 6, 4)
#: Early in a year the diary is short, and so is the plan.
_WEIGHTS_OF_A_SHORT_YEAR = (89, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1)


@dataclass(frozen=True)
class BudgetYear:
    """What the rest of the demonstration finds: ids by code."""

    fiscal_year: int
    programmes: dict[str, int]
    lines: dict[str, int]


async def lay_budget(bureau: Bureau, diary: Diary) -> BudgetYear:
    """Receive the year's quota and plan its payments, each by two people.

    The venture money was announced in the September before (提前下达), for the autumn's call.
    """
    officer = bureau[Role.OFFICER]
    year = BudgetYear(diary.fiscal_year, {}, {})
    with diary.autumn(9, 10, 9):
        funds = {
            code: await actions.add_fund_source(officer, code, name, name_en, kind)
            for code, name, name_en, kind in FUNDS
        }
        await _receive(bureau, diary, year, funds, _AHEAD)
    with diary.at(date(diary.fiscal_year, 1, 2), 9):
        for plan in LINES:
            if plan is not _AHEAD:
                await _receive(bureau, diary, year, funds, plan)
        for plan in LINES:
            await _plan_payments(bureau, diary, year.lines[plan.code], plan)
    return year


async def _receive(
    bureau: Bureau, diary: Diary, year: BudgetYear, funds: dict[str, int], plan: LinePlan
) -> None:
    """A programme with its line of the year, and the document that brings its quota."""
    officer, today = bureau[Role.OFFICER], calendar.today()
    programme = await actions.add_programme(
        officer, plan.code, plan.name, plan.name_en, plan.instrument, plan.department
    )
    line = await actions.open_line(
        officer,
        code=f"{diary.fiscal_year}-{plan.code}-{plan.fund}",
        programme_id=programme,
        fund_source_id=funds[plan.fund],
        fiscal_year=diary.fiscal_year,
        func_code=plan.func_code,
        gov_eco_code=plan.gov_eco_code,
        dept_eco_code=plan.dept_eco_code,
    )
    year.programmes[plan.code], year.lines[plan.code] = programme, line
    number = 94 if plan is _AHEAD else 1 + LINES.index(plan)
    movement = await actions.propose_quota(
        officer,
        kind=QuotaKind.INITIAL,
        line_id=line,
        amount_fen=Fen(plan.quota_yuan * YUAN),
        document_no=f"太财预〔{today.year}〕{number}号",
        issued_on=today,
        reason="提前下达下一年度福彩公益金" if plan is _AHEAD else "年初预算",
    )
    await actions.approve_quota(bureau[Role.FIN_HEAD], movement, on=today)


async def _plan_payments(bureau: Bureau, diary: Diary, line: int, plan: LinePlan) -> None:
    """The monthly cash plan of a line, proposed and approved."""
    months = allocate(Fen(plan.planned_yuan * YUAN), _weights(diary, plan))
    plan_id = await actions.propose_cash_plan(bureau[Role.OFFICER], line, months)
    await actions.decide_cash_plan(bureau[Role.FIN_HEAD], plan_id, "approve", on=calendar.today())


def _weights(diary: Diary, plan: LinePlan) -> tuple[int, ...]:
    if plan is _AHEAD:
        return _WEIGHTS_OF_VENTURES
    return _MONTHLY_WEIGHTS if diary.last_day.month > 6 else _WEIGHTS_OF_A_SHORT_YEAR


async def lay_open_proposals(bureau: Bureau, diary: Diary, year: BudgetYear) -> None:
    """Documents that wait for a decision: a transfer and a revised cash plan."""
    officer = bureau[Role.OFFICER]
    with diary.at(diary.ago(2), 10):
        await actions.propose_quota(
            officer,
            kind=QuotaKind.TRANSFER,
            line_id=year.lines["EV"],
            to_line_id=year.lines["SO"],
            amount_fen=Fen(120_000 * YUAN),
            document_no=f"太民〔{year.fiscal_year}〕38号",
            issued_on=diary.ago(2),
            reason="评估项目结余，调剂用于社会组织培育",
        )
        months = allocate(Fen(5_000_000 * YUAN), _WEIGHTS_OF_A_SHORT_YEAR)
        await actions.propose_cash_plan(officer, year.lines["VC"], months)
