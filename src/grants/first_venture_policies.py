"""The first versions of what holds for venture calls, their agreements and their projects."""

from __future__ import annotations

from grants.agreements.terms import AgreementTemplate, Clause
from grants.calls.terms import (
    BudgetLineRule,
    CallRules,
    Criterion,
    EligibilityRule,
    InstalmentTerm,
    Level,
    RequiredFile,
)
from grants.delivery.terms import DeliveryRules
from grants.evaluation.terms import EvaluationRules, Grade
from grants.kernel.money import Fen

TAICANG_2018 = "太仓市第七届公益创投活动（2018 年）公告"
_OWN_DEFAULT = "本局默认，待确认"


def _check(
    level: Level, basis: str = _OWN_DEFAULT, mark: str = "D", figure: int | None = None
) -> EligibilityRule:
    return EligibilityRule(level=level, figure=figure, basis=basis, mark=mark)


VENTURE_CALL = CallRules(
    months_least=8,
    months_most=12,
    own_least_permille=0,
    supplement_workdays=3,
    publicity_workdays=5,
    verification_workdays=10,
    similarity_permille=800,
    panel_size=7,
    panel_least_finance=1,
    panel_least_social_work=2,
    panel_least_community=1,
    panel_most_bureau_permille=333,
    document_permille=600,
    trims_from=5,
    spread_limit=20,
    pass_mark=70,
    eligibility={
        "registered_long_enough": _check("fail", figure=1),
        "inspection_was_passed": _check("fail", TAICANG_2018, "V"),
        "grade_is_high_enough": _check("fail", TAICANG_2018, "V", figure=2),
        "stands_on_no_list": _check("fail", "社会组织信用信息管理办法（民政部令第60号）", "K"),
        "no_project_was_ended_for_cause": _check("fail", TAICANG_2018, "V", figure=1),
        "no_fraud_was_found": _check("fail", figure=3),
        "owes_no_refund": _check("fail"),
        "one_project_a_year": _check("fail", TAICANG_2018, "V", figure=1),
        "amount_is_within_cap": _check("fail", TAICANG_2018, "V"),
        "category_is_open_to_it": _check("fail", TAICANG_2018, "V"),
        "period_fits": _check("fail", TAICANG_2018, "V"),
        "budget_keeps_the_shares": _check("look"),
        "enough_full_time_staff": _check("look", "苏州市 2017 年公益伙伴行", "V-x", figure=2),
        "papers_are_complete": _check("fail", TAICANG_2018, "V"),
        "is_not_funded_already": _check("look"),
    },
    forbidden_items="招待、宴请、出国、出境、购车、还贷、罚款、投资、礼金、购物卡",
    budget_lines=(
        BudgetLineRule(code="L1", name="人员费用", most_permille=400, may_rise=False),
        BudgetLineRule(code="L2", name="活动及服务费", least_permille=400),
        BudgetLineRule(
            code="L3",
            name="专家督导费",
            most_permille=150,
            unit_cap_fen=Fen(1_000_00),
            unit="人·半天",
        ),
        BudgetLineRule(
            code="L4", name="志愿者补贴", most_permille=150, unit_cap_fen=Fen(50_00), unit="人·天"
        ),
        BudgetLineRule(code="L5", name="宣传印刷", most_permille=80),
        BudgetLineRule(
            code="L6",
            name="小型设备物资",
            most_permille=100,
            unit_cap_fen=Fen(1_000_00),
            unit="件",
        ),
        BudgetLineRule(code="L7", name="行政管理费", most_permille=100, may_rise=False),
        BudgetLineRule(code="L8", name="税费"),
    ),
    rubric=(
        Criterion(
            code="NEED",
            name="需求与服务对象",
            points=20,
            tie_order=1,
            anchors="16–20 需求有调查依据，对象明确；11–15 大体清楚；6–10 笼统；0–5 与社区无关",
        ),
        Criterion(
            code="GOALS",
            name="目标与可衡量性",
            points=15,
            anchors="12–15 目标具体、可检验；8–11 部分可检验；4–7 难以检验；0–3 没有目标",
        ),
        Criterion(
            code="PLAN",
            name="方案与专业方法",
            points=20,
            anchors="16–20 方法与问题相称、步骤可检验；11–15 大体可行；6–10 笼统；0–5 与目标脱节",
        ),
        Criterion(
            code="TEAM",
            name="团队与能力（持证）",
            points=15,
            anchors="12–15 持证且有同类经验；8–11 基本胜任；4–7 人手不足；0–3 无法实施",
        ),
        Criterion(
            code="BUDGET",
            name="预算合理性",
            points=15,
            tie_order=2,
            anchors="12–15 逐项有依据；8–11 个别偏高；4–7 多处无依据；0–3 明显虚高",
        ),
        Criterion(
            code="INNOVATION",
            name="创新与可持续",
            points=10,
            anchors="8–10 有新意且能延续；5–7 一般；0–4 一次性活动",
        ),
        Criterion(
            code="CREDIT",
            name="信用与以往评价",
            points=5,
            anchors="5 以往评价优良；3–4 合格或首次申报；0–2 有不良记录",
        ),
    ),
    instalments=(
        InstalmentTerm(
            code="T1",
            share_permille=500,
            condition="协议签订，收据已开",
            opened_by="AGREEMENT",
        ),
        InstalmentTerm(
            code="T2",
            share_permille=300,
            condition="中期评估合格，首期支出达 60%",
            opened_by="MIDTERM",
        ),
        InstalmentTerm(
            code="T3",
            share_permille=200,
            condition="末期评估合格并通过审计",
            opened_by="FINAL",
        ),
    ),
    files=(
        RequiredFile(code="LICENCE", name="法人登记证书", identifying=True),
        RequiredFile(code="INSPECTION", name="上年度年检结论", identifying=True),
        RequiredFile(code="GRADE", name="评估等级证书", identifying=True),
        RequiredFile(code="CONSENT", name="项目实施社区同意函", identifying=True),
        RequiredFile(code="CERTIFICATES", name="团队持证证明", needed=False, identifying=True),
        RequiredFile(code="SURVEY", name="需求调查材料", needed=False),
    ),
)


VENTURE_AGREEMENT = AgreementTemplate(
    title="太仓市公益创投项目协议书",
    first_payment_workdays=15,
    final_payment_days=30,
    clauses=(
        Clause(
            code="PURPOSE",
            heading="项目实施",
            text="乙方按照申报书和本协议载明的目标、指标与期限实施项目，不得转包。"
            "项目负责人、实施社区、实施期限、预算科目的调整按第六条办理。",
        ),
        Clause(
            code="MONEY",
            heading="资金使用",
            text="资助资金专款专用、单独核算，不得用于接待、出国（境）、购置固定资产、"
            "偿还债务、罚款、投资及其他与项目无关的支出。各科目支出以本协议预算为限。",
        ),
        Clause(
            code="PAYMENT",
            heading="资金拨付",
            text="甲方在各期条件成就并收到合法票据后按本协议约定分期拨付。"
            "中期、末期评估等级决定后续拨付：优秀、良好全额拨付，合格按末期款的百分之八十拨付，"
            "不合格的停止拨付并清算。",
        ),
        Clause(
            code="REPORT",
            heading="报告与监督",
            text="乙方按期报告活动开展、指标完成和资金支出情况，并上传佐证；"
            "接受甲方及其委托的第三方监督、评估和审计，资料保存不少于十年。",
        ),
        Clause(
            code="SETTLEMENT",
            heading="决算与结余",
            text="项目结束后以经审核的合格支出决算，实际资助额不超过本协议金额；"
            "已付超出合格支出的部分，乙方在十五个工作日内退回。",
        ),
        Clause(
            code="CHANGE",
            heading="变更",
            text="变更项目负责人、三分之一以上人员、实施期限、实施社区或者超过规定幅度调整预算的，"
            "乙方提前十五个工作日书面申请，经甲方同意后执行；变更不超过两次，"
            "项目结束前三十日内不予变更。",
        ),
        Clause(
            code="TERMINATION",
            heading="终止与责任",
            text="签约后六十日未启动、挪用资金、提供虚假材料、中期评估不合格且整改不到位，"
            "或者乙方被撤销、注销的，甲方有权终止协议、追回资金；被清算的，次年不得申报；"
            "弄虚作假的，三年内不得申报，并依法处理。",
        ),
        Clause(
            code="OTHER",
            heading="其他",
            text="本协议自双方签字盖章之日起生效。未尽事宜由双方协商；协商不成的，"
            "向甲方所在地人民法院起诉。本协议一式三份，甲方执两份，乙方执一份。",
        ),
    ),
)


VENTURE_EVALUATION = EvaluationRules(
    midterm=(
        Criterion(code="PROGRESS", name="项目进度", points=30, anchors="按计划推进，节点完成"),
        Criterion(code="OUTPUT", name="产出完成", points=25, anchors="指标阶段完成率"),
        Criterion(code="QUALITY", name="专业质量", points=15, anchors="方法规范，服务专业"),
        Criterion(code="FINANCE", name="财务管理", points=20, anchors="专款专用，票据合规"),
        Criterion(code="MANAGEMENT", name="组织管理", points=10, anchors="制度健全，档案完整"),
    ),
    final=(
        Criterion(code="COMPLETION", name="项目完成", points=25, anchors="目标与活动全部完成"),
        Criterion(code="OUTPUT", name="产出", points=20, anchors="指标完成率"),
        Criterion(code="EFFECT", name="效益", points=20, anchors="服务对象改变，社会影响"),
        Criterion(code="SATISFACTION", name="满意度", points=15, anchors="服务对象满意度"),
        Criterion(code="FINANCE", name="财务", points=15, anchors="支出合规，决算清楚"),
        Criterion(code="RECORDS", name="档案", points=5, anchors="资料完整"),
    ),
    grades=(
        Grade(name="优", least=90, k_permille=1000),
        Grade(name="良", least=80, k_permille=1000),
        Grade(name="合格", least=60, k_permille=800),
        Grade(name="不合格", least=0, k_permille=0),
    ),
    spent_permille=600,
    rectify_days=30,
    refund_workdays=15,
    independence_years=3,
)

VENTURE_DELIVERY = DeliveryRules(
    changes_most=2,
    freeze_days=30,
    notice_workdays=15,
    receipt_days=30,
    start_days=60,
    staff_permille=333,
    moved_permille=100,
    moved_fen=Fen(5_000_00),
)
