"""The ranking of a round: places, spread, boxes, experts' manner, firmness; as a sheet too."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get
from litestar.params import FromPath

from grants.calls import queries as calls
from grants.kernel.errors import N_, NotFound
from grants.kernel.identity import Permission as P
from grants.platform.access import actor_of
from grants.platform.pages import language_of, page, sheet
from grants.platform.pdf import pdf_answer
from grants.selection import documents
from grants.selection.ranking import Line, Ranking, ranking_of

R = Request[Any, Any, Any]


async def _ranking(round_id: int) -> tuple[Any, Ranking]:
    found = await calls.round_of(round_id)
    if found.terms is None:
        raise NotFound()
    return found, await ranking_of(round_id, found.terms)


@get("/rounds/{round_id:int}/ranking", permission=P.PANEL_SEE)
async def show(request: R, round_id: FromPath[int]) -> Response[str]:
    """Every application at its place."""
    found, ranking = await _ranking(round_id)
    return page(request, "selection/ranking.html", round=found, terms=found.terms, ranking=ranking)


@get("/rounds/{round_id:int}/ranking.xlsx", permission=P.PANEL_SEE)
async def export(request: R, round_id: FromPath[int]) -> Response[bytes]:
    """The ranking as a sheet."""
    _, ranking = await _ranking(round_id)

    def place(line: Line) -> int:
        return line.ranked.rank

    return sheet(
        request,
        "ranking",
        N_("Ranking"),
        [
            ("category", N_("Category")),
            ("rank", N_("Rank"), "int"),
            ("number", N_("Number")),
            ("title", N_("Project")),
            ("organisation", N_("Agency")),
            ("score", N_("Score")),
            ("raw", N_("Plain mean")),
            ("spread", N_("Spread")),
            ("asked_fen", N_("Asks for"), "yuan"),
            ("recommended_fen", N_("Recommended"), "yuan"),
        ],
        ranking.lines,
        category=lambda line: line.ranked.category,
        rank=place,
        score=lambda line: str(line.ranked.score),
        raw=lambda line: str(line.ranked.raw),
        spread=lambda line: str(line.ranked.spread),
        asked_fen=lambda line: line.ranked.asked_fen,
    )


@get("/rounds/{round_id:int}/ranking.pdf", permission=P.PANEL_SEE)
async def print_table(request: R, round_id: FromPath[int]) -> Response[bytes]:
    """The ranking table on paper."""
    content = await documents.ranking_table(actor_of(request), round_id, lang=language_of(request))
    return pdf_answer(content, f"ranking-{round_id}")


ROUTES = [show, export, print_table]
