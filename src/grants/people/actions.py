"""The verbs of people: signing in and out, accounts, roles, delegation, persons."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import date, datetime

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from grants.kernel import calendar
from grants.kernel.errors import N_, Conflict, NotAllowed, NotFound, RuleBroken
from grants.kernel.identifiers import (
    is_phone,
    is_resident_id,
    last_four,
    masked_phone,
    plain_identifier,
)
from grants.kernel.identity import SYSTEM, Actor, Permission, Role
from grants.people import queries
from grants.people.rules import (
    FAILURES_ALLOWED,
    LOCKED_FOR,
    PASSWORDS_REMEMBERED,
    delegation_is_lawful,
    granter_is_another_person,
    is_locked,
    needs_second_factor,
    password_is_strong,
    roles_may_meet,
)
from grants.platform import crypto, db
from grants.platform.audit import Case, record
from grants.settings import settings

_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
#: Verified for unknown names, so that they take as long as known ones.
_DECOY = _hasher.hash("nobody has this password")

db.explain_constraint(
    "role_grant_no_overlap",
    Conflict,
    "people.role_held",
    N_("This account holds the role in these days already."),
)


# Made anew each time: an exception keeps the frames it passed, and the password stands in them.
def _wrong() -> NotAllowed:
    return NotAllowed("sign_in.wrong", N_("Name or password is wrong."))


def _locked() -> NotAllowed:
    return NotAllowed(
        "sign_in.locked", N_("Too many wrong attempts: this account is locked for thirty minutes.")
    )


def _wrong_code() -> NotAllowed:
    return NotAllowed("sign_in.code", N_("This code is wrong or was used already."))


def hash_password(password: str) -> str:
    """What of a password is kept (argon2id, OWASP's parameters)."""
    return _hasher.hash(password)


def _need(actor: Actor, permission: Permission) -> None:
    if not actor.may(permission):
        raise NotAllowed("not_permitted", N_("Your roles do not include this step."))


def _fits(password_hash: str | None, password: str) -> bool:
    try:
        return _hasher.verify(password_hash or _DECOY, password) and password_hash is not None
    except (VerificationError, InvalidHashError):
        return False


@dataclass(frozen=True)
class SignedIn:
    """A session that was opened; `second_step` is what it still needs: "", "enter" or "enrol"."""

    token: str
    second_step: str


async def sign_in(
    username: str, password: str, *, address: str, browser: str, now: datetime
) -> SignedIn:
    """Open a session; raises NotAllowed for a wrong name or password, or a locked account.

    Five failures lock the account for thirty minutes [K].
    """
    found = await db.row(
        "SELECT id, person, password_hash, locked_until, is_active, totp_enrolled_at "
        "FROM app_user WHERE username = $1",
        username.strip(),
    )
    if found is not None and is_locked(found["locked_until"], now):
        raise _locked()
    right = _fits(found["password_hash"] if found else None, password)
    if found is None or not found["is_active"] or not right:
        if found is not None:
            await _count_failure(found["id"], now)
        raise _wrong()
    roles = (await queries.account(found["id"], now.date())).roles
    second_step = ""
    if settings.second_factor and needs_second_factor(roles):
        second_step = "enter" if found["totp_enrolled_at"] else "enrol"
    return await _open_session(
        found["id"], found["person"], second_step, address=address, browser=browser, now=now
    )


async def _open_session(
    user_id: int, person_id: int, second_step: str, *, address: str, browser: str, now: datetime
) -> SignedIn:
    token = secrets.token_urlsafe(32)
    async with db.unit_of_work(Actor(user_id, person_id, "", frozenset())):
        if not second_step:
            await _forget_failures(user_id)
        await db.execute(
            """
            INSERT INTO sign_in (token_hash, "user", started_at, seen_at, second_factor_at,
                                 address, browser)
            VALUES ($1, $2, $3, $3, $4, $5, $6)
            """,
            queries.token_hash(token),
            user_id,
            now,
            None if second_step else now,
            address,
            browser[:200],
        )
    return SignedIn(token, second_step)


async def _forget_failures(user_id: int) -> None:
    """Only a completed sign-in: else a known password would buy any number of codes to try."""
    await db.execute(
        "UPDATE app_user SET failed_attempts = 0, locked_until = NULL "
        "WHERE id = $1 AND (failed_attempts > 0 OR locked_until IS NOT NULL)",
        user_id,
    )


async def _count_failure(user_id: int, now: datetime) -> None:
    """One more failure; after a lock has passed, counting begins anew."""
    async with db.unit_of_work(SYSTEM):
        await db.execute(
            """
            UPDATE app_user u SET failed_attempts = n.failures,
                   locked_until = CASE WHEN n.failures >= $2 THEN $3::timestamptz END
            FROM (SELECT id, CASE WHEN locked_until <= $4 THEN 1 ELSE failed_attempts + 1 END
                         AS failures
                  FROM app_user WHERE id = $1 FOR NO KEY UPDATE) n
            WHERE u.id = n.id
            """,
            user_id,
            FAILURES_ALLOWED,
            now + LOCKED_FOR,
            now,
        )
        await record(SYSTEM, Case("app_user", user_id), "sign_in_failed")


@dataclass(frozen=True)
class Half:
    """A session whose second step is still to come."""

    session_id: int
    user_id: int
    person_id: int
    username: str


async def half_session(token: str) -> Half | None:
    """The session of `token`, if it waits for its second step (ten minutes at most)."""
    found = await db.row(
        """
        SELECT s.id AS session_id, u.id AS user_id, u.person AS person_id, u.username
        FROM sign_in s JOIN app_user u ON u.id = s."user"
        WHERE s.token_hash = $1 AND s.ended_at IS NULL AND s.second_factor_at IS NULL
          AND s.started_at > $2::timestamptz - interval '10 minutes'
        """,
        queries.token_hash(token),
        calendar.now(),
    )
    return Half(**found) if found else None


async def start_enrolment(half: Half, *, keep: bool = False) -> str:
    """A TOTP secret for a first enrolment; it counts once a code was entered.

    A fresh one each time; with `keep` the one that waits already, where there is one.
    """
    async with db.unit_of_work(Actor(half.user_id, half.person_id, "", frozenset())):
        waiting = await db.value(
            "SELECT totp_secret FROM app_user WHERE id = $1 AND totp_enrolled_at IS NULL "
            "FOR NO KEY UPDATE",
            half.user_id,
        )
        if keep and waiting is not None:
            return crypto.decrypt("totp", waiting)
        fresh = pyotp.random_base32()
        await db.execute(
            "UPDATE app_user SET totp_secret = $2 WHERE id = $1 AND totp_enrolled_at IS NULL",
            half.user_id,
            crypto.encrypt("totp", fresh),
        )
    return fresh


async def pass_second_step(half: Half, code: str, now: datetime) -> list[str]:
    """Complete a sign-in with a code of the app or a recovery code.

    Answers the recovery codes when this completes an enrolment, else nothing. A code works
    once; failures count towards the lock-out. Raises NotAllowed.
    """
    actor = Actor(half.user_id, half.person_id, "", frozenset())
    found = await db.row(
        "SELECT totp_secret, totp_enrolled_at, totp_last_step, locked_until FROM app_user "
        "WHERE id = $1",
        half.user_id,
    )
    if found is None or found["totp_secret"] is None:
        raise _wrong()
    if is_locked(found["locked_until"], now):
        raise _locked()
    plain = plain_identifier(code)
    step = _matching_step(crypto.decrypt("totp", found["totp_secret"]), plain, now)
    if step is not None and step > (found["totp_last_step"] or 0):
        async with db.unit_of_work(actor):
            done = await db.execute(
                "UPDATE app_user SET totp_last_step = $2, "
                "totp_enrolled_at = coalesce(totp_enrolled_at, $3) "
                "WHERE id = $1 AND coalesce(totp_last_step, 0) < $2",
                half.user_id,
                step,
                now,
            )
            if done != "UPDATE 1":
                raise _wrong_code()
            codes = await _recovery_codes(actor) if found["totp_enrolled_at"] is None else []
            await _complete(half, now)
        return codes
    async with db.unit_of_work(actor):
        used = await db.execute(
            'UPDATE recovery_code SET used_at = $3 WHERE "user" = $1 AND code_hash = $2 '
            "AND used_at IS NULL",
            half.user_id,
            hashlib.sha256(plain.encode()).digest(),
            now,
        )
        if used == "UPDATE 1" and found["totp_enrolled_at"] is not None:
            await record(actor, Case("app_user", half.user_id), "recovery_code_used")
            await _complete(half, now)
            return []
    await _count_failure(half.user_id, now)
    raise _wrong_code()


def _matching_step(secret: str, code: str, now: datetime) -> int | None:
    """The 30-second step whose code this is, one step either way; None for no step."""
    totp = pyotp.TOTP(secret)
    present = int(now.timestamp()) // 30
    for step in (present - 1, present, present + 1):
        if secrets.compare_digest(totp.at(step * 30), code):
            return step
    return None


async def _complete(half: Half, now: datetime) -> None:
    await _forget_failures(half.user_id)
    await db.execute("UPDATE sign_in SET second_factor_at = $2 WHERE id = $1", half.session_id, now)


async def _recovery_codes(actor: Actor) -> list[str]:
    codes = [f"{secrets.token_hex(2)}-{secrets.token_hex(2)}".upper() for _ in range(10)]
    await db.write_many(
        'INSERT INTO recovery_code ("user", code_hash) VALUES ($1, $2)',
        [(actor.user_id, hashlib.sha256(plain_identifier(c).encode()).digest()) for c in codes],
    )
    return codes


async def sign_out(actor: Actor) -> None:
    """End one's present session."""
    if actor.session_id is not None:
        await revoke_session(actor, actor.session_id)


async def revoke_session(actor: Actor, session_id: int) -> None:
    """End one of one's own sessions; it is out at once."""
    async with db.unit_of_work(actor):
        await db.execute(
            'UPDATE sign_in SET ended_at = $3 WHERE id = $1 AND "user" = $2 AND ended_at IS NULL',
            session_id,
            actor.user_id,
            calendar.now(),
        )


async def change_password(actor: Actor, old: str, new: str) -> None:
    """Change one's password; not to a weak one, nor to one of the last five. Others sign out."""
    found = await db.row("SELECT password_hash FROM app_user WHERE id = $1", actor.user_id)
    if found is None or not _fits(found["password_hash"], old):
        raise _wrong()
    await _refuse_password(actor.user_id, new)
    async with db.unit_of_work(actor):
        await _write_password(actor.user_id, new)
        await db.execute(
            'UPDATE sign_in SET ended_at = $2 WHERE "user" = $1 AND ended_at IS NULL AND id <> $3',
            actor.user_id,
            calendar.now(),
            actor.session_id,
        )
        await record(actor, Case("app_user", actor.user_id), "change_password")


async def _refuse_password(user_id: int, new: str) -> None:
    refusal = password_is_strong(new)
    if refusal:
        raise refusal
    past = await db.rows(
        'SELECT password_hash FROM past_password WHERE "user" = $1 ORDER BY id DESC LIMIT $2',
        user_id,
        PASSWORDS_REMEMBERED,
    )
    if any(_fits(r["password_hash"], new) for r in past):
        raise RuleBroken("people.old_password", N_("You have used this password before."))


async def _write_password(user_id: int, password: str) -> None:
    made, now = hash_password(password), calendar.now()
    await db.execute(
        "UPDATE app_user SET password_hash = $2, password_changed_at = $3 WHERE id = $1",
        user_id,
        made,
        now,
    )
    await db.execute(
        'INSERT INTO past_password ("user", password_hash, set_at) VALUES ($1, $2, $3)',
        user_id,
        made,
        now,
    )


async def add_person(
    actor: Actor, name: str, *, id_number: str = "", phone: str = "", is_demo: bool = False
) -> int:
    """A natural person, id number and phone encrypted; answers the id.

    Raises RuleBroken for a wrong number, Conflict where the id number is known already.
    """
    if not (actor.may(Permission.PERSON_EDIT) or actor.may(Permission.PEOPLE_EDIT)):
        raise NotAllowed("not_permitted", N_("Your roles do not include this step."))
    if id_number and not is_resident_id(id_number):
        raise RuleBroken("person.id_number", N_("This is not a valid resident id number."))
    if phone and not is_phone(phone):
        raise RuleBroken("person.phone", N_("This is not a mobile number."))
    number, call = plain_identifier(id_number), plain_identifier(phone)
    async with db.unit_of_work(actor):
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
    _need(actor, Permission.PERSON_UNMASK)
    if len(reason.strip()) < 5:
        raise RuleBroken("payment.reason_missing", N_("Give the reason in a few words."))
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
    _need(actor, Permission.PEOPLE_EDIT)
    refusal = password_is_strong(password)
    if refusal:
        raise refusal
    async with db.unit_of_work(actor):
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
        await _write_password(user_id, password)
        await record(actor, Case("app_user", user_id), "add", facts={"username": username})
    return int(user_id)


async def deactivate(actor: Actor, user_id: int, *, reason: str) -> None:
    """Close an account; its sessions end at once."""
    _need(actor, Permission.PEOPLE_EDIT)
    async with db.unit_of_work(actor):
        await db.execute("UPDATE app_user SET is_active = false WHERE id = $1", user_id)
        await db.execute(
            'UPDATE sign_in SET ended_at = $2 WHERE "user" = $1 AND ended_at IS NULL',
            user_id,
            calendar.now(),
        )
        await record(actor, Case("app_user", user_id), "deactivate", reason=reason)


async def grant_role(
    actor: Actor, user_id: int, role: Role, *, starts_on: date, ends_on: date | None = None
) -> None:
    """Give an account a role; raises RuleBroken where the person may not hold it too."""
    _need(actor, Permission.ROLE_GRANT)
    async with db.unit_of_work(actor):
        account = await queries.account(user_id, starts_on)
        refusal = granter_is_another_person(actor.person_id, account.person_id)
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
        await record(actor, Case("app_user", user_id), "grant_role", facts={"role": role})


async def end_role(actor: Actor, grant_id: int, *, on: date, reason: str) -> None:
    """End a role from `on`."""
    _need(actor, Permission.ROLE_GRANT)
    async with db.unit_of_work(actor):
        user_id = await db.value(
            'UPDATE role_grant SET ends_on = $2 WHERE id = $1 AND starts_on < $2 RETURNING "user"',
            grant_id,
            on,
        )
        if user_id is None:
            raise Conflict("people.role_not_begun", N_("This role has not begun on that day."))
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
