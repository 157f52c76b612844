"""Pages of one's own account: messages, sessions, password, second factor, delegations."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath

from grants.kernel import calendar
from grants.kernel.errors import N_, Refusal
from grants.kernel.identity import Permission as P
from grants.people import actions, passwords, queries, signing_in
from grants.people.forms import DelegationForm, MailForm, OwnPasswordForm, PasswordForm
from grants.people.mail_settings import MailSettings, change_mail, mail_settings
from grants.platform import inbox
from grants.platform.access import actor_of
from grants.platform.forms import FormErrors, faulty, parse, typed_in
from grants.platform.pages import language_of, page, redirect

R = Request[Any, Any, Any]


@get("/me", permission=P.SIGNED_IN)
async def me(request: R) -> Response[str]:
    """One's own account: sessions, password, delegations."""
    return await _me(request)


async def _me(request: R, *, errors: FormErrors | None = None, opened: str = "") -> Response[str]:
    actor, today = actor_of(request), calendar.today()
    policy = await queries.sign_in_policy(today)
    colleagues = [
        a
        for a in await queries.accounts(today)
        if a.organisation_id == actor.organisation_id and a.person_id != actor.person_id
    ]
    return page(
        request,
        "people/me.html",
        422 if errors else 200,
        account=await queries.account(actor.user_id, today),
        sessions=await queries.live_sessions(actor.user_id, calendar.now()),
        delegations=await queries.delegations(actor.user_id),
        own_roles=sorted(actor.roles - actor.delegations.keys()),
        colleagues=colleagues,
        codes_left=await queries.recovery_codes_left(actor.user_id),
        policy=policy,
        messages=await inbox.messages(actor),
        mail=await mail_settings(actor),
        errors=errors.messages(language_of(request)) if errors else {},
        typed=errors.typed if errors else {},
        opened=opened,
        today=today,
    )


@post("/me/password", permission=P.SIGNED_IN, status_code=303)
async def change_password(request: R) -> Response[Any]:
    """Change one's password."""
    parsed = parse(await request.form(), PasswordForm)
    if isinstance(parsed, FormErrors):
        return await _me(request, errors=parsed, opened="password")
    try:
        await passwords.change_password(actor_of(request), parsed.old, parsed.new)
    except Refusal as refusal:
        field = "old" if refusal.code == "sign_in.wrong" else "new"
        return await _me(request, errors=faulty(field, refusal, {}), opened="password")
    return redirect("/me", N_("Password changed; other sessions are signed out."))


@post("/me/mail", permission=P.SIGNED_IN, status_code=303)
async def change_mail_settings(request: R) -> Response[Any]:
    """Say where one's mails go, or that one wants none."""
    parsed = parse(await request.form(), MailForm)
    if isinstance(parsed, FormErrors):
        return await _me(request, errors=parsed, opened="mail")
    chosen = MailSettings(parsed.email, parsed.language, parsed.wants_mail)
    await change_mail(actor_of(request), chosen)
    return redirect("/me", N_("Saved."))


@post("/me/recovery-codes", permission=P.SIGNED_IN, status_code=200)
async def renew_recovery_codes(request: R) -> Response[Any]:
    """Ten fresh recovery codes, shown once."""
    parsed = parse(await request.form(), OwnPasswordForm)
    if isinstance(parsed, FormErrors):
        return await _me(request, errors=parsed, opened="codes")
    try:
        codes = await signing_in.renew_recovery_codes(actor_of(request), parsed.password)
    except Refusal as refusal:
        return await _me(request, errors=faulty("password", refusal, {}), opened="codes")
    return page(request, "people/recovery.html", 200, codes=codes, target="/me", carried=())


@post("/me/sessions/{session_id:int}/end", permission=P.SIGNED_IN, status_code=303)
async def end_session(request: R, session_id: FromPath[int]) -> Response[None]:
    """End one of one's sessions."""
    await signing_in.revoke_session(actor_of(request), session_id)
    return redirect("/me", N_("Session ended."))


@post("/me/messages/read", permission=P.SIGNED_IN, status_code=303)
async def read_messages(request: R) -> Response[None]:
    """Everything in the inbox is read."""
    await inbox.mark_all_read(actor_of(request))
    return redirect("/me")


@post("/me/delegations", permission=P.SIGNED_IN, status_code=303)
async def delegate(request: R) -> Response[Any]:
    """Lend a role."""
    form = await request.form()
    parsed = parse(form, DelegationForm)
    if isinstance(parsed, FormErrors):
        return await _me(request, errors=parsed, opened="delegate")
    try:
        await actions.delegate_role(
            actor_of(request),
            parsed.role,
            parsed.to_user,
            starts_on=parsed.starts_on,
            ends_on=parsed.ends_on,
            reason=parsed.reason,
        )
    except Refusal as refusal:
        field = "ends_on" if refusal.code == "people.dates" else "to_user"
        return await _me(request, errors=faulty(field, refusal, typed_in(form)), opened="delegate")
    return redirect("/me", N_("Delegated."))


@post("/me/delegations/{delegation_id:int}/revoke", permission=P.SIGNED_IN, status_code=303)
async def revoke_delegation(request: R, delegation_id: FromPath[int]) -> Response[None]:
    """Take a role back."""
    await actions.revoke_delegation(actor_of(request), delegation_id)
    return redirect("/me", N_("Taken back."))


ROUTES = [
    me,
    change_password,
    change_mail_settings,
    renew_recovery_codes,
    end_session,
    read_messages,
    delegate,
    revoke_delegation,
]
