"""What the database holds of payments by itself, and who sees them."""

from __future__ import annotations

import asyncpg
import pytest

from grants.kernel.errors import Conflict, NotFound, RuleBroken
from grants.kernel.identity import SYSTEM, Role
from grants.kernel.money import Fen
from grants.payments import queries
from grants.platform import db
from tests.world import (
    YUAN,
    add_actor,
    add_organisation,
    furnished,
)
from tests.world_payments import (
    approve,
    one_submitted,
    violated,
)

pytestmark = pytest.mark.usefixtures("empty")


async def test_the_database_lets_a_person_act_once_in_a_round() -> None:
    world = await furnished()
    payment = await one_submitted(world)
    await approve(world, payment, Role.SECTION_HEAD)
    with pytest.raises(Conflict) as refused:
        async with db.unit_of_work(SYSTEM):
            await db.execute(
                """
                INSERT INTO payment_act (payment, round, step, role, decision, opinion, user_id,
                                         person_id, decided_at)
                SELECT payment, round, 2, 'FIN_OFFICER', decision, '', 1, person_id, decided_at
                FROM payment_act WHERE decision = 'APPROVE'
                """
            )
    assert violated(refused.value) == "payment_act_one_per_person"


async def test_the_database_lets_a_step_be_taken_once_in_a_round() -> None:
    world = await furnished()
    payment = await one_submitted(world)
    await approve(world, payment, Role.SECTION_HEAD)
    with pytest.raises(Conflict) as refused:
        async with db.unit_of_work(SYSTEM):
            await db.execute(
                """
                INSERT INTO payment_act (payment, round, step, role, decision, opinion, user_id,
                                         person_id, decided_at)
                SELECT payment, round, step, role, decision, '', 1, 1, decided_at
                FROM payment_act WHERE decision = 'APPROVE'
                """
            )
    assert violated(refused.value) == "payment_act_one_per_step"


async def test_the_database_lets_a_person_hold_one_duty_on_a_case() -> None:
    world = await furnished()
    await one_submitted(world)
    with pytest.raises(Conflict) as refused:
        async with db.unit_of_work(SYSTEM):
            await db.execute(
                "INSERT INTO held_duty (case_kind, case_id, person_id, duty) "
                "SELECT case_kind, case_id, person_id, 'FIN_OFFICER' FROM held_duty "
                "WHERE case_kind = 'payment'"
            )
    assert violated(refused.value) == "held_duty_one_per_person"


async def test_the_database_lets_an_instalment_have_one_living_payment() -> None:
    world = await furnished()
    await one_submitted(world)
    with pytest.raises(Conflict) as refused:
        async with db.unit_of_work(SYSTEM):
            await db.execute(
                """
                INSERT INTO payment (number, fiscal_year, award, instalment, share, commitment,
                    bank_account, payee_name, amount_fen, purpose, invoice_kind,
                    invoice_amount_fen, minutes_no, state, round, step, chain, tier, gate,
                    made_by_person, due_on, version)
                SELECT 'twin', fiscal_year, award, instalment, share, commitment, bank_account,
                    payee_name, amount_fen, purpose, invoice_kind, invoice_amount_fen, minutes_no,
                    'DRAFT', 1, 0, '[]', '', '[]', made_by_person, due_on, 1 FROM payment
                """
            )
    assert violated(refused.value) == "payment_one_live_per_instalment"


@pytest.mark.parametrize(
    ("statement", "constraint"),
    [
        ("UPDATE payment SET amount_fen = 0", "payment_amount_positive"),
        ("UPDATE payment SET state = 'HALF'", "payment_state"),
        ("UPDATE payment SET purpose = ''", "payment_purpose_length"),
        ("UPDATE instalment SET amount_fen = 0", "instalment_amount_positive"),
        ("UPDATE instalment SET state = 'HALF'", "instalment_state"),
        ("UPDATE award SET amount_fen = 0", "award_amount_positive"),
        ("UPDATE award SET state = 'HALF'", "award_state"),
    ],
)
async def test_the_database_holds_the_rules_of_its_rows(statement: str, constraint: str) -> None:
    world = await furnished()
    await one_submitted(world)
    with pytest.raises(RuleBroken) as refused:
        async with db.unit_of_work(SYSTEM):
            await db.execute(statement)
    assert violated(refused.value) == constraint


@pytest.mark.parametrize(
    "statement", ["UPDATE payment_act SET step = 9", "DELETE FROM payment_act"]
)
async def test_acts_are_append_only(statement: str) -> None:
    world = await furnished()
    await one_submitted(world)
    with pytest.raises(asyncpg.RaiseError, match="payment_act is append-only"):
        async with db.unit_of_work(SYSTEM):
            await db.execute(statement)


async def test_an_agency_sees_its_own_payments_only() -> None:
    world = await furnished()
    payment = await one_submitted(world)
    own = await add_actor(Role.APPLICANT_ORG, name="示例·机构", organisation_id=world.organisation)
    other = await add_actor(
        Role.APPLICANT_ORG,
        name="示例·他机构",
        organisation_id=await add_organisation("示例向阳服务社"),
    )
    assert (await queries.payment(own, payment)).amount_fen == Fen(30_000 * YUAN)
    with pytest.raises(NotFound):
        await queries.payment(other, payment)
