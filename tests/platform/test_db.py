"""The unit of work: all of it or nothing, in somebody's name, and the traps it avoids."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from grants.kernel.errors import Conflict, RuleBroken
from grants.kernel.identity import SYSTEM, Actor
from grants.platform import db, schema
from grants.platform.tables import NumberSeries

pytestmark = pytest.mark.usefixtures("empty")

ACTOR = Actor(user_id=1, person_id=1, name="示例", roles=frozenset(), request_id="req-7")
ADD_FUND = (
    "INSERT INTO fund_source (code, name, name_en, kind) VALUES ($1, '资金', 'Fund', 'GENERAL')"
)


async def funds() -> list[str]:
    return [r["code"] for r in await db.rows("SELECT code FROM fund_source ORDER BY code")]


async def test_a_unit_of_work_is_written_whole() -> None:
    async with db.unit_of_work(SYSTEM):
        await db.execute(ADD_FUND, "A")
        await db.execute(ADD_FUND, "B")
    assert await funds() == ["A", "B"]


async def test_a_unit_of_work_that_fails_leaves_nothing() -> None:
    with pytest.raises(LookupError):
        async with db.unit_of_work(SYSTEM):
            await db.execute(ADD_FUND, "A")
            raise LookupError
    assert await funds() == []


async def test_others_see_a_unit_of_work_when_it_is_done() -> None:
    seen = asyncio.Event()
    done = asyncio.Event()

    async def write() -> None:
        async with db.unit_of_work(SYSTEM):
            await db.execute(ADD_FUND, "A")
            seen.set()
            await done.wait()

    writing = asyncio.create_task(write())
    await seen.wait()
    assert await funds() == []
    done.set()
    await writing
    assert await funds() == ["A"]


async def test_reads_inside_a_unit_see_its_writes() -> None:
    async with db.unit_of_work(SYSTEM):
        await db.execute(ADD_FUND, "A")
        assert await funds() == ["A"]


async def test_units_of_work_do_not_nest() -> None:
    with pytest.raises(Exception, match=r"(?i)transaction"):
        async with db.unit_of_work(SYSTEM), db.unit_of_work(SYSTEM):
            pass
    assert await funds() == []


async def test_a_write_needs_a_unit_of_work() -> None:
    with pytest.raises(RuntimeError, match="unit of work"):
        await db.execute(ADD_FUND, "A")
    with pytest.raises(RuntimeError, match="unit of work"):
        await db.write_many(ADD_FUND, [("A",)])


async def test_the_database_refuses_a_write_without_a_name() -> None:
    with pytest.raises(asyncpg.RaiseError, match="needs a unit of work"):
        await db.touch(ADD_FUND, "A")
    with pytest.raises(asyncpg.RaiseError, match="needs a unit of work"):
        async with db.ENGINE.transaction():
            await db.execute(ADD_FUND, "A")
    assert await funds() == []


async def test_a_pooled_connection_forgets_in_whose_name_it_wrote() -> None:
    async with db.unit_of_work(ACTOR):
        await db.execute(ADD_FUND, "A")
    for _ in range(25):
        with pytest.raises(asyncpg.RaiseError):
            await db.touch(ADD_FUND, "B")


async def test_each_change_is_in_the_history_with_who_and_what() -> None:
    async with db.unit_of_work(ACTOR):
        await db.execute(ADD_FUND, "A")
        await db.execute("UPDATE fund_source SET name = '新名'")
    async with db.unit_of_work(ACTOR):
        await db.execute("DELETE FROM fund_source")
    written = await db.rows(
        "SELECT operation, before, after, user_id, request_id FROM row_history "
        "WHERE table_name = 'fund_source' ORDER BY id"
    )
    assert [w["operation"] for w in written] == ["INSERT", "UPDATE", "DELETE"]
    assert written[0]["after"]["code"] == "A"
    assert (written[1]["before"], written[1]["after"]) == ({"name": "资金"}, {"name": "新名"})
    assert written[2]["before"]["name"] == "新名"
    assert {(w["user_id"], w["request_id"]) for w in written} == {(1, "req-7")}


async def test_a_change_of_many_rows_is_in_the_history_row_by_row() -> None:
    async with db.unit_of_work(SYSTEM):
        await db.write_many(ADD_FUND, [("A",), ("B",), ("C",)])
        await db.execute("UPDATE fund_source SET name = code")
    changed = await db.value(
        "SELECT count(*) FROM row_history WHERE table_name = 'fund_source' AND operation = 'UPDATE'"
    )
    assert changed == 3


@pytest.mark.parametrize(
    "statement", ["UPDATE row_history SET user_id = 2", "DELETE FROM row_history"]
)
async def test_the_history_is_append_only(statement: str) -> None:
    async with db.unit_of_work(SYSTEM):
        await db.execute(ADD_FUND, "A")
    with pytest.raises(asyncpg.RaiseError, match="append-only"):
        async with db.unit_of_work(SYSTEM):
            await db.execute(statement)


async def test_a_broken_constraint_becomes_a_refusal() -> None:
    with pytest.raises(Conflict) as twice:
        async with db.unit_of_work(SYSTEM):
            await db.write_many(ADD_FUND, [("A",), ("A",)])
    assert twice.value.code == "already_exists"
    with pytest.raises(RuleBroken) as broken:
        async with db.unit_of_work(SYSTEM):
            await db.execute(ADD_FUND.replace("GENERAL", "PRIVATE"), "A")
    assert broken.value.code == "database_rule"
    assert broken.value.params == {"constraint": "fund_source_kind"}
    assert await funds() == []


async def test_a_fault_of_ours_stays_a_fault() -> None:
    with pytest.raises(asyncpg.UndefinedTableError):
        async with db.unit_of_work(SYSTEM):
            await db.execute("INSERT INTO nowhere VALUES (1)")


async def deferred_table() -> None:
    async with db.ENGINE.transaction():
        await db.execute("CREATE TABLE late (id int UNIQUE DEFERRABLE INITIALLY DEFERRED)")


async def test_a_rule_that_is_checked_at_the_end_still_refuses_the_whole_unit() -> None:
    await deferred_table()
    try:
        with pytest.raises(Conflict):
            async with db.unit_of_work(SYSTEM):
                await db.execute("INSERT INTO late VALUES (1), (1)")
        # The connection is back, and the next unit is one again.
        assert db.ENGINE.current_transaction.get() is None
        with pytest.raises(LookupError):
            async with db.unit_of_work(SYSTEM):
                await db.execute("INSERT INTO late VALUES (2)")
                raise LookupError
        assert await db.value("SELECT count(*) FROM late") == 0
    finally:
        async with db.ENGINE.transaction():
            await db.execute("DROP TABLE late")


async def test_failing_units_do_not_use_the_pool_up() -> None:
    async def fail() -> None:
        async with db.unit_of_work(SYSTEM):
            await db.execute(ADD_FUND.replace("GENERAL", "PRIVATE"), "A")

    found = await asyncio.gather(*(fail() for _ in range(60)), return_exceptions=True)
    assert {type(f) for f in found} == {RuleBroken}
    assert await db.value("SELECT 1") == 1


async def test_a_unit_whose_connection_breaks_gives_it_back() -> None:
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, ConnectionError)):
        async with db.unit_of_work(SYSTEM):
            own = await db.value("SELECT pg_backend_pid()")
            await db.touch("SELECT pg_terminate_backend($1)", own)
            await asyncio.sleep(0.05)
            await db.execute(ADD_FUND, "A")
    assert db.ENGINE.current_transaction.get() is None
    async with db.unit_of_work(SYSTEM):
        await db.execute(ADD_FUND, "B")
    assert await funds() == ["B"]


async def test_a_cancelled_unit_leaves_nothing() -> None:
    inside = asyncio.Event()

    async def work() -> None:
        async with db.unit_of_work(SYSTEM):
            await db.execute(ADD_FUND, "A")
            inside.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(work())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await funds() == []


async def test_numbers_of_a_series_have_no_gap() -> None:
    async def draw(*, fail: bool) -> int | None:
        try:
            async with db.unit_of_work(SYSTEM):
                number = await db.next_number("test")
                if fail:
                    raise LookupError
                return number
        except LookupError:
            return None

    drawn = await asyncio.gather(*(draw(fail=n % 3 == 0) for n in range(60)))
    assert sorted(n for n in drawn if n is not None) == list(range(1, 41))
    assert await NumberSeries.count().where(NumberSeries.last == 40) == 1


async def test_documents_come_back_as_objects() -> None:
    async with db.unit_of_work(SYSTEM):
        await db.execute(
            "INSERT INTO policy_version (kind, scope, starts_on, body, legal_basis, mark) "
            "VALUES ('test', '', '2026-01-01', $1, '', 'D')",
            {"名": ["值", 1]},
        )
    assert await db.value("SELECT body FROM policy_version") == {"名": ["值", 1]}


async def test_two_starters_migrate_once() -> None:
    before = await db.value("SELECT count(*) FROM migration")
    await asyncio.gather(schema.migrate(), schema.migrate())
    assert await db.value("SELECT count(*) FROM migration") == before


async def test_tables_and_migrations_agree() -> None:
    assert await schema.drift() == []
