"""A round in review beside the demonstration's own, laid through the actions.

`python -m tests.browser.review` lays it into the database that the settings name and prints
where everything is as JSON. Everything happens within the last minutes, so that it can be laid
on any day of the year.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

from grants.agencies import actions as agencies
from grants.applications import drafting, screening, submitting
from grants.applications import queries as applications
from grants.budget import actions as budget
from grants.budget.rules import QuotaKind
from grants.calls import queries as calls
from grants.calls import rounds
from grants.calls.terms import CallTerms, Category, EligibilityRule, Theme
from grants.decisions import queries as decisions
from grants.decisions import variants
from grants.demo import names
from grants.demo.applications_of_the_year import a_whole_draft
from grants.demo.calls_of_the_year import THEMES
from grants.first_venture_policies import VENTURE_CALL
from grants.kernel import calendar
from grants.kernel.identity import SYSTEM, Actor, Role
from grants.kernel.money import Fen
from grants.parties import actions as parties
from grants.parties.actions import OrganisationDetails
from grants.people.enrolment import NewColleague, enrol
from grants.people.sign_in_pages import DEMO_PASSWORD
from grants.platform import db
from grants.platform.database import open_database
from grants.selection import panels, queries, scoring, seats
from grants.selection.queries import Sheet
from grants.selection.scoring import Given
from grants.settings import settings

YUAN = 100
TITLE = "公益微创投（评审演练）"
_TOTAL_FEN = Fen(200_000 * YUAN)
#: Beyond the numbers that the demonstration gives to its own people and organisations.
_FIRST_NUMBER = 880


@dataclass(frozen=True)
class Laid:
    """Where the panels are; members are user names in the order of the draw.

    `scoring` holds two empty sheets for each of its members, `opened` is ranked, `declaring`
    waits for its members' declarations.
    """

    round_id: int
    scoring: int
    opened: int
    declaring: int
    variant: int
    members: Sequence[str]
    declaring_members: Sequence[str]
    opened_members: Sequence[str]
    sheet: int


#: Category, its name, how many apply in it.
Categories = Sequence[tuple[str, str, int]]
_CATEGORIES: Categories = (("S", "社区微项目", 2), ("O", "为老服务", 4), ("D", "助残服务", 1))


async def lay() -> Laid:
    """The round with its panels; answers where they are."""
    officer = await actor("officer")
    line, year = await _next_years_line()
    round_id, made = await closed_round(TITLE, _CATEGORIES, _FIRST_NUMBER, line, year)
    for application in made:
        found = await applications.application(officer, application)
        await screening.screen_application(officer, application, "pass", seen_version=found.version)
    await screening.begin_review(officer, round_id)
    drawn = [await drawn_panel(officer, round_id, code, name) for code, name, _ in _CATEGORIES]
    for panel_id in drawn[:2]:
        await begun(officer, panel_id)
    await opened(drawn[1])
    members = await members_of(drawn[0])
    first = await queries.own_seat(members[0], drawn[0])
    return Laid(
        round_id=round_id,
        scoring=drawn[0],
        opened=drawn[1],
        declaring=drawn[2],
        variant=await _variants(officer, round_id),
        members=[one.name for one in members],
        declaring_members=[one.name for one in await members_of(drawn[2])],
        opened_members=[one.name for one in await members_of(drawn[1])],
        sheet=(await queries.sheets_of_member(first.id))[0].id,
    )


async def closed_round(
    title: str, categories: Categories, first_number: int, line: int, year: int
) -> tuple[int, list[int]]:
    """A round of these categories that has closed some minutes ago, and its applications.

    The numbers of its agencies begin at `first_number`; its money comes on top of the line's.
    Now is whatever moment is rehearsed.
    """
    officer, head = await actor("officer"), await actor("section")
    begins = calendar.now() - timedelta(minutes=10)
    with calendar.rehearsed_at(begins):
        round_id = await _published(officer, head, begins, title, categories, line, year)
    opens = begins + timedelta(minutes=1)
    await rounds.open_due_rounds(opens)
    with calendar.rehearsed_at(opens + timedelta(minutes=1)):
        made = await _applications(officer, round_id, categories, first_number)
    await rounds.close_due_rounds(begins + timedelta(minutes=5))
    return round_id, made


async def _next_years_line() -> tuple[int, int]:
    """Line and year of the demonstration's open round."""
    last = max(
        (one for one in await calls.rounds(published=True) if one.terms),
        key=lambda one: one.terms.closes_at.timestamp() if one.terms else 0,
    )
    assert last.terms is not None
    return last.terms.line_id, last.fiscal_year


async def actor(username: str) -> Actor:
    """Whoever signs in as `username`; his name is the user name."""
    found = await db.row("SELECT * FROM app_user WHERE username = $1", username)
    assert found is not None, username
    roles = await db.rows('SELECT role FROM role_grant WHERE "user" = $1', found["id"])
    return Actor(
        user_id=found["id"],
        person_id=found["person"],
        name=username,
        roles=frozenset(Role(one["role"]) for one in roles),
        organisation_id=found["organisation_id"],
        request_id="review",
    )


async def _published(
    officer: Actor,
    head: Actor,
    begins: datetime,
    title: str,
    categories: Categories,
    line: int,
    year: int,
) -> int:
    """A round with own categories and without a defence, its money received first."""
    movement = await budget.propose_quota(
        officer,
        kind=QuotaKind.SUPPLEMENT,
        line_id=line,
        amount_fen=_TOTAL_FEN,
        document_no="太财预〔示例〕97号",
        issued_on=begins.date(),
        reason="追加",
    )
    await budget.approve_quota(await actor("finhead"), movement, on=begins.date())
    round_id = await rounds.begin_round(officer, year, title, today=begins.date())
    (draft,) = await calls.revisions(round_id)
    terms = _terms(begins, title, categories, line)
    await rounds.save_draft(
        officer, draft.id, terms.model_dump(mode="json"), seen_version=draft.version
    )
    await rounds.propose_revision(officer, draft.id, seen_version=draft.version + 1)
    await rounds.publish_revision(head, draft.id, seen_version=draft.version + 2)
    return round_id


def _terms(begins: datetime, title: str, categories: Categories, line: int) -> CallTerms:
    """No check stops anybody: what agencies are like is not what these tests look at."""
    day = begins.date()
    eligibility = {code: EligibilityRule(level="off") for code in VENTURE_CALL.eligibility}
    rules = VENTURE_CALL.model_copy(update={"eligibility": eligibility})
    return CallTerms(
        **rules.model_dump(),
        title=title,
        summary="为一个社区做一件居民提出的小事，评审演练用。",
        line_id=line,
        total_fen=_TOTAL_FEN,
        opens_at=begins + timedelta(minutes=1),
        closes_at=begins + timedelta(minutes=4),
        starts_on=day + timedelta(days=20),
        ends_on=day + timedelta(days=20 + 360),
        office="太仓市民政局社会组织管理科",
        phone="0512-53500000",
        address="太仓市城厢镇县府街 1 号（示例）",
        defence=False,
        categories=tuple(
            Category(code=code, name=name, cap_fen=Fen(60_000 * YUAN), places=2)
            for code, name, _ in categories
        ),
        themes=tuple(Theme(code=code, name=name) for code, name in THEMES),
    )


async def _applications(
    officer: Actor, round_id: int, categories: Categories, first_number: int
) -> list[int]:
    """One application of each agency, in the order of the categories."""
    found = await calls.round_of(round_id)
    assert found.terms is not None
    codes = [code for code, _, count in categories for _ in range(count)]
    return [
        await _submitted(await _agency(officer, first_number + n), round_id, found.terms, code, n)
        for n, code in enumerate(codes)
    ]


async def _agency(officer: Actor, number: int) -> Actor:
    """The legal representative of a new agency, `head-of-agency-` and its number."""
    organisation = await parties.register_organisation(
        officer,
        OrganisationDetails(f"太仓市示例第{number}微光服务社", names.demo_uscc(number)),
        is_demo=True,
    )
    new = NewColleague(
        name=f"示例·社长{number}",
        username=f"head-of-agency-{number}",
        password=DEMO_PASSWORD,
        id_number=names.demo_resident_id(number),
        phone=names.demo_phone(number),
        is_demo=True,
    )
    async with db.unit_of_work(SYSTEM):
        _, person = await enrol(SYSTEM, new, organisation, today=date(2020, 1, 1), active=True)
    await agencies.set_representative(officer, organisation, person)
    return await actor(new.username)


async def _submitted(boss: Actor, round_id: int, terms: CallTerms, category: str, n: int) -> int:
    application = await drafting.begin_application(boss, round_id)
    draft = a_whole_draft(terms.starts_on, f"{names.COMMUNITIES[n]}社区", 0)
    draft["project"] |= {
        "need_id": [""],
        "category": [category],
        "title": [f"{names.COMMUNITIES[n]}邻里微项目"],
    }
    for code, fields in draft.items():
        await drafting.save_section(boss, application, code, fields, seen_version=0)
    for one in terms.files:
        if one.needed:
            content = b"%PDF-1.7\n" + f"{one.code} {application}".encode()
            await drafting.attach_paper(boss, application, one.code, f"{one.name}.pdf", content)
    found = await applications.application(boss, application)
    await submitting.submit_application(
        boss, application, seen_version=found.version, declared=True
    )
    return application


async def drawn_panel(officer: Actor, round_id: int, category: str, name: str) -> int:
    return await panels.draw_panel(
        officer, round_id, name=f"{name}评审组", categories=[category], today=calendar.today()
    )


async def members_of(panel_id: int) -> list[Actor]:
    """The members of a panel in the order of the draw."""
    found = []
    for member in await queries.members(panel_id):
        username = await db.value(
            "SELECT username FROM app_user WHERE person = $1 AND is_active ORDER BY id LIMIT 1",
            member.person_id,
        )
        found.append(await actor(username))
    return found


async def begun(officer: Actor, panel_id: int) -> None:
    """Everybody has declared; the sheets are handed out."""
    for member in await members_of(panel_id):
        await seats.declare(member, panel_id, [], today=calendar.today())
    panel = await queries.panel(panel_id)
    await panels.begin_scoring(officer, panel_id, seen_version=panel.version)


async def opened(panel_id: int) -> None:
    """Everybody has scored and signed; experts differ, and so do the projects."""
    found = await calls.round_of((await queries.panel(panel_id)).round_id)
    assert found.terms is not None
    for place, member in enumerate(await members_of(panel_id)):
        seat = await queries.own_seat(member, panel_id)
        for n, sheet in enumerate(await queries.sheets_of_member(seat.id)):
            given = _given(found.terms, sheet, 900 - 60 * n - 25 * ((place * 3 + n) % 7))
            await scoring.save_sheet(member, sheet.id, given, seen_version=sheet.version)
        await scoring.sign_sheets(member, panel_id, DEMO_PASSWORD)


def _given(terms: CallTerms, sheet: Sheet, permille: int) -> Given:
    points = {one.code: one.points * permille // 1000 for one in terms.rubric}
    words = {code: "材料充分，依据清楚" for code in points}
    return Given(points, words, Fen(sheet.asked_fen // 10_000 * 9_000), "总体可行")


async def _variants(officer: Actor, round_id: int) -> int:
    """Two variants of the funding line; answers the second."""
    first = await variants.begin_variant(officer, round_id, "按名额")
    second = await variants.begin_variant(officer, round_id, "九折多资助", copied=first)
    made = await decisions.variant(second)
    choice = made.choice.model_copy(update={"share_permille": 900})
    await variants.choose(officer, second, choice, seen_version=1)
    return second


async def _main() -> dict[str, Any]:
    await open_database(settings, size=2)
    try:
        return asdict(await lay())
    finally:
        await db.close_pool()


if __name__ == "__main__":
    json.dump(asyncio.run(_main()), sys.stdout)
