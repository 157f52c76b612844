"""Signing in, roles, delegation and persons, against the database."""

from __future__ import annotations

import asyncio
import hashlib
import json
from datetime import date, datetime, timedelta
from itertools import pairwise

import asyncpg
import pyotp
import pytest

from grants.kernel import calendar
from grants.kernel.errors import Conflict, NotAllowed, NotFound, Refusal, RuleBroken
from grants.kernel.identity import SYSTEM, Actor, Role
from grants.payments import actions as payments
from grants.people import actions, passwords, queries, signing_in
from grants.people.rules import SignInPolicy
from grants.people.signing_in import SignedIn
from grants.platform import access, crypto, db
from grants.platform.audit import Case, timeline
from grants.settings import settings
from tests.world import (
    DAY,
    active_award,
    add_actor,
    add_organisation,
    approve_through,
    furnished,
    instalments,
)
from tests.world import submitted as submitted_payment

pytestmark = pytest.mark.usefixtures("empty")

PASSWORD = "Right-horse-7"
ID_NUMBER = "11010519491231002X"
MINUTE = timedelta(minutes=1)
LOCKED_FOR = SignInPolicy().locked_for


@pytest.fixture
async def admin(empty: None) -> Actor:
    """Who keeps the accounts."""
    return await add_actor(Role.SYS_ADMIN, name="示例·系统管理员")


@pytest.fixture
async def security(empty: None) -> Actor:
    """Who grants roles."""
    return await add_actor(Role.SEC_ADMIN, name="示例·安全管理员")


@pytest.fixture
async def zhang(admin: Actor) -> Actor:
    """An account with a password and no role."""
    person = await actions.add_person(admin, "示例·张三")
    user = await actions.add_account(admin, "zhang", person, PASSWORD, organisation_id=None)
    return Actor(user, person, "示例·张三", frozenset())


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


# Signing in


async def test_name_and_password_open_a_session_of_the_account(zhang: Actor) -> None:
    signed_in = await enter()
    actor = await acting(signed_in)
    assert signed_in.second_step == ""
    assert actor is not None
    assert (actor.user_id, actor.person_id, actor.request_id) == (
        zhang.user_id,
        zhang.person_id,
        "r-1",
    )


async def test_only_a_digest_of_the_session_token_is_kept(zhang: Actor) -> None:
    signed_in = await enter()
    kept = await db.value("SELECT token_hash FROM sign_in")
    assert kept == queries.token_hash(signed_in.token)
    assert signed_in.token.encode() not in kept


async def test_a_wrong_name_and_a_wrong_password_get_the_same_answer(zhang: Actor) -> None:
    assert await wrong(1) == await wrong(1, username="nobody")


async def test_the_password_of_an_unknown_name_is_verified_too(
    zhang: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified: list[bool] = []
    fits = passwords.fits

    def counted(password_hash: str | None, password: str) -> bool:
        verified.append(password_hash is None)
        return fits(password_hash, password)

    monkeypatch.setattr(passwords, "fits", counted)
    await wrong(1)
    await wrong(1, username="nobody")
    assert verified == [False, True]


async def test_a_refusal_keeps_no_frames_of_earlier_ones(zhang: Actor) -> None:
    refusals = []
    for _ in range(2):
        with pytest.raises(NotAllowed) as refused:
            await enter("Wrong-horse-7")
        refusals.append(refused.value)
    assert refusals[0] is not refusals[1]


async def test_the_decoy_opens_nothing() -> None:
    assert not passwords.fits(None, "nobody has this password")


async def test_a_closed_account_answers_as_a_wrong_password(zhang: Actor, admin: Actor) -> None:
    await actions.deactivate(admin, zhang.user_id, reason="调离岗位")
    with pytest.raises(NotAllowed) as refused:
        await enter()
    assert refused.value.code == "sign_in.wrong"


async def test_five_failures_lock_the_account_for_the_right_password_too(zhang: Actor) -> None:
    now = calendar.now()
    await wrong(5, now=now)
    with pytest.raises(NotAllowed) as refused:
        await enter(now=now + LOCKED_FOR - MINUTE)
    assert refused.value.code == "sign_in.locked"


async def test_four_failures_lock_nothing_and_are_forgotten_after_a_success(zhang: Actor) -> None:
    await wrong(4)
    await enter()
    await wrong(4)
    assert await acting(await enter()) is not None


async def test_the_account_opens_again_after_thirty_minutes(zhang: Actor) -> None:
    now = calendar.now()
    await wrong(5, now=now)
    assert (await enter(now=now + LOCKED_FOR)).token


async def test_one_slip_after_the_lock_does_not_lock_again(zhang: Actor) -> None:
    now = calendar.now()
    await wrong(5, now=now)
    later = now + LOCKED_FOR
    await wrong(1, now=later)
    assert (await enter(now=later)).token
    await wrong(4, now=later)
    assert (await enter(now=later)).token


async def test_each_failure_stands_in_the_history_of_the_account(zhang: Actor) -> None:
    await wrong(2)
    verbs = [event.verb for event in await timeline(Case("app_user", zhang.user_id))]
    assert verbs.count("sign_in_failed") == 2


async def test_many_attempts_at_once_are_counted_before_they_are_looked_at(zhang: Actor) -> None:
    now = calendar.now()
    answers = await asyncio.gather(
        *(enter("Wrong-horse-7", now=now) for _ in range(12)), return_exceptions=True
    )
    codes = [answer.code for answer in answers if isinstance(answer, NotAllowed)]
    assert (codes.count("sign_in.wrong"), codes.count("sign_in.locked")) == (5, 7)


async def test_failures_allowed_and_the_time_of_a_lock_are_policy(zhang: Actor) -> None:
    await lay_policy(SignInPolicy(failures_allowed=2, locked_minutes=5))
    now = calendar.now()
    await wrong(2, now=now)
    with pytest.raises(NotAllowed) as refused:
        await enter(now=now + 4 * MINUTE)
    assert (refused.value.code, refused.value.params) == ("sign_in.locked", {"minutes": 5})
    assert (await enter(now=now + 5 * MINUTE)).token


async def test_an_account_of_the_demonstration_opens_only_there(
    zhang: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with db.unit_of_work(SYSTEM):
        await db.execute("UPDATE person SET is_demo = true WHERE id = $1", zhang.person_id)
    assert (await enter()).token
    monkeypatch.setattr(signing_in, "settings", settings.model_copy(update={"demo": False}))
    with pytest.raises(NotAllowed) as refused:
        await enter()
    assert refused.value.code == "sign_in.demo"


async def test_a_session_idles_out(zhang: Actor) -> None:
    signed_in = await enter(now=calendar.now() - timedelta(minutes=16))
    assert await acting(signed_in) is None
    signed_in = await enter(now=calendar.now() - timedelta(minutes=14))
    assert await acting(signed_in) is not None


async def test_being_seen_is_written_at_most_once_a_minute(zhang: Actor) -> None:
    recent = calendar.now() - timedelta(seconds=30)
    signed_in = await enter(now=recent)
    await acting(signed_in)
    assert await db.value("SELECT seen_at FROM sign_in") == recent


async def test_being_seen_is_written_after_a_minute(zhang: Actor) -> None:
    earlier = calendar.now() - timedelta(minutes=5)
    signed_in = await enter(now=earlier)
    await acting(signed_in)
    assert await db.value("SELECT seen_at FROM sign_in") > earlier + 4 * MINUTE


async def test_signing_out_ends_the_session_at_once(zhang: Actor) -> None:
    signed_in = await enter()
    actor = await acting(signed_in)
    assert actor is not None
    await signing_in.sign_out(actor)
    assert await acting(signed_in) is None


async def test_one_ends_another_session_of_ones_own_at_once(zhang: Actor) -> None:
    here, there = await enter(), await enter()
    actor, other = await acting(here), await acting(there)
    assert actor is not None and other is not None and other.session_id is not None
    await signing_in.revoke_session(actor, other.session_id)
    assert await acting(there) is None
    assert await acting(here) is not None


async def test_nobody_ends_the_session_of_another_person(zhang: Actor, admin: Actor) -> None:
    signed_in = await enter()
    actor = await acting(signed_in)
    assert actor is not None and actor.session_id is not None
    await signing_in.revoke_session(admin, actor.session_id)
    assert await acting(signed_in) is not None


async def test_closing_an_account_ends_its_sessions_at_once(zhang: Actor, admin: Actor) -> None:
    signed_in = await enter()
    await actions.deactivate(admin, zhang.user_id, reason="调离岗位")
    assert await acting(signed_in) is None


# Passwords


async def test_a_new_password_takes_the_place_of_the_old_and_ends_other_sessions(
    zhang: Actor,
) -> None:
    here, there = await enter(), await enter()
    actor = await acting(here)
    assert actor is not None
    await passwords.change_password(actor, PASSWORD, "Another-horse-8")
    assert await acting(here) is not None
    assert await acting(there) is None
    assert (await enter("Another-horse-8")).token
    with pytest.raises(NotAllowed):
        await enter(PASSWORD)


async def test_none_of_the_last_five_passwords_is_used_again(zhang: Actor) -> None:
    used = [PASSWORD, *(f"Another-horse-{n}" for n in range(5))]
    for old, new in pairwise(used):
        await passwords.change_password(zhang, old, new)
    for past in used[1:]:
        with pytest.raises(RuleBroken) as refused:
            await passwords.change_password(zhang, used[-1], past)
        assert refused.value.code == "people.old_password"
    await passwords.change_password(zhang, used[-1], used[0])


async def test_the_old_password_is_asked_for(zhang: Actor) -> None:
    with pytest.raises(NotAllowed) as refused:
        await passwords.change_password(zhang, "Wrong-horse-7", "Another-horse-8")
    assert refused.value.code == "sign_in.wrong"


async def test_a_weak_password_opens_no_account(admin: Actor) -> None:
    person = await actions.add_person(admin, "示例·李四")
    with pytest.raises(RuleBroken) as refused:
        await actions.add_account(admin, "li", person, "weak", organisation_id=None)
    assert refused.value.code == "people.weak_password"


async def test_how_strong_a_password_has_to_be_is_policy(admin: Actor) -> None:
    await lay_policy(SignInPolicy(password_length=16))
    person = await actions.add_person(admin, "示例·李四")
    with pytest.raises(RuleBroken) as refused:
        await actions.add_account(admin, "li", person, PASSWORD, organisation_id=None)
    assert refused.value.params["length"] == 16


async def test_a_forgotten_password_is_set_by_who_keeps_the_accounts(
    zhang: Actor, admin: Actor
) -> None:
    signed_in = await enter()
    await wrong(5)
    await passwords.set_password(admin, zhang.user_id, "Another-horse-8", reason="忘记密码")
    assert await acting(signed_in) is None
    assert (await enter("Another-horse-8")).token
    [event, *_] = await timeline(Case("app_user", zhang.user_id))
    assert (event.verb, event.reason) == ("set_password", "忘记密码")


@pytest.mark.parametrize("role", [Role.SEC_ADMIN, Role.MAIN_LEADER])
async def test_nobody_else_sets_a_password(zhang: Actor, role: Role) -> None:
    other = await add_actor(role, name="示例·其他")
    with pytest.raises(NotAllowed):
        await passwords.set_password(other, zhang.user_id, "Another-horse-8", reason="忘记密码")


async def test_nobody_sets_his_own_password_without_the_old_one(admin: Actor) -> None:
    second = await add_actor(name="示例·同一人", person_id=admin.person_id)
    for user in (admin.user_id, second.user_id):
        with pytest.raises(NotAllowed) as refused:
            await passwords.set_password(admin, user, "Another-horse-8", reason="忘记密码")
        assert refused.value.code == "people.own_password"


async def test_nobody_closes_his_own_account(admin: Actor) -> None:
    with pytest.raises(NotAllowed) as refused:
        await actions.deactivate(admin, admin.user_id, reason="调离岗位")
    assert refused.value.code == "people.own_account"


async def test_a_user_name_is_given_once(zhang: Actor, admin: Actor) -> None:
    with pytest.raises(Refusal) as refused:
        await actions.add_account(admin, "zhang", zhang.person_id, PASSWORD, organisation_id=None)
    assert refused.value.status == 409


# The second step


@pytest.fixture
def strict(monkeypatch: pytest.MonkeyPatch) -> None:
    """Second factors are switched on."""
    changed = settings.model_copy(update={"second_factor": True})
    monkeypatch.setattr(signing_in, "settings", changed)


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


async def test_a_role_that_moves_money_needs_a_second_step(zhang: Actor, strict: None) -> None:
    await give(zhang, Role.CASHIER)
    signed_in = await enter()
    assert signed_in.second_step == "enrol"
    assert await acting(signed_in) is None


async def test_a_role_that_only_looks_needs_none(zhang: Actor, strict: None) -> None:
    await give(zhang, Role.AUDITOR)
    signed_in = await enter()
    assert signed_in.second_step == ""
    assert await acting(signed_in) is not None


async def test_the_first_code_enrols_the_app_and_gives_ten_recovery_codes(
    zhang: Actor, strict: None
) -> None:
    await give(zhang, Role.CASHIER)
    _, codes = await enrolled(calendar.now())
    assert len(set(codes)) == 10
    assert (await enter()).second_step == "enter"


async def test_a_wrong_code_opens_nothing(zhang: Actor, strict: None) -> None:
    await give(zhang, Role.CASHIER)
    now = calendar.now()
    app, _ = await enrolled(now)
    signed_in = await enter()
    far = app.at(now + timedelta(hours=1))
    with pytest.raises(NotAllowed) as refused:
        await signing_in.pass_second_step(await half_of(signed_in), far, now)
    assert refused.value.code == "sign_in.code"
    assert await acting(signed_in) is None


@pytest.mark.parametrize("code", ["验证码", "１２３", "é", ""])
async def test_a_code_of_strange_letters_is_wrong_like_any_other(
    zhang: Actor, strict: None, code: str
) -> None:
    await give(zhang, Role.CASHIER)
    now = calendar.now()
    await enrolled(now)
    with pytest.raises(NotAllowed) as refused:
        await signing_in.pass_second_step(await half_of(await enter()), code, now)
    assert refused.value.code == "sign_in.code"


async def test_many_codes_at_once_are_counted_before_they_are_looked_at(
    zhang: Actor, strict: None
) -> None:
    await give(zhang, Role.CASHIER)
    now = calendar.now()
    await enrolled(now)
    half = await half_of(await enter())
    answers = await asyncio.gather(
        *(signing_in.pass_second_step(half, "no code", now) for _ in range(12)),
        return_exceptions=True,
    )
    codes = [answer.code for answer in answers if isinstance(answer, NotAllowed)]
    assert (codes.count("sign_in.code"), codes.count("sign_in.locked")) == (5, 7)


async def test_who_has_enrolled_is_always_asked_for_a_code(zhang: Actor, strict: None) -> None:
    await give(zhang, Role.CASHIER)
    await enrolled(calendar.now())
    async with db.unit_of_work(SYSTEM):
        await db.execute("DELETE FROM role_grant")
    assert (await enter()).second_step == "enter"


async def test_a_lent_role_that_moves_money_needs_a_second_step(zhang: Actor, strict: None) -> None:
    cashier = await add_actor(Role.CASHIER, name="示例·出纳")
    await lend(cashier, zhang, Role.CASHIER)
    assert (await enter()).second_step == "enrol"


async def test_a_role_to_come_is_asked_a_second_step_for_already(
    zhang: Actor, security: Actor, strict: None
) -> None:
    tomorrow = calendar.today() + timedelta(days=1)
    await actions.grant_role(security, zhang.user_id, Role.CASHIER, starts_on=tomorrow)
    assert (await enter()).second_step == "enrol"


async def test_a_session_of_a_password_alone_ends_when_a_role_needs_more(
    zhang: Actor, security: Actor, strict: None
) -> None:
    granted = await enter()
    await actions.grant_role(security, zhang.user_id, Role.OFFICER, starts_on=calendar.today())
    assert await acting(granted) is None
    li = await add_actor(Role.AUDITOR, name="示例·李四")
    lent = await enter_as(li)
    leader = await add_actor(Role.MAIN_LEADER, name="示例·局长")
    await lend(leader, li, Role.MAIN_LEADER)
    assert await acting(lent) is None


async def test_a_session_stays_when_a_role_only_looks(
    zhang: Actor, security: Actor, strict: None
) -> None:
    signed_in = await enter()
    await actions.grant_role(security, zhang.user_id, Role.AUDITOR, starts_on=calendar.today())
    assert await acting(signed_in) is not None


async def test_new_recovery_codes_make_the_old_ones_void(zhang: Actor, strict: None) -> None:
    await give(zhang, Role.CASHIER)
    now = calendar.now()
    _, old = await enrolled(now)
    new = await signing_in.renew_recovery_codes(zhang, PASSWORD)
    assert len(set(new)) == 10 and not set(new) & set(old)
    half = await half_of(await enter())
    with pytest.raises(NotAllowed):
        await signing_in.pass_second_step(half, old[0], now)
    assert await signing_in.pass_second_step(half, new[0], now) == []
    assert await queries.recovery_codes_left(zhang.user_id) == 9


async def test_new_recovery_codes_need_the_password_and_an_enrolment(zhang: Actor) -> None:
    with pytest.raises(NotAllowed) as refused:
        await signing_in.renew_recovery_codes(zhang, "Wrong-horse-7")
    assert refused.value.code == "sign_in.wrong"
    with pytest.raises(NotAllowed) as refused:
        await signing_in.renew_recovery_codes(zhang, PASSWORD)
    assert refused.value.code == "people.not_enrolled"


async def test_recovery_codes_cannot_be_guessed_from_the_database(
    zhang: Actor, strict: None
) -> None:
    await give(zhang, Role.CASHIER)
    _, codes = await enrolled(calendar.now())
    kept = {r["code_hash"] for r in await db.rows("SELECT code_hash FROM recovery_code")}
    assert not kept & {hashlib.sha256(c.replace("-", "").encode()).digest() for c in codes}


async def test_after_a_lost_phone_the_app_is_enrolled_anew(
    zhang: Actor, security: Actor, strict: None
) -> None:
    await give(zhang, Role.CASHIER)
    now = calendar.now()
    old, codes = await enrolled(now)
    await signing_in.forget_second_factor(security, zhang.user_id, reason="手机丢失")
    signed_in = await enter()
    assert signed_in.second_step == "enrol"
    half = await half_of(signed_in)
    fresh = pyotp.TOTP(await signing_in.start_enrolment(half))
    for void in (codes[0], old.at(now)):
        with pytest.raises(NotAllowed):
            await signing_in.pass_second_step(half, void, now)
    assert len(await signing_in.pass_second_step(half, fresh.at(now), now)) == 10
    verbs = [event.verb for event in await timeline(Case("app_user", zhang.user_id))]
    assert "forget_second_factor" in verbs


async def test_who_sets_passwords_resets_no_second_factor(zhang: Actor, admin: Actor) -> None:
    with pytest.raises(NotAllowed) as refused:
        await signing_in.forget_second_factor(admin, zhang.user_id, reason="手机丢失")
    assert refused.value.code == "not_permitted"


async def test_nobody_resets_his_own_second_factor(security: Actor) -> None:
    with pytest.raises(NotAllowed) as refused:
        await signing_in.forget_second_factor(security, security.user_id, reason="手机丢失")
    assert refused.value.code == "people.own_second_factor"


async def test_a_code_works_once(zhang: Actor, strict: None) -> None:
    await give(zhang, Role.CASHIER)
    now = calendar.now()
    app, _ = await enrolled(now)
    signed_in = await enter()
    with pytest.raises(NotAllowed) as refused:
        await signing_in.pass_second_step(await half_of(signed_in), app.at(now), now)
    assert refused.value.code == "sign_in.code"
    assert await acting(signed_in) is None


async def test_the_code_of_one_step_earlier_is_accepted_and_of_two_is_not(
    zhang: Actor, strict: None
) -> None:
    await give(zhang, Role.CASHIER)
    now = calendar.now()
    app, _ = await enrolled(now)
    later = now + timedelta(minutes=5)
    signed_in = await enter()
    half = await half_of(signed_in)
    with pytest.raises(NotAllowed):
        await signing_in.pass_second_step(half, app.at(later - timedelta(seconds=60)), later)
    assert (
        await signing_in.pass_second_step(half, app.at(later - timedelta(seconds=30)), later) == []
    )
    assert await acting(signed_in) is not None


async def test_a_recovery_code_works_once_and_is_recorded(zhang: Actor, strict: None) -> None:
    await give(zhang, Role.CASHIER)
    now = calendar.now()
    _, codes = await enrolled(now)
    signed_in = await enter()
    await signing_in.pass_second_step(await half_of(signed_in), f" {codes[0].lower()} ", now)
    assert await acting(signed_in) is not None
    again = await enter()
    with pytest.raises(NotAllowed):
        await signing_in.pass_second_step(await half_of(again), codes[0], now)
    assert await acting(again) is None
    verbs = [event.verb for event in await timeline(Case("app_user", zhang.user_id))]
    assert verbs.count("recovery_code_used") == 1


async def test_wrong_codes_lock_the_account_even_with_the_password_entered_between(
    zhang: Actor, strict: None
) -> None:
    await give(zhang, Role.CASHIER)
    now = calendar.now()
    await enrolled(now)
    for _ in range(5):
        half = await half_of(await enter())
        with pytest.raises(NotAllowed):
            await signing_in.pass_second_step(half, "no code", now)
    with pytest.raises(NotAllowed) as refused:
        await enter()
    assert refused.value.code == "sign_in.locked"


async def test_a_locked_account_passes_no_second_step(zhang: Actor, strict: None) -> None:
    await give(zhang, Role.CASHIER)
    now = calendar.now()
    app, _ = await enrolled(now)
    half = await half_of(await enter())
    await wrong(5, now=now)
    with pytest.raises(NotAllowed) as refused:
        await signing_in.pass_second_step(half, app.at(now + timedelta(seconds=30)), now)
    assert refused.value.code == "sign_in.locked"


async def test_half_a_session_waits_ten_minutes(zhang: Actor, strict: None) -> None:
    await give(zhang, Role.CASHIER)
    assert await signing_in.half_session((await enter()).token) is not None
    early = await enter(now=calendar.now() - timedelta(minutes=11))
    assert await signing_in.half_session(early.token) is None


async def test_a_new_enrolment_takes_nothing_from_an_enrolled_app(
    zhang: Actor, strict: None
) -> None:
    await give(zhang, Role.CASHIER)
    now = calendar.now()
    app, _ = await enrolled(now)
    half = await half_of(await enter())
    await signing_in.start_enrolment(half)
    await signing_in.pass_second_step(half, app.at(now + timedelta(seconds=30)), now)


# Roles


async def test_the_security_administrator_grants_a_role(zhang: Actor, security: Actor) -> None:
    await actions.grant_role(security, zhang.user_id, Role.OFFICER, starts_on=DAY)
    actor = await acting(await enter())
    assert (await queries.account(zhang.user_id, DAY)).roles == (Role.OFFICER,)
    assert actor is not None and actor.roles == {Role.OFFICER}


@pytest.mark.parametrize("role", [Role.SYS_ADMIN, Role.AUDIT_ADMIN, Role.MAIN_LEADER])
async def test_nobody_but_the_security_administrator_grants(zhang: Actor, role: Role) -> None:
    other = await add_actor(role, name="示例·其他")
    with pytest.raises(NotAllowed) as refused:
        await actions.grant_role(other, zhang.user_id, Role.OFFICER, starts_on=DAY)
    assert refused.value.code == "not_permitted"


async def test_nobody_grants_himself_a_role_through_a_second_account(security: Actor) -> None:
    second = await add_actor(name="示例·同一人", person_id=security.person_id)
    for user in (security.user_id, second.user_id):
        with pytest.raises(NotAllowed) as refused:
            await actions.grant_role(security, user, Role.AUDIT_ADMIN, starts_on=DAY)
        assert refused.value.code == "people.own_role"


@pytest.mark.parametrize(
    ("held", "wanted", "code"),
    [
        (Role.SYS_ADMIN, Role.OFFICER, "people.administrator_in_business"),
        (Role.OFFICER, Role.AUDIT_ADMIN, "people.administrator_in_business"),
        (Role.CASHIER, Role.FIN_OFFICER, "people.roles_apart"),
        (Role.FIN_HEAD, Role.CASHIER, "people.roles_apart"),
        (Role.FIN_DEPUTY, Role.MAIN_LEADER, "people.roles_apart"),
    ],
)
async def test_roles_apart_stay_apart_across_two_accounts_of_one_person(
    security: Actor, held: Role, wanted: Role, code: str
) -> None:
    first = await add_actor(held, name="示例·王五")
    second = await add_actor(name="示例·王五", person_id=first.person_id)
    for user in (first.user_id, second.user_id):
        with pytest.raises(RuleBroken) as refused:
            await actions.grant_role(security, user, wanted, starts_on=DAY)
        assert refused.value.code == code


async def test_a_role_to_come_counts_for_separation(zhang: Actor, security: Actor) -> None:
    later = DAY + timedelta(days=100)
    await actions.grant_role(security, zhang.user_id, Role.CASHIER, starts_on=later)
    with pytest.raises(RuleBroken):
        await actions.grant_role(security, zhang.user_id, Role.FIN_OFFICER, starts_on=DAY)


async def test_a_role_that_ended_counts_no_more(zhang: Actor, security: Actor) -> None:
    await actions.grant_role(
        security, zhang.user_id, Role.CASHIER, starts_on=date(2026, 1, 1), ends_on=DAY
    )
    await actions.grant_role(security, zhang.user_id, Role.FIN_OFFICER, starts_on=DAY)
    assert (await queries.account(zhang.user_id, DAY)).roles == (Role.FIN_OFFICER,)


async def test_the_same_role_twice_at_once_is_refused_by_the_database(
    zhang: Actor, security: Actor
) -> None:
    await actions.grant_role(security, zhang.user_id, Role.OFFICER, starts_on=DAY)
    with pytest.raises(Conflict) as refused:
        await actions.grant_role(security, zhang.user_id, Role.OFFICER, starts_on=DAY)
    assert refused.value.code == "people.role_held"
    cause = refused.value.__cause__
    assert isinstance(cause, asyncpg.ExclusionViolationError)
    assert cause.constraint_name == "role_grant_no_overlap"


async def test_a_role_ends_on_its_day_with_a_reason(zhang: Actor, security: Actor) -> None:
    await actions.grant_role(security, zhang.user_id, Role.OFFICER, starts_on=DAY)
    [grant] = await queries.grants(zhang.user_id)
    tomorrow = DAY + timedelta(days=1)
    await actions.end_role(security, grant.id, on=tomorrow, reason="轮岗")
    assert (await queries.account(zhang.user_id, DAY)).roles == (Role.OFFICER,)
    assert (await queries.account(zhang.user_id, tomorrow)).roles == ()
    [event, *_] = await timeline(Case("app_user", zhang.user_id))
    assert (event.verb, event.reason) == ("end_role", "轮岗")


async def test_ending_a_role_again_never_lengthens_it(zhang: Actor, security: Actor) -> None:
    await actions.grant_role(
        security, zhang.user_id, Role.OFFICER, starts_on=DAY, ends_on=DAY + timedelta(days=7)
    )
    [grant] = await queries.grants(zhang.user_id)
    for later in (7, 30):
        with pytest.raises(Conflict) as refused:
            await actions.end_role(
                security, grant.id, on=DAY + timedelta(days=later), reason="轮岗"
            )
        assert refused.value.code == "people.role_over"
    assert await queries.grants(zhang.user_id) == [grant]


async def test_a_role_given_by_mistake_is_struck_out_the_same_day(
    zhang: Actor, security: Actor
) -> None:
    await actions.grant_role(security, zhang.user_id, Role.OFFICER, starts_on=DAY)
    [grant] = await queries.grants(zhang.user_id)
    await actions.end_role(security, grant.id, on=DAY, reason="授错了人")
    assert await queries.grants(zhang.user_id) == []
    kept = await db.value(
        "SELECT before->>'role' FROM row_history "
        "WHERE table_name = 'role_grant' AND operation = 'DELETE'"
    )
    assert kept == "OFFICER"


async def test_the_role_of_an_agency_is_held_by_its_account_alone(
    zhang: Actor, admin: Actor, security: Actor
) -> None:
    agency = await actions.open_account(
        admin,
        name="示例·许理事",
        username="agency",
        password=PASSWORD,
        organisation_id=await add_organisation(),
    )
    for user, role in ((agency, Role.OFFICER), (zhang.user_id, Role.APPLICANT_ORG)):
        with pytest.raises(RuleBroken) as refused:
            await actions.grant_role(security, user, role, starts_on=DAY)
        assert refused.value.code == "people.role_of_office"
    await actions.grant_role(security, agency, Role.APPLICANT_ORG, starts_on=DAY)


async def test_who_acts_for_an_agency_holds_no_role_of_the_office(security: Actor) -> None:
    officer = await add_actor(Role.OFFICER, name="示例·两边的人")
    agency = await add_actor(
        name="示例·两边的人",
        person_id=officer.person_id,
        organisation_id=await add_organisation(),
    )
    with pytest.raises(RuleBroken) as refused:
        await actions.grant_role(security, agency.user_id, Role.APPLICANT_ORG, starts_on=DAY)
    assert refused.value.code == "people.agency_in_office"


# Delegation


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


async def test_a_lent_role_is_held_with_its_delegation(zhang: Actor) -> None:
    head = await add_actor(Role.SECTION_HEAD, name="示例·科长")
    number = await lend(head, zhang, Role.SECTION_HEAD)
    actor = await acting(await enter())
    assert actor is not None
    assert actor.roles == {Role.SECTION_HEAD}
    assert actor.delegations == {Role.SECTION_HEAD: number}


async def test_a_lent_role_is_not_lent_on(zhang: Actor) -> None:
    head = await add_actor(Role.SECTION_HEAD, name="示例·科长")
    third = await add_actor(name="示例·第三人")
    await lend(head, zhang, Role.SECTION_HEAD)
    actor = await acting(await enter())
    assert actor is not None
    with pytest.raises(NotAllowed) as refused:
        await lend(actor, third, Role.SECTION_HEAD)
    assert refused.value.code == "people.role_not_held"


async def test_nobody_lends_to_a_second_account_of_his_own() -> None:
    head = await add_actor(Role.SECTION_HEAD, name="示例·科长")
    second = await add_actor(name="示例·科长", person_id=head.person_id)
    for taker in (head, second):
        with pytest.raises(NotAllowed) as refused:
            await lend(head, taker, Role.SECTION_HEAD)
        assert refused.value.code == "people.self_delegation"


@pytest.mark.parametrize(
    ("lent", "held"),
    [
        (Role.CASHIER, Role.FIN_OFFICER),
        (Role.MAIN_LEADER, Role.FIN_DEPUTY),
        (Role.OFFICER, Role.SYS_ADMIN),
    ],
)
async def test_a_delegation_breaks_no_separation(lent: Role, held: Role) -> None:
    giver = await add_actor(lent, name="示例·甲")
    taker = await add_actor(held, name="示例·乙")
    with pytest.raises(RuleBroken):
        await lend(giver, taker, lent)


async def test_a_grant_counts_the_roles_that_were_lent(zhang: Actor, security: Actor) -> None:
    cashier = await add_actor(Role.CASHIER, name="示例·出纳")
    await lend(cashier, zhang, Role.CASHIER, starts_on=DAY)
    with pytest.raises(RuleBroken) as refused:
        await actions.grant_role(security, zhang.user_id, Role.FIN_OFFICER, starts_on=DAY)
    assert refused.value.code == "people.roles_apart"


async def test_a_role_is_lent_only_within_ones_own_office() -> None:
    officer = await add_actor(Role.OFFICER, name="示例·经办人")
    agency = await add_actor(
        Role.APPLICANT_ORG, name="示例·机构", organisation_id=await add_organisation()
    )
    with pytest.raises(NotAllowed) as refused:
        await lend(officer, agency, Role.OFFICER)
    assert refused.value.code == "people.other_office"


@pytest.mark.parametrize("starts_in_days", [-7, 1])
async def test_a_delegation_counts_from_its_first_day_up_to_its_last(
    zhang: Actor, starts_in_days: int
) -> None:
    head = await add_actor(Role.SECTION_HEAD, name="示例·科长")
    start = calendar.today() + timedelta(days=starts_in_days)
    await lend(head, zhang, Role.SECTION_HEAD, starts_on=start, days=7)
    actor = await acting(await enter())
    assert actor is not None and actor.roles == frozenset()


async def test_nothing_is_lent_to_a_closed_account(zhang: Actor, admin: Actor) -> None:
    head = await add_actor(Role.SECTION_HEAD, name="示例·科长")
    await actions.deactivate(admin, zhang.user_id, reason="调离岗位")
    with pytest.raises(NotAllowed):
        await lend(head, zhang, Role.SECTION_HEAD)


async def test_a_delegation_is_taken_back_at_once(zhang: Actor) -> None:
    head = await add_actor(Role.SECTION_HEAD, name="示例·科长")
    number = await lend(head, zhang, Role.SECTION_HEAD)
    signed_in = await enter()
    await actions.revoke_delegation(head, number)
    actor = await acting(signed_in)
    assert actor is not None and actor.roles == frozenset()
    with pytest.raises(NotFound):
        await actions.revoke_delegation(head, number)


async def test_only_the_giver_takes_a_delegation_back(zhang: Actor) -> None:
    head = await add_actor(Role.SECTION_HEAD, name="示例·科长")
    number = await lend(head, zhang, Role.SECTION_HEAD)
    with pytest.raises(NotFound):
        await actions.revoke_delegation(zhang, number)


async def test_a_lent_role_ends_with_the_role_of_the_giver(zhang: Actor, security: Actor) -> None:
    head = await add_actor(Role.SECTION_HEAD, name="示例·科长")
    await lend(head, zhang, Role.SECTION_HEAD)
    [grant] = await queries.grants(head.user_id)
    await actions.end_role(security, grant.id, on=calendar.today(), reason="轮岗")
    actor = await acting(await enter())
    assert actor is not None and actor.roles == frozenset()


async def test_an_approval_under_a_delegation_names_it(zhang: Actor) -> None:
    world = await furnished()
    award = await active_award(world, 40_000_00)
    [instalment] = await instalments(award)
    payment = await submitted_payment(world, instalment)
    number = await lend(world[Role.SECTION_HEAD], zhang, Role.SECTION_HEAD)
    deputy = await acting(await enter())
    assert deputy is not None
    await approve_through(world, payment, stop_before=Role.SECTION_HEAD)
    version = await db.value("SELECT version FROM payment WHERE id = $1", payment)
    await payments.approve_payment(deputy, payment, seen_version=version, today=DAY)
    act = await db.row(
        "SELECT person_id, delegation_id FROM payment_act WHERE payment = $1 AND role = $2",
        payment,
        Role.SECTION_HEAD,
    )
    event = await db.row(
        "SELECT person_id, delegation_id FROM case_event WHERE case_kind = 'payment' "
        "AND case_id = $1 AND role = $2",
        payment,
        Role.SECTION_HEAD,
    )
    assert act is not None and tuple(act.values()) == (zhang.person_id, number)
    assert event is not None and tuple(event.values()) == (zhang.person_id, number)


# Persons


async def test_an_id_number_stands_nowhere_in_the_clear(admin: Actor) -> None:
    person = await actions.add_person(admin, "示例·赵六", id_number=ID_NUMBER, phone="13800000000")
    row = await db.row("SELECT * FROM person WHERE id = $1", person)
    history = await db.rows("SELECT * FROM row_history WHERE table_name = 'person'")
    events = await db.rows("SELECT * FROM case_event")
    assert row is not None and history and events
    kept = [b"".join(v for v in row.values() if isinstance(v, bytes)).decode("latin-1")]
    kept += [json.dumps([str(v) for v in r.values()]) for r in (row, *history, *events)]
    for secret in (ID_NUMBER, "13800000000"):
        assert not any(secret in text or secret.encode().hex() in text for text in kept)
    assert crypto.decrypt("id_number", row["id_number"]) == ID_NUMBER
    assert (row["id_number_last4"], row["phone_masked"]) == ("002X", "138****0000")


@pytest.mark.parametrize(
    "written", [ID_NUMBER.lower(), "１１０１０５１９４９１２３１００２ｘ", " 110105 19491231 002X "]
)
async def test_a_person_is_found_however_the_number_is_written(admin: Actor, written: str) -> None:
    person = await actions.add_person(admin, "示例·赵六", id_number=ID_NUMBER)
    assert await actions.find_person(written) == person


async def test_a_person_is_known_once(admin: Actor) -> None:
    await actions.add_person(admin, "示例·赵六", id_number=ID_NUMBER)
    with pytest.raises(Refusal) as refused:
        await actions.add_person(admin, "示例·赵六", id_number=ID_NUMBER.lower())
    assert refused.value.status == 409
    assert await db.value("SELECT count(*) FROM person WHERE name = '示例·赵六'") == 1


async def test_persons_without_a_number_do_not_collide(admin: Actor) -> None:
    first = await actions.add_person(admin, "示例·赵六")
    assert await actions.add_person(admin, "示例·赵六") != first


async def test_a_refused_account_leaves_no_person_behind(zhang: Actor, admin: Actor) -> None:
    with pytest.raises(Conflict) as refused:
        await actions.open_account(admin, name="示例·赵六", username="zhang", password=PASSWORD)
    assert refused.value.code == "people.name_taken"
    assert await db.value("SELECT count(*) FROM person WHERE name = '示例·赵六'") == 0


async def test_an_id_number_of_another_name_opens_no_account(admin: Actor) -> None:
    await actions.add_person(admin, "示例·赵六", id_number=ID_NUMBER)
    with pytest.raises(Conflict) as refused:
        await actions.open_account(
            admin, name="示例·钱七", username="qian", password=PASSWORD, id_number=ID_NUMBER
        )
    assert refused.value.code == "person.other_name"


@pytest.mark.parametrize(
    ("numbers", "code"),
    [
        ({"id_number": "110105194912310021"}, "person.id_number"),
        ({"phone": "23800000000"}, "person.phone"),
    ],
)
async def test_a_wrong_number_is_refused(admin: Actor, numbers: dict[str, str], code: str) -> None:
    with pytest.raises(RuleBroken) as refused:
        await actions.add_person(admin, "示例·赵六", **numbers)  # type: ignore[arg-type]
    assert refused.value.code == code


async def test_unmasking_shows_the_numbers_and_keeps_the_reason(admin: Actor) -> None:
    person = await actions.add_person(admin, "示例·赵六", id_number=ID_NUMBER, phone="13800000000")
    auditor = await add_actor(Role.AUDITOR, name="示例·审计")
    assert await actions.unmask(auditor, person, reason="核对补贴名单") == (
        ID_NUMBER,
        "13800000000",
    )
    [event, *_] = await timeline(Case("person", person))
    assert (event.verb, event.reason, event.who) == ("unmask", "核对补贴名单", "示例·审计")


async def test_unmasking_needs_a_reason(admin: Actor) -> None:
    person = await actions.add_person(admin, "示例·赵六", id_number=ID_NUMBER)
    auditor = await add_actor(Role.AUDITOR, name="示例·审计")
    with pytest.raises(RuleBroken):
        await actions.unmask(auditor, person, reason="  看  ")
    verbs = [event.verb for event in await timeline(Case("person", person))]
    assert "unmask" not in verbs


async def test_unmasking_needs_the_permission(admin: Actor) -> None:
    person = await actions.add_person(admin, "示例·赵六", id_number=ID_NUMBER)
    officer = await add_actor(Role.OFFICER, name="示例·经办人")
    with pytest.raises(NotAllowed):
        await actions.unmask(officer, person, reason="核对补贴名单")


def test_the_cookie_of_a_session_is_closed_to_scripts_and_other_sites() -> None:
    cookie = access.session_cookie("t")
    assert (cookie.httponly, cookie.samesite, cookie.path) == (True, "lax", "/")
