"""Pages of settlements: what a project would actually get, proposed and approved."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from litestar import Request, Response, get, post
from litestar.params import FromPath
from pydantic import BaseModel, Field

from grants.evaluation.rules import grade_of
from grants.kernel import calendar
from grants.kernel.errors import N_, NotFound, Refusal
from grants.kernel.identity import Actor
from grants.kernel.identity import Permission as P
from grants.platform.access import actor_of
from grants.platform.audit import Case, timeline
from grants.platform.forms import FormErrors, Trimmed, faulty, parse, typed_in
from grants.platform.pages import language_of, page, redirect
from grants.platform.sections import Section
from grants.settlement import actions, queries
from grants.settlement.rules import SettlementCase, project_may_be_settled
from grants.settlement.workflow import SETTLEMENT, SettlementState

R = Request[Any, Any, Any]

TONES = {"PROPOSED": "now", "APPROVED": "good", "REJECTED": "bad", "WITHDRAWN": ""}
VERBS = {
    "propose": N_("proposed it"),
    "approve": N_("approved it; the last part may be asked for"),
    "reject": N_("rejected it"),
    "withdraw": N_("withdrew it"),
}


class NoteForm(BaseModel):
    """What the audit said of the project."""

    note: Annotated[Trimmed, Field(min_length=5, max_length=2000)]


class DecideForm(BaseModel):
    """The decision on a settlement."""

    verb: Literal["approve", "reject", "withdraw"]
    reason: Annotated[Trimmed, Field(max_length=500)] = ""


@get("/projects/{award_id:int}/settlement", permission=P.AWARD_CREATE)
async def begin(request: R, award_id: FromPath[int]) -> Response[str]:
    """What the settlement of a project would be today."""
    return await _begin(request, award_id)


async def _begin(request: R, award_id: int, errors: FormErrors | None = None) -> Response[str]:
    view = await queries.outlook(actor_of(request), award_id)
    return page(
        request,
        "settlement/propose.html",
        422 if errors else 200,
        view=view,
        sums=view.sums,
        award=view.project.award,
        grade=grade_of(view.evaluation.total or 0, view.evaluation.rules)
        if view.evaluation
        else None,
        objection=project_may_be_settled(view.readiness),
        typed=errors.typed if errors else {},
        errors=errors.messages(language_of(request)) if errors else {},
    )


@post("/projects/{award_id:int}/settlement", permission=P.AWARD_CREATE, status_code=303)
async def propose(request: R, award_id: FromPath[int]) -> Response[Any]:
    """Propose it."""
    parsed = parse(await request.form(), NoteForm)
    if isinstance(parsed, FormErrors):
        return await _begin(request, award_id, parsed)
    settlement_id = await actions.propose_settlement(
        actor_of(request), award_id, note=parsed.note, today=calendar.today()
    )
    return redirect(
        f"/settlements/{settlement_id}", N_("Proposed; another person has to approve it.")
    )


@get("/settlements/{settlement_id:int}", permission=P.PROJECT_SEE)
async def show(request: R, settlement_id: FromPath[int]) -> Response[str]:
    """One settlement."""
    return await _show(request, settlement_id)


async def _show(
    request: R, settlement_id: int, *, errors: FormErrors | None = None, opened: str = ""
) -> Response[str]:
    actor = actor_of(request)
    found = await queries.settlement(actor, settlement_id)
    view = await queries.outlook(actor, found.award_id)
    case = SettlementCase(
        proposed_by_person=found.proposed_by_person,
        actor_person=actor.person_id,
        reason="…" * 5,
    )
    return page(
        request,
        "settlement/settlement.html",
        422 if errors else 200,
        settlement=found,
        sums=found.sums,
        award=view.project.award,
        steps={
            step.verb: next((r for guard in step.guards if (r := guard(case))), None)
            for step in SETTLEMENT.open_to(found.state, actor)
        },
        state_title=SETTLEMENT.titles[SettlementState(found.state)],
        tone=TONES[found.state],
        events=await timeline(Case(actions.KIND, settlement_id)),
        verbs=VERBS,
        typed=errors.typed if errors else {},
        errors=errors.messages(language_of(request)) if errors else {},
        opened=opened,
    )


@post("/settlements/{settlement_id:int}/decide", permission=P.AWARD_SEE, status_code=303)
async def decide(request: R, settlement_id: FromPath[int]) -> Response[Any]:
    """Approve or reject it; or its proposer withdraws it."""
    form = await request.form()
    parsed = parse(form, DecideForm)
    if isinstance(parsed, FormErrors):
        return await _show(request, settlement_id, errors=parsed)
    try:
        await actions.decide_settlement(
            actor_of(request),
            settlement_id,
            parsed.verb,
            today=calendar.today(),
            reason=parsed.reason,
        )
    except Refusal as refusal:
        if refusal.code != "settlement.reason":
            raise
        errors = faulty("reason", refusal, typed_in(form))
        return await _show(request, settlement_id, errors=errors, opened="reject")
    return redirect(f"/settlements/{settlement_id}", N_("Recorded."))


async def project_section(actor: Actor, award_id: int) -> Section | None:
    """The settlement of a project, on its page."""
    try:
        view = await queries.outlook(actor, award_id)
    except NotFound:
        return None
    made = await queries.settlements(award_id)
    if view.evaluation is None and not made:
        return None
    return Section(
        N_("Settlement"),
        "settlement/_of_project.html",
        {
            "award_id": award_id,
            "settlements": made,
            "sums": view.sums,
            "open": project_may_be_settled(view.readiness) is None,
            "titles": SETTLEMENT.titles,
            "tones": TONES,
        },
    )


ROUTES = [begin, propose, show, decide]
