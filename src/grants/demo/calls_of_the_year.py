"""Next year's round of the venture call: published, revised once, open."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from grants.budget import actions as budget
from grants.budget import queries as budget_queries
from grants.budget.rules import QuotaKind
from grants.calls import need_queries, queries, questions, rounds
from grants.calls.terms import CallTerms, Category, Theme
from grants.demo.budget import YUAN, BudgetYear
from grants.demo.clock import Diary, moment
from grants.demo.people import Bureau
from grants.first_venture_policies import VENTURE_CALL
from grants.kernel import calendar
from grants.kernel.identity import Role
from grants.kernel.money import Fen

#: What is announced for next year's ventures, and how much of it the large round calls for.
_ANNOUNCED_YUAN, _NEXT_ROUND_YUAN = 5_000_000, 4_900_000

THEMES = (
    ("ELDERLY", "扶老助老"),
    ("YOUTH", "关爱青少年"),
    ("DISABLED", "扶残助残"),
    ("SOCIAL_WORK", "社会工作服务"),
    ("OTHER", "其他公益"),
)


async def lay_open_round(bureau: Bureau, diary: Diary, line: int) -> int:
    """The round that is open on the last day, and a question to it; answers its id."""
    drafted, published = moment(diary.ago(12), 10), moment(diary.ago(11), 15)
    terms = terms_of_next_year(diary, line)
    round_id = await announce(bureau, diary.fiscal_year + 1, terms, drafted, published)
    await _ask_and_answer(bureau, diary, round_id)
    await _revise(bureau, diary, round_id)
    return round_id


async def receive_next_years_money(bureau: Bureau, diary: Diary, year: BudgetYear) -> int:
    """Next year's lottery money for ventures, announced ahead (提前下达); answers its line."""
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
            amount_fen=Fen(_ANNOUNCED_YUAN * YUAN),
            document_no=f"太财预〔{year.fiscal_year}〕96号",
            issued_on=day,
            reason="提前下达下一年度福彩公益金",
        )
    with diary.at(day, 15):
        await budget.approve_quota(head, movement, on=day)
    return line


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
        opens_at=moment(diary.ago(8), 9),
        closes_at=moment(closes, 17),
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


async def announce(
    bureau: Bureau, fiscal_year: int, terms: CallTerms, drafted: datetime, published: datetime
) -> int:
    """A round drafted by the officer, published by the head of the section, opened by the clock."""
    officer, head = bureau[Role.OFFICER], bureau[Role.SECTION_HEAD]
    with calendar.rehearsed_at(drafted):
        round_id = await rounds.begin_round(officer, fiscal_year, terms.title, today=drafted.date())
        await _draft(bureau, round_id, terms)
        cited = await need_queries.published_needs()
        await rounds.cite_needs(officer, round_id, [need.id for need in cited])
    with calendar.rehearsed_at(published):
        (draft,) = await queries.revisions(round_id)
        await rounds.publish_revision(head, draft.id, seen_version=draft.version)
    with calendar.rehearsed_at(terms.opens_at):
        await rounds.open_due_rounds(terms.opens_at)
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
