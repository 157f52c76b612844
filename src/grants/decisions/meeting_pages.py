"""Pages of the decision meeting: a variant is laid before it, and adopted by somebody else."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath

from grants.applications.pages import TONES as APPLICATION_TONES
from grants.applications.workflow import APPLICATION, ApplicationState
from grants.calls import queries as calls
from grants.calls.workflow import RoundState
from grants.decisions import meeting, publicising, queries
from grants.decisions.forms import MeetingForm, ReasonForm, reasons_in
from grants.decisions.line_pages import round_of_line
from grants.decisions.rules import Place, draw_line, reasons_wanted, round_is_ready
from grants.decisions.workflow import DECISION
from grants.kernel import calendar
from grants.kernel.errors import N_, NotFound, Refusal
from grants.kernel.identity import Actor
from grants.kernel.identity import Permission as P
from grants.platform.access import actor_of
from grants.platform.audit import Case, timeline
from grants.platform.forms import FormErrors, faulty, parse
from grants.platform.pages import language_of, page, redirect
from grants.platform.sections import Filling, Section, sections_of
from grants.publicity import queries as publicity
from grants.publicity.pages import TONES as NOTICE_TONES
from grants.publicity.workflow import NOTICE

R = Request[Any, Any, Any]

#: What higher features show on a decision's page: the notice, the agreements.
SECTIONS: list[Filling] = []

TONES = {
    "PROPOSED": "now",
    "ADOPTED": "good",
    "REJECTED": "bad",
    "WITHDRAWN": "",
    "ANNULLED": "bad",
}
VERBS = {
    "propose": N_("laid it before the meeting"),
    "adopt": N_("adopted it; the money is held"),
    "reject": N_("rejected it"),
    "withdraw": N_("withdrew it"),
    "annul": N_("annulled it; the money is free again"),
}
PLACES = (
    (Place.FUNDED, N_("Proposed for funding")),
    (Place.RESERVE, N_("Reserve list")),
    (Place.BELOW, N_("Below the mark")),
    (Place.DROPPED, N_("Left out")),
)


@get("/variants/{variant_id:int}/meeting", permission=P.PANEL_EDIT)
async def lay_before(request: R, variant_id: FromPath[int]) -> Response[str]:
    """The form that lays a variant before the meeting."""
    return await _lay_before(request, variant_id)


async def _lay_before(
    request: R, variant_id: int, errors: FormErrors | None = None
) -> Response[str]:
    variant = await queries.variant(variant_id)
    found, terms, ranking = await round_of_line(variant.round_id)
    outcome = draw_line(queries.standings_of(ranking, terms), variant.choice)
    wanted = set(reasons_wanted(outcome, variant.choice))
    return page(
        request,
        "decisions/meeting.html",
        422 if errors else 200,
        round=found,
        variant=variant,
        outcome=outcome,
        departures=[one for one in outcome.lines if one.standing.application_id in wanted],
        lines={one.ranked.application_id: one for one in ranking.lines},
        objection=round_is_ready(await meeting.readiness(found, ranking)),
        typed=errors.typed if errors else {},
        errors=errors.messages(language_of(request)) if errors else {},
    )


@post("/variants/{variant_id:int}/meeting", permission=P.PANEL_EDIT, status_code=303)
async def propose(request: R, variant_id: FromPath[int]) -> Response[Any]:
    """Lay the variant before the meeting."""
    form = await request.form()
    parsed = parse(form, MeetingForm)
    if isinstance(parsed, FormErrors):
        return await _lay_before(request, variant_id, parsed)
    said = meeting.Meeting(parsed.minutes_no, parsed.met_on, reasons_in(form))
    try:
        decision_id = await meeting.propose_decision(
            actor_of(request), variant_id, said, seen_version=parsed.version
        )
    except Refusal as refusal:
        field = str(refusal.params.get("field", ""))
        if not field:
            raise
        typed = {name: str(value) for name, value in form.items()}
        return await _lay_before(request, variant_id, faulty(field, refusal, typed))
    return redirect(f"/decisions/{decision_id}", N_("Laid before the meeting."))


@get("/decisions/{decision_id:int}", permission=P.PANEL_SEE)
async def show(request: R, decision_id: FromPath[int]) -> Response[str]:
    """One decision: who is proposed, who waits, who is not funded and why."""
    return await show_decision(request, decision_id)


async def show_decision(
    request: R, decision_id: int, *, errors: FormErrors | None = None, opened: str = ""
) -> Response[str]:
    actor = actor_of(request)
    decision = await queries.decision(decision_id)
    found = await calls.round_of(decision.round_id)
    lines = await queries.lines_of(decision_id)
    steps = meeting.open_steps(actor, decision, None)
    if found.state != RoundState.PROPOSED:
        steps.pop("annul", None)
    return page(
        request,
        "decisions/decision.html",
        422 if errors else 200,
        decision=decision,
        round=found,
        places=[(title, [x for x in lines if x.place is place]) for place, title in PLACES],
        counts={place: sum(x.place is place for x in lines) for place in Place},
        titles=DECISION.titles,
        tone=TONES[decision.state],
        standing=APPLICATION.titles,
        state_tones=APPLICATION_TONES,
        steps=steps,
        notices=await publicity.notices_for(Case(meeting.KIND, decision_id)),
        notice_titles=NOTICE.titles,
        notice_tones=NOTICE_TONES,
        unpublished=len(await publicising.unpublished(decision, found)),
        sections=await sections_of(SECTIONS, actor, decision_id),
        events=await timeline(Case(meeting.KIND, decision_id)),
        verbs=VERBS,
        typed=errors.typed if errors else {},
        errors=errors.messages(language_of(request)) if errors else {},
        opened=opened,
    )


@post("/decisions/{decision_id:int}/adopt", permission=P.CALL_APPROVE, status_code=303)
async def adopt(request: R, decision_id: FromPath[int]) -> Response[Any]:
    """Adopt the list: its money is held."""
    await meeting.adopt_decision(actor_of(request), decision_id, today=calendar.today())
    return redirect(f"/decisions/{decision_id}", N_("Adopted; the money is held."))


@post("/decisions/{decision_id:int}/reject", permission=P.CALL_APPROVE, status_code=303)
async def reject(request: R, decision_id: FromPath[int]) -> Response[Any]:
    """Send the list back."""
    parsed = parse(await request.form(), ReasonForm)
    if isinstance(parsed, FormErrors):
        return await show_decision(request, decision_id, errors=parsed, opened="reject")
    await meeting.reject_decision(actor_of(request), decision_id, reason=parsed.reason)
    return redirect(f"/decisions/{decision_id}", N_("Rejected."))


@post("/decisions/{decision_id:int}/withdraw", permission=P.PANEL_EDIT, status_code=303)
async def withdraw(request: R, decision_id: FromPath[int]) -> Response[Any]:
    """Take one's own proposal back."""
    await meeting.withdraw_decision(actor_of(request), decision_id)
    return redirect(f"/decisions/{decision_id}", N_("Withdrawn."))


@post("/decisions/{decision_id:int}/annul", permission=P.CALL_APPROVE, status_code=303)
async def annul(request: R, decision_id: FromPath[int]) -> Response[Any]:
    """Take an adopted list back."""
    parsed = parse(await request.form(), ReasonForm)
    if isinstance(parsed, FormErrors):
        return await show_decision(request, decision_id, errors=parsed, opened="annul")
    await meeting.annul_decision(
        actor_of(request), decision_id, reason=parsed.reason, today=calendar.today()
    )
    return redirect(f"/decisions/{decision_id}", N_("Annulled; the money is free again."))


@post("/decisions/{decision_id:int}/notice", permission=P.NOTICE_EDIT, status_code=303)
async def draw_up_notice(request: R, decision_id: FromPath[int]) -> Response[Any]:
    """Draw up the notice of what is decided."""
    notice_id = await publicising.draw_up_notice(actor_of(request), decision_id)
    return redirect(f"/publicity/{notice_id}", N_("Drawn up; another person publishes it."))


async def round_section(actor: Actor, round_id: int) -> Section | None:
    """The decisions of a round, on its page."""
    found = await calls.round_of(round_id)
    if not actor.may(P.PANEL_SEE) or found.terms is None:
        return None
    made = await queries.decisions_of(round_id)
    variants = await queries.variants_of(round_id)
    if not made and found.state != RoundState.REVIEW:
        return None
    return Section(
        N_("Funding decision"),
        "decisions/_of_round.html",
        {
            "round_id": round_id,
            "decisions": made,
            "variants": len(variants),
            "titles": DECISION.titles,
            "tones": TONES,
        },
    )


async def application_section(actor: Actor, application_id: int) -> Section | None:
    """What was decided on an application, on its page; its agency reads it once it is public."""
    line = await queries.decided_line(application_id)
    if line is None or (
        actor.organisation_id is not None and line.state == ApplicationState.ELIGIBLE
    ):
        return None
    decision = await queries.decision_of_application(application_id)
    if decision is None:
        raise NotFound()
    return Section(
        N_("Decision"),
        "decisions/_of_application.html",
        {"line": line, "decision": decision, "places": dict(PLACES)},
    )


ROUTES = [lay_before, propose, show, adopt, reject, withdraw, annul, draw_up_notice]
