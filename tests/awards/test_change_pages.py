"""Pages of an active award: changing it, claiming back, recording its public notice."""

from __future__ import annotations

import pytest

from grants.awards import changes, clawbacks, queries
from grants.kernel.identity import SYSTEM, Role
from grants.platform import db
from tests.app import browsing, send
from tests.world import YUAN, World, active_award, approved, furnished, instalments
from tests.world_awards import claim
from tests.world_banking import pay

pytestmark = pytest.mark.usefixtures("empty")


async def form_of(award: int, **changed: str) -> dict[str, str]:
    """The change's form as the page fills it, with some fields changed."""
    found = await queries.award(SYSTEM, award)
    form = {"version": str(found.version), "reason": "服务人数增加", "minutes_no": ""}
    for part in await changes.open_parts(award):
        form |= {
            f"line_id_{part.sequence}": str(part.line_id),
            f"amount_fen_{part.sequence}": str(part.amount_fen / 100),
            f"due_on_{part.sequence}": part.due_on.isoformat(),
            f"condition_{part.sequence}": part.condition,
        }
    return {**form, **changed}


async def paid_award(world: World) -> int:
    award = await active_award(world, 20_000 * YUAN, 10_000 * YUAN)
    await pay(world, await approved(world, (await instalments(award))[0]))
    return award


async def test_a_change_is_proposed_seen_and_approved() -> None:
    world = await furnished()
    award = await active_award(world, 20_000 * YUAN, 10_000 * YUAN)
    async with browsing(world[Role.OFFICER]) as client:
        assert "Open instalments" in (await client.get(f"/awards/{award}/change")).text
        got = await send(
            client, f"/awards/{award}/change", await form_of(award, amount_fen_2="1.5万")
        )
        assert got.status_code == 303
    async with browsing(world[Role.SECTION_HEAD]) as client:
        assert "35,000.00" in (await client.get(f"/awards/{award}")).text
        (change,) = await changes.changes_of(award)
        got = await send(client, f"/award-changes/{change.id}/decide", {"verb": "approve"})
        assert got.status_code == 303
    assert (await queries.award(SYSTEM, award)).amount_fen == 35_000 * YUAN


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("amount_fen_1", "-1"),
        ("amount_fen_1", "12.345"),
        ("amount_fen_1", "1000000000000000"),
        ("due_on_1", "someday"),
        ("line_id_1", "999999"),
        ("condition_1", ""),
        ("reason", "太短"),
        ("amount_fen_new1", "abc"),
    ],
)
async def test_a_wrong_field_keeps_what_was_typed(field: str, typed: str) -> None:
    world = await furnished()
    award = await active_award(world, 20_000 * YUAN)
    async with browsing(world[Role.OFFICER]) as client:
        form = await form_of(award, **{field: typed, "minutes_no": "局长办公会〔2026〕7号"})
        got = await send(client, f"/awards/{award}/change", form)
    assert got.status_code == 422
    assert "局长办公会〔2026〕7号" in got.text and f'id="{field}-error"' in got.text
    assert await changes.changes_of(award) == []


async def test_a_claim_above_what_was_paid_is_refused_beside_its_field() -> None:
    world = await furnished()
    award = await paid_award(world)
    async with browsing(world[Role.OFFICER]) as client:
        form = {"amount_fen": "20000.01", "due_on": "2026-07-31", "reason": "期末评估不合格"}
        got = await send(client, f"/awards/{award}/clawbacks", form)
        assert got.status_code == 422 and "20,000.00" in got.text
        got = await send(client, f"/awards/{award}/clawbacks", {**form, "amount_fen": "5000"})
    assert got.status_code == 303
    assert [c.state for c in await clawbacks.clawbacks(award_id=award)] == ["PROPOSED"]


async def test_a_claim_is_set_off_through_the_change_form() -> None:
    world = await furnished()
    award = await paid_award(world)
    owed = await claim(world, award, 4_000 * YUAN)
    async with browsing(world[Role.OFFICER]) as client:
        too_much = await form_of(award, amount_fen_2="5000", clawback_id=str(owed))
        assert (await send(client, f"/awards/{award}/change", too_much)).status_code == 422
        form = await form_of(award, amount_fen_2="6000", clawback_id=str(owed))
        assert (await send(client, f"/awards/{award}/change", form)).status_code == 303
    async with browsing(world[Role.SECTION_HEAD]) as client:
        (change,) = await changes.changes_of(award)
        await send(client, f"/award-changes/{change.id}/decide", {"verb": "approve"})
        assert "4,000.00" in (await client.get("/clawbacks")).text
        assert (await client.get("/clawbacks.xlsx")).status_code == 200
    assert (await clawbacks.clawback(owed)).state == "SETTLED"


async def test_an_unknown_verb_decides_nothing() -> None:
    world = await furnished()
    award = await paid_award(world)
    owed = await claim(world, award, 4_000 * YUAN)
    async with browsing(world[Role.SECTION_HEAD]) as client:
        got = await send(client, f"/clawbacks/{owed}/decide", {"verb": "forgive"})
    assert got.status_code == 404
    assert (await clawbacks.clawback(owed)).state == "OPEN"


async def test_an_agency_decides_nothing_and_sees_no_list() -> None:
    from tests.world import add_actor

    world = await furnished()
    award = await paid_award(world)
    owed = await claim(world, award, 4_000 * YUAN)
    agency = await add_actor(
        Role.APPLICANT_ORG, name="示例·机构", organisation_id=world.organisation
    )
    async with browsing(agency) as client:
        assert (await client.get("/clawbacks")).status_code == 403
        got = await send(client, f"/clawbacks/{owed}/decide", {"verb": "write_off"})
    assert got.status_code == 403


async def test_a_notice_is_recorded_on_the_award() -> None:
    world = await furnished()
    award = await active_award(world, 20_000 * YUAN)
    async with browsing(world[Role.OFFICER]) as client:
        form = {"publicised_from": "2026-06-03", "publicised_to": "2026-06-10"}
        got = await send(client, f"/awards/{award}/notice", {**form, "objections": "OPEN"})
        assert got.status_code == 303
        assert "objection open" in (await client.get(f"/awards/{award}")).text
        backwards = {"publicised_from": "2026-06-10", "publicised_to": "2026-06-03"}
        assert (await send(client, f"/awards/{award}/notice", backwards)).status_code == 409
    assert await db.value("SELECT objections FROM award WHERE id = $1", award) == "OPEN"
