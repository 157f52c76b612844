"""Notices are published by another person, never edited; objections hold back what they concern."""

from __future__ import annotations

import io
from collections import OrderedDict
from datetime import timedelta

import pytest
import xlsxwriter

from grants.applications.drafting import KIND as APPLICATION
from grants.budget.commitments import precommitment_of
from grants.calls import queries as calls
from grants.decisions import publicising
from grants.invariants.verify import verify
from grants.kernel.calendar import rehearsed_at
from grants.kernel.errors import Conflict, NotAllowed, NotFound, RuleBroken
from grants.kernel.identity import Role
from grants.platform import db, files
from grants.platform.audit import Case
from grants.publicity import documents, notices, objections, queries
from grants.publicity.notices import NoticeText
from grants.publicity.objections import Objected
from tests.app import browsing, send, visiting
from tests.world import YUAN, World
from tests.world_decisions import PUBLISHED, days_over, decided, publicised, state_of

pytestmark = pytest.mark.usefixtures("empty")


def said(entry_id: int | None = None) -> Objected:
    return Objected("示例·王居民", "13800000001", "该项目去年已由社区实施，内容相同。", entry_id)


async def entry_of(notice_id: int, application_id: int) -> int:
    listed = await queries.entries(notice_id)
    return next(e.id for e in listed if e.case.id == application_id)


async def objected(notice_id: int, application_id: int | None) -> int:
    entry = await entry_of(notice_id, application_id) if application_id else None
    with rehearsed_at(PUBLISHED + timedelta(days=1)):
        return await objections.raise_objection(notice_id, said(entry), network="")


async def judged(world: World, objection_id: int, verb: str) -> None:
    with rehearsed_at(PUBLISHED + timedelta(days=3)):
        await objections.judge(
            world[Role.SECTION_HEAD], objection_id, verb, finding="经查阅资料，情况属实"
        )


async def test_publishing_tells_everybody_what_was_decided_on_them() -> None:
    world, round_id, decision_id, made = await decided(3, places=1)
    assert [await state_of(one) for one in made] == ["ELIGIBLE"] * 3
    notice_id = await publicised(world, decision_id)
    assert [await state_of(one) for one in made] == ["PROPOSED", "RESERVE", "RESERVE"]
    assert (await calls.round_of(round_id)).state == "PUBLICITY"
    found = await queries.notice(notice_id)
    assert str(found.last_day) == "2026-07-20"  # Monday, five working days after the 13th
    told = await db.value(
        "SELECT count(*) FROM inbox_message m JOIN app_user u ON u.id = m.user_id "
        "WHERE u.organisation_id IS NOT NULL AND m.message_key LIKE 'decided:%'"
    )
    assert told == 3


async def test_whoever_drew_a_notice_up_does_not_publish_it() -> None:
    world, _, decision_id, _ = await decided(2)
    notice_id = await publicising.draw_up_notice(world[Role.OFFICER], decision_id)
    with pytest.raises(NotAllowed):
        await notices.publish_notice(
            world[Role.OFFICER], notice_id, seen_version=1, today=PUBLISHED.date()
        )
    text = NoticeText(
        "关于拟立项目的公示", "现将拟立项目予以公示。" * 3, "示例局", "0512-1", "某路"
    )
    await notices.change_notice(world[Role.OFFICER], notice_id, text, seen_version=1)
    with pytest.raises(Conflict):
        await notices.publish_notice(
            world[Role.SECTION_HEAD], notice_id, seen_version=1, today=PUBLISHED.date()
        )


async def test_one_draft_of_a_notice_waits_at_a_time() -> None:
    world, _, decision_id, _ = await decided(2)
    notice_id = await publicising.draw_up_notice(world[Role.OFFICER], decision_id)
    with pytest.raises(RuleBroken, match="waits already"):
        await publicising.draw_up_notice(world[Role.OFFICER], decision_id)
    await notices.discard_notice(world[Role.OFFICER], notice_id)
    assert await publicising.draw_up_notice(world[Role.OFFICER], decision_id) > notice_id


async def test_a_private_number_in_text_or_attachment_stops_the_publication() -> None:
    world, _, decision_id, _ = await decided(2)
    officer, head = world[Role.OFFICER], world[Role.SECTION_HEAD]
    notice_id = await publicising.draw_up_notice(officer, decision_id)
    case = Case(notices.KIND, notice_id)

    async def publish() -> None:
        version = (await queries.notice(notice_id)).version
        await notices.publish_notice(head, notice_id, seen_version=version, today=PUBLISHED.date())

    bad = NoticeText(
        "关于拟立项目的公示", "联系人手机 138 0000 0001，欢迎监督。" * 2, "局", "0512", "路"
    )
    await notices.change_notice(officer, notice_id, bad, seen_version=1)
    with pytest.raises(RuleBroken, match="138\\*\\*\\*\\*0001"):
        await publish()
    good = NoticeText(
        "关于拟立项目的公示", "现将拟立项目予以公示，欢迎监督。" * 2, "局", "0512", "路"
    )
    await notices.change_notice(officer, notice_id, good, seen_version=2)
    held = io.BytesIO()
    with xlsxwriter.Workbook(held) as book:
        book.add_worksheet().write("C3", "320585198506129971")
    bad_paper = await files.attach(officer, case, "名单.xlsx", held.getvalue(), "annex")
    with pytest.raises(RuleBroken, match="9971"):
        await publish()
    await files.detach(officer, case, bad_paper)
    picture = await files.attach(officer, case, "照片.png", b"\x89PNG\r\n\x1a\n" + b"x", "annex")
    with pytest.raises(RuleBroken, match="cannot be read"):
        await publish()
    await files.detach(officer, case, picture)
    await publish()
    assert (await queries.notice(notice_id)).state == "PUBLISHED"


async def test_what_is_published_never_changes() -> None:
    world, _, decision_id, _ = await decided(2)
    notice_id = await publicised(world, decision_id)
    text = NoticeText("改过的标题", "改过的正文" * 5, "示例局", "0512-1", "某路")
    with pytest.raises(Conflict, match="state has changed"):
        await notices.change_notice(world[Role.OFFICER], notice_id, text, seen_version=2)
    found = await queries.notice(notice_id)
    assert found.digest == await notices.digest_of(found, await queries.entries(notice_id))
    async with browsing(world[Role.OFFICER]) as client:
        page = f"/publicity/{notice_id}"
        sent = await client.post(
            f"{page}/attach", files={"file": ("a.pdf", b"%PDF-1.7", "application/pdf")}
        )
        assert sent.status_code in (403, 409)


async def test_the_clock_confirms_what_nobody_objects_to_and_not_a_day_early() -> None:
    world, round_id, decision_id, made = await decided(2)
    notice_id = await publicised(world, decision_id)
    found = await queries.notice(notice_id)
    assert found.last_day is not None
    last_evening = PUBLISHED.replace(month=found.last_day.month, day=found.last_day.day, hour=23)
    assert await notices.end_notices(last_evening) == []
    await days_over(notice_id)
    assert [await state_of(one) for one in made] == ["APPROVED"] * 2
    assert (await calls.round_of(round_id)).state == "CONTRACTING"


async def test_an_open_objection_holds_back_only_what_it_concerns() -> None:
    world, _, decision_id, made = await decided(2)
    notice_id = await publicised(world, decision_id)
    objection_id = await objected(notice_id, made[0])
    await days_over(notice_id)
    assert [await state_of(one) for one in made] == ["PROPOSED", "APPROVED"]
    cleared = [await queries.publicity_of(Case(APPLICATION, one)) for one in made]
    assert [one.cleared for one in cleared if one] == [False, True]
    await judged(world, objection_id, "dismiss")
    assert await state_of(made[0]) == "APPROVED"


async def test_an_objection_to_the_whole_list_holds_back_all_of_it() -> None:
    world, _, decision_id, made = await decided(2)
    notice_id = await publicised(world, decision_id)
    objection_id = await objected(notice_id, None)
    await days_over(notice_id)
    assert [await state_of(one) for one in made] == ["PROPOSED"] * 2
    with pytest.raises(RuleBroken, match="Name the line"):
        await judged(world, objection_id, "uphold")
    await judged(world, objection_id, "dismiss")
    assert [await state_of(one) for one in made] == ["APPROVED"] * 2


async def test_an_upheld_objection_drops_the_project_and_moves_the_reserve_up() -> None:
    world, _, decision_id, made = await decided(3, places=1)
    notice_id = await publicised(world, decision_id)
    await judged(world, await objected(notice_id, made[0]), "uphold")
    assert [await state_of(one) for one in made] == ["DROPPED", "PROPOSED", "RESERVE"]
    gone = await precommitment_of(Case(APPLICATION, made[0]))
    held = await precommitment_of(Case(APPLICATION, made[1]))
    assert gone is not None and gone.precommitted_fen == 0
    assert held is not None and held.precommitted_fen == 50_000 * YUAN
    await days_over(notice_id)
    assert await state_of(made[1]) == "PROPOSED"  # it has not been published itself yet
    second = await publicised(world, decision_id, PUBLISHED + timedelta(days=10))
    assert [e.case.id for e in await queries.entries(second)] == [made[1]]
    await days_over(second)
    assert await state_of(made[1]) == "APPROVED"
    assert [one for one in await verify() if one.breaches] == []


async def test_an_objection_is_judged_once_by_somebody_who_has_not_acted_on_the_notice() -> None:
    world, _, decision_id, made = await decided(2)
    notice_id = await publicised(world, decision_id)
    with rehearsed_at(PUBLISHED + timedelta(days=1)):
        written = await objections.write_down(
            world[Role.OFFICER],
            notice_id,
            said(await entry_of(notice_id, made[0])),
            channel="LETTER",
            received_on=PUBLISHED.date(),
        )
    with pytest.raises(NotAllowed):
        await objections.judge(world[Role.OFFICER], written, "dismiss", finding="情况不属实")
    with pytest.raises(RuleBroken, match="what was found"):
        await objections.judge(world[Role.SECTION_HEAD], written, "dismiss", finding=" ")
    await judged(world, written, "dismiss")
    with pytest.raises(Conflict):
        await judged(world, written, "uphold")


async def test_a_late_objection_and_one_to_another_list_are_refused() -> None:
    world, _, decision_id, _ = await decided(2)
    notice_id = await publicised(world, decision_id)
    with (
        rehearsed_at(PUBLISHED + timedelta(days=8)),
        pytest.raises(RuleBroken, match="notice runs"),
    ):
        await objections.raise_objection(notice_id, said(), network="")
    with rehearsed_at(PUBLISHED), pytest.raises(NotFound):
        await objections.raise_objection(notice_id, said(999), network="")


async def test_a_flood_of_objections_from_one_network_is_stopped() -> None:
    world, _, decision_id, _ = await decided(2)
    notice_id = await publicised(world, decision_id)
    with rehearsed_at(PUBLISHED):
        for _ in range(10):
            await objections.raise_objection(notice_id, said(), network="192.0.2.7")
        with pytest.raises(RuleBroken, match="in an hour"):
            await objections.raise_objection(notice_id, said(), network="192.0.2.7")
        await objections.raise_objection(notice_id, said(), network="192.0.2.8")


async def test_a_wrong_notice_is_withdrawn_and_its_correction_runs_anew() -> None:
    world, _, decision_id, made = await decided(2)
    notice_id = await publicised(world, decision_id)
    head = world[Role.SECTION_HEAD]
    with pytest.raises(RuleBroken, match="reason"):
        await notices.withdraw_notice(head, notice_id, reason="")
    await notices.withdraw_notice(head, notice_id, reason="名单中一处金额有误")
    again = await publicised(world, decision_id, PUBLISHED + timedelta(days=2))
    assert [e.case.id for e in await queries.entries(again)] == made
    await days_over(again)
    with pytest.raises((Conflict, RuleBroken)):
        await notices.withdraw_notice(head, again, reason="再次撤回试一试")


async def test_the_contact_is_sealed_and_reading_it_is_recorded() -> None:
    world, _, decision_id, made = await decided(2)
    notice_id = await publicised(world, decision_id)
    objection_id = await objected(notice_id, made[0])
    stored = await db.value("SELECT contact FROM objection WHERE id = $1", objection_id)
    assert b"13800000001" not in bytes(stored)
    head = world[Role.SECTION_HEAD]
    assert await objections.read_contact(head, objection_id, reason="核实情况") == "13800000001"
    seen = await db.value(
        "SELECT count(*) FROM case_event WHERE case_kind = 'objection' AND verb = 'read_contact'"
    )
    assert seen == 1
    with pytest.raises(NotAllowed):
        await objections.read_contact(world[Role.OFFICER], objection_id, reason="核实情况")


async def test_everybody_reads_a_published_notice_and_nobody_a_draft() -> None:
    world, _, decision_id, made = await decided(2)
    notice_id = await publicising.draw_up_notice(world[Role.OFFICER], decision_id)
    async with visiting("en") as visitor:
        assert (await visitor.get(f"/notices/{notice_id}")).status_code == 404
        assert (await visitor.get(f"/notices/{notice_id}/notice.pdf")).status_code == 404
    with rehearsed_at(PUBLISHED):
        await notices.publish_notice(
            world[Role.SECTION_HEAD], notice_id, seen_version=1, today=PUBLISHED.date()
        )
        async with visiting("en") as visitor:
            shown = await visitor.get(f"/notices/{notice_id}")
            assert shown.status_code == 200 and "Object" in shown.text
            paper = await visitor.get(f"/notices/{notice_id}/notice.pdf")
            assert paper.content.startswith(b"%PDF-")
            sent = await send(
                visitor,
                f"/notices/{notice_id}/objections",
                {"name": "示例·李居民", "contact": "某小区1幢", "content": "短"},
            )
            assert sent.status_code == 422 and "示例·李居民" in sent.text
            sent = await send(
                visitor,
                f"/notices/{notice_id}/objections",
                {
                    "entry": str(await entry_of(notice_id, made[0])),
                    "name": "示例·李居民",
                    "contact": "某小区1幢",
                    "content": "该机构的项目负责人并不在岗。",
                },
            )
            assert sent.status_code == 303
            again = (await visitor.get(f"/notices/{notice_id}")).text
            assert "示例·李居民" not in again  # who objects is never published
    async with browsing(world[Role.SECTION_HEAD]) as client:
        listed = (await client.get(f"/publicity/{notice_id}")).text
        assert "示例·李居民" in listed
        number = (await queries.objections(notice_id))[0].id
        shown = (await client.get(f"/objections/{number}")).text
        assert "该机构的项目负责人并不在岗" in shown and "某小区1幢" not in shown


async def test_the_same_notice_is_printed_once_however_often_visitors_ask(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    printed = []

    async def press(html: str, *, style: str) -> bytes:
        printed.append(style)
        return b"%PDF-"

    monkeypatch.setattr(documents, "render_pdf", press)
    monkeypatch.setattr(documents, "_PRINTED", OrderedDict())
    world, _, decision_id, _ = await decided(2)
    notice_id = await publicised(world, decision_id)
    async with visiting("en") as visitor:
        for _ in range(3):
            assert (await visitor.get(f"/notices/{notice_id}/notice.pdf")).content == b"%PDF-"
    assert printed == ["official"]
