"""Scheduled work on agreements: a round whose projects have all ended is closed."""

from __future__ import annotations

from grants.agreements import queries
from grants.calls import queries as calls
from grants.calls import rounds
from grants.calls.rules import RoundCase
from grants.kernel import calendar
from grants.kernel.identity import SYSTEM
from grants.platform import db
from grants.platform.jobs import Job, daily


async def close_rounds() -> str:
    """Close the rounds of which nothing is left to do."""
    closed = 0
    for round_id in await queries.finished_rounds():
        async with db.unit_of_work(SYSTEM):
            found = await calls.round_of(round_id, lock=True)
            if round_id in await queries.finished_rounds():
                case = RoundCase(calendar.now())
                await rounds.take_round_step(SYSTEM, "finish", found, case)
                closed += 1
    return f"{closed} rounds closed"


JOBS = (Job("finished rounds", {"hour": "4", "minute": "10"}, daily, close_rounds),)
