"""The draw of a panel, means, ties, ranks, amounts: the vectors and what always holds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grants.first_policies import VENTURE_CALL
from grants.kernel.errors import Refusal
from grants.selection.rules import (
    Candidate,
    ExpertKind,
    Ranked,
    Scored,
    Tie,
    TieKind,
    compose_panel,
    drawn_order,
    is_conflicted,
    rank_applications,
    recommended_fen,
    score_of,
    tie_breakers,
    trimmed_mean,
)
from grants.selection.statistics import (
    Box,
    agreement,
    box_of,
    figures_of_experts,
    scale_of,
    unstable_places,
)

DAY = date(2026, 6, 15)
YUAN = 100
K = ExpertKind
RUBRIC = VENTURE_CALL.rubric


# Means


@pytest.mark.parametrize(
    ("scores", "mean"),
    [
        ([88, 92, 79, 95, 85, 90, 83], "87.60"),
        (["70.5", 81, 77, 90, 66], "76.17"),
        ([80, 90, 100, 70], "85.00"),
        ([90], "90.00"),
        ([0, 0, 0, 0, 100], "0.00"),
        (["80.005", "80.005", "80.005"], "80.01"),
    ],
)
def test_the_trimmed_mean_of_the_vectors(scores: list[int | str], mean: str) -> None:
    assert trimmed_mean(scores) == Decimal(mean)


def test_a_mean_needs_a_score() -> None:
    with pytest.raises(ValueError):
        trimmed_mean([])


@given(st.lists(st.integers(0, 100), min_size=5, max_size=15), st.randoms())
def test_the_trimmed_mean_lies_within_and_knows_no_order(scores: list[int], chance: object) -> None:
    turned = list(scores)
    chance.shuffle(turned)  # type: ignore[attr-defined]
    mean = trimmed_mean(scores)
    assert mean == trimmed_mean(turned)
    assert sorted(scores)[1] <= mean <= sorted(scores)[-2]


@given(st.lists(st.integers(0, 90), min_size=5, max_size=9), st.integers(0, 8), st.integers(1, 10))
def test_a_higher_score_never_lowers_the_mean(scores: list[int], place: int, more: int) -> None:
    place %= len(scores)
    raised = [*scores[:place], scores[place] + more, *scores[place + 1 :]]
    assert trimmed_mean(raised) >= trimmed_mean(scores)


def test_documents_and_defence_count_by_their_weights() -> None:
    assert score_of(88, 90, 600) == Decimal("88.8")
    assert score_of(88, None, 600) == 88


@pytest.mark.parametrize(
    ("asked", "cap", "suggested", "recommended"),
    [
        (60_000, 60_000, [54_000, 58_000, 56_000, 56_500, 56_000, 57_000, 55_275], 56_100),
        (50_000, 60_000, [60_000] * 7, 50_000),
        (80_000, 60_000, [], 60_000),
        (60_000, 60_000, [99], 0),
        (60_000, 60_000, [0, 0, 0], 0),
    ],
)
def test_the_recommended_amount(
    asked: int, cap: int, suggested: list[int], recommended: int
) -> None:
    found = recommended_fen(asked * YUAN, cap * YUAN, [one * YUAN for one in suggested])
    assert found == recommended * YUAN


# Ranks


def scored(application: int, *totals: int, category: str = "A", **more: object) -> Scored:
    criteria = more.get("criteria", {})
    assert isinstance(criteria, dict)
    return Scored(
        application,
        category,
        int(str(more.get("asked", 60_000_00))),
        {n: Decimal(total) for n, total in enumerate(totals, start=1)},
        {code: dict(enumerate(points, start=1)) for code, points in criteria.items()},
    )


def ranks(found: Sequence[Ranked]) -> dict[int, int]:
    return {one.application_id: one.rank for one in found}


def test_ranks_stand_within_their_category() -> None:
    found = rank_applications(
        [scored(1, 80), scored(2, 90), scored(3, 70, category="B")], RUBRIC, trims_from=5
    )
    assert ranks(found) == {2: 1, 1: 2, 3: 1}


def test_equals_are_parted_by_need_then_budget_then_the_lower_ask() -> None:
    need = {"criteria": {"NEED": [18], "BUDGET": [10]}}
    more_need = {"criteria": {"NEED": [19], "BUDGET": [9]}}
    more_budget = {"criteria": {"NEED": [18], "BUDGET": [11]}}
    found = rank_applications(
        [
            scored(1, 80, **need),
            scored(2, 80, **more_need),
            scored(3, 80, **more_budget),
            scored(4, 80, asked=50_000_00, **need),
            scored(5, 80, **need),
        ],
        RUBRIC,
        trims_from=5,
    )
    assert ranks(found) == {2: 1, 3: 2, 4: 3, 1: 4, 5: 5}
    assert tie_breakers(RUBRIC) == ["NEED", "BUDGET"]


def test_raw_and_trimmed_ranks_and_the_spread_are_told() -> None:
    outlier = scored(1, 90, 90, 90, 90, 20)
    steady = scored(2, 85, 85, 85, 85, 85)
    first, second = rank_applications([outlier, steady], RUBRIC, trims_from=5)
    assert (first.application_id, first.rank, first.raw_rank, first.spread) == (1, 1, 2, 70)
    assert (second.application_id, second.raw_rank) == (2, 1)


_APPLICATIONS = st.lists(
    st.tuples(
        st.lists(st.integers(60, 64), min_size=7, max_size=7),
        st.sampled_from("AB"),
        st.integers(1, 3),
        st.integers(10, 12),
    ),
    min_size=1,
    max_size=12,
)


@given(_APPLICATIONS, st.randoms())
def test_the_rank_is_a_total_order_that_the_input_does_not_change(
    given_: list[tuple[list[int], str, int, int]], chance: object
) -> None:
    applications = [
        scored(
            n,
            *totals,
            category=category,
            asked=asked,
            criteria={"NEED": [need] * 7, "BUDGET": [10] * 7},
        )
        for n, (totals, category, asked, need) in enumerate(given_)
    ]
    turned = list(applications)
    chance.shuffle(turned)  # type: ignore[attr-defined]
    found = rank_applications(applications, RUBRIC, trims_from=5)
    assert ranks(found) == ranks(rank_applications(turned, RUBRIC, trims_from=5))
    for category in "AB":
        places = sorted(one.rank for one in found if one.category == category)
        assert places == list(range(1, len(places) + 1))


# Statistics


def test_who_gives_more_than_the_others_is_lenient() -> None:
    found = figures_of_experts([scored(1, 80, 90), scored(2, 60, 70), scored(3, 70, 80)])
    strict, lenient = found
    assert (strict.member_id, strict.leniency) == (1, -10)
    assert (lenient.member_id, lenient.leniency) == (2, 10)
    assert lenient.likeness == pytest.approx(1)


def test_agreement_is_one_where_all_rank_alike_and_none_where_they_do_not() -> None:
    alike = [scored(n, 10 * n, 10 * n + 5, 10 * n + 1) for n in range(1, 5)]
    assert agreement(alike) == pytest.approx(1)
    against = [scored(1, 10, 40), scored(2, 20, 30), scored(3, 30, 20), scored(4, 40, 10)]
    assert agreement(against) == pytest.approx(0)
    assert agreement(alike[:2]) is None


def test_somebody_who_gave_the_same_to_all_is_like_nobody() -> None:
    found = figures_of_experts([scored(n, 70, 60 + n) for n in range(4)])
    assert {one.member_id: one.likeness for one in found}[1] is None


def test_a_box_has_five_figures() -> None:
    box = box_of([Decimal(n) for n in (60, 70, 80, 90, 100)])
    assert (box.lowest, box.lower, box.middle, box.upper, box.highest) == (60, 70, 80, 90, 100)
    assert box_of([Decimal(70)]).middle == 70


@pytest.mark.parametrize(
    ("lowest", "highest", "ends"),
    [
        (61.4, 88.0, (60, 90)),
        (60.0, 90.0, (60, 90)),
        (70.0, 70.0, (70, 80)),
        (100.0, 100.0, (90, 100)),
    ],
)
def test_the_scale_ends_at_the_tens_around_all_scores(
    lowest: float, highest: float, ends: tuple[int, int]
) -> None:
    assert scale_of([Box(lowest, lowest, lowest, highest, highest)]) == ends


def test_without_scores_the_scale_is_the_whole_one() -> None:
    assert scale_of([]) == (0, 100)


def test_who_would_cross_the_line_without_one_member_is_named() -> None:
    firm = scored(1, 95, 95, 95, 95, 95)
    carried = scored(2, 80, 80, 80, 60, 60)
    close = scored(3, 74, 74, 74, 74, 74)
    found = unstable_places([firm, carried, close], RUBRIC, trims_from=5, places={"A": 2})
    assert found == {2: [4, 5], 3: [4, 5]}  # without one of the two 60s it rises to 75.00
    assert unstable_places([firm, close], RUBRIC, trims_from=5, places={"A": 1}) == {}


# The draw


def pool(*kinds: ExpertKind, ties: dict[int, tuple[Tie, ...]] | None = None) -> list[Candidate]:
    return [
        Candidate(n, 100 + n, f"专家{n}", kind, (ties or {}).get(n, ()))
        for n, kind in enumerate(kinds, start=1)
    ]


ENOUGH = (K.FINANCE,) * 3 + (K.SOCIAL_WORK,) * 5 + (K.COMMUNITY,) * 3 + (K.BUREAU,) * 5


def kinds_of(panel: list[Candidate] | Refusal) -> list[ExpertKind]:
    assert isinstance(panel, list)
    return [one.kind for one in panel]


@given(st.text(min_size=1, max_size=8), st.randoms())
def test_every_draw_keeps_the_composition_and_is_repeatable(seed: str, chance: object) -> None:
    candidates = pool(*ENOUGH)
    turned = list(candidates)
    chance.shuffle(turned)  # type: ignore[attr-defined]
    order = drawn_order(candidates, seed)
    assert order == drawn_order(turned, seed)
    panel = kinds_of(compose_panel(order, VENTURE_CALL))
    assert len(panel) == 7
    assert panel.count(K.FINANCE) >= 1 and panel.count(K.SOCIAL_WORK) >= 2
    assert panel.count(K.COMMUNITY) >= 1 and panel.count(K.BUREAU) <= 2


def test_a_substitute_keeps_the_composition_of_those_who_stay() -> None:
    order = drawn_order(pool(*ENOUGH), "7")
    panel = compose_panel(order, VENTURE_CALL)
    assert isinstance(panel, list)
    finance = next(one for one in panel if one.kind is K.FINANCE)
    stay = [one for one in panel if one.kind is not K.FINANCE]
    left = [one for one in order if one != finance]
    substitutes = compose_panel(left, VENTURE_CALL, stay)
    assert isinstance(substitutes, list)
    assert substitutes[0].kind is K.FINANCE
    assert not {one.person_id for one in substitutes} & {one.person_id for one in stay}


def test_a_pool_that_conflicts_leave_too_small_is_refused() -> None:
    few = compose_panel(pool(K.FINANCE, *(K.SOCIAL_WORK,) * 2, K.COMMUNITY), VENTURE_CALL)
    assert isinstance(few, Refusal) and few.code == "panel.too_small"
    lacking = compose_panel(pool(*(K.SOCIAL_WORK,) * 9, K.COMMUNITY), VENTURE_CALL)
    assert isinstance(lacking, Refusal) and lacking.code == "panel.too_few_of_kind"


def test_two_accounts_of_one_person_sit_once() -> None:
    twin = [Candidate(n, 1, "同一人", K.FINANCE) for n in (1, 2)]
    rest = pool(*(K.SOCIAL_WORK,) * 4, K.COMMUNITY)
    found = compose_panel([*twin, *rest], VENTURE_CALL)
    assert isinstance(found, Refusal)


@pytest.mark.parametrize(
    ("tie", "kept_away"),
    [
        (Tie(9, TieKind.EMPLOYEE), True),
        (Tie(9, TieKind.DIRECTOR, date(2023, 6, 15)), True),
        (Tie(9, TieKind.DIRECTOR, date(2023, 6, 14)), False),
        (Tie(9, TieKind.KIN, date(2010, 1, 1)), True),
        (Tie(8, TieKind.EMPLOYEE), False),
    ],
)
def test_ties_of_three_years_and_kin_keep_an_expert_away(tie: Tie, kept_away: bool) -> None:
    candidate = Candidate(1, 1, "专家", K.FINANCE, (tie,))
    assert is_conflicted(candidate, {9}, DAY) is kept_away


def test_a_tie_that_ended_on_a_leap_day_counts_three_years() -> None:
    tie = Tie(9, TieKind.HOLDER, date(2024, 2, 29))
    assert tie.counts_on(date(2027, 3, 1)) and not tie.counts_on(date(2027, 3, 2))
