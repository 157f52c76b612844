"""Rules of the budget, without a database."""

from __future__ import annotations

from datetime import date

import pytest

from grants.budget.rules import (
    Balance,
    FundCell,
    FundMatrix,
    LineEnd,
    cash_plan_covers,
    cash_plan_within_quota,
    cash_room_fen,
    commitment_draws_own_year,
    fund_may_pay,
    line_has_left,
    line_is_open,
    transfer_keeps_year,
    year_end_of,
)
from grants.first_policies import FUND_MATRIX
from grants.kernel.errors import Refusal
from grants.kernel.money import Fen

EVEN = (100_00,) * 12


def balance(**buckets: int) -> Balance:
    given = {
        name: buckets.get(name, 0)
        for name in (
            "available",
            "precommitted",
            "committed",
            "payable",
            "in_bank",
            "paid",
            "surrendered",
        )
    }
    return Balance(
        quota_fen=Fen(sum(given.values())), **{f"{name}_fen": Fen(v) for name, v in given.items()}
    )


def code(refusal: object) -> str | None:
    return refusal.code if isinstance(refusal, Refusal) else None


@pytest.mark.parametrize("instrument", ["POST_SUBSIDY", "PERSONAL_AWARD"])
def test_lottery_money_never_pays_people(instrument: str) -> None:
    assert code(fund_may_pay(FUND_MATRIX, instrument, "LOTTERY")) == "budget.fund_denied"


@pytest.mark.parametrize(
    ("verdict", "allowed"),
    [("allow", True), ("purpose", True), ("document", True), ("deny", False)],
)
def test_only_a_denied_cell_forbids_paying(verdict: str, allowed: bool) -> None:
    matrix = FundMatrix(cells={"VENTURE": {"GENERAL": FundCell(verdict=verdict)}})  # type: ignore[arg-type]
    assert (fund_may_pay(matrix, "VENTURE", "GENERAL") is None) is allowed


def test_a_fund_that_the_matrix_does_not_name_may_not_pay() -> None:
    assert code(fund_may_pay(FUND_MATRIX, "VENTURE", "TREASURE")) == "budget.fund_denied"
    assert code(fund_may_pay(FUND_MATRIX, "PARTY", "GENERAL")) == "budget.fund_denied"


@pytest.mark.parametrize(
    ("month", "drawn", "room"),
    [(1, 0, 100_00), (2, 150_00, 50_00), (12, 0, 1200_00), (3, 300_00, 0), (1, 250_00, -150_00)],
)
def test_the_cash_plan_leaves_what_its_months_hold_less_what_is_drawn(
    month: int, drawn: int, room: int
) -> None:
    assert cash_room_fen(EVEN, date(2026, month, 28), drawn) == room


def test_without_a_cash_plan_nothing_may_be_paid() -> None:
    assert cash_room_fen(None, date(2026, 12, 1), 0) == 0
    assert code(cash_plan_covers(None, date(2026, 12, 1), 0, 1)) == "budget.above_cash_plan"


@pytest.mark.parametrize(
    ("amount", "refused"), [(50_00, None), (50_01, "budget.above_cash_plan"), (1, None)]
)
def test_a_payment_stays_within_the_cash_plan_to_the_fen(amount: int, refused: str | None) -> None:
    assert code(cash_plan_covers(EVEN, date(2026, 2, 1), 150_00, amount)) == refused


@pytest.mark.parametrize(
    ("quota", "refused"), [(1200_00, None), (1199_99, "budget.plan_above_quota")]
)
def test_the_cash_plan_adds_up_to_no_more_than_the_quota(quota: int, refused: str | None) -> None:
    assert code(cash_plan_within_quota(EVEN, quota)) == refused


@pytest.mark.parametrize(("amount", "refused"), [(100, None), (101, "budget.line_short")])
def test_a_line_gives_what_it_has_and_no_fen_more(amount: int, refused: str | None) -> None:
    assert code(line_has_left(100, amount)) == refused


def test_quota_is_transferred_within_one_year_only() -> None:
    assert transfer_keeps_year(2026, 2026) is None
    assert code(transfer_keeps_year(2026, 2027)) == "budget.transfer_across_years"


def test_a_closed_line_takes_no_movement() -> None:
    assert line_is_open("OPEN") is None
    assert code(line_is_open("CLOSED")) == "budget.line_closed"


@pytest.mark.parametrize(
    ("day", "refused"),
    [
        (date(2026, 1, 1), None),
        (date(2026, 12, 31), None),
        (date(2025, 12, 31), "budget.other_year"),
        (date(2027, 1, 1), "budget.other_year"),
    ],
)
def test_payments_of_a_year_draw_on_that_years_line(day: date, refused: str | None) -> None:
    assert code(commitment_draws_own_year(2026, day)) == refused


def test_closing_a_year_carries_what_is_committed_and_frees_what_is_left() -> None:
    assert year_end_of(7, balance(available=10, committed=30, paid=60)) == LineEnd(
        7, Fen(30), Fen(10)
    )


def test_a_year_does_not_close_while_a_decision_waits_for_its_agreements() -> None:
    assert code(year_end_of(7, balance(precommitted=1))) == "budget.decision_unsigned"


@pytest.mark.parametrize("bucket", ["payable", "in_bank"])
def test_a_year_does_not_close_while_money_is_on_its_way(bucket: str) -> None:
    assert code(year_end_of(7, balance(committed=30, **{bucket: 1}))) == "budget.money_on_its_way"


def test_what_is_drawn_is_all_that_was_approved() -> None:
    stands = balance(available=1, committed=2, payable=4, in_bank=8, paid=16, surrendered=32)
    assert stands.drawn_fen == 4 + 8 + 16 + 32


def test_execution_is_paid_by_quota_in_permille() -> None:
    assert balance(available=20, committed=20, paid=60).execution_permille == 600
    assert balance().execution_permille == 0
