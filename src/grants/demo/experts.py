"""The experts of the demonstration: who is in the pool, and how they score."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import date

from grants.calls.terms import CallTerms, Criterion
from grants.demo.clock import Diary
from grants.demo.people import Bureau, add_person, open_account
from grants.kernel.identity import Actor, Role
from grants.kernel.money import Fen
from grants.selection import experts, queries, scoring
from grants.selection.experts import ExpertDetails
from grants.selection.guards import is_extreme
from grants.selection.queries import Sheet
from grants.selection.rules import ROUND_TO_FEN, ExpertKind, TieKind
from grants.selection.scoring import Given

#: Name, kind, employer; the first signs in as `expert`.
_POOL = (
    ("示例·蒋评审", ExpertKind.SOCIAL_WORK, "示例大学社会学院"),
    ("示例·陆教授", ExpertKind.SOCIAL_WORK, "示例师范大学社会工作系"),
    ("示例·顾督导", ExpertKind.SOCIAL_WORK, "示例社会工作协会"),
    ("示例·范会计师", ExpertKind.FINANCE, "示例会计师事务所"),
    ("示例·龚审计师", ExpertKind.FINANCE, "示例审计事务所"),
    ("示例·金主任", ExpertKind.COMMUNITY, "城厢镇示例社区居委会"),
    ("示例·陶书记", ExpertKind.COMMUNITY, "沙溪镇示例社区党委"),
    ("示例·戴科长", ExpertKind.BUREAU, "太仓市示例民政局"),
    ("示例·邹主任", ExpertKind.BUREAU, "太仓市示例民政局"),
    ("示例·石老师", ExpertKind.SOCIAL_WORK, "示例职业技术学院"),
    ("示例·潘秘书长", ExpertKind.OTHER, "示例慈善总会"),
    ("示例·葛律师", ExpertKind.OTHER, "示例律师事务所"),
    ("示例·汤会计", ExpertKind.FINANCE, "示例财务咨询公司"),
    ("示例·严主任", ExpertKind.COMMUNITY, "浏河镇示例社区居委会"),
)
#: Whose employer has advised an agency: the draw leaves him out.
_KEPT_AWAY = 2
#: Scores leave this many points around what a project deserves.
_NOISE = 3.0
#: Where one expert sees nothing of what the others see.
_FAR_BELOW = -24


async def lay_experts(bureau: Bureau, diary: Diary) -> Mapping[int, Actor]:
    """The pool, with an account for each; answers them by person."""
    officer, found = bureau[Role.OFFICER], {}
    with diary.autumn(9, 5, 10):
        for n, (name, kind, employer) in enumerate(_POOL):
            actor = bureau[Role.EXPERT] if n == 0 else await _sign_up(bureau, n, name)
            expert_id = await experts.add_expert(
                officer, actor.person_id, ExpertDetails(kind, employer)
            )
            found[actor.person_id] = actor
            if n == _KEPT_AWAY:
                until = date(diary.fiscal_year - 1, 3, 31)
                await experts.record_tie(
                    officer, expert_id, bureau.agencies[3], TieKind.SUPERVISOR, until
                )
    return found


async def _sign_up(bureau: Bureau, n: int, name: str) -> Actor:
    keeper, granter = bureau[Role.SYS_ADMIN], bureau[Role.SEC_ADMIN]
    person_id = await add_person(keeper, name, 620 + n)
    roles = (Role.EXPERT,)
    return await open_account(keeper, granter, f"expert{n}", name, person_id, roles)


async def score(expert: Actor, place: int, sheets: Sequence[Sheet], terms: CallTerms) -> None:
    """Fill these sheets as the member in this place of the draw sees the projects."""
    for sheet in sheets:
        given = _given(place, sheet, terms)
        await scoring.save_sheet(expert, sheet.id, given, seen_version=sheet.version)


def _given(place: int, sheet: Sheet, terms: CallTerms) -> Given:
    """What a project deserves, as one expert sees it: mild or strict, and never quite alike.

    Three projects of a hundred find one expert far below the others.
    """
    project = int(sheet.number[-4:])
    deserved = random.Random(project).gauss(81, 6.5)
    chance = random.Random(f"{project}/{place}")
    mildness = (2, -3, 0, 4, -1, 1, -2, 3)[place % 8]
    share = min(max(deserved + mildness + chance.gauss(0, _NOISE), 46), 97)
    if project % 37 == 5 and place % 7 == 2:
        share += _FAR_BELOW
    points = {one.code: _points(one, share, chance) for one in terms.rubric}
    extreme = [one for one in terms.rubric if is_extreme(points[one.code], one)]
    wanted = sheet.asked_fen * (88 + chance.randrange(13)) // 100
    return Given(
        points,
        {one.code: _words(points[one.code], one) for one in extreme},
        suggested_fen=Fen(wanted - wanted % ROUND_TO_FEN),
        comment=chance.choice(_COMMENTS) if chance.random() < 0.4 else "",
    )


def _points(criterion: Criterion, share: float, chance: random.Random) -> int:
    points = round(criterion.points * (share + chance.gauss(0, 4)) / 100)
    return min(max(points, 1), criterion.points)


def _words(points: int, criterion: Criterion) -> str:
    if points * 2 > criterion.points:
        return f"{criterion.name}：依据充分，可作示范。"
    return f"{criterion.name}：材料没有回应评分要点。"


_COMMENTS = (
    "需求真实，建议把志愿者培训提前。",
    "方案可行，预算中活动物资可再压减。",
    "指标清楚，建议增加服务对象的前后测。",
    "团队稳定，社区支持明确。",
    "可持续安排需写明由谁接手。",
)


async def sheets_of(expert: Actor, panel_id: int) -> Sequence[Sheet]:
    """The sheets that an expert holds in a panel."""
    seat = await queries.own_seat(expert, panel_id)
    return await queries.sheets_of_member(seat.id)
