"""The verbs of notices: draw up, change, publish, withdraw; the clock ends them.

A notice serves another feature's case. What follows from its publishing, its end and a judged
objection is that feature's to say: it registers a `Follower` for the kind of its cases, and is
called within the same unit of work.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from grants.kernel import calendar
from grants.kernel.errors import N_, Conflict
from grants.kernel.identity import SYSTEM, Actor, Role
from grants.kernel.identity import Permission as P
from grants.kernel.private_data import Exposed, exposed_in
from grants.platform import db, files, inbox
from grants.platform.audit import Case, record, take_duty
from grants.platform.press import house_press
from grants.publicity import queries
from grants.publicity.queries import Entry, Notice, Objection
from grants.publicity.rules import NoticeCase, last_day_of, period_is_over
from grants.publicity.workflow import NOTICE, NoticeState

KIND = "public_notice"


class Follower(Protocol):
    """What a feature does when its notice moves on, within the open unit of work."""

    async def published(self, actor: Actor, notice: Notice, entries: Sequence[Entry]) -> None:
        """The list is public."""

    async def withdrawn(self, actor: Actor, notice: Notice, entries: Sequence[Entry]) -> None:
        """The list is taken back."""

    async def acted_on(self, notice: Notice, entries: Sequence[Entry]) -> bool:
        """Whether something has followed that a withdrawal would contradict."""

    async def ended(self, actor: Actor, notice: Notice, entries: Sequence[Entry]) -> None:
        """The period is over; lines with an open objection still wait."""

    async def judged(
        self, actor: Actor, notice: Notice, entries: Sequence[Entry], objection: Objection
    ) -> None:
        """An objection was upheld, dismissed or taken back; `entries` are those it concerns."""


#: The feature that draws notices up for a kind of case registers here when it is imported.
FOLLOWERS: dict[str, Follower] = {}

db.explain_constraint(
    "notice_entry_once",
    Conflict,
    "notice.line_twice",
    N_("The list names one case twice."),
)


@dataclass(frozen=True)
class Line:
    """A line to be listed: the case that it is about, and its cells."""

    case: Case
    cells: Sequence[str]


@dataclass(frozen=True)
class NoticeText:
    """What a notice says beside its list."""

    title: str
    body: str
    office: str
    phone: str
    address: str


async def draw_up(
    actor: Actor,
    case: Case,
    text: NoticeText,
    *,
    heads: Sequence[str],
    lines: Sequence[Line],
    workdays: int,
    verify_workdays: int,
) -> int:
    """A draft with its list, within the open unit of work; answers its id."""
    actor.need(P.NOTICE_EDIT)
    year = calendar.today().year
    notice_id = await db.value(
        """
        INSERT INTO public_notice (number, case_kind, case_id, title, body, heads, workdays,
            verify_workdays, office, phone, address, state, digest, made_by_person,
            withdrawn_reason, version)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'DRAFT', '', $12, '', 1)
        RETURNING id
        """,
        f"公示〔{year}〕{await db.next_number(f'notice-{year}')}号",
        case.kind,
        case.id,
        text.title,
        text.body,
        list(heads),
        workdays,
        verify_workdays,
        text.office,
        text.phone,
        text.address,
        actor.person_id,
    )
    await db.write_many(
        "INSERT INTO notice_entry (notice, sequence, case_kind, case_id, cells) "
        "VALUES ($1, $2, $3, $4, $5)",
        [
            (notice_id, n, line.case.kind, line.case.id, list(line.cells))
            for n, line in enumerate(lines, start=1)
        ],
    )
    own = Case(KIND, notice_id)
    await take_duty(actor, own, "draw_up")
    await record(actor, own, "draw_up", after=NoticeState.DRAFT, facts={"lines": len(lines)})
    return int(notice_id)


async def change_notice(
    actor: Actor, notice_id: int, text: NoticeText, *, seen_version: int
) -> None:
    """Change what a draft says; raises Conflict on a stale page. The list stays as decided."""
    async with db.unit_of_work(actor):
        found = await queries.notice(notice_id, lock=True)
        await take_duty(actor, Case(KIND, notice_id), "draw_up")
        await db.execute(
            "UPDATE public_notice SET title = $2, body = $3, office = $4, phone = $5, "
            "address = $6, made_by_person = $7 WHERE id = $1",
            notice_id,
            text.title,
            text.body,
            text.office,
            text.phone,
            text.address,
            actor.person_id,
        )
        await _take(actor, "edit", found, case_of(actor, found, seen_version))


async def discard_notice(actor: Actor, notice_id: int) -> None:
    """Give a draft up."""
    async with db.unit_of_work(actor):
        found = await queries.notice(notice_id, lock=True)
        await _take(actor, "discard", found, case_of(actor, found, found.version))


async def look_through(notice: Notice) -> tuple[list[tuple[str, Exposed]], list[str]]:
    """What must not be published, with where it stands; and the attachments nobody can read."""
    places = [(N_("The title"), notice.title), (N_("The text"), notice.body)]
    places += [(N_("The list"), "\n".join(e.cells)) for e in await queries.entries(notice.id)]
    unreadable: list[str] = []
    case = Case(KIND, notice.id)
    for attachment in await files.list_attachments(case):
        content = await files.open_attachment(case, attachment.id)
        kind = attachment.name.rpartition(".")[2]
        places.append((attachment.name, attachment.name))
        text = await house_press().run("text", kind, content)
        if text is None:
            unreadable.append(attachment.name)
        else:
            places.append((attachment.name, text))
    return [(where, one) for where, text in places for one in exposed_in(text)], unreadable


async def publish_notice(actor: Actor, notice_id: int, *, seen_version: int, today: date) -> None:
    """Publish: the period runs from tomorrow, and what was published never changes again.

    Raises RuleBroken where a private number stands in text, list or attachment, NotAllowed for
    whoever drew it up.
    """
    exposed, unreadable = await look_through(await queries.notice(notice_id))
    async with db.unit_of_work(actor):
        found = await queries.notice(notice_id, lock=True)
        listed = await queries.entries(notice_id)
        case = case_of(
            actor,
            found,
            seen_version,
            entries=len(listed),
            exposed=exposed,
            unreadable=unreadable,
        )
        NOTICE.take("publish", found.state, actor, case)
        await take_duty(actor, Case(KIND, notice_id), "publish")
        digest = await digest_of(found, listed)
        await db.execute(
            "UPDATE public_notice SET first_day = $2, last_day = $3, published_by_person = $4, "
            "published_at = $5, digest = $6 WHERE id = $1",
            notice_id,
            today,
            last_day_of(today, found.workdays),
            actor.person_id,
            calendar.now(),
            digest,
        )
        await _take(actor, "publish", found, case, facts={"sha256": digest})
        await FOLLOWERS[found.case.kind].published(actor, found, listed)


async def digest_of(notice: Notice, listed: Sequence[Entry]) -> str:
    """The SHA-256 over all that a notice says, its list and its attachments."""
    papers = await files.list_attachments(Case(KIND, notice.id))
    said = [
        notice.number,
        notice.title,
        notice.body,
        notice.office,
        notice.phone,
        notice.address,
        notice.workdays,
        list(notice.heads),
        [list(one.cells) for one in listed],
        [one.sha256 for one in papers],
    ]
    written = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(written.encode()).hexdigest()


async def withdraw_notice(actor: Actor, notice_id: int, *, reason: str) -> None:
    """Take a published notice back, with its reason, while nothing has followed from it."""
    async with db.unit_of_work(actor):
        found = await queries.notice(notice_id, lock=True)
        listed = await queries.entries(notice_id)
        follower = FOLLOWERS[found.case.kind]
        await db.execute(
            "UPDATE public_notice SET withdrawn_reason = $2 WHERE id = $1",
            notice_id,
            reason.strip(),
        )
        case = case_of(
            actor,
            found,
            found.version,
            reason=reason,
            acted_on=await follower.acted_on(found, listed),
        )
        await _take(actor, "withdraw", found, case)
        await follower.withdrawn(actor, found, listed)


async def end_notices(now: datetime) -> list[int]:
    """End the notices whose days are over; answers which."""
    ended = []
    for notice_id in await queries.running_notices():
        async with db.unit_of_work(SYSTEM):
            found = await queries.notice(notice_id, lock=True)
            case = case_of(SYSTEM, found, found.version, today=now.date())
            if found.state != NoticeState.PUBLISHED or period_is_over(case):
                continue
            await _take(SYSTEM, "end", found, case)
            listed = await queries.entries(notice_id)
            await FOLLOWERS[found.case.kind].ended(SYSTEM, found, listed)
            await inbox.tell_role(
                Role.OFFICER,
                now.date(),
                f"notice-ended:{notice_id}",
                N_("{number} has ended; {count} objections are open."),
                f"/publicity/{notice_id}",
                {"number": found.number, "count": found.objections_open},
            )
            ended.append(notice_id)
    return ended


def case_of(actor: Actor, found: Notice, seen_version: int, **more: object) -> NoticeCase:
    """What a step on this notice looks at, today."""
    known: dict[str, object] = {
        "made_by_person": found.made_by_person,
        "actor_person": actor.person_id,
        "seen_version": seen_version,
        "version": found.version,
        "today": calendar.today(),
        "workdays": found.workdays,
        "first_day": found.first_day,
        "last_day": found.last_day,
    }
    return NoticeCase(**{**known, **more})  # type: ignore[arg-type]


async def _take(
    actor: Actor,
    verb: str,
    found: Notice,
    case: NoticeCase,
    facts: dict[str, object] | None = None,
) -> None:
    after = NOTICE.take(verb, found.state, actor, case)
    await db.execute(
        "UPDATE public_notice SET state = $2, version = version + 1 WHERE id = $1", found.id, after
    )
    await record(
        actor,
        Case(KIND, found.id),
        verb,
        before=found.state,
        after=after,
        reason=case.reason.strip(),
        facts=facts,
    )
