"""Pages on which an agency reports on its project, and the office reads it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath

from grants.delivery import queries, reporting
from grants.delivery.forms import ReportJudgeForm
from grants.delivery.pages import REPORT_TONES
from grants.delivery.queries import Project, Report
from grants.delivery.rules import ReportCase
from grants.delivery.terms import ReportBody
from grants.delivery.words import REPORT_WORDS
from grants.delivery.workflow import REPORT, ReportState
from grants.figures.reading import labels_of, readable
from grants.figures.shapes import Shape, shape_of
from grants.figures.typed import body_typed
from grants.kernel import calendar
from grants.kernel.errors import N_, NotFound
from grants.kernel.identity import Permission as P
from grants.platform.access import actor_of
from grants.platform.audit import Case, timeline
from grants.platform.forms import FormErrors, Said, parse, row_id
from grants.platform.pages import language_of, page, redirect, texts_of

R = Request[Any, Any, Any]

VERBS = {
    "write": N_("wrote it"),
    "submit": N_("handed it in"),
    "accept": N_("accepted it"),
    "return": N_("returned it"),
}


def _prefilled(found: Project, made: list[Report], today: date) -> dict[str, Any]:
    """A new report: from the day after the last one, with each indicator as it stood then."""
    last = made[0].body if made else None
    so_far = {one.name: one.so_far for one in last.reached} if last else {}
    first = last.period_to + timedelta(days=1) if last else found.plan.starts_on
    return {
        "period_from": first.isoformat(),
        "period_to": max(first, min(today, found.plan.ends_on)).isoformat(),
        "summary": "",
        "difficulties": "",
        "activities": [{"what": "", "held_on": "", "place": "", "person_times": ""}],
        "reached": [
            {"name": one.name, "so_far": so_far.get(one.name, 0)}
            for one in found.content.indicators
        ],
    }


async def _form(
    request: R,
    found: Project,
    shape: Shape,
    *,
    report: Report | None = None,
    faults: Mapping[str, Said] | None = None,
) -> Response[str]:
    return page(
        request,
        "delivery/report_form.html",
        422 if faults else 200,
        project=found,
        report=report,
        shape=shape,
        labels=labels_of(shape, texts_of(request)),
        targets={one.name: (one.target, one.unit) for one in found.content.indicators},
        errors=FormErrors(faults, {}).messages(language_of(request)) if faults else {},
    )


@get("/projects/{award_id:int}/report", permission=P.PROJECT_REPORT)
async def begin(request: R, award_id: FromPath[int]) -> Response[str]:
    """The form of a new report, filled with what is known."""
    actor = actor_of(request)
    found = await queries.project(actor, award_id)
    made = await queries.reports(actor, award_id)
    body = _prefilled(found, made, calendar.today())
    return await _form(request, found, shape_of(ReportBody, body, REPORT_WORDS))


@get("/reports/{report_id:int}/edit", permission=P.PROJECT_REPORT)
async def edit(request: R, report_id: FromPath[int]) -> Response[str]:
    """The form of a draft, or of a report that was returned."""
    actor = actor_of(request)
    report = await queries.report(actor, report_id)
    if report.state not in (ReportState.DRAFT, ReportState.RETURNED):
        raise NotFound()
    found = await queries.project(actor, report.award_id)
    shape = shape_of(ReportBody, report.body.model_dump(mode="json"), REPORT_WORDS)
    return await _form(request, found, shape, report=report)


@post("/projects/{award_id:int}/report", permission=P.PROJECT_REPORT, status_code=303)
async def write(request: R, award_id: FromPath[int]) -> Response[Any]:
    """Keep the report, hand it in, or add and remove rows."""
    actor, form = actor_of(request), await request.form()
    found = await queries.project(actor, award_id)
    act = str(form.get("act") or "save")
    report_id = row_id(form.get("report", ""))
    report = await queries.report(actor, report_id) if report_id else None
    typed = body_typed(form, ReportBody, REPORT_WORDS, {}, act)
    if act.startswith(("add:", "remove:")):
        return await _form(request, found, typed.shape, report=report)
    if not isinstance(typed.body, ReportBody):
        return await _form(request, found, typed.shape, report=report, faults=typed.faults)
    outside = _outside(found, typed.body)
    if outside:
        faults = {"period_from": outside}
        return await _form(request, found, typed.shape, report=report, faults=faults)
    kept = await reporting.write_report(
        actor,
        award_id,
        typed.body,
        report_id=report_id,
        seen_version=row_id(form.get("version", "")) or 0,
        submit=act == "submit",
    )
    said = N_("Handed in.") if act == "submit" else N_("Saved.")
    return redirect(f"/reports/{kept}", said)


def _outside(found: Project, body: ReportBody) -> Said | None:
    """A report covers days of its project, and none that are still to come."""
    if body.period_from < found.plan.starts_on or body.period_to > calendar.today():
        return Said(N_("A report covers days of the project up to today."), {})
    return None


@get("/reports/{report_id:int}", permission=P.PROJECT_SEE)
async def show(request: R, report_id: FromPath[int]) -> Response[str]:
    """One report."""
    return await _show(request, report_id)


async def _show(
    request: R, report_id: int, *, errors: FormErrors | None = None, opened: str = ""
) -> Response[str]:
    actor = actor_of(request)
    report = await queries.report(actor, report_id)
    found = await queries.project(actor, report.award_id)
    case = ReportCase(actor.organisation_id is not None, report.version, report.version, "…" * 5)
    body = report.body.model_dump(mode="json")
    return page(
        request,
        "delivery/report.html",
        422 if errors else 200,
        report=report,
        project=found,
        read=readable(shape_of(ReportBody, body, REPORT_WORDS), texts_of(request)),
        targets={one.name: (one.target, one.unit) for one in found.content.indicators},
        steps={
            step.verb: next((r for guard in step.guards if (r := guard(case))), None)
            for step in REPORT.open_to(report.state, actor)
        },
        state_title=REPORT.titles[ReportState(report.state)],
        tone=REPORT_TONES[report.state],
        events=await timeline(Case(reporting.KIND, report_id)),
        verbs=VERBS,
        typed=errors.typed if errors else {},
        errors=errors.messages(language_of(request)) if errors else {},
        opened=opened,
    )


@post("/reports/{report_id:int}/judge", permission=P.PROJECT_JUDGE, status_code=303)
async def judge(request: R, report_id: FromPath[int]) -> Response[Any]:
    """Accept it, or send it back."""
    parsed = parse(await request.form(), ReportJudgeForm)
    if isinstance(parsed, FormErrors):
        return await _show(request, report_id, errors=parsed, opened="return")
    await reporting.judge_report(
        actor_of(request),
        report_id,
        parsed.verb,
        seen_version=parsed.version,
        note=parsed.note,
    )
    return redirect(f"/reports/{report_id}", N_("Recorded."))


ROUTES = [begin, edit, write, show, judge]
