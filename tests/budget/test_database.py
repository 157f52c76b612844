"""What the database holds of the budget by itself: buckets, rows, the ledger."""

from __future__ import annotations

import asyncpg
import pytest

from grants.budget import ledger
from grants.kernel.errors import Conflict, RuleBroken
from grants.kernel.identity import SYSTEM
from grants.kernel.money import Fen
from grants.platform import db
from grants.platform.audit import Case
from tests.world import (
    DAY,
    YUAN,
    active_award,
    bucket,
    furnished,
)

pytestmark = pytest.mark.usefixtures("empty")


BUCKETS = ("available", "precommitted", "committed", "payable", "in_bank", "paid", "surrendered")


@pytest.mark.parametrize("name", BUCKETS)
async def test_the_database_refuses_a_line_below_zero(name: str) -> None:
    world = await furnished()
    with pytest.raises(RuleBroken) as refused:
        async with db.unit_of_work(SYSTEM):
            await db.execute(
                f"UPDATE line_balance SET {name}_fen = -1, "
                f"quota_fen = quota_fen - {name}_fen - 1 WHERE id = $1",
                world.line,
            )
    cause = refused.value.__cause__
    assert isinstance(cause, asyncpg.CheckViolationError)
    assert cause.constraint_name == f"line_{name}_not_negative"
    assert refused.value.code == f"ledger.{name}_short"


@pytest.mark.parametrize("name", [one for one in BUCKETS[1:] if one != "precommitted"])
async def test_the_database_refuses_a_commitment_below_zero(name: str) -> None:
    world = await furnished()
    await active_award(world, 30_000 * YUAN)
    with pytest.raises(RuleBroken) as refused:
        async with db.unit_of_work(SYSTEM):
            await db.execute(
                f"UPDATE commitment SET {name}_fen = -1, amount_fen = amount_fen - {name}_fen - 1"
            )
    cause = refused.value.__cause__
    assert isinstance(cause, asyncpg.CheckViolationError)
    assert cause.constraint_name == f"commitment_{name}_not_negative"


@pytest.mark.parametrize(
    ("statement", "constraint"),
    [
        ("UPDATE line_balance SET quota_fen = quota_fen + 1", "line_quota_is_sum_of_buckets"),
        (
            "UPDATE commitment SET amount_fen = amount_fen + 1",
            "commitment_amount_is_sum_of_buckets",
        ),
        ("UPDATE quota_movement SET amount_fen = 0", "quota_movement_amount_positive"),
        ("UPDATE quota_movement SET kind = 'GIFT'", "quota_movement_kind"),
        ("UPDATE quota_movement SET kind = 'TRANSFER'", "quota_movement_transfer"),
        (
            "UPDATE quota_movement SET decided_by_person = proposed_by_person",
            "quota_movement_two_people",
        ),
        ("UPDATE quota_movement SET decided_by_person = NULL", "quota_movement_decided"),
        ("UPDATE cash_plan SET months_fen = '{1,2,3}'", "cash_plan_twelve_months"),
        ("UPDATE cash_plan SET months_fen[1] = -1", "cash_plan_twelve_months"),
        ("UPDATE cash_plan SET decided_by_person = proposed_by_person", "cash_plan_two_people"),
        ("UPDATE budget_line SET state = 'HALF'", "budget_line_state"),
        ("UPDATE budget_line SET fiscal_year = 1999", "budget_line_year"),
        ("UPDATE fund_source SET kind = 'PRIVATE'", "fund_source_kind"),
        ("UPDATE programme SET department = 'ELSEWHERE'", "programme_department"),
    ],
)
async def test_the_database_holds_the_rules_of_its_rows(statement: str, constraint: str) -> None:
    world = await furnished()
    await active_award(world, 30_000 * YUAN)
    with pytest.raises(RuleBroken) as refused:
        async with db.unit_of_work(SYSTEM):
            await db.execute(statement)
    assert isinstance(refused.value.__cause__, asyncpg.CheckViolationError)
    assert refused.value.__cause__.constraint_name == constraint


@pytest.mark.parametrize(
    ("statement", "constraint"),
    [
        (
            "INSERT INTO budget_line (code, programme, fund_source, fiscal_year, func_code, "
            "gov_eco_code, dept_eco_code, state) SELECT 'twin', programme, fund_source, "
            "fiscal_year, '', '', '', 'OPEN' FROM budget_line",
            "budget_line_one_per_year",
        ),
        (
            "INSERT INTO cash_plan (line, revision, months_fen, state, proposed_by_person) "
            "SELECT line, revision + 1, months_fen, 'APPROVED', 1 FROM cash_plan",
            "cash_plan_one_approved",
        ),
        (
            "INSERT INTO commitment (line, award_id, amount_fen, committed_fen, payable_fen, "
            "in_bank_fen, paid_fen, surrendered_fen) SELECT line, award_id, 0, 0, 0, 0, 0, 0 "
            "FROM commitment",
            "commitment_once",
        ),
    ],
)
async def test_the_database_holds_that_there_is_one(statement: str, constraint: str) -> None:
    world = await furnished()
    await active_award(world, 30_000 * YUAN)
    with pytest.raises(Conflict) as refused:
        async with db.unit_of_work(SYSTEM):
            await db.execute(statement)
    assert isinstance(refused.value.__cause__, asyncpg.UniqueViolationError)
    assert refused.value.__cause__.constraint_name == constraint


@pytest.mark.parametrize(
    "statement", ["UPDATE ledger_move SET amount_fen = 1", "DELETE FROM ledger_move"]
)
async def test_the_ledger_is_append_only(statement: str) -> None:
    await furnished()
    with pytest.raises(asyncpg.RaiseError, match="ledger_move is append-only"):
        async with db.unit_of_work(SYSTEM):
            await db.execute(statement)


async def test_a_move_happens_once_for_its_key() -> None:
    world = await furnished()
    with pytest.raises(Conflict) as refused:
        async with db.unit_of_work(SYSTEM):
            for _ in range(2):
                await ledger.move(
                    SYSTEM,
                    ledger.RECEIVE,
                    Fen(1),
                    of=world.line,
                    case=Case("test", 1),
                    key="once",
                    on=DAY,
                )
    assert refused.value.code == "ledger.moved_already"
    assert await bucket(world.line, "quota") == 1_000_000 * YUAN


@pytest.mark.parametrize("amount_fen", [0, -1])
async def test_a_move_needs_a_positive_amount(amount_fen: int) -> None:
    world = await furnished()
    with pytest.raises(ValueError, match="positive"):
        async with db.unit_of_work(SYSTEM):
            await ledger.move(
                SYSTEM,
                ledger.RECEIVE,
                Fen(amount_fen),
                of=world.line,
                case=Case("test", 1),
                key="never",
                on=DAY,
            )


async def test_a_move_of_nothing_is_a_fault_and_not_silence() -> None:
    await furnished()
    with pytest.raises(LookupError):
        async with db.unit_of_work(SYSTEM):
            await ledger.move(
                SYSTEM, ledger.RECEIVE, Fen(1), of=0, case=Case("test", 1), key="k", on=DAY
            )


async def test_money_does_not_move_without_a_unit_of_work() -> None:
    world = await furnished()
    with pytest.raises(RuntimeError, match="unit of work"):
        await ledger.move(
            SYSTEM, ledger.RECEIVE, Fen(1), of=world.line, case=Case("test", 1), key="k", on=DAY
        )
    assert await bucket(world.line, "quota") == 1_000_000 * YUAN
