"""Scheduled work on awards: the shares of a new year are committed when it comes."""

from __future__ import annotations

from grants.awards import actions, queries
from grants.kernel import calendar
from grants.kernel.errors import N_, Refusal
from grants.kernel.identity import SYSTEM, Role
from grants.platform import db, inbox
from grants.platform.jobs import Job, daily


async def commit_new_years_shares() -> str:
    """Commit this year's shares of awards approved for several years (domain §1.5).

    A line that cannot bear its share yet is told to the officers once a day, with the award.
    """
    today = calendar.today()
    committed, told = 0, 0
    for award in await queries.awaiting_this_years_share(calendar.fiscal_year(today)):
        try:
            committed += await actions.commit_years_shares(SYSTEM, award.id, today=today)
        except Refusal:
            async with db.unit_of_work(SYSTEM):
                told += await inbox.tell_role(
                    Role.OFFICER,
                    today,
                    f"share-not-committed:{award.id}:{today}",
                    N_("{number}: this year's share cannot be committed yet; look at its lines."),
                    f"/awards/{award.id}",
                    {"number": award.number},
                )
    return f"{committed} shares committed, {told} messages"


JOBS = (Job("new year's shares", {"hour": "1", "minute": "30"}, daily, commit_new_years_shares),)
