"""A signature in the system: whoever signs enters the code of the app, or the password, again."""

from __future__ import annotations

from datetime import datetime

from grants.kernel.errors import N_, NotAllowed
from grants.kernel.identifiers import plain_identifier
from grants.kernel.identity import Actor
from grants.people import passwords, queries
from grants.people.signing_in import (
    begin_attempt,
    matching_step,
    record_failure,
    take_attempt_back,
)
from grants.platform import crypto, db


async def sign_as(actor: Actor, secret: str, *, now: datetime) -> str:
    """Make sure that it is the person himself who signs; answers how: "code" or "password".

    With a second factor set up only its code counts, and each code once. Failures count towards
    the lock-out. Raises NotAllowed.
    """
    await begin_attempt(actor.user_id, now)
    found = await db.row(
        "SELECT password_hash, totp_secret, totp_enrolled_at FROM app_user WHERE id = $1",
        actor.user_id,
    )
    assert found is not None
    if found["totp_enrolled_at"] is not None:
        how, fits = "code", await _code_fits(actor, found["totp_secret"], secret, now)
    else:
        how, fits = "password", await passwords.fits(found["password_hash"], secret)
    if not fits:
        await record_failure(actor.user_id)
        raise NotAllowed("signature.wrong", N_("This is not right; nothing was signed."))
    async with db.unit_of_work(actor):
        await take_attempt_back(actor.user_id, await queries.sign_in_policy(now.date()))
    return how


async def _code_fits(actor: Actor, kept: bytes, code: str, now: datetime) -> bool:
    step = matching_step(crypto.decrypt("totp", kept), plain_identifier(code), now)
    if step is None:
        return False
    async with db.unit_of_work(actor):
        done = await db.execute(
            "UPDATE app_user SET totp_last_step = $2 "
            "WHERE id = $1 AND coalesce(totp_last_step, 0) < $2",
            actor.user_id,
            step,
        )
    return done == "UPDATE 1"


async def signs_by_code(actor: Actor) -> bool:
    """Whether the person signs with a code of the app: so the page can ask for it."""
    return bool(
        await db.value(
            "SELECT totp_enrolled_at IS NOT NULL FROM app_user WHERE id = $1", actor.user_id
        )
    )
