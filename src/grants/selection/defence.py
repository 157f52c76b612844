"""The timetable of the defence: an order that is drawn, rooms and minutes, a calendar to take."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from grants.calls import queries as calls
from grants.kernel import calendar
from grants.kernel.errors import N_, RuleBroken
from grants.kernel.identity import Actor
from grants.kernel.identity import Permission as P
from grants.platform import db, inbox
from grants.platform.audit import Case, record
from grants.selection import queries, seats
from grants.selection.queries import Slot
from grants.selection.workflow import PanelState


@dataclass(frozen=True)
class Plan:
    """When the first project is presented, for how long each, where, and how many a day."""

    starts_at: datetime
    minutes: int
    per_day: int
    room: str


def drawn_slots(applications: Sequence[int], plan: Plan, seed: str) -> list[tuple[int, datetime]]:
    """Each application with its moment: the order is decided by the seed alone.

    Days are working days; each begins at the same time of day.
    """
    order = sorted(applications)
    random.Random(f"{seed}:defence").shuffle(order)
    slots, day = [], plan.starts_at
    for place, application in enumerate(order):
        within = place % plan.per_day
        if place and within == 0:
            following = calendar.add_workdays(day.date(), 1)
            day = day.replace(year=following.year, month=following.month, day=following.day)
        slots.append((application, day + timedelta(minutes=plan.minutes * within)))
    return slots


async def draw_timetable(actor: Actor, panel_id: int, plan: Plan) -> None:
    """Draw the order of the defence and tell every agency its moment; drawn anew, told anew.

    Raises RuleBroken once the defence has begun, or in a round without one.
    """
    actor.need(P.PANEL_EDIT)
    async with db.unit_of_work(actor):
        panel = await queries.panel(panel_id, lock=True)
        found = await calls.round_of(panel.round_id)
        if found.terms is None or not found.terms.defence:
            raise RuleBroken("panel.no_defence", N_("This round has no defence."))
        if panel.state not in (PanelState.DECLARING, PanelState.DOCUMENTS):
            raise RuleBroken("panel.defence_begun", N_("The defence has begun; its order stands."))
        rows = await queries.eligible_applications(panel.round_id, panel.categories)
        slots = drawn_slots([r["id"] for r in rows], plan, panel.seed)
        await db.execute("DELETE FROM defence_slot WHERE panel = $1", panel_id)
        await db.write_many(
            "INSERT INTO defence_slot (panel, application, place, room, starts_at, minutes) "
            "VALUES ($1, $2, $3, $4, $5, $6)",
            [
                (panel_id, application, place, plan.room, starts_at, plan.minutes)
                for place, (application, starts_at) in enumerate(slots, start=1)
            ],
        )
        await record(
            actor,
            Case(seats.KIND, panel_id),
            "timetable",
            facts={"starts_at": plan.starts_at, "minutes": plan.minutes, "room": plan.room},
        )
        organisations = {r["id"]: r["organisation"] for r in rows}
        for application, starts_at in slots:
            await inbox.tell_organisation(
                organisations[application],
                f"defence:{application}:{starts_at.isoformat()}",
                N_("You present your project on {moment}, {room}."),
                f"/applications/{application}",
                {"moment": starts_at.strftime("%Y-%m-%d %H:%M"), "room": plan.room},
            )


def as_calendar(slots: Sequence[Slot], title: str, *, with_names: bool) -> str:
    """The timetable as an iCalendar file (RFC 5545); without names while they are hidden."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//grants//defence//ZH"]
    for slot in slots:
        ends_at = slot.starts_at + timedelta(minutes=slot.minutes)
        name = f"{slot.title}（{slot.organisation}）" if with_names else slot.number
        lines += [
            "BEGIN:VEVENT",
            f"UID:defence-{slot.application_id}@grants",
            f"DTSTAMP:{_utc(slot.starts_at)}",
            f"DTSTART:{_utc(slot.starts_at)}",
            f"DTEND:{_utc(ends_at)}",
            f"SUMMARY:{_escaped(f'{slot.place}. {name}')}",
            f"DESCRIPTION:{_escaped(title)}",
            f"LOCATION:{_escaped(slot.room)}",
            "END:VEVENT",
        ]
    lines.append("END:VCALENDAR")
    return "".join(f"{_folded(line)}\r\n" for line in lines)


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _escaped(text: str) -> str:
    plain = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return plain.replace("\r", "").replace("\n", "\\n")


def _folded(line: str) -> str:
    """Lines of at most 75 octets; what follows begins with a space."""
    parts, part = [], ""
    for sign in line:
        if len((part + sign).encode()) > 74:
            parts.append(part)
            part = ""
        part += sign
    return "\r\n ".join([*parts, part])
