"""Pages of needs: the list, one need, bringing one in, deciding on it."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath

from grants.calls import need_queries as queries
from grants.calls import needs
from grants.calls.forms import NeedForm, StepForm
from grants.calls.need_queries import NeedFilter
from grants.calls.needs import SOURCE_TITLES, URGENCY_TITLES, need_case
from grants.calls.workflow import NEED
from grants.kernel.errors import N_, FieldFault
from grants.kernel.identity import Permission as P
from grants.platform.access import actor_of
from grants.platform.audit import Case, timeline
from grants.platform.forms import FormErrors, Said, parse, typed_in
from grants.platform.lists import Listing, View
from grants.platform.pages import language_of, page, redirect
from grants.platform.sections import Filling, sections_of

R = Request[Any, Any, Any]

#: What higher features show on a need's page: the projects that answer it.
SECTIONS: list[Filling] = []

TONES = {"ENTERED": "now", "PUBLISHED": "good", "DECLINED": "bad", "MET": "good", "WITHDRAWN": ""}
VERBS = {
    "enter": N_("brought it in"),
    "edit": N_("changed it"),
    "publish": N_("published it"),
    "decline": N_("declined it"),
    "meet": N_("marked it as met"),
    "withdraw": N_("withdrew it"),
}
_VIEWS = (
    View(N_("All"), ""),
    View(N_("To be looked at"), "state=ENTERED"),
    View(N_("Published"), "state=PUBLISHED"),
    View(N_("Met"), "state=MET"),
)


@get("/needs", permission=P.NEED_SEE)
async def index(request: R) -> Response[str]:
    """The needs of towns and communities."""
    actor = actor_of(request)
    listing = Listing.of(request, filters=("q", "state", "town"), columns=(), order="-urgency")
    wanted = NeedFilter(
        state=listing.filters.get("state") or None,
        town=listing.filters.get("town") or None,
        search=listing.filters.get("q", ""),
    )
    return page(
        request,
        "calls/needs.html",
        listing=listing.counted(await queries.count_needs(actor, wanted)),
        needs=await queries.needs(actor, wanted, limit=listing.size, offset=listing.offset),
        towns=await queries.towns(),
        views=_VIEWS,
        **_WORDS,
    )


_WORDS: dict[str, Any] = {
    "titles": NEED.titles,
    "tones": TONES,
    "sources": SOURCE_TITLES,
    "urgencies": URGENCY_TITLES,
}


@get("/needs/{need_id:int}", permission=P.NEED_SEE)
async def show(request: R, need_id: FromPath[int]) -> Response[str]:
    """One need, what became of it, and the projects that answer it."""
    return await _show(request, need_id)


async def _show(
    request: R, need_id: int, *, errors: FormErrors | None = None, opened: str = ""
) -> Response[str]:
    actor = actor_of(request)
    need = await queries.need(actor, need_id)
    case = need_case(actor, need, need.version, note="…" * 5)
    open_steps = {
        step.verb
        for step in NEED.open_to(need.state, actor)
        if not any(guard(case) for guard in step.guards)
    }
    return page(
        request,
        "calls/need.html",
        422 if errors else 200,
        need=need,
        steps=open_steps,
        sections=await sections_of(SECTIONS, actor, need_id),
        events=await timeline(Case(needs.KIND, need_id)),
        verbs=VERBS,
        errors=errors.messages(language_of(request)) if errors else {},
        opened=opened,
        **_WORDS,
    )


@get("/needs/new", permission=P.NEED_ENTER)
async def new(request: R) -> Response[str]:
    """The form of a need."""
    return _form(request, None, {"source": "COMMUNITY", "urgency": "2"})


def _form(
    request: R, need: queries.Need | None, typed: dict[str, str], errors: FormErrors | None = None
) -> Response[str]:
    return page(
        request,
        "calls/need_form.html",
        422 if errors else 200,
        need=need,
        typed=typed,
        errors=errors.messages(language_of(request)) if errors else {},
        **_WORDS,
    )


async def _read(request: R) -> NeedForm | FormErrors:
    form = await request.form()
    parsed = parse(form, NeedForm)
    if isinstance(parsed, NeedForm):
        try:
            parsed.details()
        except FieldFault as fault:
            return FormErrors(
                {"deliberation_no": Said(fault.message, fault.params)}, typed_in(form)
            )
    return parsed


@post("/needs", permission=P.NEED_ENTER, status_code=303)
async def create(request: R) -> Response[Any]:
    """Bring a need in."""
    parsed = await _read(request)
    if isinstance(parsed, FormErrors):
        return _form(request, None, dict(parsed.typed), parsed)
    need_id = await needs.enter_need(actor_of(request), parsed.details())
    return redirect(f"/needs/{need_id}", N_("Brought in; the office looks at it."))


@get("/needs/{need_id:int}/edit", permission=P.NEED_ENTER)
async def edit(request: R, need_id: FromPath[int]) -> Response[str]:
    """Change a need that is not decided yet."""
    actor = actor_of(request)
    need = await queries.need(actor, need_id)
    NEED.take("edit", need.state, actor, need_case(actor, need, need.version))
    known = {name: str(getattr(need, name)) for name in NeedForm.model_fields}
    return _form(request, need, known)


@post("/needs/{need_id:int}/edit", permission=P.NEED_ENTER, status_code=303)
async def change(request: R, need_id: FromPath[int]) -> Response[Any]:
    """Write the change."""
    actor, parsed = actor_of(request), await _read(request)
    if isinstance(parsed, FormErrors):
        return _form(request, await queries.need(actor, need_id), dict(parsed.typed), parsed)
    await needs.change_need(actor, need_id, parsed.details(), seen_version=parsed.version)
    return redirect(f"/needs/{need_id}", N_("Changed."))


async def _decide(request: R, need_id: int, verb: str, done: str) -> Response[Any]:
    parsed = parse(await request.form(), StepForm)
    if isinstance(parsed, FormErrors):
        return await _show(request, need_id, errors=parsed, opened=verb)
    await needs.decide_need(
        actor_of(request), need_id, verb, seen_version=parsed.version, note=parsed.note
    )
    return redirect(f"/needs/{need_id}", done)


@post("/needs/{need_id:int}/publish", permission=P.NEED_DECIDE, status_code=303)
async def publish(request: R, need_id: FromPath[int]) -> Response[Any]:
    """Publish: calls may cite it, projects may answer it."""
    return await _decide(request, need_id, "publish", N_("Published."))


@post("/needs/{need_id:int}/decline", permission=P.NEED_DECIDE, status_code=303)
async def decline(request: R, need_id: FromPath[int]) -> Response[Any]:
    """Decline, with the reason."""
    return await _decide(request, need_id, "decline", N_("Declined."))


@post("/needs/{need_id:int}/meet", permission=P.NEED_DECIDE, status_code=303)
async def meet(request: R, need_id: FromPath[int]) -> Response[Any]:
    """Mark as met, and say by what."""
    return await _decide(request, need_id, "meet", N_("Marked as met."))


@post("/needs/{need_id:int}/withdraw", permission=P.NEED_ENTER, status_code=303)
async def withdraw(request: R, need_id: FromPath[int]) -> Response[Any]:
    """Take it back."""
    return await _decide(request, need_id, "withdraw", N_("Withdrawn."))


ROUTES = [index, show, new, create, edit, change, publish, decline, meet, withdraw]
