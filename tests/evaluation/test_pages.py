"""Pages of evaluations: the form, the list, the receipts of the project, the worklist."""

from __future__ import annotations

import pytest

from grants.delivery import receipts
from grants.evaluation import actions, queries
from grants.kernel.calendar import rehearsed_at
from grants.kernel.identity import Role
from grants.platform import files
from grants.platform.audit import Case
from tests.app import browsing, send
from tests.delivery.test_actions import NOW, agency_of_award, entered, running
from tests.evaluation.test_actions import (
    MIDTERM,
    PASSWORD,
    assigned,
    evaluator,
    given,
    signed,
    spend,
)

pytestmark = pytest.mark.usefixtures("empty")


async def test_the_pages_take_an_evaluation_through() -> None:
    world, award, agency, _ = await running()
    await spend(world, award, agency)
    person = await evaluator()
    with rehearsed_at(NOW):
        async with browsing(world[Role.OFFICER]) as client:
            assert "Ask for an evaluation" in (await client.get(f"/projects/{award}")).text
            form = {"kind": "MIDTERM", "evaluator": str(person.person_id), "due_on": "2026-10-30"}
            bad = await send(
                client, f"/projects/{award}/evaluations", {**form, "due_on": "2026-01-01"}
            )
            assert bad.status_code == 422
            sent = await send(client, f"/projects/{award}/evaluations", form)
            assert sent.status_code == 303
        path = sent.headers["location"].partition("?")[0]
        async with browsing(person) as client:
            assert path in (await client.get("/evaluations")).text
            assert "give points" in (await client.get(path)).text
            typed = {f"points.{code}": str(n) for code, n in MIDTERM.items()}
            kept = await send(
                client, f"{path}/keep", {**typed, "finding": "进展良好，票据合规。", "version": "1"}
            )
            assert 'data-version="2"' in kept.text
            assert "go on to sign" in kept.text
            late = await send(client, f"{path}/keep", {**typed, "version": "1"})
            assert late.status_code == 409
            assert "Not saved" in late.text
            assert (await send(client, f"{path}/sign", {"secret": "no"})).status_code == 422
            assert (await send(client, f"{path}/sign", {"secret": PASSWORD})).status_code == 303
            report = await client.get(f"{path}/report.pdf")
            assert report.content.startswith(b"%PDF-")
        async with browsing(world[Role.SECTION_HEAD]) as client:
            page = (await client.get(path)).text
            assert "Confirm" in page
            number = int(path.rpartition("/")[2])
            version = str((await queries.evaluation(world[Role.SECTION_HEAD], number)).version)
            done = await send(client, f"{path}/confirm", {"version": version})
            assert done.status_code == 303
        async with browsing(agency) as client:
            assert "良" in (await client.get(path)).text


async def test_an_evaluator_reads_the_receipts_of_his_project_and_no_others() -> None:
    world, award, agency, other = await running()
    spending = await entered(agency, award)
    foreign = await entered(await agency_of_award(other), other, receipt_no="999")
    mine, theirs = [
        (await files.list_attachments(Case(receipts.KIND, one)))[0].id
        for one in (spending, foreign)
    ]
    person, stranger = await evaluator(), await evaluator()
    path = f"/evaluations/{await assigned(world, award, person)}"
    async with browsing(person) as client:
        assert f"{path}/papers/{mine}" in (await client.get(path)).text
        assert (await client.get(f"{path}/papers/{mine}")).content.startswith(b"%PDF-")
        assert (await client.get(f"{path}/papers/{theirs}")).status_code == 404
        assert (await client.get(f"/attachments/{mine}")).status_code == 404
    async with browsing(stranger) as client:
        assert (await client.get(f"{path}/papers/{mine}")).status_code == 404


async def test_the_worklist_names_evaluations_to_fill_in_and_to_confirm() -> None:
    world, award, _, _ = await running()
    person = await evaluator()
    evaluation = await assigned(world, award, person)
    async with browsing(person) as client:
        assert "Evaluations to fill in" in (await client.get("/")).text
    await actions.fill(person, evaluation, given(MIDTERM), seen_version=1)
    await actions.sign(person, evaluation, PASSWORD)
    async with browsing(person) as client:
        assert "Evaluations to fill in" not in (await client.get("/")).text
    async with browsing(world[Role.SECTION_HEAD]) as client:
        assert "Evaluations to confirm" in (await client.get("/")).text


async def test_the_list_is_narrowed_by_state_and_words() -> None:
    world, award, _, other = await running()
    person = await evaluator()
    first = await assigned(world, award, person)
    second = await signed(world, other, person)
    officer = world[Role.OFFICER]
    assert await queries.count_by_state(officer) == {"ASSIGNED": 1, "SIGNED": 1}
    assert [one.id for one in await queries.evaluations(officer, state="SIGNED")] == [second]
    assert [one.id for one in await queries.evaluations(officer, search=person.name)] == [
        first,
        second,
    ]
    assert await queries.evaluations(officer, search="没有这样的项目") == []
    assert await queries.count_by_state(await evaluator()) == {}
    async with browsing(officer) as client:
        text = (await client.get("/evaluations?state=ASSIGNED&q=评估")).text
        assert f"/evaluations/{first}" in text and f'"/evaluations/{second}"' not in text
        assert "No evaluation here" in (await client.get("/evaluations?page=9")).text
