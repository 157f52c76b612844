"""Pages of quota documents: proposed by one person, decided by another."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath

from grants.budget import actions, queries
from grants.budget.forms import QuotaForm, RejectForm
from grants.budget.pages import QUOTA_TITLES, TONES, VERBS, year_asked
from grants.budget.rules import PROPOSABLE, QuotaKind
from grants.budget.workflow import PROPOSAL, ProposalState
from grants.kernel import calendar
from grants.kernel.errors import N_, Refusal
from grants.kernel.identity import Permission as P
from grants.kernel.money import yuan_text
from grants.platform.access import actor_of
from grants.platform.audit import Case, timeline
from grants.platform.forms import FormErrors, faulty, parse, typed_in
from grants.platform.pages import language_of, page, redirect

R = Request[Any, Any, Any]


@get("/budget/documents/new", permission=P.BUDGET_PROPOSE)
async def new_document(request: R) -> Response[str]:
    """The form of a quota document."""
    return await _document_form(request)


async def _document_form(request: R, *, errors: FormErrors | None = None) -> Response[str]:
    year = year_asked(request)
    typed = dict(errors.typed) if errors else {"line_id": request.query_params.get("line", "")}
    return page(
        request,
        "budget/document_new.html",
        422 if errors else 200,
        lines=[line for line in await queries.lines_of_year(year) if line.state == "OPEN"],
        kinds=[(kind.value, QUOTA_TITLES[kind]) for kind in PROPOSABLE],
        year=year,
        today=calendar.today(),
        typed=typed,
        errors=errors.messages(language_of(request)) if errors else {},
    )


@post("/budget/documents", permission=P.BUDGET_PROPOSE, status_code=303)
async def propose(request: R) -> Response[Any]:
    """Propose a quota movement."""
    form = await request.form()
    parsed = parse(form, QuotaForm)
    if isinstance(parsed, FormErrors):
        return await _document_form(request, errors=parsed)
    if (parsed.kind == QuotaKind.TRANSFER) != (parsed.to_line_id is not None):
        missing = Refusal("budget.transfer_target", N_("A transfer, and only it, names a target."))
        return await _document_form(request, errors=faulty("to_line_id", missing, typed_in(form)))
    try:
        movement = await actions.propose_quota(
            actor_of(request),
            kind=parsed.kind,
            line_id=parsed.line_id,
            to_line_id=parsed.to_line_id,
            amount_fen=parsed.amount_fen,
            document_no=parsed.document_no,
            issued_on=parsed.issued_on,
            reason=parsed.reason,
        )
    except Refusal as refusal:
        if refusal.status == 403:
            raise
        return await _document_form(request, errors=faulty("amount_fen", refusal, typed_in(form)))
    return redirect(
        f"/budget/documents/{movement}", N_("Proposed; another person has to approve it.")
    )


@get("/budget/documents/{movement_id:int}", permission=P.BUDGET_SEE)
async def document(request: R, movement_id: FromPath[int]) -> Response[str]:
    """One quota document."""
    return await _document(request, movement_id)


async def _document(
    request: R, movement_id: int, *, errors: FormErrors | None = None
) -> Response[str]:
    movement = await queries.quota_movement(movement_id)
    return page(
        request,
        "budget/document.html",
        422 if errors else 200,
        movement=movement,
        line=await queries.line(movement.line_id),
        target=await queries.line(movement.to_line_id) if movement.to_line_id else None,
        quota_titles=QUOTA_TITLES,
        state_title=PROPOSAL.titles[ProposalState(movement.state)],
        tone=TONES[movement.state],
        events=await timeline(Case("quota_movement", movement_id)),
        verbs=VERBS,
        errors=errors.messages(language_of(request)) if errors else {},
    )


@post("/budget/documents/{movement_id:int}/approve", permission=P.BUDGET_APPROVE, status_code=303)
async def approve(request: R, movement_id: FromPath[int]) -> Response[Any]:
    """Approve: the ledger moves."""
    movement = await queries.quota_movement(movement_id)
    await actions.approve_quota(actor_of(request), movement_id, on=calendar.today())
    return redirect(
        f"/budget/documents/{movement_id}",
        N_("{number} approved: {amount} yuan moved."),
        number=movement.number,
        amount=yuan_text(movement.amount_fen),
    )


@post("/budget/documents/{movement_id:int}/reject", permission=P.BUDGET_APPROVE, status_code=303)
async def reject(request: R, movement_id: FromPath[int]) -> Response[Any]:
    """Reject with a reason."""
    parsed = parse(await request.form(), RejectForm)
    if isinstance(parsed, FormErrors):
        return await _document(request, movement_id, errors=parsed)
    await actions.reject_quota(actor_of(request), movement_id, reason=parsed.reason)
    return redirect(f"/budget/documents/{movement_id}", N_("Rejected."))


@post("/budget/documents/{movement_id:int}/withdraw", permission=P.BUDGET_PROPOSE, status_code=303)
async def withdraw(request: R, movement_id: FromPath[int]) -> Response[Any]:
    """Take back one's own proposal."""
    await actions.withdraw_quota(actor_of(request), movement_id)
    return redirect(f"/budget/documents/{movement_id}", N_("Withdrawn."))


ROUTES = [
    new_document,
    propose,
    document,
    approve,
    reject,
    withdraw,
]
