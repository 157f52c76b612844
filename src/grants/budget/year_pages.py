"""Pages of the year end: what is carried over and what is surplus."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath

from grants.budget import queries
from grants.budget import year_end as year_ends
from grants.budget.forms import YearEndForm
from grants.budget.pages import TONES, VERBS
from grants.budget.rules import LineEnd
from grants.budget.workflow import PROPOSAL, ProposalState
from grants.kernel import calendar
from grants.kernel.errors import N_, Refusal
from grants.kernel.identity import Permission as P
from grants.kernel.money import Fen
from grants.platform.access import actor_of
from grants.platform.audit import Case, timeline
from grants.platform.forms import FormErrors, parse
from grants.platform.pages import page, redirect

R = Request[Any, Any, Any]


@get("/budget/years/{year:int}/end", permission=P.BUDGET_SEE)
async def year_end(request: R, year: FromPath[int]) -> Response[str]:
    """What closing a year would do, line by line."""
    lines = {line.id: line for line in await queries.lines_of_year(year)}
    ends = await year_ends.preview_year_end(year)
    proposal = await queries.year_end(year)
    return page(
        request,
        "budget/year_end.html",
        year=year,
        lines=list(lines.values()),
        ends=dict(zip(lines, ends, strict=True)),
        carried_fen=Fen(sum(e.carried_fen for e in ends if isinstance(e, LineEnd))),
        surplus_fen=Fen(sum(e.surplus_fen for e in ends if isinstance(e, LineEnd))),
        refused={lines[i].id: e for i, e in zip(lines, ends, strict=True) if _is_refusal(e)},
        proposal=proposal,
        state_title=PROPOSAL.titles[ProposalState(proposal.state)] if proposal else "",
        tone=TONES[proposal.state] if proposal else "",
        events=await timeline(Case("year_end", proposal.id)) if proposal else [],
        verbs=VERBS,
    )


def _is_refusal(end: LineEnd | Refusal) -> bool:
    return isinstance(end, Refusal)


@post("/budget/years/{year:int}/end", permission=P.BUDGET_PROPOSE, status_code=303)
async def propose_year_end(request: R, year: FromPath[int]) -> Response[Any]:
    """Propose to close a year."""
    parsed = parse(await request.form(), YearEndForm)
    if isinstance(parsed, FormErrors):
        return redirect(f"/budget/years/{year}/end", N_("Give the document's number."))
    await year_ends.propose_year_end(actor_of(request), year, parsed.document_no)
    return redirect(f"/budget/years/{year}/end", N_("Proposed; another person has to approve it."))


@post("/budget/years/{year:int}/end/{verb:str}", permission=P.BUDGET_APPROVE, status_code=303)
async def decide_year_end(request: R, year: FromPath[int], verb: FromPath[str]) -> Response[Any]:
    """Approve or reject closing a year."""
    await year_ends.decide_year_end(
        actor_of(request),
        year,
        verb,
        on=calendar.today(),
        reason=str((await request.form()).get("reason", ""))[:500],
    )
    return redirect(f"/budget/years/{year}/end", N_("Decided."))


ROUTES = [
    year_end,
    propose_year_end,
    decide_year_end,
]
