"""Pages of imports: runs so far, send a list, look what would happen, import, see what happened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath

from grants.budget import queries as budget
from grants.imports import files, queries
from grants.imports.actions import end_broken_runs, preview_import
from grants.imports.background import start_import
from grants.imports.columns import REQUIRED, all_fields, field_title
from grants.imports.formats import header_mapping, read_candidates, read_headers
from grants.imports.forms import PREVIEW_FILTERS, Asked, ImportForm
from grants.imports.report import ImportReport, RowVerdict, RunState
from grants.imports.rules import Verdict
from grants.imports.template import import_template
from grants.kernel import calendar
from grants.kernel.errors import N_, Refusal, RuleBroken
from grants.kernel.identity import Permission as P
from grants.platform.access import actor_of
from grants.platform.files import uploaded
from grants.platform.forms import FormErrors, Said, parse
from grants.platform.lists import Listing
from grants.platform.pages import language_of, page, redirect

R = Request[Any, Any, Any]

#: What each verdict is called, and the tone of its mark.
VERDICTS: Mapping[str, tuple[str, str]] = {
    Verdict.ACCEPTED: (N_("can be imported"), "good"),
    Verdict.WARNED: (N_("imported with a remark"), "warn"),
    Verdict.REFUSED: (N_("cannot be imported"), "bad"),
    Verdict.UNCHANGED: (N_("imported before"), ""),
}
#: What each state of a run is called, and the tone of its mark.
STATES: Mapping[str, tuple[str, str]] = {
    RunState.RUNNING: (N_("Import under way"), "now"),
    RunState.DONE: (N_("Import written"), "good"),
    RunState.REFUSED: (N_("Nothing written: lines were refused"), "bad"),
    RunState.UNCHANGED: (N_("Nothing new in the file"), ""),
    RunState.FAILED: (N_("Failed, nothing written"), "bad"),
    RunState.BROKEN_OFF: (N_("Broken off, nothing written"), "bad"),
}
#: What keeps a file from being read until somebody says which column is which.
_COLUMN_QUESTIONS = ("import.column_missing", "import.no_such_header")


@get("/imports", permission=P.AWARD_IMPORT)
async def runs(request: R) -> Response[str]:
    """Every import so far, latest first."""
    await end_broken_runs()
    listing = Listing.of(request, filters=(), columns=(), order="-id", size=25)
    listing = listing.counted(await queries.count_runs())
    return page(
        request,
        "imports/list.html",
        listing=listing,
        runs=await queries.runs(limit=listing.size, offset=listing.offset),
        states=STATES,
    )


@get("/imports/new", permission=P.AWARD_IMPORT)
async def new(request: R) -> Response[str]:
    """Where a list is sent."""
    return await _new_page(request)


async def _new_page(request: R, errors: FormErrors | None = None) -> Response[str]:
    return page(
        request,
        "imports/new.html",
        422 if errors else 200,
        programmes=await budget.programmes(),
        funds=await budget.fund_sources(),
        errors=errors.messages(language_of(request)) if errors else {},
        typed=errors.typed if errors else {},
    )


@get("/imports/template.xlsx", permission=P.AWARD_IMPORT)
async def template(request: R) -> Response[bytes]:
    """The empty list to fill in."""
    return Response(
        import_template(language_of(request)),
        media_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        headers={"Content-Disposition": 'attachment; filename="awards.xlsx"'},
    )


@post("/imports/new", permission=P.AWARD_IMPORT, status_code=303)
async def send(request: R) -> Response[Any]:
    """Take a file, keep it aside, and lead to its preview."""
    form = await request.form()
    parsed = parse(form, ImportForm)
    sent_name, content = await uploaded(form, "list")
    if not sent_name:
        missing = {"list": Said(N_("Choose a file."), {})}
        if isinstance(parsed, FormErrors):
            return await _new_page(request, FormErrors({**parsed.faults, **missing}, parsed.typed))
        return await _new_page(request, FormErrors(missing, _typed(parsed)))
    if isinstance(parsed, FormErrors):
        return await _new_page(request, parsed)
    name = sent_name[-120:]
    try:
        read_candidates(name, content)
    except RuleBroken as refusal:
        if refusal.code not in _COLUMN_QUESTIONS:
            wrong = FormErrors({"list": Said(refusal.message, refusal.params)}, _typed(parsed))
            return await _new_page(request, wrong)
    kept = await files.keep(actor_of(request), content)
    asked = Asked(parsed.model_copy(update={"file": kept, "name": name}), None)
    return redirect(asked.preview)


def _typed(form: ImportForm) -> dict[str, str]:
    return Asked(form, None).fields


@get("/imports/preview", permission=P.AWARD_IMPORT)
async def preview(request: R) -> Response[Any]:
    """What importing the kept file would do, line by line."""
    asked = Asked.of(request.query_params)
    if isinstance(asked, FormErrors):
        return redirect("/imports/new")
    actor = actor_of(request)
    content = await files.fetch(actor, asked.form.file)
    try:
        report = await preview_import(
            actor, asked.form.name, content, asked.options, today=calendar.today()
        )
    except RuleBroken as refusal:
        if refusal.code not in _COLUMN_QUESTIONS:
            raise
        headers = read_headers(asked.form.name, content)
        return await _preview_page(request, asked, None, headers, refusal)
    return await _preview_page(request, asked, report, report.headers, None)


async def _preview_page(
    request: R,
    asked: Asked,
    report: ImportReport | None,
    headers: Sequence[str],
    question: Refusal | None,
) -> Response[str]:
    listing = Listing.of(request, filters=PREVIEW_FILTERS, columns=(), order="line")
    found = _wanted(report.rows if report else (), listing)
    listing = listing.counted(len(found))
    mapping = asked.mapping or (report.mapping if report else None) or header_mapping(headers)
    return page(
        request,
        "imports/preview.html",
        422 if question else 200,
        asked=asked,
        report=report,
        question=question,
        choices=[(h, h) for h in headers if h],
        mapping=mapping,
        columns=[(f, field_title(f), f in REQUIRED) for f in all_fields()],
        listing=listing,
        rows=found[listing.offset : listing.offset + listing.size],
        verdicts=VERDICTS,
        programmes=await budget.programmes(),
        funds=await budget.fund_sources(),
    )


def _wanted(rows: Sequence[RowVerdict], listing: Listing) -> list[RowVerdict]:
    """The lines that the address asks for: by verdict, and by text in title or payee."""
    verdict = listing.filters.get("verdict", "")
    text = listing.filters.get("q", "").casefold()
    return [
        row
        for row in rows
        if (not verdict or row.verdict == verdict)
        and (not text or text in row.title.casefold() or text in row.payee.casefold())
    ]


@post("/imports", permission=P.AWARD_IMPORT, status_code=303)
async def start(request: R) -> Response[Any]:
    """Import the file that was looked at: the same bytes, with the same options."""
    asked = Asked.of(await request.form())
    if isinstance(asked, FormErrors):
        return redirect("/imports/new")
    run_id = await start_import(
        actor_of(request), asked.form.name, asked.form.file, asked.options, today=calendar.today()
    )
    return redirect(f"/imports/{run_id}")


@get("/imports/{run_id:int}", permission=P.AWARD_IMPORT)
async def show(request: R, run_id: FromPath[int]) -> Response[str]:
    """How far an import is, or what it did. A running one renews itself."""
    run = await queries.run(run_id)
    if run.state == RunState.RUNNING:
        await end_broken_runs()
        run = await queries.run(run_id)
    own = run.user_id == actor_of(request).user_id
    again = Asked.again(run.sha256, run.file_name, run.options).preview if own else "/imports/new"
    return page(
        request,
        "imports/show.html",
        fragment="imports/_run.html",
        run=run,
        again=again,
        verdicts=VERDICTS,
        states=STATES,
    )


ROUTES = [runs, new, template, send, preview, start, show]
