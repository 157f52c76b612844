"""Applications for tests: whole drafts, submitted ones, a round in screening."""

from __future__ import annotations

from datetime import date, datetime
from itertools import count

from grants.agencies import actions as agencies
from grants.applications import drafting, queries, screening, submitting
from grants.calls import rounds
from grants.demo.applications_of_the_year import Typed, a_whole_draft, typed
from grants.demo.names import demo_resident_id
from grants.kernel.calendar import rehearsed_at
from grants.kernel.identity import Actor, Role
from grants.parties import actions as parties
from grants.parties import queries as party_queries
from grants.parties.actions import OrganisationDetails
from grants.parties.rules import Grade, Inspection
from grants.people.enrolment import NewColleague
from tests.world import DAY, REGISTRAR, World, add_actor
from tests.world_calls import CLOSES, WHILE_OPEN, open_round, venture_world

PDF = b"%PDF-1.7\n" + b"x" * 100
#: Credit codes that nobody has, each good once in a test.
_CODES = (
    "52320585MJ9000014P",
    "51320585MJ9000022M",
    "53320585MJ9000030A",
)
_papers = count(1)


async def eligible_agency(name: str, uscc: str) -> tuple[int, Actor]:
    """An agency against which no check speaks, and its legal representative."""
    organisation = await parties.register_organisation(
        REGISTRAR, OrganisationDetails(name, uscc, registered_on=date(2015, 3, 1)), is_demo=True
    )
    await parties.set_grade(REGISTRAR, organisation, Grade.A3, date(2028, 5, 31), seen_version=1)
    await parties.record_inspection(
        REGISTRAR, organisation, 2025, Inspection.PASSED, seen_version=2, today=DAY
    )
    return organisation, await representative(organisation, f"{name}·法人")


async def representative(organisation: int, name: str) -> Actor:
    """Somebody recorded as the legal representative of an organisation."""
    actor = await add_actor(Role.APPLICANT_ORG, name=name, organisation_id=organisation)
    await agencies.set_representative(REGISTRAR, organisation, actor.person_id)
    return actor


async def applying_world() -> tuple[World, int, Actor]:
    """A venture world with an open round and the representative of an agency that may apply."""
    world = await venture_world()
    round_id = await open_round(world)
    _, boss = await eligible_agency("示例新风社会工作服务中心", _CODES[0])
    return world, round_id, boss


async def another_agency(n: int = 1) -> Actor:
    """The representative of another agency that may apply."""
    return (await eligible_agency(f"示例他家{n}社会工作服务中心", _CODES[n]))[1]


def whole(need_id: int | None = None, **changes: dict[str, object]) -> dict[str, Typed]:
    """Every section of a project; `project={"title": …}` changes fields of one."""
    made = a_whole_draft(date(2026, 9, 1), "弇山社区", need_id or 0)
    if need_id is None:
        made["project"]["need_id"] = [""]
    for section, fields in changes.items():
        made[section] = made[section] | typed(**fields)
    return made


async def drafted(
    actor: Actor,
    round_id: int,
    *,
    at: datetime = WHILE_OPEN,
    papers: bool = True,
    **changes: dict[str, object],
) -> int:
    """A draft of which every section is whole."""
    with rehearsed_at(at):
        application = await drafting.begin_application(actor, round_id)
        saved = await queries.sections(application)
        for code, fields in whole(**changes).items():
            seen = saved[code].version if code in saved else 0
            await drafting.save_section(actor, application, code, fields, seen_version=seen)
        if papers:
            await attach_all(actor, application)
    return application


async def attach_all(actor: Actor, application: int) -> None:
    """Every paper that the call needs."""
    found = await queries.application(actor, application)
    for one in found.terms.files:
        if one.needed:
            content = PDF + str(next(_papers)).encode()
            await drafting.attach_paper(actor, application, one.code, f"{one.name}.pdf", content)


async def submit(actor: Actor, application: int, *, at: datetime = WHILE_OPEN) -> int:
    """Submit as the page stands."""
    with rehearsed_at(at):
        found = await queries.application(actor, application)
        return await submitting.submit_application(
            actor, application, seen_version=found.version, declared=True
        )


async def submitted(actor: Actor, round_id: int, **changes: dict[str, object]) -> int:
    """A submitted application."""
    application = await drafted(actor, round_id, **changes)
    await submit(actor, application)
    return application


async def close(round_id: int) -> None:
    """The call closes: screening begins."""
    assert await rounds.close_due_rounds(CLOSES) == [round_id]


async def screen(
    world: World, application: int, verb: str = "pass", reason: str = "", *, at: datetime
) -> None:
    """The officer's verdict on an application as it stands."""
    officer = world[Role.OFFICER]
    with rehearsed_at(at):
        found = await queries.application(officer, application)
        await screening.screen_application(
            officer, application, verb, seen_version=found.version, reason=reason
        )


async def organisation_of(actor: Actor) -> party_queries.Organisation:
    """The agency of an actor, as it stands on record."""
    assert actor.organisation_id is not None
    return await party_queries.organisation(REGISTRAR, actor.organisation_id)


async def register_somebody() -> int:
    """Somebody who has registered a new organisation and waits to be confirmed."""
    done = await agencies.register(
        OrganisationDetails("示例待认社会工作服务中心", _CODES[2]),
        NewColleague("示例·新人", "newcomer", "Taicang-2026", demo_resident_id(88), "13800000088"),
        is_representative=True,
    )
    return done.registration_id
