"""The review of this year's round: panel, scores, decision, public notice, two objections."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from grants.decisions import meeting, publicising, variants
from grants.decisions import queries as decisions
from grants.demo.clock import Diary, side_by_side
from grants.demo.experts import score, sheets_of
from grants.demo.finished_round import Round
from grants.demo.people import Bureau
from grants.kernel import calendar
from grants.kernel.identity import Actor, Role
from grants.people.sign_in_pages import DEMO_PASSWORD
from grants.publicity import notices, objections
from grants.publicity import queries as publicity
from grants.publicity.objections import Objected
from grants.selection import panels, queries, scoring, seats
from grants.selection.ranking import ranking_of
from grants.selection.rules import TieKind
from grants.selection.seats import Declared

#: Decides the draw: with it the expert who signs in sits in the panel.
_SEED = "福彩公益金·太仓·1"
#: By their place in the list of the decision: about whom the public objects.
_DOUBTED, _WRONG = 11, 44


async def review(bureau: Bureau, diary: Diary, found: Round, experts: Mapping[int, Actor]) -> None:
    """From the draw of the panel to the end of the public notice of whoever moved up."""
    await _score(bureau, diary, found, experts)
    decision = await _decide(bureau, diary, found)
    await _publicise(bureau, diary, decision)


async def _score(bureau: Bureau, diary: Diary, found: Round, experts: Mapping[int, Actor]) -> None:
    officer = bureau[Role.OFFICER]
    with diary.autumn(11, 2, 10):
        panel_id = await panels.draw_panel(
            officer,
            found.id,
            name="第一评审组",
            categories=["A", "B"],
            today=calendar.today(),
            seed=_SEED,
        )
    await _declare(diary, found, panel_id, experts)
    with diary.autumn(11, 5, 9):
        panel = await queries.panel(panel_id)
        await panels.begin_scoring(officer, panel_id, seen_version=panel.version)
    members = [
        (experts[seat.person_id], seat.place)
        for seat in await queries.members(panel_id)
        if seat.state == "CONFIRMED"
    ]
    await side_by_side(_read_all(diary, found, panel_id, one, place) for one, place in members)
    for n, (expert, _) in enumerate(members):
        with diary.autumn(11, 18, 10 + n):
            await scoring.sign_sheets(expert, panel_id, DEMO_PASSWORD)
    await _comment_on_spread(diary, found, panel_id, experts)


async def _declare(diary: Diary, found: Round, panel_id: int, experts: Mapping[int, Actor]) -> None:
    """The last of the draw has a brother at an applicant: a substitute follows, and declares."""
    (*first, last) = await queries.members(panel_id)
    applicant = next(iter(found.applied.values())).applicant.organisation_id
    kin = Declared(applicant, TieKind.KIN)
    for n, seat in enumerate((last, *first)):
        with diary.autumn(11, 3, 9 + n % 8, n):
            ties = [kin] if seat is last else []
            await seats.declare(experts[seat.person_id], panel_id, ties, today=calendar.today())
    with diary.autumn(11, 4, 15):
        for seat in await queries.members(panel_id):
            if seat.state == "DRAWN":
                expert = experts[seat.person_id]
                await seats.declare(expert, panel_id, [], today=calendar.today())


async def _read_all(diary: Diary, found: Round, panel_id: int, expert: Actor, place: int) -> None:
    """One expert reads and scores, some twenty projects a day."""
    sheets = await sheets_of(expert, panel_id)
    for day in range(8):
        with diary.autumn(11, 6 + day, 9 + place % 7, place):
            await score(expert, place, sheets[day * 20 : day * 20 + 20], found.terms)


async def _comment_on_spread(
    diary: Diary, found: Round, panel_id: int, experts: Mapping[int, Actor]
) -> None:
    """The chair says something where the scores lie far apart."""
    (chair,) = [seat for seat in await queries.members(panel_id) if seat.is_chair]
    ranking = await ranking_of(found.id, found.terms)
    with diary.autumn(11, 20, 14):
        for line in ranking.lines:
            if line.needs_comment:
                await scoring.comment_as_chair(
                    experts[chair.person_id],
                    panel_id,
                    line.ranked.application_id,
                    "评审组合议：一位成员认为服务对象与往年项目重复，其余成员认为社区不同、"
                    "需求属实；去掉最高最低分后名次成立。",
                )


async def _decide(bureau: Bureau, diary: Diary, found: Round) -> int:
    """Two variants beside each other, one of them before the meeting; answers the decision."""
    officer, year = bureau[Role.OFFICER], diary.fiscal_year - 1
    with diary.autumn(11, 24, 10):
        await _begin_lower_variant(officer, found)
        variant = await variants.begin_variant(officer, found.id, "方案一：按推荐额足额资助")
    with diary.autumn(12, 1, 9):
        version = (await decisions.variant(variant)).version
        minutes = meeting.Meeting(f"局长办公会纪要〔{year}〕21号", date(year, 12, 1), {})
        decision = await meeting.propose_decision(officer, variant, minutes, seen_version=version)
    with diary.autumn(12, 2, 15):
        await meeting.adopt_decision(bureau[Role.SECTION_HEAD], decision, today=calendar.today())
    return decision


async def _begin_lower_variant(officer: Actor, found: Round) -> None:
    """Nine tenths of what is recommended, for comparison."""
    lower = await variants.begin_variant(officer, found.id, "方案二：按九成资助，留作机动")
    begun = await decisions.variant(lower)
    choice = begun.choice.model_copy(update={"share_permille": 900})
    await variants.choose(officer, lower, choice, seen_version=begun.version)


async def _publicise(bureau: Bureau, diary: Diary, decision: int) -> None:
    """Public for five workdays; one objection is dismissed, one upheld: the reserve moves up."""
    notice = await _publish(bureau, diary, decision, 3)
    listed = await publicity.entries(notice)
    with diary.autumn(12, 5, 11):
        doubted = await objections.raise_objection(
            notice,
            Objected(
                "示例·居民甲",
                "0512-53500009",
                "该机构去年在我们社区的活动签到表与实际人数不符，请核查其申报的受益人数。",
                listed[_DOUBTED].id,
            ),
            network="demonstration",
        )
    with diary.autumn(12, 8, 10):
        wrong = await objections.write_down(
            bureau[Role.OFFICER],
            notice,
            Objected(
                "示例·居民乙",
                "0512-53500010",
                "该项目的社区同意函不是我们居委会出具的，所附盖章与居委会现用印章不一致。",
                listed[_WRONG].id,
            ),
            channel="LETTER",
            received_on=calendar.today(),
        )
    deputy = bureau[Role.SECTION_HEAD]
    with diary.autumn(12, 9, 16):
        await objections.judge(
            deputy,
            doubted,
            "dismiss",
            finding="调阅签到原始记录并走访居委会，人数差异系两场活动合并登记所致，受益人数属实。",
        )
    await _end_of(diary, notice)
    with diary.autumn(12, 14, 10):
        await objections.judge(
            deputy,
            wrong,
            "uphold",
            finding="经向居委会核实，同意函所盖印章已于上年停用，该函非居委会出具，材料不实。",
        )
    await _end_of(diary, await _publish(bureau, diary, decision, 15))


async def _publish(bureau: Bureau, diary: Diary, decision: int, day: int) -> int:
    with diary.autumn(12, day, 9):
        notice = await publicising.draw_up_notice(bureau[Role.OFFICER], decision)
    with diary.autumn(12, day, 15):
        version = (await publicity.notice(notice)).version
        await notices.publish_notice(
            bureau[Role.SECTION_HEAD], notice, seen_version=version, today=calendar.today()
        )
    return notice


async def _end_of(diary: Diary, notice: int) -> None:
    """The clock ends a notice on the first minute after its last day."""
    last = (await publicity.notice(notice)).last_day
    assert last is not None
    with diary.at(last + timedelta(days=1), 0, 1):
        await notices.end_notices(calendar.now())
