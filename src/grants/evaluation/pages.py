"""Pages of evaluations: assigned by the office, filled in and signed by the evaluator."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath

from grants.delivery import queries as delivery
from grants.delivery.pages import SPENDING_TONES
from grants.delivery.receipts import KIND as SPENDING_KIND
from grants.delivery.rules import eligible_fen
from grants.delivery.workflow import SPENDING
from grants.evaluation import actions, documents, queries
from grants.evaluation.documents import TITLES
from grants.evaluation.forms import AssignForm, ReasonForm, SignForm, VersionForm, given_in
from grants.evaluation.queries import Evaluation
from grants.evaluation.rules import grade_of, left_open
from grants.evaluation.terms import EvaluationKind, Grade
from grants.evaluation.workflow import EVALUATION, EvaluationState
from grants.kernel import calendar
from grants.kernel.errors import N_, Conflict, NotFound, Refusal
from grants.kernel.identity import SYSTEM, Actor
from grants.kernel.identity import Permission as P
from grants.people.signature import signs_by_code
from grants.platform import files
from grants.platform.access import actor_of
from grants.platform.audit import Case, timeline
from grants.platform.forms import FormErrors, faulty, parse, row_id, typed_in
from grants.platform.pages import language_of, page, redirect, texts_of
from grants.platform.pdf import pdf_answer
from grants.platform.sections import Section
from grants.selection.guards import is_extreme

R = Request[Any, Any, Any]

TONES = {"ASSIGNED": "now", "SIGNED": "now", "CONFIRMED": "good", "CANCELLED": ""}
VERBS = {
    "assign": N_("assigned it"),
    "sign": N_("signed it"),
    "send_back": N_("sent it back"),
    "confirm": N_("confirmed it"),
    "cancel": N_("called it off"),
}
_PAGE = 50


@get("/evaluations", permission=P.EVALUATION_SEE)
async def index(request: R) -> Response[str]:
    """Evaluations: an evaluator's own, all of them for the office."""
    actor, asked = actor_of(request), request.query_params
    state, search = asked.get("state", ""), asked.get("q", "")
    place = max((row_id(asked.get("page", "")) or 1), 1)
    found = await queries.evaluations(
        actor, state=state, search=search, limit=_PAGE + 1, offset=(place - 1) * _PAGE
    )
    return page(
        request,
        "evaluation/list.html",
        evaluations=found[:_PAGE],
        more=len(found) > _PAGE,
        place=place,
        counts=await queries.count_by_state(actor),
        state=state,
        search=search,
        kinds=TITLES,
        titles=EVALUATION.titles,
        tones=TONES,
        today=calendar.today(),
    )


@get("/evaluations/{evaluation_id:int}", permission=P.EVALUATION_SEE)
async def show(request: R, evaluation_id: FromPath[int]) -> Response[str]:
    """One evaluation: the project left, the form right."""
    return await _show(request, evaluation_id)


async def _show(
    request: R, evaluation_id: int, *, errors: FormErrors | None = None, opened: str = ""
) -> Response[str]:
    actor = actor_of(request)
    found = await queries.evaluation(actor, evaluation_id)
    # The evaluator has no part in other projects: what he is shown of this one, this page reads.
    project = await delivery.project(SYSTEM, found.award_id)
    uses = await delivery.uses_of(project)
    criteria = found.rules.criteria(found.kind)
    steps = await actions.open_steps(actor, found)
    return page(
        request,
        "evaluation/evaluation.html",
        422 if errors else 200,
        evaluation=found,
        title=TITLES[EvaluationKind(found.kind)],
        project=project,
        uses=uses,
        eligible_fen=eligible_fen(uses),
        reports=await delivery.reports(SYSTEM, found.award_id),
        spendings=await delivery.spendings(found.award_id),
        spending_titles=SPENDING.titles,
        spending_tones=SPENDING_TONES,
        papers=await queries.receipt_papers(found.award_id),
        criteria=criteria,
        extremes={
            one.code: one.code in found.points and is_extreme(found.points[one.code], one)
            for one in criteria
        },
        lacking=len(set(left_open(found.points, found.words, found.finding, criteria))),
        grade=grade_of(found.total, found.rules) if found.total is not None else None,
        earned=_earned(found),
        fills=steps.get("fill", found) is None,
        steps=steps,
        by_code=await signs_by_code(actor),
        state_title=EVALUATION.titles[EvaluationState(found.state)],
        tone=TONES[found.state],
        events=await timeline(Case(actions.KIND, evaluation_id)),
        verbs=VERBS,
        typed=errors.typed if errors else {},
        errors=errors.messages(language_of(request)) if errors else {},
        opened=opened,
    )


def _earned(found: Evaluation) -> Grade | None:
    """What the points would earn, once every criterion has some."""
    criteria = found.rules.criteria(found.kind)
    if any(one.code not in found.points for one in criteria):
        return None
    return grade_of(sum(found.points.values()), found.rules)


@post("/projects/{award_id:int}/evaluations", permission=P.EVALUATION_ASSIGN, status_code=303)
async def assign(request: R, award_id: FromPath[int]) -> Response[Any]:
    """Ask somebody to evaluate the project."""
    form = await request.form()
    parsed = parse(form, AssignForm)
    if isinstance(parsed, FormErrors):
        return await _assign_form(request, award_id, parsed)
    try:
        evaluation_id = await actions.assign(
            actor_of(request),
            award_id,
            parsed.kind,
            parsed.evaluator,
            due_on=parsed.due_on,
            today=calendar.today(),
        )
    except Refusal as refusal:
        fields = {
            "evaluation.dependent": "evaluator",
            "evaluation.due": "due_on",
            "evaluation.passed": "kind",
            "evaluation.open": "kind",
            "evaluation.early": "kind",
            "evaluation.late": "kind",
            "evaluation.over": "kind",
        }
        if refusal.code not in fields:
            raise
        errors = faulty(fields[refusal.code], refusal, typed_in(form))
        return await _assign_form(request, award_id, errors)
    return redirect(f"/evaluations/{evaluation_id}", N_("Assigned; the evaluator is told."))


@get("/projects/{award_id:int}/evaluations", permission=P.EVALUATION_ASSIGN)
async def assign_form(request: R, award_id: FromPath[int]) -> Response[str]:
    """The form that asks for an evaluation."""
    return await _assign_form(request, award_id)


async def _assign_form(
    request: R, award_id: int, errors: FormErrors | None = None
) -> Response[str]:
    today = calendar.today()
    return page(
        request,
        "evaluation/assign.html",
        422 if errors else 200,
        project=await delivery.project(actor_of(request), award_id),
        evaluators=await queries.evaluators(today),
        kinds=TITLES,
        due_on=today + timedelta(days=14),
        typed=errors.typed if errors else {},
        errors=errors.messages(language_of(request)) if errors else {},
    )


async def _kept(request: R, evaluation_id: int) -> Refusal | None:
    actor, form = actor_of(request), await request.form()
    found = await queries.evaluation(actor, evaluation_id)
    codes = [one.code for one in found.rules.criteria(found.kind)]
    try:
        await actions.fill(
            actor,
            evaluation_id,
            given_in(form, codes),
            seen_version=row_id(form.get("version", "")) or 0,
        )
    except Refusal as refusal:
        if refusal.status == 404:
            raise
        return refusal
    return None


@post("/evaluations/{evaluation_id:int}", permission=P.EVALUATE, status_code=303)
async def fill(request: R, evaluation_id: FromPath[int]) -> Response[Any]:
    """Keep the form, where the page could not do it by itself."""
    refusal = await _kept(request, evaluation_id)
    if refusal:
        field = str(refusal.params.get("field", ""))
        if not field:
            raise refusal
        errors = faulty(field, refusal, typed_in(await request.form()))
        return await _show(request, evaluation_id, errors=errors)
    return redirect(f"/evaluations/{evaluation_id}", N_("Saved."))


@post("/evaluations/{evaluation_id:int}/keep", permission=P.EVALUATE, status_code=200)
async def keep(request: R, evaluation_id: FromPath[int]) -> Response[str]:
    """Keep the form while it is filled in; answers the next version, or why it was not kept."""
    refusal = await _kept(request, evaluation_id)
    found = await queries.evaluation(actor_of(request), evaluation_id)
    said = texts_of(request).text(refusal.message, **refusal.params) if refusal else ""
    criteria = found.rules.criteria(found.kind)
    return page(
        request,
        "evaluation/_kept.html",
        # A stale page stops saving by itself: what another window wrote stands.
        409 if isinstance(refusal, Conflict) else 200,
        evaluation=found,
        refused=said,
        whole=not left_open(found.points, found.words, found.finding, criteria),
        now=calendar.now(),
    )


@post("/evaluations/{evaluation_id:int}/sign", permission=P.EVALUATE, status_code=303)
async def sign(request: R, evaluation_id: FromPath[int]) -> Response[Any]:
    """Sign the form."""
    parsed = parse(await request.form(), SignForm)
    if isinstance(parsed, FormErrors):
        return await _show(request, evaluation_id, errors=parsed, opened="sign")
    try:
        await actions.sign(actor_of(request), evaluation_id, parsed.secret)
    except Refusal as refusal:
        if refusal.code != "signature.wrong":
            raise
        errors = faulty("secret", refusal, {})
        return await _show(request, evaluation_id, errors=errors, opened="sign")
    return redirect(f"/evaluations/{evaluation_id}", N_("Signed."))


@post("/evaluations/{evaluation_id:int}/confirm", permission=P.PROJECT_DECIDE, status_code=303)
async def confirm(request: R, evaluation_id: FromPath[int]) -> Response[Any]:
    """Confirm the result."""
    parsed = parse(await request.form(), VersionForm)
    if isinstance(parsed, FormErrors):
        raise NotFound()
    await actions.confirm(
        actor_of(request), evaluation_id, seen_version=parsed.version, today=calendar.today()
    )
    return redirect(f"/evaluations/{evaluation_id}", N_("Confirmed."))


@post("/evaluations/{evaluation_id:int}/send-back", permission=P.PROJECT_DECIDE, status_code=303)
async def send_back(request: R, evaluation_id: FromPath[int]) -> Response[Any]:
    """Send it back to the evaluator."""
    parsed = parse(await request.form(), ReasonForm)
    if isinstance(parsed, FormErrors):
        return await _show(request, evaluation_id, errors=parsed, opened="send_back")
    await actions.send_back(actor_of(request), evaluation_id, reason=parsed.reason)
    return redirect(f"/evaluations/{evaluation_id}", N_("Sent back."))


@post("/evaluations/{evaluation_id:int}/cancel", permission=P.EVALUATION_ASSIGN, status_code=303)
async def cancel(request: R, evaluation_id: FromPath[int]) -> Response[Any]:
    """Call it off."""
    parsed = parse(await request.form(), ReasonForm)
    if isinstance(parsed, FormErrors):
        return await _show(request, evaluation_id, errors=parsed, opened="cancel")
    await actions.cancel(actor_of(request), evaluation_id, reason=parsed.reason)
    return redirect("/evaluations", N_("Called off."))


@get("/evaluations/{evaluation_id:int}/papers/{attachment_id:int}", permission=P.EVALUATION_SEE)
async def paper(
    request: R, evaluation_id: FromPath[int], attachment_id: FromPath[int]
) -> Response[bytes]:
    """A receipt of the project that is evaluated."""
    found = await queries.evaluation(actor_of(request), evaluation_id)
    for one in await queries.receipt_papers(found.award_id):
        if one.id == attachment_id:
            case = Case(SPENDING_KIND, one.spending_id)
            kept = {held.id: held for held in await files.list_attachments(case)}
            return files.download(
                kept[attachment_id], await files.open_attachment(case, attachment_id)
            )
    raise NotFound()


@get("/evaluations/{evaluation_id:int}/report.pdf", permission=P.EVALUATION_SEE)
async def report(request: R, evaluation_id: FromPath[int]) -> Response[bytes]:
    """The evaluation report."""
    actor = actor_of(request)
    found = await queries.evaluation(actor, evaluation_id)
    project = await delivery.project(SYSTEM, found.award_id)
    content = await documents.evaluation_report(
        actor, found, project.content.office.name, language_of(request)
    )
    return pdf_answer(content, f"evaluation-{evaluation_id}")


async def project_section(actor: Actor, award_id: int) -> Section | None:
    """The evaluations of a project, on its page."""
    if not actor.may(P.EVALUATION_SEE):
        return None
    made: list[Evaluation] = await queries.evaluations(actor, award_id=award_id)
    if not made and not actor.may(P.EVALUATION_ASSIGN):
        return None
    return Section(
        N_("Evaluations"),
        "evaluation/_of_project.html",
        {
            "award_id": award_id,
            "evaluations": made,
            "kinds": TITLES,
            "titles": EVALUATION.titles,
            "tones": TONES,
        },
    )


ROUTES = [
    index,
    show,
    assign,
    assign_form,
    fill,
    keep,
    sign,
    confirm,
    send_back,
    cancel,
    paper,
    report,
]
