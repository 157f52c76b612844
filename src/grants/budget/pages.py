"""Pages of the budget: lines, quota documents, cash plans, closing a year."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath

from grants.budget import actions, queries
from grants.budget.forms import CashPlanForm, LineForm, QuotaForm, RejectForm, YearEndForm
from grants.budget.rules import PROPOSABLE, LineEnd, QuotaKind
from grants.budget.workflow import PROPOSAL, ProposalState
from grants.kernel import calendar
from grants.kernel.errors import N_, Refusal
from grants.kernel.identity import Permission as P
from grants.kernel.money import Fen, permille, yuan_text
from grants.platform.access import actor_of
from grants.platform.audit import Case, timeline
from grants.platform.forms import FormErrors, faulty, parse
from grants.platform.pages import language_of, page, redirect, sheet, texts_of

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
CASE_PATHS = {"payment": "/payments/", "award": "/awards/", "quota_movement": "/budget/documents/"}


def _year(request: R) -> int:
    asked = request.query_params.get("year", "")
    return int(asked) if asked.isdigit() and len(asked) == 4 else calendar.today().year


@get("/budget", permission=P.BUDGET_SEE)
async def index(request: R) -> Response[str]:
    """The lines of a year with where each fen stands."""
    year, today = _year(request), calendar.today()
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
                "committed_fen",
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
    buckets = ("available", "committed", "payable", "in_bank", "paid")
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
        await queries.lines_of_year(_year(request)),
        quota_fen=lambda line: line.balance.quota_fen,
        available_fen=lambda line: line.balance.available_fen,
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
    return page(
        request,
        "budget/show.html",
        422 if errors else 200,
        line=line,
        movements=await queries.quota_movements(line_id=line_id),
        plans=await queries.cash_plans(line_id),
        moves=await queries.moves(line_id=line_id),
        quota_titles=QUOTA_TITLES,
        states=PROPOSAL.titles,
        tones=TONES,
        act_titles=ACT_TITLES,
        bucket_titles=BUCKET_TITLES,
        case_paths=CASE_PATHS,
        events=await timeline(Case("budget_line", line_id)),
        verbs=VERBS,
        month=today.month if today.year == line.fiscal_year else 12,
        typed=errors.typed if errors else {},
        errors=errors.messages(language_of(request)) if errors else {},
    )


@get("/budget/documents/new", permission=P.BUDGET_PROPOSE)
async def new_document(request: R) -> Response[str]:
    """The form of a quota document."""
    return await _document_form(request)


async def _document_form(request: R, *, errors: FormErrors | None = None) -> Response[str]:
    year = _year(request)
    typed = dict(errors.typed) if errors else {"line_id": request.query_params.get("line", "")}
    return page(
        request,
        "budget/document_new.html",
        422 if errors else 200,
        lines=[line for line in await queries.lines_of_year(year) if line.state == "OPEN"],
        kinds=[(kind.value, QUOTA_TITLES[kind]) for kind in PROPOSABLE],
        year=year,
        today=calendar.today(),
        typed=typed,
        errors=errors.messages(language_of(request)) if errors else {},
    )


@post("/budget/documents", permission=P.BUDGET_PROPOSE, status_code=303)
async def propose(request: R) -> Response[Any]:
    """Propose a quota movement."""
    form = await request.form()
    parsed = parse(form, QuotaForm)
    if isinstance(parsed, FormErrors):
        return await _document_form(request, errors=parsed)
    if (parsed.kind == QuotaKind.TRANSFER) != (parsed.to_line_id is not None):
        missing = Refusal("budget.transfer_target", N_("A transfer, and only it, names a target."))
        return await _document_form(request, errors=faulty("to_line_id", missing, _typed(form)))
    try:
        movement = await actions.propose_quota(
            actor_of(request),
            kind=parsed.kind,
            line_id=parsed.line_id,
            to_line_id=parsed.to_line_id,
            amount_fen=parsed.amount_fen,
            document_no=parsed.document_no,
            issued_on=parsed.issued_on,
            reason=parsed.reason,
        )
    except Refusal as refusal:
        if refusal.status == 403:
            raise
        return await _document_form(request, errors=faulty("amount_fen", refusal, _typed(form)))
    return redirect(
        f"/budget/documents/{movement}", N_("Proposed; another person has to approve it.")
    )


def _typed(form: Any) -> dict[str, str]:
    return {k: v for k, v in form.items() if isinstance(v, str) and k != "csrf_token"}


@get("/budget/documents/{movement_id:int}", permission=P.BUDGET_SEE)
async def document(request: R, movement_id: FromPath[int]) -> Response[str]:
    """One quota document."""
    return await _document(request, movement_id)


async def _document(
    request: R, movement_id: int, *, errors: FormErrors | None = None
) -> Response[str]:
    movement = await queries.quota_movement(movement_id)
    return page(
        request,
        "budget/document.html",
        422 if errors else 200,
        movement=movement,
        line=await queries.line(movement.line_id),
        target=await queries.line(movement.to_line_id) if movement.to_line_id else None,
        quota_titles=QUOTA_TITLES,
        state_title=PROPOSAL.titles[ProposalState(movement.state)],
        tone=TONES[movement.state],
        events=await timeline(Case("quota_movement", movement_id)),
        verbs=VERBS,
        errors=errors.messages(language_of(request)) if errors else {},
    )


@post("/budget/documents/{movement_id:int}/approve", permission=P.BUDGET_APPROVE, status_code=303)
async def approve(request: R, movement_id: FromPath[int]) -> Response[Any]:
    """Approve: the ledger moves."""
    movement = await queries.quota_movement(movement_id)
    await actions.approve_quota(actor_of(request), movement_id, on=calendar.today())
    return redirect(
        f"/budget/documents/{movement_id}",
        N_("{number} approved: {amount} yuan moved."),
        number=movement.number,
        amount=yuan_text(movement.amount_fen),
    )


@post("/budget/documents/{movement_id:int}/reject", permission=P.BUDGET_APPROVE, status_code=303)
async def reject(request: R, movement_id: FromPath[int]) -> Response[Any]:
    """Reject with a reason."""
    parsed = parse(await request.form(), RejectForm)
    if isinstance(parsed, FormErrors):
        return await _document(request, movement_id, errors=parsed)
    await actions.reject_quota(actor_of(request), movement_id, reason=parsed.reason)
    return redirect(f"/budget/documents/{movement_id}", N_("Rejected."))


@post("/budget/documents/{movement_id:int}/withdraw", permission=P.BUDGET_PROPOSE, status_code=303)
async def withdraw(request: R, movement_id: FromPath[int]) -> Response[Any]:
    """Take back one's own proposal."""
    await actions.withdraw_quota(actor_of(request), movement_id)
    return redirect(f"/budget/documents/{movement_id}", N_("Withdrawn."))


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
        year=_year(request),
        typed=errors.typed if errors else {},
        errors=errors.messages(language_of(request)) if errors else {},
    )


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
        field = "fund_source_id" if refusal.code == "budget.fund_denied" else "code"
        return await _line_form(request, errors=faulty(field, refusal, _typed(form)))
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
        return await _show(request, line_id, errors=faulty("m1", refusal, _typed(form)))
    return redirect(f"/budget/{line_id}", N_("Proposed; another person has to approve it."))


@post("/budget/plans/{plan_id:int}/{verb:str}", permission=P.BUDGET_APPROVE, status_code=303)
async def decide_plan(request: R, plan_id: FromPath[int], verb: FromPath[str]) -> Response[Any]:
    """Approve or reject a cash plan."""
    plan = await queries.cash_plan(plan_id)
    await actions.decide_cash_plan(
        actor_of(request),
        plan_id,
        "approve" if verb == "approve" else "reject",
        on=calendar.today(),
        reason=str((await request.form()).get("reason", ""))[:500],
    )
    return redirect(f"/budget/{plan.line_id}", N_("Decided."))


@get("/budget/years/{year:int}/end", permission=P.BUDGET_SEE)
async def year_end(request: R, year: FromPath[int]) -> Response[str]:
    """What closing a year would do, line by line."""
    lines = {line.id: line for line in await queries.lines_of_year(year)}
    ends = await actions.preview_year_end(year)
    proposal = await queries.year_end(year)
    return page(
        request,
        "budget/year_end.html",
        year=year,
        lines=list(lines.values()),
        ends=dict(zip(lines, ends, strict=True)),
        carried_fen=Fen(sum(e.carried_fen for e in ends if isinstance(e, LineEnd))),
        surplus_fen=Fen(sum(e.surplus_fen for e in ends if isinstance(e, LineEnd))),
        refused={lines[i].id: e for i, e in zip(lines, ends, strict=True) if _is_refusal(e)},
        proposal=proposal,
        state_title=PROPOSAL.titles[ProposalState(proposal.state)] if proposal else "",
        tone=TONES[proposal.state] if proposal else "",
        events=await timeline(Case("year_end", proposal.id)) if proposal else [],
        verbs=VERBS,
    )


def _is_refusal(end: LineEnd | Refusal) -> bool:
    return isinstance(end, Refusal)


@post("/budget/years/{year:int}/end", permission=P.BUDGET_PROPOSE, status_code=303)
async def propose_year_end(request: R, year: FromPath[int]) -> Response[Any]:
    """Propose to close a year."""
    parsed = parse(await request.form(), YearEndForm)
    if isinstance(parsed, FormErrors):
        return redirect(f"/budget/years/{year}/end", N_("Give the document's number."))
    await actions.propose_year_end(actor_of(request), year, parsed.document_no)
    return redirect(f"/budget/years/{year}/end", N_("Proposed; another person has to approve it."))


@post("/budget/years/{year:int}/end/{verb:str}", permission=P.BUDGET_APPROVE, status_code=303)
async def decide_year_end(request: R, year: FromPath[int], verb: FromPath[str]) -> Response[Any]:
    """Approve or reject closing a year."""
    await actions.decide_year_end(
        actor_of(request),
        year,
        "approve" if verb == "approve" else "reject",
        on=calendar.today(),
        reason=str((await request.form()).get("reason", ""))[:500],
    )
    return redirect(f"/budget/years/{year}/end", N_("Decided."))


ROUTES = [
    index,
    export,
    export_moves,
    new_document,
    propose,
    document,
    approve,
    reject,
    withdraw,
    new_line,
    open_line,
    propose_plan,
    decide_plan,
    year_end,
    propose_year_end,
    decide_year_end,
    show,
]
