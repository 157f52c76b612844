"""The list of applications, on the screen and as a sheet."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get

from grants.applications import queries
from grants.applications.pages import TONES
from grants.applications.queries import ApplicationFilter
from grants.applications.workflow import APPLICATION, ApplicationState
from grants.calls import queries as calls
from grants.kernel import calendar
from grants.kernel.errors import N_
from grants.kernel.identity import Permission as P
from grants.platform.access import actor_of
from grants.platform.forms import row_id
from grants.platform.lists import Column, Listing, View
from grants.platform.pages import page, sheet, texts_of

R = Request[Any, Any, Any]

_COLUMNS = (
    Column("number", N_("Application"), sortable=True, always=True),
    Column("organisation", N_("Agency"), sortable=True),
    Column("category", N_("Category"), sortable=True),
    Column("state", N_("State"), always=True),
    Column("submitted", N_("Submitted"), sortable=True),
    Column("amount", N_("Asks for"), sortable=True, numeric=True, always=True),
)
_VIEWS = (
    View(N_("All"), ""),
    View(N_("To be screened"), "state=SUBMITTED"),
    View(N_("To be supplemented"), "state=SUPPLEMENT"),
    View(N_("Passed the checks"), "state=ELIGIBLE"),
    View(N_("Failed the checks"), "state=INELIGIBLE"),
    View(N_("To be funded"), "state=APPROVED"),
    View(N_("Funded"), "state=AWARDED"),
)


def _listing(request: R) -> Listing:
    return Listing.of(
        request,
        filters=("q", "state", "round", "category", "theme"),
        columns=_COLUMNS,
        order="number",
    )


def _filter(listing: Listing) -> ApplicationFilter:
    given = listing.filters
    return ApplicationFilter(
        round_id=row_id(given.get("round", "")),
        state=given.get("state") or None,
        category=given.get("category") or None,
        theme=given.get("theme") or None,
        search=given.get("q", ""),
    )


@get("/applications", permission=P.APPLICATION_SEE)
async def index(request: R) -> Response[str]:
    """Applications within one's scope."""
    actor, listing = actor_of(request), _listing(request)
    wanted = _filter(listing)
    count, total_fen = await queries.count_applications(actor, wanted)
    return page(
        request,
        "applications/list.html",
        listing=listing.counted(count),
        total_fen=total_fen,
        applications=await queries.applications(
            actor,
            wanted,
            order=listing.order_text,
            limit=listing.size,
            offset=listing.offset,
        ),
        rounds=await calls.rounds(published=True),
        views=_VIEWS if actor.organisation_id is None else (),
        titles=APPLICATION.titles,
        tones=TONES,
        now=calendar.now(),
    )


@get("/applications.xlsx", permission=P.APPLICATION_SEE)
async def export(request: R) -> Response[bytes]:
    """Exactly the rows that the list shows, all pages of them."""
    text, listing = texts_of(request).text, _listing(request)
    return sheet(
        request,
        "applications",
        N_("Applications"),
        [
            ("number", N_("Application")),
            ("title", N_("Title")),
            ("organisation", N_("Agency")),
            ("category", N_("Category")),
            ("theme", N_("Field of work")),
            ("community", N_("Community")),
            ("state", N_("State")),
            ("asked_fen", N_("Asks for"), "yuan"),
        ],
        await queries.applications(
            actor_of(request), _filter(listing), order=listing.order_text, limit=100_000
        ),
        state=lambda row: text(APPLICATION.titles[ApplicationState(row.state)]),
    )


ROUTES = [index, export]
