"""Pages of likely duplicates: the worklist, and two records side by side."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath

from grants.kernel.errors import N_
from grants.kernel.identity import Permission as P
from grants.parties import actions, duplicates
from grants.parties.forms import DuplicateForm
from grants.parties.rules import LIKENESS_TITLES, duplicate_reasons
from grants.platform.access import actor_of
from grants.platform.forms import FormErrors, parse
from grants.platform.lists import Listing, View
from grants.platform.pages import language_of, page, redirect

R = Request[Any, Any, Any]

_VIEWS = (
    View(N_("To be decided"), ""),
    View(N_("Found to be one"), "state=SAME"),
    View(N_("Found to be different"), "state=DIFFERENT"),
)
STATE_TITLES = {
    "OPEN": N_("To be decided"),
    "SAME": N_("Found to be one"),
    "DIFFERENT": N_("Found to be different"),
}
STATE_TONES = {"OPEN": "warn", "SAME": "bad", "DIFFERENT": "good"}


@get("/duplicates", permission=P.ORGANISATION_SEE)
async def index(request: R) -> Response[str]:
    """Pairs of records that look like one."""
    actor = actor_of(request)
    listing = Listing.of(request, filters=("state",), columns=(), order="id")
    state = listing.filters.get("state", "OPEN")
    if state not in STATE_TITLES:
        state = "OPEN"
    listing = listing.counted(await duplicates.count_duplicates(actor, state))
    return page(
        request,
        "parties/duplicates.html",
        listing=listing,
        pairs=await duplicates.duplicates(actor, state, limit=listing.size, offset=listing.offset),
        views=_VIEWS,
        likeness_titles=LIKENESS_TITLES,
    )


@get("/duplicates/{flag_id:int}", permission=P.ORGANISATION_SEE)
async def show(request: R, flag_id: FromPath[int]) -> Response[str]:
    """Two records side by side."""
    return await _show(request, flag_id)


async def _show(request: R, flag_id: int, errors: FormErrors | None = None) -> Response[str]:
    actor = actor_of(request)
    pair = await duplicates.duplicate(actor, flag_id)
    sides = await duplicates.sides(pair)
    return page(
        request,
        "parties/duplicate.html",
        422 if errors else 200,
        pair=pair,
        sides=sides,
        agree=duplicate_reasons(*(side.features for side in sides)),
        may_decide=pair.state == "OPEN" and actor.may(duplicates.DECIDED_WITH[pair.kind]),
        likeness_titles=LIKENESS_TITLES,
        state_title=STATE_TITLES[pair.state],
        tone=STATE_TONES[pair.state],
        typed=errors.typed if errors else {},
        errors=errors.messages(language_of(request)) if errors else {},
    )


@post("/duplicates/{flag_id:int}", permission=P.ORGANISATION_SEE, status_code=303)
async def decide(request: R, flag_id: FromPath[int]) -> Response[Any]:
    """Decide whether the two are one; the action asks for the right to edit such records."""
    parsed = parse(await request.form(), DuplicateForm)
    if isinstance(parsed, FormErrors):
        return await _show(request, flag_id, parsed)
    await actions.decide_duplicate(
        actor_of(request), flag_id, same=parsed.decision == "same", note=parsed.note
    )
    return redirect("/duplicates", N_("Decided."))


ROUTES = [index, show, decide]
