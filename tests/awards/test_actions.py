"""Awards: created by one, approved by another, borne by lines and years."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import asyncpg
import pytest

from grants.awards import actions, queries
from grants.awards import instalments as award_parts
from grants.awards.rules import InstalmentPlan, SharePlan
from grants.budget import actions as budget
from grants.kernel.errors import Conflict, NotAllowed, Refusal, RuleBroken
from grants.kernel.identity import SYSTEM, Role
from grants.kernel.money import Fen
from grants.platform import db
from tests.world import (
    DAY,
    YUAN,
    active_award,
    add_actor,
    add_line,
    bucket,
    draft_award,
    furnished,
    instalments,
    submitted,
)
from tests.world_awards import approve, counts, plan, state_of, two_years

pytestmark = pytest.mark.usefixtures("empty")


# Creating and changing


async def test_a_draft_commits_nothing() -> None:
    world = await furnished()
    await draft_award(world, 30_000 * YUAN)
    assert await bucket(world.line, "committed") == 0


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({"amount_fen": Fen(30_001 * YUAN)}, "award.shares_differ"),
        ({"shares": []}, "award.shares_differ"),
        ({"instalments": []}, "award.instalments_differ"),
    ],
)
async def test_an_award_that_does_not_add_up_is_not_written(
    changes: dict[str, object], refused: str
) -> None:
    world = await furnished()
    before = await counts()
    with pytest.raises(RuleBroken) as found:
        await actions.create_award(world[Role.OFFICER], replace(plan(world), **changes), today=DAY)  # type: ignore[arg-type]
    assert found.value.code == refused
    assert await counts() == before


async def test_instalments_that_balance_by_a_negative_one_are_not_written() -> None:
    world = await furnished()
    before = await counts()
    parts = [
        InstalmentPlan(world.line, Fen(fen * YUAN), date(2026, 6, 1), "")
        for fen in (40_000, -10_000)
    ]
    with pytest.raises(RuleBroken):
        await actions.create_award(world[Role.OFFICER], plan(world, instalments=parts), today=DAY)
    assert await counts() == before


async def test_an_award_does_not_draw_on_a_line_of_another_programme() -> None:
    world = await furnished()
    other = await budget.add_programme(
        world[Role.OFFICER], "PV", "公益创投", "Venture", "VENTURE", "CIVIL_AFFAIRS"
    )
    line = await add_line(world, quota_fen=100 * YUAN, programme=other)
    shares = [SharePlan(line, 2026, Fen(100))]
    parts = [InstalmentPlan(line, Fen(100), date(2026, 6, 1), "")]
    with pytest.raises(RuleBroken) as refused:
        await actions.create_award(
            world[Role.OFFICER], plan(world, 100, shares=shares, instalments=parts), today=DAY
        )
    assert refused.value.code == "award.foreign_line"


@pytest.mark.parametrize("payees", [(True, True), (False, False)])
async def test_an_award_has_one_payee(payees: tuple[bool, bool]) -> None:
    world = await furnished()
    both = {
        "organisation_id": world.organisation if payees[0] else None,
        "person_id": world[Role.OFFICER].person_id if payees[1] else None,
    }
    with pytest.raises(RuleBroken) as refused:
        await actions.create_award(world[Role.OFFICER], replace(plan(world), **both), today=DAY)  # type: ignore[arg-type]
    assert isinstance(refused.value.__cause__, asyncpg.CheckViolationError)
    assert refused.value.__cause__.constraint_name == "award_one_payee"


async def test_without_the_role_no_award_is_created() -> None:
    world = await furnished()
    with pytest.raises(NotAllowed):
        await actions.create_award(world[Role.CASHIER], plan(world), today=DAY)


async def test_a_draft_is_changed_whole() -> None:
    world = await furnished()
    award = await draft_award(world, 30_000 * YUAN)
    await actions.change_award(
        world[Role.OFFICER], award, plan(world, 20_000 * YUAN), seen_version=1
    )
    assert (await queries.award(SYSTEM, award)).amount_fen == 20_000 * YUAN
    assert [i.amount_fen for i in await queries.instalments(award)] == [20_000 * YUAN]


async def test_a_stale_page_changes_nothing() -> None:
    world = await furnished()
    award = await draft_award(world, 30_000 * YUAN)
    await actions.change_award(world[Role.OFFICER], award, plan(world), seen_version=1)
    with pytest.raises(Conflict) as refused:
        await actions.change_award(world[Role.OFFICER], award, plan(world, 1), seen_version=1)
    assert refused.value.code == "award.stale"
    assert (await queries.award(SYSTEM, award)).amount_fen == 30_000 * YUAN


async def test_an_active_award_is_not_changed() -> None:
    world = await furnished()
    award = await active_award(world, 30_000 * YUAN)
    with pytest.raises(Conflict):
        await actions.change_award(world[Role.OFFICER], award, plan(world), seen_version=2)


async def test_a_changed_award_draws_on_the_lines_of_its_new_programme() -> None:
    world = await furnished()
    other = await budget.add_programme(
        world[Role.OFFICER], "PV", "公益创投", "Venture", "VENTURE", "CIVIL_AFFAIRS"
    )
    line = await add_line(world, quota_fen=100 * YUAN, programme=other)
    award = await draft_award(world, 30_000 * YUAN)
    moved = replace(
        plan(world, 100),
        programme_id=other,
        shares=[SharePlan(line, 2026, Fen(100))],
        instalments=[InstalmentPlan(line, Fen(100), date(2026, 6, 1), "")],
    )
    await actions.change_award(world[Role.OFFICER], award, moved, seen_version=1)
    assert (await queries.award(SYSTEM, award)).programme_id == other


# Approving


async def test_who_creates_an_award_does_not_approve_it() -> None:
    world = await furnished()
    both = replace(
        world[Role.OFFICER], roles=frozenset({Role.OFFICER, Role.SECTION_HEAD}), user_id=1
    )
    award = await draft_award(world, 30_000 * YUAN)
    with pytest.raises(NotAllowed):
        await approve(world, award, by=both)
    assert await state_of(award) == "DRAFT"


async def test_a_second_account_of_the_creator_does_not_approve_the_award() -> None:
    world = await furnished()
    award = await draft_award(world, 30_000 * YUAN)
    second = await add_actor(
        Role.MAIN_LEADER, name="示例·另一账号", person_id=world[Role.OFFICER].person_id
    )
    with pytest.raises(NotAllowed):
        await approve(world, award, by=second)
    assert await bucket(world.line, "committed") == 0


async def test_without_the_role_no_award_is_approved() -> None:
    world = await furnished()
    award = await draft_award(world, 30_000 * YUAN)
    with pytest.raises(NotAllowed):
        await approve(world, award, by=world[Role.CASHIER])


async def test_an_award_is_approved_once() -> None:
    world = await furnished()
    award = await draft_award(world, 30_000 * YUAN)
    await approve(world, award)
    with pytest.raises(Conflict):
        await approve(world, award, version=2)
    assert await bucket(world.line, "committed") == 30_000 * YUAN


async def test_an_award_that_changed_meanwhile_is_not_approved_unseen() -> None:
    world = await furnished()
    award = await draft_award(world, 30_000 * YUAN)
    await actions.change_award(
        world[Role.OFFICER], award, plan(world, 90_000 * YUAN), seen_version=1
    )
    with pytest.raises(Conflict) as refused:
        await approve(world, award, version=1)
    assert refused.value.code == "award.stale"


@pytest.mark.parametrize(
    ("amount_fen", "refused"),
    [(200_000 * YUAN, None), (200_000 * YUAN + 1, "award.minutes_missing")],
)
async def test_above_its_tier_an_award_needs_the_minutes(
    amount_fen: int, refused: str | None
) -> None:
    world = await furnished()
    award = await actions.create_award(world[Role.OFFICER], plan(world, amount_fen), today=DAY)
    found: Refusal | None = None
    try:
        await approve(world, award)
    except RuleBroken as broken:
        found = broken
    assert (found.code if found else None) == refused


async def test_a_short_line_leaves_nothing_half_written() -> None:
    world = await furnished(quota_fen=50_000 * YUAN)
    other_fund = await budget.add_fund_source(
        world[Role.OFFICER], "C", "慈善资金", "Charity", "CHARITY"
    )
    other = await add_line(world, quota_fen=10_000 * YUAN, fund=other_fund, plan=False)
    award = await actions.create_award(
        world[Role.OFFICER],
        plan(
            world,
            50_001 * YUAN,
            shares=[
                SharePlan(world.line, 2026, Fen(40_000 * YUAN)),
                SharePlan(other, 2026, Fen(10_001 * YUAN)),
            ],
            instalments=[
                InstalmentPlan(world.line, Fen(40_000 * YUAN), date(2026, 6, 1), ""),
                InstalmentPlan(other, Fen(10_001 * YUAN), date(2026, 6, 1), ""),
            ],
        ),
        today=DAY,
    )
    before = await counts()
    with pytest.raises(RuleBroken) as refused:
        await approve(world, award)
    assert refused.value.code == "budget.line_short"
    assert await counts() == before
    assert await state_of(award) == "DRAFT"
    assert await bucket(world.line, "committed") == 0


async def test_an_award_may_draw_on_several_lines() -> None:
    world = await furnished(quota_fen=50_000 * YUAN)
    other_fund = await budget.add_fund_source(
        world[Role.OFFICER], "C", "慈善资金", "Charity", "CHARITY"
    )
    other = await add_line(world, quota_fen=10_000 * YUAN, fund=other_fund, plan=False)
    award = await actions.create_award(
        world[Role.OFFICER],
        plan(
            world,
            50_000 * YUAN,
            shares=[
                SharePlan(world.line, 2026, Fen(40_000 * YUAN)),
                SharePlan(other, 2026, Fen(10_000 * YUAN)),
            ],
            instalments=[
                InstalmentPlan(world.line, Fen(40_000 * YUAN), date(2026, 6, 1), ""),
                InstalmentPlan(other, Fen(10_000 * YUAN), date(2026, 6, 1), ""),
            ],
        ),
        today=DAY,
    )
    await approve(world, award)
    assert await bucket(world.line, "committed") == 40_000 * YUAN
    assert await bucket(other, "available") == 0


async def test_an_award_over_years_commits_each_year_in_its_year() -> None:
    world = await furnished()
    award, next_line = await two_years(world)
    assert await bucket(world.line, "committed") == 10_000 * YUAN
    assert await bucket(next_line, "committed") == 0
    assert await actions.commit_years_shares(SYSTEM, award, today=DAY) == 0
    assert await actions.commit_years_shares(SYSTEM, award, today=date(2027, 1, 5)) == 1
    assert await bucket(next_line, "committed") == 7_000 * YUAN
    assert await actions.commit_years_shares(SYSTEM, award, today=date(2027, 1, 6)) == 0
    assert await db.value("SELECT count(*) FROM commitment WHERE award_id = $1", award) == 2


async def test_an_instalment_of_next_year_is_not_paid_this_year() -> None:
    world = await furnished()
    award, _ = await two_years(world)
    with pytest.raises(RuleBroken) as refused:
        await submitted(world, (await instalments(award))[1])
    assert refused.value.code == "payment.year_not_committed"


# Instalments


async def test_an_instalment_moves_within_its_year_only() -> None:
    world = await furnished()
    award = await active_award(world, 30_000 * YUAN)
    (first,) = await instalments(award)
    await award_parts.reschedule_instalment(
        world[Role.OFFICER], first, due_on=date(2026, 9, 1), condition="中期", reason="进度调整"
    )
    assert (await queries.instalment(first)).due_on == date(2026, 9, 1)
    with pytest.raises(RuleBroken) as refused:
        await award_parts.reschedule_instalment(
            world[Role.OFFICER], first, due_on=date(2027, 1, 1), condition="", reason="进度调整"
        )
    assert refused.value.code == "award.instalment_other_year"


async def test_a_condition_is_confirmed_on_an_active_award_only() -> None:
    world = await furnished()
    award = await draft_award(world, 30_000 * YUAN)
    with pytest.raises(RuleBroken) as refused:
        await award_parts.confirm_condition(
            world[Role.OFFICER], (await instalments(award))[0], on=DAY, evidence="合同"
        )
    assert refused.value.code == "award.not_active"


async def test_what_a_payment_was_asked_for_on_stays() -> None:
    world = await furnished()
    (instalment,) = await instalments(await active_award(world, 30_000 * YUAN))
    await submitted(world, instalment)
    with pytest.raises(RuleBroken) as refused:
        await award_parts.confirm_condition(
            world[Role.OFFICER], instalment, on=DAY, evidence="另一份合同"
        )
    assert refused.value.code == "award.instalment_taken"


async def test_the_grade_of_an_evaluation_stands_on_the_award() -> None:
    world = await furnished()
    award = await active_award(world, 20_000 * YUAN, 10_000 * YUAN)
    second = (await instalments(award))[1]
    officer = world[Role.OFFICER]
    await award_parts.confirm_condition(
        officer, second, on=DAY, evidence="中期评估报告", grade="良好"
    )
    await award_parts.confirm_condition(officer, second, on=DAY, evidence="中期评估报告，补盖章")
    assert (await queries.award(officer, award)).grade == "良好"
