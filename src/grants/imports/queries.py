"""Reads and writes of import runs, and of how far the running one is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from grants.kernel.errors import NotFound
from grants.platform import db


@dataclass(frozen=True)
class Run:
    """One import as its page shows it; the last three are how far a running one is."""

    id: int
    file_name: str
    sha256: str
    options: Mapping[str, object]
    state: str
    row_count: int
    done_count: int
    report: Mapping[str, object]
    user_id: int
    who: str
    started_at: datetime
    finished_at: datetime | None
    step: str
    step_done: int
    step_count: int


_RUN = """
SELECT r.id, r.file_name, r.sha256, r.options, r.state, r.row_count, r.done_count, r.report,
       r.user_id, p.name AS who, r.started_at, r.finished_at, coalesce(g.step, '') AS step,
       coalesce(g.done_count, 0) AS step_done, coalesce(g.row_count, 0) AS step_count
FROM import_run r JOIN app_user u ON u.id = r.user_id JOIN person p ON p.id = u.person
LEFT JOIN import_progress g ON g.run = r.id
"""


async def run(run_id: int) -> Run:
    """One import; raises NotFound."""
    found = await db.row(_RUN + "WHERE r.id = $1", run_id)
    if found is None:
        raise NotFound()
    return Run(**found)


async def runs(*, limit: int, offset: int = 0) -> list[Run]:
    """Imports, newest first."""
    found = await db.rows(_RUN + "ORDER BY r.id DESC LIMIT $1 OFFSET $2", limit, offset)
    return [Run(**r) for r in found]


async def count_runs() -> int:
    """How many imports there are."""
    return int(await db.value("SELECT count(*) FROM import_run"))


async def running() -> Run | None:
    """The run that is at work, or was when its process died."""
    found = await db.row(_RUN + "WHERE r.state = 'RUNNING'")
    return Run(**found) if found else None


async def written_before(sha256: str) -> Run | None:
    """The latest run that wrote awards of the very same file."""
    found = await db.row(
        _RUN + "WHERE r.sha256 = $1 AND r.state = 'DONE' ORDER BY r.id DESC LIMIT 1", sha256
    )
    return Run(**found) if found else None


async def add_run(
    *,
    file_name: str,
    sha256: str,
    options: Mapping[str, object],
    user_id: int,
    started_at: datetime,
) -> int:
    """Write down that an import begins; answers its id."""
    return int(
        await db.value(
            """
            INSERT INTO import_run (file_name, sha256, options, state, row_count, done_count,
                                    report, user_id, started_at)
            VALUES ($1, $2, $3, 'RUNNING', 0, 0, '{}', $4, $5) RETURNING id
            """,
            file_name,
            sha256,
            options,
            user_id,
            started_at,
        )
    )


async def lock_run(run_id: int) -> bool:
    """Lock a running run until the end of the unit of work; False where it has ended."""
    found = await db.value("SELECT state FROM import_run WHERE id = $1 FOR NO KEY UPDATE", run_id)
    return bool(found == "RUNNING")


async def lock_deserted_runs(opened_before: datetime) -> list[int]:
    """Lock and answer the running runs at which nobody is at work."""
    found = await db.rows(
        """
        SELECT id FROM import_run WHERE state = 'RUNNING' AND started_at < $1
        ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
        """,
        opened_before,
    )
    return [int(r["id"]) for r in found]


async def end_run(
    run_id: int,
    state: str,
    report: Mapping[str, object],
    row_count: int,
    done_count: int,
    finished_at: datetime,
) -> bool:
    """End a run; False where it had ended already."""
    found = await db.value(
        """
        UPDATE import_run
        SET state = $2, report = $3, row_count = $4, done_count = $5, finished_at = $6
        WHERE id = $1 AND state = 'RUNNING' RETURNING id
        """,
        run_id,
        state,
        report,
        row_count,
        done_count,
        finished_at,
    )
    return found is not None


async def tell_progress(
    run_id: int, step: str, done_count: int, row_count: int, told_at: datetime
) -> None:
    """Note how far a run is, for everybody to see at once and outside its unit of work."""
    await db.touch(
        """
        INSERT INTO import_progress AS p (run, step, done_count, row_count, told_at)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (run) DO UPDATE SET step = excluded.step, done_count = excluded.done_count,
            row_count = excluded.row_count, told_at = excluded.told_at
        """,
        run_id,
        step,
        done_count,
        row_count,
        told_at,
    )
