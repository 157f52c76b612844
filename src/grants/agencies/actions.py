"""The verbs of registration: register, confirm, refuse; bring a colleague in, let one go."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from grants.agencies import queries
from grants.agencies.rules import RegistrationCase
from grants.agencies.workflow import REGISTRATION, RegistrationState
from grants.kernel import calendar
from grants.kernel.errors import N_, NotAllowed, NotFound, RuleBroken
from grants.kernel.identity import SYSTEM, Actor, Role
from grants.kernel.identity import Permission as P
from grants.parties import actions as parties
from grants.parties.actions import OrganisationDetails
from grants.people import enrolment
from grants.people.enrolment import NewColleague
from grants.platform import db, inbox
from grants.platform.audit import Case, record

KIND = "registration"

#: From one network address come at most so many registrations in an hour [D].
_MOST_AN_HOUR = 20


@dataclass(frozen=True)
class Registered:
    """What came of a registration; without `usable` somebody has to confirm it first."""

    registration_id: int
    user_id: int
    person_id: int
    organisation_id: int
    usable: bool


async def register(
    organisation: OrganisationDetails,
    person: NewColleague,
    *,
    is_representative: bool,
    address: str = "",
) -> Registered:
    """Register somebody for an organisation, in nobody's name but the system's.

    A new credit code puts the organisation on record and opens the account at once. One that
    is known has awards and payments to see: the account waits until its legal representative
    or the office confirms it. Raises RuleBroken for wrong numbers, a weak password or too many
    registrations from one address, Conflict for a taken user name.
    """
    now = calendar.now()
    if await queries.recent_from(address, now - timedelta(hours=1)) >= _MOST_AN_HOUR:
        raise RuleBroken(
            "registration.too_many",
            N_("Too many registrations came from your network. Try again in an hour."),
        )
    await enrolment.refuse_colleague(person)
    checked = parties.checked_details(organisation)
    async with db.unit_of_work(SYSTEM):
        known = await queries.organisation_with_code(checked.uscc or "")
        organisation_id = known or await parties.insert_organisation(SYSTEM, checked)
        user_id, person_id = await enrolment.enrol(
            SYSTEM, person, organisation_id, today=now.date(), active=known is None
        )
        if known is None and is_representative:
            await parties.write_representative(SYSTEM, organisation_id, person_id)
        registration_id = await db.value(
            """
            INSERT INTO registration (organisation, "user", is_representative, new_organisation,
                                      state, address, registered_at, note)
            VALUES ($1, $2, $3, $4, 'PENDING', $5, $6, '') RETURNING id
            """,
            organisation_id,
            user_id,
            is_representative,
            known is None,
            address,
            now,
        )
        await record(
            SYSTEM,
            Case(KIND, registration_id),
            "register",
            after=RegistrationState.PENDING,
            facts={"name": person.name, "organisation": checked.name},
        )
        await _tell_of_registration(registration_id, organisation_id, person.name)
    return Registered(registration_id, user_id, person_id, organisation_id, known is None)


async def _tell_of_registration(registration_id: int, organisation_id: int, name: str) -> None:
    message = N_("{name} has registered and waits to be confirmed.")
    key, params = f"registration:{registration_id}", {"name": name}
    today = calendar.today()
    await inbox.tell_role(Role.OFFICER, today, key, message, "/registrations", params)
    representative = await queries.representative_of(organisation_id)
    for one in await queries.colleagues(organisation_id):
        if representative and one.person_id == representative[0] and one.is_active:
            await inbox.tell(one.user_id, key, message, "/colleagues", params)


async def decide_registration(
    actor: Actor, registration_id: int, verb: str, *, note: str = ""
) -> None:
    """Confirm or refuse that somebody acts for an organisation.

    Confirming the legal representative records him as such. Refusing closes the account.
    """
    async with db.unit_of_work(actor):
        found = await queries.registration(actor, registration_id, lock=True)
        representative = await queries.representative_of(found.organisation_id)
        case = RegistrationCase(
            registered_person=found.person_id,
            actor_person=actor.person_id,
            of_own_organisation=actor.organisation_id == found.organisation_id,
            actor_is_representative=representative is not None
            and representative[0] == actor.person_id,
            is_representative=found.is_representative,
            note=note,
        )
        after = REGISTRATION.take(verb, found.state, actor, case)
        await db.execute(
            "UPDATE registration SET state = $2, decided_by_person = $3, decided_at = $4, "
            "note = $5 WHERE id = $1",
            registration_id,
            after,
            actor.person_id,
            calendar.now(),
            note.strip(),
        )
        if after == RegistrationState.CONFIRMED:
            await enrolment.let_in(actor, found.user_id)
            if found.is_representative:
                await parties.write_representative(actor, found.organisation_id, found.person_id)
        else:
            await enrolment.shut_out(actor, found.user_id, reason=note.strip())
            if found.is_representative and found.representative_id == found.person_id:
                await parties.write_representative(actor, found.organisation_id, None)
        await record(
            actor,
            Case(KIND, registration_id),
            verb,
            before=found.state,
            after=after,
            reason=note.strip(),
        )


async def bring_in(actor: Actor, new: NewColleague) -> int:
    """Open an account for a colleague, by the agency's legal representative; answers its id."""
    organisation_id = await _own_agency(actor)
    await enrolment.refuse_colleague(new)
    async with db.unit_of_work(actor):
        user_id, _ = await enrolment.enrol(
            actor, new, organisation_id, today=calendar.today(), active=True
        )
        await record(
            actor, Case("organisation", organisation_id), "bring_in", facts={"name": new.name}
        )
    return user_id


async def let_go(actor: Actor, user_id: int, *, reason: str) -> None:
    """Close a colleague's account, by the agency's legal representative."""
    organisation_id = await _own_agency(actor)
    async with db.unit_of_work(actor):
        found = next(
            (one for one in await queries.colleagues(organisation_id) if one.user_id == user_id),
            None,
        )
        if found is None or not found.is_active:
            raise NotFound()
        if found.person_id == actor.person_id:
            raise NotAllowed("people.own_account", N_("Another person has to close your account."))
        await enrolment.shut_out(actor, user_id, reason=reason)
        await record(
            actor,
            Case("organisation", organisation_id),
            "let_go",
            reason=reason,
            facts={"name": found.name},
        )


async def set_representative(actor: Actor, organisation_id: int, person_id: int) -> None:
    """Record the legal representative, by the office; raises NotFound for anybody without account.

    Only he submits applications and brings colleagues in.
    """
    actor.need(P.ORGANISATION_EDIT)
    async with db.unit_of_work(actor):
        people = await queries.colleagues(organisation_id)
        if person_id not in {one.person_id for one in people}:
            raise NotFound()
        await parties.write_representative(actor, organisation_id, person_id)


async def _own_agency(actor: Actor) -> int:
    """The agency of which the actor is legal representative; raises NotAllowed."""
    organisation_id = actor.need_agency(P.COLLEAGUE_EDIT)
    representative = await queries.representative_of(organisation_id)
    if representative is None or representative[0] != actor.person_id:
        raise NotAllowed(
            "agency.not_representative",
            N_("Only your legal representative brings colleagues in and lets them go."),
        )
    return organisation_id
