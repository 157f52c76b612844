"""Payment requests: the chain, the gate, separation, and the ledger behind them."""

from __future__ import annotations

from datetime import date

import pytest

from grants.kernel.errors import Refusal
from grants.kernel.identity import Role
from grants.payments import actions, queries
from tests.world import (
    DAY,
    YUAN,
    active_award,
    approve_through,
    approved,
    bucket,
    furnished,
    instalments,
    submitted,
)

pytestmark = pytest.mark.usefixtures("empty")


async def test_an_approved_payment_moves_committed_money_to_payable() -> None:
    world = await furnished()
    award = await active_award(world, 30_000 * YUAN, 20_000 * YUAN)
    assert await bucket(world.line, "committed") == 50_000 * YUAN
    payment = await approved(world, (await instalments(award))[0])
    assert (await queries.payment(world[Role.OFFICER], payment)).state == "APPROVED"
    assert await bucket(world.line, "payable") == 30_000 * YUAN
    assert await bucket(world.line, "committed") == 20_000 * YUAN
    assert await bucket(world.line, "available") == 950_000 * YUAN
