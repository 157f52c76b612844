"""Needs of towns, and next year's round of the venture call: published, revised once, open."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from grants.budget import actions as budget
from grants.budget import queries as budget_queries
from grants.budget.rules import QuotaKind
from grants.calls import need_queries, needs, queries, questions, rounds
from grants.calls.needs import NeedDetails, Source
from grants.calls.terms import CallTerms, Category, Theme
from grants.demo import names
from grants.demo.budget import YUAN, BudgetYear
from grants.demo.clock import Diary
from grants.demo.people import Bureau
from grants.first_venture_policies import VENTURE_CALL
from grants.kernel import calendar
from grants.kernel.identity import Role
from grants.kernel.money import Fen

_NEXT_ROUND_YUAN = 5_000_000

THEMES = (
    ("ELDERLY", "扶老助老"),
    ("YOUTH", "关爱青少年"),
    ("DISABLED", "扶残助残"),
    ("SOCIAL_WORK", "社会工作服务"),
    ("OTHER", "其他公益"),
)

#: Title, what is missing, where it is felt (places in the lists of towns and communities), how
#: many, how urgent, from whom.
_NEEDS = (
    (
        "四楼以上高龄老人下楼难",
        "老小区无电梯，四楼以上七十五岁以上老人一百余户，入户走访中六成一周下楼不足一次，"
        "就医、购物靠邻居帮带。希望有固定的陪同和互助安排。",
        0,
        6,
        130,
        3,
        Source.DELIBERATION,
    ),
    (
        "放学后无人照看的孩子",
        "双职工家庭集中，下午四点到六点半有八十多名小学生在社区内无人照看，去年发生两起摔伤。",
        6,
        42,
        84,
        3,
        Source.COMMUNITY,
    ),
    (
        "独居老人紧急时找不到人",
        "独居老人一百八十七户，四成不知道紧急时可以找谁，现有呼叫设备三成已损坏。",
        0,
        8,
        187,
        3,
        Source.COMMUNITY,
    ),
    (
        "残障人士出行信息不全",
        "轮椅出行路线没有标注，公厕和无障碍坡道信息靠口口相传，年轻残障居民希望自己来做地图。",
        2,
        41,
        46,
        2,
        Source.TOWN,
    ),
    (
        "新太仓人家庭与老住户来往少",
        "外来务工家庭占四成，节庆活动基本不参加，楼道矛盾去年登记二十三起，多因作息和停车。",
        7,
        59,
        420,
        2,
        Source.DELIBERATION,
    ),
    (
        "认知症老人家属缺喘息",
        "登记在册认知症老人三十一位，照料者多为老伴，连续照料超过三年的占一半，希望每周有半天喘息。",
        1,
        27,
        31,
        2,
        Source.TOWN,
    ),
    (
        "楼道堆物清了又堆",
        "两委每季清理，一个月后照旧。居民代表希望有自己的公约和值日，而不是一清了之。",
        3,
        39,
        260,
        1,
        Source.DELIBERATION,
    ),
    (
        "老年食堂缺志愿送餐",
        "食堂每天一百二十份，行动不便者三十余人需送餐，现有志愿者八人，周末无人。",
        4,
        40,
        34,
        2,
        Source.COMMUNITY,
    ),
)


async def lay_calls(bureau: Bureau, diary: Diary, year: BudgetYear) -> int:
    """Needs, and the round that is open on the last day; answers the round's id."""
    await _lay_needs(bureau, diary)
    line = await _receive_next_years_money(bureau, diary, year)
    round_id = await _publish_round(bureau, diary, line)
    await _ask_and_answer(bureau, diary, round_id)
    await _revise(bureau, diary, round_id)
    return round_id


async def _lay_needs(bureau: Bureau, diary: Diary) -> None:
    """Towns bring needs in; the office publishes most, declines one, and has one to look at."""
    town, officer = bureau[Role.TOWN_REVIEWER], bureau[Role.OFFICER]
    for n, (title, text, town_no, community_no, people, urgency, source) in enumerate(_NEEDS):
        day = diary.ago(40 - 3 * n) if n < len(_NEEDS) - 1 else diary.ago(1)
        with diary.at(day, 10, n):
            need_id = await needs.enter_need(
                town,
                NeedDetails(
                    title=title,
                    description=text,
                    town=names.TOWNS[town_no],
                    community=names.COMMUNITIES[community_no],
                    place="",
                    people_concerned=people,
                    urgency=urgency,
                    source=source,
                    deliberation_no=f"{names.COMMUNITIES[community_no]}协商议事记录第 {n + 3} 次"
                    if source is Source.DELIBERATION
                    else "",
                ),
            )
        if n == len(_NEEDS) - 1:
            return
        with diary.at(day, 16, n):
            declined = n == 6
            await needs.decide_need(
                officer,
                need_id,
                "decline" if declined else "publish",
                seen_version=1,
                note="属于物业管理职责，已转街道城管协调" if declined else "",
            )


async def _receive_next_years_money(bureau: Bureau, diary: Diary, year: BudgetYear) -> int:
    """Next year's lottery money for ventures, announced ahead (提前下达)."""
    officer, head = bureau[Role.OFFICER], bureau[Role.FIN_HEAD]
    this_line = await budget_queries.line(year.lines["VC"])
    day = diary.ago(24)
    with diary.at(day, 9, 30):
        line = await budget.open_line(
            officer,
            code=f"{year.fiscal_year + 1}-VC-L",
            programme_id=this_line.programme_id,
            fund_source_id=this_line.fund_source_id,
            fiscal_year=year.fiscal_year + 1,
            func_code=this_line.func_code,
            gov_eco_code=this_line.gov_eco_code,
            dept_eco_code=this_line.dept_eco_code,
        )
        movement = await budget.propose_quota(
            officer,
            kind=QuotaKind.INITIAL,
            line_id=line,
            amount_fen=Fen(_NEXT_ROUND_YUAN * YUAN),
            document_no=f"太财预〔{year.fiscal_year}〕96号",
            issued_on=day,
            reason="提前下达下一年度福彩公益金",
        )
    with diary.at(day, 15):
        await budget.approve_quota(head, movement, on=day)
    return line


def _moment(day: date, hour: int) -> datetime:
    return datetime.combine(day, time(hour), tzinfo=calendar.ZONE)


def terms_of_next_year(diary: Diary, line: int) -> CallTerms:
    """The terms of the round that is open when the demonstration is looked at."""
    year = diary.fiscal_year + 1
    closes = diary.last_day + timedelta(days=24)
    return CallTerms(
        **VENTURE_CALL.model_dump(),
        title=f"{year} 年太仓市公益创投项目征集",
        summary="面向在民政部门登记的社会组织，征集回应社区真实需求、目标可检验、居民参与的公益项目。\n"
        "A 类为自主申报项目，B 类由镇（街道）根据需求委托征集。资金来自福利彩票公益金，"
        "资助成果须标注“彩票公益金资助—中国福利彩票”。每家机构每年度获资助项目不超过一个。",
        line_id=line,
        total_fen=Fen(_NEXT_ROUND_YUAN * YUAN),
        opens_at=_moment(diary.ago(8), 9),
        closes_at=_moment(closes, 17),
        starts_on=max(date(year, 3, 1), closes + timedelta(days=45)),
        ends_on=date(year + 1, 2, 28),
        office="太仓市民政局社会组织管理科",
        phone="0512-53500000",
        address="太仓市城厢镇县府街 1 号（示例）",
        categories=(
            Category(code="A", name="自主申报", cap_fen=Fen(60_000 * YUAN), places=30),
            Category(
                code="B",
                name="镇街委托",
                cap_fen=Fen(40_000 * YUAN),
                places=80,
                commissioned=True,
            ),
        ),
        themes=tuple(Theme(code=code, name=name) for code, name in THEMES),
    )


async def _publish_round(bureau: Bureau, diary: Diary, line: int) -> int:
    officer, head = bureau[Role.OFFICER], bureau[Role.SECTION_HEAD]
    terms = terms_of_next_year(diary, line)
    day = diary.ago(12)
    with diary.at(day, 10):
        round_id = await rounds.begin_round(officer, diary.fiscal_year + 1, terms.title, today=day)
        await _draft(bureau, round_id, terms)
        cited = await need_queries.published_needs()
        await rounds.cite_needs(officer, round_id, [need.id for need in cited])
    with diary.at(diary.ago(11), 15):
        (draft,) = await queries.revisions(round_id)
        await rounds.publish_revision(head, draft.id, seen_version=draft.version)
    with diary.at(diary.ago(8), 9):
        await rounds.open_due_rounds(calendar.now())
    return round_id


async def _draft(bureau: Bureau, round_id: int, terms: CallTerms) -> None:
    """The officer writes the terms and proposes them."""
    officer = bureau[Role.OFFICER]
    draft = (await queries.revisions(round_id))[0]
    await rounds.save_draft(
        officer, draft.id, terms.model_dump(mode="json"), seen_version=draft.version
    )
    await rounds.propose_revision(officer, draft.id, seen_version=draft.version + 1)


async def _ask_and_answer(bureau: Bureau, diary: Diary, round_id: int) -> None:
    agency, officer = bureau[Role.APPLICANT_ORG], bureau[Role.OFFICER]
    with diary.at(diary.ago(6), 11):
        first = await questions.ask(
            agency, round_id, "去年的项目还在实施，末期评估要到明年一月，今年可以申报吗？"
        )
    with diary.at(diary.ago(5), 9, 20):
        await questions.answer(
            officer,
            first,
            "可以申报。限制的是上年度被清算的项目；正常实施中的项目不影响申报，但同一年度获资助不超过一个。",
        )
    with diary.at(diary.ago(1), 16, 5):
        await questions.ask(agency, round_id, "社区同意函可以由两个社区共同出具吗？")


async def _revise(bureau: Bureau, diary: Diary, round_id: int) -> None:
    """The closing day is moved by three days: applications already in keep their revision."""
    officer, head = bureau[Role.OFFICER], bureau[Role.SECTION_HEAD]
    with diary.at(diary.ago(3), 10):
        await rounds.revise_round(officer, round_id, note="应镇街要求，截止时间顺延三天")
        standing = await queries.round_of(round_id)
        assert standing.terms is not None
        later = standing.terms.model_copy(
            update={"closes_at": standing.terms.closes_at + timedelta(days=3)}
        )
        await _draft(bureau, round_id, later)
    with diary.at(diary.ago(3), 16):
        draft = (await queries.revisions(round_id))[0]
        await rounds.publish_revision(head, draft.id, seen_version=draft.version)
