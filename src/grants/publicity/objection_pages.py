"""Pages on which objections are read and judged."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath

from grants.kernel.errors import N_, NotFound
from grants.kernel.identity import Actor
from grants.kernel.identity import Permission as P
from grants.platform import files
from grants.platform.access import actor_of
from grants.platform.audit import Case, timeline
from grants.platform.forms import FormErrors, parse
from grants.platform.pages import language_of, page, redirect
from grants.publicity import objections, queries
from grants.publicity.forms import JudgeForm, LineForm, WhyForm
from grants.publicity.pages import CHANNELS, OBJECTION_TONES
from grants.publicity.rules import ObjectionCase
from grants.publicity.workflow import OBJECTION, ObjectionState

R = Request[Any, Any, Any]

VERBS = {
    "raise": N_("raised it"),
    "attach": N_("attached a paper"),
    "name_line": N_("named the line that it is about"),
    "read_contact": N_("looked at the contact"),
    "uphold": N_("upheld it"),
    "dismiss": N_("dismissed it"),
    "take_back": N_("recorded that it was taken back"),
}
_DONE = {
    "uphold": N_("Upheld; the line is dropped and the reserve moves up."),
    "dismiss": N_("Dismissed."),
    "take_back": N_("Recorded."),
}


@get("/objections/{objection_id:int}", permission=P.NOTICE_SEE)
async def show(request: R, objection_id: FromPath[int]) -> Response[str]:
    """One objection."""
    return await _show(request, objection_id)


async def _show(
    request: R,
    objection_id: int,
    *,
    errors: FormErrors | None = None,
    opened: str = "",
    contact: str = "",
) -> Response[str]:
    actor = actor_of(request)
    found = await queries.objection(objection_id)
    notice = await queries.notice(found.notice_id)
    case = ObjectionCase(
        entered_by_person=found.entered_by_person,
        notice_made_by_person=notice.made_by_person,
        actor_person=actor.person_id,
        finding="…" * 5,
        names_a_line=found.entry_id is not None,
    )
    return page(
        request,
        "publicity/objection.html",
        422 if errors else 200,
        objection=found,
        public_notice=notice,
        entries=await queries.entries(found.notice_id),
        papers=await files.list_attachments(Case(objections.KIND, objection_id)),
        steps={
            step.verb: next((r for guard in step.guards if (r := guard(case))), None)
            for step in OBJECTION.open_to(found.state, actor)
        },
        title=OBJECTION.titles[ObjectionState(found.state)],
        tone=OBJECTION_TONES[found.state],
        channels=CHANNELS,
        contact=contact,
        events=await timeline(Case(objections.KIND, objection_id)),
        verbs=VERBS,
        typed=errors.typed if errors else {},
        errors=errors.messages(language_of(request)) if errors else {},
        opened=opened,
    )


@post("/objections/{objection_id:int}/line", permission=P.OBJECTION_JUDGE, status_code=303)
async def name_line(request: R, objection_id: FromPath[int]) -> Response[Any]:
    """Name the line of the list that it is about."""
    parsed = parse(await request.form(), LineForm)
    if isinstance(parsed, FormErrors):
        return await _show(request, objection_id, errors=parsed)
    await objections.name_line(actor_of(request), objection_id, parsed.entry)
    return redirect(f"/objections/{objection_id}", N_("Saved."))


@post(
    "/objections/{objection_id:int}/judge/{verb:str}",
    permission=P.OBJECTION_JUDGE,
    status_code=303,
)
async def judge(request: R, objection_id: FromPath[int], verb: FromPath[str]) -> Response[Any]:
    """Uphold, dismiss, or record that it was taken back."""
    if verb not in _DONE:
        raise NotFound()
    parsed = parse(await request.form(), JudgeForm)
    if isinstance(parsed, FormErrors):
        return await _show(request, objection_id, errors=parsed, opened=verb)
    await objections.judge(actor_of(request), objection_id, verb, finding=parsed.finding)
    return redirect(f"/objections/{objection_id}", _DONE[verb])


@post("/objections/{objection_id:int}/contact", permission=P.OBJECTION_JUDGE, status_code=200)
async def contact(request: R, objection_id: FromPath[int]) -> Response[str]:
    """Show how whoever objected is reached, once, and record it."""
    parsed = parse(await request.form(), WhyForm)
    if isinstance(parsed, FormErrors):
        return await _show(request, objection_id, errors=parsed, opened="contact")
    shown = await objections.read_contact(actor_of(request), objection_id, reason=parsed.reason)
    return await _show(request, objection_id, contact=shown)


async def may_see_files(actor: Actor, objection_id: int) -> bool:
    """Evidence is the office's to see."""
    return actor.may(P.NOTICE_SEE)


ROUTES = [show, name_line, judge, contact]
