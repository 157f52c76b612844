"""The worklist: what waits for me, oldest clock first, with the money and the days left."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from litestar import Request, Response, get

from grants.applications import queries as applications
from grants.applications.pages import TONES as APPLICATION_TONES
from grants.applications.queries import ApplicationFilter
from grants.applications.workflow import APPLICATION
from grants.awards import queries as awards
from grants.awards.queries import AwardFilter
from grants.awards.workflow import AWARD
from grants.calls import queries as calls
from grants.home import queries
from grants.kernel import calendar
from grants.kernel.errors import N_
from grants.kernel.identity import Permission as P
from grants.payments import lists
from grants.payments.lists import PaymentFilter, PaymentList
from grants.payments.pages import TONES
from grants.payments.workflow import PAYMENT
from grants.platform.access import actor_of
from grants.platform.lists import Column, Listing, View
from grants.platform.pages import page
from grants.reports import queries as reports

R = Request[Any, Any, Any]

#: Officers see instalments that fall due within so many days [D].
_AHEAD_DAYS = 30
_DUE_ROWS = 50

_COLUMNS = (
    Column("payee", N_("Payee"), sortable=True),
    Column("amount", N_("Amount"), sortable=True, numeric=True),
    Column("due", N_("Due"), sortable=True),
)
_VIEWS = (
    View(N_("All"), ""),
    View(N_("Overdue"), "clock=overdue"),
    View(N_("Within 7 days"), "clock=week"),
)


@get("/", permission=P.SIGNED_IN, cache=True)
async def home(request: R) -> Response[str]:
    """The worklist of the person who asks."""
    actor = actor_of(request)
    if actor.organisation_id is not None:
        return await _agency(request)
    today = calendar.today()
    listing = Listing.of(request, filters=("q", "clock"), columns=_COLUMNS, order="due")
    clock = listing.filters.get("clock")
    wanted = lists.waiting_for(
        actor,
        search=listing.filters.get("q", ""),
        order=("-" if listing.descending else "") + listing.order,
        due_before={"overdue": today, "week": today + timedelta(days=8)}.get(clock or ""),
    )
    approves = actor.may(P.PAYMENT_APPROVE)
    found = (
        await lists.list_payments(actor, wanted, limit=listing.size, offset=listing.offset)
        if approves
        else PaymentList()
    )
    rows = found.rows
    ahead, asks = today + timedelta(days=_AHEAD_DAYS), actor.may(P.PAYMENT_REQUEST)
    return page(
        request,
        "home/worklist.html",
        approves=approves,
        listing=listing.counted(found.count, more=found.more),
        total_fen=found.total_fen,
        payments=rows,
        oldest_days=(today - rows[0].due_on).days if rows and listing.order == "due" else 0,
        views=_VIEWS,
        titles=PAYMENT.titles,
        tones=TONES,
        due=await awards.due_instalments(ahead, limit=_DUE_ROWS) if asks else [],
        due_count=await awards.count_due_instalments(ahead) if asks else 0,
        piles=await queries.waiting_for(actor),
        fund=await reports.fund_totals(today.year) if actor.may(P.OVERVIEW_SEE) else None,
        today=today,
    )


async def _agency(request: R) -> Response[str]:
    """Where is my money: an agency's own payments and awards."""
    actor = actor_of(request)
    return page(
        request,
        "home/agency.html",
        piles=await queries.waiting_for(actor),
        payments=await lists.payments(actor, PaymentFilter(order="-number"), limit=50),
        titles=PAYMENT.titles,
        tones=TONES,
        awards=await awards.awards(actor, AwardFilter(), limit=50),
        award_titles=AWARD.titles,
        calls=[one for one in await calls.rounds(published=True) if one.is_open_at(calendar.now())],
        applications=await applications.applications(
            actor, ApplicationFilter(), order="-number", limit=20
        ),
        application_titles=APPLICATION.titles,
        application_tones=APPLICATION_TONES,
        today=calendar.today(),
    )


ROUTES = [home]
