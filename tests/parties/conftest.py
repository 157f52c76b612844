"""Browsers in which people of the tests are signed in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest

from grants.kernel.identity import Actor
from tests.app import send, signed_in, visiting


class Browser:
    """One person's browser; it signs in when it loads its first page."""

    def __init__(self, actor: Actor, lang: str, open_ones: AsyncExitStack) -> None:
        self._actor, self._lang, self._open_ones = actor, lang, open_ones
        self._client: httpx.AsyncClient | None = None

    async def _opened(self) -> httpx.AsyncClient:
        if self._client is None:
            self._client = await self._open_ones.enter_async_context(visiting(self._lang))
            await signed_in(self._client, self._actor.user_id)
        return self._client

    async def get(self, path: str) -> httpx.Response:
        """Load a page."""
        return await (await self._opened()).get(path)

    async def post(self, path: str, form: dict[str, Any], **given: Any) -> httpx.Response:
        """Send a form with its token."""
        return await send(await self._opened(), path, form, **given)


@pytest.fixture
async def browser_of(empty: None) -> AsyncIterator[Callable[..., Browser]]:
    """A browser for each person."""
    async with AsyncExitStack() as open_ones:

        def of(actor: Actor, lang: str = "en") -> Browser:
            return Browser(actor, lang, open_ones)

        yield of
