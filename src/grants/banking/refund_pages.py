"""Pages of refunds: recorded by one person, approved by another."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath

from grants.banking import refunds
from grants.banking.forms import RefundForm
from grants.budget.workflow import PROPOSAL, ProposalState
from grants.kernel import calendar
from grants.kernel.errors import N_, Refusal
from grants.kernel.identity import Permission as P
from grants.payments import queries as payment_queries
from grants.platform.access import actor_of
from grants.platform.forms import FormErrors, faulty, parse
from grants.platform.pages import language_of, page, redirect, sheet, texts_of

R = Request[Any, Any, Any]
PROPOSAL_TONES = {"PROPOSED": "now", "APPROVED": "good", "REJECTED": "bad"}


@get("/refunds.xlsx", permission=P.BATCH_SEE)
async def export_refunds(request: R) -> Response[bytes]:
    """All refunds as a sheet."""
    text = texts_of(request).text
    return sheet(
        request,
        "refunds",
        N_("Refunds"),
        [
            ("number", N_("Number")),
            ("payment_number", N_("Payment")),
            ("payee_name", N_("Payee")),
            ("received_on", N_("Received on"), "day"),
            ("amount_fen", N_("Amount"), "yuan"),
            ("reference", N_("Bank reference")),
            ("state", N_("State")),
            ("reason", N_("Reason")),
        ],
        await refunds.refunds(),
        state=lambda refund: text(PROPOSAL.titles[ProposalState(refund.state)]),
    )


@get("/payments/{payment_id:int}/refund", permission=P.REFUND_RECORD)
async def refund_form(request: R, payment_id: FromPath[int]) -> Response[str]:
    """The form of a refund."""
    return await _refund_form(request, payment_id)


async def _refund_form(
    request: R, payment_id: int, *, errors: FormErrors | None = None
) -> Response[str]:
    return page(
        request,
        "banking/refund_new.html",
        422 if errors else 200,
        payment=await payment_queries.payment(actor_of(request), payment_id),
        earlier=await refunds.refunds(payment_id),
        states=PROPOSAL.titles,
        tones=PROPOSAL_TONES,
        today=calendar.today(),
        typed=errors.typed if errors else {},
        errors=errors.messages(language_of(request)) if errors else {},
    )


@post("/payments/{payment_id:int}/refund", permission=P.REFUND_RECORD, status_code=303)
async def record_refund(request: R, payment_id: FromPath[int]) -> Response[Any]:
    """Record money that came back."""
    form = await request.form()
    parsed = parse(form, RefundForm)
    if isinstance(parsed, FormErrors):
        return await _refund_form(request, payment_id, errors=parsed)
    try:
        await refunds.record_refund(actor_of(request), payment_id, **parsed.model_dump())
    except Refusal as refusal:
        typed = {k: v for k, v in form.items() if isinstance(v, str)}
        field = "received_on" if refusal.code == "refund.before_payment" else "amount_fen"
        return await _refund_form(request, payment_id, errors=faulty(field, refusal, typed))
    return redirect("/refunds", N_("Recorded; the head of finance approves it."))


@get("/refunds", permission=P.BATCH_SEE)
async def refund_list(request: R) -> Response[str]:
    """Refunds."""
    return page(
        request,
        "banking/refunds.html",
        refunds=await refunds.refunds(),
        states=PROPOSAL.titles,
        tones=PROPOSAL_TONES,
    )


@post("/refunds/{refund_id:int}/{verb:str}", permission=P.REFUND_APPROVE, status_code=303)
async def decide_refund(request: R, refund_id: FromPath[int], verb: FromPath[str]) -> Response[Any]:
    """Approve or reject a refund."""
    await refunds.decide_refund(
        actor_of(request),
        refund_id,
        verb,
        reason=str((await request.form()).get("reason", ""))[:500],
    )
    return redirect("/refunds", N_("Decided."))


ROUTES = [
    export_refunds,
    refund_form,
    record_refund,
    refund_list,
    decide_refund,
]
