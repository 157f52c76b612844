"""Pages of who asks for money: the form, the change of it, the originals."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath

from grants.awards import queries as award_queries
from grants.budget import queries as budget
from grants.kernel import calendar
from grants.kernel.errors import N_, NotFound
from grants.kernel.identity import Permission as P
from grants.kernel.money import yuan_text
from grants.parties import queries as parties
from grants.payments import actions, queries
from grants.payments.forms import RequestForm
from grants.platform import files
from grants.platform.access import actor_of
from grants.platform.audit import Case
from grants.platform.forms import FormErrors, parse
from grants.platform.pages import language_of, page, redirect

R = Request[Any, Any, Any]


@post("/payments/{payment_id:int}/attachments", permission=P.PAYMENT_REQUEST, status_code=303)
async def attach(request: R, payment_id: FromPath[int]) -> Response[Any]:
    """Add an original to one's own request."""
    actor = actor_of(request)
    payment = await queries.payment(actor, payment_id)
    if payment.made_by_person != actor.person_id:
        raise NotFound()
    name, content = await files.uploaded(await request.form())
    if not name:
        return redirect(f"/payments/{payment_id}", N_("Choose a file first."))
    await files.attach(actor, Case("payment", payment_id), name, content, "evidence")
    return redirect(f"/payments/{payment_id}", N_("File added."))


@get("/instalments/{instalment_id:int}/request", permission=P.PAYMENT_REQUEST)
async def new(request: R, instalment_id: FromPath[int]) -> Response[str]:
    """The form that asks for an instalment, filled as far as the system knows."""
    return await _request_form(request, instalment_id)


async def _request_form(
    request: R,
    instalment_id: int,
    *,
    payment: queries.Payment | None = None,
    errors: FormErrors | None = None,
) -> Response[str]:
    actor = actor_of(request)
    instalment = await award_queries.instalment(instalment_id)
    award = await award_queries.award(actor, instalment.award_id)
    typed = errors.typed if errors else _known(payment, award, instalment)
    return page(
        request,
        "payments/request.html",
        422 if errors else 200,
        instalment=instalment,
        award=award,
        payment=payment,
        line=await budget.line(instalment.line_id),
        accounts=await parties.accounts_of(award.organisation_id, award.person_id),
        errors=errors.messages(language_of(request)) if errors else {},
        typed=typed,
    )


def _known(
    payment: queries.Payment | None,
    award: award_queries.Award,
    instalment: award_queries.Instalment,
) -> dict[str, str]:
    if payment is None:
        purpose = f"{award.title[:24]} 第{instalment.sequence}期"
        return {"purpose": purpose, "minutes_no": award.minutes_no}
    return {
        "bank_account_id": str(payment.bank_account_id),
        "purpose": payment.purpose,
        "invoice_no": payment.invoice_no or "",
        "invoice_kind": payment.invoice_kind,
        "invoice_amount_fen": yuan_text(payment.invoice_amount_fen)
        if payment.invoice_amount_fen
        else "",
        "invoice_seller": payment.invoice_seller or award.payee_name,
        "invoice_checked_on": payment.invoice_checked_on.isoformat()
        if payment.invoice_checked_on
        else "",
        "minutes_no": payment.minutes_no,
    }


def _details(form: RequestForm) -> actions.RequestDetails:
    return actions.RequestDetails(
        bank_account_id=form.bank_account_id,
        purpose=form.purpose,
        invoice_no=form.invoice_no or None,
        invoice_kind=form.invoice_kind,
        invoice_amount_fen=form.invoice_amount_fen,
        invoice_seller=form.invoice_seller if form.invoice_no else "",
        invoice_checked_on=form.invoice_checked_on,
        minutes_no=form.minutes_no,
    )


@post("/instalments/{instalment_id:int}/request", permission=P.PAYMENT_REQUEST, status_code=303)
async def draft(request: R, instalment_id: FromPath[int]) -> Response[Any]:
    """Draw the request up; it is submitted from its own page."""
    parsed = parse(await request.form(), RequestForm)
    if isinstance(parsed, FormErrors):
        return await _request_form(request, instalment_id, errors=parsed)
    payment_id = await actions.draft_payment(
        actor_of(request), instalment_id, _details(parsed), today=calendar.today()
    )
    return redirect(
        f"/payments/{payment_id}", N_("Drawn up. Look through the checks, then submit it.")
    )


@get("/payments/{payment_id:int}/edit", permission=P.PAYMENT_REQUEST)
async def edit(request: R, payment_id: FromPath[int]) -> Response[str]:
    """Change a draft or a returned request."""
    payment = await queries.payment(actor_of(request), payment_id)
    return await _request_form(request, payment.instalment_id, payment=payment)


@post("/payments/{payment_id:int}/edit", permission=P.PAYMENT_REQUEST, status_code=303)
async def change(request: R, payment_id: FromPath[int]) -> Response[Any]:
    """Write the change."""
    actor = actor_of(request)
    parsed = parse(await request.form(), RequestForm)
    if isinstance(parsed, FormErrors):
        payment = await queries.payment(actor, payment_id)
        return await _request_form(request, payment.instalment_id, payment=payment, errors=parsed)
    await actions.change_request(actor, payment_id, _details(parsed), seen_version=parsed.version)
    return redirect(f"/payments/{payment_id}", N_("Changed."))


ROUTES = [
    attach,
    new,
    draft,
    edit,
    change,
]
