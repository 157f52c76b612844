"""Pages on which an application is written: one for each section, one for papers, one to check."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath

from grants.agencies.queries import representative_of
from grants.applications import documents, drafting, queries, screening
from grants.applications.budgets import budget_findings, sums_of
from grants.applications.queries import Application
from grants.applications.sections import FILES, SECTIONS, Budget, Whole
from grants.applications.workflow import ApplicationState
from grants.calls.words import CHECKS
from grants.figures.reading import labels_of
from grants.figures.typed import TypedBody
from grants.kernel import calendar
from grants.kernel.errors import N_, Conflict, NotFound, Refusal, RuleBroken
from grants.kernel.findings import Mark
from grants.kernel.identity import Permission as P
from grants.platform import files
from grants.platform.access import actor_of
from grants.platform.audit import Case
from grants.platform.forms import FormErrors, Said
from grants.platform.pages import language_of, page, redirect, texts_of

R = Request[Any, Any, Any]

_CODES = (*SECTIONS, FILES)


async def _writable(request: R, application_id: int) -> Application:
    """One's own application, open to be written on; raises NotFound."""
    actor = actor_of(request)
    actor.need_agency(P.APPLICATION_EDIT)
    found = await queries.application(actor, application_id)
    if found.state not in (ApplicationState.DRAFT, ApplicationState.SUPPLEMENT):
        raise NotFound()
    return found


@get("/applications/{application_id:int}/{code:str}", permission=P.APPLICATION_EDIT)
async def form(request: R, application_id: FromPath[int], code: FromPath[str]) -> Response[Any]:
    """The form of a section, with what was typed."""
    found = await _writable(request, application_id)
    if code == "check":
        return await _check(request, found)
    if code == FILES:
        return await _papers(request, found)
    if code not in SECTIONS:
        raise NotFound()
    section = await queries.section(application_id, code)
    words = await drafting.words_of(found.terms, code)
    body = drafting.read_section(code, section.typed if section else {}, words)
    return await _form(
        request,
        found,
        code,
        body,
        section.version if section else 0,
        faults=body.faults if section else {},
    )


async def _form(
    request: R,
    found: Application,
    code: str,
    body: TypedBody,
    version: int,
    *,
    faults: Mapping[str, Said],
    status: int = 200,
    stale: queries.Section | None = None,
) -> Response[str]:
    place = _CODES.index(code)
    return page(
        request,
        "applications/section.html",
        status,
        a=found,
        kind=SECTIONS[code],
        version=version,
        shape=body.shape,
        labels=labels_of(body.shape, texts_of(request)),
        errors=FormErrors(faults, {}).messages(language_of(request)),
        stale=stale,
        sums=_sums(found, body) if code == "budget" else None,
        findings=_budget_findings(found, body) if code == "budget" else [],
        place=place + 1,
        places=len(_CODES),
        previous=_CODES[place - 1] if place else "",
        now=calendar.now(),
    )


def _sums(found: Application, body: TypedBody) -> Any:
    budget = body.body if isinstance(body.body, Budget) else None
    return sums_of(budget, found.terms, found.category)


def _budget_findings(found: Application, body: TypedBody) -> Sequence[Any]:
    if not isinstance(body.body, Budget):
        return []
    return budget_findings(body.body, found.terms, found.category)


def _version(form: Any) -> int:
    text = str(form.get("version") or "0")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


@post(
    "/applications/{application_id:int}/{code:str}",
    permission=P.APPLICATION_EDIT,
    status_code=303,
)
async def save(request: R, application_id: FromPath[int], code: FromPath[str]) -> Response[Any]:
    """Save a section and go on; or add and remove rows. What was typed is kept, right or wrong."""
    found = await _writable(request, application_id)
    if code not in SECTIONS:
        raise NotFound()
    given = await request.form()
    act = str(given.get("act") or "save")
    typed = drafting.typed_of(given, code)
    words = await drafting.words_of(found.terms, code)
    body = drafting.read_section(code, typed, words, act)
    if act.startswith(("add:", "remove:")):
        typed = _as_typed(body)
    seen = await _seen(application_id, code) if act == "overwrite" else _version(given)
    try:
        version = await drafting.save_section(
            actor_of(request), application_id, code, typed, seen_version=seen
        )
    except Conflict as conflict:
        theirs = await queries.section(application_id, code)
        faults = {"version": Said(conflict.message, conflict.params)}
        return await _form(
            request, found, code, body, seen, faults=faults, status=409, stale=theirs
        )
    if act.startswith(("add:", "remove:")):
        return await _form(request, found, code, body, version, faults={})
    if body.body is None:
        return await _form(request, found, code, body, version, faults=body.faults, status=422)
    following = _CODES[_CODES.index(code) + 1]
    target = following if act == "next" else ""
    return redirect(f"/applications/{application_id}/{target}".rstrip("/"), N_("Saved."))


async def _seen(application_id: int, code: str) -> int:
    """The version as it stands: whoever overwrites has seen it beside his own."""
    section = await queries.section(application_id, code)
    return section.version if section else 0


def _as_typed(body: TypedBody) -> dict[str, list[str]]:
    """The fields of a form with a row more or less, as texts."""
    typed: dict[str, list[str]] = {}
    for leaf in body.shape.every_leaf():
        if leaf.widget == "flag":
            typed[leaf.path] = ["on"] if leaf.value else [""]
        else:
            typed[leaf.path] = [leaf.text]
    return typed


@post(
    "/applications/{application_id:int}/{code:str}/keep",
    permission=P.APPLICATION_EDIT,
    status_code=200,
)
async def keep(request: R, application_id: FromPath[int], code: FromPath[str]) -> Response[str]:
    """Keep a section while it is typed; answers a piece of page with the next version."""
    if code not in SECTIONS:
        raise NotFound()
    given = await request.form()
    typed = drafting.typed_of(given, code)
    try:
        version = await drafting.save_section(
            actor_of(request), application_id, code, typed, seen_version=_version(given)
        )
    except Conflict:
        theirs = await queries.section(application_id, code)
        return page(request, "applications/_kept.html", 409, stale=theirs)
    except RuleBroken as refusal:
        said = texts_of(request).text(refusal.message, **refusal.params)
        return page(request, "applications/_kept.html", refused=said)
    return page(
        request,
        "applications/_kept.html",
        version=version,
        now=calendar.now(),
        **(await _reckoned(request, application_id, typed) if code == "budget" else {}),
    )


async def _reckoned(
    request: R, application_id: int, typed: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    """What a budget that was just kept adds up to, and what speaks against it."""
    found = await queries.application(actor_of(request), application_id)
    words = await drafting.words_of(found.terms, "budget")
    body = drafting.read_section("budget", typed, words)
    return {"sums": _sums(found, body), "findings": _budget_findings(found, body)}


async def _papers(
    request: R, found: Application, errors: FormErrors | None = None
) -> Response[str]:
    return page(
        request,
        "applications/papers.html",
        422 if errors else 200,
        a=found,
        papers=await files.list_attachments(Case(drafting.KIND, found.id)),
        accept=files.ACCEPT,
        errors=errors.messages(language_of(request)) if errors else {},
        place=len(_CODES),
        places=len(_CODES),
        now=calendar.now(),
    )


@post(
    "/applications/{application_id:int}/attach/{paper:str}",
    permission=P.APPLICATION_EDIT,
    status_code=303,
)
async def upload(request: R, application_id: FromPath[int], paper: FromPath[str]) -> Response[Any]:
    """Attach a paper."""
    name, content = await files.uploaded(await request.form(), f"file-{paper}")
    try:
        await drafting.attach_paper(actor_of(request), application_id, paper, name, content)
    except Refusal as refusal:
        if not refusal.code.startswith("file."):
            raise
        found = await _writable(request, application_id)
        said = Said(refusal.message, refusal.params)
        return await _papers(request, found, FormErrors({f"file-{paper}": said}, {}))
    return redirect(f"/applications/{application_id}/{FILES}", N_("Attached."))


@post(
    "/applications/{application_id:int}/papers/{attachment_id:int}/remove",
    permission=P.APPLICATION_EDIT,
    status_code=303,
)
async def remove(
    request: R, application_id: FromPath[int], attachment_id: FromPath[int]
) -> Response[Any]:
    """Take a paper off."""
    await drafting.remove_paper(actor_of(request), application_id, attachment_id)
    return redirect(f"/applications/{application_id}/{FILES}", N_("Taken off."))


async def _check(request: R, found: Application) -> Response[str]:
    """Everything once more before it is submitted, and what the office will check."""
    actor = actor_of(request)
    draft = await drafting.whole_draft(found)
    bodies = {code: body.model_dump(mode="json") for code, body in draft.bodies.items()}
    whole = Whole.of(bodies) if not set(draft.missing) - {FILES} else None
    findings = await screening.preview(actor, found, whole) if whole else []
    representative = await representative_of(found.organisation_id)
    return page(
        request,
        "applications/check.html",
        a=found,
        kinds=SECTIONS,
        missing=draft.missing,
        parts=await documents.read_sections(found, bodies, texts_of(request)),
        papers=await files.list_attachments(Case(drafting.KIND, found.id)),
        paper_names={one.code: one.name for one in found.terms.files},
        sums=sums_of(whole.budget, found.terms, found.category) if whole else None,
        findings=findings,
        stops=sum(one.mark is Mark.STOP for one in findings),
        checks=CHECKS,
        representative=representative,
        may_submit=representative is not None and representative[0] == actor.person_id,
        open_now=found.state == ApplicationState.SUPPLEMENT
        or found.terms.is_open_at(calendar.now()),
        now=calendar.now(),
    )


ROUTES = [form, save, keep, upload, remove]
