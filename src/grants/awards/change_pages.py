"""Pages of what happens to an active award: changes, claims for money back, its public notice."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath

from grants.awards import actions, changes, clawbacks, queries
from grants.awards.form_pages import open_lines
from grants.awards.forms import (
    NEW_PARTS,
    ChangeEntered,
    ClaimDecisionForm,
    ClaimForm,
    NoticeForm,
    read_change,
)
from grants.awards.pages import act_on_award, show_award
from grants.awards.workflow import CLAWBACK, ClaimState
from grants.kernel import calendar
from grants.kernel.errors import N_, Refusal
from grants.kernel.identity import Actor
from grants.kernel.identity import Permission as P
from grants.kernel.money import yuan_text
from grants.platform.access import actor_of
from grants.platform.forms import FormErrors, faulty, parse, typed_in
from grants.platform.pages import language_of, page, redirect, sheet, texts_of

R = Request[Any, Any, Any]

CLAIM_TONES = {
    "PROPOSED": "now",
    "OPEN": "warn",
    "SETTLED": "good",
    "WRITTEN_OFF": "",
    "REJECTED": "bad",
    "WITHDRAWN": "",
}


@get("/awards/{award_id:int}/change", permission=P.AWARD_CREATE)
async def form(request: R, award_id: FromPath[int]) -> Response[str]:
    """The form that changes what is still open."""
    return await _form(request, award_id)


async def _form(request: R, award_id: int, *, errors: FormErrors | None = None) -> Response[str]:
    award = await queries.award(actor_of(request), award_id)
    standing = await changes.open_parts(award_id)
    return page(
        request,
        "awards/change.html",
        422 if errors else 200,
        award=award,
        standing=standing,
        lines=[
            line
            for line in (await open_lines()).values()
            if line.programme_id == award.programme_id
        ],
        rows=[(str(i.sequence), str(i.sequence)) for i in standing],
        new_rows=[(f"new{n}", "+") for n in range(1, NEW_PARTS + 1)],
        claims=await clawbacks.owed_by_payee_of(award),
        typed=errors.typed if errors else _known(standing),
        errors=errors.messages(language_of(request)) if errors else {},
    )


def _known(standing: list[queries.Instalment]) -> dict[str, str]:
    known: dict[str, str] = {}
    for part in standing:
        known |= {
            f"line_id_{part.sequence}": str(part.line_id),
            f"amount_fen_{part.sequence}": yuan_text(part.amount_fen),
            f"due_on_{part.sequence}": part.due_on.isoformat(),
            f"condition_{part.sequence}": part.condition,
        }
    return known


#: Beside which field of the change's form a refusal belongs.
_FIELDS = {"award.set_off_differs": "clawback_id", "award.nothing_left": "reason"}


@post("/awards/{award_id:int}/change", permission=P.AWARD_CREATE, status_code=303)
async def propose(request: R, award_id: FromPath[int]) -> Response[Any]:
    """Propose the change."""
    given = await request.form()
    entered = read_change(given, await changes.open_parts(award_id), await open_lines())
    if not isinstance(entered, ChangeEntered):
        return await _form(request, award_id, errors=entered)
    try:
        await changes.propose_change(
            actor_of(request),
            award_id,
            entered.parts,
            reason=entered.head.reason,
            minutes_no=entered.head.minutes_no,
            clawback_id=entered.head.clawback_id,
            seen_version=entered.head.version,
            today=calendar.today(),
        )
    except Refusal as refusal:
        if refusal.code not in _FIELDS:
            raise
        errors = faulty(_FIELDS[refusal.code], refusal, typed_in(given))
        return await _form(request, award_id, errors=errors)
    return redirect(f"/awards/{award_id}", N_("Proposed; another person has to approve it."))


async def _verb(request: R) -> tuple[str, ClaimDecisionForm] | FormErrors:
    given = await request.form()
    parsed = parse(given, ClaimDecisionForm)
    return parsed if isinstance(parsed, FormErrors) else (str(given.get("verb", "")), parsed)


@post("/award-changes/{change_id:int}/decide", permission=P.AWARD_SEE, status_code=303)
async def decide(request: R, change_id: FromPath[int]) -> Response[Any]:
    """Approve, reject or withdraw a change."""
    change = await changes.change(change_id)
    entered = await _verb(request)
    if isinstance(entered, FormErrors):
        return await show_award(request, change.award_id, errors=entered, opened="change")
    verb, said = entered
    await changes.decide_change(
        actor_of(request), change_id, verb, today=calendar.today(), reason=said.reason
    )
    return redirect(f"/awards/{change.award_id}", N_("Decided."))


@post("/awards/{award_id:int}/clawbacks", permission=P.AWARD_CREATE, status_code=303)
async def claim(request: R, award_id: FromPath[int]) -> Response[Any]:
    """Claim paid money back."""
    given = await request.form()
    parsed = parse(given, ClaimForm)
    if isinstance(parsed, FormErrors):
        return await show_award(request, award_id, errors=parsed, opened="claim")
    try:
        await clawbacks.propose_clawback(actor_of(request), award_id, **parsed.model_dump())
    except Refusal as refusal:
        if refusal.code != "clawback.above_paid":
            raise
        errors = faulty("amount_fen", refusal, typed_in(given))
        return await show_award(request, award_id, errors=errors, opened="claim")
    return redirect(f"/awards/{award_id}", N_("Proposed; another person has to approve it."))


@post("/clawbacks/{clawback_id:int}/decide", permission=P.AWARD_SEE, status_code=303)
async def decide_claim(request: R, clawback_id: FromPath[int]) -> Response[Any]:
    """Approve, reject, withdraw or write off a claim."""
    found = await clawbacks.clawback(clawback_id)
    entered = await _verb(request)
    if isinstance(entered, FormErrors):
        return await show_award(request, found.award_id, errors=entered, opened="claim")
    verb, said = entered
    await clawbacks.decide_clawback(
        actor_of(request), clawback_id, verb, reason=said.reason, minutes_no=said.minutes_no
    )
    return redirect(f"/awards/{found.award_id}", N_("Decided."))


@get("/clawbacks", permission=P.BUDGET_SEE)
async def claims(request: R) -> Response[str]:
    """Changes that wait, and every claim for money back."""
    found = await clawbacks.clawbacks()
    return page(
        request,
        "awards/clawbacks.html",
        claims=found,
        waiting=await changes.waiting_changes(),
        owed_fen=sum(c.owed_fen for c in found),
        states=CLAWBACK.titles,
        tones=CLAIM_TONES,
        today=calendar.today(),
    )


@get("/clawbacks.xlsx", permission=P.BUDGET_SEE)
async def export(request: R) -> Response[bytes]:
    """The same as a sheet."""
    text = texts_of(request).text
    return sheet(
        request,
        "clawbacks",
        N_("Claims for money back"),
        [
            ("number", N_("Claim")),
            ("award_number", N_("Award")),
            ("payee_name", N_("Payee")),
            ("state", N_("State")),
            ("amount_fen", N_("Amount"), "yuan"),
            ("recovered_fen", N_("Came back"), "yuan"),
            ("due_on", N_("Due"), "day"),
            ("reason", N_("Reason")),
        ],
        await clawbacks.clawbacks(),
        state=lambda row: text(CLAWBACK.titles[ClaimState(row.state)]),
    )


@post("/awards/{award_id:int}/notice", permission=P.AWARD_CREATE, status_code=303)
async def notice(request: R, award_id: FromPath[int]) -> Response[Any]:
    """Record the award's public notice."""

    async def act(actor: Actor, said: NoticeForm) -> None:
        await actions.record_notice(
            actor,
            award_id,
            first=said.publicised_from,
            last=said.publicised_to,
            objections=said.objections,
        )

    return await act_on_award(request, award_id, "notice", N_("Recorded."), act, NoticeForm)


ROUTES = [form, propose, decide, claim, decide_claim, claims, export, notice]
