"""Calls for tests: needs, and rounds with published terms."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from grants.budget import actions as budget
from grants.calls import needs, queries, rounds
from grants.calls.needs import NeedDetails, Source
from grants.calls.terms import CallTerms, Category, Theme
from grants.first_policies import VENTURE_CALL
from grants.kernel.calendar import ZONE, rehearsed_at
from grants.kernel.identity import Actor, Role
from grants.kernel.money import Fen
from tests.world import YUAN, World, add_actor, add_line, furnished

#: The round of the tests is open from 1 to 20 June 2026, 17:00.
OPENS = datetime(2026, 6, 1, 9, tzinfo=ZONE)
CLOSES = datetime(2026, 6, 20, 17, tzinfo=ZONE)
BEFORE = OPENS - timedelta(days=5)
WHILE_OPEN = datetime(2026, 6, 15, 10, tzinfo=ZONE)
AFTER = CLOSES + timedelta(hours=1)

NEED = NeedDetails(
    title="四楼以上高龄老人下楼难",
    description="老小区无电梯，四楼以上高龄老人一百余户，六成一周下楼不足一次。",
    town="城厢镇",
    community="弇山社区",
    place="弇山园一期",
    people_concerned=130,
    urgency=3,
    source=Source.COMMUNITY,
)


async def venture_world(*, quota_fen: int = 500_000 * YUAN) -> World:
    """A furnished bureau whose line pays ventures, with people of a town and of the agency."""
    world = await furnished()
    officer = world[Role.OFFICER]
    world.programme = await budget.add_programme(
        officer, "VC", "公益创投", "Ventures", "VENTURE", "CIVIL_AFFAIRS"
    )
    world.fund = await budget.add_fund_source(officer, "L", "福彩公益金", "Lottery", "LOTTERY")
    world.line = await add_line(world, quota_fen=quota_fen)
    world.people[Role.TOWN_REVIEWER] = await add_actor(Role.TOWN_REVIEWER, name="示例·镇审")
    world.people[Role.APPLICANT_ORG] = await add_actor(
        Role.APPLICANT_ORG, name="示例·理事长", organisation_id=world.organisation
    )
    return world


def terms(world: World, **changes: Any) -> CallTerms:
    """Terms that hold: two categories, five fields of work, open in June 2026."""
    given: dict[str, Any] = {
        **VENTURE_CALL.model_dump(),
        "title": "2026 年公益创投",
        "summary": "征集回应社区真实需求的公益项目。",
        "line_id": world.line,
        "total_fen": 200_000 * YUAN,
        "opens_at": OPENS,
        "closes_at": CLOSES,
        "starts_on": date(2026, 8, 1),
        "ends_on": date(2027, 7, 31),
        "office": "社会组织管理科",
        "phone": "0512-53500000",
        "address": "县府街 1 号",
        "categories": (
            Category(code="A", name="自主申报", cap_fen=Fen(60_000 * YUAN), places=30),
            Category(code="B", name="镇街委托", cap_fen=Fen(40_000 * YUAN), commissioned=True),
        ),
        "themes": (Theme(code="ELDERLY", name="扶老助老"), Theme(code="YOUTH", name="关爱青少年")),
    }
    return CallTerms.model_validate({**given, **changes})


async def drafted(world: World, **changes: Any) -> tuple[int, int]:
    """A round whose first draft is complete: the ids of the round and of the revision."""
    officer = world[Role.OFFICER]
    with rehearsed_at(BEFORE):
        round_id = await rounds.begin_round(officer, 2026, "2026 年公益创投", today=BEFORE.date())
        (draft,) = await queries.revisions(round_id)
        await rounds.save_draft(
            officer,
            draft.id,
            terms(world, **changes).model_dump(mode="json"),
            seen_version=1,
        )
    return round_id, draft.id


async def propose_and_publish(world: World, revision_id: int, at: datetime = BEFORE) -> None:
    """The officer proposes a draft, the section head approves and publishes it."""
    with rehearsed_at(at):
        draft = await queries.revision(revision_id)
        await rounds.propose_revision(world[Role.OFFICER], revision_id, seen_version=draft.version)
        await rounds.publish_revision(
            world[Role.SECTION_HEAD], revision_id, seen_version=draft.version + 1
        )


async def published(world: World, **changes: Any) -> int:
    """A published round, not open yet."""
    round_id, revision_id = await drafted(world, **changes)
    await propose_and_publish(world, revision_id)
    return round_id


async def open_round(world: World, **changes: Any) -> int:
    """A round that takes applications."""
    round_id = await published(world, **changes)
    assert await rounds.open_due_rounds(OPENS) == [round_id]
    return round_id


async def revised(world: World, round_id: int, at: datetime, **changes: Any) -> int:
    """A drafted revision of a published round with some terms changed; answers its id."""
    officer = world[Role.OFFICER]
    with rehearsed_at(at):
        revision_id = await rounds.revise_round(officer, round_id, note="应镇街要求调整")
        standing = await queries.round_of(round_id)
        assert standing.terms is not None
        changed = standing.terms.model_copy(update=changes)
        await rounds.save_draft(
            officer, revision_id, changed.model_dump(mode="json"), seen_version=1
        )
    return revision_id


async def published_need(world: World, **changes: Any) -> int:
    """A need that the town brought in and the office published."""
    need_id = await needs.enter_need(world[Role.TOWN_REVIEWER], replace(NEED, **changes))
    await needs.decide_need(world[Role.OFFICER], need_id, "publish", seen_version=1)
    return need_id


async def committee(world: World) -> Actor:
    """Somebody of a residents' committee."""
    from grants.parties import actions as parties
    from grants.parties.actions import OrganisationDetails
    from tests.world import REGISTRAR

    organisation = await parties.register_organisation(
        REGISTRAR, OrganisationDetails("示例社区居民委员会", "54320585ME9000059W"), is_demo=True
    )
    return await add_actor(Role.APPLICANT_ORG, name="示例·居委", organisation_id=organisation)
