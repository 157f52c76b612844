"""Payments: application, approval and sending are apart, by natural person."""

from __future__ import annotations

from dataclasses import replace

import pytest

from grants.banking import actions as banking
from grants.kernel.errors import NotAllowed
from grants.kernel.identity import Role
from grants.payments import actions, approvals, queries
from grants.platform import db
from tests.world import (
    DAY,
    YUAN,
    active_award,
    add_actor,
    approve_through,
    bucket,
    details,
    furnished,
    instalments,
    submitted,
)
from tests.world_payments import (
    T2,
    also,
    approve,
    one_submitted,
)

pytestmark = pytest.mark.usefixtures("empty")


async def test_who_makes_a_request_does_not_approve_it() -> None:
    world = await furnished()
    payment = await one_submitted(world)
    with pytest.raises(NotAllowed) as refused:
        await approve(world, payment, also(world[Role.OFFICER], Role.SECTION_HEAD))
    assert refused.value.code == "payment.own"


async def test_a_second_account_of_the_requester_does_not_approve() -> None:
    world = await furnished()
    payment = await one_submitted(world)
    second = await add_actor(
        Role.SECTION_HEAD, name="示例·另一账号", person_id=world[Role.OFFICER].person_id
    )
    with pytest.raises(NotAllowed) as refused:
        await approve(world, payment, second)
    assert refused.value.code == "payment.own"


@pytest.mark.parametrize("verb", ["return", "reject"])
async def test_who_makes_a_request_does_not_turn_it_down_either(verb: str) -> None:
    world = await furnished()
    payment = await one_submitted(world)
    turn = approvals.return_payment if verb == "return" else approvals.reject_payment
    with pytest.raises(NotAllowed):
        await turn(
            also(world[Role.OFFICER], Role.SECTION_HEAD),
            payment,
            seen_version=2,
            reason="自行退回本单",
        )


async def test_one_person_takes_one_step_only() -> None:
    world = await furnished()
    payment = await one_submitted(world)
    await approve(world, payment, Role.SECTION_HEAD)
    with pytest.raises(NotAllowed) as refused:
        await approve(world, payment, also(world[Role.SECTION_HEAD], Role.FIN_OFFICER))
    assert refused.value.code == "payment.second_duty"


async def test_a_cashier_who_approved_does_not_send() -> None:
    world = await furnished()
    award = await active_award(world, 30_000 * YUAN)
    payment = await submitted(world, (await instalments(award))[0])
    both = also(world[Role.CASHIER], Role.DEPUTY_LEADER)
    await approve_through(world, payment, stop_before=Role.DEPUTY_LEADER)
    await approve(world, payment, both)
    batch = await banking.make_batch(world[Role.FIN_OFFICER], [payment], "bank-csv", today=DAY)
    await banking.freeze_batch(world[Role.FIN_OFFICER], batch, seen_version=1, today=DAY)
    with pytest.raises(NotAllowed) as refused:
        await banking.mark_batch_sent(both, batch, seen_version=2, on=DAY)
    assert refused.value.code == "duty.separated"
    assert await bucket(world.line, "in_bank") == 0
    colleague = await add_actor(Role.CASHIER, name="示例·另一出纳")
    await banking.mark_batch_sent(colleague, batch, seen_version=2, on=DAY)
    assert await bucket(world.line, "in_bank") == 30_000 * YUAN


@pytest.mark.parametrize("role", [r for r in T2 if r != Role.SECTION_HEAD])
async def test_nobody_acts_out_of_turn(role: Role) -> None:
    world = await furnished()
    payment = await one_submitted(world)
    with pytest.raises(NotAllowed) as refused:
        await approve(world, payment, role)
    assert refused.value.code == "payment.not_your_step"


@pytest.mark.parametrize("role", [Role.CASHIER, Role.FIN_HEAD, Role.AUDITOR, Role.OFFICER])
async def test_without_the_permission_nothing_is_approved(role: Role) -> None:
    world = await furnished()
    payment = await one_submitted(world)
    with pytest.raises(NotAllowed):
        await approve(world, payment, role)


@pytest.mark.parametrize("role", [Role.SECTION_HEAD, Role.CASHIER, Role.FIN_OFFICER])
async def test_only_officers_make_requests(role: Role) -> None:
    world = await furnished()
    award = await active_award(world, 30_000 * YUAN)
    with pytest.raises(NotAllowed):
        await actions.draft_payment(
            world[role], (await instalments(award))[0], details(world), today=DAY
        )


async def test_a_request_is_submitted_by_who_made_it() -> None:
    world = await furnished()
    award = await active_award(world, 30_000 * YUAN)
    payment = await actions.draft_payment(
        world[Role.OFFICER], (await instalments(award))[0], details(world), today=DAY
    )
    colleague = await add_actor(Role.OFFICER, name="示例·同事")
    with pytest.raises(NotAllowed) as refused:
        await actions.submit_payment(colleague, payment, seen_version=1, today=DAY)
    assert refused.value.code == "payment.not_own"


async def test_an_act_under_delegation_names_the_delegation() -> None:
    world = await furnished()
    payment = await one_submitted(world)
    deputy = await add_actor(name="示例·受托人")
    acting = replace(
        deputy, roles=frozenset({Role.SECTION_HEAD}), delegations={Role.SECTION_HEAD: 77}
    )
    await approve(world, payment, acting)
    (act,) = await db.rows(
        "SELECT delegation_id, person_id FROM payment_act WHERE decision = 'APPROVE'"
    )
    assert (act["delegation_id"], act["person_id"]) == (77, deputy.person_id)
    assert (
        await db.value(
            "SELECT delegation_id FROM case_event WHERE case_kind = 'payment' AND verb = 'approve'"
        )
        == 77
    )
    assert [a.delegated for a in await queries.acts(payment)] == [False, True]


async def test_delegation_does_not_lift_the_separation_of_persons() -> None:
    world = await furnished()
    payment = await one_submitted(world)
    acting = replace(
        world[Role.OFFICER],
        roles=frozenset({Role.OFFICER, Role.SECTION_HEAD}),
        delegations={Role.SECTION_HEAD: 77},
    )
    with pytest.raises(NotAllowed):
        await approve(world, payment, acting)
