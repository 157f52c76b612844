"""The pages of parties alone, with people signed in by their user id."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from litestar import Litestar, Request, Response
from litestar.types import ASGIApp, Receive, Scope, Send

from grants.kernel.errors import Refusal
from grants.kernel.identity import Actor
from grants.parties import pages as party_pages
from grants.platform import access, pages


class Browser:
    """One person's browser: sends the session and the form's token along."""

    def __init__(self, client: httpx.AsyncClient, actor: Actor) -> None:
        self.client = client
        self.token = str(actor.user_id)
        self.cookies = {access.SESSION_COOKIE: self.token, "lang": "en"}

    async def get(self, path: str, **given: Any) -> httpx.Response:
        """Load a page."""
        return await self.client.get(path, headers=self._headers(), **given)

    async def post(self, path: str, form: dict[str, Any], **given: Any) -> httpx.Response:
        """Send a form."""
        data = {"csrf_token": access.form_token(self.token), **form}
        return await self.client.post(path, data=data, headers=self._headers(), **given)

    def _headers(self) -> dict[str, str]:
        return {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}


@pytest.fixture
async def browser_of(empty: None) -> AsyncIterator[Callable[[Actor], Browser]]:
    """A browser for each actor."""
    signed_in: dict[str, Actor] = {}

    async def load(token: str, request_id: str) -> Actor | None:
        return signed_in.get(token)

    def numbered(app: ASGIApp) -> ASGIApp:
        async def asgi(scope: Scope, receive: Receive, send: Send) -> None:
            scope.setdefault("state", {})["request_id"] = "test"
            await app(scope, receive, send)

        return asgi

    def refused(request: Request[Any, Any, Any], refusal: Refusal) -> Response[str]:
        return pages.refused(request, refusal)

    app = Litestar(
        route_handlers=party_pages.ROUTES,
        guards=[access.guard(load)],
        middleware=[numbered],
        exception_handlers={Refusal: refused},
        openapi_config=None,
        request_max_body_size=25_000_000,
    )
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="http://127.0.0.1"
    ) as client:

        def of(actor: Actor) -> Browser:
            signed_in[str(actor.user_id)] = actor
            return Browser(client, actor)

        yield of
