"""A small round for micro projects whose panel is scoring while the demonstration is looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from grants.applications import drafting, screening
from grants.calls import rounds
from grants.calls.terms import CallTerms, Category, Theme
from grants.demo.applying import Applied, judge, papers_of, submit, write
from grants.demo.budget import YUAN
from grants.demo.calls_of_the_year import THEMES, announce
from grants.demo.clock import Diary, moment, side_by_side
from grants.demo.experts import score, sheets_of
from grants.demo.finished_round import Round
from grants.demo.people import Bureau
from grants.demo.ventures import Venture
from grants.first_venture_policies import VENTURE_CALL
from grants.kernel import calendar
from grants.kernel.identity import Actor, Role
from grants.kernel.money import Fen
from grants.people.sign_in_pages import DEMO_PASSWORD
from grants.selection import defence, panels, queries, scoring, seats

_PLACES, _CAP_YUAN, _APPLY = 8, 10_000, 14
#: Decides the draw: with it the expert who signs in sits in the panel.
_SEED = "社区微项目·太仓·1"
#: Of which places in the draw everything is scored and signed, and how far the others are.
_SIGNED = 3
_FAR = (5, 9, 0)


async def lay_round_in_review(
    bureau: Bureau, diary: Diary, line: int, before: Round, experts: Mapping[int, Actor]
) -> None:
    """Agencies that won nothing in the large round apply again; the panel is half through."""
    terms = _terms(diary, line)
    drafted, published = moment(diary.ago(23), 14), moment(diary.ago(22), 9)
    round_id = await announce(bureau, diary.fiscal_year + 1, terms, drafted, published)
    applied = _ventures(terms, before)
    made = await _apply(diary, round_id, terms, applied)
    with calendar.rehearsed_at(terms.closes_at):
        await rounds.close_due_rounds(terms.closes_at)
    await _screen(bureau, diary, round_id, made)
    await _review(bureau, diary, round_id, terms, experts)


def _terms(diary: Diary, line: int) -> CallTerms:
    year, closes = diary.fiscal_year + 1, diary.ago(11)
    rules = VENTURE_CALL.model_copy(update={"months_least": 3, "months_most": 9})
    return CallTerms(
        **rules.model_dump(),
        title=f"{year} 年太仓市社区微项目征集（第一批）",
        summary="支持社会组织在一个社区、用不超过一万元、解决一件居民提出的小事。"
        "评审采用匿名文本评审与现场答辩相结合。",
        line_id=line,
        total_fen=Fen(_PLACES * _CAP_YUAN * YUAN),
        opens_at=moment(diary.ago(21), 9),
        closes_at=moment(closes, 17),
        starts_on=max(date(year, 3, 1), diary.last_day + timedelta(days=60)),
        ends_on=date(year, 12, 20),
        office="太仓市民政局社会组织管理科",
        phone="0512-53500000",
        address="太仓市城厢镇县府街 1 号（示例）",
        categories=(
            Category(code="M", name="社区微项目", cap_fen=Fen(_CAP_YUAN * YUAN), places=_PLACES),
        ),
        themes=tuple(Theme(code=code, name=name) for code, name in THEMES),
    )


def _ventures(terms: CallTerms, before: Round) -> list[Applied]:
    """Small projects of agencies from the end of the list of the large round."""
    agencies = [one.applicant for one in before.applied.values()][-_APPLY:]
    return [
        Applied(
            Venture(
                n=203 + n,
                category="M",
                asked_yuan=_CAP_YUAN - n % 5 * 400,
                starts_on=terms.starts_on,
                ends_on=terms.starts_on + timedelta(days=180),
                need_id=None,
            ),
            agency,
        )
        for n, agency in enumerate(agencies)
    ]


async def _apply(
    diary: Diary, round_id: int, terms: CallTerms, applied: Sequence[Applied]
) -> list[int]:
    papers, made = await papers_of(terms), []
    for n, one in enumerate(applied):
        with diary.at(diary.ago(19), 9 + n % 7, n):
            made.append(await drafting.begin_application(one.applicant.boss, round_id))
            await write(made[-1], one, papers)
        with diary.at(diary.ago(13), 9 + n % 7, n):
            await submit(made[-1], one)
    return made


async def _screen(bureau: Bureau, diary: Diary, round_id: int, made: Sequence[int]) -> None:
    officer = bureau[Role.OFFICER]
    for n, application in enumerate(made):
        with diary.at(diary.ago(9), 9 + n % 7, n):
            await judge(officer, application)
    with diary.at(diary.ago(8), 16):
        await screening.begin_review(officer, round_id)


async def _review(
    bureau: Bureau, diary: Diary, round_id: int, terms: CallTerms, experts: Mapping[int, Actor]
) -> None:
    """Drawn, declared, a timetable for the defence; some have signed, others are under way."""
    officer = bureau[Role.OFFICER]
    with diary.at(diary.ago(7), 10):
        panel_id = await panels.draw_panel(
            officer,
            round_id,
            name="微项目评审组",
            categories=["M"],
            today=calendar.today(),
            seed=_SEED,
        )
    for n, seat in enumerate(await queries.members(panel_id)):
        with diary.at(diary.ago(6), 9 + n, 20):
            expert = experts[seat.person_id]
            await seats.declare(expert, panel_id, [], today=calendar.today())
    with diary.at(diary.ago(5), 9):
        panel = await queries.panel(panel_id)
        await panels.begin_scoring(officer, panel_id, seen_version=panel.version)
        starts_at = moment(diary.last_day + timedelta(days=9), 9)
        plan = defence.Plan(starts_at, minutes=15, per_day=14, room="民政局三楼会议室")
        await defence.draw_timetable(officer, panel_id, plan)
    members = [experts[seat.person_id] for seat in await queries.members(panel_id)]
    own = bureau[Role.EXPERT].person_id
    others = [one for one in members if one.person_id != own]
    await side_by_side(
        _read(diary, panel_id, terms, place, expert)
        for place, expert in enumerate([*others, bureau[Role.EXPERT]])
    )


async def _read(diary: Diary, panel_id: int, terms: CallTerms, place: int, expert: Actor) -> None:
    """Whoever comes first has signed; the last, who signs in, has scored what is left to see."""
    sheets = await sheets_of(expert, panel_id)
    with diary.at(diary.ago(3), 10 + place):
        done = len(sheets) if place < _SIGNED else _FAR[place % len(_FAR)]
        await score(expert, place, sheets[:done], terms)
        if place < _SIGNED:
            await scoring.sign_sheets(expert, panel_id, DEMO_PASSWORD)
