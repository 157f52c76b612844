"""Migrations: forwards, and whether the tables in code still match the chain."""

from __future__ import annotations

import contextlib
import io
import itertools
from typing import Any

import asyncpg

from grants.platform import db

# Piccolo's commands bring a code formatter with them, an eighth of what a server's start takes:
# they are imported by those who migrate.


async def migrate() -> None:
    """Run the migrations that have not run yet; two starters at once do it once."""
    from piccolo.apps.migrations.commands.forwards import ForwardsMigrationManager

    keeper = await asyncpg.connect(**db.ENGINE.config)
    try:
        await keeper.execute("SELECT pg_advisory_lock(hashtext('grants migrations'))")
        with contextlib.redirect_stdout(io.StringIO()):
            result = await ForwardsMigrationManager(app_name="grants").run()
        if not result.success:
            raise RuntimeError(result.message or "migration failed")
    finally:
        await keeper.close()


async def drift() -> list[str]:
    """What a new automatic migration would have to say; empty when code and chain agree."""
    from piccolo.apps.migrations.commands.new import AutoMigrationManager
    from piccolo.conf.apps import Finder

    config = Finder().get_app_config(app_name="grants")
    with contextlib.redirect_stdout(io.StringIO()):
        statements = await AutoMigrationManager().get_alter_statements(app_config=config)
    return list(itertools.chain.from_iterable(s.statements for s in statements))


async def ensure_database(connect: dict[str, Any], name: str) -> None:
    """Create the database `name` unless it exists; `connect` leads to another one."""
    keeper = await asyncpg.connect(**connect)
    try:
        if not await keeper.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
            await keeper.execute(f'CREATE DATABASE "{name}"')
    except asyncpg.DuplicateDatabaseError:
        # Somebody was quicker, which is just as good.
        return
    finally:
        await keeper.close()
