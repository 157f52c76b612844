"""Where it is measured: a throwaway cluster with a small and a large database, and people."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg

from grants.kernel import calendar
from grants.kernel.identity import SYSTEM, Actor, Role
from grants.people.queries import token_hash
from grants.platform import access, db, embedded, schema
from tests.bench.history import Size, lay_ground, lay_history
from tests.world import World, add_actor, bureau

LARGE = Size(payments=100_000, for_finance=200, for_deputy=8_000)
SMALL = Size(payments=1_000, for_finance=200, for_deputy=100)
DEPUTIES = 8


@dataclass
class Ground:
    """The cluster, the people, and a session for each of them in each database."""

    cluster: embedded.Cluster
    world: World = field(default_factory=World)
    deputies: Sequence[Actor] = ()
    tokens: dict[int, str] = field(default_factory=dict)
    laid_seconds: float = 0.0

    @asynccontextmanager
    async def opened(self, database: str, *, size: int = 4) -> AsyncIterator[None]:
        """The pool of this process, open on `database`."""
        await db.open_pool(self.cluster.connect(database), size)
        try:
            yield
        finally:
            await db.close_pool()

    async def order(self, *statements: str) -> None:
        """Run statements that no transaction may hold."""
        keeper = await asyncpg.connect(**self.cluster.connect("postgres"))
        try:
            for statement in statements:
                await keeper.execute(statement)
        finally:
            await keeper.close()

    async def copy(self, source: str, target: str) -> None:
        """A fresh copy of a database."""
        await self.order(
            f"DROP DATABASE IF EXISTS {target}", f"CREATE DATABASE {target} TEMPLATE {source}"
        )

    def cookies(self, actor: Actor) -> str:
        """What a browser in which `actor` is signed in sends along."""
        return cookies_of(self.tokens[actor.user_id])

    def form_token(self, actor: Actor) -> str:
        """What forms of that session carry."""
        return access.form_token(self.tokens[actor.user_id])


async def lay(root: Path) -> Ground:
    """Start the cluster as in production, and fill `small` and `large`; `empty` has tables only."""
    began = time.perf_counter()
    cluster = await asyncio.to_thread(embedded.start_cluster, root)
    ground = Ground(cluster)
    await schema.ensure_database(cluster.connect("postgres"), "empty")
    async with ground.opened("empty"):
        await schema.migrate()
    await ground.copy("empty", "ground")
    async with ground.opened("ground"):
        await _people(ground)
        await lay_ground()
    for name, size in (("small", SMALL), ("large", LARGE)):
        await ground.copy("ground", name)
        async with ground.opened(name):
            await lay_history(ground.world, size)
            async with db.ENGINE.pool.acquire() as connection:  # type: ignore[union-attr]
                await connection.execute("VACUUM ANALYZE")
    await ground.order("CHECKPOINT")
    ground.laid_seconds = time.perf_counter() - began
    return ground


async def _people(ground: Ground) -> None:
    ground.world = await bureau()
    ground.deputies = [
        await add_actor(Role.DEPUTY_LEADER, name=f"示例·副局长{n}") for n in range(DEPUTIES)
    ]
    ground.tokens = await sessions((*ground.world.people.values(), *ground.deputies))


async def sessions(actors: Iterable[Actor]) -> dict[int, str]:
    """A session for each, as after signing in; answers their tokens by account."""
    now = calendar.now()
    tokens = {actor.user_id: secrets.token_urlsafe(32) for actor in actors}
    async with db.unit_of_work(SYSTEM):
        await db.write_many(
            'INSERT INTO sign_in (token_hash, "user", started_at, seen_at, second_factor_at, '
            "address, browser) VALUES ($1, $2, $3, $3, $3, '', 'a browser')",
            [(token_hash(token), user_id, now) for user_id, token in tokens.items()],
        )
    return tokens


def cookies_of(token: str) -> str:
    """What a browser with that session sends along."""
    return f"{access.SESSION_COOKIE}={token}; lang=zh"
