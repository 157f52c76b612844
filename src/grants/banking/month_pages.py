"""Pages of the monthly reconciliation: three sums that agree, or say why not."""

from __future__ import annotations

from datetime import date
from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath

from grants.banking import months
from grants.banking.forms import ExplainForm, ReasonForm
from grants.banking.pages import VERBS
from grants.kernel import calendar
from grants.kernel.errors import N_, NotFound
from grants.kernel.identity import Permission as P
from grants.platform.access import actor_of
from grants.platform.audit import Case, timeline
from grants.platform.forms import FormErrors, parse
from grants.platform.pages import language_of, page, redirect, sheet

R = Request[Any, Any, Any]


@get("/months.xlsx", permission=P.BATCH_SEE)
async def export_months(request: R) -> Response[bytes]:
    """The months of the year, three ways, as a sheet."""
    today = calendar.today()
    return sheet(
        request,
        "months",
        N_("Months"),
        [
            ("month_on", N_("Month"), "day"),
            ("book_fen", N_("Payment book"), "yuan"),
            ("ledger_fen", N_("Ledger"), "yuan"),
            ("bank_fen", N_("Bank"), "yuan"),
            ("unexplained", N_("Differences"), "int"),
        ],
        await months.months(today.year, today),
    )


@get("/months", permission=P.BATCH_SEE)
async def month_list(request: R) -> Response[str]:
    """The months of the year, three ways each."""
    today = calendar.today()
    return page(
        request,
        "banking/months.html",
        months=await months.months(today.year, today),
        year=today.year,
    )


@get("/months/{month_on:date}", permission=P.BATCH_SEE)
async def month(request: R, month_on: FromPath[date]) -> Response[str]:
    """One month: differences, explanations, closing."""
    return await _month(request, month_on)


async def _month(request: R, month_on: date, *, errors: FormErrors | None = None) -> Response[str]:
    if month_on.day != 1:
        raise NotFound()
    today = calendar.today()
    number = month_on.year * 100 + month_on.month
    return page(
        request,
        "banking/month.html",
        422 if errors else 200,
        month=await months.month(month_on),
        is_over=(month_on.year, month_on.month) < (today.year, today.month),
        events=await timeline(Case("month", number)),
        verbs=VERBS,
        errors=errors.messages(language_of(request)) if errors else {},
    )


@post("/months/{month_on:date}/explain", permission=P.BATCH_SEE, status_code=303)
async def explain(request: R, month_on: FromPath[date]) -> Response[Any]:
    """Explain a difference."""
    parsed = parse(await request.form(), ExplainForm)
    if isinstance(parsed, FormErrors):
        return await _month(request, month_on, errors=parsed)
    await months.explain_difference(
        actor_of(request), month_on, parsed.difference, parsed.explanation
    )
    return redirect(f"/months/{month_on}", N_("Explained."))


@post("/months/{month_on:date}/close", permission=P.MONTH_CLOSE, status_code=303)
async def close(request: R, month_on: FromPath[date]) -> Response[Any]:
    """Close a month."""
    await months.close_month(actor_of(request), month_on, today=calendar.today())
    return redirect(f"/months/{month_on}", N_("Closed."))


@post("/months/{month_on:date}/reopen", permission=P.MONTH_CLOSE, status_code=303)
async def reopen(request: R, month_on: FromPath[date]) -> Response[Any]:
    """Open a month again."""
    parsed = parse(await request.form(), ReasonForm)
    if isinstance(parsed, FormErrors):
        return await _month(request, month_on, errors=parsed)
    await months.reopen_month(actor_of(request), month_on, reason=parsed.reason)
    return redirect(f"/months/{month_on}", N_("Opened again."))


ROUTES = [
    export_months,
    month_list,
    month,
    explain,
    close,
    reopen,
]
