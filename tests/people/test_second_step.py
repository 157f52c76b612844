"""The second step: codes, recovery codes, whom they are asked of."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import timedelta

import pyotp
import pytest

from grants.kernel import calendar
from grants.kernel.errors import NotAllowed
from grants.kernel.identity import SYSTEM, Actor, Role
from grants.people import actions, queries, signing_in
from grants.platform import db
from grants.platform.audit import Case, timeline
from tests.people.office import (
    PASSWORD,
    acting,
    enrolled,
    enter,
    enter_as,
    give,
    half_of,
    lend,
    wrong,
)
from tests.world import (
    add_actor,
)

pytestmark = pytest.mark.usefixtures("empty")


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
