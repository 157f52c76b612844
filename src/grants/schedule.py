"""`grants jobs`: scheduled work in a process of its own."""

from __future__ import annotations

import asyncio
import logging
import signal
from datetime import timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from grants.agreements import jobs as agreement_jobs
from grants.applications import jobs as application_jobs
from grants.awards import jobs as award_jobs
from grants.calls import jobs as call_jobs
from grants.decisions import publicising
from grants.evaluation import endings
from grants.invariants.verify import verify
from grants.kernel import calendar
from grants.kernel.errors import N_
from grants.kernel.identity import SYSTEM, Role
from grants.outbox import jobs as outbox_jobs
from grants.parties import jobs as party_jobs
from grants.payments import jobs as payment_jobs
from grants.platform import audit, db, inbox
from grants.platform.database import open_database
from grants.platform.jobs import Job, by_minute, daily, run_once
from grants.publicity import jobs as publicity_jobs
from grants.selection import jobs as selection_jobs
from grants.settings import Settings

log = logging.getLogger("grants.jobs")

#: Rows older than this are sealed; no unit of work lasts so long.
_SEAL_AFTER = timedelta(minutes=5)


async def verify_nightly() -> str:
    """Check every invariant and tell the head of finance and the auditors of a breach."""
    broken = [v for v in await verify() if v.breaches]
    today = calendar.today()
    async with db.unit_of_work(SYSTEM):
        for verdict in broken:
            for role in (Role.FIN_HEAD, Role.AUDITOR):
                await inbox.tell_role(
                    role,
                    today,
                    f"breach:{verdict.name}:{today}",
                    N_("The nightly check found {count} breaches: {sentence}"),
                    "/verify",
                    {"count": verdict.breaches, "sentence": verdict.sentence},
                )
    return f"{len(broken)} invariants broken"


async def seal_history() -> str:
    """Seal what the row history holds, some minutes after it was written."""
    async with db.unit_of_work(SYSTEM):
        await db.value("SELECT pg_advisory_xact_lock(hashtext('seal history'))")
        rows = await audit.seal_history(calendar.now() - _SEAL_AFTER)
    return f"{rows} rows sealed"


#: Whoever follows the notices that a job ends has to be known to this process too.
FOLLOWERS = (publicising.FOLLOWER,)

JOBS: tuple[Job, ...] = (
    *award_jobs.JOBS,
    *payment_jobs.JOBS,
    *party_jobs.JOBS,
    *call_jobs.JOBS,
    *application_jobs.JOBS,
    *publicity_jobs.JOBS,
    *agreement_jobs.JOBS,
    *selection_jobs.JOBS,
    *endings.JOBS,
    *outbox_jobs.JOBS,
    Job("verify", {"hour": "3", "minute": "0"}, daily, verify_nightly),
    Job("seal history", {"minute": "*/5"}, by_minute, seal_history),
)


async def _tick(job: Job) -> None:
    await run_once(job, calendar.now())


async def run_jobs(settings: Settings) -> None:
    """Schedule every job until the process is told to stop."""
    await open_database(settings, size=4)
    scheduler = AsyncIOScheduler(timezone=calendar.ZONE)
    for job in JOBS:
        scheduler.add_job(
            _tick,
            "cron",
            args=[job],
            id=job.name,
            coalesce=True,
            misfire_grace_time=3600,
            **job.cron,
        )
    scheduler.start()
    log.info("jobs scheduled", extra={"jobs": len(JOBS)})
    stopped = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stopped.set)
    await stopped.wait()
    scheduler.shutdown(wait=True)
    await db.close_pool()
