"""Pages of people: signing in, one's own account, accounts and roles, persons."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import pyotp
import segno
from litestar import Request, Response, get, post
from litestar.datastructures import FormMultiDict
from litestar.params import FromPath

from grants.kernel import calendar
from grants.kernel.errors import N_, NotFound, Refusal
from grants.kernel.identity import NEEDS_SECOND_FACTOR, ROLE_TITLES, Role
from grants.kernel.identity import Permission as P
from grants.people import actions, queries
from grants.people.forms import (
    AccountForm,
    CodeForm,
    DelegationForm,
    GrantForm,
    PasswordForm,
    ReasonForm,
    SignInForm,
)
from grants.platform import access, inbox
from grants.platform.access import actor_of, local_path
from grants.platform.audit import Case, timeline
from grants.platform.forms import FormErrors, faulty, parse
from grants.platform.pages import language_of, page, redirect, sheet, texts_of
from grants.settings import settings

R = Request[Any, Any, Any]

#: Names and texts of a form that waits behind a sign-in.
Pairs = Sequence[tuple[str, str]]

#: The one password of all demonstration accounts; they exist only where `settings.demo` is set.
DEMO_PASSWORD = "Taicang-2026"

VERBS = {
    "add": N_("added"),
    "unmask": N_("looked at the full numbers"),
    "grant_role": N_("granted a role"),
    "end_role": N_("ended a role"),
    "delegate": N_("delegated a role"),
    "revoke_delegation": N_("took a delegated role back"),
    "change_password": N_("changed the password"),
    "deactivate": N_("closed the account"),
    "sign_in_failed": N_("failed to sign in"),
    "recovery_code_used": N_("used a recovery code"),
}


async def _demo_accounts() -> list[queries.Account]:
    if not settings.demo:
        return []
    known = await queries.accounts(calendar.today())
    return [a for a in known if a.is_demo and a.is_active and a.roles]


def _sign_in_page(
    request: R,
    *,
    accounts: Sequence[queries.Account] = (),
    status: int = 200,
    next_path: str = "/",
    errors: Mapping[str, str] | None = None,
    username: str = "",
    carried: Pairs = (),
    reason: str = "",
) -> Response[str]:
    answer = page(
        request,
        "people/sign_in.html",
        status,
        next_path=next_path,
        errors=errors or {},
        username=username,
        carried=carried,
        reason=reason,
        accounts=accounts,
        demo_password=DEMO_PASSWORD if settings.demo else "",
    )
    return _to_visitor(request, answer)


def _to_visitor(request: R, answer: Response[str]) -> Response[str]:
    """With the cookie that the form's token hangs on, where the browser has none yet."""
    visitor = getattr(request.state, "new_visitor", None)
    if visitor:
        answer.set_cookie(access.visitor_cookie(visitor))
    return answer


def sign_in_first(request: R, typed: Pairs) -> Response[Any]:
    """Sign in before going on. What was posted waits in the page and can be sent again."""
    if request.method in ("GET", "HEAD"):
        target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return redirect(f"/sign-in?next={quote(target)}" if target != "/" else "/sign-in")
    return _sign_in_page(
        request,
        status=401,
        next_path=request.url.path if typed else "/",
        carried=typed,
        reason=N_("Your session has ended. Sign in again; what you typed is kept.")
        if typed
        else N_("Your session has ended. Sign in again."),
    )


@get("/sign-in", permission=P.PUBLIC)
async def sign_in_form(request: R) -> Response[str]:
    """The sign-in page."""
    return _sign_in_page(
        request,
        next_path=local_path(request.query_params.get("next", "/")),
        accounts=await _demo_accounts(),
    )


def _kept(form: FormMultiDict) -> Pairs:
    return [
        (name.removeprefix("kept:"), str(value))
        for name, value in form.multi_items()
        if name.startswith("kept:")
    ]


def _send_again(request: R, token: str, target: str, carried: Pairs) -> Response[str]:
    """What was typed before the session ended, to look over and send again."""
    request.state.csrf_token = access.form_token(token)
    return page(request, "people/kept.html", 200, target=target, carried=carried)


@post("/sign-in", permission=P.PUBLIC, status_code=303)
async def sign_in(request: R) -> Response[Any]:
    """Open a session, then the second step or the page that waited."""
    form = await request.form()
    parsed = parse(form, SignInForm)
    carried = _kept(form)
    if isinstance(parsed, FormErrors):
        return _sign_in_page(
            request,
            status=422,
            errors=parsed.messages(language_of(request)),
            username=parsed.typed.get("username", ""),
            next_path=local_path(parsed.typed.get("next", "/")),
            carried=carried,
        )
    try:
        signed_in = await actions.sign_in(
            parsed.username,
            parsed.password,
            address=request.client.host if request.client else "",
            browser=request.headers.get("user-agent", ""),
            now=calendar.now(),
        )
    except Refusal as refusal:
        return _sign_in_page(
            request,
            status=422,
            errors=faulty("username", refusal, {}).messages(language_of(request)),
            username=parsed.username,
            next_path=local_path(parsed.next),
            carried=carried,
        )
    target = local_path(parsed.next)
    answer: Response[Any]
    if signed_in.second_step and carried:
        half = await _half(signed_in.token)
        answer = await _second_step_page(request, half, next_path=target, carried=carried)
    elif signed_in.second_step:
        answer = redirect(f"/sign-in/second?next={quote(target)}")
    elif carried:
        answer = _send_again(request, signed_in.token, target, carried)
    else:
        answer = redirect(target)
    answer.set_cookie(access.session_cookie(signed_in.token))
    return answer


@get("/sign-in/second", permission=P.PUBLIC)
async def second_step_form(request: R) -> Response[Any]:
    """Enter a code, or enrol the app first."""
    half = await _half(request.cookies.get(access.SESSION_COOKIE, ""))
    next_path = local_path(request.query_params.get("next", "/"))
    return await _second_step_page(request, half, next_path=next_path)


async def _half(token: str) -> actions.Half:
    half = await actions.half_session(token)
    if half is None:
        raise access.SignInNeeded()
    return half


async def _second_step_page(
    request: R,
    half: actions.Half,
    *,
    next_path: str,
    carried: Pairs = (),
    errors: Mapping[str, str] | None = None,
) -> Response[str]:
    account = await queries.account(half.user_id, calendar.today())
    secret = ""
    if not account.has_second_factor:
        # After a wrong code the app that scanned the picture has to keep its key.
        secret = await actions.start_enrolment(half, keep=errors is not None)
    answer = page(
        request,
        "people/second.html",
        422 if errors else 200,
        enrolling=not account.has_second_factor,
        secret=secret,
        qr=_qr(secret, half.username) if secret else "",
        errors=errors or {},
        next_path=next_path,
        carried=carried,
    )
    return _to_visitor(request, answer)


def _qr(secret: str, username: str) -> str:
    uri = pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name="Taicang Grants")
    picture = io.BytesIO()
    segno.make(uri, error="m").save(picture, kind="png", scale=5, border=2)
    return "data:image/png;base64," + base64.b64encode(picture.getvalue()).decode()


@post("/sign-in/second", permission=P.PUBLIC, status_code=303)
async def second_step(request: R) -> Response[Any]:
    """Pass the second step; recovery codes are shown once after an enrolment."""
    token = request.cookies.get(access.SESSION_COOKIE, "")
    half = await _half(token)
    form = await request.form()
    parsed, carried = parse(form, CodeForm), _kept(form)
    target = local_path(str(form.get("next", "/")))
    if isinstance(parsed, FormErrors):
        errors = parsed.messages(language_of(request))
        return await _second_step_page(
            request, half, next_path=target, carried=carried, errors=errors
        )
    try:
        codes = await actions.pass_second_step(half, parsed.code, calendar.now())
    except Refusal as refusal:
        errors = faulty("code", refusal, {}).messages(language_of(request))
        return await _second_step_page(
            request, half, next_path=target, carried=carried, errors=errors
        )
    if codes:
        request.state.csrf_token = access.form_token(token)
        return page(
            request, "people/recovery.html", 200, codes=codes, target=target, carried=carried
        )
    if carried:
        return _send_again(request, token, target, carried)
    return redirect(target)


@post("/sign-out", permission=P.SIGNED_IN, status_code=303)
async def sign_out(request: R) -> Response[None]:
    """End the session."""
    await actions.sign_out(actor_of(request))
    answer = redirect("/sign-in")
    answer.delete_cookie(access.SESSION_COOKIE)
    return answer


@get("/me", permission=P.SIGNED_IN)
async def me(request: R) -> Response[str]:
    """One's own account: sessions, password, delegations."""
    return await _me(request)


async def _me(request: R, *, errors: FormErrors | None = None, opened: str = "") -> Response[str]:
    actor, today = actor_of(request), calendar.today()
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
        messages=await inbox.messages(actor),
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
        await actions.change_password(actor_of(request), parsed.old, parsed.new)
    except Refusal as refusal:
        field = "old" if refusal.code == "sign_in.wrong" else "new"
        return await _me(request, errors=faulty(field, refusal, {}), opened="password")
    return redirect("/me", N_("Password changed; other sessions are signed out."))


@post("/me/sessions/{session_id:int}/end", permission=P.SIGNED_IN, status_code=303)
async def end_session(request: R, session_id: FromPath[int]) -> Response[None]:
    """End one of one's sessions."""
    await actions.revoke_session(actor_of(request), session_id)
    return redirect("/me", N_("Session ended."))


@post("/me/messages/read", permission=P.SIGNED_IN, status_code=303)
async def read_messages(request: R) -> Response[None]:
    """Everything in the inbox is read."""
    await inbox.mark_all_read(actor_of(request))
    return redirect("/me")


@post("/me/delegations", permission=P.SIGNED_IN, status_code=303)
async def delegate(request: R) -> Response[Any]:
    """Lend a role."""
    parsed = parse(await request.form(), DelegationForm)
    if isinstance(parsed, FormErrors):
        return await _me(request, errors=parsed, opened="delegate")
    await actions.delegate_role(
        actor_of(request),
        parsed.role,
        parsed.to_user,
        starts_on=parsed.starts_on,
        ends_on=parsed.ends_on,
        reason=parsed.reason,
    )
    return redirect("/me", N_("Delegated."))


@post("/me/delegations/{delegation_id:int}/revoke", permission=P.SIGNED_IN, status_code=303)
async def revoke_delegation(request: R, delegation_id: FromPath[int]) -> Response[None]:
    """Take a role back."""
    await actions.revoke_delegation(actor_of(request), delegation_id)
    return redirect("/me", N_("Taken back."))


@get("/people", permission=P.PEOPLE_SEE)
async def index(request: R) -> Response[str]:
    """Accounts and their roles."""
    return await _index(request)


async def _index(request: R, *, errors: FormErrors | None = None) -> Response[str]:
    return page(
        request,
        "people/list.html",
        422 if errors else 200,
        accounts=await queries.accounts(calendar.today()),
        now=calendar.now(),
        errors=errors.messages(language_of(request)) if errors else {},
        typed=errors.typed if errors else {},
    )


@get("/people.xlsx", permission=P.PEOPLE_SEE)
async def export(request: R) -> Response[bytes]:
    """Accounts and their roles as a sheet."""
    text = texts_of(request).text
    return sheet(
        request,
        "accounts",
        N_("Accounts"),
        [
            ("name", N_("Name")),
            ("username", N_("User name")),
            ("organisation", N_("Organisation")),
            ("roles", N_("Roles")),
            ("has_second_factor", N_("Second factor")),
            ("is_active", N_("State")),
        ],
        await queries.accounts(calendar.today()),
        roles=lambda account: "、".join(text(ROLE_TITLES[role]) for role in account.roles),
        has_second_factor=lambda account: text(
            N_("set up") if account.has_second_factor else N_("none")
        ),
        is_active=lambda account: text(N_("open") if account.is_active else N_("closed")),
    )


@post("/people", permission=P.PEOPLE_EDIT, status_code=303)
async def add(request: R) -> Response[Any]:
    """A new account; a person with this id number is found, not doubled."""
    parsed = parse(await request.form(), AccountForm)
    if isinstance(parsed, FormErrors):
        return await _index(request, errors=parsed)
    actor = actor_of(request)
    try:
        known = await actions.find_person(parsed.id_number) if parsed.id_number else None
        person_id = known or await actions.add_person(
            actor, parsed.name, id_number=parsed.id_number, phone=parsed.phone
        )
        user_id = await actions.add_account(
            actor, parsed.username, person_id, parsed.password, organisation_id=None
        )
    except Refusal as refusal:
        field = {
            "person.id_number": "id_number",
            "person.phone": "phone",
            "people.weak_password": "password",
        }.get(refusal.code, "username")
        typed = parsed.model_dump(exclude={"password"})
        return await _index(request, errors=faulty(field, refusal, typed))
    return redirect(f"/people/{user_id}", N_("Account added; it holds no role yet."))


@get("/people/{user_id:int}", permission=P.PEOPLE_SEE)
async def show(request: R, user_id: FromPath[int]) -> Response[str]:
    """One account: roles through time, delegations, what happened to it."""
    return await _show(request, user_id)


async def _show(
    request: R, user_id: int, *, errors: FormErrors | None = None, opened: str = ""
) -> Response[str]:
    today = calendar.today()
    if user_id == 1:
        raise NotFound()
    account = await queries.account(user_id, today)
    return page(
        request,
        "people/show.html",
        422 if errors else 200,
        account=account,
        person=await queries.person(account.person_id),
        grants=await queries.grants(user_id),
        delegations=await queries.delegations(user_id),
        roles=[(role.value, ROLE_TITLES[role]) for role in Role],
        needs_second_factor=bool(frozenset(account.roles) & NEEDS_SECOND_FACTOR),
        events=await timeline(Case("app_user", user_id)),
        verbs=VERBS,
        today=today,
        errors=errors.messages(language_of(request)) if errors else {},
        typed=errors.typed if errors else {},
        opened=opened,
    )


@post("/people/{user_id:int}/roles", permission=P.ROLE_GRANT, status_code=303)
async def grant(request: R, user_id: FromPath[int]) -> Response[Any]:
    """Grant a role."""
    parsed = parse(await request.form(), GrantForm)
    if isinstance(parsed, FormErrors):
        return await _show(request, user_id, errors=parsed, opened="grant")
    try:
        await actions.grant_role(
            actor_of(request),
            user_id,
            parsed.role,
            starts_on=parsed.starts_on,
            ends_on=parsed.ends_on,
        )
    except Refusal as refusal:
        errors = faulty("role", refusal, {"role": parsed.role})
        return await _show(request, user_id, errors=errors, opened="grant")
    return redirect(f"/people/{user_id}", N_("Role granted."))


@post("/people/{user_id:int}/roles/{grant_id:int}/end", permission=P.ROLE_GRANT, status_code=303)
async def end_role(request: R, user_id: FromPath[int], grant_id: FromPath[int]) -> Response[Any]:
    """End a role from tomorrow."""
    parsed = parse(await request.form(), ReasonForm)
    if isinstance(parsed, FormErrors):
        return await _show(request, user_id, errors=parsed, opened="end")
    await actions.end_role(actor_of(request), grant_id, on=calendar.today(), reason=parsed.reason)
    return redirect(f"/people/{user_id}", N_("Role ended."))


@post("/people/{user_id:int}/close", permission=P.PEOPLE_EDIT, status_code=303)
async def close(request: R, user_id: FromPath[int]) -> Response[Any]:
    """Close an account."""
    parsed = parse(await request.form(), ReasonForm)
    if isinstance(parsed, FormErrors):
        return await _show(request, user_id, errors=parsed, opened="close")
    await actions.deactivate(actor_of(request), user_id, reason=parsed.reason)
    return redirect(f"/people/{user_id}", N_("Account closed."))


@get("/persons", permission=P.PERSON_SEE)
async def persons(request: R) -> Response[str]:
    """Natural persons, masked."""
    search = request.query_params.get("q", "")[:100]
    return page(
        request, "people/persons.html", persons=await queries.persons(search), search=search
    )


@get("/persons/{person_id:int}", permission=P.PERSON_SEE)
async def person(request: R, person_id: FromPath[int]) -> Response[str]:
    """One person, masked."""
    return await _person(request, person_id)


async def _person(
    request: R,
    person_id: int,
    *,
    errors: FormErrors | None = None,
    numbers: tuple[str, str] | None = None,
) -> Response[str]:
    return page(
        request,
        "people/person.html",
        422 if errors else 200,
        person=await queries.person(person_id),
        numbers=numbers,
        events=await timeline(Case("person", person_id)),
        verbs=VERBS,
        errors=errors.messages(language_of(request)) if errors else {},
        typed=errors.typed if errors else {},
    )


@post("/persons/{person_id:int}/unmask", permission=P.PERSON_UNMASK, status_code=200)
async def unmask(request: R, person_id: FromPath[int]) -> Response[Any]:
    """The full numbers, once, for a reason that is kept."""
    parsed = parse(await request.form(), ReasonForm)
    if isinstance(parsed, FormErrors):
        return await _person(request, person_id, errors=parsed)
    numbers = await actions.unmask(actor_of(request), person_id, reason=parsed.reason)
    return await _person(request, person_id, numbers=numbers)


ROUTES = [
    sign_in_form,
    sign_in,
    second_step_form,
    second_step,
    sign_out,
    me,
    change_password,
    end_session,
    read_messages,
    delegate,
    revoke_delegation,
    index,
    export,
    add,
    show,
    grant,
    end_role,
    close,
    persons,
    person,
    unmask,
]
