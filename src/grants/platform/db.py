"""The engine, and the unit of work in which every write happens.

Reads use `rows`, `row` and `value` with asyncpg's `$1` places; they join the unit of
work of the current task where one is open, and otherwise borrow a pooled connection.

Rows are locked with FOR NO KEY UPDATE, which keeps other writers out but lets foreign keys
be checked: a payment that is written twice in one unit looks at its award again, and with
FOR UPDATE it would wait for whoever ends the award and waits for the payment's line.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import AsyncIterator
from typing import Any, TypeAlias, cast

import asyncpg
from piccolo.engine.postgres import PostgresEngine, PostgresTransaction

from grants.kernel.errors import N_, Conflict, Refusal, RuleBroken
from grants.kernel.identity import Actor

os.environ.setdefault("PICCOLO_CONF", "grants.piccolo_conf")

Row: TypeAlias = asyncpg.Record


class _Transaction(PostgresTransaction):
    """Piccolo's transaction, which always releases its connection and resets its context.

    The original leaves both behind when COMMIT fails, and the next transaction of the
    task then silently autocommits.
    """

    async def __aexit__(self, exception_type: Any, exception: Any, traceback: Any) -> bool:
        try:
            if exception_type is None:
                await self.commit()  # type: ignore[no-untyped-call]
            elif not self.connection.is_closed():
                await self.rollback()  # type: ignore[no-untyped-call]
        except BaseException:
            if not self.connection.is_closed() and self.connection.is_in_transaction():
                await self.connection.execute("ROLLBACK")
            raise
        finally:
            self.engine.current_transaction.reset(self.context)
            if self.engine.pool:
                await self.engine.pool.release(self.connection)
            else:
                await self.connection.close()
        return False


class _Engine(PostgresEngine):
    async def check_version(self) -> None:
        """Importing the engine must not connect to a database."""

    async def prep_database(self) -> None:
        """Extensions are made by the migrations."""

    def transaction(self, allow_nested: bool = False) -> _Transaction:
        return _Transaction(engine=self, allow_nested=False)


ENGINE = _Engine(config={})

#: What is raised when the database is away or a connection was cut: nothing was written.
GONE = (
    ConnectionError,
    asyncpg.InterfaceError,
    # What asyncpg says of a connection that was cut while it was written to or prepared.
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
)


async def _prepare(connection: asyncpg.Connection) -> None:
    await connection.set_type_codec(
        "jsonb", encoder=_encode_json, decoder=json.loads, schema="pg_catalog"
    )


def _encode_json(given: object) -> str:
    # Piccolo hands over finished JSON text; our own reads and writes hand over objects.
    return given if isinstance(given, str) else json.dumps(given, ensure_ascii=False, default=str)


async def _leave_as_it_is(connection: asyncpg.Connection) -> None:
    """Nothing to put right in a connection that comes back to the pool.

    Our settings and locks end with their transaction, and the pool rolls back one that was
    left open. asyncpg would reset the session here, a second journey for every read.
    """


async def open_pool(connect: dict[str, Any], size: int) -> None:
    """Open the pool; `connect` are asyncpg's connection arguments."""
    ENGINE.config = connect
    ENGINE.pool = await asyncpg.create_pool(
        **connect,
        min_size=1,
        max_size=size,
        init=_prepare,
        reset=_leave_as_it_is,
        server_settings={"timezone": "Asia/Shanghai", "application_name": "grants"},
    )


async def close_pool() -> None:
    """Close the pool and forget it."""
    if ENGINE.pool:
        await ENGINE.pool.close()
        ENGINE.pool = None


@contextlib.asynccontextmanager
async def _connection() -> AsyncIterator[asyncpg.Connection]:
    open_one = ENGINE.current_transaction.get()
    if open_one is not None:
        yield open_one.connection
    else:
        async with cast(asyncpg.Pool, ENGINE.pool).acquire() as connection:
            yield connection


async def rows(sql: str, *arguments: object) -> list[Row]:
    """All rows of a query."""
    async with _connection() as connection:
        return cast(list[Row], await connection.fetch(sql, *arguments))


async def row(sql: str, *arguments: object) -> Row | None:
    """The first row of a query, or None."""
    async with _connection() as connection:
        return await connection.fetchrow(sql, *arguments)


async def value(sql: str, *arguments: object) -> Any:
    """The first column of the first row, or None."""
    async with _connection() as connection:
        return await connection.fetchval(sql, *arguments)


async def execute(sql: str, *arguments: object) -> str:
    """Run a statement inside the open unit of work; answers PostgreSQL's command tag."""
    open_one = ENGINE.current_transaction.get()
    if open_one is None:
        raise RuntimeError("a write needs a unit of work")
    return cast(str, await open_one.connection.execute(sql, *arguments))


async def touch(sql: str, *arguments: object) -> None:
    """Write what is no business (having been seen), outside any unit of work.

    Works only on tables without history.
    """
    async with cast(asyncpg.Pool, ENGINE.pool).acquire() as connection:
        await connection.execute(sql, *arguments)


async def write_many(sql: str, arguments: list[tuple[object, ...]]) -> None:
    """Run one statement for many argument rows inside the open unit of work."""
    open_one = ENGINE.current_transaction.get()
    if open_one is None:
        raise RuntimeError("a write needs a unit of work")
    await open_one.connection.executemany(sql, arguments)


#: What a broken constraint means to a person: constraint name -> refusal.
#: Features add their own with `explain_constraint`.
_EXPLAINED: dict[str, tuple[type[Refusal], str, str]] = {}


def explain_constraint(name: str, kind: type[Refusal], code: str, message: str) -> None:
    """Say which refusal the database constraint `name` stands for."""
    _EXPLAINED[name] = (kind, code, message)


def refusal_for(error: asyncpg.PostgresError) -> Refusal | None:
    """The refusal that a database error stands for; None when it is a fault of ours."""
    if isinstance(error, asyncpg.IntegrityConstraintViolationError):
        known = _EXPLAINED.get(error.constraint_name or "")
        if known:
            kind, code, message = known
            return kind(code, message)
        if isinstance(error, asyncpg.UniqueViolationError):
            return Conflict("already_exists", N_("This exists already; nothing was written twice."))
        if isinstance(error, asyncpg.CheckViolationError):
            return RuleBroken(
                "database_rule",
                N_("The database refused this ({constraint}); nothing was written."),
                constraint=error.constraint_name or "",
            )
    if isinstance(error, asyncpg.DeadlockDetectedError | asyncpg.SerializationError):
        return Conflict("busy", N_("Somebody works on the same thing just now. Please try again."))
    return None


@contextlib.asynccontextmanager
async def unit_of_work(actor: Actor) -> AsyncIterator[None]:
    """One transaction in the name of `actor`: all of it happens, or nothing.

    Raises the refusal that a broken constraint stands for. Units do not nest: a
    caught exception inside an inner one would leave its writes standing.
    """
    try:
        async with ENGINE.transaction():
            await value(
                "SELECT set_config('grants.user', $1, true), "
                "set_config('grants.request', $2, true)",
                str(actor.user_id),
                actor.request_id,
            )
            yield
    except asyncpg.PostgresError as error:
        refusal = refusal_for(error)
        if refusal is None:
            raise
        raise refusal from error


async def next_number(series: str) -> int:
    """The next number of a gapless series (document numbers), from a locked counter row."""
    return cast(
        int,
        await value(
            """
            INSERT INTO number_series AS s (series, last) VALUES ($1, 1)
            ON CONFLICT (series) DO UPDATE SET last = s.last + 1
            RETURNING last
            """,
            series,
        ),
    )
