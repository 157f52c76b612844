"""The acts on a payment: submit, approve, return, reject, withdraw, cancel, waive, correct."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from litestar import Request, Response, post
from litestar.params import FromPath

from grants.kernel import calendar
from grants.kernel.errors import N_
from grants.kernel.identity import Actor
from grants.kernel.identity import Permission as P
from grants.kernel.money import Fen, amount_in_capitals, yuan_text
from grants.payments import actions, approvals
from grants.payments.forms import AccountForm, DecisionForm, ReasonForm, WaiverForm
from grants.payments.pages import show_payment
from grants.platform.access import actor_of
from grants.platform.forms import FormErrors, parse, row_id
from grants.platform.pages import page, redirect

R = Request[Any, Any, Any]


async def _decide(
    request: R,
    payment_id: int,
    verb: str,
    done: str,
    act: Callable[[Actor, Any], Awaitable[object]],
    form: type[Any],
) -> Response[Any]:
    """Parse, act, and lead back to the case; a bad form shows the case with its errors."""
    parsed = parse(await request.form(), form)
    if isinstance(parsed, FormErrors):
        return await show_payment(request, payment_id, errors=parsed, opened=verb)
    await act(actor_of(request), parsed)
    return redirect(f"/payments/{payment_id}", done)


@post("/payments/{payment_id:int}/submit", permission=P.PAYMENT_REQUEST, status_code=303)
async def submit(request: R, payment_id: FromPath[int]) -> Response[Any]:
    """Send a request into its chain."""

    async def act(actor: Actor, form: DecisionForm) -> None:
        await actions.submit_payment(
            actor,
            payment_id,
            seen_version=form.version,
            today=calendar.today(),
            opinion=form.opinion,
        )

    return await _decide(
        request, payment_id, "submit", N_("Submitted for approval."), act, DecisionForm
    )


@post("/payments/{payment_id:int}/approve", permission=P.PAYMENT_APPROVE, status_code=303)
async def approve(request: R, payment_id: FromPath[int]) -> Response[Any]:
    """Approve one's step; the worklist comes next."""
    parsed = parse(await request.form(), DecisionForm)
    if isinstance(parsed, FormErrors):
        return await show_payment(request, payment_id, errors=parsed, opened="approve")
    payment = await approvals.approve_payment(
        actor_of(request),
        payment_id,
        seen_version=parsed.version,
        today=calendar.today(),
        opinion=parsed.opinion,
    )
    return redirect(
        f"/payments/{payment_id}",
        N_("{number} approved: {amount} yuan."),
        number=payment.number,
        amount=yuan_text(payment.amount_fen),
    )


@post("/payments/{payment_id:int}/return", permission=P.PAYMENT_APPROVE, status_code=303)
async def send_back(request: R, payment_id: FromPath[int]) -> Response[Any]:
    """Return a request for correction."""

    async def act(actor: Actor, form: ReasonForm) -> None:
        await approvals.return_payment(
            actor, payment_id, seen_version=form.version, reason=form.reason
        )

    return await _decide(
        request, payment_id, "return", N_("Returned for correction."), act, ReasonForm
    )


@post("/payments/{payment_id:int}/reject", permission=P.PAYMENT_APPROVE, status_code=303)
async def reject(request: R, payment_id: FromPath[int]) -> Response[Any]:
    """Refuse a request for good."""

    async def act(actor: Actor, form: ReasonForm) -> None:
        await approvals.reject_payment(
            actor, payment_id, seen_version=form.version, reason=form.reason
        )

    return await _decide(request, payment_id, "reject", N_("Rejected."), act, ReasonForm)


@post("/payments/{payment_id:int}/withdraw", permission=P.PAYMENT_REQUEST, status_code=303)
async def withdraw(request: R, payment_id: FromPath[int]) -> Response[Any]:
    """Take back one's own request."""

    async def act(actor: Actor, form: ReasonForm) -> None:
        await actions.withdraw_payment(actor, payment_id, reason=form.reason)

    return await _decide(request, payment_id, "withdraw", N_("Withdrawn."), act, ReasonForm)


@post("/payments/{payment_id:int}/cancel", permission=P.PAYMENT_REQUEST, status_code=303)
async def cancel(request: R, payment_id: FromPath[int]) -> Response[Any]:
    """Take back an approved payment that is in no batch."""

    async def act(actor: Actor, form: ReasonForm) -> None:
        await actions.cancel_payment(actor, payment_id, reason=form.reason, today=calendar.today())

    return await _decide(
        request,
        payment_id,
        "cancel",
        N_("Cancelled; the money is committed again."),
        act,
        ReasonForm,
    )


@post("/payments/{payment_id:int}/waive", permission=P.GATE_WAIVE, status_code=303)
async def waive(request: R, payment_id: FromPath[int]) -> Response[Any]:
    """Set a gate rule aside."""

    async def act(actor: Actor, form: WaiverForm) -> None:
        await approvals.waive_rule(
            actor, payment_id, form.rule, reason=form.reason, today=calendar.today()
        )

    return await _decide(request, payment_id, "waive", N_("Set aside."), act, WaiverForm)


@post("/payments/{payment_id:int}/correct", permission=P.PAYMENT_REQUEST, status_code=303)
async def correct(request: R, payment_id: FromPath[int]) -> Response[Any]:
    """Point a returned payment at a verified account."""

    async def act(actor: Actor, form: AccountForm) -> None:
        await actions.correct_account(
            actor,
            payment_id,
            form.bank_account_id,
            seen_version=form.version,
            reason=form.reason,
        )

    return await _decide(
        request,
        payment_id,
        "correct",
        N_("Account corrected; it can be paid again."),
        act,
        AccountForm,
    )


@post("/payments/approve", permission=P.PAYMENT_APPROVE, status_code=200)
async def approve_picked(request: R) -> Response[Any]:
    """Approve what was picked in the worklist, with a result for each item."""
    actor, form = actor_of(request), await request.form()
    chosen = []
    for pair in form.getall("picked", []):
        payment, _, version = str(pair).partition(":")
        payment_id, seen_version = row_id(payment), row_id(version)
        if payment_id is not None and seen_version is not None:
            chosen.append((payment_id, seen_version))
    if not chosen:
        return redirect("/", N_("Pick at least one request."))
    results = await approvals.approve_many(
        actor, chosen[:500], today=calendar.today(), opinion=str(form.get("opinion", ""))[:500]
    )
    approved = Fen(sum(r.amount_fen for r in results if r.refusal is None))
    return page(
        request,
        "payments/approved.html",
        results=results,
        approved_count=sum(r.refusal is None for r in results),
        approved_fen=approved,
        capitals=amount_in_capitals(approved),
    )


ROUTES = [
    submit,
    approve,
    send_back,
    reject,
    withdraw,
    cancel,
    waive,
    correct,
    approve_picked,
]
