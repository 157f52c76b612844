"""The decision meeting: one variant becomes the list, adopted by another, its money held."""

from __future__ import annotations

import asyncio

import pytest

from grants.applications.drafting import KIND as APPLICATION
from grants.budget import ledger
from grants.budget.commitments import precommitment_of
from grants.calls import queries as calls
from grants.calls.workflow import RoundState
from grants.decisions import meeting, queries, variants
from grants.decisions.rules import Choice
from grants.decisions.workflow import DecisionState
from grants.invariants.verify import verify
from grants.kernel.errors import Conflict, NotAllowed, Refusal, RuleBroken
from grants.kernel.identity import SYSTEM, Role
from grants.platform import db
from grants.platform.audit import Case, record
from grants.selection import queries as selection
from grants.selection import scoring
from tests.app import browsing, send
from tests.world import DAY, YUAN, World, add_actor, bucket
from tests.world_selection import PASSWORD, given, opened_panel, scoring_panel, sheets_of

pytestmark = pytest.mark.usefixtures("empty")

MINUTES = meeting.Meeting("局长办公会纪要〔2026〕9号", DAY, {})


async def drawn(**changes: object) -> tuple[World, int, int, list[int]]:
    """A scored round with a variant: world, round, variant, its applications."""
    world, panel_id, _, made = await opened_panel()
    round_id = (await selection.panel(panel_id)).round_id
    variant_id = await variants.begin_variant(world[Role.OFFICER], round_id, "方案一")
    if changes:
        begun = await queries.variant(variant_id)
        choice = Choice.model_validate({"budget_fen": begun.choice.budget_fen, **changes})
        await variants.choose(world[Role.OFFICER], variant_id, choice, seen_version=begun.version)
    return world, round_id, variant_id, made


async def proposed(world: World, variant_id: int, said: meeting.Meeting = MINUTES) -> int:
    version = (await queries.variant(variant_id)).version
    return await meeting.propose_decision(
        world[Role.OFFICER], variant_id, said, seen_version=version
    )


async def adopted(world: World, variant_id: int) -> int:
    decision_id = await proposed(world, variant_id)
    await meeting.adopt_decision(world[Role.SECTION_HEAD], decision_id, today=DAY)
    return decision_id


async def line_of(round_id: int) -> int:
    terms = (await calls.round_of(round_id)).terms
    assert terms is not None
    return terms.line_id


async def test_adopting_holds_what_the_list_gives_and_nothing_else_can_take_it() -> None:
    world, round_id, variant_id, made = await drawn()
    line = await line_of(round_id)
    before = await bucket(line, "available")
    decision_id = await proposed(world, variant_id)
    assert await bucket(line, "available") == before
    await meeting.adopt_decision(world[Role.SECTION_HEAD], decision_id, today=DAY)
    decision = await queries.decision(decision_id)
    assert decision.spent_fen == 100_000 * YUAN
    assert await bucket(line, "precommitted") == decision.spent_fen
    assert await bucket(line, "available") == before - decision.spent_fen
    held = await precommitment_of(Case(APPLICATION, made[0]))
    assert held is not None and held.precommitted_fen == 50_000 * YUAN
    assert (await calls.round_of(round_id)).state == "PROPOSED"
    assert [one for one in await verify() if one.breaches] == []


async def test_nobody_adopts_what_they_proposed_themselves() -> None:
    world, _, variant_id, _ = await drawn()
    decision_id = await proposed(world, variant_id)
    with pytest.raises(NotAllowed):
        await meeting.adopt_decision(world[Role.OFFICER], decision_id, today=DAY)
    assert (await queries.decision(decision_id)).state == "PROPOSED"


async def test_a_round_has_one_decision_before_the_meeting() -> None:
    world, _, variant_id, _ = await drawn()
    first = await proposed(world, variant_id)
    with pytest.raises(RuleBroken, match="lies before the meeting"):
        await proposed(world, variant_id)
    await meeting.withdraw_decision(world[Role.OFFICER], first)
    second = await proposed(world, variant_id)
    await meeting.reject_decision(world[Role.SECTION_HEAD], second, reason="请核对金额")
    assert await proposed(world, variant_id) > second


async def test_a_departure_from_the_ranking_needs_its_reason_in_the_minutes() -> None:
    world, _, variant_id, made = await drawn()
    choice = (await queries.variant(variant_id)).choice.model_copy(
        update={"dropped": frozenset({made[0]}), "amounts": {made[1]: 40_000 * YUAN}}
    )
    await variants.choose(world[Role.OFFICER], variant_id, choice, seen_version=1)
    with pytest.raises(RuleBroken, match="departs from the ranking") as refused:
        await proposed(world, variant_id)
    assert refused.value.params["field"] in {f"reason.{one}" for one in made}
    said = meeting.Meeting("纪要1号", DAY, {made[0]: "机构申请退出", made[1]: "按场地核减"})
    lines = {
        one.application_id: one
        for one in await queries.lines_of(await proposed(world, variant_id, said))
    }
    assert lines[made[0]].place == "DROPPED" and lines[made[0]].reason == "机构申请退出"
    assert lines[made[1]].amount_fen == 40_000 * YUAN


async def test_a_variant_changed_since_the_page_was_read_is_not_laid_before_the_meeting() -> None:
    world, _, variant_id, _ = await drawn()
    with pytest.raises(Conflict, match="Look again"):
        await meeting.propose_decision(world[Role.OFFICER], variant_id, MINUTES, seen_version=9)


async def test_sealed_scores_decide_nothing() -> None:
    world, panel_id, _, _ = await scoring_panel()
    round_id = (await selection.panel(panel_id)).round_id
    variant_id = await variants.begin_variant(world[Role.OFFICER], round_id, "方案一")
    with pytest.raises(RuleBroken, match="sealed until"):
        await proposed(world, variant_id)


async def test_a_score_changed_after_the_proposal_stops_the_adoption() -> None:
    world, panel_id, members, _ = await opened_panel()
    round_id = (await selection.panel(panel_id)).round_id
    variant_id = await variants.begin_variant(world[Role.OFFICER], round_id, "方案一")
    decision_id = await proposed(world, variant_id)
    for member in members:
        sheet = (await sheets_of(member, panel_id))[0]
        await scoring.change_after_opening(
            member, sheet.id, given(NEED=10), secret=PASSWORD, reason="需求论证复核后下调"
        )
    with pytest.raises(RuleBroken, match="scores have changed"):
        await meeting.adopt_decision(world[Role.SECTION_HEAD], decision_id, today=DAY)


async def test_scores_stand_once_the_round_is_decided() -> None:
    world, panel_id, members, _ = await opened_panel()
    round_id = (await selection.panel(panel_id)).round_id
    await adopted(world, await variants.begin_variant(world[Role.OFFICER], round_id, "方案一"))
    sheet = (await sheets_of(members[0], panel_id))[0]
    with pytest.raises(RuleBroken, match="round is decided"):
        await scoring.change_after_opening(
            members[0], sheet.id, given(NEED=10), secret=PASSWORD, reason="需求论证复核后下调"
        )


async def test_annulling_before_the_notice_gives_everything_back() -> None:
    world, round_id, variant_id, _ = await drawn()
    line = await line_of(round_id)
    before = await bucket(line, "available")
    decision_id = await adopted(world, variant_id)
    await meeting.annul_decision(
        world[Role.SECTION_HEAD], decision_id, reason="纪要文号有误", today=DAY
    )
    assert await bucket(line, "available") == before
    assert await bucket(line, "precommitted") == 0
    assert (await calls.round_of(round_id)).state == "REVIEW"
    again = await adopted(world, variant_id)
    assert (await queries.adopted(round_id)) == await queries.decision(again)
    assert [one for one in await verify() if one.breaches] == []


async def leave_only(line_id: int, amount_fen: int) -> None:
    """Take what the line has free, but for so much."""
    free = await bucket(line_id, "available")
    async with db.unit_of_work(SYSTEM):
        await ledger.move(
            SYSTEM,
            ledger.WITHDRAW,
            free - amount_fen,  # type: ignore[arg-type]
            of=line_id,
            case=Case("quota_movement", 1),
            key=f"leave:{line_id}",
            on=DAY,
        )


async def test_a_line_that_was_emptied_meanwhile_refuses_the_adoption() -> None:
    world, round_id, variant_id, _ = await drawn()
    decision_id = await proposed(world, variant_id)
    line = await line_of(round_id)
    await leave_only(line, 99_999 * YUAN)
    with pytest.raises(RuleBroken, match="is free on this line"):
        await meeting.adopt_decision(world[Role.SECTION_HEAD], decision_id, today=DAY)
    assert await bucket(line, "precommitted") == 0


async def second_round_like(round_id: int, decision_id: int) -> int:
    """Another round on the same line with the same list, as if it had been reviewed too."""
    async with db.unit_of_work(SYSTEM):
        twin = await db.value(
            "INSERT INTO call_round (number, fiscal_year, state, created_by_person, created_at, "
            "version) SELECT 'twin', fiscal_year, state, created_by_person, created_at, 1 "
            "FROM call_round WHERE id = $1 RETURNING id",
            round_id,
        )
        await db.execute(
            "INSERT INTO call_revision (round, sequence, terms, policy_version, note, state, "
            "drafted_by_person, drafted_at, decided_by_person, decided_at, version) "
            "SELECT $2, sequence, terms, policy_version, note, state, drafted_by_person, "
            "drafted_at, decided_by_person, decided_at, 1 FROM call_revision "
            "WHERE round = $1 AND state = 'PUBLISHED'",
            round_id,
            twin,
        )
        await record(SYSTEM, Case("call_round", twin), "begin", after=RoundState.REVIEW)
        copied = int(
            await db.value(
                "INSERT INTO funding_decision (number, round, variant, choice, minutes_no, met_on, "
                "spent_fen, state, proposed_by_person, proposed_at) SELECT 'twin', $2, variant, "
                "choice, minutes_no, met_on, spent_fen, state, proposed_by_person, proposed_at "
                "FROM funding_decision WHERE id = $1 RETURNING id",
                decision_id,
                twin,
            )
        )
        await record(SYSTEM, Case(meeting.KIND, copied), "propose", after=DecisionState.PROPOSED)
    return copied


async def test_two_rounds_that_decide_at_once_never_hold_more_than_the_line_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world, round_id, variant_id, _ = await drawn()
    first = await proposed(world, variant_id)
    second = await second_round_like(round_id, first)

    async def as_before(*_: object) -> None:
        return None

    # The twin has no scores of its own: what is at stake here is the money.
    monkeypatch.setattr(meeting, "_ranking_has_changed", as_before)
    line = await line_of(round_id)
    await leave_only(line, 150_000 * YUAN)
    outcomes = await asyncio.gather(
        meeting.adopt_decision(world[Role.SECTION_HEAD], first, today=DAY),
        meeting.adopt_decision(world[Role.SECTION_HEAD], second, today=DAY),
        return_exceptions=True,
    )
    refused = [one for one in outcomes if one is not None]
    held = await bucket(line, "precommitted")
    assert all(isinstance(one, Refusal) for one in refused)
    assert held <= 150_000 * YUAN and await bucket(line, "available") >= 0


async def test_the_database_holds_the_line_even_if_the_code_forgets() -> None:
    world, round_id, variant_id, made = await drawn()
    await adopted(world, variant_id)
    line = await line_of(round_id)
    free = await bucket(line, "available")
    with pytest.raises(RuleBroken, match="not enough left"):
        async with db.unit_of_work(SYSTEM):
            case = Case("application", 999)
            held = await ledger.open_precommitment(line, case)
            await ledger.move(
                SYSTEM,
                ledger.PRECOMMIT,
                free + 1,  # type: ignore[arg-type]
                of=held,
                case=case,
                key="too much",
                on=DAY,
            )
    with pytest.raises(RuleBroken, match="still held for the decision"):
        async with db.unit_of_work(SYSTEM):
            case = Case(APPLICATION, made[0])
            own = await precommitment_of(case)
            assert own is not None
            await ledger.move(
                SYSTEM,
                ledger.LIFT,
                own.precommitted_fen + 1,  # type: ignore[arg-type]
                of=own.id,
                case=case,
                key="too much back",
                on=DAY,
            )


async def test_the_pages_lead_from_the_variant_to_the_adopted_list() -> None:
    world, round_id, variant_id, made = await drawn(amounts={})
    async with browsing(world[Role.OFFICER]) as client:
        assert (
            f"/variants/{variant_id}/meeting" in (await client.get(f"/variants/{variant_id}")).text
        )
        form = await client.get(f"/variants/{variant_id}/meeting")
        assert "Number of the minutes" in form.text
        bad = await send(client, f"/variants/{variant_id}/meeting", {"version": "2"})
        assert bad.status_code == 422
        sent = await send(
            client,
            f"/variants/{variant_id}/meeting",
            {"version": "2", "minutes_no": "纪要9号", "met_on": DAY.isoformat()},
        )
        assert sent.status_code == 303
        address = sent.headers["location"].partition("?")[0]
        shown = (await client.get(address)).text
        assert "Before the meeting" in shown and "纪要9号" in shown
        assert (await send(client, f"{address}/adopt", {})).status_code == 403
    async with browsing(world[Role.SECTION_HEAD]) as client:
        assert (await send(client, f"{address}/adopt", {})).status_code == 303
        assert "Adopted" in (await client.get(address)).text
        assert "Held for decisions" in (await client.get(f"/budget/{await line_of(round_id)}")).text
        assert "Decided, to be published" in (await client.get(f"/rounds/{round_id}")).text
        assert "纪要9号" in (await client.get(f"/applications/{made[0]}")).text


async def test_the_applicant_learns_nothing_before_the_list_is_published() -> None:
    world, panel_id, _, made = await opened_panel()
    round_id = (await selection.panel(panel_id)).round_id
    await adopted(world, await variants.begin_variant(world[Role.OFFICER], round_id, "方案一"))
    organisation = await db.value("SELECT organisation FROM application WHERE id = $1", made[0])
    colleague = await add_actor(Role.APPLICANT_ORG, name="示例·同事", organisation_id=organisation)
    async with browsing(colleague) as client:
        text = (await client.get(f"/applications/{made[0]}")).text
        assert "Number of the minutes" not in text and "Proposed for funding" not in text
