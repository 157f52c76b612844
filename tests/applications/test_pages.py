"""Pages of applications: writing, keeping, checking, submitting, screening, printing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from grants.applications import queries
from grants.demo.applications_of_the_year import Typed
from grants.kernel import calendar
from grants.kernel.identity import Role
from grants.platform import files
from grants.platform.audit import Case
from tests.app import browsing, send
from tests.world import DAY
from tests.world_applications import (
    PDF,
    another_agency,
    applying_world,
    close,
    drafted,
    submitted,
    whole,
)
from tests.world_calls import AFTER, WHILE_OPEN

pytestmark = pytest.mark.usefixtures("empty")


@pytest.fixture(autouse=True)
def while_open(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Pages read the clock; here it stands within the window."""
    monkeypatch.setattr(calendar, "now", lambda: WHILE_OPEN)
    monkeypatch.setattr(calendar, "today", lambda: DAY)
    yield monkeypatch


def form_of(typed: Typed, version: int = 0, act: str = "save") -> dict[str, Any]:
    return {"version": str(version), "act": act, **{k: list(v) for k, v in typed.items()}}


async def test_an_agency_writes_an_application_from_the_public_call_to_its_receipt() -> None:
    _, round_id, boss = await applying_world()
    async with browsing(boss) as client:
        assert "Begin an application" in (await client.get(f"/calls/{round_id}")).text
        begun = await send(client, f"/calls/{round_id}/applications")
        path = begun.headers["location"]
        for code, typed in whole().items():
            assert (await client.get(f"{path}/{code}")).status_code == 200
            got = await send(client, f"{path}/{code}", form_of(typed, act="next"))
            assert got.status_code == 303, code
        for paper in ("LICENCE", "INSPECTION", "GRADE", "CONSENT"):
            got = await send(
                client,
                f"{path}/attach/{paper}",
                files={f"file-{paper}": ("证明.pdf", PDF + paper.encode(), "application/pdf")},
            )
            assert got.status_code == 303
        checked = (await client.get(f"{path}/check")).text
        assert "nothing stops it" in checked
        version = re.findall(r'name="version" value="(\d+)"', checked)[-1]
        refused = await send(client, f"{path}/submit", {"version": version})
        assert refused.status_code == 409 and "Tick the declaration" in refused.text
        got = await send(client, f"{path}/submit", {"version": version, "declared": "on"})
        assert got.status_code == 303
        assert "Submitted" in (await client.get(path)).text
        for paper in ("receipt", "application"):
            printed = await client.get(f"{path}/{paper}.pdf")
            assert printed.status_code == 200 and printed.content.startswith(b"%PDF")


async def test_a_section_is_kept_while_it_is_typed() -> None:
    _, round_id, boss = await applying_world()
    async with browsing(boss) as client:
        path = (await send(client, f"/calls/{round_id}/applications")).headers["location"]
        first = await send(client, f"{path}/project/keep", form_of({"title": ["放学"]}))
        assert first.status_code == 200 and 'data-version="1"' in first.text
        second = await send(client, f"{path}/project/keep", form_of({"title": ["放学后"]}, 1))
        assert 'data-version="2"' in second.text
        assert 'value="放学后"' in (await client.get(f"{path}/project")).text


async def test_what_is_typed_after_the_submission_is_not_kept_and_the_page_says_so() -> None:
    _, round_id, boss = await applying_world()
    application = await submitted(boss, round_id)
    async with browsing(boss) as client:
        late = await send(
            client, f"/applications/{application}/project/keep", form_of({"title": ["改"]}, 1)
        )
    assert late.status_code == 200 and "data-version" not in late.text
    assert "Not saved: What was submitted is not changed" in late.text


async def test_the_budget_is_added_up_while_it_is_typed() -> None:
    _, round_id, boss = await applying_world()
    application = await drafted(boss, round_id)
    over = whole(budget={"rows__0__unit_price_fen": 3000, "rows__0__grant_fen": 27000})["budget"]
    async with browsing(boss) as client:
        got = await send(client, f"/applications/{application}/budget/keep", form_of(over, 1))
    assert "66,200.00" in got.text and "above the cap" in got.text
    assert "L1 人员费用 takes 40.8% of the grant, at most 40.0%." in got.text


async def test_a_colleague_who_was_quicker_is_named_and_both_texts_stand() -> None:
    _, round_id, boss = await applying_world()
    async with browsing(boss) as client:
        path = (await send(client, f"/calls/{round_id}/applications")).headers["location"]
        await send(client, f"{path}/project/keep", form_of({"title": ["同事的标题"]}))
        kept = await send(client, f"{path}/project/keep", form_of({"title": ["我的标题"]}))
        assert kept.status_code == 409 and boss.name in kept.text
        shown = await send(client, f"{path}/project", form_of({"title": ["我的标题"]}))
        assert shown.status_code == 409
        assert 'value="我的标题"' in shown.text and "Keep mine" in shown.text
        mine = form_of(whole(project={"title": "我的标题"})["project"], act="overwrite")
        assert (await send(client, f"{path}/project", mine)).status_code == 303
    section = await queries.section(int(path.rsplit("/", 1)[1]), "project")
    assert section is not None and section.typed["title"] == ["我的标题"]


@pytest.mark.parametrize(
    ("code", "field", "typed"),
    [
        ("project", "title", "短"),
        ("project", "ends_on", "2026-08-31"),
        ("project", "category", "Z"),
        ("agency", "contact_phone", "12345"),
        ("agency", "email", "nobody"),
        ("plan", "activities.1.ends_on", "2026-01-01"),
        ("budget", "rows.0.own_fen", "1"),
        ("budget", "rows.2.quantity", "-1"),
        ("indicators", "indicators.0.target", "many"),
    ],
)
async def test_a_wrong_entry_is_said_beside_its_field_and_kept(
    code: str, field: str, typed: str
) -> None:
    _, round_id, boss = await applying_world()
    application = await drafted(boss, round_id)
    sections = whole()
    sections[code][field] = [typed]
    async with browsing(boss) as client:
        got = await send(client, f"/applications/{application}/{code}", form_of(sections[code], 1))
    assert got.status_code == 422 and f'id="{field}-error"' in got.text
    section = await queries.section(application, code)
    assert section is not None and section.typed[field] == [typed] and not section.whole


async def test_rows_are_added_and_removed_without_script() -> None:
    _, round_id, boss = await applying_world()
    application = await drafted(boss, round_id)
    path = f"/applications/{application}/risks"
    async with browsing(boss) as client:
        added = await send(client, path, form_of(whole()["risks"], 1, "add:risks"))
        assert added.status_code == 200 and 'name="risks.2.risk"' in added.text
        removed = await send(client, path, form_of(whole()["risks"], 2, "remove:risks.0"))
        assert "志愿者流失" not in removed.text and "突发疾病" in removed.text


async def test_a_paper_is_refused_beside_its_own_field() -> None:
    _, round_id, boss = await applying_world()
    application = await drafted(boss, round_id, papers=False)
    path = f"/applications/{application}"
    async with browsing(boss) as client:
        for name, content in (("a.exe", b"MZ"), ("a.pdf", b""), ("a.xlsx", PDF)):
            got = await send(
                client, f"{path}/attach/CONSENT", files={"file-CONSENT": (name, content)}
            )
            assert got.status_code == 422 and 'id="file-CONSENT-error"' in got.text
    assert await files.list_attachments(Case("application", application)) == []


async def test_another_agency_finds_nothing_of_it() -> None:
    _, round_id, boss = await applying_world()
    application = await submitted(boss, round_id)
    async with browsing(await another_agency()) as client:
        for place in ("", "/project", "/files", "/check", "/receipt.pdf", "/application.pdf"):
            assert (await client.get(f"/applications/{application}{place}")).status_code == 404
        for place in ("/project", "/submit", "/withdraw", "/discard", "/project/keep"):
            got = await send(client, f"/applications/{application}{place}", {"version": "1"})
            assert got.status_code == 404, place


async def test_the_office_screens_and_the_applicant_reads_why(
    while_open: pytest.MonkeyPatch,
) -> None:
    world, round_id, boss = await applying_world()
    application = await submitted(boss, round_id)
    await close(round_id)
    while_open.setattr(calendar, "now", lambda: AFTER)
    async with browsing(world[Role.OFFICER]) as client:
        shown = (await client.get(f"/applications/{application}")).text
        assert "All 15 passed" in shown
        form = {"version": "2", "verb": "fail", "reason": "项目内容与社区职责重复"}
        assert (await send(client, f"/applications/{application}/screen", form)).status_code == 303
        assert "1" in (await client.get(f"/rounds/{round_id}")).text
        sheet = await client.get(f"/applications.xlsx?round={round_id}")
        assert sheet.content.startswith(b"PK")
    async with browsing(boss) as client:
        shown = (await client.get(f"/applications/{application}")).text
    assert "项目内容与社区职责重复" in shown
    assert "Not the same content as a funded project" not in shown


async def test_the_home_of_an_agency_shows_open_calls_and_its_applications() -> None:
    _, round_id, boss = await applying_world()
    await drafted(boss, round_id)
    async with browsing(boss) as client:
        home = (await client.get("/")).text
    assert f'href="/calls/{round_id}"' in home and "银龄守望" in home


async def test_the_need_shows_the_projects_that_answer_it() -> None:
    from tests.world_calls import published_need

    world, round_id, boss = await applying_world()
    need = await published_need(world)
    await submitted(boss, round_id, project={"need_id": need})
    async with browsing(world[Role.OFFICER]) as client:
        assert "银龄守望" in (await client.get(f"/needs/{need}")).text
