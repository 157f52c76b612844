"""Pages of the budget: lines, quota documents, cash plans, closing a year."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath

from grants.budget import actions, queries
from grants.budget.forms import CashPlanForm, LineForm
from grants.budget.rules import BudgetCodes, CodeKind, QuotaKind
from grants.budget.workflow import PROPOSAL
from grants.kernel import calendar
from grants.kernel.errors import N_, Refusal
from grants.kernel.identity import Permission as P
from grants.kernel.money import permille
from grants.platform.access import actor_of
from grants.platform.audit import Case, timeline
from grants.platform.charts import Chart, Series, Tone, bar_chart
from grants.platform.forms import FormErrors, faulty, parse, typed_in, year_named
from grants.platform.pages import language_of, page, redirect, sheet, texts_of
from grants.platform.policy import policy_on

R = Request[Any, Any, Any]

QUOTA_TITLES = {
    QuotaKind.INITIAL: N_("Initial"),
    QuotaKind.SUPPLEMENT: N_("Supplement"),
    QuotaKind.REDUCTION: N_("Reduction"),
    QuotaKind.TRANSFER: N_("Transfer"),
    QuotaKind.CARRY_IN: N_("Carried in"),
    QuotaKind.CARRY_OUT: N_("Carried out"),
    QuotaKind.RECOVERY: N_("Recovery"),
}
ACT_TITLES = {
    "receive": N_("Quota received"),
    "withdraw": N_("Quota taken back"),
    "precommit": N_("Held for a decided project"),
    "lift": N_("No longer held"),
    "commit": N_("Committed to an award"),
    "release": N_("Released from an award"),
    "approve": N_("Approved for payment"),
    "cancel": N_("Approval cancelled"),
    "send": N_("Sent to the bank"),
    "bounce": N_("Returned by the bank"),
    "pay": N_("Paid"),
    "refund": N_("Refunded, quota restored"),
    "surrender": N_("Refunded to the treasury"),
}
BUCKET_TITLES = {
    "outside": N_("Outside"),
    "available": N_("Available"),
    "precommitted": N_("Held for decisions"),
    "committed": N_("Committed"),
    "payable": N_("Payable"),
    "in_bank": N_("With the bank"),
    "paid": N_("Paid"),
    "surrendered": N_("Surrendered"),
}
VERBS = {
    "open": N_("opened the line"),
    "close": N_("closed the line"),
    "propose": N_("proposed it"),
    "approve": N_("approved it"),
    "reject": N_("rejected it"),
    "withdraw": N_("withdrew it"),
    "supersede": N_("replaced it by a newer one"),
}
TONES = {
    "PROPOSED": "now",
    "APPROVED": "good",
    "REJECTED": "bad",
    "WITHDRAWN": "",
    "SUPERSEDED": "",
}
#: Where a ledger move's case is shown.
CASE_PATHS = {
    "payment": "/payments/",
    "award": "/awards/",
    "quota_movement": "/budget/documents/",
    "application": "/applications/",
}


def year_asked(request: R) -> int:
    return year_named(request.query_params.get("year", ""), calendar.today().year)


@get("/budget", permission=P.BUDGET_SEE, cache=True)
async def index(request: R) -> Response[str]:
    """The lines of a year with where each fen stands."""
    year, today = year_asked(request), calendar.today()
    lines = await queries.lines_of_year(year)
    gone = permille(today.timetuple().tm_yday, 365) if today.year == year else 1000
    return page(
        request,
        "budget/list.html",
        lines=lines,
        year=year,
        years=sorted({today.year - 1, today.year, today.year + 1, year}),
        sums={
            name: sum(getattr(line.balance, name) for line in lines)
            for name in (
                "quota_fen",
                "available_fen",
                "promised_fen",
                "payable_fen",
                "in_bank_fen",
                "paid_fen",
            )
        },
        waiting=await queries.quota_movements(fiscal_year=year, state="PROPOSED"),
        plans=await queries.cash_plans(state="PROPOSED"),
        time_permille=gone,
        quota_titles=QUOTA_TITLES,
        year_end=await queries.year_end(year),
    )


@get("/budget.xlsx", permission=P.BUDGET_SEE)
async def export(request: R) -> Response[bytes]:
    """The lines of a year as a sheet."""
    buckets = ("available", "precommitted", "committed", "payable", "in_bank", "paid")
    return sheet(
        request,
        "budget",
        N_("Budget"),
        [
            ("code", N_("Line")),
            ("programme_name", N_("Programme")),
            ("fund_name", N_("Fund source")),
            ("quota_fen", N_("Quota"), "yuan"),
            *((f"{bucket}_fen", BUCKET_TITLES[bucket], "yuan") for bucket in buckets),
        ],
        await queries.lines_of_year(year_asked(request)),
        quota_fen=lambda line: line.balance.quota_fen,
        available_fen=lambda line: line.balance.available_fen,
        precommitted_fen=lambda line: line.balance.precommitted_fen,
        committed_fen=lambda line: line.balance.committed_fen,
        payable_fen=lambda line: line.balance.payable_fen,
        in_bank_fen=lambda line: line.balance.in_bank_fen,
        paid_fen=lambda line: line.balance.paid_fen,
    )


@get("/budget/{line_id:int}/moves.xlsx", permission=P.BUDGET_SEE)
async def export_moves(request: R, line_id: FromPath[int]) -> Response[bytes]:
    """Every move of a line's ledger as a sheet."""
    text = texts_of(request).text
    line = await queries.line(line_id)
    return sheet(
        request,
        f"ledger-{line_id}",
        N_("Moves of the ledger"),
        [
            ("line_code", N_("Line")),
            ("moved_on", N_("Day"), "day"),
            ("act", N_("What")),
            ("from_bucket", N_("From")),
            ("to_bucket", N_("To")),
            ("amount_fen", N_("Amount"), "yuan"),
            ("who", N_("Who")),
        ],
        await queries.moves(line_id=line.id, limit=100_000),
        act=lambda move: text(ACT_TITLES[move.act]),
        from_bucket=lambda move: text(BUCKET_TITLES[move.from_bucket]),
        to_bucket=lambda move: text(BUCKET_TITLES[move.to_bucket]),
    )


@get("/budget/{line_id:int}", permission=P.BUDGET_SEE)
async def show(request: R, line_id: FromPath[int]) -> Response[str]:
    """One line: balance, cash plan, documents, moves."""
    return await _show(request, line_id)


async def _show(request: R, line_id: int, *, errors: FormErrors | None = None) -> Response[str]:
    line, today = await queries.line(line_id), calendar.today()
    plan = line.months_fen
    return page(
        request,
        "budget/show.html",
        422 if errors else 200,
        line=line,
        movements=await queries.quota_movements(line_id=line_id),
        plans=await queries.cash_plans(line_id),
        moves=await queries.moves(line_id=line_id),
        chart=await _plan_and_paid(request, line, plan) if plan else None,
        quota_titles=QUOTA_TITLES,
        states=PROPOSAL.titles,
        tones=TONES,
        act_titles=ACT_TITLES,
        bucket_titles=BUCKET_TITLES,
        case_paths=CASE_PATHS,
        code_names=(await policy_on("budget_codes", BudgetCodes, today)).body.name_of,
        events=await timeline(Case("budget_line", line_id)),
        verbs=VERBS,
        month=today.month if today.year == line.fiscal_year else 12,
        typed=errors.typed if errors else {},
        errors=errors.messages(language_of(request)) if errors else {},
    )


async def _plan_and_paid(request: R, line: queries.Line, plan: Sequence[int]) -> Chart:
    text = texts_of(request).text
    paid = await queries.paid_by_month(line.fiscal_year, line.id)
    return await bar_chart(
        text(N_("Is it paid as planned?")),
        [text(N_("Month {n}"), n=month) for month in range(1, 13)],
        [
            Series(text(N_("Cash plan")), plan, Tone.COMMITTED),
            Series(text(N_("Paid")), paid, Tone.PAID),
        ],
        head=text(N_("Month")),
        note=text(N_("Unit: 10,000 yuan")),
        height=280,
    )


@get("/budget/lines/new", permission=P.BUDGET_PROPOSE)
async def new_line(request: R) -> Response[str]:
    """The form of a new line."""
    return await _line_form(request)


async def _line_form(request: R, *, errors: FormErrors | None = None) -> Response[str]:
    return page(
        request,
        "budget/line_new.html",
        422 if errors else 200,
        programmes=await queries.programmes(),
        funds=await queries.fund_sources(),
        codes=await _code_choices(),
        year=year_asked(request),
        typed=errors.typed if errors else {},
        errors=errors.messages(language_of(request)) if errors else {},
    )


#: Which list of codes each field of a line chooses from.
_CODE_FIELDS = {
    "func_code": CodeKind.FUNCTION,
    "gov_eco_code": CodeKind.GOVERNMENT_ECONOMIC,
    "dept_eco_code": CodeKind.DEPARTMENT_ECONOMIC,
}


async def _code_choices() -> dict[str, list[tuple[str, str]]]:
    known = (await policy_on("budget_codes", BudgetCodes, calendar.today())).body
    return {
        field: [(c.code, f"{c.code} {c.name}") for c in known.of(kind)]
        for field, kind in _CODE_FIELDS.items()
    }


def _field_of(refusal: Refusal) -> str:
    if refusal.code == "budget.unknown_code":
        return next(f for f, kind in _CODE_FIELDS.items() if kind == refusal.params["kind"])
    return "fund_source_id" if refusal.code == "budget.fund_denied" else "code"


@post("/budget/lines", permission=P.BUDGET_PROPOSE, status_code=303)
async def open_line(request: R) -> Response[Any]:
    """Open a line; the fund-source matrix is asked."""
    form = await request.form()
    parsed = parse(form, LineForm)
    if isinstance(parsed, FormErrors):
        return await _line_form(request, errors=parsed)
    try:
        line_id = await actions.open_line(actor_of(request), **parsed.model_dump())
    except Refusal as refusal:
        errors = faulty(_field_of(refusal), refusal, typed_in(form))
        return await _line_form(request, errors=errors)
    return redirect(f"/budget/{line_id}", N_("Line opened; it has no quota yet."))


@post("/budget/{line_id:int}/plan", permission=P.BUDGET_PROPOSE, status_code=303)
async def propose_plan(request: R, line_id: FromPath[int]) -> Response[Any]:
    """Propose a monthly cash plan."""
    form = await request.form()
    parsed = parse(form, CashPlanForm)
    if isinstance(parsed, FormErrors):
        return await _show(request, line_id, errors=parsed)
    try:
        await actions.propose_cash_plan(actor_of(request), line_id, parsed.months_fen())
    except Refusal as refusal:
        return await _show(request, line_id, errors=faulty("m1", refusal, typed_in(form)))
    return redirect(f"/budget/{line_id}", N_("Proposed; another person has to approve it."))


@post("/budget/plans/{plan_id:int}/{verb:str}", permission=P.BUDGET_APPROVE, status_code=303)
async def decide_plan(request: R, plan_id: FromPath[int], verb: FromPath[str]) -> Response[Any]:
    """Approve or reject a cash plan."""
    plan = await queries.cash_plan(plan_id)
    await actions.decide_cash_plan(
        actor_of(request),
        plan_id,
        verb,
        on=calendar.today(),
        reason=str((await request.form()).get("reason", ""))[:500],
    )
    return redirect(f"/budget/{plan.line_id}", N_("Decided."))


ROUTES = [
    index,
    export,
    export_moves,
    new_line,
    open_line,
    propose_plan,
    decide_plan,
    show,
]
