"""What the tests of people do again and again: sign in, fail, enrol, lend."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pyotp
import pytest

from grants.kernel import calendar
from grants.kernel.errors import NotAllowed
from grants.kernel.identity import SYSTEM, Actor, Role
from grants.people import actions, passwords, queries, signing_in
from grants.people.rules import SignInPolicy
from grants.people.signing_in import SignedIn
from grants.platform import db

PASSWORD = "Right-horse-7"
ID_NUMBER = "11010519491231002X"
MINUTE = timedelta(minutes=1)
LOCKED_FOR = SignInPolicy().locked_for


async def enter(
    password: str = PASSWORD, *, username: str = "zhang", now: datetime | None = None
) -> SignedIn:
    return await signing_in.sign_in(
        username, password, address="10.0.0.7", browser="a browser", now=now or calendar.now()
    )


async def acting(signed_in: SignedIn) -> Actor | None:
    return await queries.actor_for_token(signed_in.token, "r-1")


async def wrong(times: int, *, username: str = "zhang", now: datetime | None = None) -> str:
    """The code of the last of several wrong passwords."""
    said = ""
    for _ in range(times):
        with pytest.raises(NotAllowed) as refused:
            await enter("Wrong-horse-7", username=username, now=now)
        said = str(refused.value)
    return said


async def lay_policy(policy: SignInPolicy) -> None:
    async with db.unit_of_work(SYSTEM):
        await db.execute(
            "INSERT INTO policy_version (kind, scope, starts_on, body, legal_basis, mark) "
            "VALUES ('sign_in', '', '2020-01-01', $1, '试验', 'D')",
            policy.model_dump(),
        )


async def enter_as(user: Actor) -> SignedIn:
    """Sign in to an account of the world, which gets the password of these tests."""
    async with db.unit_of_work(SYSTEM):
        await passwords.write_password(user.user_id, PASSWORD)
    username = await db.value("SELECT username FROM app_user WHERE id = $1", user.user_id)
    return await enter(username=username)


async def give(user: Actor, role: Role) -> None:
    async with db.unit_of_work(SYSTEM):
        await db.execute(
            'INSERT INTO role_grant ("user", role, starts_on, granted_by) '
            "VALUES ($1, $2, '2020-01-01', 1)",
            user.user_id,
            role,
        )


async def half_of(signed_in: SignedIn) -> signing_in.Half:
    half = await signing_in.half_session(signed_in.token)
    assert half is not None
    return half


async def enrolled(now: datetime) -> tuple[pyotp.TOTP, list[str]]:
    """Enrol the app of `zhang` with the code of `now`."""
    half = await half_of(await enter())
    app = pyotp.TOTP(await signing_in.start_enrolment(half))
    return app, await signing_in.pass_second_step(half, app.at(now), now)


async def lend(
    giver: Actor, taker: Actor, role: Role, *, starts_on: date | None = None, days: int = 7
) -> int:
    start = starts_on or calendar.today()
    return await actions.delegate_role(
        giver,
        role,
        taker.user_id,
        starts_on=start,
        ends_on=start + timedelta(days=days),
        reason="外出学习",
    )
