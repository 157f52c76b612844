"""The verbs of running projects: enter and judge receipts, report, change what was agreed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from grants.applications import queries as applications
from grants.awards import actions as awards
from grants.awards.workflow import AwardState
from grants.budget.workflow import ProposalCase
from grants.delivery import queries
from grants.delivery.queries import Change, Project, Report, Spending
from grants.delivery.rules import (
    ChangeCase,
    ReportCase,
    SpendingCase,
    change_holds,
    lines_raised,
    needs_decision,
    spent_within_project,
)
from grants.delivery.terms import DeliveryRules, ProjectPlan, ReportBody
from grants.delivery.workflow import (
    CHANGE,
    REPORT,
    SPENDING,
    ChangeState,
    ReportState,
    SpendingState,
)
from grants.kernel import calendar
from grants.kernel.errors import N_, Conflict, NotFound, Refusal, RuleBroken
from grants.kernel.identity import Actor, Role
from grants.kernel.identity import Permission as P
from grants.kernel.money import Fen
from grants.platform import db, inbox
from grants.platform.audit import Case, record
from grants.platform.policy import policy_on

SPENDING_KIND, REPORT_KIND, CHANGE_KIND = "spending", "progress_report", "project_change"
POLICY = "venture_delivery"

db.explain_constraint(
    "spending_receipt_once",
    Conflict,
    "spending.receipt_twice",
    N_("This receipt number has been claimed already, here or in another project."),
)
db.explain_constraint(
    "project_change_one_waits",
    Conflict,
    "change.waits",
    N_("A change of this project waits already."),
)


@dataclass(frozen=True)
class Receipt:
    """What an agency enters of a receipt."""

    cost_line: str
    spent_on: date
    payee: str
    item: str
    amount_fen: Fen
    receipt_no: str


async def _own_project(actor: Actor, award_id: int) -> Project:
    """A project of the actor's agency that runs; raises NotFound and RuleBroken."""
    actor.need_agency(P.PROJECT_REPORT)
    found = await queries.project(actor, award_id)
    if found.award.state != AwardState.ACTIVE:
        raise RuleBroken("project.ended", N_("This project does not run any more."))
    return found


async def enter_spending(actor: Actor, award_id: int, receipt: Receipt, *, today: date) -> int:
    """Enter a receipt of one's own project; answers its id. The office judges it.

    Raises RuleBroken for a day outside the project or ahead, `field` among its params; Conflict
    where the number was claimed before.
    """
    async with db.unit_of_work(actor):
        found = await _own_project(actor, award_id)
        if receipt.cost_line not in found.plan.budget:
            raise RuleBroken(
                "spending.line", N_("The agreement has no such cost line."), field="cost_line"
            )
        rules = (await policy_on(POLICY, DeliveryRules, today)).body
        outside = spent_within_project(
            receipt.spent_on, found.plan.starts_on, found.plan.ends_on, rules.receipt_days
        )
        if receipt.spent_on > today:
            outside = RuleBroken("spending.ahead", N_("This day is still to come."))
        if outside:
            outside.params["field"] = "spent_on"
            raise outside
        spending_id = await db.value(
            """
            INSERT INTO spending (award, cost_line, spent_on, payee, item, amount_fen, receipt_no,
                admitted_fen, state, reason, entered_by_person, entered_at, version)
            VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 'ENTERED', '', $8, $9, 1) RETURNING id
            """,
            award_id,
            receipt.cost_line,
            receipt.spent_on,
            receipt.payee,
            receipt.item,
            receipt.amount_fen,
            receipt.receipt_no,
            actor.person_id,
            calendar.now(),
        )
        await record(
            actor,
            Case(SPENDING_KIND, spending_id),
            "enter",
            after=SpendingState.ENTERED,
            facts={"amount_fen": receipt.amount_fen, "receipt_no": receipt.receipt_no},
        )
    return int(spending_id)


async def judge_spending(
    actor: Actor,
    spending_id: int,
    verb: str,
    *,
    seen_version: int,
    admitted_fen: Fen | None = None,
    reason: str = "",
) -> None:
    """Admit a receipt, a part of it, or none; or judge it again; or take it back.

    Raises RuleBroken without receipt or reason, NotAllowed for whoever entered it.
    """
    async with db.unit_of_work(actor):
        found = await queries.spending(actor, spending_id, lock=True)
        case = replace(
            spending_case(actor, found, seen_version),
            admitted_fen=admitted_fen or 0,
            reason=reason,
        )
        after = SPENDING.take(verb, found.state, actor, case)
        counts = {
            SpendingState.ADMITTED: found.amount_fen,
            SpendingState.PARTLY: admitted_fen or 0,
        }
        judged = after in (SpendingState.ADMITTED, SpendingState.PARTLY, SpendingState.REFUSED)
        await db.execute(
            "UPDATE spending SET state = $2, admitted_fen = $3, reason = $4, "
            "judged_by_person = $5, judged_at = $6, version = version + 1 WHERE id = $1",
            spending_id,
            after,
            counts.get(SpendingState(after), 0),
            reason.strip(),
            actor.person_id if judged else None,
            calendar.now() if judged else None,
        )
        await record(
            actor,
            Case(SPENDING_KIND, spending_id),
            verb,
            before=found.state,
            after=after,
            reason=reason.strip(),
            facts={"admitted_fen": counts.get(SpendingState(after), 0)},
        )
        if after in (SpendingState.PARTLY, SpendingState.REFUSED):
            await _tell(
                actor,
                found.award_id,
                f"spending:{spending_id}:{found.version}",
                N_("The receipt {receipt} does not count in full: {reason}"),
                f"/spendings/{spending_id}",
                receipt=found.receipt_no,
                reason=reason.strip(),
            )


def spending_case(actor: Actor, found: Spending, seen_version: int) -> SpendingCase:
    """What a step on this receipt looks at."""
    return SpendingCase(
        entered_by_person=found.entered_by_person,
        actor_person=actor.person_id,
        of_own_organisation=actor.organisation_id is not None,
        seen_version=seen_version,
        version=found.version,
        amount_fen=found.amount_fen,
        has_receipt=found.receipts > 0,
    )


async def _tell(
    actor: Actor, award_id: int, key: str, message: str, link: str, **params: object
) -> None:
    found = await queries.project(actor, award_id)
    await inbox.tell_organisation(found.agreement.organisation_id, key, message, link, params)


# Reports


async def write_report(
    actor: Actor,
    award_id: int,
    body: ReportBody,
    *,
    report_id: int | None = None,
    seen_version: int = 0,
    submit: bool,
) -> int:
    """Keep a report on one's own project, and hand it in where asked; answers its id."""
    async with db.unit_of_work(actor):
        found = await _own_project(actor, award_id)
        if report_id is None:
            report_id = await _begin_report(actor, award_id, body)
            seen_version = 1
        else:
            standing = await queries.report(actor, report_id, lock=True)
            if standing.award_id != award_id:
                raise NotFound()
            await _take_report(actor, "write", standing, seen_version)
            await db.execute(
                "UPDATE progress_report SET body = $2, written_by_person = $3 WHERE id = $1",
                report_id,
                body.model_dump(mode="json"),
                actor.person_id,
            )
            seen_version += 1
        if submit:
            standing = await queries.report(actor, report_id, lock=True)
            await db.execute(
                "UPDATE progress_report SET submitted_at = $2 WHERE id = $1",
                report_id,
                calendar.now(),
            )
            await _take_report(actor, "submit", standing, seen_version)
            await inbox.tell_role(
                Role.OFFICER,
                calendar.today(),
                f"report:{report_id}:{standing.version}",
                N_("A report on {project} has come in."),
                f"/reports/{report_id}",
                {"project": found.award.title},
            )
    return report_id


async def _begin_report(actor: Actor, award_id: int, body: ReportBody) -> int:
    await db.value("SELECT id FROM award WHERE id = $1 FOR NO KEY UPDATE", award_id)
    report_id = await db.value(
        """
        INSERT INTO progress_report (award, sequence, body, state, note, written_by_person, version)
        SELECT $1, coalesce(max(sequence), 0) + 1, $2, 'DRAFT', '', $3, 1
        FROM progress_report WHERE award = $1 RETURNING id
        """,
        award_id,
        body.model_dump(mode="json"),
        actor.person_id,
    )
    await record(actor, Case(REPORT_KIND, report_id), "write", after=ReportState.DRAFT)
    return int(report_id)


async def judge_report(
    actor: Actor, report_id: int, verb: str, *, seen_version: int, note: str = ""
) -> None:
    """Accept a report, or send it back with what is missing."""
    actor.need(P.PROJECT_JUDGE)
    async with db.unit_of_work(actor):
        found = await queries.report(actor, report_id, lock=True)
        await db.execute(
            "UPDATE progress_report SET judged_by_person = $2, judged_at = $3, note = $4 "
            "WHERE id = $1",
            report_id,
            actor.person_id,
            calendar.now(),
            note.strip(),
        )
        await _take_report(actor, verb, found, seen_version, note)
        said = (
            N_("The report on {project} is accepted.")
            if verb == "accept"
            else N_("The report on {project} was returned: {note}")
        )
        project = await queries.project(actor, found.award_id)
        await inbox.tell_organisation(
            project.agreement.organisation_id,
            f"report-judged:{report_id}:{found.version}",
            said,
            f"/reports/{report_id}",
            {"project": project.award.title, "note": note.strip()},
        )


async def _take_report(
    actor: Actor, verb: str, found: Report, seen_version: int, note: str = ""
) -> None:
    case = ReportCase(actor.organisation_id is not None, seen_version, found.version, note)
    after = REPORT.take(verb, found.state, actor, case)
    await db.execute(
        "UPDATE progress_report SET state = $2, version = version + 1 WHERE id = $1",
        found.id,
        after,
    )
    await record(
        actor,
        Case(REPORT_KIND, found.id),
        verb,
        before=found.state,
        after=after,
        reason=note.strip(),
    )


# Changes


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
        found = await _own_project(actor, award_id)
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
        await record(
            actor, Case(CHANGE_KIND, change_id), "propose", after=state, reason=reason.strip()
        )
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
            Case(CHANGE_KIND, change_id),
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
