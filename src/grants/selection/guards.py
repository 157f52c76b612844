"""What the steps of a panel and the filling of a sheet look at. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from grants.calls.terms import Criterion
from grants.kernel.errors import N_, Conflict, Refusal, RuleBroken


@dataclass(frozen=True)
class PanelCase:
    """What a step on a panel looks at."""

    seen_version: int
    version: int
    members: int = 0
    size: int = 0
    undeclared: int = 0
    unsigned_documents: int = 0
    unsigned: int = 0
    applications: int = 0
    has_defence: bool = False
    slots: int = 0
    scores: int = 0
    reason: str = ""


def panel_is_fresh(case: PanelCase) -> Refusal | None:
    """Nobody decides on a page that somebody else has changed since."""
    if case.seen_version != case.version:
        return Conflict(
            "panel.stale", N_("Somebody changed this panel since you opened it. Look again.")
        )
    return None


def every_seat_is_declared(case: PanelCase) -> Refusal | None:
    """Scoring begins when the panel is full and every member has declared no conflict."""
    if case.members < case.size:
        return RuleBroken(
            "panel.seats_empty",
            N_("{found} of {size} seats are filled."),
            found=case.members,
            size=case.size,
        )
    if case.undeclared:
        return RuleBroken(
            "panel.undeclared",
            N_("{count} members have not declared yet."),
            count=case.undeclared,
        )
    return None


def there_is_something_to_score(case: PanelCase) -> Refusal | None:
    """A panel scores at least one application."""
    if not case.applications:
        return RuleBroken(
            "panel.nothing_to_score", N_("No application of these categories passed the checks.")
        )
    return None


def documents_are_signed(case: PanelCase) -> Refusal | None:
    """The defence begins when every member has signed what the documents are worth."""
    if case.unsigned_documents:
        return RuleBroken(
            "panel.documents_unsigned",
            N_("{count} members have not signed the documents yet."),
            count=case.unsigned_documents,
        )
    return None


def defence_is_part_of_it(case: PanelCase) -> Refusal | None:
    """Only rounds whose terms have a defence hold one, with a place in time for everybody."""
    if not case.has_defence:
        return RuleBroken("panel.no_defence", N_("This round has no defence."))
    if case.slots < case.applications:
        return RuleBroken("panel.no_timetable", N_("Draw the timetable of the defence first."))
    return None


def everybody_has_signed(case: PanelCase) -> Refusal | None:
    """Scores are sealed until every member of a full panel has signed (domain §3.5)."""
    if case.members < case.size:
        return RuleBroken(
            "panel.seats_empty",
            N_("{found} of {size} seats are filled."),
            found=case.members,
            size=case.size,
        )
    if case.unsigned:
        return RuleBroken(
            "panel.unsigned", N_("{count} members have not signed yet."), count=case.unsigned
        )
    return None


def nothing_was_scored(case: PanelCase) -> Refusal | None:
    """A panel is dissolved, with a reason, only before anybody has given a point."""
    if case.scores:
        return RuleBroken("panel.scores_stand", N_("Scores stand; the panel is not dissolved."))
    if len(case.reason.strip()) < 5:
        return RuleBroken("panel.reason", N_("Give the reason in a few words."))
    return None


# A sheet

#: At the lowest and the highest tenth of a criterion's points a comment is needed [D].
_EXTREME_PERMILLE = 100


def is_extreme(points: int, criterion: Criterion) -> bool:
    """Whether points lie in the lowest or highest tenth of a criterion, where words are needed.

    Example: of 20 points 0 to 2 and 18 to 20; of 5 points 0 and 5.
    """
    margin = criterion.points * _EXTREME_PERMILLE // 1000
    return points <= margin or points >= criterion.points - margin


def points_fault(points: int, criterion: Criterion) -> Refusal | None:
    """Points are whole and within the criterion."""
    if not 0 <= points <= criterion.points:
        return RuleBroken(
            "sheet.points",
            N_("{criterion} takes 0 to {most} points."),
            criterion=criterion.name,
            most=criterion.points,
        )
    return None


def left_open(
    points: Mapping[str, int],
    comments: Mapping[str, str],
    rubric: Sequence[Criterion],
    *,
    suggests: bool,
) -> list[str]:
    """What a sheet still lacks: codes of criteria without points or a needed comment, "amount"."""
    lacking = []
    for one in rubric:
        given = points.get(one.code)
        if given is None or (is_extreme(given, one) and not comments.get(one.code, "").strip()):
            lacking.append(one.code)
    if not suggests:
        lacking.append("amount")
    return lacking
