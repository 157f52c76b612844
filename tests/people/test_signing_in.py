"""Signing in and out, lock-out and passwords, against the database."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from itertools import pairwise

import pytest

from grants.kernel import calendar
from grants.kernel.errors import NotAllowed, Refusal, RuleBroken
from grants.kernel.identity import SYSTEM, Actor, Role
from grants.people import actions, passwords, queries, signing_in
from grants.people.rules import SignInPolicy
from grants.platform import db
from grants.platform.audit import Case, timeline
from grants.settings import settings
from tests.people.office import (
    LOCKED_FOR,
    MINUTE,
    PASSWORD,
    acting,
    enter,
    lay_policy,
    wrong,
)
from tests.world import (
    add_actor,
)

pytestmark = pytest.mark.usefixtures("empty")


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

    async def counted(password_hash: str | None, password: str) -> bool:
        verified.append(password_hash is None)
        return await fits(password_hash, password)

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
    assert not await passwords.fits(None, "nobody has this password")


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
