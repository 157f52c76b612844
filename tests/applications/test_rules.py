"""Budgets, likeness, periods and every check of applications, case by case."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grants.applications.budgets import budget_findings, share_permille, sums_of
from grants.applications.eligibility import (
    RULES,
    Applicant,
    Case,
    check_application,
    months_of,
)
from grants.applications.likeness import Alike, FundedText, likeness_permille, most_alike, pairs_of
from grants.applications.section_words import FIELDS, section_words
from grants.applications.sections import SECTIONS, Budget, Whole
from grants.applications.workflow import APPLICATION
from grants.awards.rules import Ended
from grants.calls.terms import CallTerms, EligibilityRule
from grants.calls.words import CHECKS
from grants.figures.shapes import shape_of
from grants.figures.typed import body_typed
from grants.kernel.findings import Mark
from grants.kernel.money import Fen
from tests.world import YUAN, World
from tests.world_applications import whole
from tests.world_calls import terms

TERMS = terms(World(line=1))
WORDS = section_words(TERMS, [])
GOOD = Applicant(
    uscc="52320585MJ9000014P",
    confirmed=True,
    registered_on=date(2015, 3, 1),
    grade="3A",
    grade_expires_on=date(2028, 5, 31),
    inspection_year=2025,
    inspection_result="PASSED",
    standing="GOOD",
    standing_note="",
    ended_for_cause=(),
    owed_fen=Fen(0),
    owed_number=None,
    awards_this_year=(),
    rivals=(),
)
PAPERS = frozenset(one.code for one in TERMS.files)
FUNDED = FundedText(7, "助〔2025〕0007", "银龄守望", "示例中心", "银龄守望")


def bodies(**changes: dict[str, object]) -> dict[str, Any]:
    from grants.applications.drafting import as_form

    read = {
        code: body_typed(as_form(typed), SECTIONS[code].model, WORDS, {})
        for code, typed in whole(**changes).items()
    }
    assert {code: body.faults for code, body in read.items() if body.faults} == {}
    return {code: body.body for code, body in read.items()}


def whole_of(**changes: dict[str, object]) -> Whole:
    return Whole(**bodies(**changes))


PROJECT = whole_of()


def case(
    *,
    terms: CallTerms = TERMS,
    project: Whole = PROJECT,
    papers: frozenset[str] = PAPERS,
    alike: Alike | None = None,
    **applicant: object,
) -> Case:
    return Case(terms, project, replace(GOOD, **applicant), papers, alike)  # type: ignore[arg-type]


def mark_of(rule: str, given: Case) -> Mark:
    return RULES[rule](given, given.terms.eligibility[rule])[0]


def test_a_good_application_passes_every_check() -> None:
    found = check_application(case())
    assert [one.rule for one in found] == list(RULES)
    assert {one.mark for one in found} == {Mark.PASS}


@pytest.mark.parametrize(
    ("rule", "mark", "given"),
    [
        ("registered_long_enough", Mark.STOP, case(uscc="91320585MA9000046F")),
        ("registered_long_enough", Mark.STOP, case(uscc=None)),
        ("registered_long_enough", Mark.STOP, case(registered_on=date(2025, 6, 21))),
        ("registered_long_enough", Mark.PASS, case(registered_on=date(2025, 6, 20))),
        ("registered_long_enough", Mark.LOOK, case(registered_on=None)),
        ("registered_long_enough", Mark.LOOK, case(confirmed=False)),
        ("inspection_was_passed", Mark.STOP, case(inspection_result=None, inspection_year=None)),
        ("inspection_was_passed", Mark.STOP, case(inspection_result="FAILED")),
        ("inspection_was_passed", Mark.LOOK, case(inspection_result="BASIC")),
        ("inspection_was_passed", Mark.LOOK, case(inspection_year=2024)),
        ("inspection_was_passed", Mark.STOP, case(inspection_year=2023)),
        ("grade_is_high_enough", Mark.STOP, case(grade=None, grade_expires_on=None)),
        ("grade_is_high_enough", Mark.STOP, case(grade="1A")),
        ("grade_is_high_enough", Mark.PASS, case(grade="2A")),
        ("grade_is_high_enough", Mark.STOP, case(grade_expires_on=date(2026, 6, 19))),
        ("grade_is_high_enough", Mark.PASS, case(grade_expires_on=date(2026, 6, 20))),
        ("stands_on_no_list", Mark.STOP, case(standing="ABNORMAL")),
        ("stands_on_no_list", Mark.STOP, case(standing="ILLEGAL")),
        (
            "no_project_was_ended_for_cause",
            Mark.STOP,
            case(ended_for_cause=[Ended("助〔2025〕0001", date(2025, 11, 3), by_fraud=False)]),
        ),
        (
            "no_project_was_ended_for_cause",
            Mark.PASS,
            case(ended_for_cause=[Ended("助〔2024〕0001", date(2024, 12, 31), by_fraud=False)]),
        ),
        (
            "no_fraud_was_found",
            Mark.STOP,
            case(ended_for_cause=[Ended("助〔2023〕0001", date(2023, 1, 2), by_fraud=True)]),
        ),
        (
            "no_fraud_was_found",
            Mark.PASS,
            case(ended_for_cause=[Ended("助〔2025〕0001", date(2025, 11, 3), by_fraud=False)]),
        ),
        ("owes_no_refund", Mark.STOP, case(owed_fen=Fen(1))),
        ("one_project_a_year", Mark.STOP, case(awards_this_year=["助〔2026〕0001"])),
        ("one_project_a_year", Mark.LOOK, case(rivals=["申〔2026〕0002"])),
        ("papers_are_complete", Mark.STOP, case(papers=PAPERS - {"CONSENT"})),
        ("papers_are_complete", Mark.PASS, case(papers=PAPERS - {"SURVEY"})),
        ("is_not_funded_already", Mark.STOP, case(alike=Alike(FUNDED, 800))),
        ("is_not_funded_already", Mark.PASS, case(alike=Alike(FUNDED, 799))),
    ],
)
def test_each_check_answers_with_its_mark(rule: str, mark: Mark, given: Case) -> None:
    assert mark_of(rule, given) is mark


@pytest.mark.parametrize(
    ("rule", "mark", "project"),
    [
        ("amount_is_within_cap", Mark.STOP, {"project": {"category": "B"}}),
        (
            "category_is_open_to_it",
            Mark.LOOK,
            {"project": {"category": "B"}},
        ),
        ("period_fits", Mark.STOP, {"project": {"starts_on": "2026-07-31"}}),
        ("period_fits", Mark.STOP, {"project": {"ends_on": "2027-03-01"}}),
        ("period_fits", Mark.STOP, {"project": {"ends_on": "2027-08-01"}}),
        ("enough_full_time_staff", Mark.STOP, {"agency": {"full_time_staff": 1}}),
        (
            "enough_full_time_staff",
            Mark.STOP,
            {"team": {"members__0__full_time": "", "members__1__full_time": ""}},
        ),
        (
            "budget_keeps_the_shares",
            Mark.STOP,
            {"budget": {"rows__0__unit_price_fen": 3000, "rows__0__grant_fen": 27000}},
        ),
    ],
)
def test_each_check_of_the_project_answers_with_its_mark(
    rule: str, mark: Mark, project: dict[str, dict[str, object]]
) -> None:
    assert mark_of(rule, case(project=whole_of(**project))) is mark


def test_a_check_that_only_looks_never_stops_and_one_that_is_off_is_not_made() -> None:
    eased = {
        **TERMS.eligibility,
        "owes_no_refund": EligibilityRule(level="look"),
        "stands_on_no_list": EligibilityRule(level="off"),
    }
    found = check_application(
        case(
            terms=TERMS.model_copy(update={"eligibility": eased}),
            owed_fen=Fen(5),
            standing="ILLEGAL",
        )
    )
    marks = {one.rule: one.mark for one in found}
    assert marks["owes_no_refund"] is Mark.LOOK
    assert "stands_on_no_list" not in marks


def test_every_check_has_a_title() -> None:
    assert RULES.keys() == CHECKS.keys()


@pytest.mark.parametrize(
    ("first", "last", "months"),
    [
        (date(2027, 3, 1), date(2027, 10, 31), 8),
        (date(2027, 3, 1), date(2027, 11, 14), 8),
        (date(2027, 3, 1), date(2027, 11, 20), 9),
        (date(2027, 3, 16), date(2027, 11, 15), 8),
        (date(2027, 1, 1), date(2027, 12, 31), 12),
        (date(2027, 3, 31), date(2027, 11, 1), 7),
    ],
)
def test_months_of_a_project(first: date, last: date, months: int) -> None:
    assert months_of(first, last) == months


# The budget


def test_a_budget_adds_up_by_line() -> None:
    sums = sums_of(PROJECT.budget, TERMS, "A")
    shares = {line.rule.code: line.share_permille for line in sums.lines}
    assert (sums.grant_fen, sums.own_fen, sums.total_fen) == (5_990_000, 240_000, 6_230_000)
    assert shares["L1"] == 346 and shares["L2"] == 440
    assert sums.left_fen == 10_000 and sums.own_permille == 38
    assert budget_findings(PROJECT.budget, TERMS, "A") == []


def rows(*lines: tuple[str, int, int, int]) -> Budget:
    """Rows of (line, unit price, quantity, own) in yuan; the grant pays the rest."""
    return Budget.model_validate(
        {
            "rows": [
                {
                    "line": line,
                    "item": "项目",
                    "unit_price_fen": price * YUAN,
                    "quantity": quantity,
                    "unit": "次",
                    "grant_fen": (price * quantity - own) * YUAN,
                    "own_fen": own * YUAN,
                }
                for line, price, quantity, own in lines
            ]
        }
    )


@pytest.mark.parametrize(
    ("rule", "budget"),
    [
        ("share_over", rows(("L1", 41, 1, 0), ("L2", 59, 1, 0))),
        ("share_under", rows(("L2", 39, 1, 0), ("L8", 61, 1, 0))),
        ("unit_price", rows(("L4", 51, 1, 0), ("L2", 5000, 1, 0))),
    ],
)
def test_a_budget_that_breaks_a_line_is_looked_at(rule: str, budget: Budget) -> None:
    assert [one.rule for one in budget_findings(budget, TERMS, "A")] == [rule]


def test_shares_exactly_at_their_bounds_pass() -> None:
    budget = rows(("L1", 40, 100, 0), ("L2", 40, 100, 0), ("L3", 15, 100, 0), ("L8", 5, 100, 0))
    assert budget_findings(budget, TERMS, "A") == []


def test_a_forbidden_item_is_named() -> None:
    budget = PROJECT.budget.model_copy(
        update={"rows": (PROJECT.budget.rows[1].model_copy(update={"item": "招待费"}),)}
    )
    (found,) = budget_findings(budget, TERMS, "A")
    assert found.rule == "forbidden_item" and found.params["word"] == "招待"


@given(st.lists(st.integers(0, 10_000_000), min_size=1, max_size=8))
def test_shares_of_a_whole_are_at_least_the_whole(parts: list[int]) -> None:
    """Rounded up, no part hides above its cap."""
    total = sum(parts)
    assert not total or sum(share_permille(part, total) for part in parts) >= 1000


def test_a_row_that_does_not_add_up_is_refused_beside_its_row() -> None:
    from grants.applications.drafting import as_form

    wrong = whole(budget={"rows__2__own_fen": 1})["budget"]
    found = body_typed(as_form(wrong), Budget, WORDS, {})
    assert found.body is None and list(found.faults) == ["rows.2.own_fen"]


# Likeness


def test_a_text_is_like_itself_and_unlike_another() -> None:
    assert likeness_permille(pairs_of("独居老人邻里互助"), pairs_of("独居老人，邻里互助！")) == 1000
    assert likeness_permille(pairs_of("独居老人邻里互助"), pairs_of("青少年放学后课堂")) == 0
    assert likeness_permille(pairs_of(""), pairs_of("")) == 0


def test_width_case_and_signs_make_no_difference() -> None:
    assert likeness_permille(pairs_of("ABC 社区（一期）"), pairs_of("ａｂｃ社区(一期)")) == 1000


@given(st.text(max_size=40), st.text(max_size=40))
def test_likeness_is_mutual_and_bounded(one: str, other: str) -> None:
    found = likeness_permille(pairs_of(one), pairs_of(other))
    assert found == likeness_permille(pairs_of(other), pairs_of(one)) and 0 <= found <= 1000


def test_the_most_alike_project_is_found() -> None:
    others = [
        replace(FUNDED, award_id=n, text=text)
        for n, text in enumerate(("童心课堂", "银龄守望 独居老人互助", "银龄"))
    ]
    found = most_alike("银龄守望：独居老人邻里互助", others)
    assert found is not None and found.funded.award_id == 1
    assert most_alike("银龄", []) is None


# The form


@pytest.mark.parametrize("code", SECTIONS)
def test_every_field_of_a_section_has_a_name(code: str) -> None:
    body = bodies()[code]
    shape = shape_of(SECTIONS[code].model, body.model_dump(mode="json"), WORDS)
    assert {leaf.name for leaf in shape.every_leaf()} <= FIELDS.keys()


def test_the_state_table_has_no_dead_end_but_its_ends() -> None:
    left = {source for step in APPLICATION.steps for source in step.sources}
    ends = {str(state) for state in APPLICATION.titles if state not in left}
    assert ends == {"DISCARDED", "LAPSED", "REJECTED", "DROPPED", "AWARDED"}
