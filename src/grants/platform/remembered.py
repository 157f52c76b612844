"""Pages that are remembered until anything in the database changes.

PostgreSQL's snapshot names exactly what a reader can see: while its text stays the same, no
transaction has begun or ended, so a page made from it would be made the same again. Every
request reads it with who is signed in; pages that ask for it stand under that snapshot, the
session and the address. Whatever is written by whomever makes all of them anew.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from litestar import Request
from litestar.config.response_cache import ResponseCacheConfig
from litestar.stores.base import Store
from litestar.stores.memory import MemoryStore
from litestar.types import HTTPScope

from grants.kernel import calendar
from grants.platform.access import actor_of
from grants.platform.pages import NOTICE_COOKIE, language_of

#: A remembered page is made anew after so long: some say how long ago something was.
SECONDS = 60
_PAGES = 300
_HEADERS = ("accept-encoding", "hx-request", "hx-target", "hx-boosted")


def unchanged(request: Request[Any, Any, Any]) -> str:
    """The key of a page: who asks, from which snapshot, for what, on which day and how."""
    actor = actor_of(request)
    asked = (
        actor.as_of,
        str(actor.session_id),
        str(request.url),
        language_of(request),
        calendar.today().isoformat(),
        request.cookies.get(NOTICE_COOKIE, ""),
        *(request.headers.get(name, "") for name in _HEADERS),
    )
    return "\x1f".join(asked)


def _may_be_kept(scope: HTTPScope, status: int) -> bool:
    """A page with a notice is shown once; what is no page is no page later either."""
    return status == 200 and NOTICE_COOKIE not in Request[Any, Any, Any](scope).cookies


class _Newest(MemoryStore):
    """A store in memory that forgets the oldest pages."""

    async def set(
        self, key: str, value: str | bytes, expires_in: int | timedelta | None = None
    ) -> None:
        await super().set(key, value, expires_in)
        while len(self._store) > _PAGES:
            del self._store[next(iter(self._store))]


def memory_of_pages() -> tuple[ResponseCacheConfig, dict[str, Store]]:
    """How the application remembers pages, and where."""
    config = ResponseCacheConfig(
        default_expiration=SECONDS,
        key_builder=unchanged,
        store="pages",
        cache_response_filter=_may_be_kept,
    )
    return config, {"pages": _Newest()}
