"""The page of a payment: what each person finds on it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from grants.banking import answers
from grants.kernel import calendar
from grants.kernel.identity import Role
from grants.parties.rules import Standing
from grants.payments import actions
from tests.app import browsing
from tests.world import (
    DAY,
    YUAN,
    World,
    active_award,
    add_actor,
    approve_through,
    details,
    furnished,
    instalments,
    set_standing,
)
from tests.world_banking import answer, sent_batch
from tests.world_payments import one_submitted

pytestmark = pytest.mark.usefixtures("empty")


@pytest.fixture
async def world(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    monkeypatch.setattr(calendar, "today", lambda: DAY)
    yield await furnished()


async def page(world: World, role: Role, payment: int) -> str:
    async with browsing(world[role]) as client:
        got = await client.get(f"/payments/{payment}")
    assert got.status_code == 200
    return got.text


async def test_what_stops_a_payment_stands_first_and_leads_to_its_place(world: World) -> None:
    payment = await one_submitted(world)
    await set_standing(world.organisation, Standing.ABNORMAL)
    gate = (await page(world, Role.FIN_OFFICER, payment)).split('id="gate"')[1]
    first = gate[gate.index("<li") : gate.index("</li>")]
    assert 'class="stop"' in first
    assert f'href="/organisations/{world.organisation}"' in first


async def test_the_rules_that_judged_are_cited(world: World) -> None:
    payment = await one_submitted(world)
    text = await page(world, Role.FIN_OFFICER, payment)
    assert "Judged by 4 rules" in text
    assert 'href="/policies/payment_gate/versions/' in text


async def test_a_payee_sees_its_own_checks_and_not_what_the_fund_has_left(world: World) -> None:
    payment = await one_submitted(world)
    world.people[Role.APPLICANT_ORG] = await add_actor(
        Role.APPLICANT_ORG, name="示例·理事长", organisation_id=world.organisation
    )
    office, payee = [
        await page(world, role, payment) for role in (Role.FIN_OFFICER, Role.APPLICANT_ORG)
    ]
    assert "The cash plan leaves" in office
    assert "The cash plan leaves" not in payee
    assert "is verified" in payee


async def test_every_way_through_the_bank_stands_on_the_page(world: World) -> None:
    payment = await one_submitted(world)
    await approve_through(world, payment)
    batch = await sent_batch(world, payment)
    content = await answer(batch, {payment: "户名不符"})
    await answers.take_results(world[Role.CASHIER], "1.csv", content, today=DAY)
    text = await page(world, Role.OFFICER, payment)
    assert "At the bank" in text
    assert "户名不符" in text


async def test_a_draft_that_was_given_up_still_has_its_page(world: World) -> None:
    award = await active_award(world, 10_000 * YUAN)
    draft = await actions.draft_payment(
        world[Role.OFFICER], (await instalments(award))[0], details(world), today=DAY
    )
    await actions.withdraw_payment(world[Role.OFFICER], draft, reason="改期申请")
    assert "改期申请" in await page(world, Role.OFFICER, draft)
