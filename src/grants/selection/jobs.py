"""Scheduled work on reviews: experts who are behind, declarations and comments that are missing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from grants.calls import queries as calls
from grants.calls.queries import Round
from grants.calls.workflow import RoundState
from grants.kernel import calendar
from grants.kernel.errors import N_
from grants.kernel.identity import SYSTEM
from grants.platform import db, inbox
from grants.platform.jobs import Job, daily
from grants.selection import queries, scoring
from grants.selection.queries import Member, Panel
from grants.selection.ranking import ranking_of
from grants.selection.rules import is_behind
from grants.selection.workflow import MemberState, PanelState

#: Nobody is reminded of the same more often than every so many days [D].
_EVERY_DAYS = 2


async def remind_panels() -> str:
    """Remind members who are behind the others or have not declared, and chairs who owe words."""
    today, told = calendar.today(), 0
    for found in await calls.rounds_in(RoundState.REVIEW):
        for panel in await queries.panels_of(found.id):
            told += await _remind_members(found, panel, today)
        told += await _remind_chairs(found, today)
    return f"{told} messages"


async def _remind_members(found: Round, panel: Panel, today: date) -> int:
    members = await queries.members(panel.id)
    drawn = [one for one in members if one.state == MemberState.DRAWN]
    told = 0
    for one in drawn:
        said = N_("You were drawn into a panel of {title}; declare your conflicts first.")
        told += await _tell(one, f"undeclared:{panel.id}", said, panel, {"title": found.title})
    if panel.state not in (PanelState.DOCUMENTS, PanelState.DEFENCE):
        return told
    left = await _left_to_score(found, panel, members)
    days = (today - panel.drawn_at.astimezone(calendar.ZONE).date()).days
    for one, count in left:
        others = [many for other, many in left if other is not one]
        if is_behind(count, others, days):
            said = N_("{count} projects of {title} still wait for your score and signature.")
            params = {"count": count, "title": found.title}
            told += await _tell(one, f"behind:{panel.id}", said, panel, params)
    return told


async def _left_to_score(
    found: Round, panel: Panel, members: Sequence[Member]
) -> list[tuple[Member, int]]:
    """How many sheets each seated member has left in this stage; 0 for those who signed."""
    assert found.terms is not None
    left = []
    for one in members:
        if one.state != MemberState.CONFIRMED:
            continue
        signed = one.signed_at if panel.state == PanelState.DEFENCE else one.documents_signed_at
        sheets = await queries.sheets_of_member(one.id)
        open_ones = scoring.unfinished_of(sheets, panel, found.terms)
        left.append((one, 0 if signed else max(len(open_ones), 1)))
    return left


async def _remind_chairs(found: Round, today: date) -> int:
    """Scores that lie far apart want words of the chair before anything is decided."""
    assert found.terms is not None
    panels = [p for p in await queries.panels_of(found.id) if p.state == PanelState.OPENED]
    if not panels:
        return 0
    ranking, told = await ranking_of(found.id, found.terms), 0
    for panel in panels:
        silent = [
            line
            for line in ranking.lines
            if line.needs_comment and line.ranked.category in panel.categories
        ]
        chair = next((m for m in await queries.members(panel.id) if m.is_chair), None)
        if silent and chair:
            said = N_("The scores of {count} projects lie far apart; say in a few words why.")
            told += await _tell(chair, f"spread:{panel.id}", said, panel, {"count": len(silent)})
    return told


async def _tell(
    member: Member, about: str, message: str, panel: Panel, params: dict[str, object]
) -> int:
    """Tell every account of a member, unless he was told of this a day ago or today."""
    today, told = calendar.today(), 0
    accounts = await db.rows(
        "SELECT id FROM app_user WHERE person = $1 AND is_active ORDER BY id", member.person_id
    )
    async with db.unit_of_work(SYSTEM):
        for account in accounts:
            last = await inbox.last_told(account["id"], f"{about}:")
            if last is not None and (today - last).days < _EVERY_DAYS:
                continue
            key = f"{about}:{today.isoformat()}"
            told += await inbox.tell(account["id"], key, message, f"/reviews/{panel.id}", params)
    return told


JOBS = (Job("panel reminders", {"hour": "8", "minute": "40"}, daily, remind_panels),)
