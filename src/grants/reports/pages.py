"""Pages for leaders and auditors: where each yuan stands, the proof, the history."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

from litestar import Request, Response, get

from grants.budget import queries as budget
from grants.invariants.verify import verify
from grants.kernel import calendar
from grants.kernel.errors import N_
from grants.kernel.identity import Permission as P
from grants.kernel.money import Fen
from grants.platform.charts import Chart, Flow, Node, Series, Tone, line_chart, sankey
from grants.platform.forms import row_id, year_named
from grants.platform.pages import language_of, page, texts_of
from grants.reports import queries

R = Request[Any, Any, Any]

#: Where money stands, from the right of the picture.
_STATES = (
    ("paid_fen", N_("Paid"), Tone.PAID),
    ("on_way", N_("Payable"), Tone.PAYABLE),
    ("promised_fen", N_("Promised"), Tone.COMMITTED),
    ("available_fen", N_("Available"), Tone.AVAILABLE),
)


@get("/overview", permission=P.OVERVIEW_SEE, cache=True)
async def overview(request: R) -> Response[str]:
    """Where each yuan of the fund stands."""
    year = year_named(request.query_params.get("year", ""), calendar.today().year)
    lines = await budget.lines_of_year(year)
    return page(
        request,
        "reports/overview.html",
        year=year,
        totals=await queries.fund_totals(year),
        bars=_bars(request, lines),
        chart=await _flow(request, lines) if lines else None,
        pace=await _pace(request, year, lines) if lines else None,
        lines=lines,
    )


def _name(request: R, line: budget.Line) -> str:
    return line.programme_name if language_of(request) == "zh" else line.programme_name_en


def _bars(request: R, lines: list[budget.Line]) -> list[dict[str, object]]:
    return [
        {
            "name": _name(request, line),
            "total_fen": line.balance.quota_fen,
            "paid_fen": line.balance.paid_fen,
            "payable_fen": line.balance.payable_fen,
            "in_bank_fen": line.balance.in_bank_fen,
            "committed_fen": line.balance.promised_fen,
            "available_fen": line.balance.available_fen,
        }
        for line in sorted(lines, key=lambda one: -one.balance.quota_fen)
    ]


async def _pace(request: R, year: int, lines: list[budget.Line]) -> Chart:
    """Paid so far beside the cash plans so far, month by month."""
    text, today = texts_of(request).text, calendar.today()
    months = today.month if today.year == year else 12
    planned = [sum(line.months_fen[m] for line in lines if line.months_fen) for m in range(months)]
    paid = await budget.paid_by_month(year)
    return await line_chart(
        text(N_("Is the money going out as planned?")),
        [text(N_("Month {n}"), n=month + 1) for month in range(months)],
        [
            Series(text(N_("Cash plan")), list(accumulate(planned)), Tone.COMMITTED),
            Series(text(N_("Paid")), list(accumulate(paid[:months])), Tone.PAID),
        ],
        head=text(N_("Up to")),
        note=text(N_("Unit: 10,000 yuan")),
    )


async def _flow(request: R, lines: list[budget.Line]) -> Chart:
    """From fund source through programme to where the money stands."""
    text, zh = texts_of(request).text, language_of(request) == "zh"
    nodes: dict[str, Node] = {}
    flows: list[Flow] = []
    for line in sorted(lines, key=lambda one: -one.balance.quota_fen):
        source, programme = f"f{line.fund_source_id}", f"p{line.programme_id}"
        nodes.setdefault(
            source, Node(source, line.fund_name if zh else line.fund_name_en, Tone.SECOND)
        )
        nodes.setdefault(
            programme, Node(programme, _name(request, line), Tone.THIRD, f"/budget/{line.id}")
        )
        flows.append(Flow(source, programme, line.balance.quota_fen, f"/budget/{line.id}"))
        for state, title, tone in _STATES:
            amount = (
                Fen(line.balance.payable_fen + line.balance.in_bank_fen)
                if state == "on_way"
                else getattr(line.balance, state)
            )
            nodes.setdefault(state, Node(state, text(title), tone))
            flows.append(Flow(programme, state, amount, f"/budget/{line.id}"))
    return await sankey(
        text(N_("Where does each yuan come from, and where does it stand?")),
        list(nodes.values()),
        flows,
        head=(text(N_("From")), text(N_("To")), text(N_("10,000 yuan"))),
        height=520,
    )


@get("/verify", permission=P.AUDIT_SEE)
async def proof(request: R) -> Response[str]:
    """Every invariant, checked now."""
    verdicts = await verify()
    return page(
        request,
        "reports/verify.html",
        verdicts=verdicts,
        broken=sum(bool(v.breaches) for v in verdicts),
        checked_at=calendar.now(),
    )


@get("/history", permission=P.AUDIT_SEE)
async def history(request: R) -> Response[str]:
    """The history of rows, as the trigger wrote it."""
    table = request.query_params.get("table", "")[:40]
    row = request.query_params.get("row", "")
    return page(
        request,
        "reports/history.html",
        changes=await queries.changes(table_name=table, row_id=row_id(row)),
        table=table,
        row=row,
    )


ROUTES = [overview, proof, history]
