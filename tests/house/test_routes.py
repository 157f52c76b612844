"""Every route of the house: declared, guarded, and never at fault, whoever asks."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator

import httpx
import pytest
from litestar.handlers import HTTPRouteHandler
from pydantic import BaseModel

from grants.agencies import actions as agencies
from grants.app import routes
from grants.awards import changes
from grants.awards import queries as awards
from grants.calls import questions
from grants.imports.actions import run_import
from grants.imports.report import ImportOptions
from grants.kernel import calendar
from grants.kernel.identity import GRANTED, SYSTEM, Actor, Permission, Role
from grants.platform import access, db
from tests.app import browsing, form_token, visiting
from tests.world import (
    DAY,
    YUAN,
    World,
    active_award,
    add_actor,
    approved,
    draft_award,
    furnished,
    instalments,
    submitted,
)
from tests.world_applications import drafted, register_somebody
from tests.world_applications import submitted as submitted_application
from tests.world_awards import claim, parts_of
from tests.world_banking import answer, pay, sent_batch
from tests.world_calls import open_round, published_need

pytestmark = pytest.mark.usefixtures("empty")

#: What each place in an address is called, and the table whose ids fill it.
PLACES = {
    "account_id": "bank_account",
    "application_id": "application",
    "attachment_id": "attachment",
    "award_id": "award",
    "batch_id": "batch",
    "change_id": "award_change",
    "clawback_id": "clawback",
    "delegation_id": "delegation",
    "instalment_id": "instalment",
    "expert_id": "expert",
    "line_id": "budget_line",
    "member_id": "panel_member",
    "movement_id": "quota_movement",
    "need_id": "need",
    "organisation_id": "organisation",
    "panel_id": "panel",
    "payment_id": "payment",
    "person_id": "person",
    "plan_id": "cash_plan",
    "question_id": "call_question",
    "registration_id": "registration",
    "round_id": "call_round",
    "sheet_id": "score_sheet",
    "run_id": "import_run",
    "user_id": "app_user",
}
#: Places that hold words.
WORDS = {"code": ["project", "budget", "files", "check"], "paper": ["CONSENT"]}
#: Pages that have nothing to show by themselves.
LEADS_ELSEWHERE = {
    "/accounts/new": {404},  # without a payee
    "/imports/preview": {303},  # without a file
    "/duplicates": {200, 404},  # an agency sees none
    "/organisations": {200, 303},  # an agency has one
    "/sign-in/second": {303},  # who is signed in has no second step to take
}
STRANGE = (
    "?state=nonsense&order=nowhere&offset=-7&size=many&q=%25_%27%22%00&year=1&month=x&show=?",
    "?programme=9999999999999999999&year=9999&row=99999999999999999999&table=x&organisation=1e9",
    "?programme=%C2%B2&year=%C2%B2%C2%B2%C2%B2%C2%B2&row=%C2%B2&page=%C2%B2&person=%C2%B2",
)


def handlers(method: str) -> list[tuple[str, Permission]]:
    """Addresses of one method with the permission that each asks for."""
    found = [
        (path, access.permission_of(h))
        for h in routes()
        if isinstance(h, HTTPRouteHandler) and method in h.http_methods
        for path in h.paths
    ]
    return sorted(found)


def filled(path: str, ids: dict[str, list[int]]) -> list[str]:
    """The address with the ids of the world in its places; every place has at least one."""
    parts = [part.strip("{}").split(":") for part in path.split("/") if part.startswith("{")]
    choices = [_texts(name, kind, ids) for name, kind in parts]
    return [
        "/".join(part if not part.startswith("{") else next(texts) for part in path.split("/"))
        for texts in map(iter, itertools.product(*choices))
    ]


def _texts(name: str, kind: str, ids: dict[str, list[int]]) -> list[str]:
    given = {"int": ["999999999", "99999999999999999999"], "date": ["2026-06-01", "0001-01-01"]}
    known = [str(i) for i in ids.get(name, [])] + WORDS.get(name, [])
    return known + given.get(kind, ["nonsense"])


@pytest.fixture
async def world(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    """A bureau with awards and payments in most of their states, and a person in every role."""
    monkeypatch.setattr(calendar, "today", lambda: DAY)
    made = await furnished()
    for role in Role:
        own = made.organisation if role is Role.APPLICANT_ORG else None
        if role not in made.people:
            made.people[role] = await add_actor(
                role, name=f"示例·{role.value}", organisation_id=own
            )
    await draft_award(made, 5_000 * YUAN)
    award = await active_award(made, *[10_000 * YUAN] * 5, title="邻里家园·多期")
    waiting, ready, paid, back, _ = await instalments(award)
    await submitted(made, waiting)
    await approved(made, ready)
    await pay(made, await approved(made, paid))
    returned = await approved(made, back)
    await _returned(made, returned)
    await claim(made, award, 1_000 * YUAN)
    await _changed(made, award)
    await _imported(made)
    await _applied(made)
    yield made


async def _applied(world: World) -> None:
    """A need, a round that is open, a question, a draft and a submitted application."""
    agency = world[Role.APPLICANT_ORG]
    await agencies.set_representative(world[Role.OFFICER], world.organisation, agency.person_id)
    await published_need(world)
    round_id = await open_round(world)
    await questions.ask(agency, round_id, "可以由两个社区联合申报吗？")
    await drafted(agency, round_id)
    await submitted_application(agency, round_id, project={"title": "放学后的一小时"})
    await register_somebody()


async def _imported(world: World) -> None:
    content = (
        "编号,名称,收款单位,金额,决定日期\nA-1,往年项目,示例晨曦社会工作服务中心,6万,2024-03-01"
    )
    options = ImportOptions(programme="NH", fund="G")
    await run_import(world[Role.OFFICER], "往年.csv", content.encode(), options, today=DAY)


async def _changed(world: World, award: int) -> None:
    await changes.propose_change(
        world[Role.OFFICER],
        award,
        await parts_of(award, p5=9_000 * YUAN),
        reason="服务人数减少",
        seen_version=(await awards.award(SYSTEM, award)).version,
        today=DAY,
    )


async def _returned(world: World, payment_id: int) -> None:
    from grants.banking import answers

    batch = await sent_batch(world, payment_id)
    content = await answer(batch, {payment_id: "户名不符"})
    await answers.take_results(world[Role.CASHIER], "退票.csv", content, today=DAY)


async def ids_of_the_world() -> dict[str, list[int]]:
    """The last ids that stand in the database, for each place of an address."""
    return {
        place: [r["id"] for r in await db.rows(f'SELECT id FROM "{table}" ORDER BY id')][-2:]
        for place, table in PLACES.items()
    }


def test_every_route_declares_its_permission() -> None:
    assert access.undeclared(routes()) == []


def test_every_permission_that_a_route_asks_for_is_granted_to_some_role() -> None:
    granted = frozenset[Permission]().union(*GRANTED.values())
    asked = {p for method in ("GET", "POST") for _, p in handlers(method)}
    assert asked - granted == {Permission.PUBLIC, Permission.SIGNED_IN}


async def test_pages_open_to_roles_that_may_see_them_and_to_no_other(world: World) -> None:
    wrong = []
    for role, actor in world.people.items():
        async with browsing(actor) as client:
            for path, permission in handlers("GET"):
                if "{" in path:
                    continue
                got = (await client.get(path)).status_code
                may = LEADS_ELSEWHERE.get(path, {200})
                if got not in (may if actor.may(permission) else {403}):
                    wrong.append((role.value, path, got))
    assert wrong == []


async def test_nobody_signed_in_sees_only_public_pages(world: World) -> None:
    ids, wrong = await ids_of_the_world(), []
    async with visiting() as client:
        for path, permission in handlers("GET"):
            for address in filled(path, ids):
                got = await client.get(address)
                if permission is not Permission.PUBLIC and not _is_sign_in(got):
                    wrong.append((address, got.status_code))
    assert wrong == []


def _is_sign_in(got: httpx.Response) -> bool:
    return got.status_code == 303 and got.headers["location"].startswith("/sign-in")


async def test_no_form_is_taken_without_its_token(world: World) -> None:
    wrong = []
    for actor in (world[Role.OFFICER], world[Role.FIN_OFFICER], world[Role.SYS_ADMIN]):
        async with browsing(actor) as client:
            for path, _ in handlers("POST"):
                for address in filled(path, {}):
                    got = await client.post(address, data={"csrf_token": "0" * 64})
                    expected = {403, 404} if "{" in path else {403}
                    if got.status_code not in expected:
                        wrong.append((actor.name, address, got.status_code))
    assert wrong == []


async def test_no_address_is_at_fault_whatever_stands_in_it(world: World) -> None:
    ids, wrong = await ids_of_the_world(), []
    for actor in [*_who_may_anything(world), world[Role.EVALUATOR]]:
        async with browsing(actor) as client:
            for path, permission in handlers("GET"):
                for address in filled(path, ids) if "{" in path else [path + s for s in STRANGE]:
                    got = (await client.get(address)).status_code
                    if got >= 500 or (not actor.may(permission) and got not in (403, 404)):
                        wrong.append((actor.name, address, got))
    assert wrong == []


def _named_in_forms() -> list[str]:
    """Every name that a form of ours knows."""
    routes()  # brings all features in
    models = [m for m in _subclasses(BaseModel) if m.__module__.endswith(".forms")]
    return sorted({"picked", *(name for model in models for name in model.model_fields)})


def _subclasses(model: type[BaseModel]) -> list[type[BaseModel]]:
    return [found for one in model.__subclasses__() for found in (one, *_subclasses(one))]


ODD_FORMS = {
    "empty": {},
    "odd": {"seen_version": "x", "reason": "\0"},
    "large": dict.fromkeys(_named_in_forms(), "9" * 30),
    "no number": dict.fromkeys(_named_in_forms(), "²"),
    "dates": dict.fromkeys(_named_in_forms(), "9999-12-31"),
}


@pytest.mark.parametrize("form", ODD_FORMS.values(), ids=ODD_FORMS)
async def test_no_empty_or_odd_form_is_at_fault(world: World, form: dict[str, str]) -> None:
    ids, wrong = await ids_of_the_world(), []
    keep = ("/sign-out", "/me/", "/sign-in")
    for actor in _who_may_anything(world):
        async with browsing(actor) as client:
            for path, permission in handlers("POST"):
                if path.startswith(keep) or not actor.may(permission):
                    continue
                for address in filled(path, ids):
                    data = {"csrf_token": form_token(client), **form}
                    got = (await client.post(address, data=data)).status_code
                    if got >= 500:
                        wrong.append((actor.name, address, got))
    assert wrong == []


def _who_may_anything(world: World) -> list[Actor]:
    """A person for each permission: enough to reach every form."""
    chosen: list[Actor] = []
    for permission in Permission:
        if not any(actor.may(permission) for actor in chosen):
            chosen += [a for a in world.people.values() if a.may(permission)][:1]
    return chosen


async def test_an_agency_finds_nothing_of_another(world: World) -> None:
    from tests.world import add_organisation

    other = await add_organisation("示例晚霞社会工作服务中心")
    stranger = await add_actor(Role.APPLICANT_ORG, name="示例·外人", organisation_id=other)
    ids, wrong = await ids_of_the_world(), []
    ids["organisation_id"].remove(other)
    del ids["need_id"]  # published needs are read by every agency
    async with browsing(stranger) as client:
        for path, permission in handlers("GET"):
            if "{" not in path or permission is Permission.PUBLIC:
                continue
            for address in filled(path, ids):
                got = (await client.get(address)).status_code
                if got not in (403, 404):
                    wrong.append((address, got))
    assert wrong == []


async def test_an_unknown_address_keeps_the_menu_of_who_is_signed_in(world: World) -> None:
    async with browsing(world[Role.OFFICER]) as client:
        got = await client.get("/no/such/page")
    assert got.status_code == 404 and 'href="/payments"' in got.text


async def test_every_award_has_a_page(world: World) -> None:
    async with browsing(world[Role.AUDITOR]) as client:
        for award_id in (await ids_of_the_world())["award_id"]:
            award = await awards.award(world[Role.AUDITOR], award_id)
            assert award.title in (await client.get(f"/awards/{award_id}")).text
