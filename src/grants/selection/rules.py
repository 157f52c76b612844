"""Rules of the review: how a panel is drawn, how scores make a rank (domain §3.5). Pure."""

from __future__ import annotations

import random
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from itertools import groupby

from grants.calls.terms import CallRules, Criterion
from grants.kernel.errors import N_, Refusal, RuleBroken
from grants.kernel.money import Fen

_HUNDREDTH = Decimal("0.01")
#: 政府采购法实施条例 第9条 [V]: ties of the last three years keep an expert away.
TIE_YEARS = 3
#: Recommended amounts are rounded down to whole hundreds of yuan (domain §3.5).
ROUND_TO_FEN = 100_00
#: After so many days every member who has something left is reminded [D].
REMIND_AFTER_DAYS = 3
#: More scores than any panel gives: a mean that trims from here on is the plain one.
_NEVER = sys.maxsize


class ExpertKind(StrEnum):
    """What an expert stands for in a panel's composition."""

    FINANCE = "FINANCE"
    SOCIAL_WORK = "SOCIAL_WORK"
    COMMUNITY = "COMMUNITY"
    BUREAU = "BUREAU"
    OTHER = "OTHER"


class TieKind(StrEnum):
    """What ties an expert to an organisation."""

    EMPLOYEE = "EMPLOYEE"
    DIRECTOR = "DIRECTOR"
    SUPERVISOR = "SUPERVISOR"
    HOLDER = "HOLDER"
    KIN = "KIN"


@dataclass(frozen=True)
class Tie:
    """A tie of an expert to an organisation; `until` None lasts."""

    organisation_id: int
    kind: TieKind
    until: date | None = None

    def counts_on(self, day: date) -> bool:
        """Whether it still keeps the expert away: within three years of its end; kin for ever.

        Example: a director until 2023-06-15 counts on 2026-06-15 and no longer on the day after.
        """
        if self.until is None or self.kind is TieKind.KIN:
            return True
        return day <= _years_later(self.until, TIE_YEARS)


def _years_later(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28) + timedelta(days=1)


@dataclass(frozen=True)
class Candidate:
    """An expert of the pool, as the draw looks at him. `person_id` is the natural person."""

    expert_id: int
    person_id: int
    name: str
    kind: ExpertKind
    ties: tuple[Tie, ...] = ()


def is_conflicted(candidate: Candidate, applicants: Collection[int], day: date) -> bool:
    """Whether a tie keeps the candidate away from one of these organisations."""
    return any(tie.organisation_id in applicants and tie.counts_on(day) for tie in candidate.ties)


def drawn_order(candidates: Collection[Candidate], seed: str) -> list[Candidate]:
    """The pool in the order of the draw: decided by the seed alone, whatever order it came in.

    Anybody can repeat it: the pool is sorted by id, then shuffled by `random.Random(seed)`.
    """
    order = sorted(candidates, key=lambda one: one.expert_id)
    random.Random(seed).shuffle(order)
    return order


def compose_panel(
    order: Sequence[Candidate], rules: CallRules, kept: Sequence[Candidate] = ()
) -> list[Candidate] | Refusal:
    """The first of the order that make a panel with those who are kept; one person sits once.

    First the places that a kind has to fill, in the order of the draw, then everybody; of the
    bureau never more than its share. Answers the refusal where the pool is too small.
    """
    chosen = list(kept)
    least = {
        ExpertKind.FINANCE: rules.panel_least_finance,
        ExpertKind.SOCIAL_WORK: rules.panel_least_social_work,
        ExpertKind.COMMUNITY: rules.panel_least_community,
    }
    most_bureau = rules.panel_size * rules.panel_most_bureau_permille // 1000
    for kind, needed in least.items():
        for candidate in order:
            if sum(one.kind is kind for one in chosen) >= needed:
                break
            if candidate.kind is kind and not _sits(candidate, chosen):
                chosen.append(candidate)
        if sum(one.kind is kind for one in chosen) < needed:
            return RuleBroken(
                "panel.too_few_of_kind",
                N_("The pool has too few experts without conflict: {needed} of {kind} are needed."),
                needed=needed,
                kind=KIND_TITLES[kind],
            )
    for candidate in order:
        if len(chosen) >= rules.panel_size:
            break
        full = sum(one.kind is ExpertKind.BUREAU for one in chosen) >= most_bureau
        if not _sits(candidate, chosen) and not (candidate.kind is ExpertKind.BUREAU and full):
            chosen.append(candidate)
    if len(chosen) < rules.panel_size:
        return RuleBroken(
            "panel.too_small",
            N_(
                "Only {found} of {needed} members can be drawn: conflicts leave the pool too small."
            ),
            found=len(chosen),
            needed=rules.panel_size,
        )
    return chosen[len(kept) :]


def _sits(candidate: Candidate, chosen: Sequence[Candidate]) -> bool:
    return any(one.person_id == candidate.person_id for one in chosen)


KIND_TITLES: Mapping[ExpertKind, str] = {
    ExpertKind.FINANCE: N_("Finance"),
    ExpertKind.SOCIAL_WORK: N_("Social work"),
    ExpertKind.COMMUNITY: N_("Community"),
    ExpertKind.BUREAU: N_("Bureau"),
    ExpertKind.OTHER: N_("Other experts"),
}
TIE_TITLES: Mapping[TieKind, str] = {
    TieKind.EMPLOYEE: N_("works or worked there"),
    TieKind.DIRECTOR: N_("director"),
    TieKind.SUPERVISOR: N_("supervisor"),
    TieKind.HOLDER: N_("founder or holder"),
    TieKind.KIN: N_("kin of its head"),
}


# Scores


def trimmed_mean(scores: Sequence[Decimal | int | str], *, trims_from: int = 5) -> Decimal:
    """The mean without one highest and one lowest from `trims_from` scores on, half-up to 2 places.

    Below that the plain mean (domain §3.5 [V]). Raises ValueError without a score.
    Example: [88, 92, 79, 95, 85, 90, 83] is 87.60; [70.5, 81, 77, 90, 66] is 76.17.
    """
    if not scores:
        raise ValueError("a mean needs a score")
    plain = sorted(one if isinstance(one, Decimal) else Decimal(str(one)) for one in scores)
    kept = plain[1:-1] if len(plain) >= trims_from else plain
    return (sum(kept, Decimal(0)) / len(kept)).quantize(_HUNDREDTH, ROUND_HALF_UP)


def score_of(document: int, defence: int | None, document_permille: int) -> Decimal:
    """One expert's score: documents and defence by their weights; exact, in thousandths.

    Example: 88 and 90 at 600 permille are 88.8. Without a defence the documents alone.
    """
    if defence is None:
        return Decimal(document)
    weighted = document * document_permille + defence * (1000 - document_permille)
    return Decimal(weighted).scaleb(-3)


def is_behind(left: int, others: Sequence[int], days: int) -> bool:
    """Whether a member has more left to score than the others, or has had three days for it.

    Example: with 9 left where the others have 0, 2 and 4, the median 2, behind; with 2 not
    before three days have gone by.
    """
    if not left:
        return False
    ordered = sorted(others)
    usual = ordered[len(ordered) // 2] if ordered else 0
    return left > usual or days >= REMIND_AFTER_DAYS


def recommended_fen(asked_fen: int, cap_fen: int, suggested_fen: Sequence[int]) -> Fen:
    """The least of what was asked, the cap and the trimmed mean of suggestions, in whole hundreds.

    Example: asked 60,000.00, cap 60,000.00, suggested 54,000 to 58,000 with mean 56,155.00:
    56,100.00.
    """
    bounds = [asked_fen, cap_fen]
    if suggested_fen:
        bounds.append(int(trimmed_mean(suggested_fen)))
    least = min(bounds)
    return Fen(least - least % ROUND_TO_FEN)


@dataclass(frozen=True)
class Scored:
    """An application with what its experts gave, by member."""

    application_id: int
    category: str
    asked_fen: int
    totals: Mapping[int, Decimal]
    criteria: Mapping[str, Mapping[int, int]]


@dataclass(frozen=True)
class Ranked:
    """An application at its place within its category."""

    application_id: int
    category: str
    rank: int
    score: Decimal
    raw: Decimal
    raw_rank: int
    spread: Decimal
    asked_fen: int


def tie_breakers(rubric: Sequence[Criterion]) -> list[str]:
    """The criteria that decide between equals, in their order (need, then budget)."""
    deciding = [one for one in rubric if one.tie_order is not None]
    return [one.code for one in sorted(deciding, key=lambda one: one.tie_order or 0)]


def order_applications(
    scored: Collection[Scored],
    rubric: Sequence[Criterion],
    *,
    trims_from: int,
    without: int | None = None,
) -> dict[str, list[tuple[Decimal, Scored]]]:
    """By category the applications with their means, the best first; a total order.

    Ties: the criteria's order, then the lower ask, then the earlier application (domain §3.5).
    `without` leaves one member out, to see how stable the ranks are.
    """
    ties = tie_breakers(rubric)
    by_category: dict[str, list[tuple[Decimal, Scored]]] = {}
    for one in scored:
        totals = [score for member, score in one.totals.items() if member != without]
        if totals:
            mean = trimmed_mean(totals, trims_from=trims_from)
            by_category.setdefault(one.category, []).append((mean, one))

    def deciding(pair: tuple[Decimal, Scored]) -> tuple[Decimal | int, ...]:
        one = pair[1]
        criteria = (-_criterion_mean(one, code, without) for code in ties)
        return (*criteria, one.asked_fen, one.application_id)

    order: dict[str, list[tuple[Decimal, Scored]]] = {}
    for category in sorted(by_category):
        order[category] = []
        best_first = sorted(by_category[category], key=_mean_of, reverse=True)
        for _, equals in groupby(best_first, key=_mean_of):
            tied = list(equals)
            order[category] += sorted(tied, key=deciding) if len(tied) > 1 else tied
    return order


def _mean_of(pair: tuple[Decimal, Scored]) -> Decimal:
    return pair[0]


def rank_applications(
    scored: Collection[Scored], rubric: Sequence[Criterion], *, trims_from: int
) -> list[Ranked]:
    """Every application at its place within its category, and where the plain mean would put it.

    The places are those of `order_applications`.
    """
    plain = order_applications(scored, rubric, trims_from=_NEVER)
    raw = {
        one.application_id: (mean, rank)
        for of_category in plain.values()
        for rank, (mean, one) in enumerate(of_category, start=1)
    }
    return [
        Ranked(
            one.application_id,
            category,
            rank,
            score,
            *raw[one.application_id],
            max(one.totals.values()) - min(one.totals.values()),
            one.asked_fen,
        )
        for category, of_category in order_applications(
            scored, rubric, trims_from=trims_from
        ).items()
        for rank, (score, one) in enumerate(of_category, start=1)
    ]


def _criterion_mean(one: Scored, code: str, without: int | None) -> Decimal:
    given = [points for m, points in one.criteria.get(code, {}).items() if m != without]
    return Decimal(sum(given)) / len(given) if given else Decimal(0)
