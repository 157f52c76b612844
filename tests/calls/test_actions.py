"""Needs, rounds, revisions and questions: what happens, who may, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from grants.calls import need_queries, needs, queries, questions, rounds
from grants.calls.rounds import Standing
from grants.calls.terms import Category
from grants.kernel.calendar import rehearsed_at
from grants.kernel.errors import Conflict, NotAllowed, NotFound, RuleBroken
from grants.kernel.identity import SYSTEM, Role
from grants.kernel.money import Fen
from grants.platform import db, inbox
from grants.platform.audit import Case, timeline
from tests.world import YUAN, add_actor, add_line, add_organisation
from tests.world_calls import (
    AFTER,
    BEFORE,
    CLOSES,
    NEED,
    OPENS,
    WHILE_OPEN,
    committee,
    drafted,
    open_round,
    propose_and_publish,
    published,
    published_need,
    revised,
    terms,
    venture_world,
)

pytestmark = pytest.mark.usefixtures("empty")


async def state_of(round_id: int) -> str:
    return (await queries.round_of(round_id)).state


async def test_a_need_goes_from_a_community_to_the_public() -> None:
    world = await venture_world()
    need_id = await needs.enter_need(await committee(world), NEED)
    assert (await inbox.messages(world[Role.OFFICER]))[0].link == f"/needs/{need_id}"
    agency = world[Role.APPLICANT_ORG]
    with pytest.raises(NotFound):
        await need_queries.need(agency, need_id)
    await needs.decide_need(world[Role.OFFICER], need_id, "publish", seen_version=1)
    assert (await need_queries.need(agency, need_id)).number == "需〔2026〕001"


async def test_an_agency_brings_no_need_in() -> None:
    world = await venture_world()
    with pytest.raises(NotAllowed, match="from_agency"):
        await needs.enter_need(world[Role.APPLICANT_ORG], NEED)


async def test_a_need_is_changed_by_those_who_brought_it_in_until_it_is_decided() -> None:
    world = await venture_world()
    town, other = world[Role.TOWN_REVIEWER], await add_actor(Role.TOWN_REVIEWER, name="示例·他镇")
    need_id = await needs.enter_need(town, NEED)
    with pytest.raises(NotAllowed, match="not_own"):
        await needs.change_need(other, need_id, NEED, seen_version=1)
    await needs.change_need(town, need_id, replace(NEED, people_concerned=140), seen_version=1)
    with pytest.raises(Conflict, match="stale"):
        await needs.change_need(town, need_id, NEED, seen_version=1)
    await needs.decide_need(world[Role.OFFICER], need_id, "publish", seen_version=2)
    with pytest.raises(Conflict, match="wrong_state"):
        await needs.change_need(town, need_id, NEED, seen_version=3)


async def test_declining_a_need_gives_its_reason() -> None:
    world = await venture_world()
    need_id = await needs.enter_need(world[Role.TOWN_REVIEWER], NEED)
    with pytest.raises(RuleBroken, match=r"need\.reason"):
        await needs.decide_need(world[Role.OFFICER], need_id, "decline", seen_version=1)
    await needs.decide_need(
        world[Role.OFFICER], need_id, "decline", seen_version=1, note="属于物业管理职责"
    )
    found = await need_queries.need(world[Role.TOWN_REVIEWER], need_id)
    assert (found.state, found.decision_note) == ("DECLINED", "属于物业管理职责")


async def test_the_terms_are_drafted_by_one_and_published_by_another() -> None:
    world = await venture_world()
    round_id, revision = await drafted(world)
    both = replace(
        world[Role.OFFICER], roles=frozenset({Role.OFFICER, Role.SECTION_HEAD}), user_id=99
    )
    with rehearsed_at(BEFORE):
        await rounds.propose_revision(world[Role.OFFICER], revision, seen_version=2)
        with pytest.raises(NotAllowed):
            await rounds.publish_revision(both, revision, seen_version=3)
        await rounds.publish_revision(world[Role.SECTION_HEAD], revision, seen_version=3)
    found = await queries.round_of(round_id)
    assert (found.state, found.revision_sequence) == ("PUBLISHED", 1)
    assert found.terms == terms(world)


async def test_a_new_round_begins_with_the_rules_that_hold() -> None:
    world = await venture_world()
    with rehearsed_at(BEFORE):
        round_id = await rounds.begin_round(world[Role.OFFICER], 2026, "创投", today=BEFORE.date())
        (draft,) = await queries.revisions(round_id)
        assert draft.body["pass_mark"] == 70 and draft.body["title"] == "创投"
        with pytest.raises(RuleBroken, match="not_whole"):
            await rounds.propose_revision(world[Role.OFFICER], draft.id, seen_version=1)


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("budget.line_short", {"total_fen": Fen(500_001 * YUAN)}),
        ("call.closes_in_the_past", {"opens_at": BEFORE, "closes_at": BEFORE}),
    ],
)
async def test_terms_are_not_published_against_line_or_clock(
    code: str, changes: dict[str, object]
) -> None:
    world = await venture_world()
    if "closes_at" in changes:
        changes = {"opens_at": BEFORE - timedelta(days=9), "closes_at": BEFORE}
    _, revision = await drafted(world, **changes)
    with rehearsed_at(BEFORE), pytest.raises(RuleBroken) as caught:
        await rounds.propose_revision(world[Role.OFFICER], revision, seen_version=2)
    assert caught.value.code == code


async def test_a_round_draws_on_a_line_of_its_own_year() -> None:
    world = await venture_world()
    wages = await add_line(world, quota_fen=900_000 * YUAN, year=2027, plan=False, code="2027-VC")
    _, revision = await drafted(world, line_id=wages)
    with rehearsed_at(BEFORE), pytest.raises(RuleBroken, match="other_year"):
        await rounds.propose_revision(world[Role.OFFICER], revision, seen_version=2)


async def test_two_rounds_do_not_promise_the_same_yuan() -> None:
    world = await venture_world(quota_fen=300_000 * YUAN)
    await published(world)
    _, second = await drafted(world)
    with rehearsed_at(BEFORE), pytest.raises(RuleBroken, match="line_short"):
        await rounds.propose_revision(world[Role.OFFICER], second, seen_version=2)


async def test_a_revision_replaces_the_published_terms_and_keeps_them() -> None:
    world = await venture_world()
    round_id = await open_round(world)
    later = CLOSES + timedelta(days=3)
    revision = await revised(world, round_id, WHILE_OPEN, closes_at=later)
    assert (await queries.round_of(round_id)).terms == terms(world)
    await propose_and_publish(world, revision, WHILE_OPEN)
    found = await queries.round_of(round_id)
    assert found.terms is not None and found.terms.closes_at == later
    states = [one.state for one in await queries.revisions(round_id)]
    assert states == ["PUBLISHED", "SUPERSEDED"]


async def test_a_revision_of_an_open_call_takes_nothing_away() -> None:
    world = await venture_world()
    round_id = await open_round(world)
    only = (Category(code="A", name="自主申报", cap_fen=Fen(60_000 * YUAN)),)
    revision = await revised(world, round_id, WHILE_OPEN, categories=only)
    with rehearsed_at(WHILE_OPEN), pytest.raises(RuleBroken, match="category_reduced"):
        await rounds.propose_revision(world[Role.OFFICER], revision, seen_version=2)


async def test_there_is_one_revision_under_way_at_a_time() -> None:
    world = await venture_world()
    round_id = await open_round(world)
    await revised(world, round_id, WHILE_OPEN)
    with rehearsed_at(WHILE_OPEN), pytest.raises(Conflict, match="revision_waits"):
        await rounds.revise_round(world[Role.OFFICER], round_id, note="再改一次")


async def test_a_returned_draft_goes_back_and_a_discarded_one_leaves_the_terms() -> None:
    world = await venture_world()
    round_id = await open_round(world)
    revision = await revised(world, round_id, WHILE_OPEN, phone="0512-53500009")
    with rehearsed_at(WHILE_OPEN):
        await rounds.propose_revision(world[Role.OFFICER], revision, seen_version=2)
        await rounds.return_revision(
            world[Role.SECTION_HEAD], revision, seen_version=3, reason="电话有误"
        )
        await rounds.discard_revision(world[Role.OFFICER], revision, seen_version=4)
    found = await queries.round_of(round_id)
    assert found.terms == terms(world) and found.waiting_revision is None


async def test_the_first_draft_is_not_discarded() -> None:
    world = await venture_world()
    _, revision = await drafted(world)
    with pytest.raises(RuleBroken, match="first_draft"):
        await rounds.discard_revision(world[Role.OFFICER], revision, seen_version=2)


async def test_a_stale_page_changes_no_terms() -> None:
    world = await venture_world()
    _, revision = await drafted(world)
    with pytest.raises(Conflict, match="stale"):
        await rounds.save_draft(world[Role.OFFICER], revision, {}, seen_version=1)


async def test_a_round_opens_and_closes_on_its_second() -> None:
    world = await venture_world()
    round_id = await published(world)
    second = timedelta(seconds=1)
    assert await rounds.open_due_rounds(OPENS - second) == []
    assert await rounds.open_due_rounds(OPENS) == [round_id]
    assert await rounds.close_due_rounds(CLOSES - second) == []
    assert await rounds.close_due_rounds(CLOSES) == [round_id]
    assert await rounds.close_due_rounds(AFTER) == []
    assert await state_of(round_id) == "SCREENING"


async def test_a_round_is_copied_to_the_next_year() -> None:
    world = await venture_world()
    round_id = await published(world)
    with rehearsed_at(BEFORE):
        copied = await rounds.copy_round(world[Role.OFFICER], round_id, today=BEFORE.date())
    (draft,) = await queries.revisions(copied)
    found = await queries.round_of(copied)
    assert (found.fiscal_year, found.title) == (2027, "2027 年公益创投")
    assert draft.body["line_id"] is None
    assert draft.body["opens_at"].startswith("2027-06-01")


async def test_a_round_with_applications_is_not_called_off() -> None:
    world = await venture_world()
    round_id = await open_round(world)
    head = world[Role.SECTION_HEAD]
    with pytest.raises(RuleBroken, match="applications_stand"):
        await rounds.call_off_round(
            head, round_id, standing=Standing(applications=1), reason="资金未到位"
        )
    with pytest.raises(RuleBroken, match=r"call\.reason"):
        await rounds.call_off_round(head, round_id, standing=Standing(), reason="")
    await rounds.call_off_round(head, round_id, standing=Standing(), reason="资金未到位")
    assert await state_of(round_id) == "CANCELLED"


async def test_a_round_cites_published_needs_only() -> None:
    world = await venture_world()
    round_id = await published(world)
    known = await published_need(world)
    entered = await needs.enter_need(world[Role.TOWN_REVIEWER], NEED)
    await rounds.cite_needs(world[Role.OFFICER], round_id, [known, entered])
    assert [need.id for need in await need_queries.cited_needs(round_id)] == [known]
    await rounds.cite_needs(world[Role.OFFICER], round_id, [])
    assert await need_queries.cited_needs(round_id) == []


async def test_a_question_is_read_by_all_once_it_is_answered() -> None:
    world = await venture_world()
    round_id = await open_round(world)
    agency = world[Role.APPLICANT_ORG]
    other = await add_actor(
        Role.APPLICANT_ORG, name="示例·他家", organisation_id=await add_organisation("示例他家中心")
    )
    question = await questions.ask(agency, round_id, "去年的项目还在实施，可以申报吗？")
    assert await queries.questions(round_id, asked_by=other) == []
    assert len(await queries.questions(round_id, asked_by=agency)) == 1
    await questions.answer(world[Role.OFFICER], question, "可以。")
    assert [q.answer for q in await queries.questions(round_id, asked_by=other)] == ["可以。"]
    assert (await inbox.messages(agency))[0].params["question"].startswith("去年")
    with pytest.raises(Conflict, match="answered"):
        await questions.answer(world[Role.OFFICER], question, "不可以。")


async def test_nobody_asks_after_the_call_has_closed() -> None:
    world = await venture_world()
    round_id = await open_round(world)
    await rounds.close_due_rounds(CLOSES)
    with pytest.raises(RuleBroken, match="no_questions"):
        await questions.ask(world[Role.APPLICANT_ORG], round_id, "还来得及吗？")


async def test_an_agency_asks_only_so_many_questions_at_once() -> None:
    world = await venture_world()
    round_id = await open_round(world)
    for n in range(10):
        await questions.ask(world[Role.APPLICANT_ORG], round_id, f"问题 {n}？？")
    with pytest.raises(RuleBroken, match="many_questions"):
        await questions.ask(world[Role.APPLICANT_ORG], round_id, "再问一个？")


async def test_the_story_of_a_round_is_told() -> None:
    world = await venture_world()
    round_id = await open_round(world)
    verbs = [event.verb for event in await timeline(Case("call_round", round_id))]
    assert verbs == ["open", "announce", "begin"]
    opened = (await timeline(Case("call_round", round_id)))[0]
    assert await db.value("SELECT name FROM person WHERE id = $1", SYSTEM.person_id) == opened.who
