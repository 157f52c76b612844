"""Pages of agreements: for the office that draws them up, for the agency that signs them."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath

from grants.agreements import actions, documents, queries
from grants.agreements.forms import DaysForm, ReasonForm, VersionForm
from grants.agreements.workflow import AGREEMENT, AgreementState
from grants.decisions import queries as decisions
from grants.decisions.workflow import DecisionState
from grants.kernel import calendar
from grants.kernel.errors import N_, NotFound, Refusal
from grants.kernel.identity import Actor
from grants.kernel.identity import Permission as P
from grants.platform import files
from grants.platform.access import actor_of
from grants.platform.audit import Case, timeline
from grants.platform.forms import FormErrors, faulty, parse, row_id, typed_in
from grants.platform.pages import language_of, page, redirect
from grants.platform.pdf import pdf_answer
from grants.platform.sections import Filling, Section, sections_of

R = Request[Any, Any, Any]

#: What higher features show on an agreement's page.
SECTIONS: list[Filling] = []

TONES = {
    "DRAFT": "now",
    "ISSUED": "now",
    "AGENCY_SIGNED": "now",
    "SIGNED": "now",
    "ACTIVE": "good",
    "VOID": "bad",
}
VERBS = {
    "draw_up": N_("drew it up"),
    "edit": N_("changed its days"),
    "issue": N_("issued it for signature"),
    "recall": N_("recalled it"),
    "attach": N_("attached a paper"),
    "sign_agency": N_("handed in the paper signed by the agency"),
    "return_scan": N_("returned the scan"),
    "sign_office": N_("handed in the paper sealed by both"),
    "activate": N_("put it into force; the budget is committed"),
    "void": N_("declared it void"),
}
_PAGE = 50


@get("/agreements", permission=P.AGREEMENT_SEE)
async def index(request: R) -> Response[str]:
    """Agreements, newest first; agencies see their own."""
    actor, asked = actor_of(request), request.query_params
    state = asked.get("state", "")
    round_id = row_id(asked.get("round", ""))
    place = max((row_id(asked.get("page", "")) or 1), 1)
    issues = state == AgreementState.DRAFT and actor.may(P.AGREEMENT_EDIT)
    found = await queries.agreements(
        actor,
        state=state,
        round_id=round_id,
        search=asked.get("q", ""),
        limit=_PAGE + 1,
        offset=(place - 1) * _PAGE,
    )
    return page(
        request,
        "agreements/list.html",
        agreements=found[:_PAGE],
        more=len(found) > _PAGE,
        place=place,
        counts=await queries.count_by_state(actor, round_id),
        state=state,
        round_id=round_id,
        decision=await decisions.adopted(round_id) if issues and round_id else None,
        search=asked.get("q", ""),
        titles=AGREEMENT.titles,
        tones=TONES,
    )


@get("/agreements/{agreement_id:int}", permission=P.AGREEMENT_SEE)
async def show(request: R, agreement_id: FromPath[int]) -> Response[str]:
    """One agreement."""
    return await _show(request, agreement_id)


async def _show(
    request: R, agreement_id: int, *, errors: FormErrors | None = None, opened: str = ""
) -> Response[str]:
    actor = actor_of(request)
    found = await queries.agreement(actor, agreement_id)
    case = Case(actions.KIND, agreement_id)
    return page(
        request,
        "agreements/agreement.html",
        422 if errors else 200,
        agreement=found,
        content=found.content,
        steps=await actions.open_steps(actor, found),
        state_title=AGREEMENT.titles[AgreementState(found.state)],
        tone=TONES[found.state],
        scans=[
            one
            for one in await files.list_attachments(case)
            if one.sha256 in (found.agency_scan_sha256, found.office_scan_sha256)
        ],
        stages=_stages(found),
        sections=await sections_of(SECTIONS, actor, agreement_id),
        events=await timeline(case),
        verbs=VERBS,
        typed=errors.typed if errors else {},
        errors=errors.messages(language_of(request)) if errors else {},
        opened=opened,
    )


def _stages(found: queries.Agreement) -> list[dict[str, object]]:
    """The way of the paper: drawn up, signed by the agency, sealed by the office, in force."""
    order = ("DRAFT", "ISSUED", "AGENCY_SIGNED", "SIGNED", "ACTIVE")
    reached = order.index(found.state) if found.state in order else 0
    titles = (
        (N_("Draw up"), found.drawn_up_at),
        (N_("Signed by the agency"), found.agency_signed_at),
        (N_("Signed by the office"), found.office_signed_at),
        (N_("Effective"), found.activated_at),
    )
    stages: list[dict[str, object]] = []
    for n, (title, at) in enumerate(titles):
        state = "done" if n < reached else "here" if n == reached else "next"
        if found.state == AgreementState.VOID:
            state = "stopped" if n == 0 else "skipped"
        stages.append({"title": title, "state": state, "at": at if state == "done" else None})
    return stages


@post("/agreements/{agreement_id:int}/days", permission=P.AGREEMENT_EDIT, status_code=303)
async def change_days(request: R, agreement_id: FromPath[int]) -> Response[Any]:
    """Move the days of a draft."""
    form = await request.form()
    parsed = parse(form, DaysForm)
    if isinstance(parsed, FormErrors):
        return await _show(request, agreement_id, errors=parsed)
    try:
        await actions.change_days(
            actor_of(request),
            agreement_id,
            starts_on=parsed.starts_on,
            ends_on=parsed.ends_on,
            seen_version=parsed.version,
            today=calendar.today(),
        )
    except Refusal as refusal:
        if refusal.code != "agreement.days":
            raise
        return await _show(request, agreement_id, errors=faulty("ends_on", refusal, typed_in(form)))
    return redirect(f"/agreements/{agreement_id}", N_("Saved."))


async def _version(request: R) -> int:
    parsed = parse(await request.form(), VersionForm)
    if isinstance(parsed, FormErrors):
        raise NotFound()
    return parsed.version


@post("/agreements/{agreement_id:int}/issue", permission=P.AGREEMENT_EDIT, status_code=303)
async def issue(request: R, agreement_id: FromPath[int]) -> Response[Any]:
    """Freeze it and ask the agency to sign."""
    version = await _version(request)
    await actions.issue(actor_of(request), agreement_id, seen_version=version)
    return redirect(f"/agreements/{agreement_id}", N_("Issued; the agency is told."))


@post("/agreements/{agreement_id:int}/recall", permission=P.AGREEMENT_EDIT, status_code=303)
async def recall(request: R, agreement_id: FromPath[int]) -> Response[Any]:
    """Take it back into the draft."""
    return await _with_reason(
        request, agreement_id, "recall", actions.recall, N_("Recalled; issue it anew.")
    )


@post("/agreements/{agreement_id:int}/return-scan", permission=P.AGREEMENT_EDIT, status_code=303)
async def return_scan(request: R, agreement_id: FromPath[int]) -> Response[Any]:
    """Send the agency's scan back."""
    return await _with_reason(
        request, agreement_id, "return_scan", actions.return_scan, N_("Returned.")
    )


@post("/agreements/{agreement_id:int}/void", permission=P.AWARD_APPROVE, status_code=303)
async def declare_void(request: R, agreement_id: FromPath[int]) -> Response[Any]:
    """End it unsigned: the reserve moves up."""
    return await _with_reason(
        request,
        agreement_id,
        "void",
        actions.declare_void,
        N_("Void; the project is dropped and the reserve moves up."),
    )


async def _with_reason(
    request: R, agreement_id: int, opened: str, act: Any, done: str
) -> Response[Any]:
    parsed = parse(await request.form(), ReasonForm)
    if isinstance(parsed, FormErrors):
        return await _show(request, agreement_id, errors=parsed, opened=opened)
    await act(actor_of(request), agreement_id, reason=parsed.reason)
    return redirect(f"/agreements/{agreement_id}", done)


@post("/agreements/{agreement_id:int}/agency-scan", permission=P.APPLICATION_EDIT, status_code=303)
async def sign_for_agency(request: R, agreement_id: FromPath[int]) -> Response[Any]:
    """Hand in the paper that the agency has signed."""
    return await _hand_in(
        request, agreement_id, actions.sign_for_agency, N_("Handed in; the office seals it next.")
    )


@post("/agreements/{agreement_id:int}/office-scan", permission=P.AGREEMENT_EDIT, status_code=303)
async def sign_for_office(request: R, agreement_id: FromPath[int]) -> Response[Any]:
    """Hand in the paper that both have sealed."""
    return await _hand_in(
        request,
        agreement_id,
        actions.sign_for_office,
        N_("Handed in; another person puts it into force."),
    )


async def _hand_in(request: R, agreement_id: int, act: Any, done: str) -> Response[Any]:
    name, content = await files.uploaded(await request.form())
    try:
        await act(actor_of(request), agreement_id, name, content)
    except Refusal as refusal:
        if refusal.status == 404:
            raise
        return await _show(request, agreement_id, errors=faulty("file", refusal, {}))
    return redirect(f"/agreements/{agreement_id}", done)


@post("/agreements/{agreement_id:int}/activate", permission=P.AWARD_APPROVE, status_code=303)
async def activate(request: R, agreement_id: FromPath[int]) -> Response[Any]:
    """Put it into force: the award commits the budget."""
    version = await _version(request)
    award_id = await actions.activate(
        actor_of(request), agreement_id, seen_version=version, today=calendar.today()
    )
    return redirect(f"/awards/{award_id}", N_("In force; the budget is committed."))


@get("/agreements/{agreement_id:int}/agreement.pdf", permission=P.AGREEMENT_SEE)
async def paper(request: R, agreement_id: FromPath[int]) -> Response[bytes]:
    """The agreement to be printed and signed."""
    found = await queries.agreement(actor_of(request), agreement_id)
    return pdf_answer(await documents.agreement_paper(found), f"agreement-{agreement_id}")


@get("/agreements/{agreement_id:int}/letter.pdf", permission=P.AGREEMENT_SEE)
async def letter(request: R, agreement_id: FromPath[int]) -> Response[bytes]:
    """The award letter."""
    found = await queries.agreement(actor_of(request), agreement_id)
    return pdf_answer(await documents.award_letter(found), f"award-letter-{agreement_id}")


@get("/agreements/{agreement_id:int}/paper/{code:str}", permission=P.PUBLIC)
async def check_paper(
    request: R, agreement_id: FromPath[int], code: FromPath[str]
) -> Response[str]:
    """What the code on a paper leads to: whether it is the edition that counts."""
    found = await queries.agreement_on_paper(agreement_id)
    if len(code) != 32:
        raise NotFound()
    return page(
        request,
        "agreements/paper.html",
        agreement=found,
        content=found.content,
        counts=found.digest[:32] == code,
        state_title=AGREEMENT.titles[AgreementState(found.state)],
        tone=TONES[found.state],
    )


async def _round_of_decision(decision_id: int) -> int:
    decision = await decisions.decision(decision_id)
    if decision.state != DecisionState.ADOPTED:
        raise NotFound()
    return decision.round_id


@post("/decisions/{decision_id:int}/agreements", permission=P.AGREEMENT_EDIT, status_code=303)
async def draw_up_all(request: R, decision_id: FromPath[int]) -> Response[Any]:
    """Draw up the agreements of all projects that are to be funded."""
    round_id = await _round_of_decision(decision_id)
    made = await actions.draw_up_all(actor_of(request), round_id, today=calendar.today())
    return redirect(
        f"/agreements?round={round_id}&state=DRAFT",
        N_("{count} agreements drawn up; look through them and issue them."),
        count=made,
    )


@post("/decisions/{decision_id:int}/agreements/issue", permission=P.AGREEMENT_EDIT, status_code=303)
async def issue_all(request: R, decision_id: FromPath[int]) -> Response[Any]:
    """Issue all drafts of a decision."""
    round_id = await _round_of_decision(decision_id)
    issued = await actions.issue_all(actor_of(request), round_id)
    return redirect(
        f"/agreements?round={round_id}&state=ISSUED",
        N_("{count} agreements issued; the agencies are told."),
        count=issued,
    )


async def decision_section(actor: Actor, decision_id: int) -> Section | None:
    """The agreements of a decision, on its page."""
    decision = await decisions.decision(decision_id)
    if not actor.may(P.AGREEMENT_SEE) or decision.state != DecisionState.ADOPTED:
        return None
    counts = await queries.count_by_state(actor, decision.round_id)
    waiting = await queries.without_agreement(decision.round_id)
    if not counts and not waiting:
        return None
    return Section(
        N_("Agreements"),
        "agreements/_of_decision.html",
        {
            "decision_id": decision_id,
            "round_id": decision.round_id,
            "counts": counts,
            "waiting": len(waiting),
            "titles": AGREEMENT.titles,
            "tones": TONES,
        },
    )


async def application_section(actor: Actor, application_id: int) -> Section | None:
    """The agreement of an application, on its page."""
    found = await queries.agreement_of(actor, application_id)
    return _link(found) if found and actor.may(P.AGREEMENT_SEE) else None


async def award_section(actor: Actor, award_id: int) -> Section | None:
    """The agreement from which an award came, on its page."""
    found = await queries.agreement_of_award(award_id)
    return _link(found) if found and actor.may(P.AGREEMENT_SEE) else None


def _link(found: queries.Agreement) -> Section:
    shown = {"agreement": found, "titles": AGREEMENT.titles, "tones": TONES}
    return Section(N_("Agreement"), "agreements/_link.html", shown)


async def may_see_files(actor: Actor, agreement_id: int) -> bool:
    """Whether the agreement, and so its scans, is within the actor's scope."""
    try:
        await queries.agreement(actor, agreement_id)
    except NotFound:
        return False
    return actor.may(P.AGREEMENT_SEE)


ROUTES = [
    index,
    show,
    change_days,
    issue,
    recall,
    return_scan,
    declare_void,
    sign_for_agency,
    sign_for_office,
    activate,
    paper,
    letter,
    check_paper,
    draw_up_all,
    issue_all,
]
