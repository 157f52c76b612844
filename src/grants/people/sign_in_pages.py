"""Pages of signing in: name and password, the second step, what was typed before."""

from __future__ import annotations

import base64
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import pyotp
import segno
from litestar import Request, Response, get, post
from litestar.datastructures import FormMultiDict

from grants.kernel import calendar
from grants.kernel.errors import N_, Refusal
from grants.kernel.identity import Permission as P
from grants.people import queries, signing_in
from grants.people.forms import CodeForm, SignInForm
from grants.platform import access
from grants.platform.access import actor_of, local_path
from grants.platform.forms import FormErrors, faulty, parse
from grants.platform.pages import language_of, page, redirect
from grants.settings import settings

R = Request[Any, Any, Any]

#: So many accounts of each role are offered for the choice in the demonstration.
_OFFERED = 2

#: Names and texts of a form that waits behind a sign-in.
Pairs = Sequence[tuple[str, str]]

#: The one password of all demonstration accounts; they open only where `settings.demo` is set.
DEMO_PASSWORD = "Taicang-2026"


async def _demo_accounts() -> list[queries.Account]:
    """The first accounts of each role: of agencies and experts there are many."""
    if not settings.demo:
        return []
    known = await queries.accounts(calendar.today())
    offered: Counter[frozenset[str]] = Counter()
    shown = []
    for account in sorted(known, key=lambda one: one.id):
        roles = frozenset(account.roles)
        if account.is_demo and account.is_active and roles and offered[roles] < _OFFERED:
            offered[roles] += 1
            shown.append(account)
    return shown


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
    return access.for_visitors(request, answer)


def sign_in_first(request: R, typed: Pairs) -> Response[Any]:
    """Sign in before going on. What was posted waits in the page and can be sent again.

    Who has signed in anew in another window meanwhile can send it again at once.
    """
    target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    if getattr(request.state, "actor", None) is not None:
        token = request.cookies.get(access.SESSION_COOKIE, "")
        return _send_again(request, token, target, typed, status=409) if typed else redirect("/")
    if request.method in ("GET", "HEAD"):
        answer = redirect(f"/sign-in?next={quote(target)}" if target != "/" else "/sign-in")
        if "hx-request" in request.headers:  # else the sign-in page would land inside the list
            return Response(
                None, status_code=401, headers={"HX-Redirect": answer.headers["Location"]}
            )
        return answer
    return _sign_in_page(
        request,
        status=401,
        next_path=target if typed else "/",
        carried=typed,
        reason=_ended(request, typed),
    )


def _ended(request: R, typed: Pairs) -> str:
    if not typed:
        return N_("Your session has ended. Sign in again.")
    if request.content_type[0] == "multipart/form-data":
        return N_("Your session has ended. Sign in again; texts are kept, files are not.")
    return N_("Your session has ended. Sign in again; what you typed is kept.")


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


def _send_again(
    request: R, token: str, target: str, carried: Pairs, *, status: int = 200
) -> Response[str]:
    """What was typed before the session ended, to look over and send again."""
    request.state.csrf_token = access.form_token(token)
    return page(request, "people/kept.html", status, target=target, carried=carried)


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
            accounts=await _demo_accounts(),
            errors=parsed.messages(language_of(request)),
            username=parsed.typed.get("username", ""),
            next_path=local_path(parsed.typed.get("next", "/")),
            carried=carried,
        )
    try:
        signed_in = await signing_in.sign_in(
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
            accounts=await _demo_accounts(),
            errors=faulty("username", refusal, {}).messages(language_of(request)),
            username=parsed.username,
            next_path=local_path(parsed.next),
            carried=carried,
        )
    if request.state.actor is not None:
        await signing_in.sign_out(request.state.actor)
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


async def _half(token: str) -> signing_in.Half:
    half = await signing_in.half_session(token)
    if half is None:
        raise access.SignInNeeded()
    return half


async def _second_step_page(
    request: R,
    half: signing_in.Half,
    *,
    next_path: str,
    carried: Pairs = (),
    errors: Mapping[str, str] | None = None,
) -> Response[str]:
    account = await queries.account(half.user_id, calendar.today())
    secret = ""
    if not account.has_second_factor:
        # After a wrong code the app that scanned the picture has to keep its key.
        secret = await signing_in.start_enrolment(half, keep=errors is not None)
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
    return access.for_visitors(request, answer)


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
        codes = await signing_in.pass_second_step(half, parsed.code, calendar.now())
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
    await signing_in.sign_out(actor_of(request))
    answer = redirect("/sign-in")
    answer.delete_cookie(access.SESSION_COOKIE)
    return answer


ROUTES = [sign_in_form, sign_in, second_step_form, second_step, sign_out]
