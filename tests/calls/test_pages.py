"""Pages of calls: what the public sees, how the office drafts and publishes, questions, needs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from grants.calls import need_queries, queries
from grants.calls.terms import CallTerms
from grants.calls.words import WORDS
from grants.figures.shapes import Widget, shape_of
from grants.kernel import calendar
from grants.kernel.identity import Role
from tests.app import browsing, send, visiting
from tests.world import World
from tests.world_calls import (
    BEFORE,
    NEED,
    WHILE_OPEN,
    open_round,
    published,
    published_need,
    terms,
    venture_world,
)

pytestmark = pytest.mark.usefixtures("empty")


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Pages read the clock; here it stands before the call opens."""
    monkeypatch.setattr(calendar, "now", lambda: BEFORE)
    monkeypatch.setattr(calendar, "today", lambda: BEFORE.date())
    yield monkeypatch


def form_of(world: World, **changed: Any) -> dict[str, Any]:
    """The terms as the browser sends their form."""
    form: dict[str, Any] = {"act": "save", "version": "1"}
    body = terms(world).model_dump(mode="json")
    for leaf in shape_of(CallTerms, body, WORDS).every_leaf():
        if leaf.widget is not Widget.FLAG or leaf.value:
            form[leaf.path] = "on" if leaf.widget is Widget.FLAG else leaf.text
    return {**form, **{name.replace("__", "."): text for name, text in changed.items()}}


async def begun(client: Any) -> str:
    form = {"fiscal_year": "2026", "title": "2026 年公益创投"}
    got = await send(client, "/rounds", form)
    assert got.status_code == 303
    return str(got.headers["location"]).removesuffix("/draft")


async def test_a_round_is_drafted_previewed_approved_and_read_by_everybody() -> None:
    world = await venture_world()
    async with browsing(world[Role.OFFICER]) as client:
        path = await begun(client)
        assert (await client.get(f"{path}/draft")).status_code == 200
        assert (await client.get(f"{path}/preview")).status_code == 303
        got = await send(client, f"{path}/draft", form_of(world))
        assert got.status_code == 303
        assert "Preview of revision 1" in (await client.get(f"{path}/preview")).text
        assert (await send(client, f"{path}/propose", {"version": "2"})).status_code == 303
        assert (await send(client, f"{path}/publish", {"version": "3"})).status_code == 403
    number = path.rsplit("/", 1)[1]
    async with visiting() as client:
        assert (await client.get(f"/calls/{number}")).status_code == 404
    async with browsing(world[Role.SECTION_HEAD]) as client:
        assert "wait" in (await client.get("/")).text
        assert (await send(client, f"{path}/publish", {"version": "3"})).status_code == 303
    async with visiting() as client:
        assert "2026 年公益创投" in (await client.get("/calls")).text
        shown = (await client.get(f"/calls/{number}")).text
    assert "2A or above" in shown and "L1 人员费用" in shown


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("closes_at", "2026-05-01T09:00"),
        ("total_fen", "a lot"),
        ("panel_size", "6"),
        ("categories__0__cap_fen", "0"),
        ("instalments__0__share_permille", "60"),
        ("line_id", "999"),
        ("summary", "短"),
    ],
)
async def test_wrong_terms_are_said_beside_their_field_and_kept(field: str, typed: str) -> None:
    world = await venture_world()
    async with browsing(world[Role.OFFICER]) as client:
        path = await begun(client)
        got = await send(client, f"{path}/draft", form_of(world, **{field: typed}))
    place = field.replace("__", ".")
    where = place if field != "instalments__0__share_permille" else "instalments"
    assert got.status_code == 422 and f'id="{where}-error"' in got.text
    (draft,) = await queries.revisions(int(path.rsplit("/", 1)[1]))
    assert "closes_at" not in draft.body


async def test_rows_of_the_terms_are_added_and_removed_without_script() -> None:
    world = await venture_world()
    async with browsing(world[Role.OFFICER]) as client:
        path = await begun(client)
        added = await send(client, f"{path}/draft", form_of(world, act="add:themes"))
        assert 'name="themes.2.code"' in added.text
        removed = await send(client, f"{path}/draft", form_of(world, act="remove:themes.0"))
        assert 'value="ELDERLY"' not in removed.text


async def test_what_a_revision_changed_is_read_by_everybody(clock: pytest.MonkeyPatch) -> None:
    world = await venture_world()
    round_id = await open_round(world)
    clock.setattr(calendar, "now", lambda: WHILE_OPEN)
    path = f"/rounds/{round_id}"
    async with browsing(world[Role.OFFICER]) as client:
        got = await send(client, f"{path}/revise", {"note": "截止时间顺延三天"})
        assert got.status_code == 303
        form = form_of(world, closes_at="2026-06-23T17:00")
        assert (await send(client, f"{path}/draft", form)).status_code == 303
        shown = (await client.get(path)).text
        assert "2026-06-20 17:00" in shown and "2026-06-23 17:00" in shown
        await send(client, f"{path}/propose", {"version": "2"})
    async with browsing(world[Role.SECTION_HEAD]) as client:
        assert (await send(client, f"{path}/publish", {"version": "3"})).status_code == 303
    async with visiting() as client:
        shown = (await client.get(f"/calls/{round_id}")).text
    assert "截止时间顺延三天" in shown and "<del>2026-06-20 17:00</del>" in shown


async def test_terms_are_returned_with_a_reason_and_taken_back() -> None:
    world = await venture_world()
    async with browsing(world[Role.OFFICER]) as officer, browsing(world[Role.SECTION_HEAD]) as head:
        path = await begun(officer)
        await send(officer, f"{path}/draft", form_of(world))
        await send(officer, f"{path}/propose", {"version": "2"})
        empty = await send(head, f"{path}/return", {"version": "3", "reason": ""})
        assert empty.status_code == 422
        got = await send(head, f"{path}/return", {"version": "3", "reason": "请补充服务领域"})
        assert got.status_code == 303
        await send(officer, f"{path}/propose", {"version": "4"})
        assert (await send(officer, f"{path}/take-back", {"version": "5"})).status_code == 303
        shown = (await officer.get(path)).text
    assert "Write the terms" in shown


async def test_a_question_and_its_answer_become_public(clock: pytest.MonkeyPatch) -> None:
    world = await venture_world()
    round_id = await open_round(world)
    clock.setattr(calendar, "now", lambda: WHILE_OPEN)
    asked = "去年的项目还在实施，可以申报吗？"
    async with browsing(world[Role.APPLICANT_ORG]) as client:
        got = await send(client, f"/calls/{round_id}/questions", {"question": "？"})
        assert got.status_code == 422
        got = await send(client, f"/calls/{round_id}/questions", {"question": asked})
        assert got.status_code == 303
    async with visiting() as client:
        assert asked not in (await client.get(f"/calls/{round_id}")).text
    async with browsing(world[Role.OFFICER]) as client:
        page = (await client.get(f"/rounds/{round_id}")).text
        question = re.findall(r"/questions/(\d+)/answer", page)[0]
        got = await send(client, f"/questions/{question}/answer", {"answer": "可以。"})
        assert got.status_code == 303
    async with visiting() as client:
        shown = (await client.get(f"/calls/{round_id}")).text
    assert asked in shown and "可以。" in shown and "示例晨曦" not in shown


async def test_a_call_that_is_not_published_is_nobodys_to_see() -> None:
    world = await venture_world()
    async with browsing(world[Role.OFFICER]) as client:
        path = await begun(client)
    number = path.rsplit("/", 1)[1]
    async with browsing(world[Role.APPLICANT_ORG]) as client:
        assert (await client.get(f"/calls/{number}")).status_code == 404
        assert (await client.get(path)).status_code == 403


async def test_visitors_are_led_to_register_and_sign_in(clock: pytest.MonkeyPatch) -> None:
    world = await venture_world()
    round_id = await open_round(world)
    clock.setattr(calendar, "now", lambda: WHILE_OPEN)
    async with visiting() as client:
        shown = (await client.get(f"/calls/{round_id}")).text
    assert f"/sign-in?next=/calls/{round_id}" in shown and 'href="/register"' in shown


async def test_a_round_is_copied_and_called_off_on_its_page() -> None:
    world = await venture_world()
    round_id = await published(world)
    async with browsing(world[Role.OFFICER]) as client:
        got = await send(client, f"/rounds/{round_id}/copy")
        assert got.status_code == 303 and got.headers["location"].endswith("/draft")
    async with browsing(world[Role.SECTION_HEAD]) as client:
        got = await send(client, f"/rounds/{round_id}/call-off", {"reason": "资金未到位，取消"})
        assert got.status_code == 303
        assert "Called off" in (await client.get(f"/calls/{round_id}")).text


async def test_a_need_is_brought_in_and_decided_on_its_page() -> None:
    world = await venture_world()
    form = {
        "title": NEED.title,
        "description": NEED.description,
        "town": NEED.town,
        "community": NEED.community,
        "place": "",
        "people_concerned": "130",
        "urgency": "3",
        "source": "DELIBERATION",
        "deliberation_no": "",
    }
    async with browsing(world[Role.TOWN_REVIEWER]) as client:
        got = await send(client, "/needs", form)
        assert got.status_code == 422 and 'id="deliberation_no-error"' in got.text
        assert NEED.title in got.text
        got = await send(client, "/needs", {**form, "deliberation_no": "第 3 次会议"})
        path = got.headers["location"]
        assert (await client.get(f"{path}/edit")).status_code == 200
        changed = {**form, "source": "TOWN", "version": "1", "people_concerned": "140"}
        assert (await send(client, f"{path}/edit", changed)).status_code == 303
    async with browsing(world[Role.OFFICER]) as client:
        assert (await send(client, f"{path}/decline", {"version": "2"})).status_code == 409
        assert (await send(client, f"{path}/publish", {"version": "2"})).status_code == 303
        round_id = await published(world)
        chosen = {"need": path.rsplit("/", 1)[1]}
        assert (await send(client, f"/rounds/{round_id}/needs", chosen)).status_code == 303
    assert [need.people_concerned for need in await need_queries.cited_needs(round_id)] == [140]
    async with visiting() as client:
        assert NEED.title in (await client.get(f"/calls/{round_id}")).text


async def test_needs_are_found_by_state_town_and_word() -> None:
    world = await venture_world()
    await published_need(world)
    await published_need(world, title="放学后无人照看的孩子", town="娄东街道")
    async with browsing(world[Role.APPLICANT_ORG]) as client:
        assert "四楼" not in (await client.get("/needs?q=放学")).text
        assert "四楼" in (await client.get("/needs?town=城厢镇")).text
        assert "四楼" not in (await client.get("/needs?state=MET")).text
