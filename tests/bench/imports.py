"""The import of a funder's awards, and COPY of the rows that it wrote."""

from __future__ import annotations

import time
from io import BytesIO
from typing import Any

from grants.imports.actions import run_import
from grants.imports.report import ImportOptions
from grants.kernel import calendar
from grants.kernel.identity import Role
from grants.platform import db
from tests.bench.ground import Ground

_OPTIONS = ImportOptions(
    programme="P1", fund="F1", assume_currency="CNY", skip_refused=True, create_payees=True
)
_TABLES = ("organisation", "award", "case_event")


async def import_and_copy(ground: Ground, content: bytes) -> tuple[float, float]:
    """Awards in a second by our import into an empty database, and by COPY."""
    await ground.copy("ground", "imported")
    async with ground.opened("imported", size=2):
        began = time.perf_counter()
        report = await run_import(
            ground.world[Role.OFFICER], "awards.json", content, _OPTIONS, today=calendar.today()
        )
        ours = time.perf_counter() - began
        if report.state != "DONE":
            raise RuntimeError(f"the import ended {report.state}")
        awards = report.accepted + report.warned
        return awards / ours, awards / await _copy()


async def _copy() -> float:
    """Seconds for COPY of the same rows into tables with the same columns, keys and checks."""
    pool: Any = db.ENGINE.pool
    async with pool.acquire() as connection:
        texts = {}
        for name in _TABLES:
            texts[name] = BytesIO()
            await connection.copy_from_table(name, output=texts[name])
            texts[name].seek(0)
            await connection.execute(f"CREATE TABLE copy_of_{name} (LIKE {name} INCLUDING ALL)")
        began = time.perf_counter()
        async with connection.transaction():
            for name, text in texts.items():
                await connection.copy_to_table(f"copy_of_{name}", source=text)
        return time.perf_counter() - began
