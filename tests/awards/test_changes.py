"""An active award changes: amounts follow line by line, and what is asked for stays."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest

from grants.awards import changes, clawbacks, queries
from grants.awards.rules import (
    OpenPart,
    PartPlan,
    amount_after_change,
    line_differences,
    set_off_takes_away,
)
from grants.invariants.verify import verify
from grants.kernel.errors import Conflict, NotAllowed, NotFound, Refusal, RuleBroken
from grants.kernel.identity import SYSTEM, Role
from grants.kernel.money import Fen
from grants.platform import db
from tests.world import (
    DAY,
    YUAN,
    World,
    active_award,
    add_actor,
    add_line,
    approved,
    bucket,
    furnished,
    instalments,
    submitted,
)
from tests.world_awards import claim, parts_of, two_years
from tests.world_banking import pay

pytestmark = pytest.mark.usefixtures("empty")


async def propose(
    world: World,
    award: int,
    parts: Sequence[PartPlan],
    *,
    clawback_id: int | None = None,
    minutes_no: str = "",
) -> int:
    found = await queries.award(SYSTEM, award)
    return await changes.propose_change(
        world[Role.OFFICER],
        award,
        parts,
        reason="服务人数增加",
        minutes_no=minutes_no,
        clawback_id=clawback_id,
        seen_version=found.version,
        today=DAY,
    )


async def decide(world: World, change: int, verb: str = "approve") -> None:
    await changes.decide_change(world[Role.SECTION_HEAD], change, verb, today=DAY, reason="同意")


async def amount_of(award: int) -> int:
    return (await queries.award(SYSTEM, award)).amount_fen


async def holds() -> list[str]:
    return [v.name for v in await verify() if v.breaches]


# The sums


def test_differences_are_told_line_by_line() -> None:
    standing = [OpenPart(1, 7, Fen(10000)), OpenPart(2, 7, Fen(5000))]
    parts = [
        PartPlan(1, 7, 2026, Fen(8000), DAY, "签订"),
        PartPlan(2, 7, 2026, Fen(5000), DAY, "期末"),
        PartPlan(None, 8, 2026, Fen(3000), DAY, "追加"),
    ]
    assert line_differences(standing, parts) == {7: -2000, 8: 3000}


def test_a_line_that_bears_the_same_is_no_difference() -> None:
    standing = [OpenPart(1, 7, Fen(10000)), OpenPart(2, 7, Fen(5000))]
    parts = [
        PartPlan(1, 7, 2026, Fen(9000), DAY, "签订"),
        PartPlan(2, 7, 2026, Fen(6000), DAY, "期末"),
    ]
    assert line_differences(standing, parts) == {}


def test_a_change_that_leaves_nothing_is_a_termination() -> None:
    parts = [PartPlan(1, 7, 2026, Fen(0), DAY, "签订")]
    found = amount_after_change(10000, [OpenPart(1, 7, Fen(10000))], parts)
    assert isinstance(found, RuleBroken) and found.code == "award.nothing_left"


@pytest.mark.parametrize(("after", "refused"), [(9000, False), (8000, True), (10000, True)])
def test_a_set_off_takes_away_what_is_owed_or_less(after: int, refused: bool) -> None:
    assert (set_off_takes_away(10000, after, 1500) is not None) is refused


# The verbs


async def test_a_proposed_change_moves_nothing() -> None:
    world = await furnished()
    award = await active_award(world, 30_000 * YUAN)
    await propose(world, award, await parts_of(award, p1=50_000 * YUAN))
    assert await amount_of(award) == 30_000 * YUAN
    assert await bucket(world.line, "committed") == 30_000 * YUAN


async def test_an_approved_increase_is_committed() -> None:
    world = await furnished()
    award = await active_award(world, 20_000 * YUAN, 10_000 * YUAN)
    await decide(world, await propose(world, award, await parts_of(award, p2=15_000 * YUAN)))
    assert await amount_of(award) == 35_000 * YUAN
    assert await bucket(world.line, "committed") == 35_000 * YUAN
    assert await holds() == []


async def test_an_approved_reduction_is_released() -> None:
    world = await furnished()
    award = await active_award(world, 20_000 * YUAN, 10_000 * YUAN)
    await decide(world, await propose(world, award, await parts_of(award, p2=0)))
    assert await bucket(world.line, "committed") == 20_000 * YUAN
    assert [i.state for i in await queries.instalments(award)] == ["OPEN", "CANCELLED"]
    assert await holds() == []


async def test_a_new_part_on_another_line_commits_there() -> None:
    world = await furnished()
    from grants.budget import actions as budget

    fund = await budget.add_fund_source(world[Role.OFFICER], "C", "慈善资金", "Charity", "CHARITY")
    second = await add_line(world, quota_fen=9_000 * YUAN, fund=fund)
    award = await active_award(world, 20_000 * YUAN)
    parts = [
        *await parts_of(award),
        PartPlan(None, second, 2026, Fen(9_000 * YUAN), date(2026, 9, 1), "追加服务"),
    ]
    await decide(world, await propose(world, award, parts))
    assert await bucket(second, "committed") == 9_000 * YUAN
    assert await amount_of(award) == 29_000 * YUAN
    assert await holds() == []


async def test_a_later_years_share_changes_without_a_commitment() -> None:
    world = await furnished()
    award, next_line = await two_years(world)
    await decide(world, await propose(world, award, await parts_of(award, p2=6_000 * YUAN)))
    assert await bucket(next_line, "committed") == 0
    assert [s.amount_fen for s in await queries.shares(award)] == [10_000 * YUAN, 6_000 * YUAN]
    assert await holds() == []


async def test_what_is_asked_for_stays_as_it_is() -> None:
    world = await furnished()
    award = await active_award(world, 20_000 * YUAN, 10_000 * YUAN)
    first, _ = await instalments(award)
    await submitted(world, first)
    await decide(world, await propose(world, award, await parts_of(award, p2=5_000 * YUAN)))
    assert [i.amount_fen for i in await queries.instalments(award)] == [
        20_000 * YUAN,
        5_000 * YUAN,
    ]
    assert await holds() == []


async def test_a_change_of_an_instalment_asked_for_since_is_refused() -> None:
    world = await furnished()
    award = await active_award(world, 20_000 * YUAN, 10_000 * YUAN)
    change = await propose(world, award, await parts_of(award, p1=15_000 * YUAN))
    first, _ = await instalments(award)
    await submitted(world, first)
    with pytest.raises(Conflict):
        await decide(world, change)
    assert await bucket(world.line, "committed") == 30_000 * YUAN


async def test_a_paid_instalment_cannot_be_named_in_a_change() -> None:
    world = await furnished()
    award = await active_award(world, 20_000 * YUAN, 10_000 * YUAN)
    parts = await parts_of(award)
    first, _ = await instalments(award)
    await pay(world, await approved(world, first))
    with pytest.raises(Conflict):
        await propose(world, award, parts)


async def test_nobody_approves_their_own_change() -> None:
    world = await furnished()
    award = await active_award(world, 30_000 * YUAN)
    change = await propose(world, award, await parts_of(award, p1=10_000 * YUAN))
    officer = world[Role.OFFICER]
    second_account = await add_actor(
        Role.SECTION_HEAD, name="示例·同一人", person_id=officer.person_id
    )
    with pytest.raises(NotAllowed):
        await changes.decide_change(second_account, change, "approve", today=DAY)


async def test_an_increase_above_what_is_free_is_refused() -> None:
    world = await furnished(quota_fen=30_000 * YUAN)
    award = await active_award(world, 30_000 * YUAN)
    change = await propose(world, award, await parts_of(award, p1=30_001 * YUAN))
    with pytest.raises(RuleBroken) as refused:
        await decide(world, change)
    assert refused.value.code == "budget.line_short"


async def test_a_change_waits_only_once() -> None:
    world = await furnished()
    award = await active_award(world, 30_000 * YUAN)
    await propose(world, award, await parts_of(award, p1=10_000 * YUAN))
    with pytest.raises(Conflict) as refused:
        await propose(world, award, await parts_of(award, p1=11_000 * YUAN))
    assert refused.value.code == "award.change_waits"


async def test_a_change_is_approved_once() -> None:
    world = await furnished()
    award = await active_award(world, 30_000 * YUAN)
    change = await propose(world, award, await parts_of(award, p1=10_000 * YUAN))
    outcomes = await asyncio.gather(
        decide(world, change),
        changes.decide_change(world[Role.DEPUTY_LEADER], change, "approve", today=DAY),
        return_exceptions=True,
    )
    assert sum(outcome is None for outcome in outcomes) == 1
    assert sum(isinstance(outcome, Refusal) for outcome in outcomes) == 1
    assert await bucket(world.line, "committed") == 10_000 * YUAN


async def test_a_rejected_change_leaves_room_for_another() -> None:
    world = await furnished()
    award = await active_award(world, 30_000 * YUAN)
    await decide(world, await propose(world, award, await parts_of(award, p1=1 * YUAN)), "reject")
    await decide(world, await propose(world, award, await parts_of(award, p1=2 * YUAN)))
    assert await amount_of(award) == 2 * YUAN


async def test_a_part_due_in_another_year_than_its_line_is_refused() -> None:
    world = await furnished()
    award = await active_award(world, 30_000 * YUAN)
    parts = [replace(p, due_on=date(2027, 1, 5)) for p in await parts_of(award)]
    with pytest.raises(RuleBroken) as refused:
        await propose(world, award, parts)
    assert refused.value.code == "award.instalment_other_year"


async def test_another_condition_has_to_be_met_anew() -> None:
    world = await furnished()
    award = await active_award(world, 30_000 * YUAN)
    parts = [replace(p, condition="期末评估合格") for p in await parts_of(award)]
    await decide(world, await propose(world, award, parts))
    (part,) = await queries.instalments(award)
    assert part.condition == "期末评估合格" and part.condition_met_on is None


async def test_a_stale_page_changes_nothing() -> None:
    world = await furnished()
    award = await active_award(world, 30_000 * YUAN)
    with pytest.raises(Conflict):
        await changes.propose_change(
            world[Role.OFFICER],
            award,
            await parts_of(award),
            reason="服务人数增加",
            seen_version=1,
            today=DAY,
        )


async def test_a_changed_award_is_paid_to_its_new_end() -> None:
    world = await furnished()
    award = await active_award(world, 20_000 * YUAN, 10_000 * YUAN)
    await decide(world, await propose(world, award, await parts_of(award, p2=4_000 * YUAN)))
    for part in await instalments(award):
        await pay(world, await approved(world, part))
    assert (await queries.award(SYSTEM, award)).paid_fen == 24_000 * YUAN
    assert await holds() == []


# Claims for money back


async def paid_award(world: World) -> int:
    """An award of which 20,000 is paid and 10,000 is open."""
    award = await active_award(world, 20_000 * YUAN, 10_000 * YUAN)
    await pay(world, await approved(world, (await instalments(award))[0]))
    return award


async def test_no_more_is_claimed_back_than_was_paid() -> None:
    world = await furnished()
    award = await paid_award(world)
    await claim(world, award, 15_000 * YUAN)
    with pytest.raises(RuleBroken) as refused:
        await claim(world, award, 5_001 * YUAN)
    assert refused.value.code == "clawback.above_paid"


async def test_nobody_decides_on_their_own_claim() -> None:
    world = await furnished()
    award = await paid_award(world)
    clawback = await clawbacks.propose_clawback(
        world[Role.OFFICER], award, amount_fen=Fen(1), due_on=DAY, reason="多付"
    )
    same = await add_actor(
        Role.SECTION_HEAD, name="示例·同一人", person_id=world[Role.OFFICER].person_id
    )
    with pytest.raises(NotAllowed):
        await clawbacks.decide_clawback(same, clawback, "approve")


async def test_a_refund_settles_the_claim() -> None:
    from grants.banking import refunds

    world = await furnished()
    award = await paid_award(world)
    clawback = await claim(world, award, 3_000 * YUAN)
    payment = await db.value(
        "SELECT id FROM payment WHERE instalment = $1", (await instalments(award))[0]
    )
    for n, amount in enumerate((1_000, 2_000)):
        refund = await refunds.record_refund(
            world[Role.FIN_OFFICER],
            payment,
            amount_fen=Fen(amount * YUAN),
            received_on=date(2026, 6, 20),
            reference=f"回单{n}",
            reason="退回结余",
        )
        await refunds.decide_refund(world[Role.FIN_HEAD], refund, "approve")
    found = await clawbacks.clawback(clawback)
    assert (found.state, found.recovered_fen) == ("SETTLED", 3_000 * YUAN)
    assert await holds() == []


async def test_a_claim_is_set_off_by_taking_less() -> None:
    world = await furnished()
    award = await paid_award(world)
    clawback = await claim(world, award, 4_000 * YUAN)
    change = await propose(
        world, award, await parts_of(award, p2=6_000 * YUAN), clawback_id=clawback
    )
    await decide(world, change)
    found = await clawbacks.clawback(clawback)
    assert (found.state, found.owed_fen) == ("SETTLED", 0)
    assert await bucket(world.line, "committed") == 6_000 * YUAN
    assert await holds() == []


async def test_a_set_off_takes_no_more_than_is_owed() -> None:
    world = await furnished()
    award = await paid_award(world)
    clawback = await claim(world, award, 4_000 * YUAN)
    with pytest.raises(RuleBroken) as refused:
        await propose(world, award, await parts_of(award, p2=5_000 * YUAN), clawback_id=clawback)
    assert refused.value.code == "award.set_off_differs"


async def test_a_claim_is_written_off_only_with_minutes() -> None:
    world = await furnished()
    award = await paid_award(world)
    clawback = await claim(world, award, 4_000 * YUAN)
    with pytest.raises(RuleBroken):
        await clawbacks.decide_clawback(world[Role.SECTION_HEAD], clawback, "write_off")
    await clawbacks.decide_clawback(
        world[Role.SECTION_HEAD], clawback, "write_off", minutes_no="党组会〔2026〕9号"
    )
    assert (await clawbacks.clawback(clawback)).state == "WRITTEN_OFF"
    assert await holds() == []


async def test_a_claim_on_another_payee_sets_nothing_off() -> None:
    from tests.world import add_account, add_organisation

    world = await furnished()
    clawback = await claim(world, await paid_award(world), 4_000 * YUAN)
    world.organisation = await add_organisation("示例晚霞社会工作服务中心")
    world.account = await add_account(
        world, world.organisation, "示例晚霞社会工作服务中心", "320500000000029"
    )
    other = await active_award(world, 20_000 * YUAN)
    with pytest.raises(RuleBroken) as refused:
        await propose(world, other, await parts_of(other, p1=16_000 * YUAN), clawback_id=clawback)
    assert refused.value.code == "clawback.other_payee"


async def test_an_unknown_claim_is_not_found() -> None:
    await furnished()
    with pytest.raises(NotFound):
        await clawbacks.clawback(999_999)
