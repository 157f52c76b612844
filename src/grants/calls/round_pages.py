"""The office's pages of rounds: the list, one round, its drafts, approval, needs, answers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath

from grants.budget import queries as budget
from grants.calls import need_queries, queries, questions, rounds
from grants.calls.forms import (
    AnswerForm,
    CitedForm,
    NewRoundForm,
)
from grants.calls.queries import Revision, Round
from grants.calls.terms import CallTerms
from grants.calls.words import WORDS
from grants.calls.workflow import REVISION, ROUND
from grants.figures.differences import differences, said
from grants.figures.reading import readable
from grants.figures.shapes import Shape, shape_of
from grants.figures.words import Words
from grants.kernel import calendar
from grants.kernel.errors import N_, Refusal
from grants.kernel.identity import Actor
from grants.kernel.identity import Permission as P
from grants.kernel.money import yuan_text
from grants.platform.access import actor_of
from grants.platform.audit import Case, timeline
from grants.platform.forms import FormErrors, parse
from grants.platform.pages import language_of, page, redirect, texts_of
from grants.platform.sections import Filling, sections_of

R = Request[Any, Any, Any]

#: What higher features show on a round's page: its applications and what becomes of them.
SECTIONS: list[Filling] = []

TONES = {
    "DRAFT": "now",
    "PUBLISHED": "",
    "OPEN": "good",
    "SCREENING": "now",
    "REVIEW": "now",
    "PROPOSED": "now",
    "PUBLICITY": "now",
    "CONTRACTING": "good",
    "CLOSED": "",
    "CANCELLED": "bad",
}
REVISION_TONES = {
    "DRAFT": "now",
    "PROPOSED": "now",
    "PUBLISHED": "good",
    "SUPERSEDED": "",
    "DISCARDED": "",
}
VERBS = {
    "begin": N_("began it"),
    "announce": N_("announced it"),
    "open": N_("opened it"),
    "close": N_("closed it"),
    "begin_review": N_("ended the screening"),
    "decide": N_("decided on it"),
    "undecide": N_("took the decision back"),
    "publicise": N_("published the list"),
    "conclude": N_("ended the notice"),
    "finish": N_("closed it: every project has ended"),
    "call_off": N_("called it off"),
    "cite_needs": N_("chose the needs it cites"),
    "ask": N_("asked a question"),
    "answer": N_("answered a question"),
}


@get("/rounds", permission=P.CALL_SEE)
async def index(request: R) -> Response[str]:
    """All rounds, newest first."""
    return _list(request, await queries.rounds())


def _list(request: R, found: list[Round], errors: FormErrors | None = None) -> Response[str]:
    year = calendar.today().year
    return page(
        request,
        "calls/rounds.html",
        422 if errors else 200,
        rounds=found,
        titles=ROUND.titles,
        tones=TONES,
        typed=errors.typed if errors else {"fiscal_year": str(year + 1)},
        errors=errors.messages(language_of(request)) if errors else {},
    )


@post("/rounds", permission=P.CALL_EDIT, status_code=303)
async def begin(request: R) -> Response[Any]:
    """Begin a round: its draft is filled with the rules that hold today."""
    parsed = parse(await request.form(), NewRoundForm)
    if isinstance(parsed, FormErrors):
        return _list(request, await queries.rounds(), parsed)
    round_id = await rounds.begin_round(
        actor_of(request), parsed.fiscal_year, parsed.title, today=calendar.today()
    )
    return redirect(f"/rounds/{round_id}/draft", N_("Begun; complete the terms."))


@post("/rounds/{round_id:int}/copy", permission=P.CALL_EDIT, status_code=303)
async def copy(request: R, round_id: FromPath[int]) -> Response[Any]:
    """Draft next year's round from this one."""
    made = await rounds.copy_round(actor_of(request), round_id, today=calendar.today())
    return redirect(
        f"/rounds/{made}/draft", N_("Copied; choose the budget line and check the days.")
    )


@get("/rounds/{round_id:int}", permission=P.CALL_SEE)
async def show(request: R, round_id: FromPath[int]) -> Response[str]:
    """One round: where it stands, what it says, who changed what."""
    return await show_round(request, round_id)


async def show_round(
    request: R, round_id: int, *, errors: FormErrors | None = None, opened: str = ""
) -> Response[str]:
    actor = actor_of(request)
    found = await queries.round_of(round_id)
    revisions = await queries.revisions(round_id)
    waiting = next((one for one in revisions if one.state in ("DRAFT", "PROPOSED")), None)
    objection = await rounds.objection_beside(waiting) if waiting else None
    words = await words_with_lines(found.fiscal_year)
    return page(
        request,
        "calls/round.html",
        422 if errors else 200,
        round=found,
        revisions=revisions,
        waiting=waiting,
        objection=objection,
        steps=_revision_steps(actor, waiting, objection[1] if objection else None),
        round_steps={step.verb for step in ROUND.open_to(found.state, actor)},
        read=readable(shape_of_terms(found.terms, words), texts_of(request))
        if found.terms
        else None,
        changes={one.id: changes_of(request, one, revisions, words) for one in revisions},
        cited=await need_queries.cited_needs(round_id),
        needs=await need_queries.published_needs() if actor.may(P.CALL_EDIT) else [],
        questions=await queries.questions(round_id),
        sections=await sections_of(SECTIONS, actor, round_id),
        events=await timeline(Case(rounds.ROUND_KIND, round_id)),
        titles=ROUND.titles,
        tones=TONES,
        revision_titles=REVISION.titles,
        revision_tones=REVISION_TONES,
        verbs=VERBS,
        now=calendar.now(),
        errors=errors.messages(language_of(request)) if errors else {},
        typed=errors.typed if errors else {},
        opened=opened,
    )


def shape_of_terms(terms: CallTerms, words: Words) -> Shape:
    return shape_of(CallTerms, terms.model_dump(mode="json"), words)


async def words_with_lines(fiscal_year: int) -> Words:
    """The vocabulary of terms, with the budget lines that a round of this year may choose."""
    lines = {
        str(line.id): f"{line.code} {line.programme_name}（{line.fund_name}，"
        f"{yuan_text(line.balance.available_fen)}）"
        for line in await budget.lines_of_year(fiscal_year)
    }
    return replace(WORDS, choices={**WORDS.choices, "line_id": lines})


def _revision_steps(
    actor: Actor, waiting: Revision | None, objection: Refusal | None
) -> dict[str, Refusal | None]:
    """Each step of the waiting revision, with what speaks against it for this person."""
    if waiting is None:
        return {}
    case = rounds.revision_case(actor, waiting, waiting.version, objection)
    return {
        step.verb: next((r for guard in step.guards if (r := guard(case))), None)
        for step in REVISION.open_to(waiting.state, actor)
    }


def changes_of(
    request: R, revision: Revision, revisions: list[Revision], words: Words
) -> list[tuple[str, str, str]]:
    """What a revision changed from the published one before it, in the reader's words."""
    texts = texts_of(request)
    before = next(
        (
            one
            for one in revisions
            if one.sequence < revision.sequence and one.state in ("PUBLISHED", "SUPERSEDED")
        ),
        None,
    )
    if before is None:
        return []
    found = differences(CallTerms, before.body, revision.body, words)
    return [(one.where(texts), said(one.before, texts), said(one.after, texts)) for one in found]


@post("/rounds/{round_id:int}/needs", permission=P.CALL_EDIT, status_code=303)
async def cite(request: R, round_id: FromPath[int]) -> Response[Any]:
    """Choose the needs that the round cites."""
    parsed = parse(await request.form(), CitedForm)
    if isinstance(parsed, FormErrors):
        return await show_round(request, round_id, errors=parsed, opened="needs")
    await rounds.cite_needs(actor_of(request), round_id, parsed.need)
    return redirect(f"/rounds/{round_id}", N_("Saved."))


@post("/questions/{question_id:int}/answer", permission=P.CALL_EDIT, status_code=303)
async def answer(request: R, question_id: FromPath[int]) -> Response[Any]:
    """Answer a question in public."""
    asked = await queries.question(question_id)
    parsed = parse(await request.form(), AnswerForm)
    if isinstance(parsed, FormErrors):
        return await show_round(
            request, asked.round_id, errors=parsed, opened=f"answer-{question_id}"
        )
    await questions.answer(actor_of(request), question_id, parsed.answer)
    return redirect(f"/rounds/{asked.round_id}#questions", N_("Answered; everybody can read it."))


ROUTES = [index, begin, copy, show, cite, answer]
