"""The funding line: floors, places, amounts, reserve; never above the money."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grants.decisions.rules import (
    Choice,
    Outcome,
    Place,
    Standing,
    amount_of,
    choice_holds,
    draw_line,
)
from grants.kernel.money import Fen

YUAN = 100


def standing(
    n: int, category: str, rank: int, score: str, yuan: int = 50_000, passes: bool = True
) -> Standing:
    fen = Fen(yuan * YUAN)
    return Standing(n, category, rank, Decimal(score), fen, fen, passes)


def choice(yuan: int, **changes: object) -> Choice:
    return Choice.model_validate({"budget_fen": yuan * YUAN, **changes})


FIVE = [
    standing(1, "A", 1, "92.00"),
    standing(2, "A", 2, "88.00"),
    standing(3, "A", 3, "65.00", passes=False),
    standing(4, "B", 1, "80.00"),
    standing(5, "B", 2, "79.00", 20_000),
]


def places(outcome: Outcome) -> dict[int, str]:
    return {one.standing.application_id: one.place.value for one in outcome.lines}


def test_money_goes_by_score_and_who_fails_the_mark_is_below_the_line() -> None:
    outcome = draw_line(FIVE, choice(150_000))
    assert places(outcome) == {1: "FUNDED", 2: "FUNDED", 3: "BELOW", 4: "FUNDED", 5: "RESERVE"}
    assert (outcome.spent_fen, outcome.left_fen) == (150_000 * YUAN, 0)
    assert outcome.lowest_score("A") == Decimal("88.00")


def test_nobody_overtakes_another_of_the_same_category() -> None:
    outcome = draw_line(FIVE, choice(120_000))
    assert places(outcome)[4] == places(outcome)[5] == "RESERVE"
    assert [one.order for one in outcome.of_category("B")] == [1, 2]
    assert outcome.left_fen == 20_000 * YUAN


def test_a_floor_is_served_before_better_scores_of_another_category() -> None:
    outcome = draw_line(FIVE, choice(70_000, floors={"B": 2}))
    assert places(outcome) == {1: "RESERVE", 2: "RESERVE", 3: "BELOW", 4: "FUNDED", 5: "FUNDED"}
    assert draw_line(FIVE, choice(60_000, floors={"B": 2})).floors_missed == ["B"]


def test_a_category_gets_no_more_than_its_places() -> None:
    outcome = draw_line(FIVE, choice(500_000, places={"A": 1}))
    assert places(outcome)[2] == "RESERVE" and outcome.count(Place.FUNDED, "B") == 2


def test_dropping_one_lets_the_next_move_up() -> None:
    outcome = draw_line(FIVE, choice(50_000, dropped=[1]))
    assert places(outcome)[1] == "DROPPED" and places(outcome)[2] == "FUNDED"


def test_a_share_of_the_recommendation_is_in_whole_hundreds_of_yuan() -> None:
    one = standing(1, "A", 1, "90.00", 56_100)
    assert amount_of(one, choice(0, share_permille=900)) == 50_400 * YUAN
    assert amount_of(one, choice(0, amounts={1: 12_345})) == 12_345


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"budget_fen": 200_001 * YUAN}, "budget"),
        ({"floors": {"A": 3}, "places": {"A": 2}}, "floor.A"),
        ({"amounts": {1: 50_001 * YUAN}}, "amount.1"),
        ({"amounts": {1: 0}}, "amount.1"),
        ({"amounts": {99: 1}}, "amount.99"),
    ],
)
def test_a_choice_that_asks_for_more_than_there_is_names_its_field(
    changes: dict[str, object], field: str
) -> None:
    found = choice_holds(choice(100_000, **changes), FIVE, 200_000 * YUAN)
    assert found is not None and found.params["field"] == field
    assert choice_holds(choice(100_000), FIVE, 200_000 * YUAN) is None


@st.composite
def rankings(draw: st.DrawFn) -> list[Standing]:
    made = []
    for category in "ABC":
        scores = sorted(draw(st.lists(st.integers(5000, 10000), max_size=8)), reverse=True)
        for rank, score in enumerate(scores, start=1):
            fen = Fen(draw(st.integers(0, 600)) * 100 * YUAN)
            made.append(
                Standing(
                    len(made) + 1, category, rank, Decimal(score) / 100, fen, fen, score >= 7000
                )
            )
    return made


COUNTS = st.dictionaries(st.sampled_from("ABC"), st.integers(0, 9))


@given(rankings(), st.integers(0, 300_000_00), COUNTS, COUNTS, st.integers(1, 1000), st.randoms())
def test_no_line_spends_more_than_it_has_whatever_the_order_of_its_input(
    ranked: list[Standing],
    budget_fen: int,
    most: dict[str, int],
    floors: dict[str, int],
    share: int,
    chance: object,
) -> None:
    wish = Choice(budget_fen=Fen(budget_fen), share_permille=share, places=most, floors=floors)
    outcome = draw_line(ranked, wish)
    turned = list(ranked)
    chance.shuffle(turned)  # type: ignore[attr-defined]
    assert draw_line(turned, wish) == outcome
    funded = [one for one in outcome.lines if one.place is Place.FUNDED]
    assert sum(one.amount_fen for one in funded) == outcome.spent_fen <= budget_fen
    assert outcome.spent_fen + outcome.left_fen == budget_fen
    assert all(one.standing.passes and one.amount_fen > 0 for one in funded)
    for category in "ABC":
        line = outcome.of_category(category)
        assert outcome.count(Place.FUNDED, category) <= most.get(category, 99)
        first_waiting = next((n for n, one in enumerate(line) if one.place is Place.RESERVE), 99)
        assert all(one.place is not Place.FUNDED for one in line[first_waiting:])
