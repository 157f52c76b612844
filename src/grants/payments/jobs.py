"""Scheduled work on payments: instalments that fall due, clocks that run out."""

from __future__ import annotations

from datetime import timedelta

from grants.awards import queries as awards
from grants.kernel import calendar
from grants.kernel.errors import N_
from grants.kernel.identity import SYSTEM, Role
from grants.kernel.money import yuan_text
from grants.payments import lists
from grants.payments.lists import PaymentFilter
from grants.platform import db, inbox
from grants.platform.jobs import Job, daily

#: Officers hear of an instalment this many days ahead [D].
_AHEAD_DAYS = 10
#: Approvers hear of a clock this many days before it runs out, and every day after [D].
_WARNING_DAYS = 5


async def announce_due_instalments() -> str:
    """Tell officers which instalments are due soon and not yet requested."""
    today = calendar.today()
    told = 0
    async with db.unit_of_work(SYSTEM):
        for instalment in await awards.due_instalments(today + timedelta(days=_AHEAD_DAYS)):
            told += await inbox.tell_role(
                Role.OFFICER,
                today,
                f"instalment-due:{instalment.id}:{instalment.due_on}",
                N_("Instalment {sequence} of {amount} yuan is due on {day}."),
                f"/awards/{instalment.award_id}",
                {
                    "sequence": instalment.sequence,
                    "amount": yuan_text(instalment.amount_fen),
                    "day": instalment.due_on.isoformat(),
                },
            )
    return f"{told} messages"


async def watch_clocks() -> str:
    """Remind whose turn it is of requests whose time runs out."""
    today = calendar.today()
    told = 0
    waiting = await lists.payments(
        SYSTEM,
        PaymentFilter(state="SUBMITTED", due_before=today + timedelta(days=_WARNING_DAYS + 1)),
        limit=10_000,
    )
    async with db.unit_of_work(SYSTEM):
        for payment in waiting:
            if payment.step_role is None:
                continue
            overdue = payment.due_on < today
            told += await inbox.tell_role(
                payment.step_role,
                today,
                f"clock:{payment.id}:{today if overdue else payment.due_on}",
                N_("{number} was due on {day} and waits for you.")
                if overdue
                else N_("{number} is due on {day} and waits for you."),
                f"/payments/{payment.id}",
                {"number": payment.number, "day": payment.due_on.isoformat()},
            )
    return f"{told} messages"


JOBS = (
    Job("due instalments", {"hour": "2", "minute": "0"}, daily, announce_due_instalments),
    Job("payment clocks", {"hour": "6", "minute": "30"}, daily, watch_clocks),
)
