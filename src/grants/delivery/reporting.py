"""The verbs of reports: write one, hand it in, accept it or send it back."""

from __future__ import annotations

from grants.delivery import queries
from grants.delivery.own import own_project
from grants.delivery.queries import Report
from grants.delivery.rules import (
    ReportCase,
)
from grants.delivery.terms import ReportBody
from grants.delivery.workflow import (
    REPORT,
    ReportState,
)
from grants.kernel import calendar
from grants.kernel.errors import N_, NotFound
from grants.kernel.identity import Actor, Role
from grants.kernel.identity import Permission as P
from grants.platform import db, inbox
from grants.platform.audit import Case, record

KIND = "progress_report"


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
        found = await own_project(actor, award_id)
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
    await record(actor, Case(KIND, report_id), "write", after=ReportState.DRAFT)
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
        Case(KIND, found.id),
        verb,
        before=found.state,
        after=after,
        reason=note.strip(),
    )
