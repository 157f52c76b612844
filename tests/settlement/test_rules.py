"""What a project actually gets: never above approval, cost or grade; the surplus comes back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grants.kernel.money import Fen
from grants.settlement.rules import Readiness, Sums, project_may_be_settled
from grants.settlement.workflow import SETTLEMENT

YUAN = 100


def sums(approved: int, eligible: int, paid: int, last: int, k: int = 1000) -> Sums:
    return Sums(Fen(approved * YUAN), Fen(eligible * YUAN), Fen(paid * YUAN), Fen(last * YUAN), k)


@pytest.mark.parametrize(
    ("given", "last", "surplus"),
    [
        (sums(60_000, 60_000, 48_000, 12_000), 12_000, 0),
        (sums(60_000, 65_000, 48_000, 12_000), 12_000, 0),
        (sums(60_000, 60_000, 48_000, 12_000, 800), 9_600, 0),
        (sums(60_000, 55_000, 48_000, 12_000, 800), 7_000, 0),
        (sums(60_000, 48_000, 48_000, 12_000), 0, 0),
        (sums(60_000, 40_000, 48_000, 12_000), 0, 8_000),
        (sums(60_000, 60_000, 48_000, 12_000, 0), 0, 0),
        (sums(60_000, 0, 48_000, 12_000), 0, 48_000),
    ],
)
def test_the_last_part_and_the_surplus(given: Sums, last: int, surplus: int) -> None:
    assert (given.last_fen, given.surplus_fen) == (last * YUAN, surplus * YUAN)


AMOUNTS = st.integers(0, 10**8)


@given(AMOUNTS, AMOUNTS, AMOUNTS, AMOUNTS, st.integers(0, 1000))
def test_nobody_gets_more_than_approved_spent_or_graded(
    approved: int, eligible: int, paid: int, last: int, k: int
) -> None:
    one = Sums(Fen(approved), Fen(eligible), Fen(paid), Fen(last), k)
    assert 0 <= one.last_fen <= last * k // 1000
    assert one.last_fen == 0 or paid + one.last_fen <= min(approved, eligible)
    assert one.last_fen == 0 or one.surplus_fen == 0
    assert paid - one.surplus_fen <= min(approved, eligible)


READY = Readiness(runs=True, graded=True, receipts_waiting=0, parts_waiting=0, settled=False)


@pytest.mark.parametrize(
    ("case", "code"),
    [
        (READY, ""),
        (Readiness(True, True, 0, 0, True), "settlement.stands"),
        (Readiness(False, True, 0, 0, False), "project.ended"),
        (Readiness(True, False, 0, 0, False), "settlement.ungraded"),
        (Readiness(True, True, 1, 0, False), "settlement.receipts"),
        (Readiness(True, True, 0, 1, False), "settlement.parts"),
    ],
)
def test_a_project_is_settled_once_and_when_all_is_done(case: Readiness, code: str) -> None:
    refusal = project_may_be_settled(case)
    assert (refusal.code if refusal else "") == code


def test_the_state_table_has_no_dead_end_but_its_ends() -> None:
    left = {source for step in SETTLEMENT.steps for source in step.sources}
    ends = {"APPROVED", "REJECTED", "WITHDRAWN"}
    assert {str(s) for s in SETTLEMENT.titles if s not in left} == ends
