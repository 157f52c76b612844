"""From the cleared project to the award: signed in order, by the right paper, money committed."""

from __future__ import annotations

import io
from datetime import date

import pypdfium2
import pytest
import segno

from grants.agreements import actions, documents, jobs, queries
from grants.applications.drafting import KIND as APPLICATION
from grants.awards import endings as award_endings
from grants.awards import queries as awards
from grants.budget.commitments import commitments_of, precommitment_of
from grants.home import queries as worklist
from grants.invariants.verify import verify
from grants.kernel.calendar import rehearsed_at
from grants.kernel.errors import Conflict, NotAllowed, NotFound, RuleBroken
from grants.kernel.identity import Actor, Role
from grants.platform import db
from grants.platform.audit import Case
from tests.app import browsing, send, visiting
from tests.world import YUAN, World, add_actor, bucket
from tests.world_decisions import PUBLISHED, days_over, decided, publicised, state_of

pytestmark = pytest.mark.usefixtures("empty")
TODAY = date(2026, 7, 22)


async def cleared(applications: int = 2, **more: int) -> tuple[World, list[int]]:
    """Projects that are to be funded: their notice is over."""
    world, _, decision_id, made = await decided(applications, **more)
    await days_over(await publicised(world, decision_id))
    return world, made


async def issued(world: World, application_id: int) -> int:
    agreement_id = await actions.draw_up(world[Role.OFFICER], application_id, today=TODAY)
    await actions.issue(world[Role.OFFICER], agreement_id, seen_version=1)
    return agreement_id


async def agency_of(application_id: int) -> Actor:
    organisation = await db.value(
        "SELECT organisation FROM application WHERE id = $1", application_id
    )
    return await add_actor(Role.APPLICANT_ORG, name="示例·经办", organisation_id=organisation)


async def scan_of(world: World, agreement_id: int, page: int = 0) -> bytes:
    """A page of the printed agreement as a scanner would hand it over: a picture."""
    found = await queries.agreement(world[Role.OFFICER], agreement_id)
    paper = pypdfium2.PdfDocument(await documents.agreement_paper(found))
    held = io.BytesIO()
    paper[page].render(scale=150 / 72, rotation=0).to_pil().rotate(1.5, fillcolor="white").save(
        held, "JPEG", quality=60
    )
    return held.getvalue()


async def signed(world: World, application_id: int) -> int:
    agreement_id = await issued(world, application_id)
    scan = await scan_of(world, agreement_id)
    agency = await agency_of(application_id)
    await actions.sign_for_agency(agency, agreement_id, "签字.jpg", scan)
    sealed = await scan_of(world, agreement_id, page=1)
    await actions.sign_for_office(world[Role.OFFICER], agreement_id, "盖章.jpg", sealed)
    return agreement_id


async def version_of(world: World, agreement_id: int) -> int:
    return (await queries.agreement(world[Role.OFFICER], agreement_id)).version


async def activated(world: World, agreement_id: int) -> int:
    with rehearsed_at(PUBLISHED.replace(day=22)):
        return await actions.activate(
            world[Role.SECTION_HEAD],
            agreement_id,
            seen_version=await version_of(world, agreement_id),
            today=TODAY,
        )


async def test_a_project_is_agreed_on_only_when_its_notice_is_over() -> None:
    world, _, decision_id, made = await decided(2)
    with pytest.raises(RuleBroken, match="notice is not over"):
        await actions.draw_up(world[Role.OFFICER], made[0], today=TODAY)
    await days_over(await publicised(world, decision_id))
    agreement_id = await actions.draw_up(world[Role.OFFICER], made[0], today=TODAY)
    with pytest.raises(Conflict, match="has an agreement already"):
        await actions.draw_up(world[Role.OFFICER], made[0], today=TODAY)
    content = (await queries.agreement(world[Role.OFFICER], agreement_id)).content
    assert content.amount_fen == 50_000 * YUAN
    assert [p.amount_fen // YUAN for p in content.parts] == [25_000, 15_000, 10_000]
    assert sum(b.grant_fen for b in content.budget) == content.amount_fen


async def test_both_sign_in_order_and_the_award_commits_what_was_held() -> None:
    world, made = await cleared()
    line = await db.value("SELECT min(line) FROM precommitment")
    free = await bucket(line, "available")
    agreement_id = await signed(world, made[0])
    award_id = await activated(world, agreement_id)
    award = await awards.award(world[Role.OFFICER], award_id)
    assert (award.state, award.amount_fen, award.objections) == ("ACTIVE", 50_000 * YUAN, "NONE")
    assert award.publicised_to is not None and award.basis.startswith("协")
    held = await precommitment_of(Case(APPLICATION, made[0]))
    assert held is not None and held.precommitted_fen == 0
    assert (await commitments_of(award_id=award_id))[0].committed_fen == award.amount_fen
    assert await bucket(line, "available") == free
    parts = await awards.instalments(award_id)
    assert [p.opened_by for p in parts] == ["AGREEMENT", "MIDTERM", "FINAL"]
    assert [p.condition_met_on is not None for p in parts] == [True, False, False]
    assert await state_of(made[0]) == "AWARDED"
    assert [one for one in await verify() if one.breaches] == []


async def test_the_office_does_not_sign_before_the_agency() -> None:
    world, made = await cleared()
    agreement_id = await issued(world, made[0])
    with pytest.raises(Conflict):
        await actions.sign_for_office(
            world[Role.OFFICER], agreement_id, "盖章.jpg", await scan_of(world, agreement_id)
        )


async def test_a_scan_of_another_case_or_edition_or_without_code_is_refused() -> None:
    world, made = await cleared()
    first, second = await issued(world, made[0]), await issued(world, made[1])
    agency = await agency_of(made[0])
    with pytest.raises(RuleBroken, match="another agreement"):
        await actions.sign_for_agency(agency, first, "a.jpg", await scan_of(world, second))
    old = await scan_of(world, first)
    await actions.recall(world[Role.OFFICER], first, reason="项目期限写错了")
    await actions.issue(world[Role.OFFICER], first, seen_version=await version_of(world, first))
    with pytest.raises(RuleBroken, match="earlier version"):
        await actions.sign_for_agency(agency, first, "a.jpg", old)
    held = io.BytesIO()
    segno.make("https://elsewhere.example").save(held, kind="png", scale=8)
    with pytest.raises(RuleBroken, match="No code of ours"):
        await actions.sign_for_agency(agency, first, "a.png", held.getvalue())
    with pytest.raises(RuleBroken, match="content is JPG"):
        await actions.sign_for_agency(agency, first, "a.pdf", old)
    with pytest.raises(RuleBroken, match="No code of ours"):
        await actions.sign_for_agency(agency, first, "a.pdf", b"%PDF-1.7 broken")
    assert (await queries.agreement(agency, first)).state == "ISSUED"


async def test_an_agency_sees_and_signs_only_its_own_agreement() -> None:
    world, made = await cleared()
    draft = await actions.draw_up(world[Role.OFFICER], made[0], today=TODAY)
    owner, other = await agency_of(made[0]), await agency_of(made[1])
    with pytest.raises(NotFound):
        await queries.agreement(owner, draft)  # a draft is the office's alone
    await actions.issue(world[Role.OFFICER], draft, seen_version=1)
    assert (await queries.agreement(owner, draft)).state == "ISSUED"
    with pytest.raises(NotFound):
        await actions.sign_for_agency(other, draft, "a.jpg", await scan_of(world, draft))


async def test_whoever_drew_it_up_does_not_put_it_into_force() -> None:
    world, made = await cleared()
    agreement_id = await signed(world, made[0])
    both = await add_actor(
        Role.OFFICER, Role.SECTION_HEAD, name="x", person_id=world[Role.OFFICER].person_id
    )
    with pytest.raises(NotAllowed):
        await actions.activate(
            both, agreement_id, seen_version=await version_of(world, agreement_id), today=TODAY
        )
    with pytest.raises(Conflict):
        await actions.activate(world[Role.SECTION_HEAD], agreement_id, seen_version=1, today=TODAY)


async def test_a_scan_that_is_not_good_goes_back_with_the_reason() -> None:
    world, made = await cleared()
    agreement_id = await issued(world, made[0])
    agency = await agency_of(made[0])
    scan = await scan_of(world, agreement_id)
    await actions.sign_for_agency(agency, agreement_id, "a.jpg", scan)
    await actions.return_scan(world[Role.OFFICER], agreement_id, reason="缺少公章，请补盖")
    assert (await queries.agreement(agency, agreement_id)).state == "ISSUED"
    await actions.sign_for_agency(agency, agreement_id, "a.jpg", scan)
    assert (await queries.agreement(agency, agreement_id)).state == "AGENCY_SIGNED"


async def test_an_agreement_that_is_not_signed_drops_its_project_and_moves_the_reserve_up() -> None:
    world, made = await cleared(3, places=1)
    agreement_id = await issued(world, made[0])
    await actions.declare_void(world[Role.SECTION_HEAD], agreement_id, reason="机构书面放弃签约")
    assert [await state_of(one) for one in made] == ["DROPPED", "PROPOSED", "RESERVE"]
    assert [one for one in await verify() if one.breaches] == []


async def test_parts_opened_by_an_evaluation_are_not_opened_by_hand() -> None:
    from grants.awards import instalments

    world, made = await cleared()
    award_id = await activated(world, await signed(world, made[0]))
    second = (await awards.instalments(award_id))[1]
    with pytest.raises(RuleBroken, match="opened by the agreement or the evaluation"):
        await instalments.confirm_condition(
            world[Role.OFFICER], second.id, on=TODAY, evidence="中期评估报告"
        )


async def test_the_pages_lead_from_the_decision_to_the_award() -> None:
    world, made = await cleared()
    decision_id = await db.value("SELECT max(id) FROM funding_decision")
    officer, head = world[Role.OFFICER], world[Role.SECTION_HEAD]
    async with browsing(officer) as client:
        assert "Draw up 2 agreements" in (await client.get(f"/decisions/{decision_id}")).text
        assert (await send(client, f"/decisions/{decision_id}/agreements")).status_code == 303
        assert (await send(client, f"/decisions/{decision_id}/agreements/issue")).status_code == 303
        assert (await client.get("/agreements?state=ISSUED")).text.count('class="open"') == 2
    found = await queries.agreement_of(officer, made[0])
    assert found is not None
    path = f"/agreements/{found.id}"
    async with browsing(await agency_of(made[0])) as client:
        assert "Sign and hand in" in (await client.get(path)).text
        paper = await client.get(f"{path}/agreement.pdf")
        assert paper.content.startswith(b"%PDF-")
        sent = await send(
            client,
            f"{path}/agency-scan",
            files={"file": ("a.jpg", await scan_of(world, found.id), "image/jpeg")},
        )
        assert sent.status_code == 303
        wrong = await send(
            client, f"{path}/agency-scan", files={"file": ("a.exe", b"MZ", "image/jpeg")}
        )
        assert wrong.status_code == 422
    await actions.sign_for_office(officer, found.id, "b.jpg", await scan_of(world, found.id, 1))
    async with browsing(head) as client:
        version = str(await version_of(world, found.id))
        with rehearsed_at(PUBLISHED.replace(day=22)):
            sent = await send(client, f"{path}/activate", {"version": version})
        assert sent.status_code == 303 and sent.headers["location"].startswith("/awards/")
        award = (await client.get(sent.headers["location"])).text
        assert found.number in award
        letter = await client.get(f"{path}/letter.pdf")
        assert letter.content.startswith(b"%PDF-")
    async with visiting("en") as visitor:
        checked = await visitor.get(f"{path}/paper/{found.digest[:32] or '0' * 32}")
        assert checked.status_code in (200, 404)
        current = await queries.agreement(officer, found.id)
        shown = (await visitor.get(f"{path}/paper/{current.digest[:32]}")).text
        assert "the edition that counts" in shown
        assert "earlier edition" in (await visitor.get(f"{path}/paper/{'0' * 32}")).text


async def test_when_the_last_place_is_taken_the_reserve_is_told_and_the_round_can_end() -> None:
    world, made = await cleared(3, places=1)
    assert await state_of(made[1]) == "RESERVE"
    award_id = await activated(world, await signed(world, made[0]))
    assert [await state_of(one) for one in made] == ["AWARDED", "REJECTED", "REJECTED"]
    assert await jobs.close_rounds() == "0 rounds closed"  # its project still runs
    await award_endings.terminate_award(
        world[Role.SECTION_HEAD],
        award_id,
        seen_version=(await awards.award(world[Role.OFFICER], award_id)).version,
        reason="机构注销，项目终止",
        today=TODAY,
    )
    assert await jobs.close_rounds() == "1 rounds closed"
    assert await db.value("SELECT state FROM call_round") == "CLOSED"
    assert [one for one in await verify() if one.breaches] == []


async def test_an_agency_finds_the_agreement_to_sign_on_its_first_page() -> None:
    world, made = await cleared()
    await issued(world, made[0])
    own, other = await agency_of(made[0]), await agency_of(made[1])
    titles = [one.title for one in await worklist.waiting_for(own)]
    assert "Agreements to sign" in titles
    assert "Agreements to sign" not in [one.title for one in await worklist.waiting_for(other)]
    async with browsing(own) as client:
        assert "/agreements?state=ISSUED" in (await client.get("/")).text
