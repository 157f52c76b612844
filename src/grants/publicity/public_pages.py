"""What everybody sees of notices, signed in or not; objections are raised here."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath

from grants.kernel import calendar
from grants.kernel.errors import N_, NotFound, Refusal
from grants.kernel.identity import SYSTEM
from grants.kernel.identity import Permission as P
from grants.platform import files
from grants.platform.access import for_visitors
from grants.platform.audit import Case
from grants.platform.forms import FormErrors, faulty, parse, typed_in
from grants.platform.pages import language_of, page, redirect
from grants.platform.pdf import pdf_answer
from grants.publicity import documents, notices, objections, queries
from grants.publicity.forms import ObjectionForm
from grants.publicity.objections import Objected
from grants.publicity.pages import TONES
from grants.publicity.workflow import NOTICE, NoticeState

R = Request[Any, Any, Any]


@get("/notices", permission=P.PUBLIC)
async def index(request: R) -> Response[str]:
    """Published notices: what runs, what has ended."""
    return page(
        request,
        "publicity/public_list.html",
        notices=await queries.notices(public=True),
        titles=NOTICE.titles,
        tones=TONES,
        today=calendar.today(),
    )


@get("/notices/{notice_id:int}", permission=P.PUBLIC)
async def show(request: R, notice_id: FromPath[int]) -> Response[str]:
    """One published notice."""
    return await _show(request, notice_id)


async def _show(
    request: R,
    notice_id: int,
    *,
    errors: FormErrors | None = None,
    typed: dict[str, str] | None = None,
) -> Response[str]:
    notice = await queries.published_notice(notice_id)
    today = calendar.today()
    answer = page(
        request,
        "publicity/public_notice.html",
        422 if errors else 200,
        public_notice=notice,
        entries=await queries.entries(notice_id),
        papers=await files.list_attachments(Case(notices.KIND, notice_id)),
        takes=notice.state == NoticeState.PUBLISHED
        and notice.last_day is not None
        and today <= notice.last_day,
        titles=NOTICE.titles,
        tones=TONES,
        accept=files.ACCEPT,
        typed=typed or (errors.typed if errors else {}),
        errors=errors.messages(language_of(request)) if errors else {},
    )
    return for_visitors(request, answer)


@get("/notices/{notice_id:int}/notice.pdf", permission=P.PUBLIC)
async def paper(request: R, notice_id: FromPath[int]) -> Response[bytes]:
    """The notice in the layout of official documents."""
    notice = await queries.published_notice(notice_id)
    return pdf_answer(await documents.notice_paper(notice), f"notice-{notice_id}")


@get("/notices/{notice_id:int}/papers/{attachment_id:int}", permission=P.PUBLIC)
async def annex(
    request: R, notice_id: FromPath[int], attachment_id: FromPath[int]
) -> Response[bytes]:
    """A paper that was published with the notice."""
    await queries.published_notice(notice_id)
    case = Case(notices.KIND, notice_id)
    for attachment in await files.list_attachments(case):
        if attachment.id == attachment_id:
            return files.download(attachment, await files.open_attachment(case, attachment_id))
    raise NotFound()


@post(
    "/notices/{notice_id:int}/objections",
    permission=P.PUBLIC,
    status_code=303,
)
async def raise_objection(request: R, notice_id: FromPath[int]) -> Response[Any]:
    """Object by name; a paper may show what it rests on."""
    notice = await queries.published_notice(notice_id)
    form = await request.form()
    parsed = parse(form, ObjectionForm)
    if isinstance(parsed, FormErrors):
        return await _show(request, notice_id, errors=parsed)
    name, content = await files.uploaded(form, "evidence")
    typed = typed_in(form)
    try:
        if name:
            files.check(name, content)
    except Refusal as refusal:
        return await _show(request, notice_id, errors=faulty("evidence", refusal, typed))
    try:
        objection_id = await objections.raise_objection(
            notice_id,
            Objected(parsed.name, parsed.contact, parsed.content, parsed.entry),
            network=request.client.host if request.client else "",
        )
    except Refusal as refusal:
        return await _show(request, notice_id, errors=faulty("content", refusal, typed))
    if name:
        await files.attach(SYSTEM, Case(objections.KIND, objection_id), name, content, "evidence")
    number = (await queries.objection(objection_id)).number
    return redirect(
        f"/notices/{notice_id}",
        N_("Received as {number}. It is verified within {count} working days; keep the number."),
        number=number,
        count=notice.verify_workdays,
    )


ROUTES = [index, show, paper, annex, raise_objection]
