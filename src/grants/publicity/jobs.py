"""Scheduled work on notices: end those whose days are over, remember overdue objections."""

from __future__ import annotations

from grants.kernel import calendar
from grants.kernel.errors import N_
from grants.kernel.identity import SYSTEM, Role
from grants.platform import db, inbox
from grants.platform.jobs import Job, by_minute, daily
from grants.publicity import notices, queries


async def end_notices() -> str:
    """End the notices whose working days are over."""
    return f"{len(await notices.end_notices(calendar.now()))} notices ended"


async def remember_objections() -> str:
    """Tell whoever judges of objections that should have been verified."""
    today, told = calendar.today(), 0
    for late in await queries.overdue_objections(today):
        async with db.unit_of_work(SYSTEM):
            told += await inbox.tell_role(
                Role.SECTION_HEAD,
                today,
                f"objection-late:{late.id}:{today}",
                N_("The objection {number} should have been verified by {day}."),
                f"/objections/{late.id}",
                {"number": late.number, "day": late.due_on.isoformat()},
            )
    return f"{told} messages"


JOBS = (
    Job("end of notices", {"minute": "*", "second": "40"}, by_minute, end_notices),
    Job("overdue objections", {"hour": "8", "minute": "40"}, daily, remember_objections),
)
