"""Scheduled work on awards: a new year's shares are committed, late payees are remembered."""

from __future__ import annotations

from datetime import timedelta

from grants.awards import actions, clawbacks, queries
from grants.awards.workflow import ClaimState
from grants.kernel import calendar
from grants.kernel.errors import N_, Refusal
from grants.kernel.identity import SYSTEM, Role
from grants.kernel.money import yuan_text
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


async def watch_claims() -> str:
    """Tell officers once a week of money that should have come back by now."""
    today = calendar.today()
    week = today - timedelta(days=today.weekday())
    told = 0
    async with db.unit_of_work(SYSTEM):
        for claim in await clawbacks.clawbacks(state=ClaimState.OPEN):
            if claim.due_on < today:
                told += await inbox.tell_role(
                    Role.OFFICER,
                    today,
                    f"claim-late:{claim.id}:{week}",
                    N_("{payee} should have paid back {owed} yuan by {day} ({number})."),
                    f"/awards/{claim.award_id}",
                    {
                        "payee": claim.payee_name,
                        "owed": yuan_text(claim.owed_fen),
                        "day": claim.due_on.isoformat(),
                        "number": claim.number,
                    },
                )
    return f"{told} messages"


JOBS = (
    Job("new year's shares", {"hour": "1", "minute": "30"}, daily, commit_new_years_shares),
    Job("late claims", {"hour": "6", "minute": "40"}, daily, watch_claims),
)
