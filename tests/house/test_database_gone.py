"""The database gone and back: nothing half-written, and the pages return by themselves."""

from __future__ import annotations

import asyncpg
import pytest

from grants.kernel.identity import Role
from grants.platform import db, embedded
from tests.app import browsing
from tests.world import furnished

pytestmark = pytest.mark.usefixtures("empty")


async def cut_all_connections(cluster: embedded.Cluster) -> None:
    """End every connection to the test database, as a restart of it would."""
    keeper = await asyncpg.connect(**cluster.connect("postgres"))
    await keeper.fetch(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'grants_test'"
    )
    await keeper.close()


async def test_pages_return_when_the_database_does(cluster: embedded.Cluster) -> None:
    world = await furnished()
    async with browsing(world[Role.FIN_OFFICER]) as client:
        assert (await client.get("/")).status_code == 200
        await cut_all_connections(cluster)
        statuses = [(await client.get("/")).status_code for _ in range(30)]
    assert set(statuses) <= {200, 503}
    assert statuses[-1] == 200


async def test_a_unit_of_work_that_loses_its_connection_writes_nothing(
    cluster: embedded.Cluster,
) -> None:
    world = await furnished()
    with pytest.raises(db.GONE):
        async with db.unit_of_work(world[Role.OFFICER]):
            await db.execute("UPDATE organisation SET town = '城厢镇'")
            await cut_all_connections(cluster)
            await db.execute("UPDATE organisation SET town = '沙溪镇'")
    towns = []
    for _ in range(30):
        try:
            towns = await db.rows("SELECT DISTINCT town FROM organisation ORDER BY town")
            break
        except db.GONE:
            continue
    assert [r["town"] for r in towns] == [None]
