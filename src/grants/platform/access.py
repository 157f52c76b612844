"""The one guard: who is asking, may they, and did the form come from a page of ours."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Literal
from urllib.parse import urlsplit

from litestar import Request, Response
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler

from grants.kernel.errors import N_, NotAllowed, NotFound
from grants.kernel.identity import Actor, Permission
from grants.platform import crypto
from grants.settings import settings

SECURE = settings.public_url.startswith("https://")
SESSION_COOKIE = "__Host-grants" if SECURE else "grants"
#: Before sign-in the form token hangs on this cookie.
VISITOR_COOKIE = "__Host-visitor" if SECURE else "visitor"
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

#: Typed text that waits behind a sign-in is carried in the page, never stored; up to this size.
_KEPT_CHARACTERS = 100_000
_NEVER_KEPT = frozenset({"csrf_token", "password", "old", "new"})

#: PostgreSQL's largest bigint: no row has a higher number.
_LAST_ID = 2**63 - 1

LoadActor = Callable[[str, str], Awaitable[Actor | None]]


class SignInNeeded(Exception):
    """Nobody is signed in, and the page is not public; or the form is of an earlier session.

    `typed` are names and texts of the form that was sent, so that nothing typed is lost.
    """

    def __init__(self, typed: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__("sign in first")
        self.typed = typed


def permission_of(handler: BaseRouteHandler) -> Permission:
    """The permission that a handler declares; KeyError where it declares none."""
    return Permission(handler.opt["permission"])


def undeclared(handlers: Sequence[BaseRouteHandler]) -> list[str]:
    """Names of handlers that declare no permission."""
    return [str(h) for h in handlers if "permission" not in h.opt]


def form_token(session_token: str) -> str:
    """The token that forms of one session carry."""
    key = crypto.derived_key("form token")
    return hmac.new(key, session_token.encode(), hashlib.sha256).hexdigest()


def actor_of(request: Request[Any, Any, Any]) -> Actor:
    """Who is signed in; SignInNeeded where nobody is."""
    actor: Actor | None = getattr(request.state, "actor", None)
    if actor is None:
        raise SignInNeeded()
    return actor


def guard(
    load_actor: LoadActor,
) -> Callable[[ASGIConnection[Any, Any, Any, Any], BaseRouteHandler], Awaitable[None]]:
    """The guard of every route. `load_actor` takes the session token and the request id."""

    async def look(
        connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler
    ) -> None:
        if not isinstance(handler, HTTPRouteHandler):
            return
        permission = permission_of(handler)
        token = connection.cookies.get(SESSION_COOKIE, "")
        visitor = connection.cookies.get(VISITOR_COOKIE, "")
        state = connection.state
        state.request_id = secrets.token_hex(6)
        state.actor = await load_actor(token, state.request_id) if token else None
        if state.actor is None and not visitor:
            visitor = secrets.token_urlsafe(24)
            state.new_visitor = visitor
        state.csrf_token = form_token(token if state.actor else visitor)
        if permission is not Permission.PUBLIC and state.actor is None:
            raise SignInNeeded(await _typed_in(connection, form_token(token or visitor)))
        if state.actor is not None and not state.actor.may(permission):
            raise NotAllowed("not_permitted", N_("Your roles do not include this page."))
        if any(isinstance(v, int) and v > _LAST_ID for v in connection.path_params.values()):
            raise NotFound()
        if connection.scope.get("method") not in _SAFE_METHODS:
            await _refuse_foreign_form(connection, state.csrf_token)

    return look


async def _typed_in(
    connection: ASGIConnection[Any, Any, Any, Any], old_token: str
) -> list[tuple[str, str]]:
    """The texts of a form that was sent without a session: kept, unless secret or very long.

    Only of a form of ours: a form of another site arrives without the session's cookie too, and
    whoever signs in would find it waiting as if it were his own.
    A name stands as often as it was sent: several ticked checkboxes are several pairs.
    """
    if connection.scope.get("method") in _SAFE_METHODS or not isinstance(connection, Request):
        return []
    origin = _origin(connection)
    if origin == "foreign" or (origin == "unsaid" and not await _carries(connection, old_token)):
        return []
    typed = [
        (name, value)
        for name, value in (await connection.form()).multi_items()
        if isinstance(value, str) and name not in _NEVER_KEPT
    ]
    return typed if sum(len(value) for _, value in typed) <= _KEPT_CHARACTERS else []


async def _refuse_foreign_form(
    connection: ASGIConnection[Any, Any, Any, Any], expected: str
) -> None:
    """A form has to carry the session's token, and to come from our own address."""
    origin = _origin(connection)
    if origin == "foreign":
        raise NotAllowed("form.foreign", N_("This form did not come from a page of ours."))
    if await _carries(connection, expected):
        return
    if origin == "ours" and connection.state.actor is not None:
        # Signed in anew in another window meanwhile: what this one sends can be sent again.
        typed = await _typed_in(connection, expected)
        if typed:
            raise SignInNeeded(typed)
    raise NotAllowed(
        "form.token",
        N_("This form is out of date. Go back, load the page again, and send it once more."),
    )


def _origin(connection: ASGIConnection[Any, Any, Any, Any]) -> Literal["ours", "foreign", "unsaid"]:
    """Where a form comes from, as far as the browser says it."""
    origin = connection.headers.get("origin", "null")
    site = connection.headers.get("sec-fetch-site", "")
    if site not in ("", "same-origin", "none"):
        return "foreign"
    if origin != "null":
        ours = urlsplit(origin).netloc == connection.headers.get("host")
        return "ours" if ours else "foreign"
    return "ours" if site == "same-origin" else "unsaid"


async def _carries(connection: ASGIConnection[Any, Any, Any, Any], expected: str) -> bool:
    """Whether the form carries this token, in its header or among its fields."""
    given = connection.headers.get("x-csrf-token", "")
    if not given and isinstance(connection, Request):
        given = str((await connection.form()).get("csrf_token", ""))
    return hmac.compare_digest(given.encode(), expected.encode())


def session_cookie(token: str) -> Cookie:
    """The cookie of a session; it ends with the browser."""
    return Cookie(
        SESSION_COOKIE, value=token, path="/", httponly=True, samesite="lax", secure=SECURE
    )


def visitor_cookie(token: str) -> Cookie:
    """The cookie that a sign-in form's token hangs on."""
    return Cookie(
        VISITOR_COOKIE, value=token, path="/", httponly=True, samesite="lax", secure=SECURE
    )


def for_visitors(request: Request[Any, Any, Any], answer: Response[str]) -> Response[str]:
    """A page with a form, and the cookie that its token hangs on where the browser has none."""
    visitor = getattr(request.state, "new_visitor", None)
    if visitor:
        answer.set_cookie(visitor_cookie(visitor))
    return answer


def local_path(asked: str) -> str:
    """`asked` if it is a path of ours, else the worklist: no open redirects."""
    parts = urlsplit(asked)
    ours = asked.startswith("/") and not asked.startswith(("//", "/\\")) and not parts.netloc
    if ours and asked.isprintable():  # browsers drop tabs and line ends from addresses
        return asked
    return "/"
