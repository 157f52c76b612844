"""Independent people evaluate, sign and confirm; the grade opens money or does not."""

from __future__ import annotations

from datetime import date
from itertools import count

import pytest

from grants.awards import queries as awards
from grants.delivery import queries as delivery
from grants.delivery import receipts
from grants.evaluation import actions, queries
from grants.evaluation.actions import Given
from grants.evaluation.terms import EvaluationKind
from grants.invariants.verify import verify
from grants.kernel.calendar import rehearsed_at
from grants.kernel.errors import Conflict, NotAllowed, NotFound, RuleBroken
from grants.kernel.identity import SYSTEM, Actor, Role
from grants.kernel.money import Fen
from grants.people.passwords import hash_password
from grants.platform import db
from tests.app import browsing
from tests.delivery.test_actions import NOW, TODAY, agency_of_award, entered, judged, running
from tests.world import YUAN, World, add_actor

pytestmark = pytest.mark.usefixtures("empty")
PASSWORD = "Taicang-2026"
_HASH = hash_password(PASSWORD)
_names = count(1)


async def evaluator(person_id: int | None = None) -> Actor:
    """Somebody who evaluates, with a password."""
    made = await add_actor(Role.EVALUATOR, name=f"示例·评估{next(_names)}", person_id=person_id)
    async with db.unit_of_work(SYSTEM):
        await db.execute(
            "UPDATE app_user SET password_hash = $2 WHERE id = $1", made.user_id, _HASH
        )
    return made


MIDTERM = {"PROGRESS": 24, "OUTPUT": 20, "QUALITY": 12, "FINANCE": 16, "MANAGEMENT": 8}
POOR = {"PROGRESS": 12, "OUTPUT": 10, "QUALITY": 6, "FINANCE": 8, "MANAGEMENT": 4}


def given(points: dict[str, int]) -> Given:
    return Given(points, {}, "进展与目标一致，票据基本合规。")


async def assigned(
    world: World, award: int, person: Actor, kind: EvaluationKind = EvaluationKind.MIDTERM
) -> int:
    return await actions.assign(
        world[Role.OFFICER], award, kind, person.person_id, due_on=date(2026, 10, 30), today=TODAY
    )


async def signed(world: World, award: int, person: Actor, points: dict[str, int] = MIDTERM) -> int:
    evaluation = await assigned(world, award, person)
    await actions.fill(person, evaluation, given(points), seen_version=1)
    with rehearsed_at(NOW):
        await actions.sign(person, evaluation, PASSWORD)
    return evaluation


async def confirmed(world: World, evaluation: int) -> None:
    head = world[Role.SECTION_HEAD]
    version = (await queries.evaluation(head, evaluation)).version
    await actions.confirm(head, evaluation, seen_version=version, today=TODAY)


async def spend(world: World, award: int, agency: Actor) -> None:
    """Receipts above 60 percent of the first part of 25,000 yuan, all admitted."""
    for n, line in enumerate(("L1", "L2")):
        spending = await entered(
            agency, award, cost_line=line, amount_fen=Fen(8_000 * YUAN), receipt_no=f"E{award}-{n}"
        )
        await judged(world, spending, "admit")


async def test_a_passed_midterm_opens_its_part_once_enough_was_spent() -> None:
    world, award, agency, _ = await running()
    evaluation = await signed(world, award, await evaluator())
    found = await queries.evaluation(world[Role.OFFICER], evaluation)
    assert (found.total, found.grade) == (80, "良")
    with pytest.raises(RuleBroken, match="opens the next part"):
        await confirmed(world, evaluation)
    await spend(world, award, agency)
    await confirmed(world, evaluation)
    parts = await awards.instalments(award)
    assert [p.condition_met_on is not None for p in parts] == [True, True, False]
    assert (await awards.award(agency, award)).grade == "良"
    assert [one for one in await verify() if one.breaches] == []
    with pytest.raises(RuleBroken, match="passed already"):
        await assigned(world, award, await evaluator())


async def test_a_failed_midterm_opens_nothing_and_may_be_repeated() -> None:
    world, award, agency, _ = await running()
    evaluation = await signed(world, award, await evaluator(), POOR)
    await confirmed(world, evaluation)
    assert (await awards.award(agency, award)).grade == "不合格"
    assert [p.condition_met_on is not None for p in await awards.instalments(award)] == [
        True,
        False,
        False,
    ]
    told = await db.value(
        "SELECT count(*) FROM inbox_message WHERE message_key = $1", f"evaluated:{evaluation}"
    )
    assert told >= 1
    assert await assigned(world, award, await evaluator()) > evaluation


async def test_only_independent_people_evaluate_and_one_at_a_time() -> None:
    world, award, agency, _ = await running()
    officer = world[Role.OFFICER]
    with pytest.raises(NotAllowed, match="drawn up or approved"):
        await assigned(world, award, await evaluator(officer.person_id))
    with pytest.raises(NotAllowed, match="works for the agency"):
        await assigned(world, award, await evaluator(agency.person_id))
    with pytest.raises(NotFound):
        await assigned(world, award, world[Role.AUDITOR])  # no evaluator at all
    await assigned(world, award, await evaluator())
    with pytest.raises(Conflict, match="under way already"):
        await assigned(world, award, await evaluator())


async def test_an_evaluator_fills_signs_and_sees_nothing_but_his_own() -> None:
    world, award, _, other = await running()
    person, stranger = await evaluator(), await evaluator()
    evaluation = await assigned(world, award, person)
    with pytest.raises(NotFound):
        await queries.evaluation(stranger, evaluation)
    with pytest.raises(RuleBroken, match="0 to 30"):
        await actions.fill(person, evaluation, given({**MIDTERM, "PROGRESS": 31}), seen_version=1)
    with pytest.raises(RuleBroken, match="still open"):
        await actions.sign(person, evaluation, PASSWORD)
    version = await actions.fill(person, evaluation, given(MIDTERM), seen_version=1)
    with pytest.raises(Conflict):
        await actions.fill(person, evaluation, given(MIDTERM), seen_version=1)
    with pytest.raises(NotAllowed, match="not right"):
        await actions.sign(person, evaluation, "wrong")
    await actions.sign(person, evaluation, PASSWORD)
    with pytest.raises(Conflict):
        await actions.fill(person, evaluation, given(POOR), seen_version=version)
    async with browsing(person) as client:
        assert (await client.get(f"/projects/{award}")).status_code == 403
        assert (await client.get(f"/awards/{other}")).status_code == 403


async def test_neither_evaluator_nor_assigner_confirms() -> None:
    world, award, agency, _ = await running()
    await spend(world, award, agency)
    evaluation = await signed(world, award, await evaluator())
    both = await add_actor(
        Role.OFFICER, Role.SECTION_HEAD, name="x", person_id=world[Role.OFFICER].person_id
    )
    version = (await queries.evaluation(both, evaluation)).version
    with pytest.raises(NotAllowed, match="another person confirms"):
        await actions.confirm(both, evaluation, seen_version=version, today=TODAY)
    await actions.send_back(world[Role.SECTION_HEAD], evaluation, reason="财务一项请核对")
    found = await queries.evaluation(world[Role.OFFICER], evaluation)
    assert (found.state, found.total, found.grade) == ("ASSIGNED", None, None)


async def test_an_agency_reads_an_evaluation_once_it_is_confirmed() -> None:
    world, award, agency, other = await running()
    await spend(world, award, agency)
    evaluation = await signed(world, award, await evaluator())
    with pytest.raises(NotFound):
        await queries.evaluation(agency, evaluation)
    await confirmed(world, evaluation)
    assert (await queries.evaluation(agency, evaluation)).grade == "良"
    with pytest.raises(NotFound):
        await queries.evaluation(await agency_of_award(other), evaluation)


FINAL = {
    "COMPLETION": 20, "OUTPUT": 16, "EFFECT": 16, "SATISFACTION": 12, "FINANCE": 12, "RECORDS": 4,
}  # fmt: skip


async def passed_midterm() -> tuple[World, int, Actor]:
    """A project whose mid-term is confirmed and whose second part is open."""
    world, award, agency, _ = await running()
    await spend(world, award, agency)
    await confirmed(world, await signed(world, award, await evaluator()))
    return world, award, agency


async def finished(world: World, award: int, points: dict[str, int]) -> int:
    """A confirmed final evaluation."""
    person = await evaluator()
    evaluation = await assigned(world, award, person, EvaluationKind.FINAL)
    await actions.fill(person, evaluation, given(points), seen_version=1)
    with rehearsed_at(NOW):
        await actions.sign(person, evaluation, PASSWORD)
    await confirmed(world, evaluation)
    return evaluation


async def test_a_final_evaluation_grades_the_award_and_leaves_the_last_part_closed() -> None:
    world, award, agency = await passed_midterm()
    evaluation = await finished(world, award, FINAL)
    assert (await awards.award(agency, award)).grade == "良"
    assert [p.condition_met_on is not None for p in await awards.instalments(award)] == [
        True,
        True,
        False,
    ]
    assert [one for one in await verify() if one.breaches] == []
    with pytest.raises(RuleBroken, match="passed already"):
        await assigned(world, award, await evaluator(), EvaluationKind.FINAL)
    assert (await queries.confirmed(award, "FINAL")).id == evaluation  # type: ignore[union-attr]


async def test_an_agency_that_fails_at_the_end_is_told_that_nothing_more_is_paid() -> None:
    world, award, agency = await passed_midterm()
    half = {code: points // 2 for code, points in FINAL.items()}
    evaluation = await finished(world, award, half)
    assert (await awards.award(agency, award)).grade == "不合格"
    told = await db.value(
        "SELECT message FROM inbox_message WHERE message_key = $1", f"evaluated:{evaluation}"
    )
    assert "the last part is not paid" in told
    again = await assigned(world, award, await evaluator(), EvaluationKind.FINAL)
    await actions.cancel(world[Role.OFFICER], again, reason="项目已按不合格结算")
    async with db.unit_of_work(SYSTEM):
        await db.execute("UPDATE instalment SET state = 'CANCELLED' WHERE opened_by = 'FINAL'")
    with pytest.raises(RuleBroken, match="not repeated"):
        await assigned(world, award, await evaluator(), EvaluationKind.FINAL)


async def test_the_final_evaluation_waits_for_the_midterm_and_ends_it() -> None:
    world, award, agency, _ = await running()
    with pytest.raises(RuleBroken, match="comes first"):
        await assigned(world, award, await evaluator(), EvaluationKind.FINAL)
    await confirmed(world, await signed(world, award, await evaluator(), POOR))
    with pytest.raises(RuleBroken, match="comes first"):
        await assigned(world, award, await evaluator(), EvaluationKind.FINAL)
    await spend(world, award, agency)
    await confirmed(world, await signed(world, award, await evaluator()))
    await assigned(world, award, await evaluator(), EvaluationKind.FINAL)
    with pytest.raises(RuleBroken, match="passed already"):
        await assigned(world, award, await evaluator())


async def test_nobody_asks_himself_to_evaluate() -> None:
    _, award, _, _ = await running()
    person = await evaluator()
    officer = await add_actor(Role.OFFICER, name="兼办", person_id=person.person_id)
    with pytest.raises(NotAllowed, match="assigns the evaluation"):
        await actions.assign(
            officer,
            award,
            EvaluationKind.MIDTERM,
            person.person_id,
            due_on=date(2026, 10, 30),
            today=TODAY,
        )


async def test_a_tie_that_comes_after_the_assignment_stops_the_result() -> None:
    world, award, agency, _ = await running()
    person = await evaluator()
    evaluation = await signed(world, award, person)
    officer = await add_actor(Role.OFFICER, name="兼办", person_id=person.person_id)
    spending = await entered(agency, award)
    version = (await delivery.spending(officer, spending)).version
    await receipts.judge_spending(officer, spending, "admit", seen_version=version)
    await spend(world, award, agency)
    with pytest.raises(NotAllowed, match="judged receipts"):
        await confirmed(world, evaluation)
    await actions.send_back(world[Role.SECTION_HEAD], evaluation, reason="评估人员须回避")
    await actions.cancel(world[Role.OFFICER], evaluation, reason="评估人员须回避")
    assert await assigned(world, award, await evaluator()) > evaluation


@pytest.mark.parametrize(
    ("kind", "until", "ties"),
    [
        ("DIRECTOR", date(2023, 10, 12), True),
        ("DIRECTOR", date(2023, 10, 11), False),
        ("DIRECTOR", None, True),
        ("KIN", date(2001, 1, 1), True),
    ],
)
async def test_a_tie_counts_three_years_and_kinship_for_ever(
    kind: str, until: date | None, ties: bool
) -> None:
    world, award, _, _ = await running()
    person = await evaluator()
    organisation = (await awards.award(world[Role.OFFICER], award)).organisation_id
    async with db.unit_of_work(world[Role.OFFICER]):
        expert = await db.value(
            "INSERT INTO expert (person, kind, themes, employer, is_active, version) "
            "VALUES ($1, 'OTHER', '[]', '', true, 1) RETURNING id",
            person.person_id,
        )
        await db.execute(
            "INSERT INTO expert_tie (expert, organisation, kind, until, declared_by_himself, "
            "recorded_by_person, recorded_at) VALUES ($1, $2, $3, $4, false, $5, now())",
            expert,
            organisation,
            kind,
            until,
            world[Role.OFFICER].person_id,
        )
    found = await queries.ties_of(person.person_id, award, assigner=0, on=TODAY, years=3)
    assert found.tied_to_agency is ties
