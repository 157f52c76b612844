"""The whole application in the loop of the tests, and browsers that use it."""

from __future__ import annotations

import html
import re
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

import httpx
from litestar import Litestar

from grants.app import create_app
from grants.kernel import calendar
from grants.kernel.identity import SYSTEM, Actor
from grants.people.queries import token_hash
from grants.platform import access, db

ADDRESS = "http://127.0.0.1:8000"


@cache
def application() -> Litestar:
    """The application, on the pool that the tests have opened."""
    return create_app(own_pool=False)


@asynccontextmanager
async def visiting(lang: str = "en") -> AsyncIterator[httpx.AsyncClient]:
    """A browser in which nobody is signed in."""
    transport = httpx.ASGITransport(application())  # type: ignore[arg-type]
    async with httpx.AsyncClient(
        transport=transport, base_url=ADDRESS, cookies={"lang": lang}
    ) as client:
        yield client


@asynccontextmanager
async def browsing(actor: Actor, lang: str = "en") -> AsyncIterator[httpx.AsyncClient]:
    """A browser in which one person is signed in."""
    async with visiting(lang) as client:
        await signed_in(client, actor.user_id)
        yield client


async def signed_in(client: httpx.AsyncClient, user_id: int) -> str:
    """Open a session for an account and give its cookie to the browser; answers its token."""
    token, now = secrets.token_urlsafe(16), calendar.now()
    async with db.unit_of_work(SYSTEM):
        await db.execute(
            'INSERT INTO sign_in (token_hash, "user", started_at, seen_at, second_factor_at, '
            "address, browser) VALUES ($1, $2, $3, $3, $3, '', 'a browser')",
            token_hash(token),
            user_id,
            now,
        )
    client.cookies.set(access.SESSION_COOKIE, token)
    return token


def form_token(client: httpx.AsyncClient) -> str:
    """The token that this browser's forms carry."""
    cookies = client.cookies
    return access.form_token(
        cookies.get(access.SESSION_COOKIE) or cookies.get(access.VISITOR_COOKIE) or ""
    )


async def send(
    client: httpx.AsyncClient, path: str, form: Mapping[str, Any] | None = None, **given: Any
) -> httpx.Response:
    """Send a form as a page of ours would."""
    data = {"csrf_token": form_token(client), **(form or {})}
    return await client.post(path, data=data, **given)


def hidden_fields(page: str, action: str) -> list[tuple[str, str]]:
    """Names and texts of the hidden fields of the first form that posts to `action`."""
    form = page[page.index(f'action="{action}"') :]
    found = re.findall(
        r'<input type="hidden" name="([^"]*)" value="([^"]*)"', form[: form.index("</form>")]
    )
    return [(html.unescape(name), html.unescape(value)) for name, value in found]
