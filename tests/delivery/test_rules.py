"""What of a project's costs counts, and which changes of it are decided on."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grants.delivery.rules import (
    ChangeCase,
    CostLineUse,
    change_holds,
    eligible_fen,
    kinds_changed,
    lines_raised,
    needs_decision,
    spent_within_project,
)
from grants.delivery.terms import DeliveryRules, ProjectPlan
from grants.delivery.workflow import CHANGE, REPORT, SPENDING
from grants.kernel.money import Fen

YUAN = 100
RULES = DeliveryRules(
    changes_most=2,
    freeze_days=30,
    notice_workdays=15,
    receipt_days=30,
    start_days=60,
    staff_permille=333,
    moved_permille=100,
    moved_fen=Fen(5_000 * YUAN),
)
PLAN = ProjectPlan(
    leader="示例·甲",
    staff=("甲", "乙", "丙", "丁", "戊", "己"),
    community="弇山社区",
    starts_on=date(2026, 8, 1),
    ends_on=date(2027, 5, 31),
    budget={"L1": Fen(20_000 * YUAN), "L2": Fen(30_000 * YUAN)},
)
TODAY = date(2026, 10, 12)


def changed(**to: object) -> ProjectPlan:
    return PLAN.model_copy(update=to)


def moved(yuan: int) -> ProjectPlan:
    return changed(budget={"L1": Fen((20_000 - yuan) * YUAN), "L2": Fen((30_000 + yuan) * YUAN)})


@pytest.mark.parametrize(
    ("after", "asks"),
    [
        (changed(leader="示例·新"), True),
        (changed(community="新区"), True),
        (changed(ends_on=date(2027, 6, 1)), True),
        (changed(staff=("甲", "乙", "丙", "丁", "新", "己")), False),
        (changed(staff=("甲", "乙", "丙", "丁", "新", "另")), True),
        (changed(staff=(*PLAN.staff, "新")), False),
        (moved(2_000), False),
        (moved(2_001), True),
        (moved(-2_000), False),
    ],
)
def test_small_changes_are_recorded_and_others_decided(after: ProjectPlan, asks: bool) -> None:
    assert needs_decision(PLAN, after, RULES) is asks


def case(after: ProjectPlan, **changes: object) -> ChangeCase:
    made = ChangeCase(
        before=PLAN,
        after=after,
        rules=RULES,
        today=TODAY,
        effective_on=date(2026, 11, 30),
        decided_before=0,
        another_waits=False,
        raised=(),
        amount_fen=Fen(50_000 * YUAN),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "refused"),
    [
        (case(changed(leader="新")), ""),
        (case(PLAN), "change.nothing"),
        (case(changed(leader="新"), another_waits=True), "change.waits"),
        (case(changed(budget={"L1": Fen(1), "L2": Fen(2)})), "change.sum"),
        (case(moved(-1_000), raised=("L1",)), "change.raised"),
        (case(changed(leader="新"), today=date(2027, 5, 2)), "change.frozen"),
        (case(changed(leader="新"), decided_before=2), "change.many"),
        (case(moved(1_000), decided_before=2), ""),
        (case(changed(leader="新"), effective_on=date(2026, 10, 30)), "change.short_notice"),
        (case(moved(1_000), effective_on=TODAY), ""),
    ],
)
def test_a_change_is_in_time_in_number_and_adds_up(given: ChangeCase, refused: str) -> None:
    refusal = change_holds(given)
    assert (refusal.code if refusal else "") == refused
    assert refusal is None or "field" in refusal.params


def test_lines_that_may_not_rise_are_named() -> None:
    before, after = {"L1": 10, "L2": 10}, {"L1": 11, "L2": 9}
    assert lines_raised(before, after, {"L1": False}) == ["L1"]
    assert lines_raised(before, after, {"L2": False}) == []


def test_what_differs_is_named_in_a_fixed_order() -> None:
    after = changed(community="新区", leader="新")
    assert [str(kind) for kind in kinds_changed(PLAN, after)] == ["LEADER", "COMMUNITY"]
    assert kinds_changed(PLAN, changed(staff=tuple(reversed(PLAN.staff)))) == []


def use(agreed: int, admitted: int) -> CostLineUse:
    return CostLineUse("L", "L", Fen(agreed), Fen(admitted), Fen(admitted))


def test_what_is_above_its_cost_line_does_not_count() -> None:
    assert eligible_fen([use(100, 120), use(50, 30)]) == 130
    assert use(100, 120).over_fen == 20


@given(st.lists(st.tuples(st.integers(0, 10**8), st.integers(0, 10**8)), max_size=8))
def test_eligible_is_never_more_than_agreed_nor_than_admitted(lines: list[tuple[int, int]]) -> None:
    uses = [use(agreed, admitted) for agreed, admitted in lines]
    counted = eligible_fen(uses)
    assert counted <= sum(agreed for agreed, _ in lines)
    assert counted <= sum(admitted for _, admitted in lines)


def test_receipts_are_dated_within_the_project_and_some_days_after() -> None:
    first, last = PLAN.starts_on, PLAN.ends_on
    assert spent_within_project(first, first, last, 30) is None
    assert spent_within_project(date(2027, 6, 30), first, last, 30) is None
    assert spent_within_project(date(2027, 7, 1), first, last, 30) is not None
    assert spent_within_project(date(2026, 7, 31), first, last, 30) is not None


def test_the_state_tables_have_no_dead_end_but_their_ends() -> None:
    for workflow, ends in (
        (SPENDING, {"TAKEN_BACK"}),
        (REPORT, {"ACCEPTED"}),
        (CHANGE, {"APPROVED", "REJECTED", "WITHDRAWN", "RECORDED"}),
    ):
        left = {source for step in workflow.steps for source in step.sources}
        assert {str(state) for state in workflow.titles if state not in left} == ends
