"""Pages of the office: notices are drawn up, published and withdrawn."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath

from grants.kernel import calendar
from grants.kernel.errors import N_, NotFound, Refusal, RuleBroken
from grants.kernel.identity import Actor
from grants.kernel.identity import Permission as P
from grants.platform import files
from grants.platform.access import actor_of
from grants.platform.audit import Case, timeline
from grants.platform.forms import FormErrors, faulty, parse
from grants.platform.pages import language_of, page, redirect
from grants.platform.pdf import pdf_answer
from grants.publicity import documents, notices, objections, queries
from grants.publicity.forms import NoticeForm, ReasonForm, VersionForm, WrittenForm
from grants.publicity.notices import NoticeText
from grants.publicity.objections import Objected
from grants.publicity.queries import Notice
from grants.publicity.workflow import NOTICE, OBJECTION, NoticeState

R = Request[Any, Any, Any]

TONES = {
    "DRAFT": "now",
    "PUBLISHED": "good",
    "ENDED": "",
    "WITHDRAWN": "bad",
    "DISCARDED": "",
}
OBJECTION_TONES = {"RECEIVED": "now", "UPHELD": "bad", "DISMISSED": "good", "TAKEN_BACK": ""}
VERBS = {
    "draw_up": N_("drew it up"),
    "edit": N_("changed the text"),
    "attach": N_("attached a paper"),
    "detach": N_("took a paper off"),
    "publish": N_("published it"),
    "withdraw": N_("withdrew it"),
    "discard": N_("discarded it"),
    "end": N_("ended it: its days are over"),
}
CHANNELS = {
    "ONLINE": N_("through the public page"),
    "LETTER": N_("by letter"),
    "VISIT": N_("in person"),
    "PHONE": N_("by telephone"),
}


@get("/publicity", permission=P.NOTICE_SEE)
async def index(request: R) -> Response[str]:
    """All notices of the office, newest first."""
    return page(
        request,
        "publicity/list.html",
        notices=await queries.notices(),
        titles=NOTICE.titles,
        tones=TONES,
    )


@get("/publicity/{notice_id:int}", permission=P.NOTICE_SEE)
async def show(request: R, notice_id: FromPath[int]) -> Response[str]:
    """One notice as the office sees it."""
    return await _show(request, notice_id)


async def _show(
    request: R, notice_id: int, *, errors: FormErrors | None = None, opened: str = ""
) -> Response[str]:
    actor = actor_of(request)
    notice = await queries.notice(notice_id)
    listed = await queries.entries(notice_id)
    exposed, unreadable = (
        await notices.look_through(notice) if notice.state == NoticeState.DRAFT else ([], [])
    )
    case = notices.case_of(
        actor,
        notice,
        notice.version,
        entries=len(listed),
        exposed=exposed,
        unreadable=unreadable,
        reason="…" * 5,
        acted_on=notice.state == NoticeState.PUBLISHED
        and await notices.FOLLOWERS[notice.case.kind].acted_on(notice, listed),
    )
    return page(
        request,
        "publicity/notice.html",
        422 if errors else 200,
        public_notice=notice,
        entries=listed,
        objections=await queries.objections(notice_id),
        papers=await files.list_attachments(Case(notices.KIND, notice_id)),
        accept=".pdf,.docx,.xlsx,.ofd",
        steps={
            step.verb: next((r for guard in step.guards if (r := guard(case))), None)
            for step in NOTICE.open_to(notice.state, actor)
            if step.permission is not P.SIGNED_IN
        },
        provisional=notice.first_day is not None
        and notice.last_day is not None
        and calendar.is_provisional(notice.first_day, notice.last_day),
        exposed=exposed,
        unreadable=unreadable,
        runs=notice.state == NoticeState.PUBLISHED,
        today=calendar.today(),
        titles=NOTICE.titles,
        tones=TONES,
        objection_titles=OBJECTION.titles,
        objection_tones=OBJECTION_TONES,
        channels=CHANNELS,
        events=await timeline(Case(notices.KIND, notice_id)),
        verbs=VERBS,
        typed=errors.typed if errors else {},
        errors=errors.messages(language_of(request)) if errors else {},
        opened=opened,
    )


@post("/publicity/{notice_id:int}", permission=P.NOTICE_EDIT, status_code=303)
async def change(request: R, notice_id: FromPath[int]) -> Response[Any]:
    """Change what a draft says."""
    parsed = parse(await request.form(), NoticeForm)
    if isinstance(parsed, FormErrors):
        return await _show(request, notice_id, errors=parsed)
    text = NoticeText(parsed.title, parsed.body, parsed.office, parsed.phone, parsed.address)
    await notices.change_notice(actor_of(request), notice_id, text, seen_version=parsed.version)
    return redirect(f"/publicity/{notice_id}", N_("Saved."))


async def _draft(notice_id: int) -> Notice:
    """A notice whose papers may still change."""
    notice = await queries.notice(notice_id)
    if notice.state != NoticeState.DRAFT:
        raise RuleBroken("notice.fixed", N_("What is published does not change any more."))
    return notice


@post(
    "/publicity/{notice_id:int}/attach",
    permission=P.NOTICE_EDIT,
    status_code=303,
)
async def attach(request: R, notice_id: FromPath[int]) -> Response[Any]:
    """Attach a paper that is published with the notice."""
    await _draft(notice_id)
    name, content = await files.uploaded(await request.form())
    try:
        await files.attach(actor_of(request), Case(notices.KIND, notice_id), name, content, "annex")
    except Refusal as refusal:
        return await _show(request, notice_id, errors=faulty("file", refusal, {}))
    return redirect(f"/publicity/{notice_id}", N_("Attached."))


@post(
    "/publicity/{notice_id:int}/papers/{attachment_id:int}/remove",
    permission=P.NOTICE_EDIT,
    status_code=303,
)
async def detach(
    request: R, notice_id: FromPath[int], attachment_id: FromPath[int]
) -> Response[Any]:
    """Take a paper off a draft."""
    await _draft(notice_id)
    await files.detach(actor_of(request), Case(notices.KIND, notice_id), attachment_id)
    return redirect(f"/publicity/{notice_id}", N_("Taken off."))


@post("/publicity/{notice_id:int}/publish", permission=P.NOTICE_PUBLISH, status_code=303)
async def publish(request: R, notice_id: FromPath[int]) -> Response[Any]:
    """Publish: the days begin to count tomorrow."""
    parsed = parse(await request.form(), VersionForm)
    if isinstance(parsed, FormErrors):
        raise NotFound()
    await notices.publish_notice(
        actor_of(request), notice_id, seen_version=parsed.version, today=calendar.today()
    )
    found = await queries.notice(notice_id)
    assert found.last_day is not None
    return redirect(
        f"/publicity/{notice_id}", N_("Published until {day}."), day=found.last_day.isoformat()
    )


@post("/publicity/{notice_id:int}/withdraw", permission=P.NOTICE_PUBLISH, status_code=303)
async def withdraw(request: R, notice_id: FromPath[int]) -> Response[Any]:
    """Take a published notice back; a corrected one runs anew."""
    parsed = parse(await request.form(), ReasonForm)
    if isinstance(parsed, FormErrors):
        return await _show(request, notice_id, errors=parsed, opened="withdraw")
    await notices.withdraw_notice(actor_of(request), notice_id, reason=parsed.reason)
    return redirect(f"/publicity/{notice_id}", N_("Withdrawn; draw up the corrected notice."))


@post("/publicity/{notice_id:int}/discard", permission=P.NOTICE_EDIT, status_code=303)
async def discard(request: R, notice_id: FromPath[int]) -> Response[Any]:
    """Give a draft up."""
    await notices.discard_notice(actor_of(request), notice_id)
    return redirect("/publicity", N_("Discarded."))


@get("/publicity/{notice_id:int}/notice.pdf", permission=P.NOTICE_SEE)
async def paper(request: R, notice_id: FromPath[int]) -> Response[bytes]:
    """The notice in the layout of official documents."""
    notice = await queries.notice(notice_id)
    return pdf_answer(await documents.notice_paper(notice), f"notice-{notice_id}")


@post("/publicity/{notice_id:int}/objections", permission=P.NOTICE_EDIT, status_code=303)
async def write_down(request: R, notice_id: FromPath[int]) -> Response[Any]:
    """Write an objection down that came on paper, in person or by telephone."""
    form = await request.form()
    parsed = parse(form, WrittenForm)
    if isinstance(parsed, FormErrors):
        return await _show(request, notice_id, errors=parsed, opened="write")
    said = Objected(parsed.name, parsed.contact, parsed.content, parsed.entry)
    objection_id = await objections.write_down(
        actor_of(request),
        notice_id,
        said,
        channel=parsed.channel,
        received_on=parsed.received_on,
    )
    return redirect(f"/objections/{objection_id}", N_("Written down."))


async def may_see_files(actor: Actor, notice_id: int) -> bool:
    """Whether a notice's papers are in the actor's scope: the office's, and all that is public."""
    return actor.may(P.NOTICE_SEE) or (await queries.notice(notice_id)).is_public


ROUTES = [
    index,
    show,
    change,
    attach,
    detach,
    publish,
    withdraw,
    discard,
    paper,
    write_down,
]
