"""Where the funding line falls: who is funded, who waits, what is left (domain §3.5). Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from grants.kernel.errors import N_, Refusal, RuleBroken
from grants.kernel.money import Fen, yuan_text

#: Amounts of a variant are whole hundreds of yuan where a share is applied (domain §3.5).
ROUND_TO_FEN = 100_00


class Place(StrEnum):
    """What a drawn line makes of an application."""

    FUNDED = "FUNDED"
    RESERVE = "RESERVE"
    BELOW = "BELOW"
    DROPPED = "DROPPED"


@dataclass(frozen=True)
class Standing:
    """A ranked application as the line looks at it; `most_fen` is the lower of ask and cap."""

    application_id: int
    category: str
    rank: int
    score: Decimal
    most_fen: Fen
    recommended_fen: Fen
    passes: bool


class Choice(BaseModel):
    """What a variant sets: money, share of the recommendation, places, floors, single amounts.

    `places` is the most that a category gets (absent: no limit), `floors` the least.
    """

    model_config = ConfigDict(frozen=True)

    budget_fen: Fen = Field(ge=0)
    share_permille: int = Field(default=1000, ge=1, le=1000)
    places: Mapping[str, int] = {}
    floors: Mapping[str, int] = {}
    amounts: Mapping[int, Fen] = {}
    dropped: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Drawn:
    """An application under a drawn line; `order` counts the reserve of its category from 1."""

    standing: Standing
    place: Place
    amount_fen: Fen
    order: int = 0


@dataclass(frozen=True)
class Outcome:
    """A drawn line: everybody by category and rank, what is spent and what is left."""

    lines: Sequence[Drawn]
    spent_fen: Fen
    left_fen: Fen
    floors_missed: Sequence[str]

    def of_category(self, category: str) -> list[Drawn]:
        """The applications of one category by rank."""
        return [one for one in self.lines if one.standing.category == category]

    def count(self, place: str, category: str = "") -> int:
        """How many stand there, in one category or in all."""
        return sum(
            one.place == place and (not category or one.standing.category == category)
            for one in self.lines
        )

    def lowest_score(self, category: str) -> Decimal | None:
        """The score of the last one funded in a category."""
        funded = [one for one in self.of_category(category) if one.place is Place.FUNDED]
        return min((one.standing.score for one in funded), default=None)


def amount_of(standing: Standing, choice: Choice) -> Fen:
    """What a variant gives: its own amount, or its share of the recommendation in whole hundreds.

    Example: recommended 56,100.00 at 900 permille is 50,400.00.
    """
    if standing.application_id in choice.amounts:
        return choice.amounts[standing.application_id]
    share = standing.recommended_fen * choice.share_permille // 1000
    return Fen(share - share % ROUND_TO_FEN)


def choice_holds(choice: Choice, standings: Sequence[Standing], ceiling_fen: int) -> Refusal | None:
    """A choice asks for no more than there is; the refusal names its field among its params."""
    if choice.budget_fen > ceiling_fen:
        return RuleBroken(
            "line.above_ceiling",
            N_("Only {left} yuan may be decided on."),
            field="budget",
            left=yuan_text(Fen(ceiling_fen)),
        )
    for category, least in choice.floors.items():
        if least > choice.places.get(category, least):
            return RuleBroken(
                "line.floor_above_places",
                N_("Category {category}: the floor is above its places."),
                field=f"floor.{category}",
                category=category,
            )
    by_id = {one.application_id: one for one in standings}
    for application_id, amount_fen in choice.amounts.items():
        standing = by_id.get(application_id)
        if standing is None or not 0 < amount_fen <= standing.most_fen:
            return RuleBroken(
                "line.amount",
                N_("An amount is above nothing and at most what was asked for and the cap allows."),
                field=f"amount.{application_id}",
            )
    return None


def reasons_wanted(outcome: Outcome, choice: Choice) -> list[int]:
    """The applications on which the office departs from the ranking: left out, or another amount.

    Each of them needs a reason in the minutes; the others follow from score, money and places.
    """
    return [
        one.standing.application_id
        for one in outcome.lines
        if one.place is Place.DROPPED
        or (one.amount_fen > 0 and one.standing.application_id in choice.amounts)
    ]


@dataclass(frozen=True)
class Readiness:
    """What the office knows of a round that is to be decided on."""

    in_review: bool
    sealed: Sequence[str]
    uncommented: int
    unscored: int
    decided: bool


def round_is_ready(case: Readiness) -> Refusal | None:
    """A meeting decides once, on a whole ranking that nobody can still change unseen."""
    if not case.in_review:
        return RuleBroken("line.not_in_review", N_("The line is drawn out of a review."))
    if case.decided:
        return RuleBroken(
            "decision.waits", N_("A decision of this round lies before the meeting already.")
        )
    if case.sealed:
        return RuleBroken(
            "decision.sealed",
            N_("The scores of {panel} are sealed until every member has signed."),
            panel=case.sealed[0],
        )
    if case.unscored:
        return RuleBroken(
            "decision.unscored",
            N_("{count} applications that passed the checks are not scored."),
            count=case.unscored,
        )
    if case.uncommented:
        return RuleBroken(
            "decision.uncommented",
            N_("{count} spreads need a word of the chair first."),
            count=case.uncommented,
        )
    return None


def decision_has_its_reasons(wanted: Sequence[int], reasons: Mapping[int, str]) -> Refusal | None:
    """Whoever departs from the ranking says why; the refusal names the field among its params."""
    for application_id in wanted:
        if len(reasons.get(application_id, "").strip()) < 2:
            return RuleBroken(
                "decision.reason",
                N_("Say why this one departs from the ranking."),
                field=f"reason.{application_id}",
            )
    return None


def draw_line(standings: Sequence[Standing], choice: Choice) -> Outcome:
    """Draw the line: never spends more than the variant has, whatever the input's order.

    Floors first, one of each category in turn; then everybody by score, each category up to its
    places. Nobody overtakes another of the same category: where the money does not suffice for
    one, it and all behind it wait, in the order of their ranks.
    """
    ranked = sorted(standings, key=lambda one: (one.category, one.rank))
    able = [one for one in ranked if _can_be_funded(one, choice)]
    left, funded, closed = choice.budget_fen, dict[int, Fen](), set[str]()
    counts: dict[str, int] = {}
    for standing in _in_turn(able, choice):
        category, amount_fen = standing.category, amount_of(standing, choice)
        if standing.application_id in funded or category in closed:
            continue
        full = counts.get(category, 0) >= choice.places.get(category, len(able))
        if full or amount_fen > left:
            closed.add(category)
            continue
        funded[standing.application_id] = amount_fen
        counts[category] = counts.get(category, 0) + 1
        left = Fen(left - amount_fen)
    waiting: dict[str, int] = {}
    lines = []
    for one in ranked:
        if one.application_id in funded:
            lines.append(Drawn(one, Place.FUNDED, funded[one.application_id]))
        elif one.application_id in choice.dropped:
            lines.append(Drawn(one, Place.DROPPED, Fen(0)))
        elif not _can_be_funded(one, choice):
            lines.append(Drawn(one, Place.BELOW, Fen(0)))
        else:
            waiting[one.category] = waiting.get(one.category, 0) + 1
            amount_fen = amount_of(one, choice)
            lines.append(Drawn(one, Place.RESERVE, amount_fen, waiting[one.category]))
    return Outcome(
        lines,
        Fen(choice.budget_fen - left),
        left,
        [one for one, least in sorted(choice.floors.items()) if counts.get(one, 0) < least],
    )


def _can_be_funded(standing: Standing, choice: Choice) -> bool:
    return (
        standing.passes
        and standing.application_id not in choice.dropped
        and amount_of(standing, choice) > 0
    )


def _in_turn(able: Sequence[Standing], choice: Choice) -> Iterator[Standing]:
    """Whose turn it is: the floors' places one of each category at a time, then all by score."""
    by_category: dict[str, list[Standing]] = {}
    for one in able:
        by_category.setdefault(one.category, []).append(one)
    for n in range(max(choice.floors.values(), default=0)):
        for category, of_category in by_category.items():
            if n < min(choice.floors.get(category, 0), len(of_category)):
                yield of_category[n]
    yield from sorted(able, key=lambda one: (-one.score, one.category, one.rank))
