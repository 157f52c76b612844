"""The expert's pages: my panels, declaring, the sheet, signing, the sheet to take along."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath

from grants.calls import queries as calls
from grants.calls.queries import Round
from grants.calls.terms import CallTerms
from grants.kernel import calendar
from grants.kernel.errors import N_, Conflict, NotFound, Refusal
from grants.kernel.identity import Permission as P
from grants.kernel.money import yuan_text
from grants.parties.queries import organisation_names
from grants.people.signature import signs_by_code
from grants.platform import files
from grants.platform.access import actor_of
from grants.platform.forms import FormErrors, Said, faulty, parse, row_id, typed_in
from grants.platform.pages import language_of, page, redirect, texts_of
from grants.platform.pdf import pdf_answer
from grants.selection import documents, offline, queries, reviewing, scoring
from grants.selection import seats as panel_seats
from grants.selection.forms import (
    ChangeForm,
    CommentForm,
    RecuseForm,
    SheetForm,
    SignForm,
    criteria_in,
)
from grants.selection.guards import is_extreme, left_open
from grants.selection.queries import Member, Panel, Sheet
from grants.selection.rules import TIE_TITLES, TieKind
from grants.selection.scoring import Given
from grants.selection.seats import Declared
from grants.selection.workflow import MemberState, PanelState

R = Request[Any, Any, Any]

_TIE_ROWS = 6


@get("/reviews", permission=P.REVIEW_SCORE)
async def index(request: R) -> Response[str]:
    """The panels in which one sits."""
    seats = []
    for seat, panel in await queries.seats_of(actor_of(request)):
        sheets = await queries.sheets_of_member(seat.id)
        found = await calls.round_of(panel.round_id)
        assert found.terms is not None
        lacking = scoring.unfinished_of(sheets, panel, found.terms)
        open_ones = [one for one in sheets if one.state == "OPEN"]
        seats.append((seat, panel, found, len(open_ones) - len(lacking), len(open_ones)))
    return page(request, "selection/reviews.html", seats=seats)


async def _seat(request: R, panel_id: int) -> tuple[Member, Panel, Round, CallTerms]:
    seat = await queries.own_seat(actor_of(request), panel_id)
    panel = await queries.panel(panel_id)
    found = await calls.round_of(panel.round_id)
    if found.terms is None or panel.state == PanelState.DISSOLVED:
        raise NotFound()
    return seat, panel, found, found.terms


@get("/reviews/{panel_id:int}", permission=P.REVIEW_SCORE)
async def show(request: R, panel_id: FromPath[int]) -> Response[Any]:
    """One's seat in a panel: declare first, then the list of sheets."""
    return await _show(request, panel_id)


async def _show(
    request: R,
    panel_id: int,
    *,
    errors: FormErrors | None = None,
    outcomes: list[offline.Outcome] | None = None,
) -> Response[str]:
    seat, panel, found, terms = await _seat(request, panel_id)
    common: dict[str, Any] = {
        "seat": seat,
        "panel": panel,
        "round": found,
        "typed": errors.typed if errors else {},
        "errors": errors.messages(language_of(request)) if errors else {},
    }
    if seat.state == MemberState.DRAWN:
        return page(
            request,
            "selection/declare.html",
            422 if errors else 200,
            organisations=await organisation_names(),
            tie_titles=TIE_TITLES,
            rows=range(1, _TIE_ROWS + 1),
            **common,
        )
    sheets = await queries.sheets_of_member(seat.id)
    lacking = {one.id for one in scoring.unfinished_of(sheets, panel, terms)}
    return page(
        request,
        "selection/sheets.html",
        422 if errors else 200,
        sheets=sheets,
        lacking=lacking,
        blind=reviewing.is_blind(panel, terms),
        terms=terms,
        may_sign=_may_sign(seat, panel),
        by_code=await signs_by_code(actor_of(request)),
        slots={one.application_id: one for one in await queries.timetable(panel_id)},
        outcomes=outcomes,
        **common,
    )


def _may_sign(seat: Member, panel: Panel) -> bool:
    if seat.state != MemberState.CONFIRMED:
        return False
    if panel.state == PanelState.DOCUMENTS:
        return seat.documents_signed_at is None
    return panel.state == PanelState.DEFENCE and seat.signed_at is None


@post("/reviews/{panel_id:int}/declare", permission=P.REVIEW_SCORE, status_code=303)
async def declare(request: R, panel_id: FromPath[int]) -> Response[Any]:
    """Declare one's ties, before any name is seen."""
    form = await request.form()
    known = {one for one, _ in await organisation_names()}
    ties = []
    for n in range(1, _TIE_ROWS + 1):
        organisation = row_id(form.get(f"organisation_{n}", ""))
        kind = str(form.get(f"kind_{n}", ""))
        if organisation in known and kind in TieKind.__members__:
            ties.append(Declared(organisation or 0, TieKind(kind)))
    if not form.get("declared"):
        said = Said(N_("Tick the declaration."), {})
        return await _show(request, panel_id, errors=FormErrors({"declared": said}, typed_in(form)))
    state = await panel_seats.declare(actor_of(request), panel_id, ties, today=calendar.today())
    if state == MemberState.RECUSED:
        return redirect(
            "/reviews", N_("You are recused because of a tie to an applicant. Thank you.")
        )
    return redirect(f"/reviews/{panel_id}", N_("Declared. You sit in this panel."))


async def _own(request: R, sheet_id: int) -> tuple[Sheet, Member, Panel, Round, CallTerms]:
    sheet = await queries.own_sheet(actor_of(request), sheet_id)
    seat, panel, found, terms = await _seat(request, sheet.panel_id)
    return sheet, seat, panel, found, terms


@get("/reviews/sheets/{sheet_id:int}", permission=P.REVIEW_SCORE, cache=True)
async def sheet_page(request: R, sheet_id: FromPath[int]) -> Response[str]:
    """The document left, the rubric right."""
    return await _sheet(request, sheet_id)


async def _sheet(
    request: R, sheet_id: int, *, errors: FormErrors | None = None, given: Given | None = None
) -> Response[str]:
    sheet, seat, panel, found, terms = await _own(request, sheet_id)
    all_sheets = [one for one in await queries.sheets_of_member(seat.id) if one.state == "OPEN"]
    lacking = [one.id for one in scoring.unfinished_of(all_sheets, panel, terms)]
    place = next((n for n, one in enumerate(all_sheets) if one.id == sheet_id), 0)
    following = [one for one in lacking if one != sheet_id]
    points = dict(given.points if given else sheet.points)
    words = dict(given.comments if given else sheet.comments)
    amount_fen = given.suggested_fen if given else sheet.suggested_fen if sheet.suggests else None
    try:
        scoring.refuse_unless_open(panel, seat, sheet, terms)
        closed = None
    except Refusal as refusal:
        closed = refusal
    return page(
        request,
        "selection/sheet.html",
        422 if errors else 200,
        sheet=sheet,
        seat=seat,
        panel=panel,
        round=found,
        terms=terms,
        paper=await reviewing.paper_of(sheet, panel, terms, texts_of(request)),
        points=points,
        words=words,
        extremes={
            one.code: one.code in points and is_extreme(points[one.code], one)
            for one in terms.rubric
        },
        lacking=left_open(points, words, terms.rubric, suggests=amount_fen is not None),
        amount=yuan_text(amount_fen) if amount_fen is not None else "",
        closed=closed,
        in_defence=panel.state == PanelState.DEFENCE,
        place=place + 1,
        places=len(all_sheets),
        done=len(all_sheets) - len(lacking),
        following=next((one for one in following if one > sheet_id), following[0])
        if following
        else None,
        by_code=await signs_by_code(actor_of(request)),
        typed=errors.typed if errors else {},
        errors=errors.messages(language_of(request)) if errors else {},
    )


async def _given(request: R, terms: CallTerms) -> tuple[Given, int] | FormErrors:
    form = await request.form()
    parsed = parse(form, SheetForm)
    if isinstance(parsed, FormErrors):
        return parsed
    points, words = criteria_in(form, [one.code for one in terms.rubric])
    return Given(points, words, parsed.amount, parsed.comment, parsed.defence), parsed.version


@post("/reviews/sheets/{sheet_id:int}", permission=P.REVIEW_SCORE, status_code=303)
async def save(request: R, sheet_id: FromPath[int]) -> Response[Any]:
    """Keep the sheet and go on to the next one that is open."""
    _, seat, panel, _, terms = await _own(request, sheet_id)
    read = await _given(request, terms)
    if isinstance(read, FormErrors):
        return await _sheet(request, sheet_id, errors=read)
    given, version = read
    try:
        await scoring.save_sheet(actor_of(request), sheet_id, given, seen_version=version)
    except Refusal as refusal:
        if refusal.code not in ("sheet.points", "sheet.amount", "sheet.defence"):
            raise
        field = refusal.code.removeprefix("sheet.")
        typed = typed_in(await request.form())
        return await _sheet(request, sheet_id, errors=faulty(field, refusal, typed), given=given)
    lacking = [one.id for one in await scoring.unfinished(seat, panel, terms)]
    following = next((one for one in lacking if one > sheet_id), lacking[0] if lacking else None)
    if following is None:
        return redirect(f"/reviews/{panel.id}", N_("All sheets are filled; sign them."))
    return redirect(f"/reviews/sheets/{following}")


@post("/reviews/sheets/{sheet_id:int}/keep", permission=P.REVIEW_SCORE, status_code=200)
async def keep(request: R, sheet_id: FromPath[int]) -> Response[str]:
    """Keep the sheet on every change; answers a piece of page with its next version."""
    _, _, _, _, terms = await _own(request, sheet_id)
    read = await _given(request, terms)
    if isinstance(read, FormErrors):
        said = next(iter(read.messages(language_of(request)).values()))
        return page(request, "selection/_kept.html", version=None, refused=said)
    given, version = read
    try:
        new = await scoring.save_sheet(actor_of(request), sheet_id, given, seen_version=version)
    except Refusal as refusal:
        said = texts_of(request).text(refusal.message, **refusal.params)
        status = 409 if isinstance(refusal, Conflict) else 200
        return page(request, "selection/_kept.html", status, version=None, refused=said)
    lacking = left_open(
        given.points, given.comments, terms.rubric, suggests=given.suggested_fen is not None
    )
    return page(
        request,
        "selection/_kept.html",
        version=new,
        refused="",
        lacking=lacking,
        names={one.code: one.name for one in terms.rubric},
        now=calendar.now(),
    )


@post("/reviews/sheets/{sheet_id:int}/step-back", permission=P.REVIEW_SCORE, status_code=303)
async def step_back(request: R, sheet_id: FromPath[int]) -> Response[Any]:
    """Recuse oneself from one application."""
    sheet = await queries.own_sheet(actor_of(request), sheet_id)
    parsed = parse(await request.form(), RecuseForm)
    if isinstance(parsed, FormErrors):
        return await _sheet(request, sheet_id, errors=parsed)
    await scoring.step_back(actor_of(request), sheet_id, reason=parsed.reason)
    return redirect(f"/reviews/{sheet.panel_id}", N_("Recused and minuted."))


@post("/reviews/sheets/{sheet_id:int}/change", permission=P.REVIEW_SCORE, status_code=303)
async def change(request: R, sheet_id: FromPath[int]) -> Response[Any]:
    """Change a sheet after the opening, with a reason and signed again."""
    sheet, _, _, _, terms = await _own(request, sheet_id)
    read, why = await _given(request, terms), parse(await request.form(), ChangeForm)
    if isinstance(read, FormErrors) or isinstance(why, FormErrors):
        faults = read if isinstance(read, FormErrors) else why
        assert isinstance(faults, FormErrors)
        return await _sheet(request, sheet_id, errors=faults)
    await scoring.change_after_opening(
        actor_of(request), sheet_id, read[0], secret=why.secret, reason=why.why
    )
    return redirect(f"/reviews/{sheet.panel_id}", N_("Changed; the reason is kept."))


@get("/reviews/sheets/{sheet_id:int}/papers/{attachment_id:int}", permission=P.REVIEW_SCORE)
async def paper(
    request: R, sheet_id: FromPath[int], attachment_id: FromPath[int]
) -> Response[bytes]:
    """A paper of the application, where one may read it."""
    sheet, _, panel, _, terms = await _own(request, sheet_id)
    found = await reviewing.attachment_for(sheet, panel, terms, attachment_id)
    return files.download(found, await files.open_attachment(found.case, found.id))


@post("/reviews/{panel_id:int}/sign", permission=P.REVIEW_SCORE, status_code=303)
async def sign(request: R, panel_id: FromPath[int]) -> Response[Any]:
    """Sign all sheets of the stage."""
    parsed = parse(await request.form(), SignForm)
    if isinstance(parsed, FormErrors):
        return await _show(request, panel_id, errors=FormErrors(parsed.faults, {}))
    try:
        opened = await scoring.sign_sheets(actor_of(request), panel_id, parsed.secret)
    except Refusal as refusal:
        if refusal.code != "signature.wrong":
            raise
        return await _show(request, panel_id, errors=faulty("secret", refusal, {}))
    said = (
        N_("Signed. All have signed: the scores are open.")
        if opened
        else N_("Signed. The scores stay sealed until everybody has.")
    )
    return redirect(f"/reviews/{panel_id}", said)


@get("/reviews/{panel_id:int}/sheets.xlsx", permission=P.REVIEW_SCORE)
async def take_along(request: R, panel_id: FromPath[int]) -> Response[bytes]:
    """The sheets to fill in away from the network."""
    seat, _, _, terms = await _seat(request, panel_id)
    sheets = [one for one in await queries.sheets_of_member(seat.id) if one.state == "OPEN"]
    return Response(
        offline.write_offline(sheets, terms, texts_of(request)),
        media_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        headers={"Content-Disposition": f'attachment; filename="sheets-{panel_id}.xlsx"'},
    )


@get("/reviews/{panel_id:int}/sheets.pdf", permission=P.REVIEW_SCORE)
async def print_sheets(request: R, panel_id: FromPath[int]) -> Response[bytes]:
    """One's own signed sheets on paper."""
    seat, *_ = await _seat(request, panel_id)
    content = await documents.score_sheets(
        actor_of(request), panel_id, seat, lang=language_of(request)
    )
    return pdf_answer(content, f"score-sheets-{panel_id}")


@post("/reviews/{panel_id:int}/sheets", permission=P.REVIEW_SCORE, status_code=200)
async def bring_back(request: R, panel_id: FromPath[int]) -> Response[str]:
    """Take a filled sheet back, line by line through the same checks."""
    _, _, _, terms = await _seat(request, panel_id)
    name, content = await files.uploaded(await request.form())
    try:
        outcomes = await offline.take_offline(
            actor_of(request), panel_id, terms, name, content, texts_of(request)
        )
    except Refusal as refusal:
        return await _show(request, panel_id, errors=faulty("file", refusal, {}))
    return await _show(request, panel_id, outcomes=outcomes)


@post("/reviews/{panel_id:int}/comment", permission=P.REVIEW_SCORE, status_code=303)
async def comment(request: R, panel_id: FromPath[int]) -> Response[Any]:
    """The chair's word on scores that lie far apart."""
    parsed = parse(await request.form(), CommentForm)
    if isinstance(parsed, FormErrors):
        raise NotFound()
    await scoring.comment_as_chair(
        actor_of(request), panel_id, parsed.application_id, parsed.comment
    )
    return redirect(f"/reviews/{panel_id}", N_("Kept."))


ROUTES = [
    index,
    show,
    declare,
    sheet_page,
    save,
    keep,
    step_back,
    change,
    paper,
    sign,
    take_along,
    print_sheets,
    bring_back,
    comment,
]
