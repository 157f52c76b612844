"""The verbs of objections: raise one, write down one that came on paper, judge it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from grants.kernel import calendar
from grants.kernel.errors import N_, NotFound, RuleBroken
from grants.kernel.identity import SYSTEM, Actor, Role
from grants.kernel.identity import Permission as P
from grants.platform import crypto, db, inbox
from grants.platform.audit import Case, record
from grants.publicity import queries
from grants.publicity.notices import FOLLOWERS
from grants.publicity.queries import CONTACT_SECRET
from grants.publicity.rules import ObjectionCase, objection_is_in_time
from grants.publicity.workflow import OBJECTION, ObjectionState

KIND = "objection"

#: From one network address come at most so many objections in an hour [D].
_MOST_AN_HOUR = 10


@dataclass(frozen=True)
class Objected:
    """What somebody says by name; `entry_id` is the line it is about, None for all of it."""

    name: str
    contact: str
    content: str
    entry_id: int | None


async def raise_objection(notice_id: int, said: Objected, *, network: str) -> int:
    """An objection through the public page; answers its id.

    Raises RuleBroken outside the period, or where too many come from one network address.
    """
    now = calendar.now()
    if await queries.recent_from(network, now - timedelta(hours=1)) >= _MOST_AN_HOUR:
        raise RuleBroken(
            "objection.too_many",
            N_("Too many objections came from your network. Try again in an hour."),
        )
    return await _write(SYSTEM, notice_id, said, "ONLINE", now.date(), network)


async def write_down(
    actor: Actor, notice_id: int, said: Objected, *, channel: str, received_on: date
) -> int:
    """An objection that came as a letter, a visit or a call; answers its id."""
    actor.need(P.NOTICE_EDIT)
    if received_on > calendar.today():
        raise RuleBroken("objection.ahead", N_("It cannot have come after today."))
    return await _write(actor, notice_id, said, channel, received_on, "")


async def _write(
    actor: Actor, notice_id: int, said: Objected, channel: str, received_on: date, network: str
) -> int:
    async with db.unit_of_work(actor):
        notice = await queries.notice(notice_id, lock=True)
        if not notice.is_public:
            raise NotFound()
        if said.entry_id not in {None, *(e.id for e in await queries.entries(notice_id))}:
            raise NotFound()
        late = objection_is_in_time(received_on, notice.first_day, notice.last_day)
        if late:
            raise late
        year = received_on.year
        objection_id = await db.value(
            """
            INSERT INTO objection (number, notice, entry, name, contact, content, channel,
                received_on, due_on, state, finding, network, entered_by_person, entered_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'RECEIVED', '', $10, $11, $12)
            RETURNING id
            """,
            f"异〔{year}〕{await db.next_number(f'objection-{year}'):03d}",
            notice_id,
            said.entry_id,
            said.name,
            crypto.encrypt(CONTACT_SECRET, said.contact),
            said.content,
            channel,
            received_on,
            calendar.add_workdays(received_on, notice.verify_workdays),
            network,
            actor.person_id,
            calendar.now(),
        )
        await record(actor, Case(KIND, objection_id), "raise", after=ObjectionState.RECEIVED)
        for role in (Role.OFFICER, Role.SECTION_HEAD):
            await inbox.tell_role(
                role,
                calendar.today(),
                f"objection:{objection_id}",
                N_("An objection to {number} has come in."),
                f"/objections/{objection_id}",
                {"number": notice.number},
            )
    return int(objection_id)


async def name_line(actor: Actor, objection_id: int, entry_id: int) -> None:
    """Say which line of the list an objection is about, where whoever raised it did not."""
    actor.need(P.OBJECTION_JUDGE)
    async with db.unit_of_work(actor):
        found = await queries.objection(objection_id, lock=True)
        if entry_id not in {e.id for e in await queries.entries(found.notice_id)}:
            raise NotFound()
        if found.state != ObjectionState.RECEIVED:
            raise RuleBroken("objection.judged", N_("The objection is judged already."))
        await db.execute("UPDATE objection SET entry = $2 WHERE id = $1", objection_id, entry_id)
        await record(actor, Case(KIND, objection_id), "name_line", facts={"entry": entry_id})


async def judge(actor: Actor, objection_id: int, verb: str, *, finding: str) -> None:
    """Uphold or dismiss an objection, or record that it was taken back; what follows, follows.

    Raises NotAllowed for whoever drew up the notice or wrote the objection down, RuleBroken
    without a finding.
    """
    async with db.unit_of_work(actor):
        notice_id = (await queries.objection(objection_id)).notice_id
        notice = await queries.notice(notice_id, lock=True)
        found = await queries.objection(objection_id, lock=True)
        case = ObjectionCase(
            entered_by_person=found.entered_by_person,
            notice_made_by_person=notice.made_by_person,
            actor_person=actor.person_id,
            finding=finding,
            names_a_line=found.entry_id is not None,
        )
        after = OBJECTION.take(verb, found.state, actor, case)
        await db.execute(
            "UPDATE objection SET state = $2, finding = $3, decided_by_person = $4, "
            "decided_at = $5 WHERE id = $1",
            objection_id,
            after,
            finding.strip(),
            actor.person_id,
            calendar.now(),
        )
        own = Case(KIND, objection_id)
        await record(actor, own, verb, before=found.state, after=after, reason=finding.strip())
        concerned = [
            one for one in await queries.entries(notice_id) if found.entry_id in (None, one.id)
        ]
        judged = await queries.objection(objection_id)
        await FOLLOWERS[notice.case.kind].judged(actor, notice, concerned, judged)


async def read_contact(actor: Actor, objection_id: int, *, reason: str) -> str:
    """How whoever objected is reached; that it was read is recorded."""
    actor.need(P.OBJECTION_JUDGE)
    if len(reason.strip()) < 2:
        raise RuleBroken("objection.why", N_("Say why you need the contact."))
    contact = await queries.contact_of(objection_id)
    async with db.unit_of_work(actor):
        await record(actor, Case(KIND, objection_id), "read_contact", reason=reason.strip())
    return contact
