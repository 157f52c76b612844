"""The verbs of people: persons, accounts, roles, delegation."""

from __future__ import annotations

from datetime import date

from grants.kernel import calendar
from grants.kernel.errors import N_, Conflict, NotAllowed, NotFound, RuleBroken
from grants.kernel.identifiers import (
    is_phone,
    is_resident_id,
    last_four,
    masked_phone,
    plain_identifier,
)
from grants.kernel.identity import Actor, Permission, Role
from grants.people import queries
from grants.people.passwords import end_sessions, refuse_password, write_password
from grants.people.rules import (
    delegation_is_lawful,
    granter_is_another_person,
    role_fits_office,
    roles_may_meet,
)
from grants.people.signing_in import end_sessions_of_password_alone
from grants.platform import crypto, db
from grants.platform.audit import Case, record

db.explain_constraint(
    "role_grant_no_overlap",
    Conflict,
    "people.role_held",
    N_("This account holds the role in these days already."),
)


db.explain_constraint(
    "app_user_username_key",
    Conflict,
    "people.name_taken",
    N_("Another account has this user name."),
)
db.explain_constraint(
    "person_id_number_index_key",
    Conflict,
    "person.known",
    N_("A person with this id number is known already."),
)


async def add_person(
    actor: Actor, name: str, *, id_number: str = "", phone: str = "", is_demo: bool = False
) -> int:
    """A natural person, id number and phone encrypted; answers the id.

    Raises RuleBroken for a wrong number, Conflict where the id number is known already.
    """
    actor.need(Permission.PERSON_EDIT, Permission.PEOPLE_EDIT)
    async with db.unit_of_work(actor):
        return await insert_person(actor, name, id_number, phone, is_demo=is_demo)


async def insert_person(
    actor: Actor, name: str, id_number: str, phone: str, *, is_demo: bool = False
) -> int:
    """A natural person, within the caller's unit of work."""
    if id_number and not is_resident_id(id_number):
        raise RuleBroken("person.id_number", N_("This is not a valid resident id number."))
    if phone and not is_phone(phone):
        raise RuleBroken("person.phone", N_("This is not a mobile number."))
    number, call = plain_identifier(id_number), plain_identifier(phone)
    person_id = await db.value(
        """
        INSERT INTO person (name, id_number, id_number_index, id_number_last4, phone,
                            phone_index, phone_masked, is_demo)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id
        """,
        name,
        crypto.encrypt("id_number", number) if number else None,
        crypto.blind_index("id_number", number) if number else None,
        last_four(number) if number else None,
        crypto.encrypt("phone", call) if call else None,
        crypto.blind_index("phone", call) if call else None,
        masked_phone(call) if call else None,
        is_demo,
    )
    await record(actor, Case("person", person_id), "add")
    return int(person_id)


async def find_person(id_number: str) -> int | None:
    """The person with this id number, found by its keyed index."""
    found = await db.value(
        "SELECT id FROM person WHERE id_number_index = $1",
        crypto.blind_index("id_number", plain_identifier(id_number)),
    )
    return int(found) if found is not None else None


async def unmask(actor: Actor, person_id: int, *, reason: str) -> tuple[str, str]:
    """Id number and phone in the clear, for a reason that is kept (个保法 第51条)."""
    actor.need(Permission.PERSON_UNMASK)
    if len(reason.strip()) < 5:
        raise RuleBroken("person.reason_missing", N_("Give the reason in a few words."))
    async with db.unit_of_work(actor):
        found = await db.row("SELECT id_number, phone FROM person WHERE id = $1", person_id)
        if found is None:
            raise NotFound()
        await record(actor, Case("person", person_id), "unmask", reason=reason.strip())
    return (
        crypto.decrypt("id_number", found["id_number"]) if found["id_number"] else "",
        crypto.decrypt("phone", found["phone"]) if found["phone"] else "",
    )


async def add_account(
    actor: Actor, username: str, person_id: int, password: str, *, organisation_id: int | None
) -> int:
    """An account for a person; answers its id. It holds no role yet."""
    actor.need(Permission.PEOPLE_EDIT)
    await refuse_password(password)
    async with db.unit_of_work(actor):
        return await insert_account(actor, username, person_id, password, organisation_id)


async def open_account(
    actor: Actor,
    *,
    name: str,
    username: str,
    password: str,
    id_number: str = "",
    phone: str = "",
    organisation_id: int | None = None,
) -> int:
    """An account for a new person, or for the one with this id number: one unit, both or neither.

    Raises RuleBroken for a wrong number or a weak password, Conflict where the user name is taken
    or the id number belongs to somebody of another name.
    """
    actor.need(Permission.PEOPLE_EDIT)
    await refuse_password(password)
    async with db.unit_of_work(actor):
        person_id = await find_person(id_number) if id_number else None
        if person_id is None:
            person_id = await insert_person(actor, name, id_number, phone)
        elif (await queries.person(person_id)).name != name:
            raise Conflict("person.other_name", N_("This id number belongs to another name."))
        return await insert_account(actor, username, person_id, password, organisation_id)


async def insert_account(
    actor: Actor, username: str, person_id: int, password: str, organisation_id: int | None
) -> int:
    """An account without a role, within the caller's unit of work."""
    user_id = await db.value(
        """
        INSERT INTO app_user (username, person, organisation_id, failed_attempts, is_active,
                              language)
        VALUES ($1, $2, $3, 0, true, 'zh') RETURNING id
        """,
        username.strip(),
        person_id,
        organisation_id,
    )
    await write_password(user_id, password)
    await record(actor, Case("app_user", user_id), "add", facts={"username": username})
    return int(user_id)


async def deactivate(actor: Actor, user_id: int, *, reason: str) -> None:
    """Close another person's account; its sessions end at once."""
    actor.need(Permission.PEOPLE_EDIT)
    account = await queries.account(user_id, calendar.today())
    if account.person_id == actor.person_id:
        raise NotAllowed("people.own_account", N_("Another person has to close your account."))
    async with db.unit_of_work(actor):
        await db.execute("UPDATE app_user SET is_active = false WHERE id = $1", user_id)
        await end_sessions(user_id)
        await record(actor, Case("app_user", user_id), "deactivate", reason=reason)


async def grant_role(
    actor: Actor, user_id: int, role: Role, *, starts_on: date, ends_on: date | None = None
) -> None:
    """Give an account a role; raises RuleBroken where the person may not hold it too."""
    actor.need(Permission.ROLE_GRANT)
    async with db.unit_of_work(actor):
        account = await queries.account(user_id, starts_on)
        refusal = granter_is_another_person(actor.person_id, account.person_id)
        refusal = refusal or role_fits_office(role, of_agency=account.organisation_id is not None)
        await db.value("SELECT id FROM person WHERE id = $1 FOR UPDATE", account.person_id)
        held = await queries.roles_of_person(account.person_id, starts_on)
        refusal = refusal or roles_may_meet(held | {role})
        if refusal:
            raise refusal
        await db.execute(
            'INSERT INTO role_grant ("user", role, starts_on, ends_on, granted_by) '
            "VALUES ($1, $2, $3, $4, $5)",
            user_id,
            role,
            starts_on,
            ends_on,
            actor.user_id,
        )
        await end_sessions_of_password_alone(user_id, role)
        await record(actor, Case("app_user", user_id), "grant_role", facts={"role": role})


async def end_role(actor: Actor, grant_id: int, *, on: date, reason: str) -> None:
    """End a role from `on`; one that begins no earlier is struck out, history keeps it.

    Raises Conflict where it has ended by then: ending again would lengthen it.
    """
    actor.need(Permission.ROLE_GRANT)
    async with db.unit_of_work(actor):
        user_id = await db.value(
            "UPDATE role_grant SET ends_on = $2 WHERE id = $1 AND starts_on < $2 "
            'AND (ends_on IS NULL OR ends_on > $2) RETURNING "user"',
            grant_id,
            on,
        ) or await db.value(
            'DELETE FROM role_grant WHERE id = $1 AND starts_on >= $2 RETURNING "user"',
            grant_id,
            on,
        )
        if user_id is None:
            raise Conflict("people.role_over", N_("This role has ended already."))
        await record(actor, Case("app_user", user_id), "end_role", reason=reason)


async def delegate_role(
    actor: Actor, role: Role, to_user: int, *, starts_on: date, ends_on: date, reason: str
) -> int:
    """Lend a role of one's own for a time; every act under it names the delegation."""
    async with db.unit_of_work(actor):
        taker = await queries.account(to_user, starts_on)
        own = actor.roles - actor.delegations.keys()
        refusal = delegation_is_lawful(
            role, own, starts_on, ends_on, same_person=taker.person_id == actor.person_id
        )
        if taker.organisation_id != actor.organisation_id or not taker.is_active:
            refusal = refusal or NotAllowed(
                "people.other_office", N_("Delegate to a colleague of your own office.")
            )
        await db.value("SELECT id FROM person WHERE id = $1 FOR UPDATE", taker.person_id)
        held = await queries.roles_of_person(taker.person_id, starts_on)
        refusal = refusal or roles_may_meet(held | {role})
        if refusal:
            raise refusal
        delegation_id = await db.value(
            """
            INSERT INTO delegation (role, from_user, to_user, starts_on, ends_on, reason)
            VALUES ($1, $2, $3, $4, $5, $6) RETURNING id
            """,
            role,
            actor.user_id,
            to_user,
            starts_on,
            ends_on,
            reason,
        )
        await end_sessions_of_password_alone(to_user, role)
        await record(
            actor,
            Case("app_user", actor.user_id),
            "delegate",
            reason=reason,
            facts={"role": role, "to": taker.name, "delegation": delegation_id},
        )
    return int(delegation_id)


async def revoke_delegation(actor: Actor, delegation_id: int) -> None:
    """Take a lent role back at once."""
    async with db.unit_of_work(actor):
        done = await db.execute(
            "UPDATE delegation SET revoked_at = $3 "
            "WHERE id = $1 AND from_user = $2 AND revoked_at IS NULL",
            delegation_id,
            actor.user_id,
            calendar.now(),
        )
        if done != "UPDATE 1":
            raise NotFound()
        await record(
            actor,
            Case("app_user", actor.user_id),
            "revoke_delegation",
            facts={"delegation": delegation_id},
        )
