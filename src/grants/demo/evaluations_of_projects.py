"""How the ventures of the demonstration are evaluated and settled."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, timedelta

from grants.demo.clock import Diary
from grants.demo.people import Bureau, add_person, open_account
from grants.evaluation import actions, queries
from grants.evaluation.actions import Given
from grants.evaluation.terms import EvaluationKind
from grants.first_venture_policies import VENTURE_EVALUATION
from grants.kernel import calendar
from grants.kernel.identity import Actor, Role
from grants.people.sign_in_pages import DEMO_PASSWORD
from grants.selection.guards import is_extreme
from grants.settlement import actions as settlements

#: Colleagues of the evaluator who signs in.
_NAMES = ("示例·俞评估", "示例·毛评估")
_FINDINGS = (
    "进度与计划一致，服务记录完整，抽查名册与签到相符；建议加强对服务对象变化的跟踪。",
    "产出基本达到阶段指标，票据规范；志愿者稳定性不足，建议与社区共同招募。",
    "专业方法运用得当，个案记录详实；个别支出佐证偏简，已当场补正。",
)
_FAILING = "阶段指标完成不足一半，签到与名册不符，部分支出没有佐证，应限期整改。"
_DAY = timedelta(days=1)


async def lay_evaluators(bureau: Bureau, diary: Diary) -> Sequence[Actor]:
    """The evaluator who signs in, and two colleagues."""
    found = [bureau[Role.EVALUATOR]]
    keeper, granter, roles = bureau[Role.SYS_ADMIN], bureau[Role.SEC_ADMIN], (Role.EVALUATOR,)
    with diary.at(date(diary.fiscal_year, 1, 5), 9):
        for n, name in enumerate(_NAMES, start=1):
            person_id = await add_person(keeper, name, 640 + n)
            found.append(
                await open_account(keeper, granter, f"evaluator{n}", name, person_id, roles)
            )
    return found


async def evaluate(
    bureau: Bureau,
    diary: Diary,
    evaluator: Actor,
    award_id: int,
    kind: EvaluationKind,
    day: date,
    level: float,
    *,
    confirm: bool = True,
) -> None:
    """Assigned twelve days before, filled and signed on the day, confirmed four days later.

    `level` is what of a hundred points it deserves. What lies ahead has not happened yet.
    """
    officer, head = bureau[Role.OFFICER], bureau[Role.SECTION_HEAD]
    asked, confirmed = day - 12 * _DAY, day + 4 * _DAY
    if asked > diary.last_day:
        return
    with diary.at(asked, 10):
        evaluation = await actions.assign(
            officer, award_id, kind, evaluator.person_id, due_on=day + 5 * _DAY, today=asked
        )
    if day > diary.last_day:
        return
    with diary.at(day, 16):
        given = _given(kind, level)
        await actions.fill(evaluator, evaluation, given, seen_version=1)
        await actions.sign(evaluator, evaluation, DEMO_PASSWORD)
    if confirm and confirmed <= diary.last_day:
        with diary.at(confirmed, 11):
            version = (await queries.evaluation(head, evaluation)).version
            await actions.confirm(head, evaluation, seen_version=version, today=confirmed)


def _given(kind: EvaluationKind, level: float) -> Given:
    """Points around a level, with words where they are extreme."""
    chance = random.Random(f"{level}/{kind}")
    points: dict[str, int] = {}
    words: dict[str, str] = {}
    for one in VENTURE_EVALUATION.criteria(kind):
        share = (level + chance.gauss(0, 2)) / 100
        points[one.code] = min(max(round(one.points * share), 1), one.points)
        if is_extreme(points[one.code], one):
            words[one.code] = f"{one.name}：资料齐全，做法可以推广。"
    finding = _FAILING if level < 60 else chance.choice(_FINDINGS)
    return Given(points, words, finding)


async def settle(bureau: Bureau, diary: Diary, award_id: int, day: date, *, decide: bool) -> None:
    """What the project actually gets, proposed on a day and approved three days later."""
    if day > diary.last_day:
        return
    with diary.at(day, 10):
        settlement = await settlements.propose_settlement(
            bureau[Role.OFFICER],
            award_id,
            note=f"示例会计师事务所专项审计报告〔{day.year}〕{award_id}号，无重大问题",
            today=day,
        )
    approved = day + 3 * _DAY
    if decide and approved <= diary.last_day:
        with diary.at(approved, 15):
            await settlements.decide_settlement(
                bureau[Role.SECTION_HEAD], settlement, "approve", today=calendar.today()
            )
