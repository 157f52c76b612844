"""A page is remembered while nothing changes, for whom it was made, and no longer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from grants.kernel import calendar
from grants.kernel.identity import Role
from grants.platform import db
from tests.app import browsing, send
from tests.world import YUAN, active_award, furnished, instalments, submitted

pytestmark = pytest.mark.usefixtures("empty")


@contextmanager
def listening(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The statements that are sent meanwhile."""
    heard: list[str] = []
    for name in ("rows", "row", "value"):
        original = getattr(db, name)

        async def hear(sql: str, *given: object, _original: Any = original) -> Any:
            heard.append(sql)
            return await _original(sql, *given)

        monkeypatch.setattr(db, name, hear)
    yield heard
    monkeypatch.undo()


async def page(client: httpx.AsyncClient, path: str = "/") -> str:
    got = await client.get(path)
    assert got.status_code == 200
    return got.text


async def test_an_unchanged_page_costs_one_read(monkeypatch: pytest.MonkeyPatch) -> None:
    world = await furnished()
    async with browsing(world[Role.FIN_OFFICER]) as client:
        first = await page(client)
        with listening(monkeypatch) as heard:
            assert await page(client) == first
    assert len(heard) == 1 and "FROM sign_in" in heard[0]


async def test_whatever_is_written_makes_the_page_anew() -> None:
    world = await furnished()
    (instalment,) = await instalments(await active_award(world, 30_000 * YUAN))
    async with browsing(world[Role.SECTION_HEAD]) as client:
        assert "Nothing waits for you" in await page(client)
        await submitted(world, instalment)
        assert "30,000.00" in await page(client)


async def test_a_page_is_remembered_for_one_session_only() -> None:
    world = await furnished()
    async with browsing(world[Role.FIN_OFFICER]) as client:
        assert world[Role.FIN_OFFICER].name in await page(client)
    async with browsing(world[Role.SECTION_HEAD]) as client:
        assert world[Role.FIN_OFFICER].name not in await page(client)


async def test_a_notice_is_shown_once() -> None:
    world = await furnished()
    async with browsing(world[Role.FIN_OFFICER]) as client:
        await send(client, "/payments/approve", {})
        assert "Pick at least one request." in await page(client)
        assert "Pick at least one request." not in await page(client)


async def test_another_language_is_another_page() -> None:
    world = await furnished()
    async with browsing(world[Role.FIN_OFFICER]) as client:
        assert "Worklist" in await page(client)
        await client.get("/language/zh")
        assert "待办" in await page(client)


async def test_the_next_day_makes_the_page_anew() -> None:
    world = await furnished()
    evening = datetime(2026, 12, 31, 23, 59, tzinfo=calendar.ZONE)
    with calendar.rehearsed_at(evening):
        async with browsing(world[Role.FIN_OFFICER]) as client:
            assert "2026" in await page(client, "/overview")
            with calendar.rehearsed_at(evening + timedelta(minutes=2)):
                assert "2027" in await page(client, "/overview")


async def test_who_is_signed_out_sees_nothing_remembered() -> None:
    world = await furnished()
    async with browsing(world[Role.FIN_OFFICER]) as client:
        await page(client)
        async with db.unit_of_work(world[Role.FIN_OFFICER]):
            await db.execute("UPDATE sign_in SET ended_at = now()")
        assert (await client.get("/")).status_code == 303
