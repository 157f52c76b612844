"""The verbs of instalments: reschedule one, find its condition met, remember its payment."""

from __future__ import annotations

from datetime import date

from grants.awards import queries
from grants.awards.actions import award_case, take_step
from grants.awards.rules import office_finds_it_met
from grants.awards.workflow import AwardState, InstalmentState
from grants.kernel.errors import N_, Conflict, RuleBroken
from grants.kernel.identity import Actor, Permission
from grants.platform import db
from grants.platform.audit import Case, record


async def reschedule_instalment(
    actor: Actor, instalment_id: int, *, due_on: date, condition: str, reason: str
) -> None:
    """Move an instalment's due day within its year, or change its condition, with a reason."""
    async with db.unit_of_work(actor):
        instalment = await queries.instalment(instalment_id)
        found = await queries.award(actor, instalment.award_id, lock=True)
        if due_on.year != instalment.fiscal_year:
            raise RuleBroken(
                "award.instalment_other_year",
                N_("An instalment due on {day} cannot draw on a line of {year}."),
                day=due_on.isoformat(),
                year=instalment.fiscal_year,
            )
        if condition != instalment.condition:
            _refuse_elsewhere(instalment)
        await take_step(actor, "reschedule", found, award_case(actor, found, found.version), reason)
        await db.execute(
            # Another condition has to be met anew.
            """
            UPDATE instalment SET due_on = $2, condition = $3,
                condition_met_on = CASE WHEN condition = $3 THEN condition_met_on END,
                condition_evidence = CASE WHEN condition = $3 THEN condition_evidence ELSE '' END
            WHERE id = $1
            """,
            instalment_id,
            due_on,
            condition,
        )


def _refuse_elsewhere(instalment: queries.Instalment) -> None:
    refusal = office_finds_it_met(instalment.opened_by)
    if refusal:
        raise refusal


async def confirm_condition(
    actor: Actor, instalment_id: int, *, on: date, evidence: str, grade: str = ""
) -> None:
    """Record that an instalment's condition is met, what shows it, and the grade it gave, if any.

    Raises RuleBroken unless the award is active and the instalment is not asked for yet.
    """
    actor.need(Permission.AWARD_CREATE)
    async with db.unit_of_work(actor):
        instalment = await queries.instalment(instalment_id)
        _refuse_elsewhere(instalment)
        await meet_condition(actor, instalment_id, on=on, evidence=evidence, grade=grade)


async def meet_condition(
    actor: Actor, instalment_id: int, *, on: date, evidence: str, grade: str = ""
) -> None:
    """The same within the open unit of work, for whoever opens the instalment."""
    instalment = await queries.instalment(instalment_id)
    found = await queries.award(actor, instalment.award_id, lock=True)
    if found.state != AwardState.ACTIVE:
        raise RuleBroken("award.not_active", N_("The award is not active."))
    # A payment was asked for on what had been recorded: that stays.
    if instalment.state != InstalmentState.OPEN:
        raise RuleBroken(
            "award.instalment_taken", N_("A payment of this instalment is asked for already.")
        )
    await db.execute(
        "UPDATE instalment SET condition_met_on = $2, condition_evidence = $3 WHERE id = $1",
        instalment_id,
        on,
        evidence,
    )
    if grade:
        await db.execute("UPDATE award SET grade = $2 WHERE id = $1", instalment.award_id, grade)
    await record(
        actor,
        Case("award", instalment.award_id),
        "confirm_condition",
        before=found.state,
        after=found.state,
        reason=evidence,
        facts={"sequence": instalment.sequence, "grade": grade},
    )


async def mark_instalment(
    instalment_id: int, state: InstalmentState, *, expected: InstalmentState
) -> None:
    """Remember what the payments have learnt of an instalment, within their unit of work.

    Raises Conflict when it does not stand where they thought: somebody was quicker.
    """
    done = await db.execute(
        "UPDATE instalment SET state = $2 WHERE id = $1 AND state = $3",
        instalment_id,
        state,
        expected,
    )
    if done != "UPDATE 1":
        raise Conflict(
            "award.instalment_taken", N_("Somebody has already asked for this instalment.")
        )
