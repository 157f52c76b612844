"""Pages of the import: send a list, look what would happen, confirm, see what happened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from litestar import Request, Response, get, post
from litestar.params import FromPath
from pydantic import BaseModel, Field

from grants.budget import queries as budget
from grants.imports import files, queries
from grants.imports.actions import preview_import, run_import
from grants.imports.columns import REQUIRED, all_fields, field_title
from grants.imports.formats import header_mapping, read_candidates, read_headers
from grants.imports.report import ImportOptions, ImportReport, RowVerdict
from grants.imports.rules import Verdict
from grants.imports.template import import_template
from grants.kernel import calendar
from grants.kernel.errors import N_, Refusal, RuleBroken
from grants.kernel.identity import Permission as P
from grants.platform.access import actor_of
from grants.platform.forms import Checkbox, FormErrors, Said, Trimmed, parse
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
STATES: Mapping[str, tuple[str, str]] = {
    "DONE": (N_("Import written"), "good"),
    "REFUSED": (N_("Nothing written: lines were refused"), "bad"),
    "UNCHANGED": (N_("Nothing new in the file"), ""),
}
#: What keeps a file from being read until somebody says which column is which.
_COLUMN_QUESTIONS = ("import.column_missing", "import.no_such_header")


class ImportForm(BaseModel):
    """How a file is to be taken; its name and SHA-256 once it has been sent."""

    programme: Trimmed = Field(min_length=1)
    fund: Trimmed = Field(min_length=1)
    assume: Checkbox = False
    skip: Checkbox = False
    create: Checkbox = False
    name: Trimmed = ""
    file: Trimmed = ""


@dataclass(frozen=True)
class Asked:
    """What the address or the form of a preview asks for, kept from page to page."""

    form: ImportForm
    mapping: Mapping[str, str] | None

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Asked | FormErrors:
        """Read it from an address or a form; a mapping stands under `map_…`."""
        form = parse(given, ImportForm)
        if isinstance(form, FormErrors):
            return form
        said = {field: str(given.get(f"map_{field}", "")) for field in all_fields()}
        named = {field: header for field, header in said.items() if header}
        return cls(form, named if any(f"map_{field}" in given for field in said) else None)

    @property
    def options(self) -> ImportOptions:
        """The options of the import."""
        return ImportOptions(
            programme=self.form.programme,
            fund=self.form.fund,
            assume_currency="CNY" if self.form.assume else None,
            skip_refused=self.form.skip,
            create_payees=self.form.create,
            mapping=self.mapping,
        )

    @property
    def fields(self) -> dict[str, str]:
        """Names and values that lead to the same preview again."""
        form = self.form
        ticked = {n: "on" for n in ("assume", "skip", "create") if getattr(form, n)}
        named = {f"map_{field}": header for field, header in (self.mapping or {}).items()}
        return {
            "file": form.file,
            "name": form.name,
            "programme": form.programme,
            "fund": form.fund,
            **ticked,
            **named,
        }


_FILTERS = (
    "file",
    "name",
    "programme",
    "fund",
    "assume",
    "skip",
    "create",
    *(f"map_{field}" for field in all_fields()),
    "verdict",
    "q",
)


@get("/imports/new", permission=P.AWARD_IMPORT)
async def upload(request: R) -> Response[str]:
    """Where a list is sent, with the imports so far."""
    return await _upload_page(request)


async def _upload_page(request: R, errors: FormErrors | None = None) -> Response[str]:
    return page(
        request,
        "imports/new.html",
        422 if errors else 200,
        programmes=await budget.programmes(),
        funds=await budget.fund_sources(),
        runs=await queries.runs(),
        states=STATES,
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
    sent = form.get("list")
    if sent is None or not getattr(sent, "filename", ""):
        missing = {"list": Said(N_("Choose a file."), {})}
        if isinstance(parsed, FormErrors):
            return await _upload_page(
                request, FormErrors({**parsed.faults, **missing}, parsed.typed)
            )
        return await _upload_page(request, FormErrors(missing, _typed(parsed)))
    if isinstance(parsed, FormErrors):
        return await _upload_page(request, parsed)
    content = await sent.read()
    name = sent.filename[-120:]
    try:
        read_candidates(name, content)
    except RuleBroken as refusal:
        if refusal.code not in _COLUMN_QUESTIONS:
            wrong = FormErrors({"list": Said(refusal.message, refusal.params)}, _typed(parsed))
            return await _upload_page(request, wrong)
    kept = await files.keep(actor_of(request), content)
    asked = Asked(parsed.model_copy(update={"file": kept, "name": name}), None)
    return redirect(f"/imports/preview?{urlencode(asked.fields)}")


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
    listing = Listing.of(request, filters=_FILTERS, columns=(), order="line")
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


def _wanted(rows: Any, listing: Listing) -> list[RowVerdict]:
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
async def confirm(request: R) -> Response[Any]:
    """Import the file that was looked at: the same bytes, with the same options."""
    asked = Asked.of(await request.form())
    if isinstance(asked, FormErrors):
        return redirect("/imports/new")
    actor = actor_of(request)
    content = await files.fetch(actor, asked.form.file)
    report = await run_import(
        actor, asked.form.name, content, asked.options, today=calendar.today()
    )
    if report.state == "DONE":
        await files.discard(actor, asked.form.file)
    return redirect(f"/imports/{report.run_id}")


@get("/imports/{run_id:int}", permission=P.AWARD_IMPORT)
async def result(request: R, run_id: FromPath[int]) -> Response[str]:
    """What an import did."""
    return page(
        request,
        "imports/show.html",
        run=await queries.run(run_id),
        verdicts=VERDICTS,
        states=STATES,
    )


ROUTES = [upload, template, send, preview, confirm, result]
