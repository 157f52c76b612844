"""The verbs of changes: ask for one, record or decide it, withdraw it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from grants.applications import queries as applications
from grants.awards import actions as awards
from grants.budget.workflow import ProposalCase
from grants.delivery import queries
from grants.delivery.own import POLICY, own_project
from grants.delivery.queries import Change, Project
from grants.delivery.rules import (
    ChangeCase,
    change_holds,
    lines_raised,
    needs_decision,
)
from grants.delivery.terms import DeliveryRules, ProjectPlan
from grants.delivery.workflow import (
    CHANGE,
    ChangeState,
)
from grants.kernel import calendar
from grants.kernel.errors import N_, Conflict, Refusal, RuleBroken
from grants.kernel.identity import Actor, Role
from grants.kernel.money import Fen
from grants.platform import db, inbox
from grants.platform.audit import Case, record
from grants.platform.policy import policy_on

KIND = "project_change"

db.explain_constraint(
    "project_change_one_waits",
    Conflict,
    "change.waits",
    N_("A change of this project waits already."),
)


async def change_case(
    found: Project,
    after: ProjectPlan,
    rules: DeliveryRules,
    *,
    today: date,
    effective_on: date,
) -> ChangeCase:
    """What a change of a project would be judged by today."""
    made = await queries.changes(found.award.id)
    terms = (await applications.whoever_asks(found.agreement.application_id)).terms
    return ChangeCase(
        before=found.plan,
        after=after,
        rules=rules,
        today=today,
        effective_on=effective_on,
        decided_before=sum(one.state == ChangeState.APPROVED for one in made),
        another_waits=any(one.state == ChangeState.PROPOSED for one in made),
        raised=lines_raised(
            found.plan.budget,
            after.budget,
            {one.code: one.may_rise for one in terms.budget_lines},
        ),
        amount_fen=found.content.amount_fen,
    )


async def propose_change(
    actor: Actor,
    award_id: int,
    after: ProjectPlan,
    *,
    effective_on: date,
    reason: str,
    today: date,
) -> tuple[int, bool]:
    """Change one's own project; answers the change's id and whether it waits for a decision.

    A small change is recorded at once. Raises RuleBroken with `field` among its params.
    """
    policy = await policy_on(POLICY, DeliveryRules, today)
    async with db.unit_of_work(actor):
        await db.value("SELECT id FROM award WHERE id = $1 FOR NO KEY UPDATE", award_id)
        found = await own_project(actor, award_id)
        case = await change_case(found, after, policy.body, today=today, effective_on=effective_on)
        refusal = change_holds(case)
        if refusal:
            raise refusal
        waits = needs_decision(found.plan, after, policy.body)
        state = ChangeState.PROPOSED if waits else ChangeState.RECORDED
        year = today.year
        change_id = await db.value(
            """
            INSERT INTO project_change (number, award, before, after, effective_on, reason, state,
                note, policy_version, proposed_by_person, proposed_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, '', $8, $9, $10) RETURNING id
            """,
            f"项变〔{year}〕{await db.next_number(f'project-change-{year}'):04d}",
            award_id,
            found.plan.model_dump(mode="json"),
            after.model_dump(mode="json"),
            effective_on,
            reason.strip(),
            state,
            policy.version_id,
            actor.person_id,
            calendar.now(),
        )
        await record(actor, Case(KIND, change_id), "propose", after=state, reason=reason.strip())
        if waits:
            await inbox.tell_role(
                Role.SECTION_HEAD,
                today,
                f"project-change:{change_id}",
                N_("A change of {project} waits for a decision."),
                f"/project-changes/{change_id}",
                {"project": found.award.title},
            )
    return int(change_id), waits


async def decide_change(actor: Actor, change_id: int, verb: str, *, note: str = "") -> None:
    """Approve, reject or withdraw a change; an approved period moves the award's days.

    Raises Conflict where the project has changed since, RuleBroken without a reason to reject.
    """
    async with db.unit_of_work(actor):
        award_id = (await queries.change(actor, change_id)).award_id
        await db.value("SELECT id FROM award WHERE id = $1 FOR NO KEY UPDATE", award_id)
        found = await queries.change(actor, change_id, lock=True)
        project = await queries.project(actor, award_id)
        after = CHANGE.take(
            verb, found.state, actor, decision_case(actor, found, project, verb, note)
        )
        await db.execute(
            "UPDATE project_change SET state = $2, note = $3, decided_by_person = $4, "
            "decided_at = $5 WHERE id = $1",
            change_id,
            after,
            note.strip(),
            actor.person_id,
            calendar.now(),
        )
        await record(
            actor,
            Case(KIND, change_id),
            verb,
            before=found.state,
            after=after,
            reason=note.strip(),
        )
        if after == ChangeState.APPROVED:
            await awards.move_days(
                actor, award_id, starts_on=found.after.starts_on, ends_on=found.after.ends_on
            )
        if after != ChangeState.WITHDRAWN:
            said = {
                ChangeState.APPROVED: N_("The change of {project} is approved."),
                ChangeState.REJECTED: N_("The change of {project} is rejected: {note}"),
            }[ChangeState(after)]
            await inbox.tell_organisation(
                project.agreement.organisation_id,
                f"project-change-decided:{change_id}",
                said,
                f"/project-changes/{change_id}",
                {"project": project.award.title, "note": note.strip()},
            )


def decision_case(
    actor: Actor, found: Change, project: Project, verb: str, note: str
) -> ProposalCase:
    """What a decision on a change looks at: nobody has changed the project since."""
    objection: Refusal | None = None
    if verb == "approve" and found.before != project.plan:
        objection = Conflict(
            "change.stale", N_("The project has changed since this was proposed; propose it anew.")
        )
    if verb == "reject" and len(note.strip()) < 5:
        objection = RuleBroken("change.note", N_("Give the reason in a few words."))
    return ProposalCase(found.proposed_by_person, actor.person_id, objection)


def budget_after(current: Mapping[str, Fen], given: Mapping[str, Fen]) -> dict[str, Fen]:
    """The cost lines with the amounts that a form names; lines of the agreement alone."""
    return {code: given.get(code, amount) for code, amount in current.items()}
