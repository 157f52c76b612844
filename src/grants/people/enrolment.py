"""Accounts of agencies: they come with a registration, hold the agency's role and no other."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from grants.kernel.errors import N_, Conflict
from grants.kernel.identity import SYSTEM, Actor, Role
from grants.people import queries
from grants.people.actions import find_person, insert_account, insert_person
from grants.people.passwords import end_sessions, refuse_password
from grants.people.rules import roles_may_meet
from grants.platform import db
from grants.platform.audit import Case, record


@dataclass(frozen=True)
class NewColleague:
    """Who gets an account: name, id number and phone of the person, and how they sign in."""

    name: str
    username: str
    password: str = field(repr=False)
    id_number: str = field(repr=False)
    phone: str = ""
    is_demo: bool = False


async def refuse_colleague(new: NewColleague) -> None:
    """Raises RuleBroken for a password that is weak; hashing it comes later, in the unit."""
    await refuse_password(new.password)


async def enrol(
    actor: Actor, new: NewColleague, organisation_id: int, *, today: date, active: bool
) -> tuple[int, int]:
    """An account of an agency within the caller's unit of work; answers user and person id.

    The person is found by the id number, so that two accounts of one person stay one person.
    Without `active` it waits: it cannot sign in. Raises Conflict where the number belongs to
    another name, RuleBroken where the person holds a role of the office.
    """
    person_id = await find_person(new.id_number)
    if person_id is None:
        person_id = await insert_person(
            actor, new.name, new.id_number, new.phone, is_demo=new.is_demo
        )
    elif (await queries.person(person_id)).name != new.name:
        raise Conflict(
            "person.other_name", N_("Name and id number do not belong together; check both.")
        )
    held = await queries.roles_of_person(person_id, today)
    refusal = roles_may_meet(held | {Role.APPLICANT_ORG})
    if refusal:
        raise refusal
    user_id = await insert_account(actor, new.username, person_id, new.password, organisation_id)
    await db.execute(
        'INSERT INTO role_grant ("user", role, starts_on, granted_by) VALUES ($1, $2, $3, $4)',
        user_id,
        Role.APPLICANT_ORG,
        today,
        SYSTEM.user_id,
    )
    if not active:
        await db.execute("UPDATE app_user SET is_active = false WHERE id = $1", user_id)
    return user_id, person_id


async def let_in(actor: Actor, user_id: int) -> None:
    """Open an account that waited, within the caller's unit of work."""
    await db.execute("UPDATE app_user SET is_active = true WHERE id = $1", user_id)
    await record(actor, Case("app_user", user_id), "let_in")


async def shut_out(actor: Actor, user_id: int, *, reason: str) -> None:
    """Close an account of an agency within the caller's unit; its sessions end at once."""
    await db.execute("UPDATE app_user SET is_active = false WHERE id = $1", user_id)
    await end_sessions(user_id)
    await record(actor, Case("app_user", user_id), "deactivate", reason=reason)
