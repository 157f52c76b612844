"""Migrations: forwards, and whether the tables in code still match the chain."""

from __future__ import annotations

import contextlib
import io
import itertools

import asyncpg
from piccolo.apps.migrations.commands.forwards import ForwardsMigrationManager
from piccolo.apps.migrations.commands.new import AutoMigrationManager
from piccolo.conf.apps import Finder

from grants.platform import db


async def migrate() -> None:
    """Run the migrations that have not run yet; two starters at once do it once."""
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
    config = Finder().get_app_config(app_name="grants")
    with contextlib.redirect_stdout(io.StringIO()):
        statements = await AutoMigrationManager().get_alter_statements(app_config=config)
    return list(itertools.chain.from_iterable(s.statements for s in statements))
