"""The office's pages of experts and panels: the pool, the draw, seats, timetable, steps."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath

from grants.calls import queries as calls
from grants.calls.workflow import RoundState
from grants.kernel import calendar
from grants.kernel.errors import N_, NotFound, Refusal
from grants.kernel.identity import Actor
from grants.kernel.identity import Permission as P
from grants.parties.queries import organisation_names
from grants.platform.access import actor_of
from grants.platform.audit import Case, timeline
from grants.platform.forms import FormErrors, parse
from grants.platform.pages import language_of, page, redirect
from grants.platform.pdf import pdf_answer
from grants.platform.sections import Section
from grants.selection import defence, documents, experts, panels, queries, seats
from grants.selection.experts import ExpertDetails
from grants.selection.forms import (
    ChangeExpertForm,
    DrawForm,
    ExpertForm,
    RecuseForm,
    TieForm,
    TimetableForm,
    VersionForm,
)
from grants.selection.rules import KIND_TITLES, TIE_TITLES
from grants.selection.workflow import MEMBER_TITLES, PANEL, PanelState

R = Request[Any, Any, Any]

TONES = {
    "DECLARING": "now",
    "DOCUMENTS": "now",
    "DEFENCE": "now",
    "OPENED": "good",
    "DISSOLVED": "",
}
MEMBER_TONES = {"DRAWN": "now", "CONFIRMED": "good", "RECUSED": "bad"}
VERBS = {
    "draw": N_("drew the panel"),
    "declare": N_("declared no conflict"),
    "recuse": N_("was recused"),
    "redraw": N_("drew a substitute"),
    "redraw_failed": N_("found nobody for the empty seat"),
    "begin_scoring": N_("began the scoring"),
    "begin_defence": N_("began the defence"),
    "timetable": N_("drew the timetable"),
    "sign": N_("signed the sheets"),
    "open_scores": N_("opened the scores"),
    "step_back": N_("stepped back from one application"),
    "change_score": N_("changed a score"),
    "chair_comment": N_("commented as the chair"),
    "dissolve": N_("dissolved the panel"),
}


@get("/experts", permission=P.PANEL_SEE)
async def pool(request: R) -> Response[str]:
    """The pool of experts."""
    return await _pool(request)


async def _pool(request: R, errors: FormErrors | None = None) -> Response[str]:
    return page(
        request,
        "selection/experts.html",
        422 if errors else 200,
        experts=await queries.experts(),
        possible=await queries.possible_experts(),
        kinds=KIND_TITLES,
        typed=errors.typed if errors else {},
        errors=errors.messages(language_of(request)) if errors else {},
    )


@post("/experts", permission=P.PANEL_EDIT, status_code=303)
async def add(request: R) -> Response[Any]:
    """Put a person into the pool."""
    parsed = parse(await request.form(), ExpertForm)
    if isinstance(parsed, FormErrors):
        return await _pool(request, parsed)
    if parsed.person_id not in {person for person, _ in await queries.possible_experts()}:
        raise NotFound()
    made = await experts.add_expert(
        actor_of(request), parsed.person_id, ExpertDetails(parsed.kind, parsed.employer)
    )
    return redirect(f"/experts/{made}", N_("In the pool; record what ties the expert to others."))


@get("/experts/{expert_id:int}", permission=P.PANEL_SEE)
async def show_expert(request: R, expert_id: FromPath[int]) -> Response[str]:
    """One expert and his ties."""
    return await _expert(request, expert_id)


async def _expert(request: R, expert_id: int, errors: FormErrors | None = None) -> Response[str]:
    return page(
        request,
        "selection/expert.html",
        422 if errors else 200,
        expert=await queries.expert(expert_id),
        ties=await queries.ties_of(expert_id),
        organisations=await organisation_names(),
        kinds=KIND_TITLES,
        tie_titles=TIE_TITLES,
        typed=errors.typed if errors else {},
        errors=errors.messages(language_of(request)) if errors else {},
    )


@post("/experts/{expert_id:int}", permission=P.PANEL_EDIT, status_code=303)
async def change(request: R, expert_id: FromPath[int]) -> Response[Any]:
    """Change what is known of an expert."""
    parsed = parse(await request.form(), ChangeExpertForm)
    if isinstance(parsed, FormErrors):
        return await _expert(request, expert_id, parsed)
    before = await queries.expert(expert_id)
    await experts.change_expert(
        actor_of(request),
        expert_id,
        ExpertDetails(parsed.kind, parsed.employer, before.themes, parsed.is_active),
        seen_version=parsed.version,
    )
    return redirect(f"/experts/{expert_id}", N_("Changed."))


@post("/experts/{expert_id:int}/ties", permission=P.PANEL_EDIT, status_code=303)
async def tie(request: R, expert_id: FromPath[int]) -> Response[Any]:
    """Record a tie to an organisation."""
    parsed = parse(await request.form(), TieForm)
    if isinstance(parsed, FormErrors):
        return await _expert(request, expert_id, parsed)
    await queries.expert(expert_id)
    if parsed.organisation_id not in {one for one, _ in await organisation_names()}:
        raise NotFound()
    await experts.record_tie(
        actor_of(request), expert_id, parsed.organisation_id, parsed.kind, parsed.until
    )
    return redirect(f"/experts/{expert_id}", N_("Recorded."))


async def round_section(actor: Actor, round_id: int) -> Section | None:
    """The panels of a round, on its page."""
    found = await calls.round_of(round_id)
    in_review = found.state == RoundState.REVIEW
    made = await queries.panels_of(round_id)
    if not actor.may(P.PANEL_SEE) or found.terms is None or not (in_review or made):
        return None
    taken = {code for one in made for code in one.categories}
    return Section(
        N_("Review"),
        "selection/_of_round.html",
        {
            "round_id": round_id,
            "panels": made,
            "open": [one for one in found.terms.categories if in_review and one.code not in taken],
            "titles": PANEL.titles,
            "tones": TONES,
        },
    )


@post("/rounds/{round_id:int}/panels", permission=P.PANEL_EDIT, status_code=303)
async def draw(request: R, round_id: FromPath[int]) -> Response[Any]:
    """Draw a panel."""
    parsed = parse(await request.form(), DrawForm)
    if isinstance(parsed, FormErrors):
        return redirect(f"/rounds/{round_id}", N_("Name the panel and tick at least one category."))
    panel_id = await panels.draw_panel(
        actor_of(request),
        round_id,
        name=parsed.name,
        categories=parsed.category,
        today=calendar.today(),
    )
    return redirect(f"/panels/{panel_id}", N_("Drawn; every member declares conflicts first."))


@get("/panels/{panel_id:int}", permission=P.PANEL_SEE)
async def show(request: R, panel_id: FromPath[int]) -> Response[str]:
    """One panel: its seats, its draw, its timetable, what is next."""
    return await _show(request, panel_id)


async def _show(
    request: R, panel_id: int, *, errors: FormErrors | None = None, opened: str = ""
) -> Response[str]:
    actor = actor_of(request)
    panel = await queries.panel(panel_id)
    found = await calls.round_of(panel.round_id)
    case = await panels.panel_case(panel, found, panel.version, reason="…" * 5)
    steps: dict[str, Refusal | None] = {
        step.verb: next((r for guard in step.guards if (r := guard(case))), None)
        for step in PANEL.open_to(panel.state, actor)
        if step.permission is not P.SIGNED_IN
    }
    return page(
        request,
        "selection/panel.html",
        422 if errors else 200,
        panel=panel,
        round=found,
        members=await queries.members(panel_id),
        case=case,
        steps=steps,
        slots=await queries.timetable(panel_id),
        events=await timeline(Case(seats.KIND, panel_id)),
        verbs=VERBS,
        titles=PANEL.titles,
        tones=TONES,
        kinds=KIND_TITLES,
        member_titles=MEMBER_TITLES,
        member_tones=MEMBER_TONES,
        names_are_hidden=panel.state in (PanelState.DECLARING, PanelState.DOCUMENTS),
        typed=errors.typed if errors else {},
        errors=errors.messages(language_of(request)) if errors else {},
        opened=opened,
    )


async def _step(
    request: R,
    panel_id: int,
    form: type[Any],
    act: Callable[[Actor, Any], Awaitable[object]],
    done: str,
    opened: str = "",
) -> Response[Any]:
    parsed = parse(await request.form(), form)
    if isinstance(parsed, FormErrors):
        return await _show(request, panel_id, errors=parsed, opened=opened)
    await act(actor_of(request), parsed)
    return redirect(f"/panels/{panel_id}", done)


@post("/panels/{panel_id:int}/begin-scoring", permission=P.PANEL_EDIT, status_code=303)
async def begin_scoring(request: R, panel_id: FromPath[int]) -> Response[Any]:
    """Hand out the sheets."""

    async def act(actor: Actor, form: VersionForm) -> None:
        await panels.begin_scoring(actor, panel_id, seen_version=form.version)

    return await _step(request, panel_id, VersionForm, act, N_("The documents can be scored."))


@post("/panels/{panel_id:int}/begin-defence", permission=P.PANEL_EDIT, status_code=303)
async def begin_defence(request: R, panel_id: FromPath[int]) -> Response[Any]:
    """The defence begins; names are told."""

    async def act(actor: Actor, form: VersionForm) -> None:
        await panels.begin_defence(actor, panel_id, seen_version=form.version)

    return await _step(request, panel_id, VersionForm, act, N_("The defence has begun."))


@post("/panels/{panel_id:int}/dissolve", permission=P.PANEL_EDIT, status_code=303)
async def dissolve(request: R, panel_id: FromPath[int]) -> Response[Any]:
    """Give a panel up before anybody has scored."""

    async def act(actor: Actor, form: VersionForm) -> None:
        await panels.dissolve_panel(actor, panel_id, seen_version=form.version, reason=form.reason)

    return await _step(request, panel_id, VersionForm, act, N_("Dissolved."), "dissolve")


@post("/panels/{panel_id:int}/fill", permission=P.PANEL_EDIT, status_code=303)
async def fill(request: R, panel_id: FromPath[int]) -> Response[Any]:
    """Draw for empty seats again."""
    await seats.fill_seats(actor_of(request), panel_id, today=calendar.today())
    return redirect(f"/panels/{panel_id}", N_("Drawn."))


@post(
    "/panels/{panel_id:int}/members/{member_id:int}/recuse",
    permission=P.PANEL_EDIT,
    status_code=303,
)
async def recuse(request: R, panel_id: FromPath[int], member_id: FromPath[int]) -> Response[Any]:
    """Recuse a member; a substitute is drawn."""

    async def act(actor: Actor, form: RecuseForm) -> None:
        await seats.recuse_member(
            actor, panel_id, member_id, reason=form.reason, today=calendar.today()
        )

    return await _step(
        request, panel_id, RecuseForm, act, N_("Recused and minuted."), f"recuse-{member_id}"
    )


@post("/panels/{panel_id:int}/timetable", permission=P.PANEL_EDIT, status_code=303)
async def timetable(request: R, panel_id: FromPath[int]) -> Response[Any]:
    """Draw the order of the defence."""

    async def act(actor: Actor, form: TimetableForm) -> None:
        await defence.draw_timetable(
            actor,
            panel_id,
            defence.Plan(form.starts_at, form.minutes, form.per_day, form.room),
        )

    return await _step(
        request, panel_id, TimetableForm, act, N_("Drawn; the agencies are told."), "timetable"
    )


@get("/panels/{panel_id:int}/defence.ics", permission=P.PANEL_SEE)
async def calendar_file(request: R, panel_id: FromPath[int]) -> Response[str]:
    """The timetable for a calendar."""
    panel = await queries.panel(panel_id)
    found = await calls.round_of(panel.round_id)
    hidden = panel.state in (PanelState.DECLARING, PanelState.DOCUMENTS)
    text = defence.as_calendar(
        await queries.timetable(panel_id), found.title, with_names=not hidden
    )
    return Response(
        text,
        media_type="text/calendar; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="defence-{panel_id}.ics"'},
    )


@get("/panels/{panel_id:int}/members/{member_id:int}/sheets.pdf", permission=P.PANEL_SEE)
async def print_sheets(
    request: R, panel_id: FromPath[int], member_id: FromPath[int]
) -> Response[bytes]:
    """The signed sheets of a member on paper, once the scores are open."""
    member = next((one for one in await queries.members(panel_id) if one.id == member_id), None)
    if member is None:
        raise NotFound()
    content = await documents.score_sheets(
        actor_of(request), panel_id, member, lang=language_of(request)
    )
    return pdf_answer(content, f"score-sheets-{panel_id}-{member_id}")


ROUTES = [
    pool,
    add,
    show_expert,
    change,
    tie,
    draw,
    show,
    begin_scoring,
    begin_defence,
    dissolve,
    fill,
    recuse,
    timetable,
    calendar_file,
    print_sheets,
]
