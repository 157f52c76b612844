"""Grades at their boundaries, what they make of the last part, and who may evaluate."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grants.evaluation.rules import (
    Ties,
    comes_in_turn,
    evaluator_is_independent,
    grade_of,
    last_part_fen,
    left_open,
    passes,
    spent_enough,
)
from grants.evaluation.terms import EvaluationRules, Grade
from grants.evaluation.workflow import EVALUATION
from grants.first_venture_policies import VENTURE_EVALUATION as RULES

YUAN = 100


@pytest.mark.parametrize(
    ("total", "name", "permille"),
    [
        (100, "优", 1000),
        (90, "优", 1000),
        (89, "良", 1000),
        (80, "良", 1000),
        (79, "合格", 800),
        (60, "合格", 800),
        (59, "不合格", 0),
        (0, "不合格", 0),
    ],
)
def test_grades_change_at_their_boundaries(total: int, name: str, permille: int) -> None:
    grade = grade_of(total, RULES)
    assert (grade.name, grade.k_permille) == (name, permille)
    assert passes(grade) is (permille > 0)


@given(st.integers(0, 10**9), st.integers(0, 100))
def test_no_grade_ever_raises_the_last_part(agreed_fen: int, total: int) -> None:
    part = last_part_fen(agreed_fen, grade_of(total, RULES))
    assert 0 <= part <= agreed_fen


def test_a_better_total_never_gives_less() -> None:
    parts = [last_part_fen(12_000 * YUAN, grade_of(total, RULES)) for total in range(101)]
    assert parts == sorted(parts)


def test_the_next_part_waits_until_enough_of_the_first_is_admitted() -> None:
    first = 30_000 * YUAN
    assert spent_enough(18_000 * YUAN, first, RULES) is None
    assert spent_enough(18_000 * YUAN - 1, first, RULES) is not None


@pytest.mark.parametrize(
    "ties",
    [
        Ties(of_agency=True),
        Ties(tied_to_agency=True),
        Ties(judged_receipts=True),
        Ties(agreed=True),
        Ties(assigns=True),
    ],
)
def test_whoever_has_a_part_in_it_does_not_evaluate(ties: Ties) -> None:
    assert evaluator_is_independent(ties) is not None
    assert evaluator_is_independent(Ties()) is None


@pytest.mark.parametrize(
    ("kind", "before", "refused"),
    [
        ("MIDTERM", {}, False),
        ("MIDTERM", {"midterm_owed": True}, False),
        ("MIDTERM", {"final_begun": True}, True),
        ("FINAL", {}, False),
        ("FINAL", {"midterm_owed": True}, True),
        ("FINAL", {"midterm_open": True}, True),
        ("FINAL", {"final_begun": True}, False),
        ("FINAL", {"final_begun": True, "final_over": True}, True),
        ("MIDTERM", {"final_over": True}, False),
    ],
)
def test_the_midterm_comes_before_the_final(
    kind: str, before: dict[str, bool], refused: bool
) -> None:
    nothing = dict.fromkeys(("midterm_open", "midterm_owed", "final_begun", "final_over"), False)
    assert (comes_in_turn(kind, **{**nothing, **before}) is not None) is refused


def test_a_whole_form_has_points_words_to_extremes_and_a_finding() -> None:
    criteria = RULES.criteria("MIDTERM")
    points = {one.code: one.points // 2 for one in criteria}
    assert left_open(points, {}, "总体进展顺利，资料齐全。", criteria) == []
    assert left_open({}, {}, "", criteria) == [*(one.code for one in criteria), "finding"]
    points["PROGRESS"] = 30
    assert left_open(points, {}, "总体进展顺利，资料齐全。", criteria) == ["PROGRESS"]
    assert (
        left_open(points, {"PROGRESS": "全部提前完成"}, "总体进展顺利，资料齐全。", criteria) == []
    )


@pytest.mark.parametrize("leasts", [[90, 95, 0], [90, 80], [90, 90, 0]])
def test_grades_go_down_to_nothing(leasts: list[int]) -> None:
    grades = [Grade(name=str(n), least=least, k_permille=0) for n, least in enumerate(leasts)]
    with pytest.raises(ValueError, match="Grades go down"):
        EvaluationRules.model_validate({**RULES.model_dump(), "grades": grades})


def test_the_state_table_has_no_dead_end_but_its_ends() -> None:
    left = {source for step in EVALUATION.steps for source in step.sources}
    assert {str(s) for s in EVALUATION.titles if s not in left} == {"CONFIRMED", "CANCELLED"}
