"""Panels and scores: drawn, declared, recused, sealed, signed, opened, changed with a reason."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from grants.calls import queries as calls
from grants.kernel.calendar import ZONE
from grants.kernel.errors import Conflict, NotAllowed, NotFound, RuleBroken
from grants.kernel.identity import SYSTEM, Role
from grants.kernel.money import Fen
from grants.platform import inbox
from grants.platform.audit import Case, timeline
from grants.platform.texts import texts
from grants.selection import documents, experts, offline, panels, queries, scoring, seats
from grants.selection.defence import Plan, as_calendar, drawn_slots
from grants.selection.experts import ExpertDetails
from grants.selection.ranking import ranking_of
from grants.selection.reviewing import attachment_for, paper_of, without_names
from grants.selection.rules import ExpertKind, TieKind, compose_panel, drawn_order
from grants.selection.seats import Declared
from tests.world import YUAN, add_actor
from tests.world_applications import organisation_of
from tests.world_calls import AFTER
from tests.world_selection import (
    KINDS,
    MIDDLE,
    PASSWORD,
    add_expert,
    add_pool,
    drawn_panel,
    fill,
    fill_and_sign,
    given,
    opened_panel,
    round_in_review,
    scoring_panel,
    seated,
    sheets_of,
    with_timetable,
)

pytestmark = pytest.mark.usefixtures("empty")
DAY = AFTER.date()


async def verbs_of(panel_id: int) -> list[str]:
    return [event.verb for event in await timeline(Case("panel", panel_id))]


# The draw


async def test_a_panel_is_drawn_by_a_recorded_seed_that_anybody_can_repeat() -> None:
    world, round_id, _, _ = await round_in_review()
    await add_pool(world)
    panel_id = await drawn_panel(world, round_id, seed="2026")
    panel = await queries.panel(panel_id)
    terms = (await calls.round_of(round_id)).terms
    assert terms is not None
    again = compose_panel(drawn_order(await queries.pool(), panel.seed), terms)
    assert isinstance(again, list)
    drawn = await queries.members(panel_id)
    assert [one.expert_id for one in drawn] == [one.expert_id for one in again]
    assert [one.is_chair for one in drawn] == [True] + [False] * 6
    assert len(panel.pool) == len(KINDS)


async def test_whoever_is_tied_to_an_applicant_is_kept_away_before_the_draw() -> None:
    world, round_id, _, boss = await round_in_review()
    await add_pool(world)
    tied = await add_expert(world, ExpertKind.FINANCE, "示例·理事")
    pool = {one.person_id: one for one in await queries.experts()}
    organisation = (await organisation_of(boss)).id
    await experts.record_tie(
        world[Role.OFFICER],
        pool[tied.person_id].id,
        organisation,
        TieKind.DIRECTOR,
        date(2025, 1, 1),
    )
    for seed in "abcdef":
        panel_id = await drawn_panel(world, round_id, seed=seed)
        assert tied.person_id not in {one.person_id for one in await queries.members(panel_id)}
        kept = [one["name"] for one in (await queries.panel(panel_id)).pool if one["kept_away"]]
        assert kept == ["示例·理事"]
        await panels.dissolve_panel(
            world[Role.OFFICER], panel_id, seen_version=1, reason="再抽一次看看"
        )


async def test_a_pool_that_conflicts_leave_too_small_draws_no_panel() -> None:
    world, round_id, _, _ = await round_in_review()
    await add_pool(world, KINDS[:6])
    with pytest.raises(RuleBroken, match="panel"):
        await drawn_panel(world, round_id)
    assert await queries.panels_of(round_id) == []


async def test_a_category_has_one_panel() -> None:
    world, round_id, _, _ = await round_in_review()
    await add_pool(world)
    await drawn_panel(world, round_id)
    with pytest.raises(Conflict, match="category_taken"):
        await drawn_panel(world, round_id)


async def test_panels_are_drawn_when_the_screening_is_over() -> None:
    from tests.world_applications import applying_world

    world, round_id, _ = await applying_world()
    await add_pool(world)
    with pytest.raises(RuleBroken, match="not_in_review"):
        await drawn_panel(world, round_id)


async def test_nobody_but_the_office_draws() -> None:
    world, round_id, _, boss = await round_in_review()
    people = await add_pool(world)
    for actor in (boss, next(iter(people.values())), world[Role.FIN_OFFICER]):
        with pytest.raises(NotAllowed):
            await panels.draw_panel(actor, round_id, name="组", categories=["A"], today=DAY)


async def test_a_person_is_in_the_pool_once() -> None:
    world, _, _, _ = await round_in_review(1)
    expert = await add_expert(world, ExpertKind.FINANCE, "示例·专家")
    with pytest.raises(Conflict, match="known"):
        await experts.add_expert(
            world[Role.OFFICER], expert.person_id, ExpertDetails(ExpertKind.OTHER, "")
        )


# Declaring and recusing


async def test_a_declared_tie_recuses_and_draws_a_substitute_of_the_same_kind() -> None:
    world, round_id, _, boss = await round_in_review()
    people = await add_pool(world)
    panel_id = await drawn_panel(world, round_id)
    finance = next(one for one in await queries.members(panel_id) if one.kind == "FINANCE")
    tie = Declared((await organisation_of(boss)).id, TieKind.KIN)
    state = await seats.declare(people[finance.person_id], panel_id, [tie], today=DAY)
    assert state == "RECUSED"
    now = [one for one in await queries.members(panel_id) if one.state != "RECUSED"]
    assert len(now) == 7 and any(one.kind == "FINANCE" for one in now)
    assert finance.person_id not in {one.person_id for one in now}
    assert {"recuse", "redraw"} <= set(await verbs_of(panel_id))


async def test_a_tie_to_somebody_who_did_not_apply_recuses_nobody() -> None:
    world, round_id, _, _ = await round_in_review()
    people = await add_pool(world)
    panel_id = await drawn_panel(world, round_id)
    member = (await seated(panel_id, people))[0]
    tie = Declared(world.organisation, TieKind.EMPLOYEE)
    assert await seats.declare(member, panel_id, [tie], today=DAY) == "CONFIRMED"
    with pytest.raises(Conflict, match="declared"):
        await seats.declare(member, panel_id, [], today=DAY)


async def test_the_chair_passes_on_when_the_chair_is_recused() -> None:
    world, round_id, _, _ = await round_in_review()
    await add_pool(world)
    panel_id = await drawn_panel(world, round_id)
    chair, following, *_ = await queries.members(panel_id)
    await seats.recuse_member(
        world[Role.OFFICER], panel_id, chair.id, reason="因公出差不能参加", today=DAY
    )
    chairs = [one.id for one in await queries.members(panel_id) if one.is_chair]
    assert chairs == [following.id]


async def test_a_recusal_stands_even_where_nobody_can_take_the_seat() -> None:
    world, round_id, _, _ = await round_in_review()
    await add_pool(world, KINDS[:7])
    panel_id = await drawn_panel(world, round_id)
    member = (await queries.members(panel_id))[3]
    await seats.recuse_member(
        world[Role.OFFICER], panel_id, member.id, reason="因公出差不能参加", today=DAY
    )
    assert "redraw_failed" in await verbs_of(panel_id)
    with pytest.raises(RuleBroken, match="panel"):
        await seats.fill_seats(world[Role.OFFICER], panel_id, today=DAY)
    await add_expert(world, ExpertKind(member.kind), "示例·补缺")
    await seats.fill_seats(world[Role.OFFICER], panel_id, today=DAY)
    standing = [one for one in await queries.members(panel_id) if one.state != "RECUSED"]
    assert len(standing) == 7


async def test_whoever_was_not_drawn_finds_no_panel() -> None:
    world, round_id, _, _ = await round_in_review()
    await add_pool(world)
    panel_id = await drawn_panel(world, round_id)
    stranger = await add_expert(world, ExpertKind.OTHER, "示例·局外")
    with pytest.raises(NotFound):
        await seats.declare(stranger, panel_id, [], today=DAY)


async def test_scoring_begins_when_every_seat_is_declared() -> None:
    world, round_id, _, _ = await round_in_review()
    people = await add_pool(world)
    panel_id = await drawn_panel(world, round_id)
    with pytest.raises(RuleBroken, match="undeclared"):
        await panels.begin_scoring(world[Role.OFFICER], panel_id, seen_version=1)
    members = await seated(panel_id, people)
    for member in members:
        await seats.declare(member, panel_id, [], today=DAY)
    await panels.begin_scoring(world[Role.OFFICER], panel_id, seen_version=1)
    assert len(await sheets_of(members[0], panel_id)) == 2


# Scoring


async def test_a_sheet_is_kept_and_only_its_own_member_reads_it() -> None:
    _, panel_id, members, _ = await scoring_panel()
    first, second, *_ = members
    sheet = (await sheets_of(first, panel_id))[0]
    assert await scoring.save_sheet(first, sheet.id, given(), seen_version=1) == 2
    with pytest.raises(NotFound):
        await queries.own_sheet(second, sheet.id)
    with pytest.raises(NotFound):
        await scoring.save_sheet(second, sheet.id, given(), seen_version=2)
    with pytest.raises(Conflict, match="stale"):
        await scoring.save_sheet(first, sheet.id, given(), seen_version=1)


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("sheet.points", {"points": {"NEED": 21}}),
        ("sheet.points", {"points": {"NEED": -1}}),
        ("sheet.criterion", {"points": {"BEAUTY": 3}}),
        ("sheet.amount", {"suggested_fen": Fen(5_990_001)}),
        ("sheet.amount", {"suggested_fen": Fen(-1)}),
        ("sheet.defence", {"defence": 101}),
    ],
)
async def test_what_is_above_the_maximum_is_refused(code: str, change: dict[str, object]) -> None:
    _, panel_id, members, _ = await scoring_panel(applications=1)
    (sheet,) = await sheets_of(members[0], panel_id)
    with pytest.raises(RuleBroken) as caught:
        await scoring.save_sheet(members[0], sheet.id, given(**change), seen_version=1)
    assert caught.value.code == code


async def test_words_are_needed_at_the_extremes_before_signing() -> None:
    _, panel_id, members, _ = await scoring_panel(applications=1)
    member = members[0]
    await fill(member, panel_id, NEED=20)
    with pytest.raises(RuleBroken, match="unfinished"):
        await scoring.sign_sheets(member, panel_id, PASSWORD)
    await fill(member, panel_id, NEED=20, comments={"NEED": "调查扎实，有逐户名单"})
    await scoring.sign_sheets(member, panel_id, PASSWORD)


async def test_a_wrong_password_signs_nothing_and_counts_towards_the_lock() -> None:
    _, panel_id, members, _ = await scoring_panel(applications=1)
    await fill(members[0], panel_id)
    for _ in range(5):
        with pytest.raises(NotAllowed, match=r"signature\.wrong"):
            await scoring.sign_sheets(members[0], panel_id, "wrong")
    with pytest.raises(NotAllowed, match="locked"):
        await scoring.sign_sheets(members[0], panel_id, PASSWORD)
    assert (await queries.own_seat(members[0], panel_id)).documents_signed_at is None


async def test_what_is_signed_is_not_changed() -> None:
    _, panel_id, members, _ = await scoring_panel(applications=1)
    member = members[0]
    assert not await fill_and_sign(member, panel_id)
    (sheet,) = await sheets_of(member, panel_id)
    with pytest.raises(RuleBroken, match=r"sheet\.signed"):
        await scoring.save_sheet(member, sheet.id, given(NEED=10), seen_version=sheet.version)
    with pytest.raises(Conflict, match=r"sheet\.signed"):
        await scoring.sign_sheets(member, panel_id, PASSWORD)


async def test_scores_are_sealed_until_the_last_member_has_signed() -> None:
    _, panel_id, members, _ = await scoring_panel(applications=1)
    panel = await queries.panel(panel_id)
    terms = (await calls.round_of(panel.round_id)).terms
    assert terms is not None
    opened = []
    for member in members:
        assert (await ranking_of(panel.round_id, terms)).lines == []
        opened.append(await fill_and_sign(member, panel_id))
    assert opened == [False] * 6 + [True]
    (line,) = (await ranking_of(panel.round_id, terms)).lines
    assert (str(line.ranked.score), line.recommended_fen) == ("80.00", 50_000 * YUAN)


async def test_nobody_scores_after_being_recused() -> None:
    world, panel_id, members, _ = await scoring_panel(applications=1)
    member = members[2]
    (sheet,) = await sheets_of(member, panel_id)
    seat = await queries.own_seat(member, panel_id)
    await seats.recuse_member(
        member, panel_id, seat.id, reason="发现与申报单位负责人是亲属", today=DAY
    )
    with pytest.raises(RuleBroken, match=r"sheet\.recused"):
        await scoring.save_sheet(member, sheet.id, given(), seen_version=sheet.version)
    with pytest.raises(RuleBroken, match=r"sheet\.recused"):
        await scoring.sign_sheets(member, panel_id, PASSWORD)
    assert (await inbox.messages(world[Role.OFFICER]))[0].link == f"/panels/{panel_id}"


async def test_a_second_account_of_a_member_is_the_same_member() -> None:
    _, panel_id, members, _ = await scoring_panel(applications=1)
    member = members[0]
    second = await add_actor(Role.EXPERT, name="示例·同一人", person_id=member.person_id)
    (sheet,) = await sheets_of(second, panel_id)
    await scoring.save_sheet(second, sheet.id, given(), seen_version=1)
    assert [one.id for one in await sheets_of(member, panel_id)] == [sheet.id]


async def test_a_late_substitute_gets_his_sheets_when_he_has_declared() -> None:
    world, panel_id, members, _ = await scoring_panel()
    seat = (await queries.members(panel_id))[4]
    await seats.recuse_member(
        world[Role.OFFICER], panel_id, seat.id, reason="因病不能继续评审", today=DAY
    )
    late = (await queries.members(panel_id))[-1]
    substitute = await _actor_of(late.person_id)
    await seats.declare(substitute, panel_id, [], today=DAY)
    assert len(await sheets_of(substitute, panel_id)) == 2
    for member in members:
        if member.person_id != seat.person_id:
            assert not await fill_and_sign(member, panel_id)
    assert await fill_and_sign(substitute, panel_id)


async def _actor_of(person_id: int) -> object:
    from grants.kernel.identity import Actor
    from grants.platform import db

    found = await db.row("SELECT id FROM app_user WHERE person = $1", person_id)
    assert found is not None
    return Actor(found["id"], person_id, "示例·替补", frozenset({Role.EXPERT}))


async def test_one_steps_back_from_one_application_and_is_minuted() -> None:
    _, panel_id, members, made = await scoring_panel()
    sheet = (await sheets_of(members[0], panel_id))[0]
    await scoring.step_back(members[0], sheet.id, reason="曾参与该项目设计")
    assert "step_back" in await verbs_of(panel_id)
    for n, member in enumerate(members):
        opened = await fill_and_sign(member, panel_id)
        assert opened is (n == 6)
    panel = await queries.panel(panel_id)
    terms = (await calls.round_of(panel.round_id)).terms
    assert terms is not None
    counts = {
        one.ranked.application_id: len(one.totals)
        for one in (await ranking_of(panel.round_id, terms)).lines
    }
    assert counts == {made[0]: 6, made[1]: 7}


async def test_so_many_may_step_back_that_five_are_left() -> None:
    _, panel_id, members, _ = await scoring_panel(applications=1)
    for member in members[:2]:
        (sheet,) = await sheets_of(member, panel_id)
        await scoring.step_back(member, sheet.id, reason="曾参与该项目设计")
    (sheet,) = await sheets_of(members[2], panel_id)
    with pytest.raises(RuleBroken, match="too_few_left"):
        await scoring.step_back(members[2], sheet.id, reason="曾参与该项目设计")


async def test_a_change_after_the_opening_needs_reason_and_signature_and_keeps_history() -> None:
    _, panel_id, members, _ = await opened_panel(1)
    (sheet,) = await sheets_of(members[0], panel_id)
    with pytest.raises(RuleBroken, match=r"panel\.reason"):
        await scoring.change_after_opening(
            members[0], sheet.id, given(), secret=PASSWORD, reason=""
        )
    with pytest.raises(NotAllowed):
        await scoring.change_after_opening(
            members[0], sheet.id, given(), secret="wrong", reason="漏看附件三"
        )
    await scoring.change_after_opening(
        members[0], sheet.id, given(NEED=15), secret=PASSWORD, reason="漏看附件三"
    )
    event = (await timeline(Case("panel", panel_id)))[0]
    assert (event.verb, event.reason) == ("change_score", "漏看附件三")
    assert (event.facts["before"], event.facts["after"]) == (76, 79)


async def test_the_chair_alone_comments_on_scores_that_lie_far_apart() -> None:
    _, panel_id, members, made = await scoring_panel(applications=1)
    for n, member in enumerate(members):
        words = {"PLAN": "与目标脱节", "NEED": "与社区无关"}
        low = {"PLAN": 1, "NEED": 1, "comments": words} if n == 6 else {}
        await fill_and_sign(member, panel_id, **low)
    panel = await queries.panel(panel_id)
    terms = (await calls.round_of(panel.round_id)).terms
    assert terms is not None
    (line,) = (await ranking_of(panel.round_id, terms)).lines
    assert line.ranked.spread == 30 and line.needs_comment
    with pytest.raises(NotAllowed, match="not_chair"):
        await scoring.comment_as_chair(members[1], panel_id, made[0], "分歧在方案")
    await scoring.comment_as_chair(members[0], panel_id, made[0], "分歧在方案与需求的判断")
    (line,) = (await ranking_of(panel.round_id, terms)).lines
    assert not line.needs_comment and line.comment.startswith("分歧")


# The defence


async def test_documents_and_defence_count_by_their_weights_and_names_open_with_the_defence() -> (
    None
):
    world, panel_id, members, _made = await scoring_panel(applications=1, defence=True)
    panel = await queries.panel(panel_id)
    terms = (await calls.round_of(panel.round_id)).terms
    assert terms is not None
    (sheet,) = await sheets_of(members[0], panel_id)
    blind = await paper_of(sheet, panel, terms, texts("zh"))
    assert blind.blind and blind.papers == []
    for member in members:
        assert not await fill_and_sign(member, panel_id)
    with pytest.raises(RuleBroken, match="no_timetable"):
        await panels.begin_defence(world[Role.OFFICER], panel_id, seen_version=panel.version)
    await with_timetable(world, panel_id)
    panel = await queries.panel(panel_id)
    await panels.begin_defence(world[Role.OFFICER], panel_id, seen_version=panel.version)
    seen = await paper_of(sheet, await queries.panel(panel_id), terms, texts("zh"))
    assert not seen.blind and len(seen.papers) == 4
    for n, member in enumerate(members):
        (sheet,) = await sheets_of(member, panel_id)
        await scoring.save_sheet(
            member, sheet.id, given(NEED=1, defence=90), seen_version=sheet.version
        )
        assert await scoring.sign_sheets(member, panel_id, PASSWORD) is (n == 6)
    (line,) = (await ranking_of(panel.round_id, terms)).lines
    assert str(line.ranked.score) == "84.00"  # 80 x 60% + 90 x 40%: documents stayed as signed


def test_the_order_of_the_defence_is_decided_by_the_seed_and_keeps_to_working_days() -> None:
    plan = Plan(datetime(2026, 9, 24, 9, tzinfo=ZONE), 15, 2, "三楼")
    slots = drawn_slots([5, 4, 3, 2, 1], plan, "seed")
    assert slots == drawn_slots([1, 2, 3, 4, 5], plan, "seed")
    moments = [at.strftime("%m-%d %H:%M") for _, at in slots]
    # 25 to 27 September and 1 to 7 October are holidays.
    assert moments == ["09-24 09:00", "09-24 09:15", "09-28 09:00", "09-28 09:15", "09-29 09:00"]


async def test_the_timetable_is_a_calendar_file_and_agencies_are_told() -> None:
    world, panel_id, _, _ = await scoring_panel(defence=True)
    await with_timetable(world, panel_id)
    slots = await queries.timetable(panel_id)
    text = as_calendar(slots, "2026 年公益创投; 答辩", with_names=False)
    assert text.count("BEGIN:VEVENT") == 2 and "示例新风" not in text
    assert "DTSTART:20260706T010000Z" in text and "\\; 答辩" in text
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))


# What an expert reads


def test_a_blind_paper_holds_no_name_phone_or_agency() -> None:
    from grants.applications.sections import SECTIONS
    from tests.applications.test_rules import bodies

    read = {code: body.model_dump(mode="json") for code, body in bodies().items()}
    read["plan"]["method"] = "示例中心的示例·张一负责联络，电话另附。" + read["plan"]["method"]
    hidden = without_names(read, "示例中心")
    text = str(hidden)
    for name in ("示例中心", "示例·张一", "示例·许理事长", "13800000021", "example.org"):
        assert name not in text
    assert "agency" not in hidden and set(hidden) == set(SECTIONS) - {"agency"}
    assert hidden["team"]["members"][0]["qualification"] == "WORKER"


async def test_identifying_papers_are_kept_back_while_blind() -> None:
    _, panel_id, members, _ = await scoring_panel(applications=1)
    panel = await queries.panel(panel_id)
    terms = (await calls.round_of(panel.round_id)).terms
    assert terms is not None
    (sheet,) = await sheets_of(members[0], panel_id)
    from grants.platform import files

    (licence, *_) = await files.list_attachments(Case("application", sheet.application_id))
    with pytest.raises(NotFound):
        await attachment_for(sheet, panel, terms, licence.id)


# Away from the network


async def test_a_sheet_is_taken_along_filled_and_brought_back_through_the_same_checks() -> None:
    _, panel_id, members, _ = await scoring_panel()
    member, english = members[0], texts("en")
    panel = await queries.panel(panel_id)
    terms = (await calls.round_of(panel.round_id)).terms
    assert terms is not None
    await fill(member, panel_id)
    content = offline.write_offline(await sheets_of(member, panel_id), terms, english)
    done = await offline.take_offline(member, panel_id, terms, "s.xlsx", content, english)
    assert [one.refusal for one in done] == [None, None]
    numbers = [one.number for one in await sheets_of(member, panel_id)]
    heads = [f"{one.name}（0–{one.points}）" for one in terms.rubric]
    lines = [
        ",".join(["Number", *heads]),
        ",".join([numbers[0], "21", *["4"] * 6]),
        ",".join([numbers[1], "12.0", *["4"] * 6]),
        ",".join(["申〔2026〕9999", *["4"] * 7]),
    ]
    done = await offline.take_offline(
        member, panel_id, terms, "s.csv", "\n".join(lines).encode(), english
    )
    codes = [one.refusal.code if one.refusal else "" for one in done]
    assert codes == ["sheet.points", "", "offline.unknown"]
    first, second = await sheets_of(member, panel_id)
    assert first.points == MIDDLE and second.points["NEED"] == 12
    with pytest.raises(RuleBroken, match="not_ours"):
        await offline.take_offline(member, panel_id, terms, "x.csv", b"a,b\n1,2", english)


async def test_the_system_has_no_seat() -> None:
    _, panel_id, _, _ = await scoring_panel(applications=1)
    with pytest.raises(NotFound):
        await queries.own_seat(SYSTEM, panel_id)


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What documents are made of, without the press."""
    seen: list[str] = []

    async def keep(html: str) -> bytes:
        seen.append(html)
        return b"%PDF"

    monkeypatch.setattr(documents, "render_pdf", keep)
    return seen


async def test_signed_sheets_are_printed_by_their_expert_and_by_the_office_once_open(
    printed: list[str],
) -> None:
    world, panel_id, members, _ = await scoring_panel()
    first = await queries.own_seat(members[0], panel_id)
    with pytest.raises(RuleBroken, match="when they are signed"):
        await documents.score_sheets(members[0], panel_id, first, lang="zh")
    await fill_and_sign(members[0], panel_id)
    first = await queries.own_seat(members[0], panel_id)
    await documents.score_sheets(members[0], panel_id, first, lang="zh")
    assert "评分表" in printed[0] and members[0].name in printed[0] and "<b>80</b>" in printed[0]
    with pytest.raises(NotFound):
        await documents.score_sheets(world[Role.OFFICER], panel_id, first, lang="zh")
    for member in members[1:]:
        await fill_and_sign(member, panel_id)
    await documents.score_sheets(world[Role.OFFICER], panel_id, first, lang="zh")
    assert len(printed) == 2


async def test_the_ranking_table_is_printed_when_scores_are_open() -> None:
    world, panel_id, members, _ = await scoring_panel()
    round_id = (await queries.panel(panel_id)).round_id
    with pytest.raises(NotFound):
        await documents.ranking_table(world[Role.OFFICER], round_id, lang="zh")
    for member in members:
        await fill_and_sign(member, panel_id)
    assert (await documents.ranking_table(world[Role.OFFICER], round_id, lang="zh"))[:4] == b"%PDF"
