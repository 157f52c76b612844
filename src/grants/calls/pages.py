"""What everybody sees of calls, signed in or not; agencies ask and apply from here."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath

from grants.calls import need_queries, queries, questions, rounds
from grants.calls.forms import QuestionForm
from grants.calls.queries import Round, waiting_revision
from grants.calls.round_pages import TONES, changes_of, shape_of_terms
from grants.calls.terms import CallTerms
from grants.calls.words import CHECKS, FIGURES, WORDS
from grants.calls.workflow import ROUND, RevisionState, RoundState
from grants.figures.reading import readable
from grants.kernel import calendar
from grants.kernel.errors import N_
from grants.kernel.identity import Actor
from grants.kernel.identity import Permission as P
from grants.platform.access import actor_of
from grants.platform.forms import FormErrors, parse
from grants.platform.pages import language_of, page, redirect, texts_of
from grants.platform.sections import Filling, sections_of

R = Request[Any, Any, Any]

#: What higher features show an agency on a call's page: its own applications.
SECTIONS: list[Filling] = []


@get("/calls", permission=P.PUBLIC)
async def index(request: R) -> Response[str]:
    """Published calls: what is open, what comes, what is over."""
    return page(
        request,
        "calls/calls.html",
        rounds=await queries.rounds(published=True),
        titles=ROUND.titles,
        tones=TONES,
        now=calendar.now(),
    )


@get("/calls/{round_id:int}", permission=P.PUBLIC)
async def show(request: R, round_id: FromPath[int]) -> Response[str]:
    """One call as it is published."""
    return await _show(request, round_id)


async def _show(request: R, round_id: int, *, errors: FormErrors | None = None) -> Response[str]:
    found = await queries.public_round(round_id)
    assert found.terms is not None and found.revision_sequence is not None
    actor = getattr(request.state, "actor", None)
    return page(
        request,
        "calls/call.html",
        422 if errors else 200,
        round=found,
        preview=False,
        sections=await sections_of(SECTIONS, actor, round_id) if actor else [],
        errors=errors.messages(language_of(request)) if errors else {},
        typed=errors.typed if errors else {},
        **await call_page(request, found, found.terms, found.revision_sequence),
    )


@post("/calls/{round_id:int}/questions", permission=P.APPLICATION_EDIT, status_code=303)
async def ask(request: R, round_id: FromPath[int]) -> Response[Any]:
    """Ask the office; question and answer become public."""
    parsed = parse(await request.form(), QuestionForm)
    if isinstance(parsed, FormErrors):
        return await _show(request, round_id, errors=parsed)
    await questions.ask(actor_of(request), round_id, parsed.question)
    return redirect(
        f"/calls/{round_id}#questions", N_("Asked; you are told when there is an answer.")
    )


@get("/rounds/{round_id:int}/preview", permission=P.CALL_SEE)
async def preview(request: R, round_id: FromPath[int]) -> Response[Any]:
    """The waiting revision as applicants will see it."""
    found = await queries.round_of(round_id)
    waiting = await waiting_revision(found)
    if waiting is None or not rounds.is_whole(waiting):
        return redirect(
            f"/rounds/{round_id}", N_("There is nothing to preview: complete the draft first.")
        )
    return page(
        request,
        "calls/call.html",
        round=found,
        preview=True,
        **await call_page(request, found, waiting.terms, waiting.sequence),
    )


async def call_page(request: R, found: Round, terms: CallTerms, sequence: int) -> dict[str, Any]:
    """What templates/calls/call.html shows of terms, for applicants and for the preview."""
    revisions = [
        one
        for one in await queries.revisions(found.id)
        if one.state in (RevisionState.PUBLISHED, RevisionState.SUPERSEDED)
    ]
    actor: Actor | None = getattr(request.state, "actor", None)
    of_agency = actor is not None and actor.organisation_id is not None
    return {
        "terms": terms,
        "sequence": sequence,
        "read": readable(shape_of_terms(terms, WORDS), texts_of(request)),
        "revisions": revisions,
        "changes": {one.id: changes_of(request, one, revisions, WORDS) for one in revisions},
        "cited": await need_queries.cited_needs(found.id),
        "questions": await queries.questions(found.id, asked_by=actor)
        if of_agency
        else await queries.answered_questions(found.id),
        "asks": of_agency and found.state in (RoundState.PUBLISHED, RoundState.OPEN),
        "checks": CHECKS,
        "figures": FIGURES,
        "now": calendar.now(),
        "titles": ROUND.titles,
        "tones": TONES,
    }


ROUTES = [index, show, ask, preview]
