"""What obliges the office to look at ending a project: told on its page and once in the inbox."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from grants.delivery.own import POLICY as DELIVERY
from grants.delivery.terms import DeliveryRules
from grants.evaluation.actions import POLICY as EVALUATION
from grants.evaluation.rules import Course, EndingReason, reasons_to_end
from grants.evaluation.terms import EvaluationRules
from grants.kernel import calendar
from grants.kernel.errors import N_
from grants.kernel.identity import SYSTEM, Actor, Role
from grants.kernel.identity import Permission as P
from grants.platform import db, inbox
from grants.platform.jobs import Job, daily
from grants.platform.policy import policy_on
from grants.platform.sections import Section

#: Running projects; an evaluation has failed where none of its kind was passed: $2 points.
_COURSES = """
SELECT w.id AS award_id, w.title, g.activated_at, o.standing,
       EXISTS (SELECT 1 FROM spending s WHERE s.award = w.id)
           OR EXISTS (SELECT 1 FROM progress_report r
                      WHERE r.award = w.id AND r.submitted_at IS NOT NULL) AS has_begun,
       (SELECT max(e.confirmed_at) FROM evaluation e
        WHERE e.award = w.id AND e.kind = 'MIDTERM' AND e.state = 'CONFIRMED'
        HAVING bool_and(e.total < $2)) AS midterm_failed_at,
       (SELECT max(e.confirmed_at) FROM evaluation e
        WHERE e.award = w.id AND e.kind = 'FINAL' AND e.state = 'CONFIRMED'
        HAVING bool_and(e.total < $2)) AS final_failed_at
FROM award w JOIN agreement g ON g.award = w.id JOIN organisation o ON o.id = w.organisation
WHERE w.state = 'ACTIVE' AND ($1::bigint IS NULL OR w.id = $1)
ORDER BY w.id
"""


async def endings(award_id: int | None, today: date) -> list[tuple[int, str, list[EndingReason]]]:
    """Running projects, or one, with what speaks for ending them: award, title, reasons."""
    delivery = (await policy_on(DELIVERY, DeliveryRules, today)).body
    evaluation = (await policy_on(EVALUATION, EvaluationRules, today)).body
    passing = min(grade.least for grade in evaluation.grades if grade.k_permille)
    found = []
    for row in await db.rows(_COURSES, award_id, passing):
        course = Course(
            in_force_on=_day(row["activated_at"]) or today,
            has_begun=row["has_begun"],
            midterm_failed_on=_day(row["midterm_failed_at"]),
            final_failed_on=_day(row["final_failed_at"]),
            standing=row["standing"],
        )
        reasons = reasons_to_end(
            course,
            start_days=delivery.start_days,
            rectify_days=evaluation.rectify_days,
            today=today,
        )
        if reasons:
            found.append((row["award_id"], row["title"], reasons))
    return found


def _day(moment: datetime | None) -> date | None:
    return moment.astimezone(calendar.ZONE).date() if moment else None


async def ending_section(actor: Actor, award_id: int) -> Section | None:
    """What speaks for ending a project, on its page; for those who decide on it."""
    if not actor.may(P.EVALUATION_ASSIGN) and not actor.may(P.AWARD_APPROVE):
        return None
    found = await endings(award_id, calendar.today())
    if not found:
        return None
    reasons: Sequence[EndingReason] = found[0][2]
    return Section(
        N_("Look at ending this project"),
        "evaluation/_endings.html",
        {"award_id": award_id, "reasons": reasons},
    )


async def tell_of_endings() -> str:
    """Tell the office once of each project and reason."""
    today, told = calendar.today(), 0
    for award_id, title, reasons in await endings(None, today):
        for reason in reasons:
            async with db.unit_of_work(SYSTEM):
                for role in (Role.OFFICER, Role.SECTION_HEAD):
                    told += await inbox.tell_role(
                        role,
                        today,
                        f"ending:{award_id}:{reason.code}",
                        N_("There is reason to look at ending {project}."),
                        f"/projects/{award_id}",
                        {"project": title},
                    )
    return f"{told} messages"


JOBS = (Job("endings", {"hour": "8", "minute": "20"}, daily, tell_of_endings),)
