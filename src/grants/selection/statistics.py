"""What scores say about experts, and how firm the places near the line are. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import ceil, floor

from grants.calls.terms import Criterion
from grants.selection.rules import Scored, order_applications


@dataclass(frozen=True)
class ExpertFigures:
    """One member's manner: how many, the mean, how lenient, how wide, how near to the others.

    `leniency` is the mean distance from the other members' mean of the same application;
    `likeness` the correlation with that mean, None for fewer than three applications.
    """

    member_id: int
    count: int
    mean: float
    leniency: float
    spread: float
    likeness: float | None


def figures_of_experts(scored: Collection[Scored]) -> list[ExpertFigures]:
    """The manner of every member, the strictest first."""
    given: dict[int, list[tuple[float, float]]] = {}
    for one in scored:
        totals = {member: float(score) for member, score in one.totals.items()}
        whole, others = sum(totals.values()), len(totals) - 1
        for member, own in totals.items():
            rest = (whole - own) / others if others else own
            given.setdefault(member, []).append((own, rest))
    found = []
    for member in sorted(given):
        own_scores, rests = zip(*given[member], strict=True)
        found.append(
            ExpertFigures(
                member,
                len(own_scores),
                statistics.fmean(own_scores),
                statistics.fmean([own - rest for own, rest in given[member]]),
                statistics.pstdev(own_scores),
                _correlation(own_scores, rests),
            )
        )
    return sorted(found, key=lambda one: (one.leniency, one.member_id))


def _correlation(one: Sequence[float], other: Sequence[float]) -> float | None:
    if len(one) < 3:
        return None
    try:
        return statistics.correlation(one, other)
    except statistics.StatisticsError:
        return None  # somebody gave the same to all


def agreement(scored: Collection[Scored]) -> float | None:
    """Kendall's W over the applications that all members scored: 0 none, 1 complete agreement.

    None for fewer than three applications or two members. Ties share their mean rank.
    """
    members = sorted({member for one in scored for member in one.totals})
    whole = [one for one in scored if set(one.totals) == set(members)]
    if len(whole) < 3 or len(members) < 2:
        return None
    sums = [0.0] * len(whole)
    ties = 0.0
    for member in members:
        ranks, of_ties = _ranks([float(one.totals[member]) for one in whole])
        sums = [a + b for a, b in zip(sums, ranks, strict=True)]
        ties += of_ties
    mean = statistics.fmean(sums)
    deviation = sum((one - mean) ** 2 for one in sums)
    m, n = len(members), len(whole)
    most = m * m * (n**3 - n) - m * ties
    return 12 * deviation / most if most else None


def _ranks(values: Sequence[float]) -> tuple[list[float], float]:
    """Mean ranks, and the correction for ties."""
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks, ties, start = [0.0] * len(values), 0.0, 0
    while start < len(order):
        end = start
        while end + 1 < len(order) and values[order[end + 1]] == values[order[start]]:
            end += 1
        for place in order[start : end + 1]:
            ranks[place] = (start + end) / 2 + 1
        same = end - start + 1
        ties += same**3 - same
        start = end + 1
    return ranks, ties


@dataclass(frozen=True)
class Box:
    """The five figures of a box plot."""

    lowest: float
    lower: float
    middle: float
    upper: float
    highest: float


def box_of(totals: Collection[Decimal]) -> Box:
    """Lowest, quartiles and highest of an application's scores."""
    values = sorted(float(one) for one in totals)
    if len(values) == 1:
        return Box(*values * 5)
    lower, middle, upper = statistics.quantiles(values, n=4, method="inclusive")
    return Box(values[0], lower, middle, upper, values[-1])


def scale_of(boxes: Collection[Box]) -> tuple[int, int]:
    """The tens between which all boxes lie; from 0 to 100 without any.

    Example: scores from 61.4 to 88 lie between 60 and 90.
    """
    if not boxes:
        return 0, 100
    low = min(floor(min(one.lowest for one in boxes) / 10) * 10, 90)
    high = ceil(max(one.highest for one in boxes) / 10) * 10
    return low, max(high, low + 10)


def unstable_places(
    scored: Collection[Scored],
    rubric: Sequence[Criterion],
    *,
    trims_from: int,
    places: Mapping[str, int],
) -> dict[int, list[int]]:
    """Applications that would cross the line of their category if one member were left out.

    `places` is how many stand above the line by category. Answers each such application with
    the members whose absence would move it.
    """
    with_a_line = [one for one in scored if places.get(one.category)]
    now = _above(with_a_line, rubric, trims_from, places, None)
    found: dict[int, list[int]] = {}
    for member in sorted({member for one in with_a_line for member in one.totals}):
        then = _above(with_a_line, rubric, trims_from, places, member)
        for application in now ^ then:
            found.setdefault(application, []).append(member)
    return found


def _above(
    scored: Collection[Scored],
    rubric: Sequence[Criterion],
    trims_from: int,
    places: Mapping[str, int],
    without: int | None,
) -> set[int]:
    order = order_applications(scored, rubric, trims_from=trims_from, without=without)
    return {
        one.application_id
        for category, of_category in order.items()
        for _, one in of_category[: places[category]]
    }
