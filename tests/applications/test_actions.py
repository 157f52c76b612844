"""Drafting, submitting and screening: what happens, who may, until which second."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date, timedelta

import pytest

from grants.agencies import actions as agencies
from grants.applications import drafting, jobs, queries, screening, submitting
from grants.applications.submitting import digest_of
from grants.calls import need_queries
from grants.demo.applications_of_the_year import typed
from grants.demo.names import demo_resident_id
from grants.kernel.calendar import rehearsed_at
from grants.kernel.errors import Conflict, NotAllowed, NotFound, RuleBroken
from grants.kernel.findings import Mark
from grants.kernel.identity import SYSTEM, Actor, Role
from grants.parties.rules import Standing
from grants.people.enrolment import NewColleague
from grants.platform import db, files, inbox
from grants.platform.audit import Case
from tests.world import add_actor, set_standing
from tests.world_applications import (
    PDF,
    another_agency,
    applying_world,
    close,
    drafted,
    screen,
    submit,
    submitted,
    whole,
)
from tests.world_calls import (
    AFTER,
    BEFORE,
    CLOSES,
    OPENS,
    WHILE_OPEN,
    propose_and_publish,
    published_need,
    revised,
)

pytestmark = pytest.mark.usefixtures("empty")
SECOND = timedelta(seconds=1)


async def state_of(application: int) -> str:
    return (await queries.whoever_asks(application)).state


async def colleague_of(boss: Actor) -> Actor:
    user = await agencies.bring_in(
        boss,
        NewColleague("示例·同事", "colleague", "Taicang-2026", demo_resident_id(77), "13800000077"),
    )
    person = await db.value("SELECT person FROM app_user WHERE id = $1", user)
    return replace(boss, user_id=user, person_id=person, name="示例·同事")


# Drafting


async def test_a_draft_is_the_agencys_alone() -> None:
    world, round_id, boss = await applying_world()
    application = await drafted(boss, round_id)
    with pytest.raises(NotFound):
        await queries.application(world[Role.OFFICER], application)
    with pytest.raises(NotFound):
        await queries.application(await another_agency(), application)
    assert (await queries.application(boss, application)).title.startswith("银龄守望")


@pytest.mark.parametrize("at", [OPENS - SECOND, CLOSES, AFTER])
async def test_nothing_is_begun_outside_the_window(at: object) -> None:
    _, round_id, boss = await applying_world()
    with rehearsed_at(at), pytest.raises(RuleBroken, match="not_open"):  # type: ignore[arg-type]
        await drafting.begin_application(boss, round_id)


async def test_what_is_typed_is_kept_right_or_wrong() -> None:
    _, round_id, boss = await applying_world()
    with rehearsed_at(WHILE_OPEN):
        application = await drafting.begin_application(boss, round_id)
        wrong = typed(title="短", starts_on="someday", summary="🙂 ｆｕｌｌ")
        version = await drafting.save_section(boss, application, "project", wrong, seen_version=0)
    section = await queries.section(application, "project")
    assert section is not None and version == 1
    assert not section.whole and dict(section.typed) == wrong


async def test_two_colleagues_in_one_section_lose_nothing() -> None:
    _, round_id, boss = await applying_world()
    colleague = await colleague_of(boss)
    with rehearsed_at(WHILE_OPEN):
        application = await drafting.begin_application(boss, round_id)
        await drafting.save_section(
            boss, application, "project", typed(title="甲的标题"), seen_version=0
        )
        with pytest.raises(Conflict, match="section_stale"):
            await drafting.save_section(
                colleague, application, "project", typed(title="乙的标题"), seen_version=0
            )
    section = await queries.section(application, "project")
    assert section is not None and section.typed["title"] == ["甲的标题"]
    assert section.saved_by == boss.name


async def test_two_sections_are_written_at_once() -> None:
    _, round_id, boss = await applying_world()
    colleague = await colleague_of(boss)
    with rehearsed_at(WHILE_OPEN):
        application = await drafting.begin_application(boss, round_id)
        sections = whole()
        await asyncio.gather(
            *(
                drafting.save_section(who, application, code, sections[code], seen_version=0)
                for who, code in ((boss, "plan"), (colleague, "risks"), (boss, "goals"))
            )
        )
    assert set(await queries.sections(application)) == {"plan", "risks", "goals"}


async def test_a_section_of_a_hundred_thousand_characters_is_refused() -> None:
    _, round_id, boss = await applying_world()
    with rehearsed_at(WHILE_OPEN):
        application = await drafting.begin_application(boss, round_id)
        with pytest.raises(RuleBroken, match="section_long"):
            await drafting.save_section(
                boss, application, "plan", typed(method="长🙂" * 50_000), seen_version=0
            )
        with pytest.raises(NotFound):
            await drafting.save_section(boss, application, "secrets", {}, seen_version=0)


async def test_what_the_agency_said_of_itself_is_used_again() -> None:
    _, round_id, boss = await applying_world()
    await drafted(boss, round_id)
    with rehearsed_at(WHILE_OPEN):
        second = await drafting.begin_application(boss, round_id)
    assert (await queries.sections(second))["agency"].whole


async def test_an_agency_has_only_so_many_drafts() -> None:
    _, round_id, boss = await applying_world()
    with rehearsed_at(WHILE_OPEN):
        for _ in range(10):
            await drafting.begin_application(boss, round_id)
        with pytest.raises(RuleBroken, match="many_drafts"):
            await drafting.begin_application(boss, round_id)


async def test_papers_are_attached_under_the_codes_of_the_call_and_taken_off() -> None:
    _, round_id, boss = await applying_world()
    application = await drafted(boss, round_id, papers=False)
    with rehearsed_at(WHILE_OPEN):
        with pytest.raises(NotFound):
            await drafting.attach_paper(boss, application, "SECRET", "a.pdf", PDF)
        with pytest.raises(RuleBroken, match=r"file\.kind"):
            await drafting.attach_paper(boss, application, "CONSENT", "a.pdf", b"MZ program")
        with pytest.raises(RuleBroken, match="other_kind"):
            await drafting.attach_paper(boss, application, "CONSENT", "a.docx", PDF)
        paper = await drafting.attach_paper(
            boss, application, "CONSENT", "../../etc/同意函.pdf", PDF
        )
        (kept,) = await files.list_attachments(Case("application", application))
        assert (kept.name, kept.purpose) == ("同意函.pdf", "CONSENT")
        with pytest.raises(NotFound):
            await drafting.remove_paper(await another_agency(), application, paper)
        await drafting.remove_paper(boss, application, paper)
    assert await files.list_attachments(Case("application", application)) == []


# Submitting


async def test_a_submission_keeps_word_for_word_what_was_submitted() -> None:
    world, round_id, boss = await applying_world()
    need = await published_need(world)
    application = await drafted(boss, round_id, project={"need_id": need})
    await submit(boss, application)
    (submission,) = await queries.submissions(application)
    content = submission.content
    assert submission.digest == digest_of(content)
    assert content["sections"]["budget"]["rows"][0]["grant_fen"] == 2_070_000
    assert len(content["papers"]) == 4 and content["organisation"]["grade"] == "3A"
    found = await queries.application(world[Role.OFFICER], application)
    assert (found.state, found.asked_fen, found.need_id) == ("SUBMITTED", 5_990_000, need)
    assert (await inbox.messages(boss))[0].params == {"number": found.number}


@pytest.mark.parametrize(
    ("at", "taken"),
    [(CLOSES - SECOND, True), (CLOSES, False), (CLOSES + SECOND, False), (AFTER, False)],
)
async def test_nothing_is_taken_from_the_last_second_on(at: object, taken: bool) -> None:
    _, round_id, boss = await applying_world()
    application = await drafted(boss, round_id)
    if taken:
        await submit(boss, application, at=at)  # type: ignore[arg-type]
        assert await state_of(application) == "SUBMITTED"
    else:
        with pytest.raises(RuleBroken, match="too_late"):
            await submit(boss, application, at=at)  # type: ignore[arg-type]
        assert await state_of(application) == "DRAFT"


async def test_only_the_legal_representative_submits() -> None:
    _, round_id, boss = await applying_world()
    application = await drafted(boss, round_id)
    with pytest.raises(NotAllowed, match="not_representative"):
        await submit(await colleague_of(boss), application)


async def test_an_agency_without_a_recorded_representative_is_told_what_to_do() -> None:
    world, round_id, _ = await applying_world()
    agency = world[Role.APPLICANT_ORG]
    application = await drafted(agency, round_id)
    with pytest.raises(NotAllowed, match="no_representative"):
        await submit(agency, application)


async def test_a_draft_that_is_not_whole_or_not_declared_is_not_submitted() -> None:
    _, round_id, boss = await applying_world()
    application = await drafted(boss, round_id, papers=False)
    with pytest.raises(RuleBroken, match="not_whole"):
        await submit(boss, application)
    other = await drafted(boss, round_id)
    with rehearsed_at(WHILE_OPEN), pytest.raises(RuleBroken, match="not_declared"):
        await submitting.submit_application(boss, other, seen_version=1, declared=False)


async def test_two_who_submit_at_once_submit_once() -> None:
    _, round_id, boss = await applying_world()
    application = await drafted(boss, round_id)
    with rehearsed_at(WHILE_OPEN):
        done = await asyncio.gather(
            *(
                submitting.submit_application(boss, application, seen_version=1, declared=True)
                for _ in range(2)
            ),
            return_exceptions=True,
        )
    assert sum(isinstance(one, int) for one in done) == 1
    assert sum(isinstance(one, Conflict) for one in done) == 1
    assert len(await queries.submissions(application)) == 1


async def test_it_is_withdrawn_changed_and_submitted_again_before_the_close() -> None:
    _, round_id, boss = await applying_world()
    application = await submitted(boss, round_id)
    with rehearsed_at(WHILE_OPEN):
        with pytest.raises(RuleBroken, match="not_writable"):
            await drafting.save_section(
                boss, application, "risks", whole()["risks"], seen_version=1
            )
        found = await queries.application(boss, application)
        await submitting.withdraw_application(boss, application, seen_version=found.version)
        changed = whole(project={"title": "银龄守望（修改稿）"})["project"]
        await drafting.save_section(boss, application, "project", changed, seen_version=1)
    await submit(boss, application)
    last, first = await queries.submissions(application)
    assert last.content["sections"]["project"]["title"] == "银龄守望（修改稿）"
    assert first.content["sections"]["project"]["title"].startswith("银龄守望：")


async def test_nothing_is_withdrawn_after_the_close() -> None:
    _, round_id, boss = await applying_world()
    application = await submitted(boss, round_id)
    found = await queries.application(boss, application)
    with rehearsed_at(CLOSES), pytest.raises(RuleBroken, match="too_late"):
        await submitting.withdraw_application(boss, application, seen_version=found.version)


async def test_an_application_keeps_the_revision_it_came_under() -> None:
    world, round_id, boss = await applying_world()
    application = await submitted(boss, round_id)
    later = CLOSES + timedelta(days=3)
    revision = await revised(world, round_id, WHILE_OPEN, closes_at=later, pass_mark=75)
    await propose_and_publish(world, revision, WHILE_OPEN)
    found = await queries.application(boss, application)
    assert found.terms.pass_mark == 70 and found.terms.closes_at == CLOSES
    fresh = await drafted(boss, round_id)
    assert (await queries.application(boss, fresh)).terms.pass_mark == 75


# Screening


async def test_applications_are_screened_after_the_call_has_closed() -> None:
    world, round_id, boss = await applying_world()
    application = await submitted(boss, round_id)
    with pytest.raises(RuleBroken, match="still_open"):
        await screen(world, application, at=WHILE_OPEN)
    await close(round_id)
    await screen(world, application, at=AFTER)
    assert await state_of(application) == "ELIGIBLE"
    (verdict,) = await queries.screenings(application)
    assert (verdict.verdict, len(verdict.findings)) == ("PASS", 15)


async def test_what_a_check_fails_cannot_pass_and_fails_with_its_reason() -> None:
    world, round_id, boss = await applying_world()
    application = await submitted(boss, round_id)
    await close(round_id)
    assert boss.organisation_id is not None
    await set_standing(boss.organisation_id, Standing.ABNORMAL)
    with pytest.raises(RuleBroken, match="checks_fail"):
        await screen(world, application, at=AFTER)
    with pytest.raises(RuleBroken, match=r"application\.reason"):
        await screen(world, application, "fail", at=AFTER)
    await screen(world, application, "fail", "列入活动异常名录", at=AFTER)
    assert await state_of(application) == "INELIGIBLE"
    assert (await inbox.messages(boss))[0].params["reason"] == "列入活动异常名录"


async def test_a_supplement_is_asked_for_once_and_within_its_days() -> None:
    world, round_id, boss = await applying_world()
    application = await submitted(boss, round_id)
    await close(round_id)
    await screen(world, application, "ask_supplement", "社区同意函缺盖章", at=AFTER)
    found = await queries.application(boss, application)
    assert found.supplement_until == date(2026, 6, 24)  # after the Dragon Boat holiday
    supplement_day = AFTER + timedelta(days=3)
    with rehearsed_at(supplement_day):
        await drafting.attach_paper(boss, application, "CONSENT", "同意函（补）.pdf", PDF)
        await submitting.send_supplement(
            boss, application, seen_version=found.version, declared=True
        )
    assert len((await queries.submissions(application))[0].content["papers"]) == 5
    with pytest.raises(RuleBroken, match="supplemented"):
        await screen(world, application, "ask_supplement", "再补一次", at=supplement_day)
    await screen(world, application, at=supplement_day)


async def test_a_supplement_comes_too_late_after_its_last_day() -> None:
    world, round_id, boss = await applying_world()
    application = await submitted(boss, round_id)
    await close(round_id)
    await screen(world, application, "ask_supplement", "社区同意函缺盖章", at=AFTER)
    found = await queries.application(boss, application)
    last_day = AFTER.replace(month=6, day=24, hour=23, minute=59)
    with rehearsed_at(last_day):
        assert await screening.end_supplements(round_id) == 0
    with rehearsed_at(last_day + timedelta(minutes=1)):
        with pytest.raises(RuleBroken, match="supplement_late"):
            await submitting.send_supplement(
                boss, application, seen_version=found.version, declared=True
            )
        assert await screening.end_supplements(round_id) == 1
    assert await state_of(application) == "SUBMITTED"


async def test_a_verdict_is_taken_back_with_a_reason() -> None:
    world, round_id, boss = await applying_world()
    application = await submitted(boss, round_id)
    await close(round_id)
    await screen(world, application, "fail", "误判为逾期", at=AFTER)
    await screen(world, application, "reconsider", "核实后撤回", at=AFTER)
    await screen(world, application, at=AFTER)
    verdicts = [one.verdict for one in await queries.screenings(application)]
    assert verdicts == ["PASS", "RECONSIDER", "FAIL"]


async def test_another_application_of_the_same_agency_is_looked_at() -> None:
    world, round_id, boss = await applying_world()
    application = await submitted(boss, round_id)
    await submitted(boss, round_id, project={"title": "放学后的一小时"})
    await close(round_id)
    found = await queries.application(world[Role.OFFICER], application)
    with rehearsed_at(AFTER):
        findings = await screening.findings_on(world[Role.OFFICER], found)
    marks = {one.rule: one.mark for one in findings if one.mark is not Mark.PASS}
    assert marks == {"one_project_a_year": Mark.LOOK}


async def test_drafts_lapse_when_the_call_has_closed() -> None:
    _, round_id, boss = await applying_world()
    application = await drafted(boss, round_id)
    await close(round_id)
    with rehearsed_at(AFTER):
        assert await screening.lapse_drafts(round_id) == 1
        with pytest.raises(RuleBroken, match="not_writable"):
            await drafting.save_section(
                boss, application, "risks", whole()["risks"], seen_version=1
            )
    assert await state_of(application) == "LAPSED"


async def test_the_review_begins_when_every_application_has_its_verdict() -> None:
    world, round_id, boss = await applying_world()
    application = await submitted(boss, round_id)
    await close(round_id)
    with pytest.raises(RuleBroken, match="unscreened"):
        await screening.begin_review(world[Role.OFFICER], round_id)
    await screen(world, application, at=AFTER)
    await screening.begin_review(world[Role.OFFICER], round_id)
    with pytest.raises(RuleBroken, match="still_open"):
        await screen(world, application, "reconsider", "太晚了吧", at=AFTER)


async def test_a_discarded_draft_is_out_of_every_list() -> None:
    _, round_id, boss = await applying_world()
    application = await drafted(boss, round_id)
    await drafting.discard_application(boss, application)
    count, _ = await queries.count_applications(boss, queries.ApplicationFilter())
    assert count == 0 and await state_of(application) == "DISCARDED"


async def test_the_chain_from_need_to_project_is_seen() -> None:
    world, round_id, boss = await applying_world()
    need = await published_need(world)
    application = await submitted(boss, round_id, project={"need_id": need})
    listed = await queries.applications(
        world[Role.OFFICER], queries.ApplicationFilter(need_id=need)
    )
    assert [one.id for one in listed] == [application]
    assert (await need_queries.need(boss, need)).title == "四楼以上高龄老人下楼难"


async def test_nobody_but_the_office_screens() -> None:
    world, round_id, boss = await applying_world()
    application = await submitted(boss, round_id)
    await close(round_id)
    with rehearsed_at(AFTER), pytest.raises(NotAllowed):
        await screening.screen_application(boss, application, "pass", seen_version=2)
    town = world[Role.TOWN_REVIEWER]
    with rehearsed_at(AFTER), pytest.raises(NotAllowed):
        await screening.screen_application(town, application, "pass", seen_version=2)


async def test_whoever_has_no_agency_begins_no_application() -> None:
    world, round_id, _ = await applying_world()
    lost = await add_actor(Role.EXPERT, name="示例·专家")
    for actor in (world[Role.OFFICER], lost, SYSTEM):
        with rehearsed_at(BEFORE), pytest.raises(NotAllowed):
            await drafting.begin_application(actor, round_id)


async def test_agencies_are_reminded_of_drafts_before_the_close() -> None:
    _, round_id, boss = await applying_world()
    await drafted(boss, round_id)
    await submitted(boss, round_id, project={"title": "放学后的一小时"})
    for days, said in ((8, "0 messages"), (7, "1 messages"), (7, "0 messages"), (1, "1 messages")):
        with rehearsed_at(CLOSES - timedelta(days=days, hours=8)):
            assert await jobs.remind_drafts() == said


async def test_the_windows_job_ends_what_is_over() -> None:
    world, round_id, boss = await applying_world()
    draft = await drafted(boss, round_id)
    late = await submitted(boss, round_id, project={"title": "放学后的一小时"})
    await close(round_id)
    await screen(world, late, "ask_supplement", "社区同意函缺盖章", at=AFTER)
    with rehearsed_at(AFTER + timedelta(days=9)):
        assert await jobs.end_windows() == "1 drafts lapsed, 1 supplements overdue"
        assert await jobs.end_windows() == "0 drafts lapsed, 0 supplements overdue"
    assert (await state_of(draft), await state_of(late)) == ("LAPSED", "SUBMITTED")
