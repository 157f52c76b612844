"""Scheduled work on parties."""

from __future__ import annotations

from grants.kernel.identity import SYSTEM
from grants.parties import actions
from grants.platform.jobs import Job, daily


async def flag_duplicates() -> str:
    """Look through everybody on record for likely duplicates."""
    return f"{await actions.flag_all_duplicates(SYSTEM)} likely duplicates flagged"


JOBS: tuple[Job, ...] = (
    Job("flag duplicates", {"hour": "2", "minute": "30"}, daily, flag_duplicates),
)
