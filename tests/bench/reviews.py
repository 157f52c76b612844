"""Reviews: the page on which an expert scores, and the ranking of a whole round."""

from __future__ import annotations

import random
import statistics
import time
from dataclasses import dataclass

from grants.calls import queries as calls
from grants.calls.terms import CallTerms
from grants.kernel.identity import SYSTEM, Actor
from grants.platform import db
from grants.selection import queries
from grants.selection.ranking import ranking_from, ranking_of
from tests.bench.application import Server
from tests.bench.ground import Ground, cookies_of, sessions
from tests.bench.load import Client, get
from tests.world_selection import scoring_panel, terms_of

DATABASE = "review"
SHEETS, RANKED, MEMBERS = 40, 300, 7
_ANEW, _TURNS = 200, 5


@dataclass(frozen=True)
class Review:
    """A round with one panel at its sheets and another one that has opened its scores."""

    round_id: int
    sheet_id: int
    token: str

    @property
    def cookies(self) -> str:
        """The browser of an expert who scores."""
        return cookies_of(self.token)

    @property
    def page(self) -> str:
        """The page of one of his sheets."""
        return f"/reviews/sheets/{self.sheet_id}"

    def anew(self, client: Client, server: Server, round_: int) -> float:
        """Answers in a second when every one is made anew: each asks for another address."""
        asked = [get(f"{self.page}?asked={round_}-{n}", self.cookies) for n in range(_ANEW)]
        return client.each(server.port, asked, lines=8).all_were(200).rate


async def lay(ground: Ground) -> Review:
    """One application through the actions, and its copies in bulk."""
    await ground.copy("empty", DATABASE)
    async with ground.opened(DATABASE):
        _, panel_id, members, (application,) = await scoring_panel(applications=1, defence=True)
        panel = await queries.panel(panel_id)
        terms = await terms_of(panel_id)
        assert isinstance(terms, CallTerms)
        async with db.unit_of_work(SYSTEM):
            await db.execute("SET LOCAL session_replication_role = replica")
            await _copies(application, panel_id, SHEETS)
            await _opened_panel(application, panel_id, terms)
            await db.execute(_PLACES, panel.round_id)
        async with db.ENGINE.pool.acquire() as connection:  # type: ignore[union-attr]
            await connection.execute("VACUUM ANALYZE")
        return await _review(panel.round_id, panel_id, members[0])


async def _review(round_id: int, panel_id: int, expert: Actor) -> Review:
    seat = await queries.own_seat(expert, panel_id)
    sheets = await queries.sheets_of_member(seat.id)
    if len(sheets) != SHEETS:
        raise RuntimeError(f"the expert has {len(sheets)} sheets")
    return Review(round_id, sheets[SHEETS // 2].id, (await sessions([expert]))[expert.user_id])


#: Row n of a copy has the id of its source and a hundred thousand times n.
_FAR = 100_000


async def _copy(table: str, where: str, count: int, changes: str = "'{}'::jsonb") -> None:
    """Copies 1 to `count` of the rows of `table` where `where`, with `changes` for copy n."""
    await db.execute(
        f"""
        INSERT INTO {table}
        SELECT (jsonb_populate_record(s, jsonb_build_object('id', s.id + {_FAR} * n)
                                         || {changes})).*
        FROM {table} s CROSS JOIN generate_series(1, {count}) n WHERE {where}
        """
    )


def _of_copy(*columns: str) -> str:
    pairs = ", ".join(f"'{name}', s.{name} + {_FAR} * n" for name in columns)
    return f"jsonb_build_object({pairs})"


async def _copies(application: int, panel_id: int, count: int) -> None:
    """The application `count` times in all, with what hangs on it and every member's sheets."""
    number = "jsonb_build_object('number', s.number || '-' || n)"
    await _copy("application", f"s.id = {application}", count - 1 + RANKED, number)
    await _copy("submission", f"s.application = {application}", count - 1, _of_copy("application"))
    await _copy(
        "attachment",
        f"s.case_kind = 'application' AND s.case_id = {application}",
        count - 1,
        _of_copy("case_id"),
    )
    await _copy("score_sheet", f"s.panel = {panel_id}", count - 1, _of_copy("application"))


async def _opened_panel(application: int, panel_id: int, terms: CallTerms) -> None:
    """The last copies stand in the other category, scored by a panel that has opened."""
    first = application + _FAR * SHEETS
    await db.execute("UPDATE application SET category = 'B' WHERE id >= $1", first)
    opened = '\'{"state": "OPENED", "categories": ["B"], "opened_at": "2026-07-10"}\'::jsonb'
    await _copy("panel", f"s.id = {panel_id}", 1, opened)
    await _copy("panel_member", f"s.panel = {panel_id}", 1, _of_copy("panel"))
    members = [one.id for one in await queries.members(panel_id + _FAR)]
    chance = random.Random(20260615)
    await db.write_many(
        """
        INSERT INTO score_sheet (panel, member, application, points, comments, defence,
                                 suggested_fen, suggests, comment, state, reason, version)
        VALUES ($1, $2, $3, $4, '{}', $5, $6, true, '', 'OPEN', '', 1)
        """,
        [
            (
                panel_id + _FAR,
                member,
                first + _FAR * n,
                {c.code: chance.randint(c.points // 2, c.points) for c in terms.rubric},
                chance.randint(50, 100),
                chance.randrange(2_000_000, 4_000_000, 100_00),
            )
            for n in range(RANKED)
            for member in members
        ],
    )


_PLACES = """
UPDATE call_revision SET terms = jsonb_set(terms, '{categories,1,places}', '100')
WHERE round = $1 AND state = 'PUBLISHED'
"""


async def ranking_ms(ground: Ground, review: Review) -> tuple[float, float]:
    """How long the ranking takes with its reading, and out of what was read (a median)."""
    async with ground.opened(DATABASE, size=1):
        found = await calls.round_of(review.round_id)
        assert found.terms is not None
        began = time.perf_counter()
        ranking = await ranking_of(review.round_id, found.terms)
        whole = time.perf_counter() - began
        opened = next(
            one for one in await queries.panels_of(review.round_id) if one.state == "OPENED"
        )
        sheets = await queries.sheets_of_panel(opened.id)
    if len(ranking.lines) != RANKED or len(sheets) != RANKED * MEMBERS:
        raise RuntimeError(f"{len(ranking.lines)} applications are ranked")
    pure = []
    for _ in range(_TURNS):
        began = time.perf_counter()
        ranking_from(sheets, ranking.members, {}, found.terms)
        pure.append(time.perf_counter() - began)
    return whole * 1000, statistics.median(pure) * 1000
