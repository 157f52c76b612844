"""What obliges the office to look at ending a project, and what an ending means for the agency."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from grants.awards import endings as award_endings
from grants.awards import payee_facts
from grants.awards import queries as awards
from grants.awards.rules import EndCause
from grants.evaluation.endings import endings, tell_of_endings
from grants.evaluation.rules import Course, reasons_to_end
from grants.kernel import calendar
from grants.kernel.calendar import rehearsed_at
from grants.kernel.identity import SYSTEM, Role
from grants.platform import db
from tests.app import browsing, send
from tests.delivery.test_actions import TODAY, entered, running
from tests.evaluation.test_actions import POOR, confirmed, evaluator, signed, spend
from tests.world import World

pytestmark = pytest.mark.usefixtures("empty")


def reasons(today: date, **changes: object) -> list[str]:
    course = {
        "in_force_on": date(2026, 3, 1),
        "has_begun": True,
        "midterm_failed_on": None,
        "final_failed_on": None,
        "standing": "GOOD",
    }
    found = reasons_to_end(
        Course(**{**course, **changes}),  # type: ignore[arg-type]
        start_days=60,
        rectify_days=30,
        today=today,
    )
    return [one.code for one in found]


def test_a_project_that_has_not_begun_is_looked_at_after_sixty_days() -> None:
    assert reasons(date(2026, 4, 30), has_begun=False) == []
    assert reasons(date(2026, 5, 1), has_begun=False) == ["not_begun"]
    assert reasons(date(2026, 5, 1)) == []


def test_a_failed_midterm_is_looked_at_when_the_days_to_rectify_are_over() -> None:
    failed = date(2026, 6, 1)
    assert reasons(date(2026, 7, 1), midterm_failed_on=failed) == []
    assert reasons(date(2026, 7, 2), midterm_failed_on=failed) == ["midterm_failed"]


def test_a_failed_final_and_a_closed_agency_are_looked_at_at_once() -> None:
    day = date(2026, 12, 1)
    assert reasons(day, final_failed_on=day, standing="CLOSED") == ["final_failed", "listed"]
    assert reasons(day, standing="ABNORMAL") == []


async def in_force(award: int) -> date:
    moment = await db.value("SELECT activated_at FROM agreement WHERE award = $1", award)
    return moment.astimezone(calendar.ZONE).date()


async def test_the_office_is_told_once_and_sees_why_on_the_project() -> None:
    world, award, agency, other = await running()
    await entered(agency, award)
    later = await in_force(other) + timedelta(days=61)
    with rehearsed_at(calendar.now().replace(year=later.year, month=later.month, day=later.day)):
        assert [one for one, _, _ in await endings(None, later)] == [other]
        assert await tell_of_endings() != "0 messages"
        assert await tell_of_endings() == "0 messages"
        async with browsing(world[Role.OFFICER]) as client:
            assert "Look at ending" in (await client.get(f"/projects/{other}")).text
            assert "Look at ending" not in (await client.get(f"/projects/{award}")).text
    async with browsing(agency) as client:
        assert "Look at ending" not in (await client.get(f"/projects/{award}")).text


async def test_a_failed_midterm_that_was_passed_later_is_forgotten() -> None:
    world, award, agency, _ = await running()
    await spend(world, award, agency)
    await confirmed(world, await signed(world, award, await evaluator(), POOR))
    later = calendar.today() + timedelta(days=40)
    ((_, _, found),) = await endings(award, later)
    assert [reason.code for reason in found] == ["midterm_failed"]
    await confirmed(world, await signed(world, award, await evaluator()))
    assert await endings(award, later) == []


async def ended(world: World, award: int, cause: EndCause) -> None:
    version = (await awards.award(SYSTEM, award)).version
    await award_endings.terminate_award(
        world[Role.SECTION_HEAD],
        award,
        seen_version=version,
        reason="整改不到位",
        today=TODAY,
        cause=cause,
    )


@pytest.mark.parametrize(
    ("cause", "barred"),
    [(EndCause.AGREED, []), (EndCause.FAULT, [False]), (EndCause.FRAUD, [True])],
)
async def test_only_fault_and_fraud_keep_an_agency_from_the_next_calls(
    cause: EndCause, barred: list[bool]
) -> None:
    world, award, _, _ = await running()
    await ended(world, award, cause)
    found = await awards.award(SYSTEM, award)
    assert found.organisation_id is not None and found.ended_for == cause
    facts = await payee_facts.ended_for_cause(found.organisation_id, found.programme_id)
    assert [one.by_fraud for one in facts] == barred


async def test_whoever_ends_an_award_says_through_whose_fault() -> None:
    world, award, _, _ = await running()
    version = (await awards.award(SYSTEM, award)).version
    form = {"version": version, "reason": "机构无法继续实施"}
    async with browsing(world[Role.SECTION_HEAD]) as client:
        answer = await send(client, f"/awards/{award}/terminate", form)
        assert answer.status_code == 422 and "机构无法继续实施" in answer.text
        answer = await send(client, f"/awards/{award}/terminate", {**form, "cause": "FAULT"})
        assert answer.status_code == 303
    assert (await awards.award(SYSTEM, award)).state == "TERMINATED"
