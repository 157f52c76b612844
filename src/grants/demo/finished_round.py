"""This year's round of the venture call: announced and applied for in the autumn before.

The call of a year is made in the autumn of the year before, so that its money can be agreed on in
January: that holds on whatever day of the year the demonstration is laid.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import starmap

from grants.applications import drafting, queries, screening, submitting
from grants.calls import need_queries, rounds
from grants.calls.terms import CallTerms, Category, Theme
from grants.demo.applicants import Applicant, lay_applicants
from grants.demo.applying import Applied, Papers, judge, papers_of, sample_paper, submit, write
from grants.demo.budget import YUAN, BudgetYear
from grants.demo.calls_of_the_year import THEMES, announce
from grants.demo.clock import Diary, moment, side_by_side
from grants.demo.people import Bureau
from grants.demo.ventures import KINDS, Venture
from grants.first_venture_policies import VENTURE_CALL
from grants.kernel import calendar
from grants.kernel.identity import Actor, Role
from grants.kernel.money import Fen

#: How many apply in each category; the first of either are the well-known agencies.
_APPLY = {"A": 48, "B": 112}
_CAPS = {"A": 60_000, "B": 40_000}
_TOTAL_YUAN = 5_000_000
#: Whose paper could not be read: they are asked for it again.
_SUPPLEMENTED = (17, 88)


@dataclass(frozen=True)
class Round:
    """The round as it stands when its screening is over, its applications by id."""

    id: int
    terms: CallTerms
    applied: dict[int, Applied]


async def lay_applications(bureau: Bureau, diary: Diary, year: BudgetYear) -> Round:
    """The call, about 160 applications of as many agencies, and what the checks made of them."""
    applicants = await lay_applicants(bureau, diary, sum(_APPLY.values()))
    terms, before = _terms(diary, year.lines["VC"]), diary.fiscal_year - 1
    drafted, published = moment(date(before, 9, 18), 10), moment(date(before, 9, 20), 15)
    round_id = await announce(bureau, diary.fiscal_year, terms, drafted, published)
    needs = sorted(need.id for need in await need_queries.cited_needs(round_id))
    applied = list(starmap(Applied, zip(_ventures(terms, needs), applicants, strict=True)))
    made = await _apply(diary, round_id, terms, applied)
    with calendar.rehearsed_at(terms.closes_at):
        await rounds.close_due_rounds(terms.closes_at)
    await _screen(bureau, diary, round_id, made, applicants)
    return Round(round_id, terms, dict(zip(made, applied, strict=True)))


def _terms(diary: Diary, line: int) -> CallTerms:
    year = diary.fiscal_year
    return CallTerms(
        **VENTURE_CALL.model_dump(),
        title=f"{year} 年太仓市公益创投项目征集",
        summary="面向在民政部门登记的社会组织，征集回应社区真实需求、目标可检验、居民参与的公益项目。\n"
        "A 类为自主申报项目，B 类由镇（街道）根据需求委托征集。资金来自福利彩票公益金，"
        "资助成果须标注“彩票公益金资助—中国福利彩票”。每家机构每年度获资助项目不超过一个。",
        line_id=line,
        total_fen=Fen(_TOTAL_YUAN * YUAN),
        opens_at=moment(date(year - 1, 9, 24), 9),
        closes_at=moment(date(year - 1, 10, 24), 17),
        starts_on=date(year, 1, 10),
        ends_on=date(year, 12, 31),
        office="太仓市民政局社会组织管理科",
        phone="0512-53500000",
        address="太仓市城厢镇县府街 1 号（示例）",
        defence=False,
        categories=(
            Category(code="A", name="自主申报", cap_fen=Fen(_CAPS["A"] * YUAN), places=30),
            Category(
                code="B",
                name="镇街委托",
                cap_fen=Fen(_CAPS["B"] * YUAN),
                places=80,
                commissioned=True,
            ),
        ),
        themes=tuple(Theme(code=code, name=name) for code, name in THEMES),
    )


def _ventures(terms: CallTerms, needs: Sequence[int]) -> list[Venture]:
    """What everybody asks for; the demonstration agency's is the first of category A.

    Projects last eight to twelve months; those of towns, and most others, answer a need.
    """
    made = []
    for n in range(sum(_APPLY.values())):
        category = "A" if n % 10 < 3 and n < 160 else "B"
        cap = _CAPS[category]
        last_month = (12, 9, 10, 11)[n % 4]
        made.append(
            Venture(
                n=n,
                category=category,
                asked_yuan=cap - n * 37 % 90 * 100,
                starts_on=terms.starts_on,
                ends_on=date(terms.ends_on.year, last_month, 9 if last_month < 12 else 20),
                need_id=needs[KINDS[n % len(KINDS)].answers] if category == "B" or n % 4 else None,
            )
        )
    return made


async def _apply(
    diary: Diary, round_id: int, terms: CallTerms, applied: Sequence[Applied]
) -> list[int]:
    """Every agency writes its sections, attaches its papers and submits within the month."""
    papers, made = await papers_of(terms), []
    for one in applied:
        n = one.venture.n
        with diary.autumn(9, 25 + n % 5, 9 + n % 8, n % 60):
            made.append(await drafting.begin_application(one.applicant.boss, round_id))
    await side_by_side(
        _write(diary, application, one, papers)
        for application, one in zip(made, applied, strict=True)
    )
    return made


async def _write(diary: Diary, application: int, applied: Applied, papers: Papers) -> None:
    n = applied.venture.n
    with diary.autumn(10, 1 + n % 8, 9 + n % 8, n % 60):
        await write(application, applied, papers)
    with diary.autumn(10, 9 + n % 15, 9 + n % 8, n % 60):
        await submit(application, applied)


async def _screen(
    bureau: Bureau,
    diary: Diary,
    round_id: int,
    made: Sequence[int],
    applicants: Sequence[Applicant],
) -> None:
    """The office's verdicts: most pass, some are asked for a paper first, some are kept out."""
    for n in _SUPPLEMENTED:
        await _supplement(bureau, diary, made[n], applicants[n])
    officer = bureau[Role.OFFICER]
    await side_by_side(_judge(diary, officer, n, one) for n, one in enumerate(made))
    with diary.autumn(11, 1, 16):
        await screening.begin_review(officer, round_id)


async def _supplement(bureau: Bureau, diary: Diary, application: int, applicant: Applicant) -> None:
    officer = bureau[Role.OFFICER]
    with diary.autumn(10, 27, 10):
        found = await queries.application(officer, application)
        await screening.screen_application(
            officer,
            application,
            "ask_supplement",
            seen_version=found.version,
            reason="社区同意函扫描件不清晰，请补正盖章页",
        )
    with diary.autumn(10, 28, 15):
        name, content = await sample_paper("项目实施社区同意函（补正）")
        await drafting.attach_paper(applicant.boss, application, "CONSENT", name, content)
        found = await queries.application(applicant.boss, application)
        await submitting.send_supplement(
            applicant.boss, application, seen_version=found.version, declared=True
        )


async def _judge(diary: Diary, officer: Actor, n: int, application: int) -> None:
    with diary.autumn(10, 29 + n % 3, 9 + n % 8, n % 60):
        await judge(officer, application)
