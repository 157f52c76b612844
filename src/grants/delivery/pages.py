"""Pages of running projects: what is spent, reported and changed, for the agency and the office."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath

from grants.awards.pages import TONES as AWARD_TONES
from grants.awards.workflow import AWARD, AwardState
from grants.delivery import queries, receipts
from grants.delivery.forms import JudgeForm, SpendingForm
from grants.delivery.queries import Project
from grants.delivery.receipts import Receipt
from grants.delivery.rules import eligible_fen
from grants.delivery.workflow import CHANGE, REPORT, SPENDING, SpendingState
from grants.kernel import calendar
from grants.kernel.errors import N_, NotFound, Refusal
from grants.kernel.identity import Actor
from grants.kernel.identity import Permission as P
from grants.platform import files
from grants.platform.access import actor_of
from grants.platform.audit import Case, timeline
from grants.platform.forms import FormErrors, faulty, parse, row_id, typed_in
from grants.platform.pages import language_of, page, redirect
from grants.platform.sections import Filling, Section, sections_of

R = Request[Any, Any, Any]

#: What higher features show on a project's page: its evaluations, its settlement.
SECTIONS: list[Filling] = []

SPENDING_TONES = {
    "ENTERED": "now",
    "ADMITTED": "good",
    "PARTLY": "warn",
    "REFUSED": "bad",
    "TAKEN_BACK": "",
}
REPORT_TONES = {"DRAFT": "", "SUBMITTED": "now", "ACCEPTED": "good", "RETURNED": "bad"}
CHANGE_TONES = {
    "PROPOSED": "now",
    "APPROVED": "good",
    "REJECTED": "bad",
    "WITHDRAWN": "",
    "RECORDED": "good",
}
VERBS = {
    "enter": N_("entered it"),
    "attach": N_("attached a paper"),
    "admit": N_("admitted it"),
    "admit_part": N_("admitted a part of it"),
    "refuse": N_("did not admit it"),
    "reconsider": N_("judges it again"),
    "take_back": N_("took it back"),
}
_PAGE = 50


@get("/projects", permission=P.PROJECT_SEE)
async def index(request: R) -> Response[str]:
    """Funded projects, those that wait for the office first; agencies see their own."""
    actor, asked = actor_of(request), request.query_params
    place = max(row_id(asked.get("page", "")) or 1, 1)
    found = await queries.projects(
        actor,
        search=asked.get("q", ""),
        waiting=asked.get("waiting") == "1",
        limit=_PAGE + 1,
        offset=(place - 1) * _PAGE,
    )
    return page(
        request,
        "delivery/list.html",
        projects=found[:_PAGE],
        more=len(found) > _PAGE,
        place=place,
        search=asked.get("q", ""),
        waiting=asked.get("waiting") == "1",
        titles=AWARD.titles,
        tones=AWARD_TONES,
    )


@get("/projects/{award_id:int}", permission=P.PROJECT_SEE)
async def show(request: R, award_id: FromPath[int]) -> Response[str]:
    """One project: cost lines, receipts, reports, changes."""
    return await _show(request, award_id)


async def _show(request: R, award_id: int, *, errors: FormErrors | None = None) -> Response[str]:
    actor = actor_of(request)
    found = await queries.project(actor, award_id)
    uses = await queries.uses_of(found)
    return page(
        request,
        "delivery/project.html",
        422 if errors else 200,
        project=found,
        award=found.award,
        content=found.content,
        plan=found.plan,
        uses=uses,
        eligible_fen=eligible_fen(uses),
        claimed_fen=sum(one.claimed_fen for one in uses),
        spendings=await queries.spendings(award_id),
        reports=await queries.reports(actor, award_id),
        changes=await queries.changes(award_id),
        own=_own(actor, found),
        state_title=AWARD.titles[AwardState(found.award.state)],
        tone=AWARD_TONES[found.award.state],
        spending_titles=SPENDING.titles,
        spending_tones=SPENDING_TONES,
        report_titles=REPORT.titles,
        report_tones=REPORT_TONES,
        change_titles=CHANGE.titles,
        change_tones=CHANGE_TONES,
        sections=await sections_of(SECTIONS, actor, award_id),
        accept=files.ACCEPT,
        today=calendar.today(),
        typed=errors.typed if errors else {},
        errors=errors.messages(language_of(request)) if errors else {},
    )


def _own(actor: Actor, found: Project) -> bool:
    """Whether the agency of this project may still write on it."""
    own = actor.organisation_id == found.agreement.organisation_id
    return own and actor.may(P.PROJECT_REPORT) and found.award.state == AwardState.ACTIVE


@post("/projects/{award_id:int}/spendings", permission=P.PROJECT_REPORT, status_code=303)
async def enter(request: R, award_id: FromPath[int]) -> Response[Any]:
    """Enter a receipt with its paper."""
    form = await request.form()
    parsed = parse(form, SpendingForm)
    if isinstance(parsed, FormErrors):
        return await _show(request, award_id, errors=parsed)
    actor, typed = actor_of(request), typed_in(form)
    name, content = await files.uploaded(form, "receipt")
    try:
        files.check(name, content)
    except Refusal as refusal:
        return await _show(request, award_id, errors=faulty("receipt", refusal, typed))
    receipt = Receipt(
        parsed.cost_line,
        parsed.spent_on,
        parsed.payee,
        parsed.item,
        parsed.amount_fen,
        parsed.receipt_no,
    )
    try:
        spending_id = await receipts.enter_spending(
            actor, award_id, receipt, today=calendar.today()
        )
    except Refusal as refusal:
        known = {"spending.receipt_twice": "receipt_no"}
        field = str(refusal.params.get("field", known.get(refusal.code, "")))
        if not field:
            raise
        return await _show(request, award_id, errors=faulty(field, refusal, typed))
    case = Case(receipts.KIND, spending_id)
    await files.attach(actor, case, name, content, "receipt")
    return redirect(f"/projects/{award_id}#spendings", N_("Entered; the office judges it."))


@get("/spendings/{spending_id:int}", permission=P.PROJECT_SEE)
async def show_spending(request: R, spending_id: FromPath[int]) -> Response[str]:
    """One receipt with its paper."""
    return await _show_spending(request, spending_id)


async def _show_spending(
    request: R, spending_id: int, *, errors: FormErrors | None = None, opened: str = ""
) -> Response[str]:
    actor = actor_of(request)
    found = await queries.spending(actor, spending_id)
    project = await queries.project(actor, found.award_id)
    case = receipts.spending_case(actor, found, found.version)
    probe = {"admit_part", "refuse", "reconsider"}
    steps = {
        step.verb: None
        if step.verb in probe and found.receipts
        else next((r for guard in step.guards if (r := guard(case))), None)
        for step in SPENDING.open_to(found.state, actor)
    }
    own_case = Case(receipts.KIND, spending_id)
    return page(
        request,
        "delivery/spending.html",
        422 if errors else 200,
        spending=found,
        project=project,
        use=next(
            (one for one in await queries.uses_of(project) if one.code == found.cost_line), None
        ),
        papers=await files.list_attachments(own_case),
        steps=steps,
        state_title=SPENDING.titles[SpendingState(found.state)],
        tone=SPENDING_TONES[found.state],
        left=await _left_to_judge(found.award_id, spending_id),
        events=await timeline(own_case),
        verbs=VERBS,
        typed=errors.typed if errors else {},
        errors=errors.messages(language_of(request)) if errors else {},
        opened=opened,
    )


async def _left_to_judge(award_id: int, but: int) -> list[int]:
    """The other receipts of the project that wait for a judgement, oldest first."""
    standing = await queries.spendings(award_id)
    return sorted(
        one.id for one in standing if one.state == SpendingState.ENTERED and one.id != but
    )


@post("/spendings/{spending_id:int}/judge", permission=P.PROJECT_SEE, status_code=303)
async def judge(request: R, spending_id: FromPath[int]) -> Response[Any]:
    """Admit, admit a part, refuse, judge again; or the agency takes it back."""
    form = await request.form()
    parsed = parse(form, JudgeForm)
    if isinstance(parsed, FormErrors):
        opened = str(form.get("verb", ""))
        return await _show_spending(request, spending_id, errors=parsed, opened=opened)
    actor = actor_of(request)
    award_id = (await queries.spending(actor, spending_id)).award_id
    try:
        await receipts.judge_spending(
            actor,
            spending_id,
            parsed.verb,
            seen_version=parsed.version,
            admitted_fen=parsed.admitted_fen,
            reason=parsed.reason,
        )
    except Refusal as refusal:
        fields = {"spending.part": "admitted_fen", "spending.reason": "reason"}
        if refusal.code not in fields:
            raise
        errors = faulty(fields[refusal.code], refusal, typed_in(form))
        return await _show_spending(request, spending_id, errors=errors, opened=parsed.verb)
    left = await _left_to_judge(award_id, spending_id)
    onward = f"/spendings/{left[0]}" if left and actor.may(P.PROJECT_JUDGE) else ""
    return redirect(onward or f"/projects/{award_id}#spendings", N_("Recorded."))


async def may_see_files(actor: Actor, spending_id: int) -> bool:
    """Whether the receipt, and so its paper, is within the actor's scope."""
    try:
        await queries.spending(actor, spending_id)
    except NotFound:
        return False
    return actor.may(P.PROJECT_SEE)


async def award_section(actor: Actor, award_id: int) -> Section | None:
    """The way from an award to its project."""
    if not actor.may(P.PROJECT_SEE):
        return None
    try:
        found = await queries.project(actor, award_id)
    except NotFound:
        return None
    uses = await queries.uses_of(found)
    return Section(
        N_("Project"),
        "delivery/_of_award.html",
        {
            "award_id": award_id,
            "claimed_fen": sum(one.claimed_fen for one in uses),
            "eligible_fen": eligible_fen(uses),
            "reports": len(await queries.reports(actor, award_id)),
        },
    )


async def need_section(actor: Actor, need_id: int) -> Section | None:
    """What became of a need: the projects that were funded for it, on its page."""
    if not actor.may(P.AWARD_SEE):
        return None
    found = await queries.results_for(actor, need_id)
    if not found:
        return None
    opens = "projects" if actor.may(P.PROJECT_SEE) else "awards"
    return Section(
        N_("What became of it"),
        "delivery/_of_need.html",
        {"results": found, "titles": AWARD.titles, "tones": AWARD_TONES, "opens": opens},
    )


ROUTES = [index, show, enter, show_spending, judge]
