"""The verbs of evaluations: assign, fill in, sign, confirm; the grade opens the next part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from grants.awards import actions as awards
from grants.awards import instalments
from grants.awards import queries as award_queries
from grants.awards.queries import Instalment
from grants.awards.workflow import AwardState, InstalmentState
from grants.delivery import queries as delivery
from grants.evaluation import queries
from grants.evaluation.queries import Evaluation
from grants.evaluation.rules import (
    EvaluationCase,
    comes_in_turn,
    evaluator_is_independent,
    grade_of,
    left_open,
    passes,
    spent_enough,
)
from grants.evaluation.terms import EvaluationKind, EvaluationRules, Grade
from grants.evaluation.workflow import EVALUATION, EvaluationState
from grants.kernel import calendar
from grants.kernel.errors import N_, Conflict, NotFound, Refusal, RuleBroken
from grants.kernel.identity import Actor, Role
from grants.kernel.identity import Permission as P
from grants.people.signature import sign_as
from grants.platform import db, inbox
from grants.platform.audit import Case, record
from grants.platform.policy import policy_on
from grants.selection.guards import points_fault

KIND = "evaluation"
POLICY = "venture_evaluation"

db.explain_constraint(
    "evaluation_one_open",
    Conflict,
    "evaluation.open",
    N_("An evaluation of this kind is under way already."),
)


@dataclass(frozen=True)
class Given:
    """What an evaluator gives: points, the words to extremes, and what he found."""

    points: Mapping[str, int]
    words: Mapping[str, str]
    finding: str


async def assign(
    actor: Actor,
    award_id: int,
    kind: EvaluationKind,
    evaluator_person: int,
    *,
    due_on: date,
    today: date,
) -> int:
    """Ask somebody independent to evaluate a running project; answers the evaluation's id.

    Raises NotAllowed where the person is tied to it, RuleBroken for a project that does not run,
    an evaluation out of turn or passed already, Conflict while one is under way.
    """
    actor.need(P.EVALUATION_ASSIGN)
    policy = await policy_on(POLICY, EvaluationRules, today)
    async with db.unit_of_work(actor):
        await award_queries.award(actor, award_id, lock=True)
        project = await delivery.project(actor, award_id)
        if project.award.state != AwardState.ACTIVE:
            raise RuleBroken("project.ended", N_("This project does not run any more."))
        if due_on < today:
            raise RuleBroken("evaluation.due", N_("This day is over."), field="due_on")
        if evaluator_person not in {one for one, _ in await queries.evaluators(today)}:
            raise NotFound()
        ties = await queries.ties_of(
            evaluator_person,
            award_id,
            assigner=actor.person_id,
            on=today,
            years=policy.body.independence_years,
        )
        refusal = evaluator_is_independent(ties) or await _out_of_turn(award_id, kind)
        if refusal:
            raise refusal
        evaluation_id = await db.value(
            """
            INSERT INTO evaluation (number, award, kind, evaluator_person, points, words, finding,
                policy_version, state, assigned_by_person, assigned_at, due_on, reason, version)
            VALUES ($1, $2, $3, $4, '{}', '{}', '', $5, 'ASSIGNED', $6, $7, $8, '', 1)
            RETURNING id
            """,
            f"评〔{today.year}〕{await db.next_number(f'evaluation-{today.year}'):04d}",
            award_id,
            kind,
            evaluator_person,
            policy.version_id,
            actor.person_id,
            calendar.now(),
            due_on,
        )
        await record(actor, Case(KIND, evaluation_id), "assign", after=EvaluationState.ASSIGNED)
        for user_id in await _accounts_of(evaluator_person):
            await inbox.tell(
                user_id,
                f"evaluation:{evaluation_id}",
                N_("You are asked to evaluate {project} by {day}."),
                f"/evaluations/{evaluation_id}",
                {"project": project.award.title, "day": due_on.isoformat()},
            )
    return int(evaluation_id)


async def _out_of_turn(award_id: int, kind: EvaluationKind) -> Refusal | None:
    before = await queries.confirmed(award_id, kind)
    if before and passes(grade_of(before.total or 0, before.rules)):
        return RuleBroken("evaluation.passed", N_("This evaluation is passed already."))
    begun = await queries.begun(award_id)
    return comes_in_turn(
        kind,
        midterm_open=any(
            one == EvaluationKind.MIDTERM and state != EvaluationState.CONFIRMED
            for one, state in begun
        ),
        midterm_owed=bool(await _waiting_for(award_id, EvaluationKind.MIDTERM)),
        final_begun=any(one == EvaluationKind.FINAL for one, _ in begun),
        final_over=before is not None and not await _waiting_for(award_id, kind),
    )


async def _waiting_for(award_id: int, kind: EvaluationKind) -> list[Instalment]:
    """The parts that wait for an evaluation of this kind."""
    return [
        part
        for part in await award_queries.instalments(award_id)
        if part.opened_by == kind
        and part.state == InstalmentState.OPEN
        and part.condition_met_on is None
    ]


async def _accounts_of(person_id: int) -> list[int]:
    found = await db.rows(
        "SELECT id FROM app_user WHERE person = $1 AND is_active ORDER BY id", person_id
    )
    return [r["id"] for r in found]


async def fill(actor: Actor, evaluation_id: int, given: Given, *, seen_version: int) -> int:
    """Keep what the evaluator has given so far; answers the new version.

    Raises RuleBroken for points outside a criterion, Conflict on a stale page.
    """
    async with db.unit_of_work(actor):
        found = await queries.evaluation(actor, evaluation_id, lock=True)
        criteria = {one.code: one for one in found.rules.criteria(found.kind)}
        for code, points in given.points.items():
            if code not in criteria:
                raise NotFound()
            fault = points_fault(points, criteria[code])
            if fault:
                fault.params["field"] = f"points.{code}"
                raise fault
        EVALUATION.take("fill", found.state, actor, case_of(actor, found, seen_version))
        await db.execute(
            "UPDATE evaluation SET points = $2, words = $3, finding = $4, "
            "version = version + 1 WHERE id = $1",
            evaluation_id,
            dict(given.points),
            {code: text for code, text in given.words.items() if text and code in criteria},
            given.finding,
        )
    return found.version + 1


async def sign(actor: Actor, evaluation_id: int, secret: str) -> None:
    """Sign the whole form: total and grade are fixed by the rules it was assigned under."""
    found = await queries.evaluation(actor, evaluation_id)
    EVALUATION.take("sign", found.state, actor, case_of(actor, found, found.version))
    how = await sign_as(actor, secret, now=calendar.now())
    async with db.unit_of_work(actor):
        found = await queries.evaluation(actor, evaluation_id, lock=True)
        total = sum(found.points.values())
        await _take(
            actor,
            "sign",
            found,
            case_of(actor, found, found.version),
            facts={"total": total, "by": how},
            total=total,
            grade=grade_of(total, found.rules).name,
            signed_at=calendar.now(),
        )
        await inbox.tell_role(
            Role.SECTION_HEAD,
            calendar.today(),
            f"evaluation-signed:{evaluation_id}:{found.version}",
            N_("The evaluation of {project} is signed and waits to be confirmed."),
            f"/evaluations/{evaluation_id}",
            {"project": found.project},
        )


async def send_back(actor: Actor, evaluation_id: int, *, reason: str) -> None:
    """Send a signed evaluation back to the evaluator, with what has to be looked at."""
    async with db.unit_of_work(actor):
        found = await queries.evaluation(actor, evaluation_id, lock=True)
        case = replace(case_of(actor, found, found.version), reason=reason)
        await _take(
            actor, "send_back", found, case, total=None, grade=None, signed_at=None,
            reason=reason.strip(),
        )  # fmt: skip


async def cancel(actor: Actor, evaluation_id: int, *, reason: str) -> None:
    """Call an evaluation off that nobody has signed."""
    async with db.unit_of_work(actor):
        found = await queries.evaluation(actor, evaluation_id, lock=True)
        case = replace(case_of(actor, found, found.version), reason=reason)
        await _take(actor, "cancel", found, case, reason=reason.strip())


async def confirm(actor: Actor, evaluation_id: int, *, seen_version: int, today: date) -> None:
    """Confirm the result: the award gets its grade, a passed mid-term opens its part.

    A failed one opens nothing, and the agency has its days to rectify. Raises RuleBroken while
    too little was spent, NotAllowed for evaluator and assigner, and where the evaluator has
    become tied to the project since.
    """
    async with db.unit_of_work(actor):
        found = await queries.evaluation(actor, evaluation_id, lock=True)
        grade = grade_of(found.total or 0, found.rules)
        objection = await _against_confirming(actor, found, today)
        case = replace(case_of(actor, found, seen_version), objection=objection)
        await _take(
            actor,
            "confirm",
            found,
            case,
            facts={"total": found.total, "grade": grade.name},
            confirmed_by_person=actor.person_id,
            confirmed_at=calendar.now(),
        )
        await awards.record_grade(actor, found.award_id, grade.name, basis=found.number)
        if passes(grade) and found.kind == EvaluationKind.MIDTERM:
            for part in await _waiting_for(found.award_id, EvaluationKind.MIDTERM):
                await instalments.meet_condition(
                    actor, part.id, on=today, evidence=f"{found.number} {grade.name}"
                )
        await inbox.tell_organisation(
            found.organisation_id,
            f"evaluated:{evaluation_id}",
            _outcome(found.kind, grade),
            f"/evaluations/{evaluation_id}",
            {"project": found.project, "grade": grade.name, "days": found.rules.rectify_days},
        )


def _outcome(kind: str, grade: Grade) -> str:
    """What the agency is told."""
    if passes(grade):
        return N_("{project} was graded {grade}.")
    if kind == EvaluationKind.FINAL:
        return N_("{project} was graded {grade}: the last part is not paid.")
    return N_("{project} was graded {grade}: put it right within {days} days.")


async def _against_confirming(actor: Actor, found: Evaluation, today: date) -> Refusal | None:
    """What speaks against a signed result: a tie that came since, or too little spent."""
    ties = await queries.ties_of(
        found.evaluator_person,
        found.award_id,
        assigner=found.assigned_by_person,
        on=today,
        years=found.rules.independence_years,
    )
    dependent = evaluator_is_independent(ties)
    opens = found.kind == EvaluationKind.MIDTERM and passes(grade_of(found.total or 0, found.rules))
    return dependent or (await _against_opening(actor, found) if opens else None)


async def _against_opening(actor: Actor, found: Evaluation) -> Refusal | None:
    project = await delivery.project(actor, found.award_id)
    admitted = sum(one.counts_fen for one in await delivery.uses_of(project))
    return spent_enough(admitted, await queries.first_part_fen(found.award_id), found.rules)


def case_of(actor: Actor, found: Evaluation, seen_version: int) -> EvaluationCase:
    """What a step on this evaluation looks at."""
    criteria = found.rules.criteria(found.kind)
    return EvaluationCase(
        evaluator_person=found.evaluator_person,
        assigned_by_person=found.assigned_by_person,
        actor_person=actor.person_id,
        seen_version=seen_version,
        version=found.version,
        lacking=len(set(left_open(found.points, found.words, found.finding, criteria))),
    )


async def open_steps(actor: Actor, found: Evaluation) -> dict[str, Refusal | None]:
    """Each step that the state allows, with what speaks against it for this person."""
    objection = None
    if found.state == EvaluationState.SIGNED and actor.may(P.PROJECT_DECIDE):
        objection = await _against_confirming(actor, found, calendar.today())
    case = replace(case_of(actor, found, found.version), reason="…" * 5, objection=objection)
    return {
        step.verb: next((r for guard in step.guards if (r := guard(case))), None)
        for step in EVALUATION.open_to(found.state, actor)
    }


async def _take(
    actor: Actor,
    verb: str,
    found: Evaluation,
    case: EvaluationCase,
    facts: dict[str, object] | None = None,
    **columns: object,
) -> None:
    """Take the step; `columns` change in the same statement, as the CHECKs want it."""
    after = EVALUATION.take(verb, found.state, actor, case)
    changed = "".join(f", {name} = ${n}" for n, name in enumerate(columns, start=3))
    await db.execute(
        f"UPDATE evaluation SET state = $2, version = version + 1{changed} WHERE id = $1",
        found.id,
        after,
        *columns.values(),
    )
    await record(
        actor,
        Case(KIND, found.id),
        verb,
        before=found.state,
        after=after,
        reason=case.reason.strip(),
        facts=facts,
    )
