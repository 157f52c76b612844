"""Rules of evaluations: the grade, who may evaluate, what a grade opens. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from grants.calls.terms import Criterion
from grants.evaluation.terms import EvaluationKind, EvaluationRules, Grade
from grants.kernel.errors import N_, Conflict, NotAllowed, Refusal, RuleBroken
from grants.kernel.money import Fen, yuan_text
from grants.selection.guards import is_extreme


def grade_of(total: int, rules: EvaluationRules) -> Grade:
    """The grade of a total.

    Example: at 90, 80 and 60 points, 90 is 优, 89 is 良, 59 is 不合格 (财政部 绩效等级 [V]).
    """
    return next(grade for grade in rules.grades if total >= grade.least)


def passes(grade: Grade) -> bool:
    """Whether a grade lets a project go on: its multiplier is above nothing."""
    return grade.k_permille > 0


def last_part_fen(agreed_fen: int, grade: Grade) -> Fen:
    """What the grade makes of the last part, rounded down to the fen (domain §3.7).

    Example: 12,000.00 at 合格 (800 permille) is 9,600.00.
    """
    return Fen(agreed_fen * grade.k_permille // 1000)


def spent_enough(admitted_fen: int, first_fen: int, rules: EvaluationRules) -> Refusal | None:
    """The next part opens when enough of the first was spent and admitted (domain §3.7).

    Example: of a first part of 30,000.00 at 600 permille, 18,000.00.
    """
    wanted = first_fen * rules.spent_permille // 1000
    if admitted_fen < wanted:
        return RuleBroken(
            "evaluation.unspent",
            N_("{admitted} yuan of receipts is admitted; {wanted} opens the next part."),
            admitted=yuan_text(Fen(admitted_fen)),
            wanted=yuan_text(Fen(wanted)),
        )
    return None


@dataclass(frozen=True)
class Ties:
    """What ties a person to a project: any of it makes an evaluation dependent."""

    of_agency: bool = False
    tied_to_agency: bool = False
    judged_receipts: bool = False
    agreed: bool = False
    assigns: bool = False


def evaluator_is_independent(ties: Ties) -> Refusal | None:
    """Whoever evaluates has no part in what is evaluated (财综〔2018〕42号 [K])."""
    reasons = (
        (ties.of_agency, N_("works for the agency")),
        (ties.tied_to_agency, N_("is tied to the agency")),
        (ties.judged_receipts, N_("has judged receipts of this project")),
        (ties.agreed, N_("has drawn up or approved its agreement")),
        (ties.assigns, N_("assigns the evaluation")),
    )
    for tied, reason in reasons:
        if tied:
            return NotAllowed(
                "evaluation.dependent", N_("This person {reason}; choose another."), reason=reason
            )
    return None


def comes_in_turn(
    kind: str, *, midterm_open: bool, midterm_owed: bool, final_begun: bool, final_over: bool
) -> Refusal | None:
    """The mid-term comes before the final; a failed one is repeated first (domain §3.7).

    `midterm_owed`: a part waits for the mid-term. It could never be opened after the final.
    `final_over`: the final evaluation was confirmed, and what it decides about is settled.
    """
    if kind == EvaluationKind.MIDTERM and final_begun:
        return RuleBroken(
            "evaluation.late", N_("The final evaluation has begun; no mid-term follows it.")
        )
    if kind == EvaluationKind.FINAL and (midterm_open or midterm_owed):
        return RuleBroken(
            "evaluation.early", N_("The mid-term evaluation comes first: it is not passed yet.")
        )
    if kind == EvaluationKind.FINAL and final_over:
        return RuleBroken(
            "evaluation.over", N_("The last part is settled; the evaluation is not repeated.")
        )
    return None


def left_open(
    points: Mapping[str, int],
    words: Mapping[str, str],
    finding: str,
    criteria: Sequence[Criterion],
) -> list[str]:
    """What a form still lacks: criteria without points, extremes without words, the finding."""
    lacking = [one.code for one in criteria if one.code not in points]
    lacking += [
        one.code
        for one in criteria
        if one.code in points
        and is_extreme(points[one.code], one)
        and len(words.get(one.code, "").strip()) < 2
    ]
    return lacking + ([] if len(finding.strip()) >= 10 else ["finding"])


@dataclass(frozen=True)
class EvaluationCase:
    """What a step on an evaluation looks at."""

    evaluator_person: int
    assigned_by_person: int
    actor_person: int
    seen_version: int
    version: int
    lacking: int = 0
    reason: str = ""
    objection: Refusal | None = None


def evaluation_is_fresh(case: EvaluationCase) -> Refusal | None:
    """Nobody acts on a page that somebody else has changed since."""
    if case.seen_version != case.version:
        return Conflict(
            "evaluation.stale",
            N_("Somebody changed this evaluation since you opened it. Look again."),
        )
    return None


def evaluates_oneself(case: EvaluationCase) -> Refusal | None:
    """An evaluation is filled in and signed by whoever it is assigned to."""
    if case.actor_person != case.evaluator_person:
        return NotAllowed("evaluation.not_own", N_("This evaluation is another person's."))
    return None


def form_is_whole(case: EvaluationCase) -> Refusal | None:
    """Only a whole form is signed."""
    if case.lacking:
        return RuleBroken(
            "evaluation.not_whole", N_("{count} lines are still open."), count=case.lacking
        )
    return None


def confirmed_by_a_third(case: EvaluationCase) -> Refusal | None:
    """Neither the evaluator nor whoever chose him confirms the result."""
    if case.actor_person in (case.evaluator_person, case.assigned_by_person):
        return NotAllowed(
            "evaluation.own", N_("You have acted on this evaluation; another person confirms it.")
        )
    return None


def nothing_speaks_against_it(case: EvaluationCase) -> Refusal | None:
    """What the result would open may be opened."""
    return case.objection


def reason_is_given(case: EvaluationCase) -> Refusal | None:
    """The evaluator reads why it comes back, or is called off."""
    if len(case.reason.strip()) < 5:
        return RuleBroken("evaluation.reason", N_("Give the reason in a few words."))
    return None


@dataclass(frozen=True)
class Course:
    """A running project as far as its end is looked at; days are those of the last failure."""

    in_force_on: date
    has_begun: bool
    midterm_failed_on: date | None
    final_failed_on: date | None
    standing: str


@dataclass(frozen=True)
class EndingReason:
    """What speaks for ending a project."""

    code: str
    message: str
    params: Mapping[str, object]


def reasons_to_end(
    course: Course, *, start_days: int, rectify_days: int, today: date
) -> list[EndingReason]:
    """What obliges the office to look at ending a project (domain §3.7); it still decides itself.

    Example: in force since 1 March, nothing spent or reported: from 1 May on at 60 days.
    """
    found = []
    idle = (today - course.in_force_on).days
    if not course.has_begun and idle > start_days:
        message = N_("Nothing was spent or reported in {days} days since the agreement.")
        found.append(EndingReason("not_begun", message, {"days": idle}))
    failed = course.midterm_failed_on
    if failed and (today - failed).days > rectify_days:
        message = N_("The mid-term evaluation failed on {day}; the days to rectify are over.")
        found.append(EndingReason("midterm_failed", message, {"day": failed.isoformat()}))
    if course.final_failed_on:
        message = N_("The final evaluation failed on {day}.")
        day = course.final_failed_on.isoformat()
        found.append(EndingReason("final_failed", message, {"day": day}))
    if course.standing in _LISTED:
        found.append(EndingReason("listed", _LISTED[course.standing], {}))
    return found


_LISTED = {
    "ILLEGAL": N_("The agency is listed for serious breaches."),
    "CLOSED": N_("The agency is dissolved or its registration is revoked."),
}
