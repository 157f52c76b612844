"""Scheduled work: each job once per period, whoever and however many schedule it."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from grants.kernel import calendar
from grants.kernel.identity import SYSTEM
from grants.platform import db

log = logging.getLogger("grants.jobs")


@dataclass(frozen=True)
class Job:
    """Work that recurs; `cron` are APScheduler's cron fields, `period` names one occurrence.

    The period's text is what two schedulers agree on: "2026-06-15" for daily work.
    """

    name: str
    cron: dict[str, str]
    period: Callable[[datetime], str]
    work: Callable[[], Awaitable[str]]


def daily(moment: datetime) -> str:
    """One occurrence a day."""
    return moment.astimezone(calendar.ZONE).date().isoformat()


def by_minute(moment: datetime) -> str:
    """One occurrence a minute."""
    return moment.astimezone(calendar.ZONE).strftime("%Y-%m-%dT%H:%M")


async def run_once(job: Job, moment: datetime) -> bool:
    """Run `job` for the period of `moment`, unless somebody has; answers whether it ran here.

    The period is claimed by a unique row. A run that fails gives its claim back, so that
    the next tick tries again; a claim whose process died is taken over after an hour.
    """
    period = job.period(moment)
    async with db.unit_of_work(SYSTEM):
        claimed = await db.value(
            """
            INSERT INTO job_run (job, period, started_at) VALUES ($1, $2, $3)
            ON CONFLICT (job, period) DO UPDATE SET started_at = excluded.started_at
                WHERE job_run.finished_at IS NULL
                  AND job_run.started_at < excluded.started_at - interval '1 hour'
            RETURNING id
            """,
            job.name,
            period,
            calendar.now(),
        )
    if claimed is None:
        return False
    try:
        outcome = await job.work()
    except Exception:
        log.exception("job failed", extra={"job": job.name, "period": period})
        async with db.unit_of_work(SYSTEM):
            await db.execute("DELETE FROM job_run WHERE id = $1", claimed)
        raise
    async with db.unit_of_work(SYSTEM):
        await db.execute(
            "UPDATE job_run SET finished_at = $2, outcome = $3 WHERE id = $1",
            claimed,
            calendar.now(),
            outcome,
        )
    log.info("job done", extra={"job": job.name, "period": period, "outcome": outcome})
    return True
