"""What pages cost: beside a bare route, with a thousand payments and with a hundred thousand."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

import httpx

from grants.app import create_app
from grants.kernel.identity import Role
from tests.bench.approvals import listen
from tests.bench.ground import Ground
from tests.bench.load import Client, get

WORKLIST, PAYMENTS = "/", "/payments"
AT_ONCE = 8
_SECONDS = 1.5
_TURNS, _LOOKS = 9, 8
_ANEW = 300


def rate(client: Client, port: int, path: str, cookies: str = "") -> float:
    """Answers in a second, asked for by eight at once."""
    load = client.again(port, get(path, cookies), seconds=_SECONDS, lines=AT_ONCE)
    return load.all_were(200).rate


def rate_made_anew(client: Client, port: int, path: str, cookies: str, round_: int) -> float:
    """Answers in a second when every one is made anew: each asks for another address."""
    asked = [get(f"{path}?asked={round_}-{n}", cookies) for n in range(_ANEW)]
    return client.each(port, asked, lines=AT_ONCE).all_were(200).rate


def page_ms(
    client: Client, ports: Sequence[int], path: str, cookies: str, round_: int
) -> list[float]:
    """How long one who asks alone waits for a page made anew: for each server its median.

    The servers take turns, so that all of them live through the same moments.
    """
    took: list[list[float]] = [[] for _ in ports]
    for turn in range(_TURNS):
        for port, own in zip(ports, took, strict=True):
            asked = [get(f"{path}?alone={round_}-{turn}-{n}", cookies) for n in range(_LOOKS)]
            own.append(client.each(port, asked, lines=1).all_were(200).median_ms)
    return [statistics.median(own) for own in took]


def size_kb(client: Client, port: int, path: str, cookies: str) -> float:
    """A page on the wire, compressed, with its head."""
    return client.each(port, [get(path, cookies)], lines=1).all_were(200).bytes / 1024


async def queries(ground: Ground, rows: int) -> int:
    """How many statements the worklist sends when it shows so many rows."""
    cookies = ground.cookies(ground.world[Role.FIN_OFFICER])
    async with ground.opened("small", size=1):
        heard = await listen()
        transport = httpx.ASGITransport(create_app(own_pool=False))  # type: ignore[arg-type]
        async with httpx.AsyncClient(
            transport=transport, base_url="http://127.0.0.1", headers={"Cookie": cookies}
        ) as browser:
            # Numbers 000810 to 000819 wait among others.
            answer = await browser.get(WORKLIST if rows == 50 else f"{WORKLIST}?q=00081")
    if answer.text.count('<td class="lead">') != rows:
        raise RuntimeError(f"the page does not show {rows} rows")
    return len(heard)
