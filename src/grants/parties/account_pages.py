"""Pages of bank accounts: those that wait, one account, and the acts on it."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath

from grants.kernel.errors import N_, NotFound, Refusal
from grants.kernel.identity import Actor
from grants.kernel.identity import Permission as P
from grants.parties import accounts, queries
from grants.parties.accounts import AccountDetails
from grants.parties.checks import checks_of_account
from grants.parties.forms import AccountForm, ReasonForm, VerifyForm, beside
from grants.parties.rules import AccountCase
from grants.parties.workflow import ACCOUNT, AccountState
from grants.platform import files
from grants.platform.access import actor_of
from grants.platform.audit import Case, timeline
from grants.platform.forms import FormErrors, parse, row_id
from grants.platform.pages import language_of, page, redirect

R = Request[Any, Any, Any]

VERBS = {
    "enter": N_("entered the account"),
    "verify": N_("verified the account"),
    "refuse": N_("refused the account"),
    "retire": N_("retired the account"),
    "attach": N_("attached a file"),
}

TONES = {"ENTERED": "now", "VERIFIED": "good", "REFUSED": "bad", "RETIRED": ""}

#: Beside which field a refusal of the rules is shown.
FIELDS = {
    "account.known": "number",
    "account.typed_differently": "number",
    "file.empty": "file",
    "file.too_large": "file",
    "file.kind": "file",
    "file.other_kind": "file",
    "file.virus": "file",
}


@get("/accounts", permission=P.PAYMENT_SEE)
async def index(request: R) -> Response[str]:
    """Accounts that wait for their verification, the oldest first."""
    actor = actor_of(request)
    return page(request, "parties/accounts.html", accounts=await queries.accounts_waiting(actor))


async def _payee(request: R) -> queries.Payee:
    """The payee that the address names."""
    organisation, person = (
        row_id(request.query_params.get(name, "")) for name in ("organisation", "person")
    )
    return await queries.payee(actor_of(request), organisation_id=organisation, person_id=person)


async def _form(
    request: R, payee: queries.Payee, errors: FormErrors | None = None
) -> Response[str]:
    return page(
        request,
        "parties/account_form.html",
        422 if errors else 200,
        payee=payee,
        typed=errors.typed if errors else {"holder_name": payee.name},
        errors=errors.messages(language_of(request)) if errors else {},
        accept=files.ACCEPT,
        max_mb=files.MAX_BYTES // 1024 // 1024,
    )


@get("/accounts/new", permission=P.ACCOUNT_ENTER)
async def new(request: R) -> Response[str]:
    """The form for an account of the payee that the address names."""
    return await _form(request, await _payee(request))


@post("/accounts/new", permission=P.ACCOUNT_ENTER, status_code=303)
async def enter(request: R) -> Response[Any]:
    """Enter an account, with the paper that proves it."""
    actor, form, payee = actor_of(request), await request.form(), await _payee(request)
    parsed = parse(form, AccountForm)
    if isinstance(parsed, FormErrors):
        return await _form(request, payee, parsed)
    name, content = await files.uploaded(form)
    try:
        if name:
            files.check(name, content)
        account_id = await accounts.enter_account(
            actor,
            AccountDetails(
                parsed.holder_name, parsed.number, parsed.bank_name, parsed.cnaps, parsed.evidence
            ),
            organisation_id=payee.organisation_id,
            person_id=payee.person_id,
        )
        if name:
            await files.attach(actor, Case("bank_account", account_id), name, content, "evidence")
    except Refusal as refusal:
        return await _form(request, payee, beside(refusal, FIELDS, form))
    return redirect(f"/accounts/{account_id}", N_("Entered. Another person verifies it now."))


@get("/accounts/{account_id:int}", permission=P.PAYMENT_SEE)
async def show(request: R, account_id: FromPath[int]) -> Response[str]:
    """One account: what speaks for it, its papers, and the acts that are open."""
    return await _show(request, account_id)


async def _show(
    request: R, account_id: int, *, errors: FormErrors | None = None, opened: str = ""
) -> Response[str]:
    actor = actor_of(request)
    account = await queries.account(actor, account_id)
    papers = await files.list_attachments(Case("bank_account", account_id))
    case = AccountCase(actor.person_id, account.entered_by_person)
    open_steps = {
        step.verb: next((no for guard in step.guards if (no := guard(case))), None)
        for step in ACCOUNT.open_to(account.state, actor)
    }
    return page(
        request,
        "parties/account.html",
        422 if errors else 200,
        account=account,
        payee=queries.Payee(account.organisation_id, account.person_id, account.payee_name),
        state_title=ACCOUNT.titles[AccountState(account.state)],
        tone=TONES[account.state],
        steps=open_steps,
        checks=checks_of_account(
            account,
            papers=len(papers),
            others=await queries.others_with_number(actor, account_id),
            card_is_odd=await queries.card_is_odd(account),
        ),
        papers=papers,
        accept=files.ACCEPT,
        events=await timeline(Case("bank_account", account_id))
        if actor.organisation_id is None
        else [],
        verbs=VERBS,
        typed=errors.typed if errors else {},
        errors=errors.messages(language_of(request)) if errors else {},
        opened=opened,
    )


@post("/accounts/{account_id:int}/verify", permission=P.ACCOUNT_VERIFY, status_code=303)
async def verify(request: R, account_id: FromPath[int]) -> Response[Any]:
    """Verify what somebody else entered, by typing the number once more."""
    form = await request.form()
    parsed = parse(form, VerifyForm)
    if isinstance(parsed, FormErrors):
        return await _show(request, account_id, errors=parsed, opened="verify")
    try:
        await accounts.verify_account(
            actor_of(request), account_id, number=parsed.number, note=parsed.note
        )
    except Refusal as refusal:
        return await _show(
            request, account_id, errors=beside(refusal, FIELDS, form), opened="verify"
        )
    return redirect(f"/accounts/{account_id}", N_("Verified. The payee can be paid to it."))


@post("/accounts/{account_id:int}/refuse", permission=P.ACCOUNT_VERIFY, status_code=303)
async def refuse(request: R, account_id: FromPath[int]) -> Response[Any]:
    """Refuse an account that the evidence does not bear out."""
    parsed = parse(await request.form(), ReasonForm)
    if isinstance(parsed, FormErrors):
        return await _show(request, account_id, errors=parsed, opened="refuse")
    await accounts.refuse_account(actor_of(request), account_id, reason=parsed.reason)
    return redirect(f"/accounts/{account_id}", N_("Refused."))


@post("/accounts/{account_id:int}/retire", permission=P.ACCOUNT_VERIFY, status_code=303)
async def retire(request: R, account_id: FromPath[int]) -> Response[Any]:
    """No longer pay to a verified account."""
    parsed = parse(await request.form(), ReasonForm)
    if isinstance(parsed, FormErrors):
        return await _show(request, account_id, errors=parsed, opened="retire")
    await accounts.retire_account(actor_of(request), account_id, reason=parsed.reason)
    return redirect(f"/accounts/{account_id}", N_("Retired. Nothing is paid to it any more."))


@post("/accounts/{account_id:int}/attachments", permission=P.ACCOUNT_ENTER, status_code=303)
async def attach(request: R, account_id: FromPath[int]) -> Response[Any]:
    """Add a paper that proves the account."""
    actor, form = actor_of(request), await request.form()
    await queries.account(actor, account_id)
    name, content = await files.uploaded(form)
    try:
        await files.attach(actor, Case("bank_account", account_id), name, content, "evidence")
    except Refusal as refusal:
        return await _show(request, account_id, errors=beside(refusal, FIELDS, form))
    return redirect(f"/accounts/{account_id}", N_("File added."))


async def may_see_files(actor: Actor, account_id: int) -> bool:
    """Whether an account's papers are in the actor's scope: they show the number in full.

    They are open to those who enter and verify accounts, and to those who audit.
    """
    if not any(map(actor.may, (P.ACCOUNT_ENTER, P.ACCOUNT_VERIFY, P.AUDIT_SEE))):
        return False
    try:
        await queries.account(actor, account_id)
    except NotFound:
        return False
    return True


ROUTES = [index, new, enter, show, verify, refuse, retire, attach]
