"""Running projects: receipts judged by others, reports accepted, changes decided."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from grants.awards import queries as awards
from grants.delivery import changing, queries, receipts, reporting
from grants.delivery.receipts import Receipt
from grants.delivery.terms import ProjectPlan, Reached, ReportBody
from grants.invariants.verify import verify
from grants.kernel import calendar
from grants.kernel.calendar import rehearsed_at
from grants.kernel.errors import Conflict, NotAllowed, NotFound, RuleBroken
from grants.kernel.identity import SYSTEM, Actor, Role
from grants.kernel.money import Fen
from grants.platform import db, files
from grants.platform.audit import Case
from tests.agreements.test_actions import activated, agency_of, cleared, signed
from tests.app import browsing, send
from tests.world import YUAN, World, add_actor
from tests.world_applications import PDF
from tests.world_calls import published_need

pytestmark = pytest.mark.usefixtures("empty")

#: A day on which the projects of the tests run.
NOW = datetime(2026, 10, 12, 9, tzinfo=calendar.ZONE)
TODAY = NOW.date()


async def running() -> tuple[World, int, Actor, int]:
    """A running project: world, award, somebody of its agency, and another agency's award."""
    world, made = await cleared()
    award = await activated(world, await signed(world, made[0]))
    other = await activated(world, await signed(world, made[1]))
    return world, award, await agency_of(made[0]), other


def receipt(**changes: object) -> Receipt:
    given: dict[str, object] = {
        "cost_line": "L2",
        "spent_on": date(2026, 9, 20),
        "payee": "示例文具店",
        "item": "活动物资",
        "amount_fen": Fen(1_200 * YUAN),
        "receipt_no": "26320000000000000101",
    }
    return Receipt(**{**given, **changes})  # type: ignore[arg-type]


async def entered(agency: Actor, award: int, *, paper: bool = True, **changes: object) -> int:
    spending = await receipts.enter_spending(agency, award, receipt(**changes), today=TODAY)
    if paper:
        await files.attach(
            agency,
            Case(receipts.KIND, spending),
            "票据.pdf",
            PDF + bytes([spending % 250]),
            "receipt",
        )
    return spending


async def judged(world: World, spending: int, verb: str, **given: object) -> None:
    version = (await queries.spending(world[Role.OFFICER], spending)).version
    await receipts.judge_spending(
        world[Role.OFFICER],
        spending,
        verb,
        seen_version=version,
        **given,  # type: ignore[arg-type]
    )


async def test_a_receipt_counts_in_full_in_part_or_not_at_all() -> None:
    world, award, agency, _ = await running()
    whole = await entered(agency, award)
    part = await entered(agency, award, receipt_no="102")
    none = await entered(agency, award, receipt_no="103")
    await judged(world, whole, "admit")
    await judged(world, part, "admit_part", admitted_fen=Fen(700 * YUAN), reason="含餐费500元")
    await judged(world, none, "refuse", reason="与项目无关")
    project = await queries.project(world[Role.OFFICER], award)
    use = next(one for one in await queries.uses_of(project) if one.code == "L2")
    assert use.claimed_fen == 3_600 * YUAN and use.admitted_fen == 1_900 * YUAN
    assert [one for one in await verify() if one.breaches] == []
    await judged(world, part, "reconsider", reason="补充了说明")
    await judged(world, part, "admit")
    use = next(one for one in await queries.uses_of(project) if one.code == "L2")
    assert use.admitted_fen == 2_400 * YUAN


async def test_a_receipt_without_paper_or_reason_is_not_judged() -> None:
    world, award, agency, _ = await running()
    bare = await entered(agency, award, paper=False)
    with pytest.raises(RuleBroken, match="Attach the receipt"):
        await judged(world, bare, "admit")
    with pytest.raises(RuleBroken, match="Say why"):
        await judged(world, bare, "refuse")
    full = await entered(agency, award, receipt_no="104")
    for wrong in (0, 1_200 * YUAN, 1_300 * YUAN):
        with pytest.raises(RuleBroken, match="A part is more than nothing"):
            await judged(world, full, "admit_part", admitted_fen=Fen(wrong), reason="部分不符")


async def test_one_receipt_is_claimed_once_in_all_projects() -> None:
    world, award, agency, other = await running()
    first = await entered(agency, award)
    with pytest.raises(Conflict, match="claimed already"):
        await entered(agency, award)
    rival = await agency_of_award(other)
    with pytest.raises(Conflict, match="claimed already"):
        await entered(rival, other)
    await judged(world, first, "refuse", reason="抬头不符，请重开")
    assert await entered(agency, award) > first


async def agency_of_award(award: int) -> Actor:
    application = await db.value("SELECT application FROM agreement WHERE award = $1", award)
    return await agency_of(application)


async def test_an_agency_enters_receipts_of_its_own_running_projects() -> None:
    world, award, agency, other = await running()
    with pytest.raises(NotFound):
        await entered(agency, other)
    with pytest.raises(NotAllowed):
        await entered(world[Role.OFFICER], award)
    with pytest.raises(RuleBroken, match="no such cost line"):
        await entered(agency, award, cost_line="L9")
    with pytest.raises(RuleBroken, match="lies outside"):
        await entered(agency, award, spent_on=date(2026, 8, 31))
    with pytest.raises(RuleBroken, match="still to come"):
        await entered(agency, award, spent_on=TODAY + timedelta(days=1))
    spending = await entered(agency, award)
    with pytest.raises(NotAllowed):
        await receipts.judge_spending(agency, spending, "admit", seen_version=1)
    await receipts.judge_spending(agency, spending, "take_back", seen_version=1)
    assert await queries.spendings(award) == []


def body(**changes: object) -> ReportBody:
    given: dict[str, object] = {
        "period_from": date(2026, 9, 1),
        "period_to": date(2026, 9, 30),
        "summary": "九月组织探访与培训，居民反响良好。",
        "activities": [
            {"what": "集中探访", "held_on": "2026-09-12", "place": "社区", "person_times": 60}
        ],
        "reached": [{"name": "探访次数", "so_far": 210}],
    }
    return ReportBody.model_validate({**given, **changes})


async def test_a_report_is_handed_in_returned_and_accepted() -> None:
    world, award, agency, other = await running()
    officer = world[Role.OFFICER]
    draft = await reporting.write_report(agency, award, body(), submit=False)
    with pytest.raises(NotFound):
        await queries.report(officer, draft)  # a draft is the agency's alone
    await reporting.write_report(
        agency, award, body(), report_id=draft, seen_version=1, submit=True
    )
    with pytest.raises(RuleBroken, match="what is missing"):
        await reporting.judge_report(officer, draft, "return", seen_version=3)
    await reporting.judge_report(officer, draft, "return", seen_version=3, note="请补充签到表")
    with pytest.raises(Conflict):
        await reporting.write_report(
            agency, award, body(), report_id=draft, seen_version=1, submit=True
        )
    await reporting.write_report(
        agency, award, body(), report_id=draft, seen_version=4, submit=True
    )
    version = (await queries.report(officer, draft)).version
    await reporting.judge_report(officer, draft, "accept", seen_version=version)
    assert (await queries.report(officer, draft)).state == "ACCEPTED"
    rival = await agency_of_award(other)
    with pytest.raises(NotFound):
        await queries.report(rival, draft)
    assert await reporting.write_report(agency, award, body(), submit=True) > draft
    assert [one.sequence for one in await queries.reports(officer, award)] == [2, 1]


async def planned(agency: Actor, award: int, **changes: object) -> ProjectPlan:
    return (await queries.project(agency, award)).plan.model_copy(update=changes)


async def propose(agency: Actor, award: int, **changes: object) -> tuple[int, bool]:
    return await changing.propose_change(
        agency,
        award,
        await planned(agency, award, **changes),
        effective_on=date(2026, 11, 16),
        reason="负责人工作调动",
        today=TODAY,
    )


async def test_a_change_of_the_period_is_decided_by_another_and_moves_the_awards_days() -> None:
    world, award, agency, _ = await running()
    change, waits = await propose(agency, award, ends_on=date(2027, 4, 30))
    assert waits
    with pytest.raises(RuleBroken, match="waits already"):
        await propose(agency, award, leader="另一人")
    with pytest.raises(NotAllowed):
        await changing.decide_change(world[Role.OFFICER], change, "approve")
    with pytest.raises(RuleBroken, match="reason"):
        await changing.decide_change(world[Role.SECTION_HEAD], change, "reject")
    await changing.decide_change(world[Role.SECTION_HEAD], change, "approve")
    assert (await awards.award(agency, award)).ends_on == date(2027, 4, 30)
    assert (await queries.project(agency, award)).plan.ends_on == date(2027, 4, 30)
    assert [one for one in await verify() if one.breaches] == []


async def test_a_small_change_counts_at_once_and_a_project_changes_twice_at_most() -> None:
    world, award, agency, _ = await running()
    staff = (*(await queries.project(agency, award)).plan.staff, "示例·新人")
    _, waits = await propose(agency, award, staff=staff)
    assert not waits and (await queries.project(agency, award)).plan.staff == staff
    for leader in ("示例·甲二", "示例·乙二"):
        change, _ = await propose(agency, award, leader=leader)
        await changing.decide_change(world[Role.SECTION_HEAD], change, "approve")
    with pytest.raises(RuleBroken, match="2 times at most"):
        await propose(agency, award, leader="示例·丙二")


async def test_a_change_that_was_overtaken_is_proposed_anew() -> None:
    world, award, agency, _ = await running()
    change, _ = await propose(agency, award, leader="示例·甲二")
    async with db.unit_of_work(agency):
        other = await planned(agency, award, community="别的社区")
        await db.execute(
            "INSERT INTO project_change (number, award, before, after, effective_on, reason, "
            "state, note, policy_version, proposed_by_person, proposed_at) "
            "SELECT 'x', award, before, $2, effective_on, reason, 'RECORDED', '', policy_version, "
            "proposed_by_person, proposed_at FROM project_change WHERE id = $1",
            change,
            other.model_dump(mode="json"),
        )
    with pytest.raises(Conflict, match="has changed since"):
        await changing.decide_change(world[Role.SECTION_HEAD], change, "approve")
    await changing.decide_change(agency, change, "withdraw")
    async with db.unit_of_work(agency):
        await db.execute("DELETE FROM project_change WHERE number = 'x'")


async def test_the_pages_take_a_receipt_a_report_and_a_change_through() -> None:
    world, award, agency, other = await running()
    with rehearsed_at(NOW):
        async with browsing(agency) as client:
            page = f"/projects/{award}"
            assert "Enter a receipt" in (await client.get(page)).text
            assert (await client.get(f"/projects/{other}")).status_code == 404
            form = {
                "cost_line": "L2",
                "spent_on": "2026-09-20",
                "payee": "示例文具店",
                "item": "活动物资",
                "amount_fen": "1,200",
                "receipt_no": "105",
            }
            paper = {"receipt": ("票据.pdf", PDF, "application/pdf")}
            bad = await send(client, f"{page}/spendings", {**form, "amount_fen": "0"}, files=paper)
            assert bad.status_code == 422 and "示例文具店" in bad.text
            assert (await send(client, f"{page}/spendings", form)).status_code == 422  # no paper
            sent = await send(client, f"{page}/spendings", form, files=paper)
            assert sent.status_code == 303
            assert "活动物资" in (await client.get(page)).text
            typed = {
                "period_from": "2026-09-01",
                "period_to": "2026-09-30",
                "summary": "九月组织探访与培训，居民反响良好。",
                "difficulties": "",
                "act": "submit",
            }
            begun = await client.get(f"{page}/report")
            assert "探访次数" in begun.text
            wrong = await send(client, f"{page}/report", {**typed, "summary": "短"})
            assert wrong.status_code == 422
            handed = await send(client, f"{page}/report", typed)
            assert handed.status_code == 303
            plan = (await queries.project(agency, award)).plan
            change = {
                "leader": "示例·新负责人",
                "staff": "\n".join(plan.staff),
                "community": plan.community,
                "starts_on": plan.starts_on.isoformat(),
                "ends_on": plan.ends_on.isoformat(),
                "effective_on": "2026-11-16",
                "reason": "原负责人离职",
            }
            early = await send(client, f"{page}/change", {**change, "effective_on": "2026-10-13"})
            assert early.status_code == 422
            asked = await send(client, f"{page}/change", change)
            assert asked.status_code == 303
        async with browsing(world[Role.OFFICER]) as client:
            spending = (await queries.spendings(award))[0]
            assert "Admit" in (await client.get(f"/spendings/{spending.id}")).text
            refused = await send(
                client,
                f"/spendings/{spending.id}/judge",
                {"version": "1", "verb": "admit_part", "admitted_fen": "5000", "reason": "部分"},
            )
            assert refused.status_code == 422
            done = await send(
                client, f"/spendings/{spending.id}/judge", {"version": "1", "verb": "admit"}
            )
            assert done.status_code == 303
            report = (await queries.reports(world[Role.OFFICER], award))[0]
            assert "九月组织探访" in (await client.get(f"/reports/{report.id}")).text
            assert "to look at" in (await client.get("/projects?waiting=1")).text
        async with browsing(world[Role.SECTION_HEAD]) as client:
            path = asked.headers["location"].partition("?")[0]
            assert "示例·新负责人" in (await client.get(path)).text
            assert (await send(client, f"{path}/decide", {"verb": "approve"})).status_code == 303
            assert "Receipts, reports and changes" in (await client.get(f"/awards/{award}")).text


async def test_a_need_shows_what_became_of_it_to_whoever_may_see_awards() -> None:
    world, award, agency, other = await running()
    need = await published_need(world)
    async with db.unit_of_work(SYSTEM):
        await db.execute(
            "UPDATE application SET need = $2 "
            "WHERE id = (SELECT application FROM agreement WHERE award = $1)",
            award,
            need,
        )
    target = (await queries.project(agency, award)).content.indicators[0]
    body = ReportBody(
        period_from=date(2026, 9, 1),
        period_to=date(2026, 9, 30),
        summary="本期按计划开展服务，名册和签到完整。",
        reached=(Reached(name=target.name, so_far=target.target // 2),),
    )
    report = await reporting.write_report(agency, award, body, submit=True)
    await reporting.judge_report(world[Role.OFFICER], report, "accept", seen_version=2)
    (found,) = await queries.results_for(world[Role.OFFICER], need)
    assert (found.award_id, found.reached, found.wanted) == (
        award,
        target.target // 2,
        target.target,
    )
    town = await add_actor(Role.TOWN_REVIEWER, name="示例·镇审")
    for person, path in ((world[Role.OFFICER], "projects"), (town, "awards")):
        async with browsing(person) as client:
            assert f'href="/{path}/{award}"' in (await client.get(f"/needs/{need}")).text
    stranger = await agency_of_award(other)
    assert await queries.results_for(stranger, need) == []
