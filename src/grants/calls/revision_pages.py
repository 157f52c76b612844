"""Pages on which the terms of a round are drafted, proposed, approved and revised."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath

from grants.calls import queries, rounds
from grants.calls.forms import NoteForm, ReasonForm, StepForm
from grants.calls.queries import Revision, Round, waiting_revision
from grants.calls.round_pages import show_round, words_with_lines
from grants.calls.terms import CallTerms
from grants.calls.words import GROUPS
from grants.calls.workflow import RevisionState
from grants.figures.reading import labels_of
from grants.figures.shapes import Shape, shape_of
from grants.figures.typed import body_typed
from grants.kernel.errors import N_
from grants.kernel.identity import Actor
from grants.kernel.identity import Permission as P
from grants.platform.access import actor_of
from grants.platform.forms import FormErrors, Said, parse
from grants.platform.pages import language_of, page, redirect, texts_of

R = Request[Any, Any, Any]


@get("/rounds/{round_id:int}/draft", permission=P.CALL_EDIT)
async def draft(request: R, round_id: FromPath[int]) -> Response[Any]:
    """The form of the terms, as far as they are drafted."""
    found = await queries.round_of(round_id)
    waiting = await waiting_revision(found)
    if waiting is None or waiting.state != RevisionState.DRAFT:
        return redirect(f"/rounds/{round_id}")
    shape = shape_of(CallTerms, waiting.body, await words_with_lines(found.fiscal_year))
    return _form(request, found, waiting, shape, {})


def _form(
    request: R,
    found: Round,
    waiting: Revision,
    shape: Shape,
    faults: Mapping[str, Said],
    *,
    version: int | None = None,
) -> Response[str]:
    grouped = {name for names in GROUPS.values() for name in names}
    by_name = {leaf.name: leaf for leaf in shape.leaves}
    assert grouped == by_name.keys()
    return page(
        request,
        "calls/draft.html",
        422 if faults else 200,
        round=found,
        waiting=waiting,
        version=version or waiting.version,
        shape=shape,
        groups=[(title, [by_name[name] for name in names]) for title, names in GROUPS.items()],
        labels=labels_of(shape, texts_of(request)),
        errors=FormErrors(faults, {}).messages(language_of(request)),
    )


@post("/rounds/{round_id:int}/draft", permission=P.CALL_EDIT, status_code=303)
async def save(request: R, round_id: FromPath[int]) -> Response[Any]:
    """Save the draft; or add and remove rows of its tables."""
    form = await request.form()
    act, version = str(form.get("act") or "save"), str(form.get("version") or "0")
    found = await queries.round_of(round_id)
    waiting = await waiting_revision(found)
    if waiting is None:
        return redirect(f"/rounds/{round_id}")
    words = await words_with_lines(found.fiscal_year)
    body = body_typed(form, CallTerms, words, waiting.body, act)
    seen = int(version) if version.isdecimal() and len(version) < 10 else 0
    if act != "save":
        return _form(request, found, waiting, body.shape, {}, version=seen)
    if body.body is None:
        return _form(request, found, waiting, body.shape, body.faults, version=seen)
    await rounds.save_draft(
        actor_of(request),
        waiting.id,
        body.body.model_dump(mode="json"),
        seen_version=seen,
    )
    return redirect(f"/rounds/{round_id}", N_("Saved. Look at the preview, then propose it."))


async def _step(
    request: R,
    round_id: int,
    verb: str,
    form: type[Any],
    act: Callable[[Actor, Revision, Any], Awaitable[object]],
    done: str,
) -> Response[Any]:
    """One step on the waiting revision of a round."""
    parsed = parse(await request.form(), form)
    if isinstance(parsed, FormErrors):
        return await show_round(request, round_id, errors=parsed, opened=verb)
    waiting = await waiting_revision(await queries.round_of(round_id))
    if waiting is None:
        return redirect(f"/rounds/{round_id}")
    await act(actor_of(request), waiting, parsed)
    return redirect(f"/rounds/{round_id}", done)


@post("/rounds/{round_id:int}/propose", permission=P.CALL_EDIT, status_code=303)
async def propose(request: R, round_id: FromPath[int]) -> Response[Any]:
    """Lay the draft before whoever approves it."""

    async def act(actor: Actor, waiting: Revision, form: StepForm) -> None:
        await rounds.propose_revision(actor, waiting.id, seen_version=form.version)

    return await _step(
        request,
        round_id,
        "propose",
        StepForm,
        act,
        N_("Proposed; another person approves and publishes it."),
    )


@post("/rounds/{round_id:int}/publish", permission=P.CALL_APPROVE, status_code=303)
async def publish(request: R, round_id: FromPath[int]) -> Response[Any]:
    """Approve and publish."""

    async def act(actor: Actor, waiting: Revision, form: StepForm) -> None:
        await rounds.publish_revision(actor, waiting.id, seen_version=form.version)

    return await _step(
        request, round_id, "publish", StepForm, act, N_("Published; everybody can read it now.")
    )


@post("/rounds/{round_id:int}/return", permission=P.CALL_APPROVE, status_code=303)
async def send_back(request: R, round_id: FromPath[int]) -> Response[Any]:
    """Return to whoever drafts it, with the reason."""

    async def act(actor: Actor, waiting: Revision, form: ReasonForm) -> None:
        await rounds.return_revision(
            actor, waiting.id, seen_version=form.version, reason=form.reason
        )

    return await _step(request, round_id, "return", ReasonForm, act, N_("Returned."))


@post("/rounds/{round_id:int}/take-back", permission=P.CALL_EDIT, status_code=303)
async def take_back(request: R, round_id: FromPath[int]) -> Response[Any]:
    """Take a proposal back into the draft."""

    async def act(actor: Actor, waiting: Revision, form: StepForm) -> None:
        await rounds.take_back_revision(actor, waiting.id, seen_version=form.version)

    return await _step(
        request, round_id, "take_back", StepForm, act, N_("Taken back; go on drafting.")
    )


@post("/rounds/{round_id:int}/discard", permission=P.CALL_EDIT, status_code=303)
async def discard(request: R, round_id: FromPath[int]) -> Response[Any]:
    """Give a later draft up; the published terms stand."""

    async def act(actor: Actor, waiting: Revision, form: StepForm) -> None:
        await rounds.discard_revision(actor, waiting.id, seen_version=form.version)

    return await _step(
        request, round_id, "discard", StepForm, act, N_("Discarded; the published terms stand.")
    )


@post("/rounds/{round_id:int}/revise", permission=P.CALL_EDIT, status_code=303)
async def revise(request: R, round_id: FromPath[int]) -> Response[Any]:
    """Begin the next revision from the published terms."""
    parsed = parse(await request.form(), NoteForm)
    if isinstance(parsed, FormErrors):
        return await show_round(request, round_id, errors=parsed, opened="revise")
    await rounds.revise_round(actor_of(request), round_id, note=parsed.note)
    return redirect(
        f"/rounds/{round_id}/draft",
        N_("A new revision is begun; applications already submitted keep theirs."),
    )


ROUTES = [draft, save, propose, publish, send_back, take_back, discard, revise]
