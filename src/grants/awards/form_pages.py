"""Pages on which an award is drawn up and its draft changed."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath

from grants.awards import actions, queries
from grants.awards.forms import (
    INSTALMENT_ROWS,
    Entered,
    read_award,
)
from grants.budget import queries as budget
from grants.kernel import calendar
from grants.kernel.errors import N_
from grants.kernel.identity import Permission as P
from grants.kernel.money import yuan_text
from grants.parties import queries as parties
from grants.platform.access import actor_of
from grants.platform.forms import FormErrors
from grants.platform.pages import language_of, page, redirect

R = Request[Any, Any, Any]


@get("/awards/new", permission=P.AWARD_CREATE)
async def new(request: R) -> Response[str]:
    """The form of a new award."""
    return await _form(request)


async def open_lines() -> dict[int, budget.Line]:
    """Open lines of this year and the two that follow."""
    year = calendar.today().year
    return {
        line.id: line
        for y in (year, year + 1, year + 2)
        for line in await budget.lines_of_year(y)
        if line.state == "OPEN"
    }


async def _form(
    request: R, *, award: queries.Award | None = None, errors: FormErrors | None = None
) -> Response[str]:
    typed = dict(errors.typed) if errors else await _known(award)
    return page(
        request,
        "awards/form.html",
        422 if errors else 200,
        award=award,
        lines=list((await open_lines()).values()),
        programmes=await budget.programmes(),
        payees=await parties.payees(),
        rows=[(n, n) for n in range(1, INSTALMENT_ROWS + 1)],
        typed=typed,
        errors=errors.messages(language_of(request)) if errors else {},
    )


async def _known(award: queries.Award | None) -> dict[str, str]:
    """What the form starts from."""
    if award is None:
        return {}
    payee = f"o:{award.organisation_id}" if award.organisation_id else f"p:{award.person_id}"
    known = {
        "programme_id": str(award.programme_id),
        "payee": payee,
        "title": award.title,
        "purpose": award.purpose,
        "amount_fen": yuan_text(award.amount_fen),
        "basis": award.basis,
        "minutes_no": award.minutes_no,
        "decided_on": award.decided_on.isoformat() if award.decided_on else "",
        "starts_on": award.starts_on.isoformat() if award.starts_on else "",
        "ends_on": award.ends_on.isoformat() if award.ends_on else "",
    }
    for n, part in enumerate(await queries.instalments(award.id), start=1):
        known |= {
            f"line_id_{n}": str(part.line_id),
            f"amount_fen_{n}": yuan_text(part.amount_fen),
            f"due_on_{n}": part.due_on.isoformat(),
            f"condition_{n}": part.condition,
        }
    return known


@post("/awards", permission=P.AWARD_CREATE, status_code=303)
async def create(request: R) -> Response[Any]:
    """Draw an award up."""
    entered = read_award(await request.form(), await open_lines())
    if isinstance(entered, FormErrors):
        return await _form(request, errors=entered)
    award_id = await actions.create_award(actor_of(request), entered.plan, today=calendar.today())
    return redirect(f"/awards/{award_id}", N_("Drawn up; another person has to approve it."))


@get("/awards/{award_id:int}/edit", permission=P.AWARD_CREATE)
async def edit(request: R, award_id: FromPath[int]) -> Response[str]:
    """Change a draft."""
    return await _form(request, award=await queries.award(actor_of(request), award_id))


@post("/awards/{award_id:int}/edit", permission=P.AWARD_CREATE, status_code=303)
async def change(request: R, award_id: FromPath[int]) -> Response[Any]:
    """Write the change."""
    actor = actor_of(request)
    entered = read_award(await request.form(), await open_lines())
    if not isinstance(entered, Entered):
        award = await queries.award(actor, award_id)
        return await _form(request, award=award, errors=entered)
    await actions.change_award(actor, award_id, entered.plan, seen_version=entered.version)
    return redirect(f"/awards/{award_id}", N_("Changed."))


ROUTES = [new, create, edit, change]
