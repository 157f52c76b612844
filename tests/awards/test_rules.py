"""Rules of awards, without a database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest

from grants.awards.rules import (
    AwardCase,
    InstalmentPlan,
    SharePlan,
    approver_did_not_create,
    instalments_add_up,
    instalments_fall_in_their_year,
    lines_can_bear_it,
    minutes_are_cited,
    nothing_is_left_open,
    nothing_is_on_its_way,
    page_is_fresh,
    shares_add_up,
)
from grants.awards.tiers import payment_tier
from grants.first_policies import APPROVAL_TIERS
from grants.kernel.errors import Refusal, RuleBroken
from grants.kernel.money import Fen

YUAN = 100


def code(refusal: Refusal | None) -> str | None:
    return refusal.code if refusal else None


def share(line: int, amount: int, year: int = 2026) -> SharePlan:
    return SharePlan(line, year, Fen(amount))


def part(line: int, amount: int, due_on: date = date(2026, 6, 1)) -> InstalmentPlan:
    return InstalmentPlan(line, Fen(amount), due_on, "合同签订")


@pytest.mark.parametrize(
    ("amount", "parts", "refused"),
    [
        (100, [100], None),
        (100, [60, 40], None),
        (100, [100, 0], None),
        (100, [], "award.shares_differ"),
        (100, [99], "award.shares_differ"),
        (100, [60, 41], "award.shares_differ"),
        (0, [], None),
    ],
)
def test_the_shares_of_an_award_add_up_to_it(
    amount: int, parts: Sequence[int], refused: str | None
) -> None:
    shares = [share(line, fen) for line, fen in enumerate(parts)]
    assert code(shares_add_up(amount, shares)) == refused


@pytest.mark.parametrize(
    ("instalments", "refused"),
    [
        ([part(1, 60), part(2, 40)], None),
        ([part(1, 30), part(1, 30), part(2, 40)], None),
        ([part(2, 40), part(1, 60)], None),
        ([part(1, 60)], "award.instalments_differ"),
        ([part(1, 59), part(2, 41)], "award.instalments_differ"),
        ([part(1, 100)], "award.instalments_differ"),
        ([], "award.instalments_differ"),
        ([part(1, 60), part(2, 40), part(3, 1)], "award.instalment_without_line"),
    ],
)
def test_the_instalments_of_each_line_add_up_to_its_share(
    instalments: Sequence[InstalmentPlan], refused: str | None
) -> None:
    assert code(instalments_add_up([share(1, 60), share(2, 40)], instalments)) == refused


@pytest.mark.parametrize(
    ("due_on", "refused"),
    [
        (date(2026, 1, 1), None),
        (date(2026, 12, 31), None),
        (date(2025, 12, 31), "award.instalment_other_year"),
        (date(2027, 1, 1), "award.instalment_other_year"),
    ],
)
def test_an_instalment_is_due_in_the_year_that_bears_it(due_on: date, refused: str | None) -> None:
    found = instalments_fall_in_their_year([share(1, 60)], [part(1, 60, due_on)])
    assert code(found) == refused


CASE = AwardCase(
    created_by_person=1,
    actor_person=2,
    amount_fen=Fen(100),
    on_its_way_fen=Fen(0),
    open_fen=Fen(0),
    minutes_no="",
    seen_version=3,
    version=3,
)


@pytest.mark.parametrize(
    ("guard", "broken", "refused"),
    [
        (approver_did_not_create, replace(CASE, actor_person=1), "award.own"),
        (page_is_fresh, replace(CASE, seen_version=2), "award.stale"),
        (minutes_are_cited, replace(CASE, minutes_needed=True), "award.minutes_missing"),
        (nothing_is_on_its_way, replace(CASE, on_its_way_fen=Fen(1)), "award.money_on_its_way"),
        (nothing_is_left_open, replace(CASE, open_fen=Fen(1)), "award.still_open"),
        (lines_can_bear_it, replace(CASE, objection=RuleBroken("x.y", "")), "x.y"),
    ],
)
def test_each_guard_passes_the_good_case_and_refuses_the_broken_one(
    guard: object, broken: AwardCase, refused: str
) -> None:
    assert callable(guard)
    assert guard(CASE) is None
    assert code(guard(broken)) == refused


def test_cited_minutes_satisfy_a_tier_that_needs_them() -> None:
    assert minutes_are_cited(replace(CASE, minutes_needed=True, minutes_no="〔2026〕3号")) is None


@pytest.mark.parametrize(
    ("amount_fen", "tier"),
    [
        (1, "T1"),
        (50_000 * YUAN, "T1"),
        (50_000 * YUAN + 1, "T2"),
        (200_000 * YUAN, "T2"),
        (200_000 * YUAN + 1, "T3"),
        (500_000 * YUAN, "T3"),
        (500_000 * YUAN + 1, "T4"),
    ],
)
def test_a_tier_reaches_up_to_its_amount_to_the_fen(amount_fen: int, tier: str) -> None:
    assert APPROVAL_TIERS.tier(amount_fen).code == tier


@pytest.mark.parametrize(
    ("award", "amount", "by_meeting", "tier", "minutes"),
    [
        (600_000, 100_000, False, "T4", True),
        (600_000, 100_000, True, "T2", True),
        (60_000, 30_000, False, "T2", False),
        (40_000, 40_000, False, "T1", False),
        (40_000, 40_000, True, "T1", True),
    ],
)
def test_splitting_an_award_does_not_evade_its_tier(
    award: int, amount: int, by_meeting: bool, tier: str, minutes: bool
) -> None:
    found = payment_tier(
        APPROVAL_TIERS,
        award_fen=Fen(award * YUAN),
        amount_fen=Fen(amount * YUAN),
        decided_by_meeting=by_meeting,
    )
    assert (found.code, found.minutes_needed) == (tier, minutes)
