"""Pages of the outbox: mails with their state, the text of one, sending it again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath

from grants.kernel.errors import N_
from grants.kernel.identity import Permission as P
from grants.outbox import actions, queries
from grants.platform.access import actor_of
from grants.platform.lists import Listing, View
from grants.platform.pages import page, redirect
from grants.platform.smtp import server_of
from grants.settings import settings

R = Request[Any, Any, Any]

#: What each state of a mail is called, and the tone of its mark.
STATES: Mapping[str, tuple[str, str]] = {
    "WAITING": (N_("waits to be sent"), "now"),
    "SENT": (N_("sent"), "good"),
    "FAILED": (N_("not delivered"), "bad"),
}


@get("/outbox", permission=P.OUTBOX_SEE)
async def outbox(request: R) -> Response[str]:
    """Every mail, the newest first."""
    listing = Listing.of(request, filters=("state", "q"), columns=(), order="-id")
    state, search = listing.filters.get("state", ""), listing.filters.get("q", "")
    listing = listing.counted(await queries.count_mails(state, search))
    counts = await queries.count_by_state()
    return page(
        request,
        "outbox/list.html",
        listing=listing,
        mails=await queries.mails(state, search, limit=listing.size, offset=listing.offset),
        views=[
            View(N_("All"), "", sum(counts.values())),
            *(
                View(title, f"state={code}", counts[code])
                for code, (title, _) in STATES.items()
                if code in counts
            ),
        ],
        states=STATES,
        has_server=server_of(settings) is not None,
    )


@get("/outbox/{mail_id:int}", permission=P.OUTBOX_SEE)
async def mail(request: R, mail_id: FromPath[int]) -> Response[str]:
    """One mail as it is sent."""
    return page(request, "outbox/mail.html", mail=await queries.mail(mail_id), states=STATES)


@post("/outbox/{mail_id:int}/again", permission=P.OUTBOX_SEND, status_code=303)
async def send_again(request: R, mail_id: FromPath[int]) -> Response[None]:
    """Let a mail that failed wait for the next sender."""
    await actions.send_again(actor_of(request), mail_id)
    return redirect(f"/outbox/{mail_id}", N_("It is sent again within a minute."))


ROUTES = [outbox, mail, send_again]
