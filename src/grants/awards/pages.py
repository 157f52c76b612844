"""Pages of awards: the list, the case, drawing one up, and the acts on it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath

from grants.awards import actions, changes, clawbacks, endings, instalments, queries
from grants.awards.forms import (
    ConditionForm,
    ReasonForm,
    RescheduleForm,
    TerminateForm,
    VersionForm,
)
from grants.awards.queries import AwardFilter
from grants.awards.rules import CAUSE_TITLES, AwardCase
from grants.awards.workflow import AWARD, CHANGE, CLAWBACK, INSTALMENT_TITLES, AwardState
from grants.budget import queries as budget
from grants.kernel import calendar
from grants.kernel.errors import N_, NotFound, Refusal
from grants.kernel.identity import Actor
from grants.kernel.identity import Permission as P
from grants.platform import files
from grants.platform.access import actor_of
from grants.platform.audit import Case, timeline
from grants.platform.forms import FormErrors, parse, row_id, year_named
from grants.platform.lists import Column, Listing, View
from grants.platform.pages import language_of, page, redirect, sheet, texts_of
from grants.platform.sections import Filling, Section, sections_of

R = Request[Any, Any, Any]

#: What higher features show on an award's page: its agreement, its project's progress.
SECTIONS: list[Filling] = []

TONES = {
    "DRAFT": "now",
    "ACTIVE": "good",
    "COMPLETED": "good",
    "TERMINATED": "bad",
    "WITHDRAWN": "",
    "HISTORIC": "",
}
INSTALMENT_TONES = {"OPEN": "", "REQUESTED": "now", "PAID": "good", "CANCELLED": ""}
VERBS = {
    "create": N_("drew it up"),
    "edit": N_("changed it"),
    "approve": N_("approved it; the budget is committed"),
    "withdraw": N_("withdrew it"),
    "reschedule": N_("rescheduled an instalment"),
    "grade": N_("recorded the grade of an evaluation"),
    "move_days": N_("moved the days of the project"),
    "confirm_condition": N_("recorded that a condition is met"),
    "amend": N_("changed its amount"),
    "notice": N_("recorded its public notice"),
    "terminate": N_("terminated it; what was open is released"),
    "complete": N_("completed it"),
    "commit_year": N_("committed the new year's share"),
    "import": N_("imported it"),
}
_COLUMNS = (
    Column("number", N_("Award"), always=True),
    Column("payee", N_("Payee")),
    Column("state", N_("State"), always=True),
    Column("amount", N_("Amount"), numeric=True, always=True),
)
_VIEWS = (
    View(N_("All"), ""),
    View(N_("To be approved"), "state=DRAFT"),
    View(N_("Active"), "state=ACTIVE"),
    View(N_("Completed"), "state=COMPLETED"),
    View(N_("Terminated"), "state=TERMINATED"),
    View(N_("Historic"), "state=HISTORIC"),
)


def _listing(request: R) -> Listing:
    return Listing.of(
        request, filters=("q", "state", "programme", "year"), columns=_COLUMNS, order="-number"
    )


def _filter(listing: Listing) -> AwardFilter:
    programme, year = listing.filters.get("programme", ""), listing.filters.get("year", "")
    return AwardFilter(
        state=listing.filters.get("state") or None,
        programme_id=row_id(programme),
        fiscal_year=year_named(year, 0) or None,
        search=listing.filters.get("q", ""),
    )


@get("/awards", permission=P.AWARD_SEE, cache=True)
async def index(request: R) -> Response[str]:
    """All awards within one's scope."""
    actor, listing = actor_of(request), _listing(request)
    wanted = _filter(listing)
    count, total_fen = await queries.count_awards(actor, wanted)
    return page(
        request,
        "awards/list.html",
        listing=listing.counted(count),
        total_fen=total_fen,
        awards=await queries.awards(actor, wanted, limit=listing.size, offset=listing.offset),
        views=_VIEWS,
        titles=AWARD.titles,
        tones=TONES,
        programmes=await budget.programmes(),
    )


@get("/awards.xlsx", permission=P.AWARD_SEE)
async def export(request: R) -> Response[bytes]:
    """Exactly the rows that the list shows, all pages of them."""
    text = texts_of(request).text
    return sheet(
        request,
        "awards",
        N_("Awards"),
        [
            ("number", N_("Award")),
            ("title", N_("Title")),
            ("payee_name", N_("Payee")),
            ("programme_name", N_("Programme")),
            ("state", N_("State")),
            ("amount_fen", N_("Amount"), "yuan"),
            ("paid_fen", N_("Paid"), "yuan"),
            ("decided_on", N_("Decided on"), "day"),
        ],
        await queries.awards(actor_of(request), _filter(_listing(request)), limit=100_000),
        state=lambda row: text(AWARD.titles[AwardState(row.state)]),
    )


def _open_steps(actor: Actor, award: queries.Award) -> dict[str, Refusal | None]:
    """Each step that the state allows, with what speaks against it for this person."""
    case = AwardCase(
        created_by_person=award.created_by_person,
        actor_person=actor.person_id,
        amount_fen=award.amount_fen,
        on_its_way_fen=award.on_its_way_fen,
        open_fen=award.committed_fen,
        minutes_no=award.minutes_no,
        seen_version=award.version,
        version=award.version,
    )
    return {
        step.verb: next((r for guard in step.guards if (r := guard(case))), None)
        for step in AWARD.open_to(award.state, actor)
    }


@get("/awards/{award_id:int}", permission=P.AWARD_SEE)
async def show(request: R, award_id: FromPath[int]) -> Response[str]:
    """One award: shares, instalments, moves, history."""
    return await show_award(request, award_id)


async def show_award(
    request: R, award_id: int, *, errors: FormErrors | None = None, opened: str = ""
) -> Response[str]:
    actor, today = actor_of(request), calendar.today()
    award = await queries.award(actor, award_id)
    return page(
        request,
        "awards/show.html",
        422 if errors else 200,
        award=award,
        state_title=AWARD.titles[AwardState(award.state)],
        tone=TONES[award.state],
        shares=await queries.shares(award_id),
        instalments=await queries.instalments(award_id),
        instalment_titles=INSTALMENT_TITLES,
        instalment_tones=INSTALMENT_TONES,
        moves=await budget.moves(award_id=award_id) if actor.may(P.BUDGET_SEE) else [],
        attachments=await files.list_attachments(Case("award", award_id)),
        steps=_open_steps(actor, award),
        changes=await changes.changes_of(award_id),
        claims=await clawbacks.clawbacks(award_id=award_id),
        owed=await clawbacks.owed_by_payee_of(award),
        change_titles=CHANGE.titles,
        claim_titles=CLAWBACK.titles,
        sections=await sections_of(SECTIONS, actor, award_id),
        events=await timeline(Case("award", award_id)),
        verbs=VERBS,
        causes=[(code, texts_of(request).text(said)) for code, said in CAUSE_TITLES.items()],
        today=today,
        typed=errors.typed if errors else {},
        errors=errors.messages(language_of(request)) if errors else {},
        opened=opened,
    )


async def act_on_award(
    request: R,
    award_id: int,
    verb: str,
    done: str,
    act: Callable[[Actor, Any], Awaitable[object]],
    form: type[Any],
) -> Response[Any]:
    parsed = parse(await request.form(), form)
    if isinstance(parsed, FormErrors):
        return await show_award(request, award_id, errors=parsed, opened=verb)
    await act(actor_of(request), parsed)
    return redirect(f"/awards/{award_id}", done)


@post("/awards/{award_id:int}/approve", permission=P.AWARD_APPROVE, status_code=303)
async def approve(request: R, award_id: FromPath[int]) -> Response[Any]:
    """Approve: the budget is committed."""

    async def act(actor: Actor, form: VersionForm) -> None:
        await actions.approve_award(
            actor,
            award_id,
            seen_version=form.version,
            today=calendar.today(),
            reason=form.reason,
        )

    return await act_on_award(
        request, award_id, "approve", N_("Approved; the budget is committed."), act, VersionForm
    )


@post("/awards/{award_id:int}/withdraw", permission=P.AWARD_CREATE, status_code=303)
async def withdraw(request: R, award_id: FromPath[int]) -> Response[Any]:
    """Take a draft back."""

    async def act(actor: Actor, form: ReasonForm) -> None:
        await actions.withdraw_award(actor, award_id, reason=form.reason)

    return await act_on_award(request, award_id, "withdraw", N_("Withdrawn."), act, ReasonForm)


@post("/awards/{award_id:int}/terminate", permission=P.AWARD_APPROVE, status_code=303)
async def terminate(request: R, award_id: FromPath[int]) -> Response[Any]:
    """End an award early and release what is open."""

    async def act(actor: Actor, form: TerminateForm) -> None:
        await endings.terminate_award(
            actor,
            award_id,
            seen_version=form.version,
            reason=form.reason,
            today=calendar.today(),
            cause=form.cause,
        )

    return await act_on_award(
        request,
        award_id,
        "terminate",
        N_("Terminated; what was open is free again."),
        act,
        TerminateForm,
    )


@post("/awards/{award_id:int}/complete", permission=P.AWARD_CREATE, status_code=303)
async def complete(request: R, award_id: FromPath[int]) -> Response[Any]:
    """Close an award of which everything is paid."""
    await endings.complete_award(actor_of(request), award_id)
    return redirect(f"/awards/{award_id}", N_("Completed."))


@post("/instalments/{instalment_id:int}/condition", permission=P.AWARD_CREATE, status_code=303)
async def confirm(request: R, instalment_id: FromPath[int]) -> Response[Any]:
    """Record that a condition is met."""
    instalment = await queries.instalment(instalment_id)

    async def act(actor: Actor, form: ConditionForm) -> None:
        await instalments.confirm_condition(
            actor, instalment_id, on=form.met_on, evidence=form.evidence, grade=form.grade
        )

    return await act_on_award(
        request,
        instalment.award_id,
        f"condition-{instalment_id}",
        N_("Recorded; the payment can be asked for."),
        act,
        ConditionForm,
    )


@post("/instalments/{instalment_id:int}/reschedule", permission=P.AWARD_CREATE, status_code=303)
async def reschedule(request: R, instalment_id: FromPath[int]) -> Response[Any]:
    """Move an instalment."""
    instalment = await queries.instalment(instalment_id)

    async def act(actor: Actor, form: RescheduleForm) -> None:
        await instalments.reschedule_instalment(
            actor,
            instalment_id,
            due_on=form.due_on,
            condition=form.condition,
            reason=form.reason,
        )

    return await act_on_award(
        request,
        instalment.award_id,
        f"reschedule-{instalment_id}",
        N_("Rescheduled."),
        act,
        RescheduleForm,
    )


async def may_see_files(actor: Actor, award_id: int) -> bool:
    """Whether the award, and so its files, is within the actor's scope."""
    try:
        await queries.award(actor, award_id)
    except NotFound:
        return False
    return actor.may(P.AWARD_SEE)


async def payee_section(actor: Actor, organisation_id: int) -> Section | None:
    """What a payee was awarded, on the payee's page."""
    if not actor.may(P.AWARD_SEE):
        return None
    wanted = AwardFilter(organisation_id=organisation_id)
    count, total_fen = await queries.count_awards(actor, wanted)
    return Section(
        N_("Awards"),
        "awards/_of_payee.html",
        {
            "count": count,
            "total_fen": total_fen,
            "awards": await queries.awards(actor, wanted, limit=10),
            "titles": AWARD.titles,
            "tones": TONES,
            "history": await queries.payee_history(organisation_id),
        },
    )


ROUTES = [
    index,
    export,
    show,
    approve,
    withdraw,
    terminate,
    complete,
    confirm,
    reschedule,
]
