"""Pages of one application: its tasks while it is written, what was submitted, its papers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath

from grants.agencies.queries import representative_of
from grants.applications import documents, drafting, queries, screening, submitting
from grants.applications.budgets import sums_of
from grants.applications.forms import SubmitForm, VersionForm
from grants.applications.queries import Application
from grants.applications.sections import FILES, SECTIONS, Budget
from grants.applications.workflow import APPLICATION, PASSED, ApplicationState
from grants.calls import need_queries
from grants.calls.words import CHECKS
from grants.kernel import calendar
from grants.kernel.errors import N_, NotFound, Refusal
from grants.kernel.findings import Finding, Mark
from grants.kernel.identity import Actor
from grants.kernel.identity import Permission as P
from grants.platform import files
from grants.platform.access import actor_of
from grants.platform.audit import Case, timeline
from grants.platform.forms import FormErrors, parse, row_id
from grants.platform.pages import language_of, page, redirect, texts_of
from grants.platform.pdf import pdf_answer
from grants.platform.sections import Filling, sections_of

R = Request[Any, Any, Any]

#: What higher features show on an application's page: its scores, its place, its award.
SECTIONS_OF_HIGHER: list[Filling] = []

TONES = {
    "DRAFT": "now",
    "DISCARDED": "",
    "LAPSED": "bad",
    "SUBMITTED": "good",
    "SUPPLEMENT": "warn",
    "ELIGIBLE": "good",
    "INELIGIBLE": "bad",
    "PROPOSED": "good",
    "RESERVE": "warn",
    "REJECTED": "bad",
    "APPROVED": "good",
    "DROPPED": "bad",
    "AWARDED": "good",
}
VERBS = {
    "begin": N_("began it"),
    "submit": N_("submitted it"),
    "withdraw": N_("withdrew it"),
    "discard": N_("discarded it"),
    "lapse": N_("let it lapse: the call had closed"),
    "attach": N_("attached a paper"),
    "detach": N_("took a paper off"),
    "pass": N_("let it pass the checks"),
    "fail": N_("failed it in the checks"),
    "ask_supplement": N_("asked for a supplement"),
    "supplement": N_("sent the supplement"),
    "supplement_lapses": N_("gave it back: the days to supplement were over"),
    "reconsider": N_("took the verdict back"),
    "propose": N_("proposed it for funding"),
    "reserve": N_("put it on the reserve list"),
    "reject": N_("did not fund it"),
    "promote": N_("moved it up from the reserve"),
    "confirm": N_("confirmed it: the notice is over"),
    "drop": N_("dropped it"),
    "award": N_("made it an award: the agreement is signed"),
}
VERDICTS = {
    "PASS": N_("Passed"),
    "FAIL": N_("Failed"),
    "SUPPLEMENT": N_("Supplement asked for"),
    "RECONSIDER": N_("Taken back"),
}


@post("/calls/{round_id:int}/applications", permission=P.APPLICATION_EDIT, status_code=303)
async def begin(request: R, round_id: FromPath[int]) -> Response[Any]:
    """Begin a draft."""
    application_id = await drafting.begin_application(actor_of(request), round_id)
    return redirect(f"/applications/{application_id}")


@dataclass(frozen=True)
class Stage:
    """A stage of an application's way, as the chain shows it."""

    title: str
    state: str
    who: str = ""
    at: datetime | None = None


S = ApplicationState
#: The stage at which an application of each state stands; past the last one it is funded.
_STAGE_OF = {
    S.DRAFT: 0,
    S.DISCARDED: 0,
    S.LAPSED: 0,
    S.SUBMITTED: 1,
    S.SUPPLEMENT: 1,
    S.INELIGIBLE: 1,
    S.ELIGIBLE: 2,
    S.PROPOSED: 3,
    S.RESERVE: 3,
    S.REJECTED: 3,
    S.DROPPED: 3,
    S.APPROVED: 4,
    S.AWARDED: 5,
}
_ENDED = (S.DISCARDED, S.LAPSED, S.INELIGIBLE, S.REJECTED, S.DROPPED)


def _way(found: Application, text: Callable[..., str]) -> list[Stage]:
    """Where the application stands on its way, what is next and until when."""
    terms, state = found.terms, ApplicationState(found.state)
    reached = _STAGE_OF[state]
    notes = {
        0: text(N_("until {day}"), day=terms.closes_at.strftime("%m-%d %H:%M")),
        1: text(N_("supplement until {day}"), day=found.supplement_until)
        if state is S.SUPPLEMENT
        else text(N_("from {day}"), day=terms.closes_at.strftime("%m-%d")),
        3: text(N_("On the reserve list"))
        if state is S.RESERVE
        else text(N_("{count} working days"), count=terms.publicity_workdays),
    }
    titles = (
        N_("Write and submit"),
        N_("Checks"),
        N_("Review by experts"),
        N_("Public notice"),
        N_("Agreement and payment"),
    )
    stages = []
    for n, title in enumerate(titles):
        stands = "done" if n < reached else "next" if n > reached else "here"
        if n == reached and state in _ENDED:
            stands = "stopped"
        shown = stands == "here" or (stands == "next" and n == 3)
        submitted = found.submitted_at if n == 0 and stands == "done" else None
        stages.append(Stage(text(title), stands, notes.get(n, "") if shown else "", submitted))
    return stages


@get("/applications/{application_id:int}", permission=P.APPLICATION_SEE)
async def show(request: R, application_id: FromPath[int]) -> Response[str]:
    """One application: its tasks while it is written, else what was submitted."""
    return await show_application(request, application_id)


async def show_application(
    request: R, application_id: int, *, errors: FormErrors | None = None, opened: str = ""
) -> Response[str]:
    actor = actor_of(request)
    found = await queries.application(actor, application_id)
    own = actor.organisation_id == found.organisation_id
    writable = own and found.state in (ApplicationState.DRAFT, ApplicationState.SUPPLEMENT)
    submissions = await queries.submissions(application_id)
    screenings = await queries.screenings(application_id)
    text = texts_of(request).text
    findings = await _findings(actor, found, screenings) if submissions else []
    return page(
        request,
        "applications/draft.html" if writable else "applications/show.html",
        422 if errors else 200,
        a=found,
        own=own,
        way=_way(found, text),
        state_title=APPLICATION.titles[ApplicationState(found.state)],
        tone=TONES[found.state],
        tasks=await _tasks(request, found) if writable else [],
        submissions=submissions,
        screenings=screenings,
        findings=findings if not own else _of_applicant(screenings, findings),
        parts=await documents.read_sections(
            found, submissions[0].content["sections"], texts_of(request)
        )
        if submissions and not writable
        else [],
        papers=await files.list_attachments(Case(drafting.KIND, application_id)),
        paper_names={one.code: one.name for one in found.terms.files},
        sums=_submitted_sums(found, submissions),
        need=await need_queries.need(actor, found.need_id) if found.need_id else None,
        checks=CHECKS,
        steps=_open_steps(actor, found, findings, screenings) if not writable else {},
        representative=await representative_of(found.organisation_id),
        sections=await sections_of(SECTIONS_OF_HIGHER, actor, application_id),
        events=await timeline(Case(drafting.KIND, application_id)),
        verbs=VERBS,
        verdicts=VERDICTS,
        now=calendar.now(),
        typed=errors.typed if errors else {},
        errors=errors.messages(language_of(request)) if errors else {},
        opened=opened,
    )


async def _findings(
    actor: Actor, found: Application, screenings: list[queries.Screening]
) -> list[Finding]:
    """What the checks find now; after a verdict, what they had found then."""
    decided = found.state in (*PASSED, ApplicationState.INELIGIBLE)
    if decided and screenings:
        return [
            Finding(f["rule"], Mark(f["mark"]), f["message"], f["params"])
            for f in screenings[0].findings
        ]
    if actor.organisation_id is not None:
        return []
    return await screening.findings_on(actor, found)


def _of_applicant(screenings: list[queries.Screening], findings: list[Finding]) -> list[Finding]:
    """The applicant reads the checks once there is a verdict; nothing about other agencies."""
    return [one for one in findings if one.rule != "is_not_funded_already"] if screenings else []


def _submitted_sums(found: Application, submissions: list[queries.Submission]) -> Any:
    if not submissions:
        return None
    budget = Budget.model_validate(submissions[0].content["sections"]["budget"])
    return sums_of(budget, found.terms, found.category)


def _open_steps(
    actor: Actor,
    found: Application,
    findings: list[Finding],
    screenings: list[queries.Screening],
) -> dict[str, Refusal | None]:
    """Each step that the state allows, with what speaks against it for this person."""
    case = drafting.case_of(
        actor,
        found,
        found.version,
        declared=True,
        stops=sum(one.mark is Mark.STOP for one in findings),
        reason="…" * 5,
        supplemented_before=any(one.verdict == "SUPPLEMENT" for one in screenings),
    )
    return {
        step.verb: next((r for guard in step.guards if (r := guard(case))), None)
        for step in APPLICATION.open_to(found.state, actor)
        if step.permission is not P.SIGNED_IN
    }


@dataclass(frozen=True)
class Task:
    """One section in the list of tasks."""

    title: str
    href: str
    word: str
    tone: str
    note: str


async def _tasks(request: R, found: Application) -> list[Task]:
    """Every section with its state: not begun, under way, whole."""
    text = texts_of(request).text
    saved = await queries.sections(found.id)
    tasks = []
    for code, kind in SECTIONS.items():
        section = saved.get(code)
        word, tone = (
            (N_("Not begun"), "")
            if section is None
            else (N_("Whole"), "good")
            if section.whole
            else (N_("Under way"), "now")
        )
        note = (
            text(
                N_("saved by {who}, {moment}"),
                who=section.saved_by,
                moment=section.saved_at.astimezone(calendar.ZONE).strftime("%m-%d %H:%M"),
            )
            if section
            else text(kind.text)
        )
        href = f"/applications/{found.id}/{code}"
        tasks.append(Task(text(kind.title), href, text(word), tone, note))
    missing = await drafting.missing_papers(found)
    tasks.append(
        Task(
            text(N_("Papers")),
            f"/applications/{found.id}/{FILES}",
            text(N_("Under way")) if missing else text(N_("Whole")),
            "now" if missing else "good",
            text(N_("missing: {papers}"), papers="、".join(missing)) if missing else "",
        )
    )
    return tasks


async def take_step_on_page(
    request: R,
    application_id: int,
    form: type[Any],
    act: Callable[[Actor, Any], Awaitable[object]],
    done: str,
    opened: str = "",
) -> Response[Any]:
    parsed = parse(await request.form(), form)
    if isinstance(parsed, FormErrors):
        return await show_application(request, application_id, errors=parsed, opened=opened)
    await act(actor_of(request), parsed)
    return redirect(f"/applications/{application_id}", done)


@post("/applications/{application_id:int}/submit", permission=P.APPLICATION_EDIT, status_code=303)
async def submit(request: R, application_id: FromPath[int]) -> Response[Any]:
    """Submit, or send the supplement."""
    found = await queries.application(actor_of(request), application_id)
    send = (
        submitting.send_supplement
        if found.state == ApplicationState.SUPPLEMENT
        else submitting.submit_application
    )

    async def act(actor: Actor, form: SubmitForm) -> None:
        await send(actor, application_id, seen_version=form.version, declared=form.declared)

    return await take_step_on_page(
        request, application_id, SubmitForm, act, N_("Submitted. The receipt is ready to be saved.")
    )


@post("/applications/{application_id:int}/withdraw", permission=P.APPLICATION_EDIT, status_code=303)
async def withdraw(request: R, application_id: FromPath[int]) -> Response[Any]:
    """Take it back into the draft."""

    async def act(actor: Actor, form: VersionForm) -> None:
        await submitting.withdraw_application(actor, application_id, seen_version=form.version)

    return await take_step_on_page(
        request,
        application_id,
        VersionForm,
        act,
        N_("Withdrawn; go on writing and submit it again before the call closes."),
    )


@post("/applications/{application_id:int}/discard", permission=P.APPLICATION_EDIT, status_code=303)
async def discard(request: R, application_id: FromPath[int]) -> Response[Any]:
    """Give a draft up."""
    await drafting.discard_application(actor_of(request), application_id)
    return redirect("/applications", N_("Discarded."))


async def _paper(
    request: R, application_id: int, make: Callable[..., Awaitable[bytes]], name: str
) -> Response[bytes]:
    submission = row_id(request.query_params.get("submission", ""))
    content = await make(actor_of(request), application_id, submission, lang=language_of(request))
    return pdf_answer(content, f"{name}-{application_id}")


@get("/applications/{application_id:int}/receipt.pdf", permission=P.APPLICATION_SEE)
async def receipt(request: R, application_id: FromPath[int]) -> Response[bytes]:
    """The receipt of the last submission, or of the one asked for."""
    return await _paper(request, application_id, documents.receipt, "receipt")


@get("/applications/{application_id:int}/application.pdf", permission=P.APPLICATION_SEE)
async def print_form(request: R, application_id: FromPath[int]) -> Response[bytes]:
    """The application as it was submitted."""
    return await _paper(request, application_id, documents.application_form, "application")


async def may_see_files(actor: Actor, application_id: int) -> bool:
    """Whether the application, and so its papers, is within the actor's scope."""
    try:
        await queries.application(actor, application_id)
    except NotFound:
        return False
    return actor.may(P.APPLICATION_SEE)


ROUTES = [begin, show, submit, withdraw, discard, receipt, print_form]
