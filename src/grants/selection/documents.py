"""Papers of a review: the ranking table of a round, and the signed score sheets of a member."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from grants.calls import queries as calls
from grants.calls.queries import Round
from grants.calls.terms import CallTerms, Category
from grants.kernel import calendar
from grants.kernel.errors import N_, NotFound, RuleBroken
from grants.kernel.identity import Actor
from grants.platform.pages import render
from grants.platform.pdf import qr_data_uri, render_pdf
from grants.selection import queries
from grants.selection.queries import Member, Panel, Sheet
from grants.selection.ranking import Line, Ranking, ranking_of
from grants.selection.rules import score_of
from grants.selection.workflow import PanelState
from grants.settings import settings


@dataclass(frozen=True)
class Head:
    """What stands at the head and the foot of both papers."""

    number: str
    title: str
    office: str
    case_url: str
    qr_data_uri: str
    printed_at: datetime
    printed_by: str
    demo: bool


@dataclass(frozen=True)
class RankingPaper(Head):
    """What templates/pdf/ranking.html prints."""

    terms: CallTerms
    ranking: Ranking

    def categories(self) -> list[tuple[Category, list[Line]]]:
        """The categories in which something was scored, with their lines by rank."""
        found = [(one, self.ranking.of_category(one.code)) for one in self.terms.categories]
        return [(one, lines) for one, lines in found if lines]


@dataclass(frozen=True)
class SheetsPaper(Head):
    """What templates/pdf/score_sheets.html prints; sheets stepped back from say so."""

    terms: CallTerms
    panel: Panel
    member: Member
    sheets: Sequence[Sheet]

    def score(self, sheet: Sheet) -> str:
        """Documents and defence together, as the ranking counts them."""
        defence = sheet.defence if self.terms.defence else None
        return str(score_of(sheet.total, defence, self.terms.document_permille))


def _head(actor: Actor, found: Round, terms: CallTerms, path: str) -> dict[str, object]:
    url = f"{settings.public_url}{path}"
    return {
        "number": found.number,
        "title": found.title,
        "office": terms.office,
        "case_url": url,
        "qr_data_uri": qr_data_uri(url),
        "printed_at": calendar.now(),
        "printed_by": actor.name,
        "demo": settings.demo,
    }


async def ranking_table(actor: Actor, round_id: int, *, lang: str) -> bytes:
    """The ranking of a round's opened panels as a PDF. Raises NotFound while all are sealed."""
    found = await calls.round_of(round_id)
    if found.terms is None:
        raise NotFound()
    ranking = await ranking_of(round_id, found.terms)
    if not ranking.lines:
        raise NotFound()
    head = _head(actor, found, found.terms, f"/rounds/{round_id}/ranking")
    paper = RankingPaper(**head, terms=found.terms, ranking=ranking)  # type: ignore[arg-type]
    return await render_pdf(render("pdf/ranking.html", lang, form=paper))


async def score_sheets(actor: Actor, panel_id: int, member: Member, *, lang: str) -> bytes:
    """All sheets of a member as a PDF: his own once signed, anybody's once the scores are open.

    Raises RuleBroken for a member who has not signed, NotFound while the scores are sealed.
    """
    panel = await queries.panel(panel_id)
    found = await calls.round_of(panel.round_id)
    if found.terms is None or member.panel_id != panel_id:
        raise NotFound()
    if member.person_id != actor.person_id and panel.state != PanelState.OPENED:
        raise NotFound()
    if member.last_signed_at is None:
        raise RuleBroken("sheet.unsigned", N_("Sheets are printed when they are signed."))
    paper = SheetsPaper(
        **_head(actor, found, found.terms, f"/panels/{panel_id}"),  # type: ignore[arg-type]
        terms=found.terms,
        panel=panel,
        member=member,
        sheets=await queries.sheets_of_member(member.id),
    )
    return await render_pdf(render("pdf/score_sheets.html", lang, form=paper))
