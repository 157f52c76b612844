"""Wiring only: routes, lifespan, what an error becomes."""

from __future__ import annotations

import logging
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from litestar import Litestar, MediaType, Request, Response, get
from litestar.config.compression import CompressionConfig
from litestar.datastructures import Cookie, MutableScopeHeaders, State
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery
from litestar.types import Message, Scope

from grants.agencies import pages as agency_pages
from grants.agreements import pages as agreement_pages
from grants.applications import list_pages, office_pages, section_pages
from grants.applications import pages as application_pages
from grants.awards import change_pages, form_pages
from grants.awards import pages as award_pages
from grants.banking import month_pages, refund_pages
from grants.banking import pages as banking_pages
from grants.budget import document_pages, year_pages
from grants.budget import pages as budget_pages
from grants.calls import need_pages, revision_pages, round_pages
from grants.calls import pages as call_pages
from grants.decisions import line_pages, meeting_pages
from grants.delivery import pages as project_pages
from grants.delivery import progress_pages, project_change_pages
from grants.evaluation import endings
from grants.evaluation import pages as evaluation_pages
from grants.home import pages as home_pages
from grants.imports import pages as import_pages
from grants.imports.background import finish_imports
from grants.kernel.errors import N_, NotFound, Refusal
from grants.kernel.identity import Permission as P
from grants.outbox import pages as outbox_pages
from grants.parties import pages as party_pages
from grants.payments import decision_pages, request_pages
from grants.payments import pages as payment_pages
from grants.people import pages as people_pages
from grants.people.queries import actor_for_token
from grants.people.sign_in_pages import sign_in_first
from grants.platform import access, assets, db, files, pages, press
from grants.platform.access import SignInNeeded, local_path
from grants.platform.database import open_database
from grants.platform.logs import log_as_lines
from grants.platform.parent import end_with_parent
from grants.platform.remembered import memory_of_pages
from grants.platform.texts import LANGUAGES
from grants.policies import pages as policy_pages
from grants.policies import proposal_pages
from grants.publicity import objection_pages, public_pages
from grants.publicity import pages as notice_pages
from grants.reports import pages as report_pages
from grants.selection import panel_pages, ranking_pages, review_pages
from grants.settings import settings
from grants.settlement import pages as settlement_pages

log = logging.getLogger("grants.app")

R = Request[Any, Any, Any]

NAVIGATION = (
    ("/", N_("Worklist"), None),
    ("/payments", N_("Payments"), P.PAYMENT_SEE),
    ("/batches", N_("Batches and receipts"), P.BATCH_SEE),
    ("/budget", N_("Budget and ledger"), P.BUDGET_SEE),
    ("/awards", N_("Awards"), P.AWARD_SEE),
    ("/rounds", N_("Venture calls"), P.CALL_SEE),
    ("/calls", N_("Calls"), P.APPLICATION_EDIT),
    ("/reviews", N_("My reviews"), P.REVIEW_SCORE),
    ("/experts", N_("Experts"), P.PANEL_SEE),
    ("/applications", N_("Applications"), P.APPLICATION_SEE),
    ("/publicity", N_("Public notices"), P.NOTICE_SEE),
    ("/agreements", N_("Agreements"), P.AGREEMENT_SEE),
    ("/projects", N_("Running projects"), P.PROJECT_SEE),
    ("/evaluations", N_("Evaluations"), P.EVALUATION_SEE),
    ("/needs", N_("Needs"), P.NEED_SEE),
    ("/organisations", N_("Payees"), P.ORGANISATION_SEE),
    ("/overview", N_("Where the money is"), P.OVERVIEW_SEE),
    ("/months", N_("Monthly reconciliation"), P.BATCH_SEE),
    ("/policies", N_("Rules and figures"), P.POLICY_SEE),
    ("/verify", N_("Proof"), P.AUDIT_SEE),
    ("/colleagues", N_("Colleagues"), P.COLLEAGUE_EDIT),
    ("/people", N_("Accounts and roles"), P.PEOPLE_SEE),
    ("/outbox", N_("Outbox"), P.OUTBOX_SEE),
)


@get("/healthz", permission=P.PUBLIC, media_type=MediaType.TEXT)
async def healthz() -> str:
    """The process answers."""
    return "ok"


@get("/readyz", permission=P.PUBLIC, media_type=MediaType.TEXT)
async def readyz() -> Response[str]:
    """The database answers too."""
    try:
        await db.value("SELECT 1")
    except (OSError, asyncpg.PostgresError, *db.GONE) as error:
        log.warning("database does not answer: %s", error)
        return Response("the database does not answer", status_code=503)
    return Response("ready")


@get("/language/{lang:str}", permission=P.PUBLIC)
async def language(request: R, lang: FromPath[str], back: FromQuery[str] = "/") -> Response[None]:
    """Switch the language and return."""
    answer = pages.redirect(local_path(back))
    if lang in LANGUAGES:
        answer.set_cookie(Cookie("lang", value=lang, path="/", max_age=31_536_000, samesite="lax"))
    return answer


@get("/{address:path}", permission=P.PUBLIC)
async def nowhere(address: FromPath[str]) -> None:
    """No page has this address; asked here, the guard still knows who asks."""
    raise NotFound()


async def finish(message: Message, scope: Scope) -> None:
    """Security headers on every answer, those of refusals and faults too."""
    if message["type"] == "http.response.start":
        headers = MutableScopeHeaders.from_message(message)
        for name, value in assets.security_headers().items():
            headers.setdefault(name, value)


def _number(request: R) -> str:
    """The number of a request; an unknown address gets one here, before any guard."""
    number = request.state.get("request_id") or secrets.token_hex(6)
    request.state.request_id = number
    return str(number)


def on_refusal(request: R, refusal: Refusal) -> Response[Any]:
    """A refusal is a page that says why."""
    log.info("refused", extra={"code": refusal.code, "request": _number(request)})
    return pages.refused(request, refusal)


def on_sign_in_needed(request: R, needed: SignInNeeded) -> Response[Any]:
    """Nobody is signed in: sign in first, and lose nothing that was typed."""
    return sign_in_first(request, needed.typed)


def on_http_error(request: R, error: HTTPException) -> Response[Any]:
    """Wrong address, wrong method, bad request."""
    log.info("refused", extra={"code": str(error.status_code), "request": _number(request)})
    if error.status_code == 404:
        return pages.refused(request, NotFound())
    return pages.failed(request, error.status_code)


def on_database_gone(request: R, error: Exception) -> Response[Any]:
    """The database is away for a moment: nothing was written, try again."""
    log.error("database gone: %s", error, extra={"request": _number(request)})
    return pages.failed(request, 503)


def on_odd_text(request: R, error: Exception) -> Response[Any]:
    """Text that no page of ours sends: PostgreSQL keeps no NUL."""
    log.info("refused", extra={"code": "400", "request": _number(request)})
    return pages.failed(request, 400)


def on_fault(request: R, error: Exception) -> Response[Any]:
    """A fault of ours: its trace goes to the log under the number that the page shows."""
    log.error("fault", exc_info=error, extra={"request": _number(request)})
    return pages.failed(request, 500)


def routes() -> list[HTTPRouteHandler]:
    """Every route of every feature."""
    return [
        healthz,
        readyz,
        language,
        *assets.ROUTES,
        *people_pages.ROUTES,
        *outbox_pages.ROUTES,
        *party_pages.ROUTES,
        *agency_pages.ROUTES,
        *budget_pages.ROUTES,
        *document_pages.ROUTES,
        *year_pages.ROUTES,
        *award_pages.ROUTES,
        *form_pages.ROUTES,
        *change_pages.ROUTES,
        *need_pages.ROUTES,
        *round_pages.ROUTES,
        *revision_pages.ROUTES,
        *call_pages.ROUTES,
        *application_pages.ROUTES,
        *list_pages.ROUTES,
        *office_pages.ROUTES,
        *section_pages.ROUTES,
        *panel_pages.ROUTES,
        *review_pages.ROUTES,
        *ranking_pages.ROUTES,
        *line_pages.ROUTES,
        *notice_pages.ROUTES,
        *agreement_pages.ROUTES,
        *project_pages.ROUTES,
        *evaluation_pages.ROUTES,
        *settlement_pages.ROUTES,
        *progress_pages.ROUTES,
        *project_change_pages.ROUTES,
        *objection_pages.ROUTES,
        *public_pages.ROUTES,
        *meeting_pages.ROUTES,
        *import_pages.ROUTES,
        *payment_pages.ROUTES,
        *request_pages.ROUTES,
        *decision_pages.ROUTES,
        *banking_pages.ROUTES,
        *refund_pages.ROUTES,
        *month_pages.ROUTES,
        *policy_pages.ROUTES,
        *proposal_pages.ROUTES,
        *report_pages.ROUTES,
        *home_pages.ROUTES,
        nowhere,
    ]


@asynccontextmanager
async def _database(app: Litestar) -> AsyncIterator[None]:
    end_with_parent()
    await open_database(settings)
    press.prepare_fonts()
    try:
        yield
    finally:
        await finish_imports()
        press.close_house_press()
        await db.close_pool()


def create_app(*, own_pool: bool = True) -> Litestar:
    """The application; with `own_pool=False` the caller has opened the database."""
    if not settings.second_factor and not settings.demo:
        raise SystemExit("The second factor can be switched off only in the demonstration.")
    log_as_lines()
    pages.set_navigation(NAVIGATION)
    handlers = routes()
    missing = access.undeclared(handlers)
    if missing:
        raise RuntimeError(f"routes without a permission: {missing}")
    files.SCOPES.update(
        payment=payment_pages.may_see_files,
        award=award_pages.may_see_files,
        application=application_pages.may_see_files,
        public_notice=notice_pages.may_see_files,
        objection=objection_pages.may_see_files,
        agreement=agreement_pages.may_see_files,
        spending=project_pages.may_see_files,
    )
    party_pages.SECTIONS[:] = [
        award_pages.payee_section,
        payment_pages.payee_section,
        agency_pages.people_section,
    ]
    call_pages.SECTIONS[:] = [office_pages.call_section]
    round_pages.SECTIONS[:] = [
        office_pages.round_section,
        panel_pages.round_section,
        meeting_pages.round_section,
    ]
    application_pages.SECTIONS_OF_HIGHER[:] = [
        meeting_pages.application_section,
        agreement_pages.application_section,
    ]
    meeting_pages.SECTIONS[:] = [agreement_pages.decision_section]
    project_pages.SECTIONS[:] = [
        endings.ending_section,
        evaluation_pages.project_section,
        settlement_pages.project_section,
    ]
    award_pages.SECTIONS[:] = [agreement_pages.award_section, project_pages.award_section]
    need_pages.SECTIONS[:] = [office_pages.need_section, project_pages.need_section]
    payment_pages.SECTIONS[:] = [banking_pages.payment_section]
    response_cache, stores = memory_of_pages()
    return Litestar(
        route_handlers=handlers,
        response_cache_config=response_cache,
        stores=stores,
        guards=[access.guard(actor_for_token)],
        before_send=[finish],
        lifespan=[_database] if own_pool else [],
        exception_handlers={
            Refusal: on_refusal,
            SignInNeeded: on_sign_in_needed,
            HTTPException: on_http_error,
            **dict.fromkeys(db.GONE, on_database_gone),
            asyncpg.CharacterNotInRepertoireError: on_odd_text,
            Exception: on_fault,
        },
        compression_config=CompressionConfig(
            backend="gzip", minimum_size=800, gzip_compress_level=5, exclude=["^/static/"]
        ),
        openapi_config=None,
        state=State(),
        request_max_body_size=25_000_000,
    )
