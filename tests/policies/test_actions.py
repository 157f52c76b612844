"""Changing a rule: proposed by one natural person, decided by another, never in retrospect."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from grants.awards.tiers import ApprovalTiers
from grants.kernel.errors import Conflict, NotAllowed, NotFound, Refusal, RuleBroken
from grants.kernel.identity import SYSTEM, Actor, Permission, Role
from grants.payments.gate_facts import GatePolicy
from grants.platform import db, inbox
from grants.platform.audit import Case, timeline
from grants.platform.policy import policy_on
from grants.policies import actions, queries
from tests.world import DAY, World, active_award, bureau, furnished, instalments, submitted
from tests.world_payments import violated
from tests.world_policies import AHEAD, approve, new_version, proposed

pytestmark = pytest.mark.usefixtures("empty")

YEAR_LATER = date(2028, 1, 1)


async def repeat_days(on: date) -> int:
    return (await policy_on("payment_gate", GatePolicy, on)).body.repeat_days


async def refused(
    world: World, proposal: int, verb: str, by: Actor | Role, *, version: int = 1, on: date = DAY
) -> Refusal:
    """The refusal that meets an act."""
    actor = world[by] if isinstance(by, Role) else by
    with pytest.raises(Refusal) as caught:
        if verb == "approve":
            await actions.approve_version(actor, proposal, seen_version=version, today=on)
        elif verb == "withdraw":
            await actions.withdraw_version(actor, proposal, seen_version=version, today=on)
        else:
            act = {"reject": actions.reject_version, "take_back": actions.take_back_version}[verb]
            await act(actor, proposal, seen_version=version, reason="不再适用", today=on)
    return caught.value


def second_account(actor: Actor, *roles: Role) -> Actor:
    """The same natural person through another account."""
    return replace(actor, user_id=SYSTEM.user_id, roles=frozenset(roles))


async def test_an_approved_version_holds_from_its_day_and_ends_the_one_before() -> None:
    world = await bureau()
    await approve(world, await proposed(world, repeat_days=120))
    assert await repeat_days(AHEAD - timedelta(days=1)) == 90
    assert await repeat_days(AHEAD) == 120
    new, old = await queries.versions("payment_gate")
    assert (old.ends_on, new.starts_on, new.ends_on) == (AHEAD, AHEAD, None)


async def test_a_proposed_version_holds_for_nobody() -> None:
    world = await bureau()
    await proposed(world, repeat_days=120)
    assert await repeat_days(AHEAD) == 90


@pytest.mark.parametrize("role", [Role.FIN_HEAD, Role.FIN_OFFICER, Role.SECTION_HEAD])
async def test_finance_and_section_heads_propose(role: Role) -> None:
    world = await bureau()
    assert await proposed(world, by=role, repeat_days=120)


@pytest.mark.parametrize("role", [Role.OFFICER, Role.CASHIER, Role.MAIN_LEADER, Role.AUDITOR])
async def test_others_may_not_propose(role: Role) -> None:
    world = await bureau()
    with pytest.raises(NotAllowed):
        await proposed(world, by=role, repeat_days=120)


@pytest.mark.parametrize("role", [Role.FIN_HEAD, Role.SECTION_HEAD, Role.DEPUTY_LEADER])
async def test_who_proposes_rules_does_not_approve_them(role: Role) -> None:
    world = await bureau()
    proposal = await proposed(world, by=Role.FIN_OFFICER, repeat_days=120)
    assert isinstance(await refused(world, proposal, "approve", role), NotAllowed)


@pytest.mark.parametrize("verb", ["approve", "reject"])
async def test_nobody_decides_on_their_own_proposal_through_a_second_account(verb: str) -> None:
    world = await bureau()
    proposal = await proposed(world, repeat_days=120)
    again = second_account(world[Role.FIN_HEAD], Role.MAIN_LEADER)
    assert again.may(Permission.POLICY_APPROVE)
    assert (await refused(world, proposal, verb, again)).code == "policy.own"


async def test_who_proposed_a_version_does_not_take_it_back() -> None:
    world = await bureau()
    proposal = await proposed(world, repeat_days=120)
    await approve(world, proposal)
    again = second_account(world[Role.FIN_HEAD], Role.MAIN_LEADER)
    assert (await refused(world, proposal, "take_back", again, version=2)).code == "policy.own"


async def test_the_database_keeps_the_two_apart_too() -> None:
    world = await bureau()
    proposal = await proposed(world, repeat_days=120)
    with pytest.raises(Refusal) as caught:
        async with db.unit_of_work(SYSTEM):
            await db.execute(
                "UPDATE policy_proposal SET decided_by_person = proposed_by_person WHERE id = $1",
                proposal,
            )
    assert violated(caught.value) == "policy_proposal_two_people"


async def test_only_its_proposer_withdraws_a_proposal() -> None:
    world = await bureau()
    proposal = await proposed(world, repeat_days=120)
    assert (await refused(world, proposal, "withdraw", Role.FIN_OFFICER)).code == "policy.not_own"
    await actions.withdraw_version(world[Role.FIN_HEAD], proposal, seen_version=1, today=DAY)
    assert (await queries.proposal(proposal)).state == "WITHDRAWN"


@pytest.mark.parametrize("verb", ["approve", "reject", "withdraw"])
async def test_a_stale_page_decides_nothing(verb: str) -> None:
    world = await bureau()
    proposal = await proposed(world, repeat_days=120)
    by = Role.FIN_HEAD if verb == "withdraw" else Role.FIN_DEPUTY
    assert isinstance(await refused(world, proposal, verb, by, version=2), Conflict)


async def test_a_decided_proposal_is_decided_once() -> None:
    world = await bureau()
    proposal = await proposed(world, repeat_days=120)
    await approve(world, proposal)
    again = await refused(world, proposal, "approve", Role.MAIN_LEADER, version=2)
    assert again.code == "workflow.wrong_state"


async def test_one_proposal_for_a_rule_waits_at_a_time() -> None:
    world = await bureau()
    await proposed(world, repeat_days=120)
    with pytest.raises(Conflict) as caught:
        await proposed(world, by=Role.FIN_OFFICER, repeat_days=60)
    assert caught.value.code == "policy.proposal_waits"
    await proposed(world, "sign_in", locked_minutes=60)


@pytest.mark.parametrize(
    ("starts_on", "code"),
    [
        (DAY - timedelta(days=1), "policy.in_the_past"),
        (date(2019, 1, 1), "policy.in_the_past"),
    ],
)
async def test_no_rule_holds_in_retrospect(starts_on: date, code: str) -> None:
    world = await bureau()
    with pytest.raises(RuleBroken) as caught:
        await proposed(world, starts_on=starts_on, repeat_days=120)
    assert caught.value.code == code


async def test_a_version_may_hold_from_today() -> None:
    world = await bureau()
    await approve(world, await proposed(world, starts_on=DAY, repeat_days=120))
    assert await repeat_days(DAY) == 120


async def test_a_second_version_of_one_day_is_refused() -> None:
    world = await bureau()
    await approve(world, await proposed(world, starts_on=DAY, repeat_days=120))
    with pytest.raises(RuleBroken) as caught:
        await proposed(world, starts_on=DAY, repeat_days=150)
    assert caught.value.code == "policy.not_after_current"


async def test_a_version_that_cuts_into_a_later_one_is_refused() -> None:
    world = await bureau()
    await approve(world, await proposed(world, repeat_days=120))
    for day in (AHEAD, AHEAD - timedelta(days=30)):
        with pytest.raises(RuleBroken) as caught:
            await proposed(world, starts_on=day, repeat_days=150)
        assert caught.value.code == "policy.overlaps_later"
    await approve(world, await proposed(world, starts_on=YEAR_LATER, repeat_days=150))
    assert [await repeat_days(day) for day in (DAY, AHEAD, YEAR_LATER)] == [90, 120, 150]


async def test_the_database_refuses_versions_that_overlap() -> None:
    await bureau()
    with pytest.raises(Refusal) as caught:
        async with db.unit_of_work(SYSTEM):
            await db.execute(
                "INSERT INTO policy_version (kind, scope, starts_on, body, legal_basis, mark) "
                "VALUES ('sign_in', '', $1, '{}', '', 'D')",
                AHEAD,
            )
    assert caught.value.code == "policy.overlap"


async def test_a_proposal_whose_day_is_over_is_not_approved() -> None:
    world = await bureau()
    proposal = await proposed(world, repeat_days=120)
    late = await refused(world, proposal, "approve", Role.FIN_DEPUTY, on=AHEAD + timedelta(days=1))
    assert late.code == "policy.in_the_past"


async def test_the_same_figures_on_the_same_basis_are_no_version() -> None:
    world = await bureau()
    (standing,) = await queries.versions("payment_gate")
    same = replace(await new_version(), legal_basis=standing.legal_basis, mark=standing.mark)
    with pytest.raises(RuleBroken) as caught:
        await actions.propose_version(world[Role.FIN_HEAD], "payment_gate", same, today=DAY)
    assert caught.value.code == "policy.nothing_changed"


async def test_a_new_basis_alone_is_a_version() -> None:
    world = await bureau()
    await approve(world, await proposed(world))
    assert (await queries.versions("payment_gate"))[0].mark == "seed"


async def test_an_unknown_kind_is_not_found() -> None:
    world = await bureau()
    with pytest.raises(NotFound):
        await actions.propose_version(
            world[Role.FIN_HEAD], "nonsense", await new_version(), today=DAY
        )


async def test_a_version_taken_back_before_its_day_leaves_the_one_before_going_on() -> None:
    world = await bureau()
    proposal = await proposed(world, repeat_days=120)
    await approve(world, proposal)
    await actions.take_back_version(
        world[Role.MAIN_LEADER], proposal, seen_version=2, reason="推迟施行", today=DAY
    )
    assert await repeat_days(AHEAD) == 90
    assert (await queries.proposal(proposal)).state == "WITHDRAWN"
    await approve(world, await proposed(world, by=Role.FIN_OFFICER, repeat_days=100))
    assert await repeat_days(AHEAD) == 100


async def test_a_version_between_two_others_leaves_no_gap_when_taken_back() -> None:
    world = await bureau()
    first = await proposed(world, repeat_days=120)
    await approve(world, first)
    await approve(world, await proposed(world, starts_on=YEAR_LATER, repeat_days=150))
    await actions.take_back_version(
        world[Role.MAIN_LEADER], first, seen_version=2, reason="推迟施行", today=DAY
    )
    assert [await repeat_days(day) for day in (AHEAD, YEAR_LATER)] == [90, 150]


async def test_a_version_that_holds_is_not_taken_back() -> None:
    world = await bureau()
    proposal = await proposed(world, repeat_days=120)
    await approve(world, proposal)
    late = await refused(world, proposal, "take_back", Role.MAIN_LEADER, version=2, on=AHEAD)
    assert late.code == "policy.has_started"


async def test_a_version_that_a_proposal_follows_is_not_taken_back() -> None:
    world = await bureau()
    proposal = await proposed(world, repeat_days=120)
    await approve(world, proposal)
    await proposed(world, starts_on=YEAR_LATER, repeat_days=150)
    kept = await refused(world, proposal, "take_back", Role.MAIN_LEADER, version=2)
    assert kept.code == "policy.followed"


async def test_each_act_is_recorded_with_its_reason() -> None:
    world = await bureau()
    proposal = await proposed(world, repeat_days=120)
    await actions.reject_version(
        world[Role.FIN_DEPUTY], proposal, seen_version=1, reason="依据不足", today=DAY
    )
    told = [(e.verb, e.reason) for e in await timeline(Case("policy_proposal", proposal))]
    assert told == [("reject", "依据不足"), ("propose", "明年起调整")]


async def test_those_who_may_approve_hear_of_a_proposal() -> None:
    world = await bureau()
    proposal = await proposed(world, repeat_days=120)
    for role in (Role.FIN_DEPUTY, Role.MAIN_LEADER):
        (message,) = await inbox.messages(world[role])
        assert message.link == f"/policies/proposals/{proposal}"
    assert await inbox.messages(world[Role.FIN_OFFICER]) == []


async def test_a_chain_frozen_under_an_old_version_keeps_it() -> None:
    world = await furnished()
    award = await active_award(world, 30_000_00)
    payment = await submitted(world, (await instalments(award))[0])
    tiers = (await policy_on("approval_tiers", ApprovalTiers, DAY)).body
    higher = [t.model_dump(mode="json") for t in tiers.tiers]
    higher[0]["chain"] = higher[1]["chain"]
    await approve(world, await proposed(world, "approval_tiers", starts_on=DAY, tiers=higher))
    stored = await db.row("SELECT chain, tier_policy FROM payment WHERE id = $1", payment)
    (_, old) = await queries.versions("approval_tiers")
    assert stored is not None
    assert (len(stored["chain"]), stored["tier_policy"]) == (3, old.id)
