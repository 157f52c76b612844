"""Scheduled work on applications: reminders before the close, drafts that lapse, supplements."""

from __future__ import annotations

from grants.applications import queries, screening
from grants.calls import queries as calls
from grants.calls.workflow import RoundState
from grants.kernel import calendar
from grants.kernel.errors import N_
from grants.kernel.identity import SYSTEM
from grants.platform import db, inbox
from grants.platform.jobs import Job, by_minute, daily

#: So many days before the close, agencies with a draft are reminded [D].
_REMIND_DAYS = (7, 3, 1)


async def remind_drafts() -> str:
    """Remind agencies of drafts whose call closes soon; once for each of the days."""
    today, told = calendar.today(), 0
    for found in await calls.rounds_in(RoundState.OPEN):
        assert found.terms is not None
        left = (found.terms.closes_at.date() - today).days
        if left not in _REMIND_DAYS:
            continue
        for application_id in await queries.drafts_of_round(found.id):
            draft = await queries.whoever_asks(application_id)
            async with db.unit_of_work(SYSTEM):
                told += await inbox.tell_organisation(
                    draft.organisation_id,
                    f"draft-closes:{application_id}:{left}",
                    N_("{number} is not submitted yet; the call closes on {moment}."),
                    f"/applications/{application_id}",
                    {
                        "number": draft.shown_title,
                        "moment": found.terms.closes_at.strftime("%Y-%m-%d %H:%M"),
                    },
                )
    return f"{told} messages"


async def end_windows() -> str:
    """Drafts of closed calls lapse, and applications come back whose supplement is overdue."""
    lapsed, ended = 0, 0
    for found in await calls.rounds_in(RoundState.SCREENING):
        lapsed += await screening.lapse_drafts(found.id)
        ended += await screening.end_supplements(found.id)
    return f"{lapsed} drafts lapsed, {ended} supplements overdue"


JOBS = (
    Job("draft reminders", {"hour": "8", "minute": "30"}, daily, remind_drafts),
    Job("application windows", {"minute": "*", "second": "20"}, by_minute, end_windows),
)
