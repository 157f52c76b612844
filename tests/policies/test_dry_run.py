"""What would change: open requests looked at under a version that does not hold yet."""

from __future__ import annotations

from typing import Any

import pytest

from grants.awards.tiers import ApprovalTiers
from grants.kernel.identity import Role
from grants.payments import actions as payments
from grants.platform import db
from grants.policies import queries
from grants.policies.dry_run import DryRun, Shift, dry_run
from grants.policies.kinds import KINDS
from tests.world import (
    DAY,
    YUAN,
    World,
    active_award,
    approved,
    bureau,
    details,
    furnished,
    instalments,
    submitted,
)

pytestmark = pytest.mark.usefixtures("empty")


async def under(kind: str, **changed: Any) -> DryRun:
    """The dry run of the version in force with some figures changed."""
    body = {**(await queries.versions(kind))[0].body, **changed}
    found = await dry_run(KINDS[kind], KINDS[kind].model.model_validate(body), today=DAY)
    assert found is not None
    return found


async def drafted(world: World, instalment_id: int, **changed: object) -> int:
    return await payments.draft_payment(
        world[Role.OFFICER], instalment_id, details(world, **changed), today=DAY
    )


async def one_each(world: World) -> tuple[int, int]:
    """A draft and a submitted request of one award; a third is approved already."""
    award = await active_award(world, *[10_000 * YUAN] * 3)
    first, second, third = await instalments(award)
    await approved(world, third)
    draft = await drafted(world, first, invoice_no="9" * 20)
    return draft, await submitted(world, second)


async def rules_with(name: str, **changed: object) -> dict[str, Any]:
    rules = (await queries.versions("payment_gate"))[0].body["rules"]
    return {**rules, name: {**rules[name], **changed}}


async def tiers_with(place: int, **changed: object) -> list[dict[str, Any]]:
    tiers = [dict(one) for one in (await queries.versions("approval_tiers"))[0].body["tiers"]]
    tiers[place] |= changed
    return tiers


async def test_the_version_in_force_would_change_nothing() -> None:
    await one_each(await furnished())
    for kind in (name for name, about in KINDS.items() if about.looks_at_payments):
        found = await under(kind)
        assert (found.looked_at, found.shifted) == (2, [])


async def test_only_requests_that_are_not_decided_are_looked_at() -> None:
    world = await furnished()
    award = await active_award(world, 10_000 * YUAN)
    await approved(world, (await instalments(award))[0])
    assert (await under("payment_gate", repeat_days=1)).looked_at == 0


async def test_a_stricter_check_would_stop_what_is_looked_at_now() -> None:
    await one_each(await furnished())
    found = await under(
        "payment_gate", rules=await rules_with("evidence_is_attached", level="blocking")
    )
    stops = Shift("Originals are attached", ["Please look"], ["Not passed"])
    assert [one.shifts for one in found.shifted] == [[stops], [stops]]
    assert found.sums() == [(stops, 2)]


async def test_a_check_that_is_not_made_any_more_is_named() -> None:
    await one_each(await furnished())
    found = await under("payment_gate", rules=await rules_with("names_agree", level="off"))
    gone = Shift("Payee and account holder agree", ["Passed"], ["not checked"])
    assert found.sums() == [(gone, 2)]


@pytest.mark.breaches
async def test_a_longer_look_back_finds_payments_that_were_not_alike_before() -> None:
    world = await furnished()
    _, second = await one_each(world)
    async with db.ENGINE.transaction():
        await db.execute("SET LOCAL session_replication_role = replica")
        await db.execute(
            "UPDATE payment SET submitted_at = now() - interval '100 days' WHERE state <> 'DRAFT'"
        )
    found = await under("payment_gate", repeat_days=120)
    shift = Shift("No similar payment shortly before", ["Passed"], ["Please look"])
    assert found.sums() == [(shift, 2)]
    assert second in [one.payment.id for one in found.shifted]


async def test_a_new_chain_reaches_drafts_and_leaves_frozen_chains() -> None:
    draft, _ = await one_each(await furnished())
    found = await under("approval_tiers", tiers=await tiers_with(0, chain=["SECTION_HEAD"]))
    (one,) = found.shifted
    assert one.payment.id == draft
    assert one.shifts == [
        Shift(
            "Who approves",
            ["Section head", "Finance reviewer", "Deputy leader"],
            ["Section head"],
        )
    ]


@pytest.mark.breaches
async def test_minutes_that_a_tier_begins_to_ask_for_reach_submitted_requests_too() -> None:
    world = await furnished()
    await one_each(world)
    async with db.ENGINE.transaction():
        await db.execute("SET LOCAL session_replication_role = replica")
        await db.execute("UPDATE award SET minutes_no = ''")
    found = await under("approval_tiers", tiers=await tiers_with(0, minutes_needed=True))
    shift = Shift("A meeting's minutes are cited", ["Passed"], ["Not passed"])
    assert found.sums() == [(shift, 2)]


async def test_a_shorter_clock_moves_the_day_of_drafts_alone() -> None:
    draft, _ = await one_each(await furnished())
    found = await under("payment_clock", days_after_trigger=10)
    (one,) = found.shifted
    assert one.payment.id == draft
    # The condition was met on 10 June; ten working days after the 15th would be the 29th.
    assert one.shifts == [Shift("Due, if submitted today", ["2026-06-30"], ["2026-06-20"])]


async def test_a_matrix_that_denies_would_stop_every_request() -> None:
    await one_each(await furnished())
    cells = (await queries.versions("fund_matrix"))[0].body["cells"]
    denied = {**cells["SERVICE_CONTRACT"], "GENERAL": {"verdict": "deny", "note": "", "mark": "D"}}
    found = await under("fund_matrix", cells={**cells, "SERVICE_CONTRACT": denied})
    shift = Shift("The fund source may pay this", ["Passed"], ["Not passed"])
    assert found.sums() == [(shift, 2)]


async def test_a_budget_not_approved_yet_caps_every_request() -> None:
    await one_each(await furnished())
    found = await under("budget_approval", fiscal_year=2025)
    shift = Shift("Within the cap before the congress approves", ["Passed"], ["Not passed"])
    assert found.sums() == [(shift, 2)]


async def test_kinds_that_no_request_looks_at_have_no_dry_run() -> None:
    await bureau()
    for kind in ("sign_in", "payer_account", "budget_codes"):
        body = KINDS[kind].model.model_validate((await queries.versions(kind))[0].body)
        assert await dry_run(KINDS[kind], body, today=DAY) is None


async def test_the_number_of_reads_does_not_grow_with_the_requests(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = await furnished()
    asked: list[str] = []
    counted = {name: getattr(db, name) for name in ("rows", "row", "value")}
    for name, read in counted.items():

        async def spy(sql: str, *arguments: object, _read: Any = read) -> Any:
            asked.append(sql)
            return await _read(sql, *arguments)

        monkeypatch.setattr(db, name, spy)
    await under("payment_gate", repeat_days=120)
    empty = len(asked)
    await one_each(world)
    asked.clear()
    await under("payment_gate", repeat_days=120)
    assert len(asked) == empty


async def test_a_body_of_tiers_may_be_looked_at_as_the_model_reads_it() -> None:
    await bureau()
    tiers = ApprovalTiers.model_validate((await queries.versions("approval_tiers"))[0].body)
    found = await dry_run(KINDS["approval_tiers"], tiers, today=DAY)
    assert found == DryRun(0, [])
