"""Signing in and out: sessions, lock-out, the second step."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

import pyotp

from grants.kernel import calendar
from grants.kernel.errors import N_, NotAllowed
from grants.kernel.identifiers import plain_identifier
from grants.kernel.identity import SYSTEM, Actor, Permission, Role
from grants.people import passwords, queries
from grants.people.rules import SignInPolicy, needs_second_factor
from grants.platform import crypto, db
from grants.platform.audit import Case, record
from grants.settings import settings


# Made anew each time: an exception keeps the frames it passed, and the password stands in them.
def _wrong() -> NotAllowed:
    return NotAllowed("sign_in.wrong", N_("Name or password is wrong."))


def _locked(policy: SignInPolicy) -> NotAllowed:
    return NotAllowed(
        "sign_in.locked",
        N_("Too many wrong attempts: this account is locked for {minutes} minutes."),
        minutes=policy.locked_minutes,
    )


def _wrong_code() -> NotAllowed:
    return NotAllowed("sign_in.code", N_("This code is wrong or was used already."))


@dataclass(frozen=True)
class SignedIn:
    """A session that was opened; `second_step` is what it still needs: "", "enter" or "enrol"."""

    token: str
    second_step: str


async def sign_in(
    username: str, password: str, *, address: str, browser: str, now: datetime
) -> SignedIn:
    """Open a session; raises NotAllowed for a wrong name or password, or a locked account.

    By the defaults of the policy five failures lock the account for thirty minutes [K].
    """
    found = await db.row(
        """
        SELECT u.id, u.person, u.password_hash, u.is_active, u.totp_enrolled_at, p.is_demo
        FROM app_user u JOIN person p ON p.id = u.person WHERE u.username = $1
        """,
        username.strip(),
    )
    if found is not None:
        await begin_attempt(found["id"], now)
    right = await passwords.fits(found["password_hash"] if found else None, password)
    if found is None or not found["is_active"] or not right:
        if found is not None:
            await record_failure(found["id"])
        raise _wrong()
    if found["is_demo"] and not settings.demo:
        raise NotAllowed(
            "sign_in.demo", N_("Accounts of the demonstration open only in the demonstration.")
        )
    enrolled = found["totp_enrolled_at"] is not None
    # Roles to come count: a session may outlast the midnight on which they begin.
    needed = needs_second_factor(await queries.roles_ahead(found["id"], now.date()))
    second_step = ""
    if settings.second_factor and (needed or enrolled):
        second_step = "enter" if enrolled else "enrol"
    return await _open_session(
        found["id"], found["person"], second_step, address=address, browser=browser, now=now
    )


async def _open_session(
    user_id: int, person_id: int, second_step: str, *, address: str, browser: str, now: datetime
) -> SignedIn:
    token = secrets.token_urlsafe(32)
    policy = await queries.sign_in_policy(now.date())
    async with db.unit_of_work(Actor(user_id, person_id, "", frozenset())):
        if second_step:
            await take_attempt_back(user_id, policy)
        else:
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


async def begin_attempt(user_id: int, now: datetime) -> None:
    """Count an attempt before looking at it, so that many at once are counted too.

    After a lock has passed, counting begins anew. Raises NotAllowed while the account is locked.
    """
    policy = await queries.sign_in_policy(now.date())
    async with db.unit_of_work(SYSTEM):
        begun = await db.value(
            """
            UPDATE app_user SET
                failed_attempts = CASE WHEN locked_until <= $2 THEN 1 ELSE failed_attempts + 1 END,
                locked_until = CASE WHEN locked_until IS NULL AND failed_attempts + 1 >= $3
                                      OR locked_until <= $2 AND 1 >= $3
                                    THEN $4::timestamptz END
            WHERE id = $1 AND (locked_until IS NULL OR locked_until <= $2) RETURNING id
            """,
            user_id,
            now,
            policy.failures_allowed,
            now + policy.locked_for,
        )
    if begun is None:
        raise _locked(policy)


async def record_failure(user_id: int) -> None:
    """Note a failed attempt; it was counted when it began."""
    async with db.unit_of_work(SYSTEM):
        await record(SYSTEM, Case("app_user", user_id), "sign_in_failed")


async def take_attempt_back(user_id: int, policy: SignInPolicy) -> None:
    """A right password was no failure; earlier failures stay until the second step is passed.

    Else a known password would buy any number of codes to try.
    """
    await db.execute(
        """
        UPDATE app_user SET failed_attempts = failed_attempts - 1,
               locked_until = CASE WHEN failed_attempts - 1 >= $2 THEN locked_until END
        WHERE id = $1 AND failed_attempts > 0
        """,
        user_id,
        policy.failures_allowed,
    )


async def _forget_failures(user_id: int) -> None:
    """A completed sign-in begins anew."""
    await db.execute(
        "UPDATE app_user SET failed_attempts = 0, locked_until = NULL "
        "WHERE id = $1 AND (failed_attempts > 0 OR locked_until IS NOT NULL)",
        user_id,
    )


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
        "SELECT totp_secret, totp_enrolled_at, totp_last_step FROM app_user WHERE id = $1",
        half.user_id,
    )
    if found is None or found["totp_secret"] is None:
        raise _wrong()
    await begin_attempt(half.user_id, now)
    plain = plain_identifier(code)
    step = matching_step(crypto.decrypt("totp", found["totp_secret"]), plain, now)
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
            codes = [] if found["totp_enrolled_at"] else await _give_recovery_codes(half.user_id)
            await _complete(half, now)
        return codes
    async with db.unit_of_work(actor):
        used = await db.execute(
            'UPDATE recovery_code SET used_at = $3 WHERE "user" = $1 AND code_hash = $2 '
            "AND used_at IS NULL",
            half.user_id,
            crypto.blind_index("recovery_code", plain),
            now,
        )
        if used == "UPDATE 1" and found["totp_enrolled_at"] is not None:
            await record(actor, Case("app_user", half.user_id), "recovery_code_used")
            await _complete(half, now)
            return []
    await record_failure(half.user_id)
    raise _wrong_code()


def matching_step(secret: str, code: str, now: datetime) -> int | None:
    """The 30-second step whose code this is, one step either way; None for no step."""
    totp = pyotp.TOTP(secret)
    present = int(now.timestamp()) // 30
    for step in (present - 1, present, present + 1):
        if secrets.compare_digest(totp.at(step * 30).encode(), code.encode()):
            return step
    return None


async def _complete(half: Half, now: datetime) -> None:
    await _forget_failures(half.user_id)
    await db.execute("UPDATE sign_in SET second_factor_at = $2 WHERE id = $1", half.session_id, now)


async def _give_recovery_codes(user_id: int) -> list[str]:
    """Ten codes in place of all earlier ones; only their keyed digests are kept."""
    codes = [f"{secrets.token_hex(2)}-{secrets.token_hex(2)}".upper() for _ in range(10)]
    await db.execute('DELETE FROM recovery_code WHERE "user" = $1', user_id)
    await db.write_many(
        'INSERT INTO recovery_code ("user", code_hash) VALUES ($1, $2)',
        [(user_id, crypto.blind_index("recovery_code", plain_identifier(c))) for c in codes],
    )
    return codes


async def renew_recovery_codes(actor: Actor, password: str) -> list[str]:
    """Ten fresh recovery codes for whoever has set up a second factor; the old ones are void.

    Asks for the password, as an unwatched screen would give them to anybody. Raises NotAllowed.
    """
    found = await db.row(
        "SELECT password_hash, totp_enrolled_at FROM app_user WHERE id = $1", actor.user_id
    )
    if found is None or not await passwords.fits(found["password_hash"], password):
        raise NotAllowed("sign_in.wrong", N_("The password is wrong."))
    if found["totp_enrolled_at"] is None:
        raise NotAllowed("people.not_enrolled", N_("You have not set up a second factor."))
    async with db.unit_of_work(actor):
        codes = await _give_recovery_codes(actor.user_id)
        await record(actor, Case("app_user", actor.user_id), "renew_recovery_codes")
    return codes


async def forget_second_factor(actor: Actor, user_id: int, *, reason: str) -> None:
    """Let an account whose phone and codes are lost enrol anew; its sessions end.

    Whoever grants roles does it, and whoever keeps accounts sets passwords: none of them alone
    can take an account over (三员分立, GB/T 22239—2019 [K]). Raises NotAllowed.
    """
    actor.need(Permission.ROLE_GRANT)
    account = await queries.account(user_id, calendar.today())
    if account.person_id == actor.person_id:
        raise NotAllowed(
            "people.own_second_factor", N_("Another person has to reset your second factor.")
        )
    async with db.unit_of_work(actor):
        await db.execute(
            "UPDATE app_user SET totp_secret = NULL, totp_enrolled_at = NULL, "
            "totp_last_step = NULL WHERE id = $1",
            user_id,
        )
        await db.execute('DELETE FROM recovery_code WHERE "user" = $1', user_id)
        await passwords.end_sessions(user_id)
        await record(actor, Case("app_user", user_id), "forget_second_factor", reason=reason)


async def end_sessions_of_password_alone(user_id: int, role: Role) -> None:
    """Sign an account out that gets a role for which its sign-in was not enough.

    Inside the open unit of work. Who has a second factor was asked for it already.
    """
    enrolled = await db.value("SELECT totp_enrolled_at FROM app_user WHERE id = $1", user_id)
    if settings.second_factor and enrolled is None and needs_second_factor({role}):
        await passwords.end_sessions(user_id)


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
