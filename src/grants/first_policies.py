"""The first version of every policy, with its legal basis and how well it is founded.

They are laid once into an empty installation; from then on the office proposes versions and
another person approves them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from pydantic import BaseModel

from grants.awards.tiers import ApprovalTiers, Tier
from grants.budget.rules import (
    BudgetApproval,
    BudgetCode,
    BudgetCodes,
    CodeKind,
    FundCell,
    FundMatrix,
)
from grants.first_venture_policies import (
    TAICANG_2018,
    VENTURE_AGREEMENT,
    VENTURE_CALL,
    VENTURE_DELIVERY,
    VENTURE_EVALUATION,
)
from grants.kernel.identity import Actor, Role
from grants.payments.gate_facts import GatePolicy, GateRulePolicy
from grants.payments.gate_rules import RULES
from grants.payments.rules import PayerAccount, PaymentClock
from grants.people.rules import SignInPolicy
from grants.platform import db

_ALLOW = FundCell(verdict="allow")
_BY_DOCUMENT = FundCell(verdict="document", note="依上级文件")
_NO_PEOPLE = FundCell(
    verdict="deny",
    note="福彩公益金不得用于人员经费、不得用于发放个人奖励（湘财综指〔2017〕30号，外省文本）",
    mark="V-x",
)
_NONE = FundCell(verdict="deny", note="本项目不由该资金支付")


def _row(lottery: FundCell) -> Mapping[str, FundCell]:
    return {
        "GENERAL": _ALLOW,
        "LOTTERY": lottery,
        "EARMARKED": _BY_DOCUMENT,
        "CHARITY": _ALLOW,
    }


FUND_MATRIX = FundMatrix(
    cells={
        "SERVICE_CONTRACT": _row(
            FundCell(verdict="purpose", note="仅限扶老助残救孤济困等公益用途，按合同价", mark="D")
        ),
        "VENTURE": _row(FundCell(verdict="allow", note="太仓公益创投惯例", mark="V")),
        "POST_SUBSIDY": _row(_NO_PEOPLE),
        "PERSONAL_AWARD": _row(_NO_PEOPLE),
        "INCUBATION": _row(FundCell(verdict="allow", note="公益用途")),
        "EVALUATION": {
            "GENERAL": _ALLOW,
            "LOTTERY": FundCell(verdict="purpose", note="不超过资金的 5%", mark="D"),
            "EARMARKED": _NONE,
            "CHARITY": _NONE,
        },
    }
)

_T1 = (Role.SECTION_HEAD, Role.FIN_OFFICER, Role.DEPUTY_LEADER)
_T2 = (*_T1, Role.FIN_DEPUTY, Role.MAIN_LEADER)

APPROVAL_TIERS = ApprovalTiers(
    tiers=(
        Tier(code="T1", up_to_fen=50_000_00, chain=_T1),
        Tier(code="T2", up_to_fen=200_000_00, chain=_T2),
        Tier(code="T3", up_to_fen=500_000_00, chain=_T2, minutes_needed=True),
        Tier(code="T4", up_to_fen=None, chain=_T2, minutes_needed=True),
    )
)

_WAIVERS = (Role.FIN_HEAD, Role.FIN_DEPUTY)
_WARNINGS = frozenset(
    {"no_similar_payment", "clock_is_kept", "evidence_is_attached", "invoice_is_checked"}
)
_WAIVABLE = frozenset(
    {
        "before_year_end_cutoff",
        # What the law compels to be paid is paid before the budget is approved (预算法 第54条).
        "within_pre_approval_cap",
        "invoice_is_present",
        "invoice_covers_amount",
        "invoice_names_payee",
        "payee_owes_nothing",
        "inspection_is_passed",
        "publicity_is_over",
        "names_agree",
    }
)

PAYMENT_GATE = GatePolicy(
    rules={
        name: GateRulePolicy(
            level="warning" if name in _WARNINGS else "blocking",
            waivable_by=_WAIVERS if name in _WAIVABLE else (),
        )
        for name in RULES
    },
    publicity_workdays=5,
    invoice_instruments=("SERVICE_CONTRACT", "EVALUATION"),
    publicity_instruments=("VENTURE", "POST_SUBSIDY", "PERSONAL_AWARD"),
    repeat_days=90,
    year_end_cutoff_month=12,
    year_end_cutoff_day=20,
    clock_warning_days=3,
)

_CODES = {
    CodeKind.FUNCTION: {
        "2013902": "一般行政管理事务（社会工作事务）",
        "2080206": "社会组织管理",
        "2080208": "基层政权建设和社区治理",
        "2080299": "其他民政管理事务支出",
        "2296002": "用于社会福利的彩票公益金支出",
    },
    CodeKind.GOVERNMENT_ECONOMIC: {
        "50205": "委托业务费",
        "50701": "费用补贴",
        "50902": "助学金",
        "50999": "其他对个人和家庭补助",
        "59908": "对民间非营利组织和群众性自治组织补贴",
    },
    CodeKind.DEPARTMENT_ECONOMIC: {
        "30226": "劳务费",
        "30227": "委托业务费",
        "30308": "助学金",
        "30309": "奖励金",
        "30399": "其他对个人和家庭的补助",
        "31204": "费用补贴",
        "39908": "对民间非营利组织和群众性自治组织补贴",
    },
}
BUDGET_CODES = BudgetCodes(
    codes=tuple(
        BudgetCode(code=code, name=name, kind=kind)
        for kind, names in _CODES.items()
        for code, name in names.items()
    )
)

PAYMENT_CLOCK = PaymentClock(days_after_trigger=30, workdays_after_invoice=10)


@dataclass(frozen=True)
class FirstPolicy:
    """A policy's first version: kind, body, the document it rests on, and its mark."""

    kind: str
    body: BaseModel
    legal_basis: str
    mark: str


FIRST_POLICIES: Sequence[FirstPolicy] = (
    FirstPolicy("fund_matrix", FUND_MATRIX, "福利彩票公益金使用管理规定及本市惯例", "D"),
    FirstPolicy("approval_tiers", APPROVAL_TIERS, "本局资金审批权限（待局里确认）", "D"),
    FirstPolicy("payment_gate", PAYMENT_GATE, "行政事业单位内部控制规范（财会〔2012〕21号）", "D"),
    FirstPolicy(
        "payment_clock",
        PAYMENT_CLOCK,
        "保障中小企业款项支付条例（国务院令第802号）；苏州市 10 个工作日惯例",
        "V",
    ),
    FirstPolicy("budget_codes", BUDGET_CODES, "政府收支分类科目（财政部，逐年印发）", "K"),
    FirstPolicy("venture_call", VENTURE_CALL, TAICANG_2018, "V"),
    FirstPolicy("venture_agreement", VENTURE_AGREEMENT, "公益创投项目协议书（示范文本）", "D"),
    FirstPolicy(
        "venture_evaluation", VENTURE_EVALUATION, "公益创投项目评估办法（待局里确认）", "D"
    ),
    FirstPolicy("venture_delivery", VENTURE_DELIVERY, "公益创投项目协议书（示范文本）第六条", "D"),
    FirstPolicy("sign_in", SignInPolicy(), "网络安全等级保护基本要求（GB/T 22239—2019）", "K"),
)


async def lay_first_policies(
    actor: Actor, payer: PayerAccount, *, starts_on: date, budget_approved_for: int
) -> None:
    """Lay the first versions into an empty installation.

    `payer` is the bureau's own account, `budget_approved_for` the latest year whose budget
    the people's congress has approved.
    """
    approval = BudgetApproval(fiscal_year=budget_approved_for)
    laid = (
        *FIRST_POLICIES,
        FirstPolicy("payer_account", payer, "本单位银行账户", "D"),
        FirstPolicy("budget_approval", approval, "本级人民代表大会关于预算的决议（待补文号）", "D"),
    )
    async with db.unit_of_work(actor):
        for policy in laid:
            await db.execute(
                """
                INSERT INTO policy_version (kind, scope, starts_on, body, legal_basis, mark)
                VALUES ($1, '', $2, $3, $4, $5)
                """,
                policy.kind,
                starts_on,
                policy.body.model_dump(mode="json"),
                policy.legal_basis,
                policy.mark,
            )
