"""Passwords: how they are kept, which may be used, how they change."""

from __future__ import annotations

import asyncio

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from grants.kernel import calendar
from grants.kernel.errors import N_, NotAllowed, RuleBroken
from grants.kernel.identity import Actor, Permission
from grants.people import queries
from grants.people.rules import password_is_strong
from grants.platform import db
from grants.platform.audit import Case, record

_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
#: Verified for unknown names, so that they take as long as known ones.
_DECOY = _hasher.hash("nobody has this password")


def hash_password(password: str) -> str:
    """What of a password is kept (argon2id, OWASP's parameters)."""
    return _hasher.hash(password)


async def fits(password_hash: str | None, password: str) -> bool:
    """Whether this is the password; without a hash no, after as long a look.

    Looking takes some 25 ms of a core; others are served meanwhile.
    """
    return await asyncio.to_thread(_look, password_hash, password)


def _look(password_hash: str | None, password: str) -> bool:
    try:
        return _hasher.verify(password_hash or _DECOY, password) and password_hash is not None
    except (VerificationError, InvalidHashError):
        return False


async def change_password(actor: Actor, old: str, new: str) -> None:
    """Change one's password; one's other sessions end.

    Raises NotAllowed for a wrong old one, RuleBroken for a weak one or one of the last five.
    """
    found = await db.row("SELECT password_hash FROM app_user WHERE id = $1", actor.user_id)
    if found is None or not await fits(found["password_hash"], old):
        raise NotAllowed("sign_in.wrong", N_("Name or password is wrong."))
    await refuse_password(new, user_id=actor.user_id)
    async with db.unit_of_work(actor):
        await write_password(actor.user_id, new)
        await db.execute(
            'UPDATE sign_in SET ended_at = $2 WHERE "user" = $1 AND ended_at IS NULL AND id <> $3',
            actor.user_id,
            calendar.now(),
            actor.session_id,
        )
        await record(actor, Case("app_user", actor.user_id), "change_password")


async def set_password(actor: Actor, user_id: int, new: str, *, reason: str) -> None:
    """Give an account whose password is forgotten a new one; its lock and its sessions end.

    Whoever keeps the accounts does it, never for himself; the second factor stays, so that a
    password alone still opens nothing that moves money.
    """
    actor.need(Permission.PEOPLE_EDIT)
    account = await queries.account(user_id, calendar.today())
    if account.person_id == actor.person_id:
        raise NotAllowed("people.own_password", N_("Change your own password on your own page."))
    await refuse_password(new, user_id=user_id)
    async with db.unit_of_work(actor):
        await write_password(user_id, new)
        await db.execute(
            "UPDATE app_user SET failed_attempts = 0, locked_until = NULL WHERE id = $1", user_id
        )
        await end_sessions(user_id)
        await record(actor, Case("app_user", user_id), "set_password", reason=reason)


async def end_sessions(user_id: int) -> None:
    """Every session of an account is out at once."""
    await db.execute(
        'UPDATE sign_in SET ended_at = $2 WHERE "user" = $1 AND ended_at IS NULL',
        user_id,
        calendar.now(),
    )


async def refuse_password(new: str, *, user_id: int | None = None) -> None:
    """Raises RuleBroken for a password that is weak, or that the account has used before."""
    policy = await queries.sign_in_policy(calendar.today())
    refusal = password_is_strong(new, policy)
    if refusal:
        raise refusal
    past = await db.rows(
        'SELECT password_hash FROM past_password WHERE "user" = $1 ORDER BY id DESC LIMIT $2',
        user_id,
        policy.passwords_remembered,
    )
    for one in past:
        if await fits(one["password_hash"], new):
            raise RuleBroken("people.old_password", N_("You have used this password before."))


async def write_password(user_id: int, password: str) -> None:
    """Keep a password's hash, inside the open unit of work; others are served meanwhile."""
    made, now = await asyncio.to_thread(hash_password, password), calendar.now()
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
