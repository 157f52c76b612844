"""Roles and delegation, against the database."""

from __future__ import annotations

from datetime import date, timedelta

import asyncpg
import pytest

from grants.kernel import calendar
from grants.kernel.errors import Conflict, NotAllowed, NotFound, RuleBroken
from grants.kernel.identity import Actor, Role
from grants.payments import approvals
from grants.people import actions, queries
from grants.platform import db
from grants.platform.audit import Case, timeline
from tests.people.office import (
    PASSWORD,
    acting,
    enter,
    lend,
)
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
    await approvals.approve_payment(deputy, payment, seen_version=version, today=DAY)
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
