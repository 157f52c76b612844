"""Pages of proposals: the form read off a policy's model, what would change, the decision."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import date
from typing import Any

from litestar import Request, Response, get, post
from litestar.datastructures import FormMultiDict
from litestar.params import FromPath

from grants.figures.differences import differences
from grants.figures.reading import labels_of, readable
from grants.figures.shapes import Shape, shape_of
from grants.figures.typed import TypedBody, body_typed
from grants.figures.words import MARKS
from grants.kernel import calendar
from grants.kernel.errors import N_
from grants.kernel.identity import Permission as P
from grants.payments.pages import TONES as PAYMENT_TONES
from grants.payments.workflow import PAYMENT
from grants.platform.access import actor_of
from grants.platform.audit import Case, timeline
from grants.platform.forms import FormErrors, Said, parse, typed_in
from grants.platform.pages import language_of, page, redirect, texts_of
from grants.policies import actions, queries
from grants.policies.actions import NewVersion
from grants.policies.dry_run import DryRun, dry_run
from grants.policies.forms import (
    DecisionForm,
    ReasonForm,
    VersionForm,
)
from grants.policies.kinds import Kind, kind_of
from grants.policies.pages import TONES, said_changes
from grants.policies.rules import money_stays_guarded
from grants.policies.workflow import POLICY, ProposalState

R = Request[Any, Any, Any]

VERBS = {
    "propose": N_("proposed it"),
    "approve": N_("approved it"),
    "reject": N_("rejected it"),
    "withdraw": N_("withdrew it"),
    "take_back": N_("took it back before its first day"),
}


@get("/policies/{kind:str}/new", permission=P.POLICY_EDIT)
async def new_version(request: R, kind: FromPath[str]) -> Response[Any]:
    """The form of a new version, filled with the last one."""
    about = kind_of(kind)
    waiting = await queries.proposals(kind=kind, state=ProposalState.PROPOSED)
    if waiting:
        return redirect(
            f"/policies/proposals/{waiting[0].id}",
            N_("This proposal has to be decided before another one."),
        )
    shape = shape_of(about.model, (await _standing(about)) or {}, about.words)
    typed = {"starts_on": date(calendar.today().year + 1, 1, 1).isoformat(), "mark": "seed"}
    return await _form(request, about, shape, typed, {})


async def _standing(kind: Kind) -> Mapping[str, Any] | None:
    """The last version's body: the one that a new one follows."""
    versions = await queries.versions(kind.name)
    return versions[0].body if versions else None


async def _form(
    request: R,
    kind: Kind,
    shape: Shape,
    typed: Mapping[str, str],
    faults: Mapping[str, Said],
    *,
    looked: tuple[list[tuple[str, str, str]], DryRun | None] | None = None,
) -> Response[str]:
    lang = language_of(request)
    return page(
        request,
        "policies/new.html",
        422 if faults else 200,
        kind=kind,
        shape=shape,
        typed=typed,
        errors=FormErrors(faults, typed).messages(lang),
        labels=labels_of(shape, texts_of(request)),
        marks=MARKS,
        looked=looked,
        payment_titles=PAYMENT.titles,
        payment_tones=PAYMENT_TONES,
        today=calendar.today(),
    )


@post("/policies/{kind:str}/proposals", permission=P.POLICY_EDIT, status_code=303)
async def propose(request: R, kind: FromPath[str]) -> Response[Any]:
    """Propose a version; or look first at what would change; or add and remove rows."""
    about, form = kind_of(kind), await request.form()
    act = str(form.get("act") or "propose")
    standing = (await _standing(about)) or {}
    body = body_typed(form, about.model, about.words, standing, act, objection=money_stays_guarded)
    if act not in ("propose", "look"):
        return await _form(request, about, body.shape, typed_in(form), {})
    faults, new = await _new_version(about, form, body, whole=act == "propose")
    if faults or body.body is None:
        return await _form(request, about, body.shape, typed_in(form), faults)
    if act == "look" or new is None:
        looked = await _look(request, about, body)
        return await _form(request, about, body.shape, typed_in(form), {}, looked=looked)
    proposal = await actions.propose_version(actor_of(request), kind, new, today=calendar.today())
    return redirect(
        f"/policies/proposals/{proposal}", N_("Proposed; another person has to approve it.")
    )


async def _new_version(
    kind: Kind, form: FormMultiDict, body: TypedBody, *, whole: bool
) -> tuple[Mapping[str, Said], NewVersion | None]:
    """What is wrong, field by field, or the version; without `whole`, the body alone counts."""
    if not whole:
        return body.faults, None
    about = parse(form, VersionForm)
    if isinstance(about, FormErrors):
        return {**about.faults, **body.faults}, None
    if body.body is None:
        return body.faults, None
    new = NewVersion(body.body, about.starts_on, about.legal_basis, about.mark, about.reason)
    against = actions.against_version(
        kind, new, await queries.versions(kind.name), today=calendar.today()
    )
    if against:
        return {against[0]: Said(against[1].message, against[1].params)}, None
    return {}, new


async def _look(
    request: R, kind: Kind, body: TypedBody
) -> tuple[list[tuple[str, str, str]], DryRun | None]:
    assert body.body is not None
    proposed = body.body.model_dump(mode="json")
    before = (await _standing(kind)) or {}
    changes = said_changes(request, differences(kind.model, before, proposed, kind.words))
    return changes, await dry_run(kind, body.body, today=calendar.today())


@get("/policies/proposals/{proposal_id:int}", permission=P.POLICY_SEE)
async def show(request: R, proposal_id: FromPath[int]) -> Response[str]:
    """One proposal: what it changes, what would follow, who decided."""
    return await _show(request, proposal_id)


async def _show(
    request: R, proposal_id: int, *, errors: FormErrors | None = None, tried: str = ""
) -> Response[str]:
    actor, today = actor_of(request), calendar.today()
    proposal = await queries.proposal(proposal_id)
    kind = kind_of(proposal.kind)
    body = kind.model.model_validate(proposal.body)
    versions = await queries.versions(proposal.kind)
    before = next((one for one in versions if one.id == proposal.replaces_version), None)
    changes = differences(kind.model, before.body, proposal.body, kind.words) if before else []
    open_ = proposal.state == ProposalState.PROPOSED
    ahead = proposal.state == ProposalState.APPROVED and proposal.starts_on > today
    return page(
        request,
        "policies/proposal.html",
        422 if errors else 200,
        proposal=proposal,
        kind=kind,
        before=before,
        changes=said_changes(request, changes),
        read=readable(shape_of(kind.model, proposal.body, kind.words), texts_of(request)),
        dry=await dry_run(kind, body, today=today) if open_ else None,
        payment_titles=PAYMENT.titles,
        payment_tones=PAYMENT_TONES,
        state_title=POLICY.titles[ProposalState(proposal.state)],
        tone=TONES[proposal.state],
        verbs_open={step.verb for step in POLICY.open_to(proposal.state, actor)}
        if open_ or ahead
        else set(),
        own=actor.person_id == proposal.proposed_by_person,
        events=await timeline(Case(actions.KIND, proposal_id)),
        verbs=VERBS,
        marks=MARKS,
        errors=errors.messages(language_of(request)) if errors else {},
        tried=tried,
        today=today,
    )


async def _decide(
    request: R,
    proposal_id: int,
    verb: str,
    form: type[DecisionForm],
    act: Callable[[Any], Awaitable[None]],
    done: str,
) -> Response[Any]:
    parsed = parse(await request.form(), form)
    if isinstance(parsed, FormErrors):
        return await _show(request, proposal_id, errors=parsed, tried=verb)
    await act(parsed)
    return redirect(f"/policies/proposals/{proposal_id}", done)


@post("/policies/proposals/{proposal_id:int}/approve", permission=P.POLICY_APPROVE, status_code=303)
async def approve(request: R, proposal_id: FromPath[int]) -> Response[Any]:
    """Approve: the version holds from its first day."""

    async def act(form: DecisionForm) -> None:
        await actions.approve_version(
            actor_of(request),
            proposal_id,
            seen_version=form.seen_version,
            today=calendar.today(),
        )

    return await _decide(
        request, proposal_id, "approve", DecisionForm, act, N_("Approved: it holds from its day.")
    )


@post("/policies/proposals/{proposal_id:int}/reject", permission=P.POLICY_APPROVE, status_code=303)
async def reject(request: R, proposal_id: FromPath[int]) -> Response[Any]:
    """Reject with a reason."""

    async def act(form: ReasonForm) -> None:
        await actions.reject_version(
            actor_of(request),
            proposal_id,
            seen_version=form.seen_version,
            reason=form.reason,
            today=calendar.today(),
        )

    return await _decide(request, proposal_id, "reject", ReasonForm, act, N_("Rejected."))


@post("/policies/proposals/{proposal_id:int}/withdraw", permission=P.POLICY_EDIT, status_code=303)
async def withdraw(request: R, proposal_id: FromPath[int]) -> Response[Any]:
    """Withdraw one's own proposal."""

    async def act(form: DecisionForm) -> None:
        await actions.withdraw_version(
            actor_of(request),
            proposal_id,
            seen_version=form.seen_version,
            today=calendar.today(),
        )

    return await _decide(request, proposal_id, "withdraw", DecisionForm, act, N_("Withdrawn."))


@post(
    "/policies/proposals/{proposal_id:int}/take-back",
    permission=P.POLICY_APPROVE,
    status_code=303,
)
async def take_back(request: R, proposal_id: FromPath[int]) -> Response[Any]:
    """Take an approved version back before its first day."""

    async def act(form: ReasonForm) -> None:
        await actions.take_back_version(
            actor_of(request),
            proposal_id,
            seen_version=form.seen_version,
            reason=form.reason,
            today=calendar.today(),
        )

    return await _decide(
        request,
        proposal_id,
        "take_back",
        ReasonForm,
        act,
        N_("Taken back; the version before it goes on."),
    )


ROUTES = [new_version, propose, show, approve, reject, withdraw, take_back]
