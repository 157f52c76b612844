"""Pages on which an agency changes its project, and the office decides on it."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath
from pydantic import ValidationError

from grants.delivery import changing, queries
from grants.delivery.changing import budget_after
from grants.delivery.forms import ChangeForm, DecideForm, cost_lines_in
from grants.delivery.own import POLICY
from grants.delivery.pages import CHANGE_TONES
from grants.delivery.rules import ChangeKind, kinds_changed
from grants.delivery.terms import DeliveryRules, ProjectPlan
from grants.delivery.workflow import CHANGE, ChangeState
from grants.kernel import calendar
from grants.kernel.errors import N_, Refusal, RuleBroken
from grants.kernel.identity import Permission as P
from grants.platform.access import actor_of
from grants.platform.audit import Case, timeline
from grants.platform.forms import FormErrors, faulty, parse, typed_in
from grants.platform.pages import language_of, page, redirect
from grants.platform.policy import policy_on

R = Request[Any, Any, Any]

KINDS = {
    ChangeKind.LEADER: N_("Leader of the project"),
    ChangeKind.STAFF: N_("Staff"),
    ChangeKind.COMMUNITY: N_("Community"),
    ChangeKind.PERIOD: N_("Project period"),
    ChangeKind.BUDGET: N_("Cost lines"),
}
VERBS = {
    "propose": N_("asked for it"),
    "approve": N_("approved it"),
    "reject": N_("rejected it"),
    "withdraw": N_("withdrew it"),
}


@get("/projects/{award_id:int}/change", permission=P.PROJECT_REPORT)
async def begin(request: R, award_id: FromPath[int]) -> Response[str]:
    """The form of a change, filled with what holds now."""
    return await _form(request, award_id)


async def _form(request: R, award_id: int, errors: FormErrors | None = None) -> Response[str]:
    today = calendar.today()
    found = await queries.project(actor_of(request), award_id)
    rules = (await policy_on(POLICY, DeliveryRules, today)).body
    return page(
        request,
        "delivery/change_form.html",
        422 if errors else 200,
        project=found,
        plan=found.plan,
        names={one.code: one.name for one in found.content.budget},
        rules=rules,
        earliest=calendar.add_workdays(today, rules.notice_workdays),
        typed=errors.typed if errors else {},
        errors=errors.messages(language_of(request)) if errors else {},
    )


@post("/projects/{award_id:int}/change", permission=P.PROJECT_REPORT, status_code=303)
async def propose(request: R, award_id: FromPath[int]) -> Response[Any]:
    """Change the project: small changes count at once, others wait for a decision."""
    form = await request.form()
    typed = typed_in(form)
    parsed = parse(form, ChangeForm)
    if isinstance(parsed, FormErrors):
        return await _form(request, award_id, parsed)
    lines = cost_lines_in(form)
    if isinstance(lines, tuple):
        return await _form(request, award_id, faulty(lines[0], lines[1], typed))
    found = await queries.project(actor_of(request), award_id)
    try:
        after = ProjectPlan(
            leader=parsed.leader,
            staff=parsed.names,
            community=parsed.community,
            starts_on=parsed.starts_on,
            ends_on=parsed.ends_on,
            budget=budget_after(found.plan.budget, lines),
        )
    except ValidationError:
        wrong = RuleBroken("change.days", N_("The project ends before it begins."))
        return await _form(request, award_id, faulty("ends_on", wrong, typed))
    try:
        change_id, waits = await changing.propose_change(
            actor_of(request),
            award_id,
            after,
            effective_on=parsed.effective_on,
            reason=parsed.reason,
            today=calendar.today(),
        )
    except Refusal as refusal:
        field = str(refusal.params.get("field", ""))
        if not field:
            raise
        shown = f"line.{next(iter(found.plan.budget))}" if field == "budget" else field
        return await _form(request, award_id, faulty(shown, refusal, typed))
    said = N_("Asked for; it counts once it is approved.") if waits else N_("Recorded; it counts.")
    return redirect(f"/project-changes/{change_id}", said)


@get("/project-changes/{change_id:int}", permission=P.PROJECT_SEE)
async def show(request: R, change_id: FromPath[int]) -> Response[str]:
    """One change: before and after."""
    return await _show(request, change_id)


async def _show(
    request: R, change_id: int, *, errors: FormErrors | None = None, opened: str = ""
) -> Response[str]:
    actor = actor_of(request)
    change = await queries.change(actor, change_id)
    found = await queries.project(actor, change.award_id)
    return page(
        request,
        "delivery/change.html",
        422 if errors else 200,
        change=change,
        project=found,
        kinds=[KINDS[one] for one in kinds_changed(change.before, change.after)],
        names={one.code: one.name for one in found.content.budget},
        steps={
            step.verb: next(
                (
                    r
                    for guard in step.guards
                    if (
                        r := guard(changing.decision_case(actor, change, found, step.verb, "…" * 5))
                    )
                ),
                None,
            )
            for step in CHANGE.open_to(change.state, actor)
        },
        state_title=CHANGE.titles[ChangeState(change.state)],
        tone=CHANGE_TONES[change.state],
        events=await timeline(Case(changing.KIND, change_id)),
        verbs=VERBS,
        typed=errors.typed if errors else {},
        errors=errors.messages(language_of(request)) if errors else {},
        opened=opened,
    )


@post("/project-changes/{change_id:int}/decide", permission=P.PROJECT_SEE, status_code=303)
async def decide(request: R, change_id: FromPath[int]) -> Response[Any]:
    """Approve or reject it; or the agency withdraws it."""
    form = await request.form()
    parsed = parse(form, DecideForm)
    if isinstance(parsed, FormErrors):
        return await _show(request, change_id, errors=parsed)
    try:
        await changing.decide_change(actor_of(request), change_id, parsed.verb, note=parsed.note)
    except Refusal as refusal:
        if refusal.code != "change.note":
            raise
        errors = faulty("note", refusal, typed_in(form))
        return await _show(request, change_id, errors=errors, opened="reject")
    return redirect(f"/project-changes/{change_id}", N_("Recorded."))


ROUTES = [begin, propose, show, decide]
