"""Scheduled work on calls: they open and close on their second."""

from __future__ import annotations

from grants.calls import rounds
from grants.kernel import calendar
from grants.platform.jobs import Job, by_minute


async def keep_windows() -> str:
    """Open and close the rounds whose moment has come.

    The pages and the submission look at the clock themselves: what this job writes is the
    state that lists show, and the beginning of the screening.
    """
    now = calendar.now()
    opened, closed = await rounds.open_due_rounds(now), await rounds.close_due_rounds(now)
    return f"{len(opened)} rounds opened, {len(closed)} closed"


JOBS = (Job("call windows", {"minute": "*"}, by_minute, keep_windows),)
