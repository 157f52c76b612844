"""What the office does with applications, and what they show on pages of calls and needs."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, post
from litestar.params import FromPath

from grants.applications import queries, screening
from grants.applications.forms import CallOffForm, VerdictForm
from grants.applications.pages import TONES, take_step_on_page
from grants.applications.queries import ApplicationFilter
from grants.applications.workflow import APPLICATION
from grants.calls import queries as calls
from grants.calls import rounds
from grants.calls.workflow import RoundState
from grants.kernel.errors import N_, NotFound
from grants.kernel.identity import Actor
from grants.kernel.identity import Permission as P
from grants.platform.access import actor_of
from grants.platform.forms import FormErrors, parse
from grants.platform.pages import redirect
from grants.platform.sections import Section

R = Request[Any, Any, Any]


@post("/applications/{application_id:int}/screen", permission=P.APPLICATION_SCREEN, status_code=303)
async def screen(request: R, application_id: FromPath[int]) -> Response[Any]:
    """The office's verdict."""

    async def act(actor: Actor, form: VerdictForm) -> None:
        await screening.screen_application(
            actor, application_id, form.verb, seen_version=form.version, reason=form.reason
        )

    return await take_step_on_page(request, application_id, VerdictForm, act, N_("Recorded."))


@post("/rounds/{round_id:int}/begin-review", permission=P.APPLICATION_SCREEN, status_code=303)
async def begin_review(request: R, round_id: FromPath[int]) -> Response[Any]:
    """End the screening of a round."""
    await screening.begin_review(actor_of(request), round_id)
    return redirect(f"/rounds/{round_id}", N_("The screening is over; the review begins."))


@post("/rounds/{round_id:int}/call-off", permission=P.CALL_APPROVE, status_code=303)
async def call_off(request: R, round_id: FromPath[int]) -> Response[Any]:
    """Call a round off while nobody has applied."""
    parsed = parse(await request.form(), CallOffForm)
    if isinstance(parsed, FormErrors):
        raise NotFound()
    await rounds.call_off_round(
        actor_of(request),
        round_id,
        standing=await screening.standing_of(round_id),
        reason=parsed.reason,
    )
    return redirect(f"/rounds/{round_id}", N_("Called off."))


async def round_section(actor: Actor, round_id: int) -> Section | None:
    """The applications of a round, on the office's page of it."""
    if not actor.may(P.APPLICATION_SEE) or actor.organisation_id is not None:
        return None
    found = await calls.round_of(round_id)
    if found.terms is None:
        return None
    return Section(
        N_("Applications"),
        "applications/_of_round.html",
        {
            "round_id": round_id,
            "counts": await queries.count_by_state(round_id),
            "total": await queries.count_applications(actor, ApplicationFilter(round_id=round_id)),
            "titles": APPLICATION.titles,
            "screening": found.state == RoundState.SCREENING,
            "standing": await screening.standing_of(round_id),
        },
    )


async def call_section(actor: Actor, round_id: int) -> Section | None:
    """An agency's own applications, on the public page of a call."""
    return await _own_applications(actor, ApplicationFilter(round_id=round_id))


async def _own_applications(actor: Actor, wanted: ApplicationFilter) -> Section | None:
    if actor.organisation_id is None or not actor.may(P.APPLICATION_SEE):
        return None
    found = await queries.applications(actor, wanted)
    if not found:
        return None
    return Section(
        N_("Your applications"),
        "applications/_own.html",
        {"applications": found, "titles": APPLICATION.titles, "tones": TONES},
    )


async def need_section(actor: Actor, need_id: int) -> Section | None:
    """The projects that answer a need, on its page: the chain from need to result."""
    if not actor.may(P.APPLICATION_SEE):
        return None
    found = await queries.applications(actor, ApplicationFilter(need_id=need_id))
    if not found:
        return None
    return Section(
        N_("Projects that answer it"),
        "applications/_own.html",
        {"applications": found, "titles": APPLICATION.titles, "tones": TONES},
    )


ROUTES = [screen, begin_review, call_off]
