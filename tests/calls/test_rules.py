"""What the terms of a call may say, and what a revision may change, and when."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from grants.calls.rules import change_keeps_promises
from grants.calls.terms import Category, Theme
from grants.calls.words import CHECKS, FIELDS, FIGURES, GROUPS, WORDS
from grants.calls.workflow import NEED, REVISION, ROUND
from grants.figures.shapes import shape_of
from grants.first_policies import VENTURE_CALL
from grants.kernel.errors import FieldFault, Refusal
from grants.kernel.money import Fen
from tests.world import YUAN, World
from tests.world_calls import AFTER, BEFORE, CLOSES, OPENS, WHILE_OPEN, terms

WORLD = World(line=1)


def fault_of(**changes: Any) -> tuple[str, str]:
    """Where and why terms with these changes are refused."""
    with pytest.raises(ValidationError) as caught:
        terms(WORLD, **changes)
    found = caught.value.errors()[0]
    error = found.get("ctx", {}).get("error")
    return str(found["loc"][0]), error.message if isinstance(error, FieldFault) else ""


def parts(*shares: int) -> list[dict[str, Any]]:
    return [
        {"code": f"T{n}", "share_permille": share, "condition": "协议", "opened_by": "AGREEMENT"}
        for n, share in enumerate(shares)
    ]


@pytest.mark.parametrize(
    ("place", "said", "changes"),
    [
        ("closes_at", "closes before", {"closes_at": OPENS}),
        ("starts_on", "after the call", {"starts_on": CLOSES.date()}),
        ("ends_on", "end before", {"ends_on": date(2026, 8, 1)}),
        ("panel_size", "odd number", {"panel_size": 6}),
        ("months_most", "shorter", {"months_least": 9, "months_most": 8}),
        ("instalments", "100%", {"instalments": parts(500, 499)}),
        ("instalments", "same code", {"instalments": [*parts(500), *parts(500)]}),
        ("rubric", "make 100", {"rubric": VENTURE_CALL.rubric[1:]}),
        ("themes", "same code", {"themes": [Theme(code="A", name="一")] * 2}),
        ("total_fen", "", {"total_fen": 0}),
        ("categories", "", {"categories": []}),
    ],
)
def test_terms_that_do_not_fit_together_are_refused_beside_their_field(
    place: str, said: str, changes: dict[str, Any]
) -> None:
    where, why = fault_of(**changes)
    assert where == place and said in why


def test_a_call_is_open_from_its_first_second_to_before_its_last() -> None:
    said = terms(WORLD)
    second = timedelta(seconds=1)
    assert [
        said.is_open_at(moment) for moment in (OPENS - second, OPENS, CLOSES - second, CLOSES)
    ] == [False, True, True, False]


def promise_broken(at: datetime, **changes: Any) -> str | None:
    """The field whose change is refused at a moment."""
    before = terms(WORLD)
    after = before.model_copy(update=changes)
    found = change_keeps_promises(before, after, at)
    assert found is None or isinstance(found[1], Refusal)
    return found[0] if found else None


ONLY_A = (Category(code="A", name="自主申报", cap_fen=Fen(60_000 * YUAN)),)
LOWER = (
    Category(code="A", name="自主申报", cap_fen=Fen(50_000 * YUAN)),
    Category(code="B", name="镇街委托", cap_fen=Fen(40_000 * YUAN)),
)


def test_before_it_opens_everything_may_change() -> None:
    assert promise_broken(BEFORE, categories=ONLY_A, closes_at=CLOSES - timedelta(days=9)) is None


@pytest.mark.parametrize(
    ("place", "changes"),
    [
        ("opens_at", {"opens_at": OPENS + timedelta(days=1)}),
        ("closes_at", {"closes_at": CLOSES - timedelta(seconds=1)}),
        ("categories", {"categories": ONLY_A}),
        ("categories", {"categories": LOWER}),
        ("themes", {"themes": (Theme(code="YOUTH", name="关爱青少年"),)}),
    ],
)
def test_while_it_is_open_nobody_loses_time_or_chances(place: str, changes: dict[str, Any]) -> None:
    assert promise_broken(WHILE_OPEN, **changes) == place


def test_while_it_is_open_it_may_promise_more() -> None:
    more = Category(code="A", name="自主申报", cap_fen=Fen(70_000 * YUAN))
    longer = CLOSES + timedelta(days=3)
    kept = terms(WORLD).categories[1]
    assert promise_broken(WHILE_OPEN, categories=(more, kept), closes_at=longer) is None


def test_after_it_has_closed_nothing_changes() -> None:
    assert promise_broken(AFTER, phone="0512-53500001") == "title"


def test_a_new_round_closes_in_the_future() -> None:
    found = change_keeps_promises(None, terms(WORLD), CLOSES)
    assert found is not None and found[0] == "closes_at"


def test_every_field_of_the_terms_is_named_and_stands_in_one_group() -> None:
    shape = shape_of(type(terms(WORLD)), terms(WORLD).model_dump(mode="json"), WORDS)
    assert {leaf.name for leaf in shape.every_leaf()} <= FIELDS.keys()
    grouped = [name for names in GROUPS.values() for name in names]
    assert sorted(grouped) == sorted(leaf.name for leaf in shape.leaves)


def test_checks_with_a_figure_say_what_it_means() -> None:
    with_figure = {n for n, rule in VENTURE_CALL.eligibility.items() if rule.figure is not None}
    assert with_figure == FIGURES.keys()
    assert VENTURE_CALL.eligibility.keys() == CHECKS.keys()


@pytest.mark.parametrize(
    ("workflow", "ends"),
    [
        (NEED, {"DECLINED", "MET", "WITHDRAWN"}),
        (REVISION, {"SUPERSEDED", "DISCARDED"}),
        (ROUND, {"CLOSED", "CANCELLED"}),
    ],
    ids=lambda one: getattr(one, "name", ""),
)
def test_the_state_tables_have_no_dead_end_but_their_ends(workflow: Any, ends: set[str]) -> None:
    left = {source for step in workflow.steps for source in step.sources}
    assert {str(state) for state in workflow.titles if state not in left} == ends
