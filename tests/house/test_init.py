"""`grants init`: an empty installation gets two administrators, who make everybody else."""

from __future__ import annotations

import re
from argparse import Namespace
from datetime import date

import pytest

from grants.awards.tiers import ApprovalTiers
from grants.beginning import FirstAccount, begin
from grants.cli import _init
from grants.invariants.verify import verify
from grants.kernel import calendar
from grants.kernel.errors import Conflict, NotAllowed, RuleBroken
from grants.kernel.identity import Actor, Role
from grants.payments.rules import PayerAccount
from grants.people import actions, queries, signing_in
from grants.platform import db
from grants.platform.policy import policy_on
from tests.world import DAY, PAYER

pytestmark = pytest.mark.usefixtures("empty")

FIRST = date(2026, 1, 1)


async def begun() -> tuple[FirstAccount, FirstAccount]:
    return await begin(
        "杨一", "朱二", PAYER, policies_from=FIRST, budget_approved_for=2026, today=DAY
    )


async def acting(first: FirstAccount) -> Actor:
    user_id = await db.value("SELECT id FROM app_user WHERE username = $1", first.username)
    account = await queries.account(user_id, DAY)
    return Actor(user_id, account.person_id, account.name, frozenset(account.roles))


async def test_both_sign_in_with_their_passwords() -> None:
    for first in await begun():
        signed = await signing_in.sign_in(
            first.username, first.password, address="", browser="", now=calendar.now()
        )
        assert signed.token


async def test_passwords_differ_and_are_kept_nowhere() -> None:
    admin, security = await begun()
    assert admin.password != security.password
    kept = await db.value("SELECT string_agg(after::text, '') FROM row_history")
    assert admin.password not in kept and security.password not in kept


async def test_together_they_make_an_officer() -> None:
    admin, security = [await acting(first) for first in await begun()]
    person_id = await actions.add_person(admin, "李三")
    user_id = await actions.add_account(
        admin, "li", person_id, "Long-enough-1", organisation_id=None
    )
    await actions.grant_role(security, user_id, Role.OFFICER, starts_on=DAY)
    assert Role.OFFICER in (await queries.account(user_id, DAY)).roles


async def test_neither_does_it_alone() -> None:
    admin, security = [await acting(first) for first in await begun()]
    with pytest.raises(NotAllowed):
        await actions.add_person(security, "李三")
    with pytest.raises(NotAllowed):
        await actions.grant_role(admin, admin.user_id, Role.SEC_ADMIN, starts_on=DAY)
    with pytest.raises(NotAllowed):
        await actions.grant_role(security, security.user_id, Role.AUDIT_ADMIN, starts_on=DAY)


async def test_policies_hold_from_the_first_day_given() -> None:
    await begun()
    assert (await policy_on("payer_account", PayerAccount, FIRST)).body == PAYER
    assert (await policy_on("approval_tiers", ApprovalTiers, DAY)).body.tiers


async def test_an_installation_begins_once() -> None:
    await begun()
    with pytest.raises(Conflict):
        await begun()
    assert await db.value("SELECT count(*) FROM app_user WHERE id <> 1") == 2


async def test_one_person_is_not_both_administrators() -> None:
    with pytest.raises(RuleBroken):
        await begin(
            "杨一", " 杨一 ", PAYER, policies_from=FIRST, budget_approved_for=2026, today=DAY
        )


async def test_routing_number_with_a_slip_is_refused() -> None:
    slip = replace_cnaps("999305285004")
    with pytest.raises(RuleBroken):
        await begin("杨一", "朱二", slip, policies_from=FIRST, budget_approved_for=2026, today=DAY)


def replace_cnaps(cnaps: str) -> PayerAccount:
    return PAYER.model_copy(update={"cnaps": cnaps})


async def test_command_prints_each_password_once(capsys: pytest.CaptureFixture[str]) -> None:
    given = Namespace(
        admin="杨一",
        security="朱二",
        payer_name=PAYER.name,
        payer_account=PAYER.account,
        payer_bank=PAYER.bank_name,
        payer_cnaps=PAYER.cnaps,
        policies_from=FIRST,
        budget_approved=2026,
    )
    assert await _init(given) == 0
    assert len(re.findall(r"^(?:sysadmin|secadmin)  \S{16}  ", capsys.readouterr().out, re.M)) == 2


async def test_beginning_breaks_no_invariant() -> None:
    await begun()
    assert [v.name for v in await verify() if v.breaches] == []
