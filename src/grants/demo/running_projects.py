"""The ventures of the year as they run: paid, spending, reporting, changed, ended."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from grants.awards import endings
from grants.awards import queries as award_queries
from grants.awards.rules import EndCause
from grants.delivery import changing, queries, receipts, reporting
from grants.delivery.receipts import Receipt
from grants.delivery.terms import HeldActivity, Reached, ReportBody
from grants.demo import names
from grants.demo.agreements_of_the_round import Project
from grants.demo.awards_of_the_year import end_early
from grants.demo.clock import Diary, side_by_side
from grants.demo.evaluations_of_projects import evaluate, lay_evaluators, settle
from grants.demo.papers import Paper, print_paper
from grants.demo.payments_of_the_year import pay_in_one_batch
from grants.demo.people import Bureau
from grants.evaluation.terms import EvaluationKind
from grants.kernel.identity import Actor, Role
from grants.kernel.money import Fen
from grants.platform import files, inbox
from grants.platform.audit import Case

#: By their place among the projects: two spend too little until the mid-term; one fails it and
#: makes up for it; one fails twice and is ended; two spend so little in all that money comes back.
_SLOW = frozenset({21, 73})
_FAILS_ONCE, _FAILS_TWICE = 58, 9
#: Its mid-term failed, and nobody has looked at it since.
_LEFT_FAILED = 85
_THRIFTY = frozenset({17, 41})
_CHANGED = frozenset({0, 33, 70})
_DAY = timedelta(days=1)

_RECEIPT = Paper(
    purpose="receipt",
    file_name="发票.pdf",
    title="发票（样张）",
    number="26320000",
    facts=(("购买方", "项目承担机构"), ("项目", "演示用样张")),
    signers=("开票人",),
)
#: What a receipt of a cost line is for.
_ITEMS = {
    "L1": ("示例·项目社工", "项目社工补贴"),
    "L2": ("太仓市示例文化用品商店", "活动物资与场地"),
    "L3": ("示例社会工作协会", "督导费"),
    "L4": ("志愿者（名册附后）", "志愿者交通补贴"),
    "L7": ("太仓市示例物业公司", "办公水电"),
}


@dataclass(frozen=True)
class Course:
    """The days on which things happen to the `n`th project."""

    n: int
    project: Project

    @property
    def award_id(self) -> int:
        """Its award."""
        return self.project.award_id

    @property
    def boss(self) -> Actor:
        """Who acts for its agency."""
        return self.project.applicant.boss

    @property
    def ends(self) -> date:
        """Its last day."""
        return self.project.venture.ends_on

    @property
    def midterm(self) -> date:
        """The day of the mid-term evaluation: two fifths of the project are over."""
        first = self.project.venture.starts_on
        return first + (self.ends - first) * 2 // 5

    @property
    def final(self) -> date:
        """The day of the final evaluation, two weeks after the end or some days more."""
        return self.ends + (13 + self.n % 7) * _DAY

    @property
    def level(self) -> float:
        """How many of a hundred points its evaluations come to."""
        return min(max(random.Random(self.n).gauss(85, 7), 66), 97)


@dataclass(frozen=True)
class Stage:
    """What everything below works with."""

    bureau: Bureau
    diary: Diary
    evaluators: Sequence[Actor]
    receipt: bytes

    def is_ahead(self, day: date) -> bool:
        """Whether a day has not come yet."""
        return day > self.diary.last_day

    async def evaluate(
        self, course: Course, kind: EvaluationKind, day: date, level: float, *, confirm: bool
    ) -> None:
        """An evaluation by whoever's turn it is."""
        evaluator = self.evaluators[(course.n + day.month) % len(self.evaluators)]
        await evaluate(
            self.bureau, self.diary, evaluator, course.award_id, kind, day, level, confirm=confirm
        )


async def run_projects(bureau: Bureau, diary: Diary, projects: Sequence[Project]) -> None:
    """Everything that happened to the projects by the last day of the diary."""
    stage = Stage(bureau, diary, await lay_evaluators(bureau, diary), await print_paper(_RECEIPT))
    courses = [Course(n, project) for n, project in enumerate(projects)]
    by_end: dict[date, list[Course]] = {}
    for course in courses:
        by_end.setdefault(course.ends, []).append(course)
    first = min(date(diary.fiscal_year, 1, 14), diary.last_day - _DAY)
    await _pay(stage, courses, 1, first)
    await side_by_side(_first_half(stage, course) for course in courses)
    for _, group in sorted(by_end.items()):
        await _pay(stage, courses, 2, group[0].midterm + 12 * _DAY)
    await _pay(stage, courses, 2, max(course.midterm for course in courses) + 40 * _DAY)
    await side_by_side(_second_half(stage, course) for course in courses)
    for ends, group in sorted(by_end.items()):
        await _pay(stage, courses, 3, ends + 34 * _DAY)
        await _complete(stage, group, ends + 40 * _DAY)
    with diary.at(diary.ago(1), 17):
        for role in (Role.EVALUATOR, Role.APPLICANT_ORG, Role.SECTION_HEAD, Role.OFFICER):
            await inbox.mark_all_read(bureau[role])


async def _pay(stage: Stage, courses: Iterable[Course], sequence: int, day: date) -> None:
    """Pay a part of every project whose condition was met, if the bank answers in time."""
    if stage.is_ahead(day + _DAY):
        return
    parts = []
    for course in courses:
        part = (await award_queries.instalments(course.award_id))[sequence - 1]
        met_on = part.condition_met_on
        if part.state == "OPEN" and met_on and met_on <= day - 3 * _DAY:
            parts.append(part.id)
    if parts:
        await pay_in_one_batch(stage.bureau, stage.diary, parts, day)


async def _complete(stage: Stage, courses: Iterable[Course], day: date) -> None:
    """Close the awards of which everything is paid."""
    if stage.is_ahead(day):
        return
    officer = stage.bureau[Role.OFFICER]
    with stage.diary.at(day, 15):
        for course in courses:
            award = await award_queries.award(officer, course.award_id)
            if award.state == "ACTIVE" and award.paid_fen == award.amount_fen:
                await endings.complete_award(officer, award.id)


async def _first_half(stage: Stage, course: Course) -> None:
    """Receipts and a report, then the mid-term evaluation."""
    share = 20 if course.n in _SLOW else 46 + course.n % 9
    await _spend(stage, course, {"L1": share, "L2": share}, course.midterm - 16 * _DAY)
    await _report(stage, course, course.midterm - 14 * _DAY)
    if course.n in _CHANGED:
        await _change_leader(stage, course)
    midterm, kind = course.midterm, EvaluationKind.MIDTERM
    if course.n not in (_FAILS_ONCE, _FAILS_TWICE, _LEFT_FAILED):
        confirm = course.n not in _SLOW
        await stage.evaluate(course, kind, midterm, course.level, confirm=confirm)
        return
    again, ended = midterm + 35 * _DAY, midterm + 48 * _DAY
    await stage.evaluate(course, kind, midterm, 51, confirm=True)
    if course.n == _LEFT_FAILED:
        return
    level = 54 if course.n == _FAILS_TWICE else 78
    await stage.evaluate(course, kind, again, level, confirm=True)
    if course.n == _FAILS_TWICE and not stage.is_ahead(ended):
        reason = "中期评估两次不合格，整改不到位，依协议终止项目"
        await end_early(stage.bureau, stage.diary, course.award_id, ended, reason, EndCause.FAULT)


async def _second_half(stage: Stage, course: Course) -> None:
    """The rest of the receipts, the last report, the final evaluation, the settlement."""
    if course.n in (_FAILS_TWICE, _LEFT_FAILED) or course.n in _SLOW:
        return
    if stage.is_ahead(course.ends):
        await _bring_lately(stage, course)
        return
    rest, whole = (15, 40) if course.n in _THRIFTY else (43, 96)
    spent = {"L1": rest, "L2": rest, "L3": whole, "L4": whole, "L7": whole}
    await _spend(stage, course, spent, course.ends + 2 * _DAY)
    await _report(stage, course, course.ends + 3 * _DAY)
    confirm = course.n % 11 != 10
    await stage.evaluate(course, EvaluationKind.FINAL, course.final, course.level, confirm=confirm)
    if confirm:
        day, decide = course.final + 6 * _DAY, course.n % 13 != 12
        await settle(stage.bureau, stage.diary, course.award_id, day, decide=decide)


async def _spend(stage: Stage, course: Course, shares: Mapping[str, int], day: date) -> None:
    """Enter a receipt for so many hundredths of each cost line; judged five days later."""
    if stage.is_ahead(day):
        return
    entered = await _enter_receipts(stage, course, shares, day)
    judged = day + 5 * _DAY
    if stage.is_ahead(judged):
        return
    officer = stage.bureau[Role.OFFICER]
    with stage.diary.at(judged, 14):
        for spending, amount in entered:
            verb, admitted, reason = "admit", None, ""
            if amount % 23 == 7:
                verb, reason = "admit_part", "含餐费，超出部分不予列支"
                admitted = Fen(amount * 9 // 10)
            await receipts.judge_spending(
                officer, spending, verb, seen_version=1, admitted_fen=admitted, reason=reason
            )


async def _enter_receipts(
    stage: Stage, course: Course, shares: Mapping[str, int], day: date
) -> list[tuple[int, Fen]]:
    """The receipts with their originals; answers ids and amounts."""
    entered = []
    with stage.diary.at(day, 10 + course.n % 7):
        budget = (await queries.project(course.boss, course.award_id)).plan.budget
        spent_on = min(day, course.ends) - 3 * _DAY
        for line, share in shares.items():
            amount = Fen(budget.get(line, 0) * share // 100)
            if not amount:
                continue
            payee, item = _ITEMS[line]
            number = f"{day:%y%m%d}{course.n:03d}{line[1:]:0>2}"
            receipt = Receipt(line, spent_on, payee, item, amount, f"2632000{number}")
            spending = await receipts.enter_spending(
                course.boss, course.award_id, receipt, today=day
            )
            original = stage.receipt + f"\n% {number}\n".encode()
            case = Case(receipts.KIND, spending)
            await files.attach(course.boss, case, f"发票-{number}.pdf", original, "receipt")
            entered.append((spending, amount))
    return entered


async def _report(stage: Stage, course: Course, day: date, *, accept: bool = True) -> None:
    """Tell what was held and reached; accepted four days later."""
    if stage.is_ahead(day):
        return
    venture = course.project.venture
    first = venture.starts_on if day < course.midterm else course.midterm
    last = min(day, course.ends) - _DAY
    share = min((last - venture.starts_on) / (course.ends - venture.starts_on), 1)
    body = ReportBody(
        period_from=first,
        period_to=last,
        summary=f"本期按计划开展服务，{venture.kind.output[0]}累计完成约"
        f"{round(share * 100)}%，服务对象参与稳定，居委会每月到场一次。",
        difficulties="雨季户外活动改期两次，已补办。" if course.n % 3 else "",
        activities=tuple(
            HeldActivity(
                what=what,
                held_on=first + (last - first) * part // 4,
                place=venture.community,
                person_times=20 + 7 * part + course.n % 11,
            )
            for part, what in enumerate(venture.kind.activities, start=1)
        ),
        reached=(
            Reached(name=venture.kind.output[0], so_far=round(venture.output * share)),
            Reached(name="直接受益", so_far=round(venture.people * min(share + 0.2, 1))),
        ),
    )
    with stage.diary.at(day, 15):
        report = await reporting.write_report(course.boss, course.award_id, body, submit=True)
    if accept and not stage.is_ahead(day + 4 * _DAY):
        with stage.diary.at(day + 4 * _DAY, 10):
            await reporting.judge_report(
                stage.bureau[Role.OFFICER], report, "accept", seen_version=2
            )


async def _change_leader(stage: Stage, course: Course) -> None:
    """Another leader, asked for after the report and approved a week later."""
    asked = course.midterm - 12 * _DAY
    if stage.is_ahead(asked):
        return
    with stage.diary.at(asked, 11):
        plan = (await queries.project(course.boss, course.award_id)).plan
        change, _ = await changing.propose_change(
            course.boss,
            course.award_id,
            plan.model_copy(update={"leader": names.demo_person(course.n + 90)}),
            effective_on=asked + 30 * _DAY,
            reason="原项目负责人产假，由同机构持证社工接任",
            today=asked,
        )
    if not stage.is_ahead(asked + 7 * _DAY):
        with stage.diary.at(asked + 7 * _DAY, 16):
            head = stage.bureau[Role.SECTION_HEAD]
            await changing.decide_change(head, change, "approve", note="同意变更项目负责人")


async def _bring_lately(stage: Stage, course: Course) -> None:
    """What came in during the last days and waits for the office."""
    day = stage.diary.ago(1)
    if day < course.midterm + 20 * _DAY:
        return
    if course.n % 6 == 0:
        await _enter_receipts(stage, course, {"L2": 15, "L4": 30}, day)
    if course.n % 9 == 0:
        await _report(stage, course, day, accept=False)
