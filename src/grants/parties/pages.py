"""Pages of organisations: the list, the payee, and what is recorded about it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath

from grants.kernel import calendar
from grants.kernel.errors import N_, NotFound, Refusal
from grants.kernel.identity import Actor
from grants.kernel.identity import Permission as P
from grants.parties import account_pages, actions, duplicate_pages, duplicates, queries
from grants.parties.actions import OrganisationDetails
from grants.parties.checks import checks_of_organisation
from grants.parties.forms import GradeForm, InspectionForm, OrganisationForm, StandingForm, beside
from grants.parties.queries import OrganisationFilter
from grants.parties.rules import (
    INSPECTION_TITLES,
    KIND_TITLES,
    LIKENESS_TITLES,
    STANDING_TITLES,
    Inspection,
    Kind,
    Standing,
)
from grants.parties.workflow import ACCOUNT
from grants.platform import files
from grants.platform.access import actor_of
from grants.platform.audit import Case, Event, timeline
from grants.platform.forms import FormErrors, parse
from grants.platform.lists import Column, Listing, View
from grants.platform.pages import language_of, page, redirect, sheet, texts_of
from grants.platform.sections import Filling, sections_of

R = Request[Any, Any, Any]


#: What higher features show on a payee's page, in this order.
SECTIONS: list[Filling] = []

VERBS = {
    **account_pages.VERBS,
    "register": N_("put it on record"),
    "import": N_("brought it in with an import"),
    "change": N_("changed the record"),
    "grade": N_("recorded the grade"),
    "inspection": N_("recorded the annual inspection"),
    "standing": N_("recorded the standing"),
    "representative": N_("recorded the legal representative"),
    "bring_in": N_("brought a colleague in"),
    "let_go": N_("let a colleague go"),
    "same": N_("found two records to be one"),
    "different": N_("found two records to be different"),
    "attach": N_("attached a file"),
}

#: Beside which field a refusal of the rules is shown.
_FIELDS = {
    "organisation.known": "uscc",
    "organisation.unidentified": "uscc",
    "organisation.kind_differs": "kind",
    "organisation.name": "name",
    "organisation.grade_end": "expires_on",
    "organisation.inspection_year": "year",
}

_COLUMNS = (
    Column("name", N_("Organisation"), sortable=True, always=True),
    Column("number", N_("Credit code"), sortable=True),
    Column("kind", N_("Kind")),
    Column("town", N_("Town"), sortable=True),
    Column("grade", N_("Grade"), sortable=True),
    Column("inspection", N_("Annual inspection"), sortable=True),
    Column("standing", N_("Standing"), always=True),
    Column("account", N_("Account")),
)
_VIEWS = (
    View(N_("All"), ""),
    View(N_("Account to be verified"), "account=waiting"),
    View(N_("Without account"), "account=none"),
    View(N_("On the list of abnormal activity"), "standing=ABNORMAL"),
)


def _listing(request: R) -> Listing:
    return Listing.of(
        request,
        filters=("q", "kind", "standing", "account"),
        columns=_COLUMNS,
        order="name",
        hidden=("town",),
        region="list",
    )


def _filter(listing: Listing) -> OrganisationFilter:
    """What the address asks for; words that mean nothing find nothing."""
    given = {name: text.replace("\0", "") for name, text in listing.filters.items()}
    return OrganisationFilter(
        kind=given.get("kind"),
        standing=given.get("standing"),
        account=given.get("account"),
        search=given.get("q", ""),
        order=listing.order_text,
    )


@get("/organisations", permission=P.ORGANISATION_SEE)
async def index(request: R) -> Response[Any]:
    """All organisations; an agency is led to itself."""
    actor, listing = actor_of(request), _listing(request)
    if actor.organisation_id is not None:
        return redirect(f"/organisations/{actor.organisation_id}")
    wanted = _filter(listing)
    listing = listing.counted(await queries.count_organisations(actor, wanted))
    today = calendar.today()
    found = await queries.organisations(actor, wanted, limit=listing.size, offset=listing.offset)
    return page(
        request,
        "parties/list.html",
        listing=listing,
        rows=[(o, {c.rule: c for c in checks_of_organisation(o, today)}) for o in found],
        views=_VIEWS,
        duplicates=await duplicates.count_duplicates(actor),
        waiting=await queries.count_accounts_waiting(actor) if actor.may(P.PAYMENT_SEE) else 0,
        titles=_TITLES,
    )


_TITLES = {
    "kind": KIND_TITLES,
    "standing": STANDING_TITLES,
    "inspection": INSPECTION_TITLES,
    "likeness": LIKENESS_TITLES,
    "state": ACCOUNT.titles,
    "tone": account_pages.TONES,
}


@get("/organisations.xlsx", permission=P.ORGANISATION_SEE)
async def export(request: R) -> Response[bytes]:
    """Exactly the rows that the list shows, all pages of them."""
    text = texts_of(request).text
    return sheet(
        request,
        "organisations",
        N_("Payees"),
        [
            ("name", N_("Organisation")),
            ("number", N_("Credit code")),
            ("kind", N_("Kind")),
            ("town", N_("Town")),
            ("grade", N_("Grade")),
            ("grade_expires_on", N_("Grade until"), "day"),
            ("inspection_year", N_("Inspection of the year"), "int"),
            ("inspection_result", N_("Annual inspection")),
            ("standing", N_("Standing")),
            ("standing_note", N_("Source")),
            ("verified_accounts", N_("Verified accounts"), "int"),
        ],
        await queries.organisations(actor_of(request), _filter(_listing(request)), limit=100_000),
        kind=lambda row: text(KIND_TITLES[Kind(row.kind)]),
        standing=lambda row: text(STANDING_TITLES[Standing(row.standing)]),
        inspection_result=lambda row: (
            row.inspection_result and text(INSPECTION_TITLES[Inspection(row.inspection_result)])
        ),
    )


async def _form(
    request: R,
    organisation: queries.Organisation | None = None,
    errors: FormErrors | None = None,
) -> Response[str]:
    """The form for a new organisation or a known one, with what was typed."""
    known: Mapping[str, object] = {}
    if organisation is not None:
        known = {**organisation.__dict__, "phone": "", "uscc": organisation.uscc or ""}
    return page(
        request,
        "parties/form.html",
        422 if errors else 200,
        organisation=organisation,
        typed=errors.typed if errors else known,
        errors=errors.messages(language_of(request)) if errors else {},
        kinds=KIND_TITLES,
    )


def _details(form: OrganisationForm) -> OrganisationDetails:
    return OrganisationDetails(
        form.name, form.uscc, form.kind, form.town, form.registered_on, form.phone
    )


@get("/organisations/new", permission=P.ORGANISATION_EDIT)
async def new(request: R) -> Response[str]:
    """The form for a new organisation."""
    return await _form(request)


@post("/organisations/new", permission=P.ORGANISATION_EDIT, status_code=303)
async def register(request: R) -> Response[Any]:
    """Put an organisation on record; likenesses are flagged at once."""
    actor, form = actor_of(request), await request.form()
    parsed = parse(form, OrganisationForm)
    if isinstance(parsed, FormErrors):
        return await _form(request, errors=parsed)
    try:
        made = await actions.register_organisation(actor, _details(parsed))
    except Refusal as refusal:
        return await _form(request, errors=beside(refusal, _FIELDS, form))
    alike = await duplicates.duplicates_of(actor, "organisation", made)
    notice = (
        N_("On record. It looks like another record; compare the two.")
        if alike
        else N_("On record.")
    )
    return redirect(f"/organisations/{made}", notice)


@get("/organisations/{organisation_id:int}", permission=P.ORGANISATION_SEE)
async def show(request: R, organisation_id: FromPath[int]) -> Response[str]:
    """One payee: facts, checks, accounts, papers, and what higher features add."""
    return await _show(request, organisation_id)


async def _events(organisation_id: int, accounts: list[queries.Account]) -> list[Event]:
    """What happened to the organisation and to its accounts, newest first."""
    cases = [Case("organisation", organisation_id)]
    cases += [Case("bank_account", account.id) for account in accounts]
    events = [event for case in cases for event in await timeline(case)]
    return sorted(events, key=lambda event: event.at, reverse=True)


async def _show(
    request: R,
    organisation_id: int,
    *,
    errors: FormErrors | None = None,
    opened: str = "",
) -> Response[str]:
    actor, today = actor_of(request), calendar.today()
    organisation = await queries.organisation(actor, organisation_id)
    of_bureau = actor.organisation_id is None
    accounts = (
        await queries.accounts_of_organisation(actor, organisation_id)
        if actor.may(P.PAYMENT_SEE)
        else []
    )
    return page(
        request,
        "parties/show.html",
        422 if errors else 200,
        organisation=organisation,
        # Likenesses are the bureau's: an agency learns nothing about others from them.
        checks=[
            check
            for check in checks_of_organisation(organisation, today)
            if of_bureau or check.rule != "duplicates"
        ],
        accounts=accounts,
        sections=await sections_of(SECTIONS, actor, organisation_id),
        alike=await duplicates.duplicates_of(actor, "organisation", organisation_id)
        if of_bureau
        else [],
        papers=await files.list_attachments(Case("organisation", organisation_id)),
        accept=files.ACCEPT,
        events=await _events(organisation_id, accounts) if of_bureau else [],
        verbs=VERBS,
        last_year=today.year - 1,
        typed=errors.typed if errors else {},
        errors=errors.messages(language_of(request)) if errors else {},
        opened=opened,
        titles=_TITLES,
    )


@get("/organisations/{organisation_id:int}/edit", permission=P.ORGANISATION_EDIT)
async def edit(request: R, organisation_id: FromPath[int]) -> Response[str]:
    """The form with what is on record."""
    return await _form(request, await queries.organisation(actor_of(request), organisation_id))


@post("/organisations/{organisation_id:int}/edit", permission=P.ORGANISATION_EDIT, status_code=303)
async def change(request: R, organisation_id: FromPath[int]) -> Response[Any]:
    """Correct what is on record."""
    actor, form = actor_of(request), await request.form()
    organisation = await queries.organisation(actor, organisation_id)
    parsed = parse(form, OrganisationForm)
    if isinstance(parsed, FormErrors):
        return await _form(request, organisation, parsed)
    try:
        await actions.change_organisation(
            actor, organisation_id, _details(parsed), seen_version=parsed.version
        )
    except Refusal as refusal:
        return await _form(request, organisation, beside(refusal, _FIELDS, form))
    return redirect(f"/organisations/{organisation_id}", N_("Changed."))


async def _recorded(
    request: R,
    organisation_id: int,
    opened: str,
    model: type[Any],
    act: Callable[[Actor, Any], Awaitable[None]],
) -> Response[Any]:
    """Parse one small form of the payee's page, act, and lead back to it."""
    form = await request.form()
    parsed = parse(form, model)
    if isinstance(parsed, FormErrors):
        return await _show(request, organisation_id, errors=parsed, opened=opened)
    try:
        await act(actor_of(request), parsed)
    except Refusal as refusal:
        errors = beside(refusal, _FIELDS, form)
        return await _show(request, organisation_id, errors=errors, opened=opened)
    return redirect(f"/organisations/{organisation_id}", N_("Recorded."))


@post("/organisations/{organisation_id:int}/grade", permission=P.ORGANISATION_EDIT, status_code=303)
async def grade(request: R, organisation_id: FromPath[int]) -> Response[Any]:
    """Record the assessed grade."""

    async def act(actor: Actor, form: GradeForm) -> None:
        await actions.set_grade(
            actor, organisation_id, form.grade, form.expires_on, seen_version=form.version
        )

    return await _recorded(request, organisation_id, "grade", GradeForm, act)


@post(
    "/organisations/{organisation_id:int}/inspection",
    permission=P.ORGANISATION_EDIT,
    status_code=303,
)
async def inspection(request: R, organisation_id: FromPath[int]) -> Response[Any]:
    """Record the result of an annual inspection."""

    async def act(actor: Actor, form: InspectionForm) -> None:
        await actions.record_inspection(
            actor,
            organisation_id,
            form.year,
            form.result,
            seen_version=form.version,
            today=calendar.today(),
        )

    return await _recorded(request, organisation_id, "inspection", InspectionForm, act)


@post(
    "/organisations/{organisation_id:int}/standing", permission=P.ORGANISATION_EDIT, status_code=303
)
async def standing(request: R, organisation_id: FromPath[int]) -> Response[Any]:
    """Record how the registering body lists it."""

    async def act(actor: Actor, form: StandingForm) -> None:
        await actions.set_standing(
            actor, organisation_id, form.standing, form.note, seen_version=form.version
        )

    return await _recorded(request, organisation_id, "standing", StandingForm, act)


@post(
    "/organisations/{organisation_id:int}/attachments",
    permission=P.ORGANISATION_EDIT,
    status_code=303,
)
async def attach(request: R, organisation_id: FromPath[int]) -> Response[Any]:
    """Add a paper: certificate, inspection, notice of the grade."""
    actor = actor_of(request)
    await queries.organisation(actor, organisation_id)
    form = await request.form()
    try:
        case = Case("organisation", organisation_id)
        await files.attach(actor, case, *(await files.uploaded(form)), "paper")
    except Refusal as refusal:
        errors = beside(refusal, account_pages.FIELDS, form)
        return await _show(request, organisation_id, errors=errors)
    return redirect(f"/organisations/{organisation_id}", N_("File added."))


@get("/attachments/{attachment_id:int}", permission=P.SIGNED_IN)
async def attachment(request: R, attachment_id: FromPath[int]) -> Response[bytes]:
    """Download a file, if its case is in one's scope."""
    found = await files.attachment_of(actor_of(request), attachment_id)
    return files.download(found, await files.open_attachment(found.case, found.id))


async def may_see_files(actor: Actor, organisation_id: int) -> bool:
    """Whether an organisation's papers are in the actor's scope."""
    try:
        await queries.organisation(actor, organisation_id)
    except NotFound:
        return False
    return actor.may(P.ORGANISATION_SEE)


files.SCOPES.update(
    organisation=may_see_files,
    bank_account=account_pages.may_see_files,
)

ROUTES = [
    index,
    export,
    new,
    register,
    show,
    edit,
    change,
    grade,
    inspection,
    standing,
    attach,
    attachment,
    *account_pages.ROUTES,
    *duplicate_pages.ROUTES,
]
