"""The verbs of needs: enter, change, publish, decline, mark as met, withdraw."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum

from grants.calls import need_queries as queries
from grants.calls.rules import NeedCase
from grants.calls.workflow import NEED, NeedState
from grants.kernel import calendar
from grants.kernel.errors import N_, NotAllowed
from grants.kernel.identity import Actor, Role
from grants.kernel.identity import Permission as P
from grants.parties import queries as parties
from grants.parties.rules import Kind
from grants.platform import db, inbox
from grants.platform.audit import Case, record

KIND = "need"


class Source(StrEnum):
    """Who brought a need in."""

    TOWN = "TOWN"
    COMMUNITY = "COMMUNITY"
    DELIBERATION = "DELIBERATION"


SOURCE_TITLES = {
    Source.TOWN: N_("The town"),
    Source.COMMUNITY: N_("The community"),
    Source.DELIBERATION: N_("Residents' deliberation"),
}
URGENCY_TITLES = {1: N_("Wish"), 2: N_("Pressing"), 3: N_("Urgent")}


@dataclass(frozen=True)
class NeedDetails:
    """What is written down about a need."""

    title: str
    description: str
    town: str
    community: str
    place: str
    people_concerned: int
    urgency: int
    source: Source
    deliberation_no: str = ""


async def enter_need(actor: Actor, details: NeedDetails) -> int:
    """Put a need before the office; answers its id.

    Towns, communities and deliberations bring needs in; an agency that would apply for the
    money does not. Raises NotAllowed for one.
    """
    actor.need(P.NEED_ENTER)
    if actor.organisation_id is not None:
        organisation = await parties.organisation(actor, actor.organisation_id)
        if organisation.kind != Kind.COMMITTEE:
            raise NotAllowed(
                "need.from_agency",
                N_("Needs come from towns, communities and residents, not from agencies."),
            )
    now = calendar.now()
    async with db.unit_of_work(actor):
        year = calendar.fiscal_year(now.date())
        need_id = await db.value(
            """
            INSERT INTO need (number, title, description, town, community, place,
                people_concerned, urgency, source, deliberation_no, organisation, state,
                entered_by_person, entered_at, decision_note, version)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'ENTERED', $12, $13, '', 1)
            RETURNING id
            """,
            f"需〔{year}〕{await db.next_number(f'need-{year}'):03d}",
            *asdict(details).values(),
            actor.organisation_id,
            actor.person_id,
            now,
        )
        await record(actor, Case(KIND, need_id), "enter", after=NeedState.ENTERED)
        await inbox.tell_role(
            Role.OFFICER,
            now.date(),
            f"need:{need_id}",
            N_("A need was brought in: {title}"),
            f"/needs/{need_id}",
            {"title": details.title},
        )
    return int(need_id)


async def change_need(
    actor: Actor, need_id: int, details: NeedDetails, *, seen_version: int
) -> None:
    """Change a need that nobody has decided on yet."""
    async with db.unit_of_work(actor):
        found = await queries.need(actor, need_id, lock=True)
        await _take(actor, "edit", found, seen_version, "")
        await db.execute(
            """
            UPDATE need SET title = $2, description = $3, town = $4, community = $5, place = $6,
                people_concerned = $7, urgency = $8, source = $9, deliberation_no = $10
            WHERE id = $1
            """,
            need_id,
            *asdict(details).values(),
        )


async def decide_need(
    actor: Actor, need_id: int, verb: str, *, seen_version: int, note: str = ""
) -> None:
    """Publish, decline, mark as met or withdraw a need; the table says who and when."""
    async with db.unit_of_work(actor):
        found = await queries.need(actor, need_id, lock=True)
        await _take(actor, verb, found, seen_version, note)


async def _take(actor: Actor, verb: str, found: queries.Need, seen_version: int, note: str) -> None:
    case = need_case(actor, found, seen_version, note)
    after = NEED.take(verb, found.state, actor, case)
    await db.execute(
        "UPDATE need SET state = $2, version = version + 1, "
        "decision_note = coalesce(nullif($3, ''), decision_note) WHERE id = $1",
        found.id,
        after,
        note.strip(),
    )
    await record(
        actor, Case(KIND, found.id), verb, before=found.state, after=after, reason=note.strip()
    )


def need_case(actor: Actor, found: queries.Need, seen_version: int, note: str = "") -> NeedCase:
    """What a step on this need looks at."""
    own = actor.organisation_id is not None and actor.organisation_id == found.organisation_id
    return NeedCase(
        entered_by_person=found.entered_by_person,
        actor_person=actor.person_id,
        of_own_organisation=own,
        seen_version=seen_version,
        version=found.version,
        note=note,
    )
