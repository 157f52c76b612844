"""Scheduled work: however many schedule it, it is done once; what fails is tried again."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from datetime import datetime, timedelta

import pytest

from grants.kernel import calendar
from grants.kernel.identity import SYSTEM, Role
from grants.payments import jobs as payment_jobs
from grants.platform import audit, db, inbox
from grants.platform.jobs import Job, by_minute, daily, run_once
from grants.schedule import JOBS, seal_history, verify_nightly
from tests.world import DAY, YUAN, active_award, bureau, furnished, instalments, submitted

pytestmark = pytest.mark.usefixtures("empty")

MORNING = datetime(2026, 6, 15, 2, 0, tzinfo=calendar.ZONE)


class Work:
    """Work that counts how often it was done, and fails as often as it is told to."""

    def __init__(self, failures: int = 0) -> None:
        self.done = 0
        self.failures = failures

    async def __call__(self) -> str:
        await asyncio.sleep(0)
        if self.failures:
            self.failures -= 1
            raise RuntimeError("no luck")
        self.done += 1
        return "done"


def job(work: Work) -> Job:
    return Job("test", {"hour": "2"}, daily, work)


@pytest.fixture
def on_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calendar, "today", lambda: DAY)


async def test_of_many_schedulers_at_once_one_does_the_work() -> None:
    work = Work()
    ran = await asyncio.gather(*(run_once(job(work), MORNING) for _ in range(8)))
    assert (sorted(ran), work.done) == ([False] * 7 + [True], 1)


async def test_finished_work_is_not_done_again_however_late() -> None:
    work = Work()
    await run_once(job(work), MORNING)
    assert not await run_once(job(work), MORNING + timedelta(hours=20))


async def test_the_next_day_is_another_occurrence() -> None:
    work = Work()
    await run_once(job(work), MORNING)
    assert await run_once(job(work), MORNING + timedelta(days=1))


async def test_a_day_begins_at_midnight_in_shanghai() -> None:
    assert daily(datetime.fromisoformat("2026-06-14T16:00:00+00:00")) == "2026-06-15"
    assert by_minute(datetime.fromisoformat("2026-06-14T16:00:30+00:00")) == "2026-06-15T00:00"


async def test_failed_work_gives_its_claim_back() -> None:
    work = Work(failures=1)
    with pytest.raises(RuntimeError):
        await run_once(job(work), MORNING)
    assert await run_once(job(work), MORNING)
    assert work.done == 1


async def claimed(ago: timedelta) -> None:
    """A claim by a process that has died since."""
    async with db.unit_of_work(SYSTEM):
        await db.execute(
            "INSERT INTO job_run (job, period, started_at) VALUES ('test', '2026-06-15', $1)",
            calendar.now() - ago,
        )


async def test_claim_of_a_dead_process_is_taken_over_after_an_hour() -> None:
    await claimed(timedelta(minutes=61))
    work = Work()
    ran = await asyncio.gather(*(run_once(job(work), MORNING) for _ in range(4)))
    assert (sum(ran), work.done) == (1, 1)


async def test_fresh_claim_is_left_alone() -> None:
    await claimed(timedelta(minutes=50))
    assert not await run_once(job(Work()), MORNING)


async def test_outcome_is_kept() -> None:
    await run_once(job(Work()), MORNING)
    kept = await db.row("SELECT outcome, finished_at FROM job_run")
    assert kept is not None and kept["outcome"] == "done" and kept["finished_at"] is not None


async def test_every_job_has_a_name_of_its_own() -> None:
    assert len({job.name for job in JOBS}) == len(JOBS)


async def test_officers_hear_of_a_due_instalment_once(on_day: None) -> None:
    world = await furnished()
    await active_award(world, 50_000 * YUAN)
    assert await payment_jobs.announce_due_instalments() == "1 messages"
    assert await payment_jobs.announce_due_instalments() == "0 messages"
    assert len(await inbox.messages(world[Role.OFFICER])) == 1


async def test_requested_instalment_is_announced_no_more(on_day: None) -> None:
    world = await furnished()
    for instalment in await instalments(await active_award(world, 50_000 * YUAN)):
        await submitted(world, instalment)
    assert await payment_jobs.announce_due_instalments() == "0 messages"


async def test_whose_turn_it_is_hears_of_the_clock_once_a_day(
    on_day: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = await furnished()
    (instalment,) = await instalments(await active_award(world, 50_000 * YUAN))
    await submitted(world, instalment)
    monkeypatch.setattr(calendar, "today", lambda: DAY + timedelta(days=40))
    assert await payment_jobs.watch_clocks() == "1 messages"
    assert await payment_jobs.watch_clocks() == "0 messages"
    monkeypatch.setattr(calendar, "today", lambda: DAY + timedelta(days=41))
    assert await payment_jobs.watch_clocks() == "1 messages"
    assert len(await inbox.messages(world[Role.SECTION_HEAD])) == 2


async def test_nobody_is_told_twice_when_two_tell_at_once(on_day: None) -> None:
    world = await furnished()
    await active_award(world, 50_000 * YUAN)
    await asyncio.gather(*(payment_jobs.announce_due_instalments() for _ in range(4)))
    assert await inbox.unread(world[Role.OFFICER]) == 1


@pytest.mark.breaches
async def test_nightly_check_tells_finance_and_auditors_of_a_breach(on_day: None) -> None:
    world = await furnished()
    async with db.unit_of_work(SYSTEM):
        await db.execute(
            "UPDATE line_balance SET available_fen = available_fen + 1, quota_fen = quota_fen + 1"
        )
    await verify_nightly()
    for role in (Role.FIN_HEAD, Role.AUDITOR):
        assert await inbox.unread(world[role]) > 0
    assert await inbox.unread(world[Role.OFFICER]) == 0


async def test_history_is_sealed_once_by_two_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    await bureau()
    monkeypatch.setattr("grants.schedule._SEAL_AFTER", timedelta(0))
    await asyncio.gather(seal_history(), seal_history(), seal_history())
    rows = await db.rows("SELECT first_id, last_id FROM history_seal ORDER BY id")
    assert rows[0]["last_id"] < min((r["first_id"] for r in rows[1:]), default=1 << 62)
    assert await audit.broken_seals() == []


def test_the_process_of_jobs_knows_whoever_follows_the_notices_that_it_ends() -> None:
    said = (
        "import grants.schedule; from grants.publicity.notices import FOLLOWERS; print(*FOLLOWERS)"
    )
    done = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True)
    assert "funding_decision" in done.stdout.split()
