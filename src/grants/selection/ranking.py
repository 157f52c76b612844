"""The ranking of a round out of its opened panels: scores, places, statistics, firmness."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from grants.calls.terms import CallTerms
from grants.kernel.money import Fen
from grants.selection import queries
from grants.selection.queries import Member, Sheet
from grants.selection.rules import (
    Ranked,
    Scored,
    rank_applications,
    recommended_fen,
    score_of,
)
from grants.selection.statistics import (
    Box,
    ExpertFigures,
    agreement,
    box_of,
    figures_of_experts,
    scale_of,
    unstable_places,
)
from grants.selection.workflow import PanelState


@dataclass(frozen=True)
class Line:
    """One application in the ranking table."""

    ranked: Ranked
    number: str
    title: str
    organisation: str
    theme: str
    recommended_fen: Fen
    passes: bool
    needs_comment: bool
    comment: str
    totals: Mapping[int, Decimal]
    box: Box
    moved_by: Sequence[int]


@dataclass(frozen=True)
class Ranking:
    """Everything the ranking page shows of a round."""

    lines: Sequence[Line]
    members: Mapping[int, Member]
    figures: Sequence[ExpertFigures]
    agreement: float | None
    sealed: Sequence[str]

    def of_category(self, category: str) -> list[Line]:
        """The lines of one category by rank."""
        return [one for one in self.lines if one.ranked.category == category]

    @property
    def scale(self) -> tuple[int, int]:
        """Between which tens all scores lie: the ends of the axis that every box is drawn on."""
        return scale_of([one.box for one in self.lines])


def scored_of(sheets: Sequence[Sheet], terms: CallTerms) -> list[Scored]:
    """The applications with what their members gave; sheets of the recused do not count."""
    by_application: dict[int, list[Sheet]] = {}
    for sheet in sheets:
        if sheet.state == "OPEN" and sheet.points:
            by_application.setdefault(sheet.application_id, []).append(sheet)
    found = []
    for application_id, of_one in by_application.items():
        criteria: dict[str, dict[int, int]] = {}
        for sheet in of_one:
            for code, points in sheet.points.items():
                criteria.setdefault(code, {})[sheet.member_id] = points
        found.append(
            Scored(
                application_id,
                of_one[0].category,
                of_one[0].asked_fen,
                {
                    sheet.member_id: score_of(
                        sheet.total,
                        sheet.defence if terms.defence else None,
                        terms.document_permille,
                    )
                    for sheet in of_one
                },
                criteria,
            )
        )
    return found


async def ranking_of(round_id: int, terms: CallTerms) -> Ranking:
    """The ranking of all opened panels of a round; sealed ones are named, not read."""
    sheets: list[Sheet] = []
    members: dict[int, Member] = {}
    comments: dict[int, str] = {}
    sealed: list[str] = []
    for panel in await queries.panels_of(round_id):
        if panel.state != PanelState.OPENED:
            sealed.append(panel.name)
            continue
        sheets += await queries.sheets_of_panel(panel.id)
        members |= {one.id: one for one in await queries.members(panel.id)}
        comments |= await queries.chair_comments(panel.id)
    return ranking_from(sheets, members, comments, terms, sealed)


def ranking_from(
    sheets: Sequence[Sheet],
    members: Mapping[int, Member],
    comments: Mapping[int, str],
    terms: CallTerms,
    sealed: Sequence[str] = (),
) -> Ranking:
    """The same out of what was read: pure, so that it can be measured and repeated."""
    scored = scored_of(sheets, terms)
    by_id = {one.application_id: one for one in scored}
    about = {sheet.application_id: sheet for sheet in sheets}
    suggested: dict[int, list[int]] = {}
    for sheet in sheets:
        if sheet.state == "OPEN" and sheet.suggests:
            suggested.setdefault(sheet.application_id, []).append(sheet.suggested_fen)
    ranked = rank_applications(scored, terms.rubric, trims_from=terms.trims_from)
    places = {one.code: one.places or 0 for one in terms.categories}
    moved = unstable_places(scored, terms.rubric, trims_from=terms.trims_from, places=places)
    lines = []
    for one in ranked:
        sheet, category = about[one.application_id], terms.category(one.category)
        cap = category.cap_fen if category else sheet.asked_fen
        far_apart = one.spread > terms.spread_limit
        lines.append(
            Line(
                ranked=one,
                number=sheet.number,
                title=sheet.title,
                organisation=sheet.organisation,
                theme=sheet.theme,
                recommended_fen=recommended_fen(
                    sheet.asked_fen, cap, suggested.get(one.application_id, [])
                ),
                passes=one.score >= terms.pass_mark,
                needs_comment=far_apart and one.application_id not in comments,
                comment=comments.get(one.application_id, ""),
                totals=by_id[one.application_id].totals,
                box=box_of(by_id[one.application_id].totals.values()),
                moved_by=moved.get(one.application_id, ()),
            )
        )
    return Ranking(lines, members, figures_of_experts(scored), agreement(scored), sealed)
